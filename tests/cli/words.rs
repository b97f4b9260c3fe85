//! What it prints, and how it ends.

use crate::house::{House, run, text};

#[test]
fn versions() {
    let own = run("standfast", &["--version"]);
    assert!(own.status.success() && text(&own.stdout).starts_with("standfast "));
    // As neutron, cephadm and the exporters take it: standard error, first line, second word.
    let stand_in = run("/usr/sbin/keepalived", &["--version"]);
    assert!(stand_in.status.success() && stand_in.stdout.is_empty());
    let said = text(&stand_in.stderr);
    let words: Vec<&str> = said.lines().next().unwrap().split(' ').collect();
    assert_eq!(words[0], "Keepalived");
    let version: Vec<u32> =
        words[1].strip_prefix('v').unwrap().split('.').map(|part| part.parse().unwrap()).collect();
    assert!(version >= vec![2, 0, 3], "neutron wants no_track");
    assert!(said.contains("standfast"));
}

#[test]
fn signal_numbers_and_refusals() {
    let json = run("keepalived", &["--signum=JSON"]);
    assert_eq!((text(&json.stdout).as_str(), json.status.code()), ("36\n", Some(0)));
    for (words, said) in [
        (["-Z"], "Unknown option -Z\n"),
        (["--frob"], "Unknown option --frob\n"),
        (["--signum=X"], "Unknown sigfunc X\n"),
    ] {
        let refused = run("keepalived", &words);
        assert_eq!((text(&refused.stderr).as_str(), refused.status.code()), (said, Some(1)));
    }
    let help = run("keepalived", &["-h"]);
    assert!(help.status.success() && text(&help.stderr).contains("--dont-fork"));
}

#[test]
fn config_test_statuses() {
    let house = House::new("");
    let test = |path: &str| {
        let output = run("keepalived", &["-t", "-f", path]);
        (output.status.code(), text(&output.stderr))
    };
    let missing = test("/nonexistent/keepalived.conf");
    assert_eq!(missing.0, Some(0), "as keepalived, but said: {}", missing.1);
    assert!(missing.1.contains("/nonexistent/keepalived.conf"));
    house.configure("frobnicate 3");
    let path = house.path("k.conf");
    let (status, said) = test(path.to_str().unwrap());
    assert_eq!(status, Some(5));
    assert!(said.contains("frobnicate") && said.contains("k.conf:9:1"), "names the line: {said}");
    let report = house.path("report");
    let output = run("keepalived", &[&format!("-t{}", report.display()), "-f", path.to_str().unwrap()]);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(5), ""));
    assert!(house.read("report").contains("frobnicate"));
}

#[test]
fn nobody_to_reload() {
    let house = House::new("");
    let (status, said) = house.reload();
    assert_eq!(status, Some(1));
    assert!(said.starts_with("No running daemon"), "{said}");
}

#[test]
fn files_are_laid_out() {
    let folder = tempfile::TempDir::with_prefix("standfast-fmt-").unwrap();
    let (good, bad) = (folder.path().join("good.conf"), folder.path().join("bad.conf"));
    std::fs::write(&good, "global_defs { router_id   A } # c\n").unwrap();
    std::fs::write(&bad, "global_defs {\n").unwrap();
    let (good_name, bad_name) = (good.to_str().unwrap(), bad.to_str().unwrap());
    let wanted = "global_defs {\n    router_id A\n} # c\n";
    let printed = run("standfast", &["fmt", good_name]);
    assert_eq!((printed.status.code(), text(&printed.stdout)), (Some(0), wanted.to_owned()));
    let checked = run("standfast", &["fmt", "--check", good_name]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(text(&checked.stderr).contains("good.conf would change"));
    let broken = run("standfast", &["fmt", "--write", bad_name, good_name]);
    assert_eq!(broken.status.code(), Some(2));
    assert!(text(&broken.stderr).contains("missing-close-brace"), "{}", text(&broken.stderr));
    assert_eq!(std::fs::read_to_string(&bad).unwrap(), "global_defs {\n");
    assert_eq!(std::fs::read_to_string(&good).unwrap(), wanted, "the other one is written all the same");
    assert_eq!(run("standfast", &["fmt", "--check", good_name]).status.code(), Some(0));
    assert_eq!(run("standfast", &["fmt", "/nonexistent"]).status.code(), Some(2));
    assert_eq!(
        run("keepalived", &["fmt", "-t", "-f", "/nonexistent"]).status.code(),
        Some(0),
        "no command"
    );
}

/// The file that a link names is replaced, as private as it was, and its bytes need not be text.
#[test]
fn a_file_is_written_in_its_place() {
    use std::os::unix::fs::PermissionsExt as _;
    let house = House::new("");
    let (file, link) = (house.path("f.conf"), house.path("link.conf"));
    std::fs::write(&file, b"global_defs{ } # caf\xe9\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("f.conf", &link).unwrap();
    assert_eq!(run("standfast", &["fmt", "--write", link.to_str().unwrap()]).status.code(), Some(0));
    assert_eq!(std::fs::read(&file).unwrap(), b"global_defs {\n} # caf\xe9\n");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 3, "nothing is left behind");
}

#[test]
fn standard_input_is_laid_out() {
    let mut command = std::process::Command::new(crate::house::program());
    let piped = std::process::Stdio::piped;
    let mut child = command.args(["fmt", "-"]).stdin(piped()).stdout(piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"x {y}").unwrap();
    assert_eq!(text(&child.wait_with_output().unwrap().stdout), "x {\n    y\n}\n");
}

#[test]
fn keywords_are_explained() {
    let told = run("standfast", &["explain", "nopreempt"]);
    assert_eq!(told.status.code(), Some(0));
    assert!(text(&told.stdout).contains("vrrp_instance"), "{}", text(&told.stdout));
    let unknown = run("standfast", &["explain", "nopreemt"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("nopreempt"), "{}", text(&unknown.stderr));
}

#[test]
fn files_are_checked_anywhere() {
    let folder = tempfile::TempDir::with_prefix("standfast-check-").unwrap();
    let write = |name: &str, priority: &str| {
        let path = folder.path().join(name);
        let text = format!(
            "vrrp_instance A {{\n interface nowhere0\n virtual_router_id 1\n priority {priority}\n virtual_ipaddress {{\n \
             10.0.0.1/24\n }}\n}}\n"
        );
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (good, trap, bad) = (write("good", "150"), write("trap", "255"), write("bad", "300"));
    let status = |words: &[&str]| run("standfast", words).status.code();
    assert_eq!(status(&["check", &good]), Some(0));
    assert_eq!(status(&["check", &trap]), Some(1));
    assert_eq!(status(&["check", "--no-lints", &trap]), Some(0));
    assert_eq!(status(&["check", &good, &trap, &bad]), Some(2));
    assert_eq!(status(&["check", "/no/such/file"]), Some(2));
    assert_eq!(status(&["check", "--host", &good]), Some(1), "there is no such interface");
    let told = text(&run("standfast", &["check", &trap]).stdout);
    assert!(told.contains("warning[priority-255]"), "{told}");
    let json = run("standfast", &["check", "--diagnostics=json", &bad]);
    let read: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(read["diagnostics"][0]["code"], "out-of-range");
    assert_eq!(read["diagnostics"][0]["place"]["line"], 4);
    let test = run("standfast", &["-t", "--diagnostics=json", "-f", &bad]);
    let read: serde_json::Value = serde_json::from_slice(&test.stderr).unwrap();
    assert_eq!(read["diagnostics"][0]["code"], "out-of-range");
}

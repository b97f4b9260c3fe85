//! The Debian packages: built from this build's program, looked into, installed under a scratch directory, removed.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "the tools of the distribution are what is tested with")]

#[path = "support/packages.rs"]
mod packages;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use packages::said;
use tempfile::TempDir;

struct Packages {
    place: TempDir,
    files: Vec<PathBuf>,
}

impl Packages {
    fn build() -> Packages {
        let place = TempDir::with_prefix("standfast-package-").unwrap();
        let files = packages::build(place.path(), "xz");
        Packages { place, files }
    }

    fn file(&self, name: &str) -> &Path {
        let wanted = |file: &&PathBuf| file.file_name().unwrap().to_str().unwrap().starts_with(name);
        self.files.iter().find(wanted).unwrap_or_else(|| panic!("no package {name} in {:?}", self.files))
    }

    /// An empty system with the package database only.
    fn system(&self, name: &str) -> System {
        let root = self.place.path().join(name);
        for directory in
            ["var/lib/dpkg/updates", "var/lib/dpkg/info", "var/log", "etc/keepalived", "usr/sbin"]
        {
            std::fs::create_dir_all(root.join(directory)).unwrap();
        }
        std::fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
        System { root }
    }
}

struct System {
    root: PathBuf,
}

impl System {
    fn dpkg(&self, arguments: &[&str], packages: &[&Path]) {
        let mut command = Command::new("dpkg");
        command.arg("--root").arg(&self.root);
        command.args(["--force-script-chrootless", "--force-depends", "--no-triggers"]).args(arguments);
        said(command.args(packages));
    }

    fn has(&self, path: &str) -> bool {
        self.root.join(path).symlink_metadata().is_ok()
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root.join(path)).unwrap()
    }
}

fn installed(tool: &str) -> bool {
    let found =
        Command::new("sh").args(["-c", &format!("command -v {tool}")]).output().unwrap().status.success();
    // A test machine has the tools; elsewhere it is said that a part was left out.
    assert!(found || std::env::var_os("CI").is_none(), "{tool} is not installed");
    if !found {
        eprintln!("left out: {tool} is not installed");
    }
    found
}

const ENABLED: &str = "etc/systemd/system/multi-user.target.wants/standfast.service";

/// One test, because the packages are built once for all of it.
#[test]
fn the_packages_install_as_promised() {
    let packages = Packages::build();
    a_fresh_director_runs_it_from_the_first_moment_and_loses_it_without_a_trace(&packages);
    beside_keepalived_it_waits_to_be_asked(&packages);
    nothing_starts_without_a_configuration(&packages);
    the_second_package_gives_the_names(&packages);
    the_distribution_has_no_complaint(&packages);
    they_are_the_same_when_built_again(&packages);
}

fn they_are_the_same_when_built_again(packages: &Packages) {
    let again = Packages::build();
    for name in ["standfast_", "standfast-keepalived_"] {
        let read = |packages: &Packages| std::fs::read(packages.file(name)).unwrap();
        assert!(read(packages) == read(&again), "{name} differs from build to build");
    }
}

fn a_fresh_director_runs_it_from_the_first_moment_and_loses_it_without_a_trace(packages: &Packages) {
    let system = packages.system("fresh");
    std::fs::write(system.root.join("etc/keepalived/keepalived.conf"), "global_defs {\n}\n").unwrap();
    system.dpkg(&["--install"], &[packages.file("standfast_")]);

    let program = system.root.join("usr/sbin/standfast");
    assert_eq!(program.metadata().unwrap().permissions().mode() & 0o7777, 0o755);
    for file in [
        "lib/systemd/system/standfast.service",
        "usr/share/man/man5/standfast.conf.5.gz",
        "usr/share/man/man8/standfast.8.gz",
    ] {
        assert!(system.has(file), "{file} is missing");
    }
    assert!(system.has(ENABLED));
    assert!(!system.has("usr/sbin/keepalived"));

    system.dpkg(&["--purge"], &[Path::new("standfast")]);
    for file in
        [ENABLED, "usr/sbin/standfast", "usr/share/doc/standfast", "lib/systemd/system/standfast.service"]
    {
        assert!(!system.has(file), "{file} is left behind");
    }
    assert!(system.has("etc/keepalived/keepalived.conf"), "the operator's file is not ours to remove");
}

fn beside_keepalived_it_waits_to_be_asked(packages: &Packages) {
    let system = packages.system("beside");
    std::fs::write(system.root.join("etc/keepalived/keepalived.conf"), "global_defs {\n}\n").unwrap();
    std::fs::write(system.root.join("usr/sbin/keepalived"), "").unwrap();
    system.dpkg(&["--install"], &[packages.file("standfast_")]);
    assert!(!system.has(ENABLED));
}

fn nothing_starts_without_a_configuration(packages: &Packages) {
    let system = packages.system("bare");
    system.dpkg(&["--install"], &[packages.file("standfast_")]);
    assert!(!system.has(ENABLED));
}

fn the_second_package_gives_the_names(packages: &Packages) {
    let system = packages.system("named");
    let both = [packages.file("standfast_"), packages.file("standfast-keepalived_")];
    system.dpkg(&["--install"], &both);
    for (name, target) in [
        ("usr/sbin/keepalived", "standfast"),
        ("lib/systemd/system/keepalived.service", "standfast.service"),
        ("usr/share/man/man8/keepalived.8.gz", "standfast.8.gz"),
    ] {
        let link = system.root.join(name);
        assert_eq!(std::fs::read_link(&link).unwrap(), Path::new(target));
        assert!(link.exists(), "{name} leads nowhere");
    }
    let status = system.read("var/lib/dpkg/status");
    for field in ["Provides: keepalived (= 1:2.4.3)", "Conflicts: keepalived", "Replaces: keepalived"] {
        assert!(status.contains(field), "{field} is missing in\n{status}");
    }
}

fn the_distribution_has_no_complaint(packages: &Packages) {
    if !installed("lintian") {
        return;
    }
    let mut lintian = Command::new("lintian");
    lintian.args(["--info", "--fail-on", "error,warning", "--allow-root", "--suppress-tags"]);
    // A program under test is not the one that is shipped, and paths in scripts are written out on purpose.
    lintian.arg("hardening-no-bindnow,hardening-no-relro,unstripped-binary-or-object");
    said(lintian.args(&packages.files));
}

#[test]
fn systemd_accepts_the_unit() {
    if !installed("systemd-analyze") {
        return;
    }
    let text = include_str!("../packaging/systemd/standfast.service");
    // The program is looked for on this machine: let it be the one that was built.
    let place = TempDir::with_prefix("standfast-unit-").unwrap();
    let unit = place.path().join("standfast.service");
    std::fs::write(&unit, text.replace("/usr/sbin/standfast", env!("CARGO_BIN_EXE_standfast"))).unwrap();
    let mut verify = Command::new("systemd-analyze");
    let output = verify.args(["verify", "--man=no"]).arg(&unit).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("standfast.service"), "{said}");
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_manual_page_is_well_formed() {
    if !installed("man") {
        return;
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/man/standfast.8");
    let mut man = Command::new("man");
    let output = man.args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8"]).arg(page).output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    // Bold is a letter, a step back and the letter again.
    let mut text = String::new();
    for letter in String::from_utf8_lossy(&output.stdout).chars() {
        if letter == '\u{8}' {
            text.pop();
        } else {
            text.push(letter);
        }
    }
    assert!(text.contains("EXIT STATUS") && text.contains("--config-test"), "{text}");
}

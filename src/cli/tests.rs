use super::*;

fn invoke(program: &str, words: &[&str]) -> Invocation {
    parse(std::iter::once(program).chain(words.iter().copied()).map(OsString::from).collect())
}

fn daemon(words: &[&str]) -> Options {
    match invoke("standfast", words) {
        Invocation::Daemon(options) => options,
        other => panic!("{words:?}: {other:?}"),
    }
}

fn printed(program: &str, words: &[&str]) -> Print {
    match invoke(program, words) {
        Invocation::Print(print) => print,
        other => panic!("{words:?}: {other:?}"),
    }
}

#[test]
fn defaults() {
    let options = daemon(&[]);
    assert_eq!(options.config_file, Path::new(DEFAULT_CONFIG));
    assert!(options.vrrp && options.checkers && !options.foreground && !options.log_console);
    assert_eq!((options.umask, options.log_detail, options.facility), (None, 0, Facility::DAEMON));
    assert_eq!(options.remarks, Vec::<String>::new());
}

/// The command lines of the programs that drive keepalived.
#[test]
fn what_orchestrators_say() {
    let neutron = daemon(&[
        "-P",
        "-f",
        "/v/k.conf",
        "-p",
        "/v/u.pid.keepalived",
        "-r",
        "/v/u.pid.keepalived-vrrp",
        "-D",
    ]);
    assert!(neutron.vrrp && !neutron.checkers && !neutron.foreground);
    assert_eq!(neutron.vrrp_pid_file.as_deref(), Some(Path::new("/v/u.pid.keepalived-vrrp")));
    assert_eq!(neutron.log_detail, 1);

    let kolla = daemon(&["-nld", "-p", "/run/keepalived.pid"]);
    assert!(kolla.foreground && kolla.log_console && kolla.dump_config);

    let octavia =
        daemon(&["--log-facility=1", "-f", "a.conf", "-p", "a.pid", "-r", "b.pid", "-c", "c.pid"]);
    assert_eq!(octavia.facility, Facility::parse("local1").unwrap());
    assert_eq!(octavia.checkers_pid_file.as_deref(), Some(Path::new("c.pid")));

    let operator =
        daemon(&["--log-console", "--dont-fork", "--config-id=pod-1", "--use-file=F", "--pid=P"]);
    assert_eq!(operator.config_id.as_deref(), Some("pod-1"));
    let kube = daemon(&["--dont-fork", "--log-console", "--log-detail", "--release-vips"]);
    assert_eq!(kube.remarks, [""; 0], "what holds anyway needs no remark");
    assert_eq!(daemon(&["-x"]).remarks, ["Accepted, but without effect in this version: --snmp"]);
}

#[test]
fn getopt_spelling() {
    assert_eq!(daemon(&["-DD"]).log_detail, 2);
    assert_eq!(daemon(&["-D", "--log-detail"]).log_detail, 2);
    assert_eq!(daemon(&["-nf/x.conf"]).config_file, Path::new("/x.conf"));
    assert_eq!(daemon(&["--use-file", "/x.conf"]).config_file, Path::new("/x.conf"));
    assert_eq!(daemon(&["-nf", "-n"]).config_file, Path::new("-n"));
    assert_eq!(daemon(&["-nf", "a", "-f", "b"]).config_file, Path::new("b"));
    let here = std::env::current_dir().unwrap();
    assert_eq!(daemon(&["-f", "b"]).config_file, here.join("b"), "the daemon leaves its directory");
    assert!(daemon(&["--dont-f"]).foreground, "an unambiguous beginning is enough");
    assert_eq!(daemon(&["--use", "/x.conf"]).config_file, Path::new("/x.conf"));
    assert_eq!(daemon(&["-g"]).log_file, Some(std::env::temp_dir().join("keepalived.log")));
    assert_eq!(daemon(&["-g/l"]).log_file.as_deref(), Some(Path::new("/l")));
    assert_eq!(daemon(&["--log-file=/l"]).log_file.as_deref(), Some(Path::new("/l")));
    assert_eq!(daemon(&["-n", "--", "-l"]).remarks, ["Unexpected argument(s): -l"]);
}

#[test]
fn config_test_takes_only_a_file_that_sticks() {
    let report = |words: &[&str]| match invoke("keepalived", words) {
        Invocation::ConfigTest { report, options, .. } => (report, options.remarks),
        other => panic!("{other:?}"),
    };
    assert_eq!(report(&["-t"]), (None, vec![]));
    assert_eq!(report(&["--config-test"]), (None, vec![]));
    assert_eq!(report(&["-t/log"]), (Some("/log".into()), vec![]));
    assert_eq!(report(&["--config-test=/log"]), (Some("/log".into()), vec![]));
    assert_eq!(report(&["-t=/log"]), (Some("=/log".into()), vec![]));
    assert_eq!(report(&["-t", "/log"]), (None, vec!["Unexpected argument(s): /log".into()]));
}

#[test]
fn refusals_and_values_that_cannot_be_used() {
    for (words, text) in [
        (&["-Z"] as &[_], "Unknown option -Z"),
        (&["-nZ"], "Unknown option -Z"),
        (&["-p"], "Option -p needs an argument"),
        (&["--pid"], "Option --pid needs an argument"),
    ] {
        let print = printed("keepalived", words);
        assert_eq!((print.text.as_str(), print.to_stderr, print.status), (text, true, 1), "{words:?}");
    }
    assert!(printed("keepalived", &["--frob"]).text.starts_with("Unknown option --frob"));
    assert!(
        printed("standfast", &["--dont-frok"]).text.contains("--dont-fork"),
        "a typing error is helped"
    );

    assert_eq!(daemon(&["-u", "022"]).umask, Some(0o022));
    assert_eq!(daemon(&["-u", "0x12"]).umask, Some(0x12));
    assert_eq!(daemon(&["-u", "18"]).umask, Some(18));
    let odd = daemon(&["--umask=rwx", "-S", "local9", "word"]);
    assert_eq!((odd.umask, odd.facility), (None, Facility::DAEMON));
    assert_eq!(
        odd.remarks,
        [
            "Unexpected argument(s): word",
            "Invalid --umask option rwx",
            "Invalid --log-facility option local9"
        ]
    );
}

#[test]
fn version_in_the_shape_that_tools_read() {
    let version = printed("/usr/sbin/keepalived", &["--version"]);
    assert!(version.to_stderr && version.status == 0);
    let first = version.text.lines().next().unwrap();
    let second_word = first.split_whitespace().nth(1).unwrap();
    assert!(first.starts_with("Keepalived ") && second_word == "v2.4.3", "{first}");
    assert!(version.text.contains("standfast"));
    let own = printed("standfast", &["-v"]);
    assert!(own.text.starts_with("standfast ") && !own.to_stderr);
}

#[test]
fn signal_number() {
    for words in [&["--signum=JSON"] as &[_], &["--signum", "JSON"]] {
        assert_eq!(invoke("keepalived", words), Invocation::SignalNumber("JSON".into()));
    }
}

#[test]
fn help_names_every_option() {
    let help = printed("standfast", &["-h"]);
    assert!(help.to_stderr && help.status == 0);
    for option in Arguments::command().get_arguments() {
        let long = option.get_long().expect("every option has a long form");
        assert!(help.text.contains(&format!("--{long}")), "{long}");
        assert!(option.get_help().is_some(), "{long}");
    }
}

#[test]
fn reload_is_a_command_of_standfast_only() {
    assert_eq!(
        invoke("standfast", &["reload", "--pid", "/x"]),
        Invocation::Reload(Reload { pid_file: Some("/x".into()), timeout: 30 })
    );
    assert_eq!(printed("standfast", &["reload", "--timeout=0"]).status, 1);
    match invoke("keepalived", &["reload"]) {
        Invocation::Daemon(options) => assert_eq!(options.remarks, ["Unexpected argument(s): reload"]),
        other => panic!("{other:?}"),
    }
}

//! `keepalived_check.data`, which SIGUSR1 asks for: the state of services, real servers and checkers in keepalived's
//! and in ours.

use nix::sys::signal::Signal;

use super::lab::Lab;
use crate::support::daemon::Subject;
use crate::support::echo::Echo;
use crate::support::wait;

/// Labels of the lines that say how things stand, and of those that say whose they are.
const STATE: [&str; 13] = [
    "VS VIP = ",
    "RIP = ",
    "quorum_state_up = ",
    "alive = ",
    "initial weight = ",
    "effective weight = ",
    "num failed checkers = ",
    "RS set = ",
    "[10.0.0.100]",
    "Enabled = ",
    "Up = ",
    "Has run = ",
    "Current weight = ",
];

fn config(script: &str) -> String {
    format!(
        "
global_defs {{
    script_user root
}}
virtual_server 10.0.0.100 80 {{
    delay_loop 1
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    quorum 4
    real_server 10.1.0.2 80 {{
        weight 3
        TCP_CHECK {{
            warmup 0
        }}
        MISC_CHECK {{
            misc_path \"{script}\"
            misc_dynamic
            warmup 0
        }}
    }}
    real_server 10.1.0.3 80 {{
        TCP_CHECK {{
            warmup 0
            retry 0
        }}
        PING_CHECK {{
            warmup 0
        }}
    }}
    real_server 10.1.0.4 81 {{
        weight 2
        inhibit_on_failure
        TCP_CHECK {{
            connect_port 82
            warmup 0
        }}
    }}
}}
virtual_server 10.0.0.100 81 {{
    lvs_sched wlc
    lvs_method NAT
    protocol TCP
    quorum 9
    alpha
    delay_loop 100
    real_server 10.1.0.2 80 {{
        TCP_CHECK {{
            warmup 0
        }}
    }}
    real_server 10.1.0.3 80 {{
    }}
}}
"
    )
}

fn state(subject: Subject) -> Vec<String> {
    let lab = Lab::new();
    let _server = Echo::start(&lab.reals[0], "0.0.0.0:80");
    let script = lab.director.dir.join("weight.sh");
    std::fs::write(&script, "#!/bin/sh\nexit 7\n").unwrap();
    lab.director.sh(&format!("chmod 755 {}", script.display()));
    let daemon = lab.direct(subject, &config(&script.display().to_string()));
    for line in [
        "Changing weight from 3 to 5",
        "Removing service [10.1.0.3]:tcp:80 from VS [10.0.0.100]:tcp:80",
        "Disabling service [10.1.0.4]:tcp:81",
        "Adding service [10.1.0.2]:tcp:80 to VS [10.0.0.100]:tcp:81",
        "ICMP connection to [10.1.0.3]:tcp:80 success",
    ] {
        daemon.await_line(line, wait::seconds(20));
    }
    let dump = lab.director.dir.join("keepalived_check.data");
    daemon.signal(Signal::SIGUSR1);
    let whole = || std::fs::read_to_string(&dump).ok().filter(|text| text.matches(" -> [").count() == 6);
    let text = wait::value("the dump", wait::seconds(10), whole, || daemon.process().log());
    let lines = text.lines().map(str::trim);
    lines.filter(|line| STATE.iter().any(|label| line.starts_with(label))).map(str::to_owned).collect()
}

/// Both, at the same time.
pub fn side_by_side() {
    let [theirs, ours] = std::thread::scope(|scope| {
        Subject::ALL
            .map(|subject| scope.spawn(move || state(subject)))
            .map(|state| state.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    assert!(
        theirs.iter().any(|line| line == "RIP = 10.1.0.2, RPORT = 80, WEIGHT = 5 EFF WEIGHT = 5"),
        "{theirs:#?}"
    );
    assert_eq!(theirs, ours, "{theirs:#?}\n{ours:#?}");
}

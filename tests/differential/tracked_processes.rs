//! Tracked processes where the kernel tells nothing of them: in a network namespace. keepalived is blind there; the
//! comparison with it is made in the virtual machine.

use super::lifecycle::Router;
use crate::support::daemon::{Daemon, Subject};
use crate::support::process::copy_program;
use crate::support::runner::Case;
use crate::support::wait;
use std::process::Command;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("tracked_processes::blind_original", || blind(Subject::Keepalived)),
        Case::new("tracked_processes::in_a_namespace_ours", in_a_namespace),
    ]
}

struct Scene {
    router: Router,
    program: std::path::PathBuf,
    config: String,
}

/// An instance that follows a process that only this scene can start.
fn scene(tag: &str) -> Scene {
    let router = Router::new();
    let name = format!("{tag}{}", std::process::id());
    let program = router.node.dir.join(&name);
    copy_program("/usr/bin/sleep", &program);
    let config = format!(
        "vrrp_track_process P {{\n process {name}\n weight 20\n}}\n\
         vrrp_track_process Q {{\n process {} 1000\n}}\n\
         vrrp_instance I {{\n interface eth0\n virtual_router_id 51\n priority 100\n advert_int 40\n \
         track_process {{\n P\n }}\n virtual_ipaddress {{\n 10.0.0.50/24\n }}\n}}\n\
         vrrp_instance J {{\n interface eth0\n virtual_router_id 52\n priority 100\n advert_int 40\n \
         track_process {{\n Q\n }}\n virtual_ipaddress {{\n 10.0.0.52/24\n }}\n}}\n",
        program.display()
    );
    Scene { router, program, config }
}

/// The original says so, and takes a process that runs for none.
fn blind(subject: Subject) {
    let Scene { router, program, config } = scene("sfk");
    let mut child = Command::new(&program).arg("1000").spawn().unwrap();
    let daemon = Daemon::start(subject, &router.node, &config);
    daemon.await_line("Failed to set/clear process event listen", wait::seconds(10));
    daemon.await_line("tracked process Q quorum not achieved", wait::seconds(10));
    assert_eq!(daemon.process().count("Changing effective priority"), 0);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Ours looks at what runs once a second.
fn in_a_namespace() {
    let Scene { router, program, config } = scene("sfs");
    let daemon = Daemon::start(Subject::Standfast, &router.node, &config);
    daemon.await_line("(I) Entering BACKUP STATE", wait::seconds(10));
    daemon.await_line("(J) Entering FAULT STATE", wait::seconds(10));
    for round in 1..=2 {
        let mut child = Command::new(&program).arg("1000").spawn().unwrap();
        let nth = |line: &str, nth| daemon.process().await_nth(line, nth, wait::seconds(10));
        nth("(I) Changing effective priority from 100 to 120", round);
        nth("Quorum gained for tracked process Q", round);
        nth("(J) Entering BACKUP STATE", round);
        if round == 1 {
            // What is known outlives a reload.
            daemon.reload(&config.replace("weight 20", "weight 30"));
            nth("(I) Changing effective priority from 120 to 130", 1);
            daemon.reload(&config);
            nth("(I) Changing effective priority from 130 to 120", 1);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        nth("(I) Changing effective priority from 120 to 100", round);
        nth("(J) Entering FAULT STATE", round + 1);
    }
}

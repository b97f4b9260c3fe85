//! Tracked processes. The kernel tells of processes in its first network namespace only, so keepalived and standfast
//! both run in that of the virtual machine, each with a cable and processes of its own.

use crate::differential::facts::{Facts, said, same};
use crate::support::daemon::{Daemon, Subject};
use crate::support::net::{Net, Node};
use crate::support::process::copy_program;
use crate::support::runner::Case;
use crate::support::vm::inside;
use crate::support::wait;
use std::path::PathBuf;
use std::process::{Child, Command};

pub fn cases() -> Vec<Case> {
    let compare = same("vm::tracked_processes", compare);
    let run = compare.run;
    // Elsewhere the first namespace is the machine's own, which tests leave alone.
    vec![Case::new(
        compare.name,
        move || if inside() { run() } else { println!("SKIPPED: no virtual machine") },
    )]
}

const WORDS: [&str; 3] = ["tracked process", "Changing effective priority", "Entering "];

struct Scene {
    node: Node,
    program: PathBuf,
    interface: String,
    config: String,
    instances: u8,
}

impl Scene {
    /// An instance that waits so long that it never becomes master here, and what it tracks.
    fn track(&mut self, name: &str, process: &str, weight: i16) {
        self.instances += 1;
        self.config += &format!(
            "vrrp_track_process {name} {{\n process {process}\n weight {weight}\n}}\n{}",
            self.instance(name, &format!("track_process {{\n {name}\n }}"))
        );
    }

    fn instance(&self, name: &str, tracked: &str) -> String {
        let number = self.instances;
        format!(
            "vrrp_instance I_{name} {{\n interface {}\n virtual_router_id {number}\n priority 100\n advert_int 40\n \
             {tracked}\n virtual_ipaddress {{\n 10.9.0.{number}/24\n }}\n}}\n",
            self.interface
        )
    }

    /// Starts one of the processes that are tracked.
    fn start(&self, arguments: &[&str]) -> Child {
        Command::new(&self.program).args(arguments).spawn().unwrap()
    }
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn compare(subject: Subject) -> Facts {
    let net = Net::new();
    let tag = &subject.name()[..1];
    let node = net.machine(subject.name());
    let interface = format!("{tag}0");
    let peer = format!("{tag}1");
    let other = net.node(&peer);
    net.cable((&node, &interface, "10.8.0.1/24"), (&other, &peer, "10.8.0.2/24"));
    let name = format!("watched-{tag}");
    let program = node.dir.join(&name);
    copy_program("/bin/sleep", &program);
    let path = program.display().to_string();
    let mut scene = Scene { node, program, interface, config: String::new(), instances: 0 };
    scene.track("name", &name, 1);
    scene.track("path", &path, 2);
    scene.track("program", &format!("{path}\n full_command"), 3);
    scene.track("exact", &format!("{path} 1000"), 4);
    scene.track("initial", &format!("{path} 10\n param_match initial"), 5);
    scene.track("partial", &format!("{path} 1000\n param_match partial"), 6);
    scene.track("bare", &format!("{path}\n param_match"), 7);
    scene.track("two", &format!("{name}\n quorum 2"), 8);
    scene.track("one", &format!("{name}\n quorum_max 1"), 9);
    scene.track("none", &format!("{name}\n quorum_max 0"), 10);
    scene.track("negative", &name, -11);
    scene.track("reverse", &format!("{name}\n quorum 1"), 12);
    scene.track("patient", &format!("{name}\n terminate_delay 5"), 13);
    scene.track("slow", &format!("{name}\n fork_delay 3"), 14);
    scene.track("fatal", &name, 0);
    scene.config = scene.config.replace("weight 12", "weight 12 reverse");
    scene.track("member", &name, 30);
    let group = "vrrp_sync_group G {\n group {\n I_member\n I_fatal\n }\n}\n";
    let first = scene.start(&["1000"]);
    let mut daemon = Daemon::start(subject, &scene.node, &format!("{}{group}", scene.config));
    daemon.await_line("Startup complete", wait::seconds(15));
    daemon.await_line("(I_slow) Changing effective priority from 100 to 114", wait::seconds(15));
    for name in ["I_fatal", "I_member"] {
        daemon.await_line(&format!("({name}) Entering BACKUP STATE"), wait::seconds(15));
    }
    daemon.await_line("proc_events has confirmed", wait::seconds(15));
    let nth = |line: &str, nth| {
        daemon.process().await_nth(line, nth, wait::seconds(15));
    };
    let second = scene.start(&["1001", "50"]);
    nth("Quorum gained for tracked process two", 1);
    nth("Quorum lost for tracked process one", 1);
    end(first);
    nth("Quorum lost for tracked process two", 1);
    nth("Quorum lost for tracked process partial", 1);
    end(second);
    nth("Quorum lost for tracked process fatal", 1);
    nth("Quorum lost for tracked process member", 1);
    nth("(I_patient) Changing effective priority from 113 to 100", 1);
    nth("(I_fatal) Entering FAULT STATE", 1);
    // Without its parameters it is "bare"; sleep says so and ends.
    let third = scene.start(&["1002"]);
    nth("Quorum gained for tracked process member", 1);
    nth("(I_fatal) Entering BACKUP STATE", 2);
    nth("(I_patient) Changing effective priority from 100 to 113", 2);
    // Back within its delay: the patient one says nothing.
    end(third);
    nth("Quorum lost for tracked process member", 2);
    let fourth = scene.start(&["1000"]);
    nth("Quorum gained for tracked process member", 2);
    let raised = [
        ("name", 3),
        ("program", 3),
        ("exact", 2),
        ("initial", 3),
        ("partial", 2),
        ("one", 4),
        ("slow", 3),
    ];
    for (name, times) in raised {
        nth(&format!("(I_{name}) Changing effective priority from 100 to "), times);
    }
    nth("(I_reverse) Changing effective priority from 100 to 88", 3);
    nth("(I_none) Changing effective priority from 110 to 100", 2);
    nth("(I_negative) Changing effective priority from 89 to 100", 2);
    nth("(I_fatal) Entering BACKUP STATE", 3);
    let mut facts = Facts::default();
    let log = said(daemon.process(), &WORDS).into_iter().map(|line| line.replace(" (init)", ""));
    // The reason of a FAULT is told by ours only.
    let log =
        log.filter(|line| !line.contains("quorum not achieved") && !line.contains("(I_member) Entering"));
    facts.calls("log", log.collect());
    facts.note("exit status", daemon.stop().to_string());
    end(fourth);
    facts
}

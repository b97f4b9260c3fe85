//! A scenario's own network: namespaces with names nobody else uses, joined by veth pairs and bridges, gone when the
//! scenario ends, also by a panic.

use super::process::{Process, children_of};
use super::wait;
use nix::sched::{CloneFlags, setns};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

static SCENARIOS: AtomicU32 = AtomicU32::new(0);

/// All namespaces of one scenario. Keep it alive longer than the processes in it: declare it first.
pub struct Net {
    prefix: String,
    namespaces: Mutex<Vec<String>>,
    scratch: TempDir,
}

impl Net {
    /// An empty network.
    pub fn new() -> Net {
        let number = SCENARIOS.fetch_add(1, Ordering::Relaxed);
        let scratch = TempDir::with_prefix("standfast-test-").unwrap();
        let prefix = format!("sf-{}-{number}", std::process::id());
        Net { prefix, namespaces: Mutex::new(Vec::new()), scratch }
    }

    /// A host of its own, without IPv6 (its neighbour discovery would only be noise), loopback up.
    pub fn node(&self, name: &str) -> Node {
        let netns = format!("{}-{name}", self.prefix);
        succeed(Command::new("ip").args(["netns", "add", &netns]));
        self.namespaces.lock().unwrap().push(netns.clone());
        let dir = self.scratch.path().join(name);
        for place in ["run", "bin"] {
            std::fs::create_dir_all(dir.join(place)).unwrap();
        }
        let node = Node { name: name.to_owned(), netns, dir, processes: None };
        node.within(|| {
            for scope in ["all", "default"] {
                // A kernel without IPv6 has no such file, which is as good.
                let _no_ipv6 = std::fs::write(format!("/proc/sys/net/ipv6/conf/{scope}/disable_ipv6"), "1");
            }
        });
        node.ip(&["link set lo up".to_owned()]);
        node
    }

    /// The first namespace of the machine as a node: for what happens nowhere else, and in a virtual machine only.
    pub fn machine(&self, name: &str) -> Node {
        assert!(super::vm::inside(), "the machine's own network is not touched");
        let netns = format!("{}-{name}", self.prefix);
        succeed(Command::new("ip").args(["netns", "attach", &netns, "1"]));
        self.namespaces.lock().unwrap().push(netns.clone());
        let dir = self.scratch.path().join(name);
        for place in ["run", "bin"] {
            std::fs::create_dir_all(dir.join(place)).unwrap();
        }
        Node { name: name.to_owned(), netns, dir, processes: None }
    }

    /// A cable between two nodes: `(node, interface, address with prefix)` twice. Both ends are set up.
    pub fn cable(&self, a: (&Node, &str, &str), b: (&Node, &str, &str)) {
        a.0.ip(&[format!("link add {} type veth peer name {} netns {}", a.1, b.1, b.0.netns)]);
        for (node, interface, address) in [a, b] {
            node.connect(interface, address);
        }
    }

    /// A switch (a bridge in a namespace of its own) with the given `(node, interface, address with prefix)` on it.
    pub fn lan(&self, name: &str, members: &[(&Node, &str, &str)]) -> Node {
        let switch = self.node(name);
        let mut lines = vec![
            "link add br0 type bridge mcast_snooping 0 forward_delay 0".to_owned(),
            "link set br0 up".to_owned(),
        ];
        for (index, (node, interface, _)) in members.iter().enumerate() {
            lines
                .push(format!("link add {interface} netns {} type veth peer name port{index}", node.netns));
            lines.push(format!("link set port{index} master br0 up"));
        }
        switch.ip(&lines);
        for (node, interface, address) in members {
            node.connect(interface, address);
        }
        for (node, interface, _) in members {
            wait::until(&format!("{} {interface} has a carrier", node.name), wait::seconds(5), || {
                node.carrier(interface)
            });
        }
        switch
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for netns in self.namespaces.lock().unwrap().drain(..) {
            let _leftover_is_swept_by_the_next_run =
                Command::new("ip").args(["netns", "del", &netns]).output();
        }
    }
}

/// Removes the namespaces of earlier runs that were killed before they could clean up.
pub fn sweep() {
    let Ok(entries) = std::fs::read_dir("/run/netns") else { return };
    for name in entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
        let owner = name.strip_prefix("sf-").and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _somebody_else_was_quicker = Command::new("ip").args(["netns", "del", &name]).output();
        }
    }
}

/// One host of the network.
pub struct Node {
    /// Its name in the scenario.
    pub name: String,
    /// Its network namespace.
    pub netns: String,
    /// Files of this node; `run` and `bin` in it are what its processes see as `/run` and `/usr/local/bin`.
    pub dir: PathBuf,
    processes: Option<Process>,
}

impl Node {
    /// Gives the node process numbers of its own, so that `pidof` sees only what runs here.
    pub fn isolate_processes(&mut self) {
        let mut command = Command::new("ip");
        command.args([
            "netns",
            "exec",
            &self.netns,
            "unshare",
            "--pid",
            "--fork",
            "--mount-proc",
            "--kill-child",
        ]);
        command.args(["sleep", "infinity"]);
        let holder = Process::spawn(&format!("{} holder", self.name), command);
        wait::until("the first process of the namespace", wait::seconds(10), || {
            let first = children_of(holder.pid()).first().copied();
            let name = first.and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).ok());
            name.is_some_and(|name| name.trim() == "sleep")
        });
        self.processes = Some(holder);
    }

    /// A command line that runs the program and arguments appended to it on this node. `/run` and `/usr/local/bin`
    /// are the node's own, and what there is in `/etc` of the like-named in the node's `etc`.
    pub fn command(&self) -> Command {
        let mut command = match &self.processes {
            None => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", &self.netns]);
                command
            }
            Some(holder) => {
                let mut command = Command::new("nsenter");
                let first = children_of(holder.pid()).first().copied().unwrap();
                command.args([
                    "--target",
                    &first.to_string(),
                    "--pid",
                    "--mount",
                    "--net",
                    "unshare",
                    "--mount",
                ]);
                command
            }
        };
        let dir = self.dir.display();
        command.args(["sh", "-c"]).arg(format!(
            "mount --bind {dir}/run /run && mount --bind {dir}/bin /usr/local/bin && \
             for own in {dir}/etc/*; do [ ! -e $own ] || mount --bind $own /etc/${{own##*/}} || exit; done; exec \"$@\""
        ));
        command.arg("node");
        command
    }

    /// Whether a process started by [`Node::command`] is the parent of the real one.
    pub fn forks(&self) -> bool {
        self.processes.is_some()
    }

    /// Starts a program on this node.
    pub fn spawn(&self, program: &str, args: &[&str]) -> Process {
        let mut command = self.command();
        command.arg(program).args(args);
        Process::spawn(&format!("{} {program}", self.name), command)
    }

    /// Runs a shell line in the network namespace and gives its output; panics when it fails.
    #[track_caller]
    pub fn sh(&self, line: &str) -> String {
        let output = self.try_sh(line);
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            panic!("{}: {line}: {}: {said}", self.name, output.status);
        }
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a shell line in the network namespace.
    pub fn try_sh(&self, line: &str) -> Output {
        self.within(|| Command::new("sh").args(["-c", line]).output().unwrap())
    }

    /// Gives `ip` several lines at once: one program start, which is what costs time under emulation.
    #[track_caller]
    fn ip(&self, lines: &[String]) {
        let batch = self.dir.join("ip.batch");
        std::fs::write(&batch, lines.join("\n")).unwrap();
        self.within(|| succeed(Command::new("ip").arg("-batch").arg(&batch)));
    }

    fn connect(&self, interface: &str, address: &str) {
        self.ip(&[format!("addr add {address} dev {interface}"), format!("link set {interface} up")]);
    }

    /// Whether the other end of an interface's cable is up.
    fn carrier(&self, interface: &str) -> bool {
        self.sh(&format!("ip -o link show {interface}")).contains("LOWER_UP")
    }

    /// Runs `work` on a thread inside the network namespace; sockets it opens stay there.
    pub fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                self.enter();
                work()
            });
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Moves the calling thread into the network namespace for good.
    pub fn enter(&self) {
        let namespace = File::open(Path::new("/run/netns").join(&self.netns)).unwrap();
        setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
    }

    /// Gives an interface IPv6: a link-local address made of its MAC, and this one. Nothing waits for the detection
    /// of duplicates, and the address outlives the link.
    pub fn enable_ipv6(&self, interface: &str, address: &str) {
        for (setting, value) in [("accept_dad", 0), ("keep_addr_on_down", 1), ("disable_ipv6", 0)] {
            for scope in ["all", "default", interface] {
                self.sh(&format!("echo {value} >/proc/sys/net/ipv6/conf/{scope}/{setting}"));
            }
        }
        self.ip(&[format!("addr add {address} dev {interface} nodad")]);
    }

    /// The addresses of an interface as `ip` prints them, without index and with single blanks.
    pub fn addresses(&self, interface: &str) -> Vec<String> {
        let text =
            String::from_utf8_lossy(&self.try_sh(&format!("ip -o addr show dev {interface}")).stdout)
                .into_owned();
        text.lines()
            .map(|line| line.replace('\\', " ").split_whitespace().skip(2).collect::<Vec<_>>().join(" "))
            .collect()
    }

    /// Whether an interface has an address (written with its prefix).
    pub fn has(&self, interface: &str, address: &str) -> bool {
        self.addresses(interface).iter().any(|line| {
            line.contains(&format!("inet {address} ")) || line.contains(&format!("inet6 {address} "))
        })
    }

    /// Waits until an interface has, or has no more, an address.
    #[track_caller]
    pub fn await_address(&self, interface: &str, address: &str, present: bool, limit: std::time::Duration) {
        let what = format!("{}: {address} on {interface}: {present}", self.name);
        wait::value(
            &what,
            limit,
            || (self.has(interface, address) == present).then_some(()),
            || self.addresses(interface).join("\n"),
        );
    }
}

fn succeed(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

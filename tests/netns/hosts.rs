//! Two hosts on one wire, each a private network namespace of the test's own thread: nothing has a name
//! that two tests could fight for, and everything is gone when the thread ends.

use std::fs::File;
use std::os::fd::AsFd;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns, unshare};
use socket2::{Domain, Socket, Type};

use standfast::ids::IfIndex;
use standfast::kernel::link;
use standfast::kernel::netlink::Channel;

/// The namespaces; the thread is on the left one unless it says otherwise.
pub struct Hosts {
    left: File,
    right: File,
}

impl Hosts {
    /// Two hosts, `left0` and `right0` joined and up, without addresses, IPv6 off so that the wire is silent.
    pub fn new() -> Self {
        let right = fresh();
        quiet();
        let left = fresh();
        quiet();
        let hosts = Hosts { left, right };
        ip("link add left0 type veth peer name right0");
        // The right namespace has no name and no process: only our descriptor leads to it.
        let path = format!("/proc/{}/fd/{}", std::process::id(), fd_number(&hosts.right));
        ip(&format!("link set right0 netns {path}"));
        ip("link set left0 up");
        hosts.right(|| ip("link set right0 up"));
        let up = |name| interface(name).is_some_and(|i| i.up);
        wait_for("carrier", || up("left0") && hosts.right(|| up("right0")));
        hosts
    }

    /// Does something on the right host and comes back to the left one.
    pub fn right<T>(&self, work: impl FnOnce() -> T) -> T {
        setns(&self.right, CloneFlags::CLONE_NEWNET).unwrap();
        let result = work();
        setns(&self.left, CloneFlags::CLONE_NEWNET).unwrap();
        result
    }
}

/// One host alone, with a pair `left0`, `right0` inside it.
pub fn lone_host() {
    fresh();
    quiet();
    ip("link add left0 type veth peer name right0");
    ip("link set left0 up");
    ip("link set right0 up");
    wait_for("carrier", || ["left0", "right0"].iter().all(|name| interface(name).is_some_and(|i| i.up)));
}

fn fresh() -> File {
    unshare(CloneFlags::CLONE_NEWNET).unwrap();
    File::open("/proc/thread-self/ns/net").unwrap()
}

fn quiet() {
    for which in ["all", "default"] {
        std::fs::write(format!("/proc/sys/net/ipv6/conf/{which}/disable_ipv6"), "1").unwrap();
    }
}

fn fd_number(file: &File) -> i32 {
    use std::os::fd::AsRawFd;
    file.as_raw_fd()
}

/// Runs `ip` with these words on the host where the thread is.
pub fn ip(words: &str) {
    let output = Command::new("ip").args(words.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What `ip` prints.
pub fn ip_output(words: &str) -> String {
    let output = Command::new("ip").args(words.split_whitespace()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A route channel on the host where the thread is.
pub fn channel() -> Channel {
    Channel::route().unwrap()
}

/// An interface with its addresses, freshly dumped.
pub fn interface(name: &str) -> Option<standfast::objects::interface::Interface> {
    link::dump(&mut channel()).unwrap().into_values().find(|i| &*i.name == name)
}

/// Its index; it must be there.
pub fn index(name: &str) -> IfIndex {
    interface(name).unwrap().index
}

/// Waits until `condition` holds; fails after five seconds.
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(5);
    while !condition() {
        assert!(Instant::now() < end, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until the descriptor is readable; false after `patience`.
pub fn readable(fd: &impl AsFd, patience: Duration) -> bool {
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::try_from(patience).unwrap()).unwrap() > 0
}

/// Everything that arrives at an interface, as whole frames.
pub struct Sniffer {
    socket: Socket,
}

impl Sniffer {
    /// Listens on every interface of the host where the thread is.
    pub fn new() -> Self {
        const ETH_P_ALL: u16 = 3;
        let protocol = i32::from(ETH_P_ALL.to_be());
        let socket = Socket::new_raw(Domain::PACKET, Type::RAW, Some(protocol.into())).unwrap();
        socket.set_nonblocking(true).unwrap();
        Sniffer { socket }
    }

    /// The next frame; `None` when none came for `patience`.
    pub fn frame(&self, patience: Duration) -> Option<Vec<u8>> {
        use std::os::fd::AsRawFd;
        if !readable(&self.socket, patience) {
            return None;
        }
        let mut buffer = vec![0; 2048];
        let length = nix::sys::socket::recv(
            self.socket.as_raw_fd(),
            &mut buffer,
            nix::sys::socket::MsgFlags::empty(),
        )
        .unwrap();
        buffer.truncate(length);
        Some(buffer)
    }

    /// The frames until nothing came for `patience`.
    pub fn frames(&self, patience: Duration) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.frame(patience)).collect()
    }
}

//! What nobody can undercut: programs that do the same as a daemon under measurement and nothing else, measured as the
//! daemons are. What is left then is the kernel's.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use socket2::{Domain, Protocol, Socket, Type};
use standfast::ids::Name;
use standfast::kernel::ipvs::Ipvs;
use standfast::objects::ipvs::{
    DestKey, Destination, Forwarding, Op, Protocol as Layer4, Service, ServiceKey,
};

use super::floor_adverts;
use super::pools;
use super::subject::Running;
use super::support::net::Node;

/// The option with which this program is a floor.
pub const FLOOR: &str = "--floor";

/// What to do, once a second for each server or once in all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Opens a connection to each, awaits it and closes it: four system calls, and two for all that are asked at once.
    Connect,
    /// Asks for a page on it, and reads until the server has closed.
    Page,
    /// Writes the table of IPVS.
    Program,
    /// Sends adverts.
    Speak,
    /// Takes adverts from the kernel.
    Hear,
}

impl Work {
    const ALL: [(&str, Work); 5] = [
        ("connect", Work::Connect),
        ("page", Work::Page),
        ("program", Work::Program),
        ("speak", Work::Speak),
        ("hear", Work::Hear),
    ];

    fn name(self) -> &'static str {
        Work::ALL.iter().find(|(_, work)| *work == self).unwrap().0
    }
}

/// Starts the program for so many servers of [`pools::text`], or so many virtual routers. `each` is how many servers are
/// asked at once, or how many are in each virtual server.
pub fn start(node: &Node, work: Work, count: usize, each: usize) -> Running {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([FLOOR, work.name(), &count.to_string(), &each.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Running::spawn(node, command)
}

/// Is the program.
pub fn work_here(arguments: impl Iterator<Item = String>) {
    let words: Vec<String> = arguments.collect();
    let (_, work) = Work::ALL.into_iter().find(|(name, _)| *name == words[0]).unwrap();
    let (count, each) = (words[1].parse().unwrap(), words[2].parse().unwrap());
    match work {
        Work::Program => {
            program(count, each);
            std::thread::park();
        }
        Work::Speak => floor_adverts::speak(count),
        Work::Hear => floor_adverts::hear(count),
        Work::Connect | Work::Page => check_all(count, work == Work::Page, each),
    }
}

/// Asks all of them once a second, so many in one go.
fn check_all(count: usize, pages: bool, at_once: usize) {
    let targets: Vec<_> =
        (0..count).map(|number| SocketAddr::new(pools::real(number), 80).into()).collect();
    let set = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).unwrap();
    let (mut events, mut room) = (vec![EpollEvent::empty(); at_once], [0; 16 * 1024]);
    let mut flags = EpollFlags::EPOLLOUT;
    if pages {
        flags |= EpollFlags::EPOLLIN | EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLET;
    }
    let pause = Duration::from_secs(1) * u32::try_from(at_once).unwrap() / u32::try_from(count).unwrap();
    let mut sockets = Vec::new();
    for turn in targets.chunks(at_once).cycle() {
        std::thread::sleep(pause);
        for (place, target) in turn.iter().enumerate() {
            let socket =
                Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), Some(Protocol::TCP)).unwrap();
            let pending = socket.connect(target).unwrap_err();
            assert_eq!(pending.raw_os_error(), Some(libc::EINPROGRESS));
            set.add(&socket, EpollEvent::new(flags, place as u64)).unwrap();
            sockets.push((Some(socket), false));
        }
        let mut left = turn.len();
        while left > 0 {
            let ready = set.wait(&mut events, EpollTimeout::NONE).unwrap();
            for event in &events[..ready] {
                let (socket, asked) = &mut sockets[event.data() as usize];
                let done = !pages || visit(socket.as_mut().unwrap(), asked, event.events(), &mut room);
                if done {
                    // Closed: the set forgets it.
                    *socket = None;
                    left -= 1;
                }
            }
        }
        sockets.clear();
    }
}

/// Sends the request, or reads what has come; whether that is all, because the server has closed.
fn visit(socket: &mut Socket, asked: &mut bool, ready: EpollFlags, room: &mut [u8]) -> bool {
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: 10.1.0.100:80\r\n\r\n";
    if !std::mem::replace(asked, true) {
        socket.write_all(REQUEST).unwrap();
        return false;
    }
    // Nobody sends more than there is room for.
    let _count = socket.read(room).unwrap();
    ready.contains(EpollFlags::EPOLLRDHUP)
}

/// The table of [`pools::text`], in as few messages as its changes are, all of them sent together.
pub fn program(count: usize, in_each: usize) {
    let service = Service {
        scheduler: Name::from("rr"),
        persistence_engine: None,
        flags: 0,
        timeout: 0,
        netmask: u32::MAX,
    };
    let destination =
        Destination { forwarding: Forwarding::Masq, weight: 1, upper_threshold: 0, lower_threshold: 0 };
    let key =
        |number| ServiceKey::Address { protocol: Layer4::Tcp, address: pools::service(number), port: 80 };
    let services = (0..count.div_ceil(in_each)).map(|number| Op::NewService(key(number), service.clone()));
    let reals = (0..count).map(|number| {
        let dest = DestKey { address: pools::real(number), port: 80 };
        Op::NewDest(key(number / in_each), dest, destination.clone())
    });
    let ops: Vec<Op> = services.chain(reals).collect();
    for result in Ipvs::open().unwrap().apply(&ops) {
        result.unwrap();
    }
}

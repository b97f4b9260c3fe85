//! A TCP echo server with a name, and its client: each connection carries one line, the answer is the server's name
//! and the line.

use super::net::Node;
use super::wait;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A running echo server; it stops listening with its handle.
pub struct Echo {
    address: SocketAddr,
    namespace: String,
    stop: Arc<AtomicBool>,
}

impl Echo {
    /// Listens on `address` (with port) of `node`.
    pub fn start(node: &Node, address: &str) -> Echo {
        let address: SocketAddr = address.parse().unwrap();
        let listener = node.within(|| TcpListener::bind(address).unwrap());
        let stop = Arc::new(AtomicBool::new(false));
        let (name, stopped) = (node.name.clone(), Arc::clone(&stop));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let name = name.clone();
                std::thread::spawn(move || answer(&name, stream));
            }
        });
        Echo { address, namespace: node.netns.clone(), stop }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let (address, namespace) = (self.address, self.namespace.clone());
        // The listener wakes only by a connection; the thread that makes it must stand in the same namespace.
        let waker = std::thread::spawn(move || {
            let Ok(file) = std::fs::File::open(std::path::Path::new("/run/netns").join(namespace)) else {
                return;
            };
            if nix::sched::setns(file, nix::sched::CloneFlags::CLONE_NEWNET).is_ok() {
                let _nobody_listens_any_more = TcpStream::connect_timeout(&address, Duration::from_secs(1));
            }
        });
        let _panicked = waker.join();
    }
}

fn answer(name: &str, mut stream: TcpStream) {
    let _gone = stream.set_read_timeout(Some(wait::seconds(60)));
    let Ok(copy) = stream.try_clone() else { return };
    let mut reader = BufReader::new(copy);
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|count| count > 0) {
        if stream.write_all(format!("{name} {line}").as_bytes()).is_err() {
            return;
        }
        line.clear();
    }
}

/// A client's connection.
pub struct Talk {
    stream: TcpStream,
}

impl Talk {
    /// Connects from `node`; `None` when nobody answers within `limit`.
    pub fn open(node: &Node, address: &str, limit: Duration) -> Option<Talk> {
        let address: SocketAddr = address.parse().unwrap();
        let stream = node.within(|| TcpStream::connect_timeout(&address, limit).ok())?;
        stream.set_read_timeout(Some(limit)).ok()?;
        Some(Talk { stream })
    }

    /// Sends a line and gives the name of the server that echoed it.
    pub fn say(&mut self, line: &str) -> Option<String> {
        self.stream.write_all(format!("{line}\n").as_bytes()).ok()?;
        let mut answer = String::new();
        BufReader::new(&self.stream).read_line(&mut answer).ok()?;
        let (name, echoed) = answer.trim_end().split_once(' ')?;
        (echoed == line).then(|| name.to_owned())
    }
}

/// One connection with one line: the name of the server that echoed it.
pub fn ask(node: &Node, address: &str, limit: Duration) -> Option<String> {
    Talk::open(node, address, limit)?.say("hello")
}

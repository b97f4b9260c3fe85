//! A server that keeps what it was asked and when, and behaves as well or as badly as it is told.

use crate::support::net::Node;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What it does with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Answers with this status and the body `well`, then closes.
    Answers(u16),
    /// Takes the connection and says nothing.
    Silent,
    /// Sends a byte of its header twice a second, for ever.
    Drips,
    /// Closes at once.
    Hangs,
}

/// A running server.
pub struct Server {
    shared: Arc<Shared>,
}

struct Shared {
    manner: Mutex<Manner>,
    seen: Mutex<Vec<(Instant, String)>>,
    peers: Mutex<Vec<SocketAddr>>,
}

impl Server {
    /// Listens on `address` of `node` until the program ends.
    pub fn start(node: &Node, address: &str, manner: Manner) -> Server {
        let listener = node.within(|| TcpListener::bind(address).unwrap());
        let shared = Arc::new(Shared {
            manner: Mutex::new(manner),
            seen: Mutex::default(),
            peers: Mutex::default(),
        });
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            while let Ok((stream, peer)) = listener.accept() {
                let at = Instant::now();
                of_thread.peers.lock().unwrap().push(peer);
                let shared = Arc::clone(&of_thread);
                std::thread::spawn(move || shared.serve(at, stream));
            }
        });
        Server { shared }
    }

    /// Behaves so from the next connection on.
    pub fn behave(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// Where connections came from.
    pub fn peers(&self) -> Vec<SocketAddr> {
        self.shared.peers.lock().unwrap().clone()
    }

    /// When connections came, and what was asked in them.
    pub fn seen(&self) -> Vec<(Instant, String)> {
        self.shared.seen.lock().unwrap().clone()
    }
}

impl Shared {
    fn serve(&self, at: Instant, mut stream: TcpStream) {
        let manner = *self.manner.lock().unwrap();
        let index = {
            let mut seen = self.seen.lock().unwrap();
            seen.push((at, String::new()));
            seen.len() - 1
        };
        if manner == Manner::Hangs {
            return;
        }
        let _gone = stream.set_read_timeout(Some(Duration::from_secs(10)));
        let mut request = Vec::new();
        let mut piece = [0; 1024];
        while !request.ends_with(b"\r\n\r\n") {
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => break,
                Ok(count) => request.extend_from_slice(&piece[..count]),
            }
        }
        self.seen.lock().unwrap()[index].1 = String::from_utf8_lossy(&request).into_owned();
        match manner {
            Manner::Answers(status) => {
                let answer = format!("HTTP/1.0 {status} Said\r\nContent-Length: 4\r\n\r\nwell");
                let _gone = stream.write_all(answer.as_bytes());
            }
            Manner::Drips => {
                while stream.write_all(b"H").is_ok() {
                    std::thread::sleep(Duration::from_millis(500));
                }
            }
            Manner::Silent | Manner::Hangs => {
                // Until the other end gives up.
                let _gone = stream.set_read_timeout(None);
                let _end = stream.read(&mut piece);
            }
        }
    }
}

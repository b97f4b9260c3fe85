//! A small HTTP server with a name that gives every path the same body.

use super::net::Node;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// A running server; its status can be changed.
pub struct Http {
    status: Arc<AtomicU16>,
}

impl Http {
    /// Serves `body` on `address` (with port) of `node` until the program ends.
    pub fn start(node: &Node, address: &str, body: &str) -> Http {
        let listener = node.within(|| TcpListener::bind(address).unwrap());
        let status = Arc::new(AtomicU16::new(200));
        let (answer_with, body) = (Arc::clone(&status), body.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (status, body) = (answer_with.load(Ordering::Relaxed), body.clone());
                std::thread::spawn(move || answer(stream, status, &body));
            }
        });
        Http { status }
    }

    /// Answers with `status` from now on.
    pub fn answer_with(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }
}

fn answer(mut stream: TcpStream, status: u16, body: &str) {
    let _gone = stream.set_read_timeout(Some(Duration::from_secs(30)));
    let Ok(copy) = stream.try_clone() else { return };
    let mut lines = BufReader::new(copy).lines();
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Said\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let _client_went_away = stream.write_all(format!("{head}{body}").as_bytes());
}

/// The body that `address` (with port) gives to a client on `node`.
pub fn get(node: &Node, address: &str, limit: Duration) -> Option<String> {
    let address = address.parse().unwrap();
    let mut stream = node.within(|| TcpStream::connect_timeout(&address, limit).ok())?;
    stream.set_read_timeout(Some(limit)).ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
    let answer = std::io::read_to_string(stream).ok()?;
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
}

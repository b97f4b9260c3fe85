//! Servers of the protocols that are not HTTP: each says what it is told to say.

use crate::support::net::Node;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};

/// What a server says; shared with its thread, which ends with the program.
pub struct Speaker<T> {
    words: Arc<Mutex<T>>,
}

impl<T> Speaker<T> {
    /// Says this from now on.
    pub fn say(&self, words: T) {
        *self.words.lock().unwrap() = words;
    }
}

impl<T: Clone + Send + 'static> Speaker<T> {
    fn new(words: T) -> Self {
        Speaker { words: Arc::new(Mutex::new(words)) }
    }

    fn ears(&self) -> Self {
        Speaker { words: Arc::clone(&self.words) }
    }

    fn words(&self) -> T {
        self.words.lock().unwrap().clone()
    }
}

/// A mail server: its banner, and its answer to `HELO`.
pub type Mail = Speaker<(&'static str, &'static str)>;

impl Mail {
    /// Listens on `address` of `node`.
    pub fn start(node: &Node, address: &str) -> Mail {
        let listener = node.within(|| TcpListener::bind(address).unwrap());
        let mail = Speaker::new(("220 well", "250 well"));
        let ears = mail.ears();
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let words = ears.words();
                std::thread::spawn(move || converse(stream, words));
            }
        });
        mail
    }
}

fn converse(mut stream: TcpStream, (banner, helo): (&str, &str)) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    // Whoever has left hears nothing more.
    let _gone = stream.write_all(format!("{banner}\r\n").as_bytes());
    while let Some(Ok(line)) = lines.next() {
        let answer = if line.starts_with("HELO ") { helo } else { "221 bye" };
        if stream.write_all(format!("{answer}\r\n").as_bytes()).is_err() || line.starts_with("QUIT") {
            return;
        }
    }
}

/// What becomes of a datagram: its answer, if there is one.
pub type Answer = fn(&[u8]) -> Option<Vec<u8>>;

/// A server of datagrams.
pub type Datagrams = Speaker<Answer>;

impl Datagrams {
    /// Listens on `address` of `node`.
    pub fn start(node: &Node, address: &str, answer: Answer) -> Datagrams {
        let socket = node.within(|| UdpSocket::bind(address).unwrap());
        let server = Speaker::new(answer);
        let ears = server.ears();
        std::thread::spawn(move || {
            let mut datagram = [0; 2048];
            while let Ok((length, peer)) = socket.recv_from(&mut datagram) {
                if let Some(answer) = ears.words()(&datagram[..length]) {
                    let _gone = socket.send_to(&answer, peer);
                }
            }
        });
        server
    }
}

/// A DNS reply to the question with this code, and no answer in it.
pub fn dns_reply(question: &[u8], rcode: u8) -> Option<Vec<u8>> {
    let mut reply = question.to_vec();
    reply[2] |= 0x80;
    reply[3] = rcode;
    Some(reply)
}

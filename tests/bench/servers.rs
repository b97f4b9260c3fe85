//! What the checks under measurement ask: one thread that answers on all addresses of a node, one client after the
//! other.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use openssl::ssl::{Ssl, SslContext, SslMethod};

use super::support::identity::identity;
use super::support::net::Node;

/// How a server answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Takes the connection and closes it.
    Silent,
    /// Gives a page to everybody.
    Web,
    /// Gives it over TLS.
    Secure,
}

/// The page, with its head.
const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nI am well";

/// A server on port 80 of every address; it ends with its handle.
pub struct Servers {
    answered: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Servers {
    /// Answers from now on.
    pub fn listen(node: &Node, manner: Manner) -> Servers {
        let listener = node.within(|| TcpListener::bind("0.0.0.0:80").unwrap());
        listener.set_nonblocking(true).unwrap();
        let tls = (manner == Manner::Secure).then(context);
        let answered = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let (count, stopped) = (Arc::clone(&answered), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        answer(stream, manner, tls.as_ref());
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(_nobody_waits) => std::thread::sleep(Duration::from_millis(1)),
                }
            }
        });
        Servers { answered, stop, thread: Some(thread) }
    }

    /// How many clients have been answered.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::Relaxed)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Its port is closed when it has ended.
        let _panicked = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

fn answer(stream: TcpStream, manner: Manner, tls: Option<&SslContext>) {
    // Accepted sockets are blocking; nobody is waited for without end.
    stream.set_nonblocking(false).unwrap();
    let _gone = stream.set_read_timeout(Some(Duration::from_secs(5)));
    match tls {
        Some(context) => {
            let Ok(mut session) = Ssl::new(context).unwrap().accept(stream) else { return };
            give_page(&mut session);
            let _gone = session.shutdown();
        }
        None if manner == Manner::Web => give_page(stream),
        None => {}
    }
}

fn give_page(mut stream: impl Read + Write) {
    let (mut request, mut piece) = (Vec::new(), [0; 1024]);
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(count) if count > 0 => request.extend_from_slice(&piece[..count]),
            _ => return,
        }
    }
    // Whoever has left hears nothing more.
    let _gone = stream.write_all(PAGE.as_bytes());
}

fn context() -> SslContext {
    let (key, certificate) = identity();
    let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
    context.set_private_key(&key).unwrap();
    context.set_certificate(&certificate).unwrap();
    context.build()
}

//! A mail server that keeps what it is told, and refuses what it is told to refuse.

use super::net::Node;
use super::wait;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A running server.
pub struct Sink {
    shared: Arc<Shared>,
}

struct Shared {
    /// Commands that begin so are refused.
    refuses: String,
    /// Whether it says anything at all.
    speaks: Mutex<bool>,
    heard: Mutex<Vec<String>>,
}

impl Sink {
    /// Listens on `address` of `node` until the program ends.
    pub fn start(node: &Node, address: &str) -> Sink {
        Sink::refusing(node, address, "nothing")
    }

    /// The same; commands that begin so are refused.
    pub fn refusing(node: &Node, address: &str, command: &str) -> Sink {
        let listener = node.within(|| TcpListener::bind(address).unwrap());
        let shared = Arc::new(Shared {
            refuses: command.to_owned(),
            speaks: Mutex::new(true),
            heard: Mutex::default(),
        });
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&of_thread);
                std::thread::spawn(move || shared.hear(stream));
            }
        });
        Sink { shared }
    }

    /// Whether it speaks from the next connection on; else it takes them and is silent.
    pub fn speak(&self, speaks: bool) {
        *self.shared.speaks.lock().unwrap() = speaks;
    }

    /// What it was told in each connection that came to its `QUIT`, sorted; dates and the folding of headers, which
    /// 2.2.7 does not know, are left out.
    pub fn mails(&self) -> Vec<String> {
        let mut heard = self.shared.heard.lock().unwrap().clone();
        heard.sort();
        heard
    }

    /// Waits until so many mails with this in them have come.
    #[track_caller]
    pub fn await_mails(&self, text: &str, count: usize) {
        wait::value(
            &format!("{count} mails with {text:?}"),
            wait::seconds(20),
            || (self.mails().iter().filter(|mail| mail.contains(text)).count() >= count).then_some(()),
            || self.mails().join("\n"),
        );
    }

    /// The subjects of the mails, in the order in which they came.
    pub fn subjects(&self) -> Vec<String> {
        let heard = self.shared.heard.lock().unwrap();
        let subject = |mail: &String| {
            mail.lines()
                .find_map(|line| line.strip_prefix("Subject: ").map(str::to_owned))
                .unwrap_or_default()
        };
        heard.iter().map(subject).collect()
    }
}

impl Shared {
    fn hear(&self, mut stream: TcpStream) {
        let _gone = stream.set_read_timeout(Some(Duration::from_secs(60)));
        let Ok(copy) = stream.try_clone() else { return };
        let mut lines = BufReader::new(copy);
        if !*self.speaks.lock().unwrap() {
            // Until the other end gives up.
            let _end = lines.read_line(&mut String::new());
            return;
        }
        let mut told = String::new();
        let mut is_text = false;
        let mut answer = "220 sink";
        loop {
            if !answer.is_empty() && stream.write_all(format!("{answer}\r\n").as_bytes()).is_err() {
                return;
            }
            let mut line = String::new();
            if lines.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            assert!(line.ends_with("\r\n"), "{line:?}");
            if !line.starts_with("Date: ") {
                told.push_str(&line);
            }
            let refused = !is_text && line.starts_with(&self.refuses);
            answer = match line.trim_end() {
                "." if is_text => "250 taken",
                _ if is_text => "",
                _ if refused => "550 not here",
                "DATA" => "354 go on",
                "QUIT" => break,
                _ => "250 well",
            };
            is_text = answer == "354 go on" || is_text && line != ".\r\n";
        }
        self.heard.lock().unwrap().push(told.replace(",\r\n ", ", "));
        let _gone = stream.write_all(b"221 bye\r\n");
    }
}

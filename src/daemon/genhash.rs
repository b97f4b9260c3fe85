//! `genhash`: asks for a page as a check does, and prints the MD5 that `digest` wants.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use crate::cli::genhash::Genhash;
use crate::config::model::check::{Check, CheckKind, HttpGet, HttpUrl, Pace, Sni, Source};
use crate::health::outcome::{Failure, Outcome};
use crate::kernel::clock;
use crate::probe::{self, Page};

/// Does it. keepalived's ends with 0 whatever comes of it, and scripts may count on that.
pub fn run(request: &Genhash) -> u8 {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            return 1;
        }
    };
    let start = clock::now();
    let answer = runtime.block_on(probe::page(&check(request)));
    let mut text = match &answer {
        Ok(page) if request.verbose => in_detail(page),
        Ok(page) => page.digest.map_or_else(String::new, |digest| hex(&digest) + "\n"),
        Err(Outcome::Failure(Failure::Handshake(_))) => {
            "SSL handshake/communication error connecting to\n".to_owned()
        }
        Err(Outcome::Failure(Failure::HandshakeTimeout | Failure::ReadTimeout | Failure::Deadline(_))) => {
            "Timeout HTTP read\n".to_owned()
        }
        Err(_) => "Connection failed\n".to_owned(),
    };
    if request.verbose {
        let took = clock::now().since(start).as_micros();
        let _ = writeln!(text, "\nGlobal response time for [{}] = {took} usecs", request.path);
    }
    // Bytes of the header need not be text.
    let _ = std::io::stdout().write_all(&latin(&text));
    if answer.is_ok_and(|page| page.digest.is_none()) {
        let _ = writeln!(std::io::stderr(), "no data received from remote webserver");
    }
    0
}

fn check(request: &Genhash) -> Check {
    let url = HttpUrl {
        path: request.path.clone(),
        virtualhost: request.virtualhost.clone(),
        ..HttpUrl::default()
    };
    let pages = Arc::new(HttpGet {
        urls: vec![url],
        protocol: request.protocol,
        sni: request.sni.then_some(Sni::VirtualHost),
        ..HttpGet::default()
    });
    Check {
        kind: if request.tls { CheckKind::Ssl(pages) } else { CheckKind::Http(pages) },
        target: request.target,
        source: (request.mark != 0).then(|| Arc::new(Source { mark: request.mark, ..Source::default() })),
        pace: Arc::new(Pace { connect_timeout: request.timeout, ..Pace::default() }),
        alpha: false,
        log_all_failures: false,
    }
}

/// Each byte is one character from here to [`latin`].
fn in_detail(page: &Page) -> String {
    let mut text = String::new();
    if page.digest.is_some() {
        text.push_str(&banner("    HTTP Header Buffer    "));
        text.push_str(&dump(&page.head));
        text.push_str(&banner(" HTTP Header Ascii Buffer "));
        text.extend(page.head.iter().copied().map(char::from));
        text.push('\n');
        if !page.body.is_empty() {
            text.push_str(&banner("        HTML Buffer        "));
            text.push_str(&dump(&page.body));
        }
    } else if !page.head.is_empty() {
        text.push_str(&banner("    HTTP Header Buffer    "));
    }
    text.push('\n');
    text.push_str(&banner("    HTML hash resulting    "));
    text.push_str(&dump(&page.hash));
    text.push_str(&banner(" HTML hash final resulting "));
    if let Some(digest) = &page.digest {
        text.push_str(&hex(digest));
        text.push('\n');
    }
    text
}

fn banner(title: &str) -> String {
    let rule = "-".repeat(23);
    format!("{rule}[{title}]{rule}\n")
}

fn dump(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (line, row) in bytes.chunks(16).enumerate() {
        let _ = write!(text, "{:04}  ", line * 16);
        for at in 0..16 {
            if at == 8 {
                text.push_str("- ");
            }
            match row.get(at) {
                Some(byte) => drop(write!(text, "{byte:02x} ")),
                None => text.push_str("   "),
            }
        }
        let shown: String = row.iter().map(|byte| shown(*byte)).collect();
        let _ = writeln!(text, "  {shown:<16}");
    }
    text
}

fn shown(byte: u8) -> char {
    if byte == b' ' || byte.is_ascii_graphic() { char::from(byte) } else { '.' }
}

fn hex(digest: &[u8; 16]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
}

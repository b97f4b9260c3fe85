//! The command line of `genhash`, keepalived's tool that tells the `digest` of a page.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{Invocation, Print};
use crate::config::model::check::HttpProtocol;

const USAGE: &str = "COMMAND [OPTIONS]
Commands:
   -s server-address -p port -u url
   -S -s server-address -p port -u url
   -h

Options:
Either long or short options are allowed.
   --use-ssl         -S       Use SSL connection to remote server.
   --use-sni         -I       Use SNI during SSL handshake (uses virtualhost setting; see -V).
   --server          -s       Use the specified remote server address.
   --port            -p       Use the specified remote server port.
   --url             -u       Use the specified remote server url.
   --use-virtualhost -V       Use the specified virtualhost in GET query.
   --verbose         -v       Use verbose mode output.
   --help            -h       Display this short inlined help screen.
   --fwmark          -m       Use the specified FW mark.
   --protocol        -P       Use the specified HTTP protocol - '1.0', 1.0c', '1.1'.
                                1.0c means 1.0 with 'Connection: close'
   --timeout         -t       Timeout in seconds
";

/// Letter, long name, whether a value follows.
const OPTIONS: &[(char, &str, bool)] = &[
    ('S', "use-ssl", false),
    ('I', "use-sni", false),
    ('s', "server", true),
    ('p', "port", true),
    ('u', "url", true),
    ('V', "use-virtualhost", true),
    ('v', "verbose", false),
    ('h', "help", false),
    ('m', "fwmark", true),
    ('P', "protocol", true),
    ('t', "timeout", true),
];

/// Which page, and how to ask for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Genhash {
    pub target: SocketAddr,
    pub path: String,
    pub virtualhost: Option<String>,
    pub tls: bool,
    /// The virtual host is named in the handshake.
    pub sni: bool,
    pub protocol: HttpProtocol,
    /// Of each wait; default 5 s.
    pub timeout: Duration,
    /// 0 is none.
    pub mark: u32,
    pub verbose: bool,
}

#[derive(Default)]
struct Draft {
    server: Option<IpAddr>,
    port: Option<u16>,
    path: Option<String>,
    virtualhost: Option<String>,
    tls: bool,
    sni: bool,
    protocol: HttpProtocol,
    timeout: Option<u32>,
    mark: u32,
    verbose: bool,
}

/// Reads what follows the program's name, which the help repeats.
pub(super) fn parse(program: &str, words: &[OsString]) -> Invocation {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    match read(&words) {
        Ok(request) => Invocation::Genhash(request),
        // Asked for or not, keepalived's ends with 1.
        Err(reason) => Invocation::Print(Print {
            text: format!("{reason}Usage: {program} {USAGE}"),
            to_stderr: true,
            status: 1,
        }),
    }
}

fn read(words: &[String]) -> Result<Genhash, String> {
    let (mut draft, mut unexpected) = (Draft::default(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            unexpected.extend(words.by_ref().map(String::as_str));
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let (letter, takes) = named(name)?;
            let value = if takes { value.or_else(|| words.next().cloned()) } else { None };
            draft.set(letter, takes, value)?;
        } else if let Some(bundle) = word.strip_prefix('-').filter(|bundle| !bundle.is_empty()) {
            let mut rest = bundle.chars();
            while let Some(letter) = rest.next() {
                let takes = OPTIONS.iter().find(|(known, ..)| *known == letter).ok_or("")?.2;
                let stuck = rest.as_str().to_owned();
                if !takes {
                    draft.set(letter, false, None)?;
                    continue;
                }
                let value = if stuck.is_empty() { words.next().cloned() } else { Some(stuck) };
                draft.set(letter, true, value)?;
                break;
            }
        } else {
            unexpected.push(word);
        }
    }
    if !unexpected.is_empty() {
        return Err(format!("Unexpected argument(s): {}\n", unexpected.join(" ")));
    }
    draft.complete().ok_or_else(String::new)
}

/// The option of this name, or the only one that begins so.
fn named(name: &str) -> Result<(char, bool), String> {
    let mut near = OPTIONS.iter().filter(|(_, long, _)| long.starts_with(name));
    let exact = OPTIONS.iter().find(|(_, long, _)| *long == name);
    let only = exact.or_else(|| near.next().filter(|_| near.next().is_none()));
    only.map(|(letter, _, takes)| (*letter, *takes)).ok_or_else(|| format!("Unknown option --{name}\n"))
}

impl Draft {
    fn set(&mut self, letter: char, takes: bool, value: Option<String>) -> Result<(), String> {
        if takes && value.is_none() {
            return Err(String::new());
        }
        let text = value.unwrap_or_default();
        let wrong = |what: &str| format!("invalid {what} '{text}'\n");
        match letter {
            'S' => self.tls = true,
            'I' => self.sni = true,
            'v' => self.verbose = true,
            's' => {
                let address = text.parse().map_err(|_| format!("server should be an IP, not {text}\n"))?;
                self.server = Some(address);
            }
            'p' => {
                let port = text.parse::<u16>().ok().filter(|port| *port != 0);
                self.port = Some(port.ok_or_else(|| wrong("port number"))?);
            }
            'u' => self.path = Some(text),
            'V' => self.virtualhost = Some(text),
            'm' => self.mark = text.parse().map_err(|_| wrong("fwmark"))?,
            'P' => {
                self.protocol = match text.as_str() {
                    "1.0" => HttpProtocol::V1_0,
                    "1.0c" | "1.0C" => HttpProtocol::V1_0Close,
                    "1.1" => HttpProtocol::V1_1,
                    _ => return Err(wrong("HTTP protocol version")),
                }
            }
            't' => {
                let seconds = text.parse::<u32>().ok().filter(|seconds| *seconds != 0);
                self.timeout = Some(seconds.ok_or_else(|| wrong("timeout"))?);
            }
            _ => return Err(String::new()),
        }
        Ok(())
    }

    fn complete(self) -> Option<Genhash> {
        Some(Genhash {
            target: SocketAddr::new(self.server?, self.port?),
            path: self.path?,
            virtualhost: self.virtualhost,
            tls: self.tls,
            sni: self.sni,
            protocol: self.protocol,
            timeout: Duration::from_secs(self.timeout.unwrap_or(5).into()),
            mark: self.mark,
            verbose: self.verbose,
        })
    }
}

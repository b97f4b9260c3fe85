//! Which services of the kernel are ours, and what its settings were before us, beside the pid file of the checkers: a
//! successor whose configuration has changed removes what we left, and nothing else.
//!
//! The kernel does not tell who made a service. Without this a service that was taken out of the file while no daemon
//! ran would stay for good.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::ids::Family;
use crate::kernel::ipvs::Timeouts;
use crate::objects::ipvs::{Protocol, ServiceKey};

/// The first line; what begins otherwise is not ours to understand.
const HEAD: &str = "standfast ipvs 1";

/// A line for the synchronisation daemons.
const SYNC: &str = "sync";

/// What a predecessor has to tell.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Ours {
    pub services: Vec<ServiceKey>,
    /// The synchronisation daemons that run are ours.
    pub sync: bool,
    /// Of the kernel's settings that we have changed.
    pub before: Before,
}

/// What the kernel's settings were.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Before {
    /// `lvs_timeouts`
    pub timeouts: Option<Timeouts>,
    /// `net.ipv4.vs.conntrack`; there are tables of `return_path snat` then.
    pub conntrack: Option<String>,
}

/// The record of one table.
#[derive(Clone, Debug)]
pub(super) struct Record {
    path: PathBuf,
    /// The table it is about: another boot or another namespace has another.
    table: String,
}

impl Record {
    /// `pid_file` is that of the checkers, `namespace` what identifies the network namespace of IPVS.
    pub fn new(pid_file: &Path, namespace: u64) -> Self {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Record { path: pid_file.with_extension("ipvs"), table: format!("{} {namespace}", boot.trim()) }
    }

    /// What a predecessor had; nothing where there was none, or of another table.
    pub fn read(&self) -> Ours {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) || lines.next() != Some(&self.table) {
            return Ours::default();
        }
        let mut ours = Ours::default();
        for line in lines {
            ours.services.extend(key_of(line));
            ours.sync |= line == SYNC;
            ours.before.read(line);
        }
        ours
    }

    /// Replaces it in one step. Blocking.
    pub fn write(&self, mut ours: Ours) -> io::Result<()> {
        ours.services.sort_unstable();
        let mut text = format!("{HEAD}\n{}\n{}", self.table, ours.before.lines());
        if ours.sync {
            let _ = writeln!(text, "{SYNC}");
        }
        for key in ours.services {
            let _ = match key {
                ServiceKey::Address { protocol, address, port } => {
                    writeln!(text, "{protocol} {address} {port}")
                }
                ServiceKey::Fwmark { mark, family } => {
                    let family = if family == Family::V4 { "inet" } else { "inet6" };
                    writeln!(text, "fwmark {mark} {family}")
                }
            };
        }
        let new = self.path.with_extension("ipvs-new");
        fs::write(&new, text)?;
        fs::rename(new, &self.path)
    }

    /// Nothing is ours any more.
    pub fn remove(&self) {
        // There is none where it could not be written.
        let _ = fs::remove_file(&self.path);
    }
}

impl Before {
    fn lines(&self) -> String {
        let timeouts =
            self.timeouts.map(|was| format!("timeouts {} {} {}\n", was.tcp, was.tcp_fin, was.udp));
        let conntrack = self.conntrack.as_ref().map(|was| format!("conntrack {was}\n"));
        timeouts.into_iter().chain(conntrack).collect()
    }

    fn read(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["conntrack", was] => self.conntrack = Some(was.to_owned()),
            ["timeouts", tcp, tcp_fin, udp] => {
                if let (Ok(tcp), Ok(tcp_fin), Ok(udp)) = (tcp.parse(), tcp_fin.parse(), udp.parse()) {
                    self.timeouts = Some(Timeouts { tcp, tcp_fin, udp });
                }
            }
            _ => {}
        }
    }
}

fn key_of(line: &str) -> Option<ServiceKey> {
    let mut words = line.split(' ');
    let (kind, first, second) = (words.next()?, words.next()?, words.next()?);
    if kind == "fwmark" {
        let family = match second {
            "inet" => Family::V4,
            "inet6" => Family::V6,
            _ => return None,
        };
        return Some(ServiceKey::Fwmark { mark: first.parse().ok()?, family });
    }
    let all = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];
    let protocol = all.into_iter().find(|protocol| protocol.to_string() == kind)?;
    let address: IpAddr = first.parse().ok()?;
    Some(ServiceKey::Address { protocol, address, port: second.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_of_the_same_table_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let pid_file = dir.path().join("checkers.pid");
        let keys = vec![
            ServiceKey::Address { protocol: Protocol::Tcp, address: [10, 0, 0, 1].into(), port: 80 },
            ServiceKey::Address { protocol: Protocol::Sctp, address: "fd00::1".parse().unwrap(), port: 0 },
            ServiceKey::Fwmark { mark: 9, family: Family::V6 },
            ServiceKey::Fwmark { mark: u32::MAX, family: Family::V4 },
        ];
        let timeouts = Some(Timeouts { tcp: 900, tcp_fin: 120, udp: 300 });
        let before = Before { timeouts, conntrack: Some("0".into()) };
        let ours = Ours { services: keys, sync: true, before };
        let record = Record::new(&pid_file, 7);
        assert_eq!(record.read(), Ours::default());
        record.write(ours.clone()).unwrap();
        assert_eq!(record.read(), ours);
        assert_eq!(Record::new(&pid_file, 8).read(), Ours::default(), "another namespace's table");
        let path = dir.path().join("checkers.ipvs");
        let damaged = fs::read_to_string(&path).unwrap()
            + "timeouts 1 2\nconntrack\ntcp nowhere 80\nfwmark 5\nicmp 10.0.0.1 8\n\n";
        fs::write(&path, damaged).unwrap();
        assert_eq!(record.read(), ours, "what cannot be read is nobody's");
        record.remove();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");
    }
}

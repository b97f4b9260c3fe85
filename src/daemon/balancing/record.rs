//! Which services of the kernel are ours, beside the pid file of the checkers: a successor whose configuration has
//! changed removes what we left, and nothing else.
//!
//! The kernel does not tell who made a service. Without this a service that was taken out of the file while no daemon
//! ran would stay for good.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::ids::Family;
use crate::objects::ipvs::{Protocol, ServiceKey};

/// The first line; what begins otherwise is not ours to understand.
const HEAD: &str = "standfast ipvs 1";

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
    pub fn read(&self) -> Vec<ServiceKey> {
        let text = fs::read_to_string(&self.path).unwrap_or_default();
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) || lines.next() != Some(&self.table) {
            return Vec::new();
        }
        lines.filter_map(key_of).collect()
    }

    /// Replaces it in one step. Blocking.
    pub fn write(&self, mut keys: Vec<ServiceKey>) -> io::Result<()> {
        keys.sort_unstable();
        let mut text = format!("{HEAD}\n{}\n", self.table);
        for key in keys {
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
        let record = Record::new(&pid_file, 7);
        assert_eq!(record.read(), []);
        record.write(keys.clone()).unwrap();
        assert_eq!(record.read(), keys);
        assert_eq!(Record::new(&pid_file, 8).read(), [], "another namespace's table");
        let path = dir.path().join("checkers.ipvs");
        let damaged = fs::read_to_string(&path).unwrap() + "tcp nowhere 80\nfwmark 5\nicmp 10.0.0.1 8\n\n";
        fs::write(&path, damaged).unwrap();
        assert_eq!(record.read(), keys, "what cannot be read is nobody's");
        record.remove();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");
    }
}

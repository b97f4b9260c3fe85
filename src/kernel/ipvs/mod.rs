//! The kernel's IPVS table over generic netlink: read it, change it, many changes in one go.
//!
//! [`attributes`] and [`message`] are the wire format, [`codec`] goes between it and
//! [`crate::objects::ipvs`], and [`Ipvs`] talks to the kernel. Calls block, some 10 to 40 microseconds a
//! change.

pub mod attributes;
pub mod codec;
pub mod message;
pub mod value;

use std::path::PathBuf;
use std::{fs, process};

use netlink_packet_core::NetlinkMessage;
use netlink_packet_generic::{GenlFamily, GenlMessage};
use nix::errno::Errno;
use thiserror::Error;

use crate::objects::ipvs::{Connections, DestKey, Destination, Op, Pool, Service, ServiceKey, SyncDaemon};

use super::genl;
use super::netlink::{Channel, NetlinkError};
use attributes::{CommandAttribute, InfoAttribute};
use message::{Attributes, Command, IpvsMessage};

/// An open way to the IPVS table of the network namespace in which it was opened.
pub struct Ipvs {
    channel: Channel,
    family: u16,
}

/// Why there is no IPVS to talk to.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The kernel has no IPVS, and loading it did not help.
    #[error("the kernel has no IPVS: module ip_vs: {0}")]
    Absent(String),
    /// No generic netlink at all, or not for us.
    #[error(transparent)]
    Netlink(#[from] NetlinkError),
}

/// A change that the kernel refused.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{op:?}: {}", Errno::from_raw(*.errno).desc())]
pub struct IpvsError {
    pub op: Op,
    /// `ESRCH`: no such service, `ENOENT`: no such destination (or no such scheduler), `EEXIST`: there
    /// already, `EPERM`: not for us.
    pub errno: i32,
}

impl IpvsError {
    /// The table is already as the change would have made it: nothing to delete, or, with attributes that
    /// may still differ, nothing to add.
    pub fn already(&self) -> bool {
        match &self.op {
            Op::NewService(..) | Op::NewDest(..) | Op::NewDaemon(_) => self.errno == libc::EEXIST,
            Op::DelService(_) | Op::DelDest(..) | Op::DelDaemon(_) => {
                matches!(self.errno, libc::ENOENT | libc::ESRCH)
            }
            Op::SetService(..) | Op::SetDest(..) => false,
        }
    }
}

/// `IPVS_CMD_GET_INFO`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Info {
    /// Major, minor, patch.
    pub version: (u8, u8, u8),
    /// Buckets of the connection table.
    pub connection_table_size: u32,
}

/// Idle seconds after which a connection is forgotten. When set, 0 leaves a value as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Timeouts {
    pub tcp: u32,
    /// After a FIN.
    pub tcp_fin: u32,
    pub udp: u32,
}

impl Ipvs {
    /// Opens the table of the current network namespace, loading `ip_vs` where the kernel has not done so
    /// yet.
    pub fn open() -> Result<Self, OpenError> {
        let mut channel = Channel::open(libc::NETLINK_GENERIC as isize)?;
        let name = IpvsMessage::family_name();
        if let Some(family) = genl::resolve(&mut channel, name)? {
            return Ok(Ipvs { channel, family });
        }
        let loaded = load_module();
        match genl::resolve(&mut channel, name)? {
            Some(family) => Ok(Ipvs { channel, family }),
            None => Err(OpenError::Absent(match loaded {
                Ok(()) => "loaded, but not to be found".to_owned(),
                Err(reason) => reason,
            })),
        }
    }

    /// The kernel's version of IPVS.
    pub fn info(&mut self) -> Result<Info, NetlinkError> {
        let mut info = Info::default();
        for answer in self.get(IpvsMessage::new(Command::GET_INFO, Vec::new()))? {
            let Attributes::Info(attributes) = answer.attributes else { continue };
            for attribute in attributes {
                match attribute {
                    InfoAttribute::Version(version) => {
                        let [_, major, minor, patch] = version.to_be_bytes();
                        info.version = (major, minor, patch);
                    }
                    InfoAttribute::ConnTabSize(size) => info.connection_table_size = size,
                    InfoAttribute::Other(..) => {}
                }
            }
        }
        Ok(info)
    }

    /// Every service in the table, ours and foreign.
    pub fn services(&mut self) -> Result<Vec<(ServiceKey, Service)>, NetlinkError> {
        let found = self.dump_attributes(IpvsMessage::new(Command::GET_SERVICE, Vec::new()))?;
        Ok(found
            .iter()
            .filter_map(|attribute| match attribute {
                CommandAttribute::Service(service) => codec::service(service),
                _ => None,
            })
            .collect())
    }

    /// The destinations of a service, oldest first (the kernel's own list is the other way round). Empty
    /// where there is no such service.
    pub fn destinations(&mut self, key: &ServiceKey) -> Result<Vec<(DestKey, Destination)>, NetlinkError> {
        let found = self.dump_attributes(codec::list_destinations(key))?;
        Ok(found
            .iter()
            .rev()
            .filter_map(|attribute| match attribute {
                CommandAttribute::Dest(dest) => codec::destination(key.family(), dest),
                _ => None,
            })
            .collect())
    }

    /// How many connections each destination of a service has.
    pub fn connections(&mut self, key: &ServiceKey) -> Result<Vec<(DestKey, Connections)>, NetlinkError> {
        let found = self.dump_attributes(codec::list_destinations(key))?;
        Ok(found
            .iter()
            .filter_map(|attribute| match attribute {
                CommandAttribute::Dest(dest) => codec::connections(key.family(), dest),
                _ => None,
            })
            .collect())
    }

    /// The whole table.
    pub fn dump(&mut self) -> Result<Vec<(ServiceKey, Pool)>, NetlinkError> {
        let services = self.services()?;
        let mut table = Vec::with_capacity(services.len());
        for (key, service) in services {
            table.push((key, Pool { service, destinations: self.destinations(&key)? }));
        }
        Ok(table)
    }

    /// The synchronisation daemons that run.
    pub fn daemons(&mut self) -> Result<Vec<SyncDaemon>, NetlinkError> {
        let found = self.dump_attributes(IpvsMessage::new(Command::GET_DAEMON, Vec::new()))?;
        Ok(found
            .iter()
            .filter_map(|attribute| match attribute {
                CommandAttribute::Daemon(daemon) => codec::daemon(daemon),
                _ => None,
            })
            .collect())
    }

    /// Makes these changes in this order, whatever becomes of each, and says so in the same order.
    pub fn apply(&mut self, ops: &[Op]) -> Vec<Result<(), IpvsError>> {
        let family = self.family;
        let requests = ops.iter().map(|op| message(family, codec::request(op)));
        let results = self.channel.transact(requests);
        ops.iter()
            .zip(results)
            .map(|(op, result)| {
                result.map_err(|error| IpvsError {
                    op: op.clone(),
                    errno: error.errno().unwrap_or(libc::EPROTO),
                })
            })
            .collect()
    }

    /// The timeouts as they are.
    pub fn timeouts(&mut self) -> Result<Timeouts, NetlinkError> {
        let mut timeouts = Timeouts::default();
        for answer in self.get(IpvsMessage::new(Command::GET_CONFIG, Vec::new()))? {
            let Attributes::Command(attributes) = answer.attributes else { continue };
            for attribute in attributes {
                match attribute {
                    CommandAttribute::TimeoutTcp(seconds) => timeouts.tcp = seconds,
                    CommandAttribute::TimeoutTcpFin(seconds) => timeouts.tcp_fin = seconds,
                    CommandAttribute::TimeoutUdp(seconds) => timeouts.udp = seconds,
                    _ => {}
                }
            }
        }
        Ok(timeouts)
    }

    /// Sets the timeouts that are not 0.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) -> Result<(), NetlinkError> {
        self.change(IpvsMessage::new(
            Command::SET_CONFIG,
            vec![
                CommandAttribute::TimeoutTcp(timeouts.tcp),
                CommandAttribute::TimeoutTcpFin(timeouts.tcp_fin),
                CommandAttribute::TimeoutUdp(timeouts.udp),
            ],
        ))
    }

    /// Empties the table, foreign services too.
    pub fn flush(&mut self) -> Result<(), NetlinkError> {
        self.change(IpvsMessage::new(Command::FLUSH, Vec::new()))
    }

    fn change(&mut self, request: IpvsMessage) -> Result<(), NetlinkError> {
        let request = message(self.family, request);
        self.channel.transact([request]).into_iter().collect()
    }

    fn get(&mut self, request: IpvsMessage) -> Result<Vec<IpvsMessage>, NetlinkError> {
        let request = message(self.family, request);
        Ok(self.channel.get(request)?.into_iter().map(|answer| answer.payload).collect())
    }

    fn dump_attributes(&mut self, request: IpvsMessage) -> Result<Vec<CommandAttribute>, NetlinkError> {
        let request = message(self.family, request);
        let answers = self.channel.dump(request)?.into_iter();
        Ok(answers
            .flat_map(|answer| match answer.payload.attributes {
                Attributes::Command(attributes) => attributes,
                Attributes::Info(_) | Attributes::Encoded(_) => Vec::new(),
            })
            .collect())
    }
}

fn message(family: u16, message: IpvsMessage) -> NetlinkMessage<GenlMessage<IpvsMessage>> {
    let mut message = GenlMessage::from_payload(message.encoded());
    message.set_resolved_family_id(family);
    NetlinkMessage::from(message)
}

/// Runs the program that the kernel itself would run to load `ip_vs`.
fn load_module() -> Result<(), String> {
    let program = fs::read_to_string("/proc/sys/kernel/modprobe")
        .ok()
        .map(|path| PathBuf::from(path.trim()))
        .filter(|path| path.is_absolute())
        .unwrap_or_else(|| "/sbin/modprobe".into());
    #[expect(clippy::disallowed_methods, reason = "no script of the user's; runs before anything is timed")]
    let result = process::Command::new(&program)
        .args(["-q", "ip_vs"])
        .stdin(process::Stdio::null())
        .stdout(process::Stdio::null())
        .stderr(process::Stdio::null())
        .status();
    match result {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{}: {status}", program.display())),
        Err(error) => Err(format!("{}: {error}", program.display())),
    }
}

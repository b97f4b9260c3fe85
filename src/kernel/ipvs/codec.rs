//! Between the table as values ([`crate::objects::ipvs`]) and the messages that carry it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::ids::Family;
use crate::objects::ipvs::{
    Connections, DestKey, Destination, Forwarding, Op, Protocol, Service, ServiceKey, SyncDaemon, SyncRole,
    Tunnel,
};

use super::attributes::{CommandAttribute, DaemonAttribute, DestAttribute, ServiceAttribute, nest, put};
use super::message::{Command, IpvsMessage};
use super::value::{Flags, Port};

/// `IP_VS_CONN_F_FWD_MASK`; the kernel reports other connection flags beside the method.
const FWD_MASK: u32 = 0x0007;
/// `IP_VS_STATE_MASTER`
const STATE_MASTER: u32 = 1;
/// `IP_VS_STATE_BACKUP`
const STATE_BACKUP: u32 = 2;

/// The request that asks the kernel for this change, as bytes: there may be ten thousand of them.
pub fn request(op: &Op) -> IpvsMessage {
    let (command, key) = match op {
        Op::NewService(key, _) => (Command::NEW_SERVICE, Some(key)),
        Op::SetService(key, _) => (Command::SET_SERVICE, Some(key)),
        Op::DelService(key) => (Command::DEL_SERVICE, Some(key)),
        Op::NewDest(key, ..) => (Command::NEW_DEST, Some(key)),
        Op::SetDest(key, ..) => (Command::SET_DEST, Some(key)),
        Op::DelDest(key, _) => (Command::DEL_DEST, Some(key)),
        Op::NewDaemon(_) => (Command::NEW_DAEMON, None),
        Op::DelDaemon(_) => (Command::DEL_DAEMON, None),
    };
    IpvsMessage::written(command, |out| {
        if let Some(key) = key {
            nest(out, CommandAttribute::SERVICE, |out| {
                put_service_key(out, key);
                if let Op::NewService(_, service) | Op::SetService(_, service) = op {
                    put_service(out, service);
                }
            });
        }
        match op {
            Op::NewDest(_, dest, value) | Op::SetDest(_, dest, value) => {
                nest(out, CommandAttribute::DEST, |out| {
                    put_dest_key(out, dest);
                    put_dest(out, value);
                });
            }
            Op::DelDest(_, dest) => nest(out, CommandAttribute::DEST, |out| put_dest_key(out, dest)),
            Op::NewDaemon(daemon) => nest(out, CommandAttribute::DAEMON, |out| put_daemon(out, daemon)),
            Op::DelDaemon(role) => nest(out, CommandAttribute::DAEMON, |out| {
                put(out, &DaemonAttribute::State(state(*role)));
            }),
            Op::NewService(..) | Op::SetService(..) | Op::DelService(_) => {}
        }
    })
}

/// The request that lists the destinations of a service.
pub fn list_destinations(key: &ServiceKey) -> IpvsMessage {
    IpvsMessage::written(Command::GET_DEST, |out| {
        nest(out, CommandAttribute::SERVICE, |out| put_service_key(out, key));
    })
}

fn put_service_key(out: &mut Vec<u8>, key: &ServiceKey) {
    put(out, &ServiceAttribute::Af(family_number(key.family())));
    match key {
        ServiceKey::Address { protocol, address, port } => {
            put(out, &ServiceAttribute::Protocol(u16::from(protocol.number())));
            put(out, &ServiceAttribute::Addr(octets(*address)));
            put(out, &ServiceAttribute::Port(Port(*port)));
        }
        ServiceKey::Fwmark { mark, .. } => put(out, &ServiceAttribute::Fwmark(*mark)),
    }
}

fn put_service(out: &mut Vec<u8>, service: &Service) {
    put(out, &ServiceAttribute::SchedName(service.scheduler.to_string()));
    if let Some(engine) = &service.persistence_engine {
        put(out, &ServiceAttribute::PeName(engine.to_string()));
    }
    put(out, &ServiceAttribute::Flags(Flags { flags: service.flags, mask: u32::MAX }));
    put(out, &ServiceAttribute::Timeout(service.timeout));
    put(out, &ServiceAttribute::Netmask(service.netmask));
}

fn put_dest_key(out: &mut Vec<u8>, key: &DestKey) {
    put(out, &DestAttribute::AddrFamily(family_number(Family::of(key.address))));
    put(out, &DestAttribute::Addr(octets(key.address)));
    put(out, &DestAttribute::Port(Port(key.port)));
}

fn put_dest(out: &mut Vec<u8>, value: &Destination) {
    put(out, &DestAttribute::FwdMethod(forwarding_number(value.forwarding)));
    put(out, &DestAttribute::Weight(value.weight));
    // Absent means plain IPIP, and kernels before 5.3 know nothing else.
    if let Forwarding::Tunnel(tunnel) = value.forwarding
        && tunnel != Tunnel::default()
    {
        put(out, &DestAttribute::TunType(tunnel.kind));
        put(out, &DestAttribute::TunPort(Port(tunnel.port)));
        put(out, &DestAttribute::TunFlags(tunnel.flags));
    }
    put(out, &DestAttribute::UThresh(value.upper_threshold));
    put(out, &DestAttribute::LThresh(value.lower_threshold));
}

fn put_daemon(out: &mut Vec<u8>, daemon: &SyncDaemon) {
    put(out, &DaemonAttribute::State(state(daemon.role)));
    put(out, &DaemonAttribute::McastIfn(daemon.interface.to_string()));
    put(out, &DaemonAttribute::SyncId(daemon.sync_id));
    // Kernels before 4.3 know none of these: sent only when they differ from the kernel's defaults.
    if daemon.max_len != 0 {
        put(out, &DaemonAttribute::SyncMaxlen(daemon.max_len));
    }
    if daemon.port != 0 {
        put(out, &DaemonAttribute::McastPort(daemon.port));
    }
    if daemon.ttl != 0 {
        put(out, &DaemonAttribute::McastTtl(daemon.ttl));
    }
    match daemon.group {
        Some(IpAddr::V4(group)) => put(out, &DaemonAttribute::McastGroup(group.octets())),
        Some(IpAddr::V6(group)) => put(out, &DaemonAttribute::McastGroup6(group.octets())),
        None => {}
    }
}

/// The service that these attributes describe; `None` if they lack its identity.
pub fn service(attributes: &[ServiceAttribute]) -> Option<(ServiceKey, Service)> {
    let (mut family, mut protocol, mut address, mut port, mut mark) = (None, None, None, 0, 0);
    let (mut scheduler, mut persistence_engine) = (String::new(), None);
    let (mut flags, mut timeout, mut netmask) = (0, 0, 0);
    for attribute in attributes {
        match attribute {
            ServiceAttribute::Af(number) => family = family_of_number(*number),
            ServiceAttribute::Protocol(number) => protocol = protocol_of_number(*number),
            ServiceAttribute::Addr(octets) => address = Some(*octets),
            ServiceAttribute::Port(number) => port = number.0,
            ServiceAttribute::Fwmark(number) => mark = *number,
            ServiceAttribute::SchedName(name) => scheduler.clone_from(name),
            ServiceAttribute::PeName(name) => persistence_engine = Some(name.as_str().into()),
            ServiceAttribute::Flags(value) => flags = value.flags,
            ServiceAttribute::Timeout(seconds) => timeout = *seconds,
            ServiceAttribute::Netmask(mask) => netmask = *mask,
            ServiceAttribute::Stats(_) | ServiceAttribute::Stats64(_) | ServiceAttribute::Other(..) => {}
        }
    }
    let family = family?;
    let key = if mark != 0 {
        ServiceKey::Fwmark { mark, family }
    } else {
        ServiceKey::Address { protocol: protocol?, address: address_of(family, address?), port }
    };
    Some((key, Service { scheduler: scheduler.into(), persistence_engine, flags, timeout, netmask }))
}

/// The destination that these attributes describe, in a service of `family`; `None` if they lack its
/// identity.
pub fn destination(family: Family, attributes: &[DestAttribute]) -> Option<(DestKey, Destination)> {
    let (mut family, mut address, mut port, mut method) = (Some(family), None, 0, 0);
    let mut tunnel = Tunnel::default();
    let (mut weight, mut upper_threshold, mut lower_threshold) = (0, 0, 0);
    for attribute in attributes {
        match attribute {
            DestAttribute::AddrFamily(number) => family = family_of_number(*number),
            DestAttribute::Addr(octets) => address = Some(*octets),
            DestAttribute::Port(number) => port = number.0,
            DestAttribute::FwdMethod(number) => method = *number,
            DestAttribute::Weight(number) => weight = *number,
            DestAttribute::UThresh(number) => upper_threshold = *number,
            DestAttribute::LThresh(number) => lower_threshold = *number,
            DestAttribute::TunType(kind) => tunnel.kind = *kind,
            DestAttribute::TunPort(number) => tunnel.port = number.0,
            DestAttribute::TunFlags(flags) => tunnel.flags = *flags,
            DestAttribute::ActiveConns(_)
            | DestAttribute::InactConns(_)
            | DestAttribute::PersistConns(_)
            | DestAttribute::Stats(_)
            | DestAttribute::Stats64(_)
            | DestAttribute::Other(..) => {}
        }
    }
    let key = DestKey { address: address_of(family?, address?), port };
    let forwarding = forwarding_of_number(method, tunnel)?;
    Some((key, Destination { forwarding, weight, upper_threshold, lower_threshold }))
}

/// How many connections these attributes tell of, for a destination in a service of `family`.
pub fn connections(family: Family, attributes: &[DestAttribute]) -> Option<(DestKey, Connections)> {
    let (key, _) = destination(family, attributes)?;
    let mut connections = Connections::default();
    for attribute in attributes {
        match attribute {
            DestAttribute::ActiveConns(number) => connections.active = *number,
            DestAttribute::InactConns(number) => connections.inactive = *number,
            _ => {}
        }
    }
    Some((key, connections))
}

/// The synchronisation daemon that these attributes describe; `None` if they lack its role.
pub fn daemon(attributes: &[DaemonAttribute]) -> Option<SyncDaemon> {
    let (mut role, mut interface, mut sync_id) = (None, String::new(), 0);
    let (mut max_len, mut group, mut port, mut ttl) = (0, None, 0, 0);
    for attribute in attributes {
        match attribute {
            DaemonAttribute::State(STATE_MASTER) => role = Some(SyncRole::Master),
            DaemonAttribute::State(STATE_BACKUP) => role = Some(SyncRole::Backup),
            DaemonAttribute::McastIfn(name) => interface.clone_from(name),
            DaemonAttribute::SyncId(id) => sync_id = *id,
            DaemonAttribute::SyncMaxlen(bytes) => max_len = *bytes,
            DaemonAttribute::McastGroup(octets) => group = Some(IpAddr::from(*octets)),
            DaemonAttribute::McastGroup6(octets) => group = Some(IpAddr::from(*octets)),
            DaemonAttribute::McastPort(number) => port = *number,
            DaemonAttribute::McastTtl(hops) => ttl = *hops,
            DaemonAttribute::State(_) | DaemonAttribute::Other(..) => {}
        }
    }
    Some(SyncDaemon { role: role?, interface: interface.into(), sync_id, max_len, group, port, ttl })
}

const fn state(role: SyncRole) -> u32 {
    match role {
        SyncRole::Master => STATE_MASTER,
        SyncRole::Backup => STATE_BACKUP,
    }
}

const fn family_number(family: Family) -> u16 {
    match family {
        Family::V4 => libc::AF_INET as u16,
        Family::V6 => libc::AF_INET6 as u16,
    }
}

fn family_of_number(number: u16) -> Option<Family> {
    [Family::V4, Family::V6].into_iter().find(|family| family_number(*family) == number)
}

fn protocol_of_number(number: u16) -> Option<Protocol> {
    let all = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];
    all.into_iter().find(|protocol| u16::from(protocol.number()) == number)
}

const fn forwarding_number(forwarding: Forwarding) -> u32 {
    match forwarding {
        Forwarding::Masq => 0,
        Forwarding::LocalNode => 1,
        Forwarding::Tunnel(_) => 2,
        Forwarding::DirectRoute => 3,
        Forwarding::Bypass => 4,
    }
}

const fn forwarding_of_number(method: u32, tunnel: Tunnel) -> Option<Forwarding> {
    Some(match method & FWD_MASK {
        0 => Forwarding::Masq,
        1 => Forwarding::LocalNode,
        2 => Forwarding::Tunnel(tunnel),
        3 => Forwarding::DirectRoute,
        4 => Forwarding::Bypass,
        _ => return None,
    })
}

/// `union nf_inet_addr`
fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V6(v6) => v6.octets(),
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
    }
}

fn address_of(family: Family, octets: [u8; 16]) -> IpAddr {
    match family {
        Family::V6 => Ipv6Addr::from(octets).into(),
        Family::V4 => {
            let [a, b, c, d, ..] = octets;
            Ipv4Addr::new(a, b, c, d).into()
        }
    }
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;

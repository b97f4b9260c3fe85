//! The router's notes in keepalived's words: operators and tools grep them.

use std::fmt::Write as _;
use std::time::Duration;

use tracing::Level;

use super::Line;
use crate::config::model::TrackFile;
use crate::ids::Name;
use crate::vrrp::note::{Fault, Note, What};
use crate::vrrp::tracking::Kind;
use crate::vrrp::wire::Refusal;

/// The line for a note.
pub fn render(note: &Note) -> Line {
    let text = words(&note.what);
    let text = match &note.what {
        What::GroupSyncing { .. } => format!("VRRP_Group({}) {text}", note.about),
        What::Presence { .. } => format!("Interface {} {text}", note.about),
        // keepalived writes a colon behind the name for every reason but a missing address.
        What::Fault(Fault::NoAddress(_)) => format!("({}) {text}", note.about),
        What::Fault(_) | What::FaultOver(_) => format!("({}): {text}", note.about),
        What::AddressRemoved { .. }
        | What::StartupDelayed(_)
        | What::StartupCompleted
        | What::UnknownRouter { .. } => text,
        What::Source { address, present: true } => {
            format!("Assigned address {address} for interface {}", note.about)
        }
        What::Source { address, .. } => {
            format!("Deassigned address {address} from interface {}", note.about)
        }
        What::Link { up } => format!("Netlink reports {} {}", note.about, if *up { "up" } else { "down" }),
        What::LinkBeat { up } => {
            format!("Linkbeat reports {} {}", note.about, if *up { "up" } else { "down" })
        }
        _ => format!("({}) {text}", note.about),
    };
    Line { level: Level::INFO, detail: is_detail(&note.what), text }
}

/// Whether the line is for `-D` only.
pub fn is_detail(what: &What) -> bool {
    matches!(
        what,
        What::AdvertTimeout
            | What::SentPriorityZero
            | What::SettingVips { .. }
            | What::RemovingVips { .. }
            | What::Filtering(_)
            | What::Source { .. }
            | What::SettingObjects(_)
            | What::RemovingObjects(_)
            | What::MasterSet { .. }
            | What::IntervalAdopted { .. }
            | What::IntervalOwn { .. }
            | What::PreemptDelayStarted { .. }
            | What::Announcing { .. }
    )
}

/// The words without the name.
fn words(what: &What) -> String {
    match what {
        What::Entering { state, first } => {
            format!("Entering {} STATE{}", state.as_str(), if *first { " (init)" } else { "" })
        }
        What::Fault(fault) => reason(fault),
        What::AdvertTimeout => "Receive advertisement timeout".into(),
        What::SentPriorityZero => "sent 0 priority".into(),
        What::BackupReceivedPriorityZero => "Backup received priority 0 advertisement".into(),
        What::MasterReceivedPriorityZero { .. } => "Master received priority 0 message".into(),
        What::SettingVips { excluded } => format!("setting {}.", vips(*excluded)),
        What::RemovingVips { excluded } => format!("removing {}.", vips(*excluded)),
        What::Filtering(on) => {
            format!("{} firewall drop rule", if *on { "setting" } else { "removing" })
        }
        What::AddressGone { address } => {
            format!("ip address {} dev {}, no longer exist", address.net, address.interface)
        }
        What::Source { .. } => String::new(),
        What::SettingObjects(objects) => format!("setting Virtual {objects:?}"),
        What::RemovingObjects(objects) => format!("removing Virtual {objects:?}"),
        What::LowerPriorityDiscarded { priority, from } => {
            format!("received lower priority ({priority}) advert from {from} - discarding")
        }
        What::LowerPriority { priority, ours, from, answered } => {
            format!(
                "Received advert from {from} with lower priority {priority}, ours {ours}{}",
                if *answered { ", forcing new election" } else { "" }
            )
        }
        What::HigherPriority { priority, ours, from } => {
            format!("Master received advert from {from} with higher priority {priority}, ours {ours}")
        }
        What::SamePriorityHigherAddress { priority, from } => {
            format!(
                "Master received advert from {from} with same priority {priority} but higher IP address than ours"
            )
        }
        What::SequenceSynced => "IPSEC-AH : Syncing seq_num - Increment seq".into(),
        What::ClockSkew { skew, window, from } => {
            format!("authentication clock skew {skew} sec from {from} approaching window {window} sec")
        }
        What::MasterSet { now, before: None } => format!("master set to {now}"),
        What::MasterSet { now, before: Some(before) } => {
            format!("master changed from {before} to {now}")
        }
        What::PriorityChanged { from, to } => {
            format!("Changing effective priority from {from} to {to}")
        }
        What::PrioritySet { to } => format!("Setting effective priority to {to}"),
        What::IntervalAdopted { from, to } => {
            format!(
                "advertisement interval updated from {}ms to {}ms by master",
                from.as_millis(),
                to.as_millis()
            )
        }
        What::IntervalOwn { from, to } => {
            format!(
                "changing advert interval from {}ms to locally configured {}ms",
                from.as_millis(),
                to.as_millis()
            )
        }
        What::PreemptDelayStarted { delay } => {
            format!("start preempt delay ({:.6})", delay.as_secs_f64())
        }
        What::Announcing { address } => {
            let packets = if address.net.addr().is_ipv4() {
                "gratuitous ARPs"
            } else {
                "Unsolicited Neighbour Adverts"
            };
            format!("Sending/queueing {packets} on {} for {}", address.interface, address.address())
        }
        What::AddressListDiffers { vrid, ours, received, missing, from } => {
            let mut text = String::new();
            if ours != received {
                let _ = write!(text, "expected {ours} VIPs but received {received} from {from}");
            }
            if let Some(missing) = missing {
                let separator = if text.is_empty() { "" } else { "; " };
                let _ = write!(
                    text,
                    "{separator}ip address associated with VRID {vrid} not present in advert from {from}: {missing}"
                );
            }
            text
        }
        What::IntervalDiffers { ours, received, from } => {
            format!(
                "advertisement interval mismatch ours = {} centi-sec rcv'd={} centi-sec from {from}",
                ours.as_millis() / 10,
                received.as_millis() / 10
            )
        }
        What::Refused { refusal, from, version, interval } => {
            refused(*refusal, &from.to_string(), version.number(), *interval)
        }
        What::Stranger { from, mac, priority, vrid, refusal, count } => {
            let mac = mac.map_or_else(|| "unknown".into(), |mac| mac.to_string());
            let priority = priority.map_or_else(|| "none".into(), |priority| priority.to_string());
            let text = format!(
                "{from} (MAC {mac}, priority {priority}) sends adverts for VRID {vrid} that are refused: {count} since the last report, the last for: {refusal}"
            );
            text
        }
        What::GroupSyncing { state } => format!("Syncing instances to {} state", state.as_str()),
        What::Link { .. } | What::LinkBeat { .. } => String::new(),
        What::Presence { present } => (if *present { "added" } else { "deleted" }).into(),
        What::OwnerConflict { from } => {
            format!(
                "CONFIGURATION ERROR: local instance and {from} are both configured as address owner, please resolve"
            )
        }
        What::OwnerLowered { from, to } => {
            format!(
                "CONFIGURATION ERROR: local instance and {from} are both configured as address owner, please fix - reducing local priority to {to}"
            )
        }
        What::OwnerStopped { from } => {
            format!("rogue address owner {from} appears to have stopped advertising")
        }
        What::AddressesBeyondPacket { named, of, mtu } => {
            format!("an advert of {mtu} bytes names {named} of {of} VIPs, the others are set like E-VIPs")
        }
        What::StartupDelayed(delay) => {
            format!("Delaying startup for {} seconds", delay.as_secs_f64())
        }
        What::StartupCompleted => "Delayed start completed".into(),
        What::AddressRemoved { address } => {
            format!("Netlink reflector reports IP {} removed from {}", address.address(), address.interface)
        }
        What::AddressRestored { address } => {
            format!(
                "{} was removed from {} by somebody else: putting it back",
                address.address(),
                address.interface
            )
        }
        What::ObjectRestored { object } => {
            format!("{} {object} was removed by somebody else: putting it back", object.what())
        }
        What::ObjectRemoved { object } => {
            format!("{} {object} was removed by somebody else again", object.what())
        }
        What::Stalled { by } => {
            format!(
                "was held up for {:.3} s, longer than its peers wait: listening before speaking",
                by.as_secs_f64()
            )
        }
        What::WeightIgnored { kind, tracked, weight, owner } => {
            weight_ignored(*kind, tracked, *weight, *owner)
        }
        What::UnknownRouter { vrid, interface, from } => {
            format!("Unknown VRID({vrid}) received on interface({interface}) from {from}. ignoring...")
        }
        What::PeerChecksum { old } => {
            format!("Setting unicast VRRPv3 checksum to {} version", if *old { "old" } else { "new" })
        }
        What::FaultOver(fault) => fault_over(fault),
    }
}

fn vips(excluded: bool) -> &'static str {
    if excluded { "E-VIPs" } else { "VIPs" }
}

fn reason(fault: &Fault) -> String {
    let why = match fault {
        Fault::InterfaceAbsent(name) => format!("(interface {name} does not exist, waiting for it)"),
        Fault::InterfaceDown(name) | Fault::TrackedInterface(name) => format!("(interface {name} down)"),
        Fault::NoAddress(family) => format!("(no {family} address for interface)"),
        Fault::DuplicateAddress(name, address) => {
            format!("(address {address} of {name} is used by another host)")
        }
        Fault::SourceGone(address) => format!("(source address {address} is not on the interface)"),
        Fault::NoPeers => "(no unicast peers)".into(),
        Fault::Script(name) => format!("due to script {name}"),
        Fault::File(name) => return format!("tracked file {name} now FAULT state"),
        Fault::Process(name) => format!("(tracked process {name} quorum not achieved)"),
        Fault::Bfd(name) => format!("due to BFD instance {name}"),
        Fault::TrackGroup(name) => format!("(static object of track_group {name} is missing)"),
        Fault::ScriptPending(name) => format!("until script {name} has had its first result"),
    };
    format!("entering FAULT state {why}")
}

fn fault_over(fault: &Fault) -> String {
    match fault {
        Fault::File(name) => format!("tracked file {name} leaving FAULT state"),
        fault => format!("no longer {}", reason(fault)),
    }
}

fn weight_ignored(kind: Kind, tracked: &Name, weight: i16, owner: bool) -> String {
    let why = if owner { "address_owner" } else { "SYNC group" };
    match kind {
        Kind::Interface => format!("ignoring {tracked} tracked interface weight due to {why}"),
        Kind::Script => format!("ignoring tracked script {tracked} with weights due to {why}"),
        Kind::File if weight != TrackFile::WEIGHT => {
            format!("ignoring tracked file {tracked} with weight {weight} due to {why}")
        }
        Kind::File => format!("ignoring weight from tracked file {tracked} due to {why}. specify weight 0"),
        Kind::Process => format!("ignoring tracked process {tracked} with weights due to {why}"),
        Kind::Bfd => format!("ignoring BFD instance {tracked} with weights due to {why}"),
    }
}

fn refused(refusal: Refusal, from: &str, ours: u8, interval: Duration) -> String {
    match refusal {
        Refusal::Length => format!("received a packet from {from} that is too short for its contents"),
        Refusal::Ttl(ttl) => format!("invalid TTL/HL from {from}. Received {ttl} and expect 255"),
        Refusal::TtlRange { ttl, least, most } => {
            format!("TTL/HL {ttl} from {from} not in range {least} - {most}")
        }
        Refusal::Version(version) => {
            format!("wrong VRRP version from {from}. Received {version} and expect {ours}")
        }
        Refusal::AuthType(received, expected) => {
            format!("received a {received} auth from {from}, expecting {expected}!")
        }
        Refusal::UnknownAuthType(received) => format!("unknown authentication type {received} from {from}"),
        Refusal::Password => format!("received an invalid passwd from {from}!"),
        Refusal::AuthHeader(true) => format!("IPSEC-AH : not configured, but in a packet from {from}"),
        Refusal::AuthHeader(false) => format!("IPSEC-AH : configured, but not in a packet from {from}"),
        Refusal::Spi(index) => format!("IPSEC AH : invalid IPSEC SPI value. {index} and expect {from}"),
        Refusal::Icv => {
            "IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !".to_owned()
        }
        Refusal::Replay { received, last } => format!(
            "IPSEC-AH : sequence number {received} already processed. Packet dropped. Local({last})"
        ),
        Refusal::Interval(received) => {
            format!(
                "advertisement interval mismatch with {from} mine={} sec rcv'd={received} sec",
                interval.as_secs()
            )
        }
        Refusal::Type(kind) => format!("invalid packet type {kind} from {from}"),
        Refusal::Checksum => format!("Invalid VRRPv{ours} checksum from {from}"),
        Refusal::Destination => {
            format!("received a multicast packet as unicast, or the reverse, from {from}")
        }
        Refusal::UnknownPeer => format!("unicast source address {from} not a unicast peer"),
        Refusal::TrailerMissing => format!("missing authentication trailer from {from}"),
        Refusal::TrailerMalformed => format!("malformed authentication trailer from {from}"),
        Refusal::TrailerKey(id) => format!("unknown authentication key id {id} from {from}"),
        Refusal::TrailerHmac => format!("invalid authentication HMAC from {from}"),
        Refusal::TrailerStale { skew, window } => format!(
            "stale authentication trailer from {from}, clock skew {skew} sec exceeds window {window} sec"
        ),
        Refusal::TrailerReplay => format!("replayed authentication trailer from {from}"),
        Refusal::OwnSource => format!("received an advert with our own address {from}: ignored"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::Version;
    use crate::vrrp::action::State;

    #[test]
    fn words_of_keepalived() {
        let text = |what| render(&Note { about: "VI_1".into(), what }).text;
        assert_eq!(
            text(What::Entering { state: State::Backup, first: true }),
            "(VI_1) Entering BACKUP STATE (init)"
        );
        assert_eq!(
            text(What::Entering { state: State::Master, first: false }),
            "(VI_1) Entering MASTER STATE"
        );
        assert_eq!(
            text(What::GroupSyncing { state: State::Fault }),
            "VRRP_Group(VI_1) Syncing instances to FAULT state"
        );
        assert_eq!(
            text(What::LowerPriorityDiscarded { priority: 90, from: "10.0.0.2".parse().unwrap() }),
            "(VI_1) received lower priority (90) advert from 10.0.0.2 - discarding"
        );
        assert_eq!(
            text(What::Fault(Fault::InterfaceDown("eth0".into()))),
            "(VI_1): entering FAULT state (interface eth0 down)"
        );
        assert_eq!(
            text(What::Fault(Fault::NoAddress(crate::ids::Family::V4))),
            "(VI_1) entering FAULT state (no IPv4 address for interface)"
        );
        assert_eq!(
            text(What::Fault(Fault::DuplicateAddress("eth0".into(), "fe80::1".parse().unwrap()))),
            "(VI_1): entering FAULT state (address fe80::1 of eth0 is used by another host)"
        );
        assert_eq!(text(What::Presence { present: false }), "Interface VI_1 deleted");
        let from = "10.0.0.2".parse().unwrap();
        let refused = |refusal| {
            let interval = Duration::from_secs(1);
            text(What::Refused { refusal, from, version: Version::V2, interval })
        };
        assert_eq!(refused(Refusal::Checksum), "(VI_1) Invalid VRRPv2 checksum from 10.0.0.2");
        assert_eq!(
            refused(Refusal::Version(4)),
            "(VI_1) wrong VRRP version from 10.0.0.2. Received 4 and expect 2"
        );
    }
}

//! What the kernel and the wire show of the daemon.

use super::file::{Instance, LINKS, Standing};
use crate::support::capture::Capture;
use crate::support::frame::Advert;
use crate::support::net::Node;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

/// Addresses, devices, routes and rules: a line each, written as the model writes them.
pub fn kernel(node: &Node) -> BTreeSet<String> {
    let text = node.sh("ip -4 -o addr; ip -o link show type macvlan; \
         ip -4 route show table all | grep ^10.60; ip -4 rule");
    let mut lines = BTreeSet::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [_, device, "inet", net, ..] => drop(lines.insert(format!("address {net} on {device}"))),
            [net, "via", via, "dev", device, rest @ ..] if net.starts_with("10.60.") => {
                let metric = rest.iter().skip_while(|word| **word != "metric").take(2);
                let metric: String = metric.map(|word| format!(" {word}")).collect();
                lines.insert(format!("route {net} via {via} dev {device}{metric}"));
            }
            [preference, "from", from, "lookup", table, ..] if from.starts_with("10.61.") => {
                lines.insert(format!("rule {preference} from {from} lookup {table}"));
            }
            [_, device, ..] if line.contains("link/ether") => {
                let (device, parent) =
                    device.trim_end_matches(':').split_once('@').unwrap_or((device, "?"));
                lines.insert(format!("device {device} on {parent}"));
            }
            _ => {}
        }
    }
    lines
}

/// The adverts of one virtual router, on the wire of its interface.
pub fn adverts(capture: &Capture, link: usize, vrid: u8) -> Vec<(Instant, Advert)> {
    let sent = capture.adverts_sent(LINKS[link]).into_iter();
    sent.filter(|(_, advert)| advert.vrrp.get(1) == Some(&vrid)).collect()
}

/// Until when the next one must come.
pub fn interval(advert: &Advert) -> Duration {
    let bytes = &advert.vrrp;
    if bytes[0] >> 4 == 2 {
        Duration::from_secs(u64::from(bytes[5]))
    } else {
        Duration::from_millis(10 * u64::from(u16::from_be_bytes([bytes[4] & 0x0f, bytes[5]])))
    }
}

/// What an advert says, in words.
pub fn said(advert: &Advert) -> String {
    let bytes = &advert.vrrp;
    let kind = if bytes[0] >> 4 == 2 { bytes[4] } else { 0 };
    let addresses = bytes[8..].chunks_exact(4).take(usize::from(bytes[3]));
    let addresses: Vec<String> =
        addresses.map(|four| Ipv4Addr::new(four[0], four[1], four[2], four[3]).to_string()).collect();
    format!(
        "to {} version {} priority {} each {:?} authentication {kind} of {addresses:?}",
        advert.target,
        bytes[0] >> 4,
        bytes[2],
        interval(advert)
    )
}

/// The same words for what a router must say.
pub fn to_say(instance: &Instance, standing: Standing) -> String {
    let target =
        if instance.unicast { format!("10.{}.0.2", instance.link) } else { "224.0.0.18".to_owned() };
    let kind = match instance.password {
        None => 0,
        Some(("PASS", _)) => 1,
        Some(_) => 2,
    };
    let addresses: Vec<&str> =
        instance.addresses.iter().filter_map(|address| address.net.split('/').next()).collect();
    format!(
        "to {target} version {} priority {} each {:?} authentication {kind} of {addresses:?}",
        instance.version,
        standing.priority,
        Duration::from_millis(10 * u64::from(instance.interval)),
    )
}

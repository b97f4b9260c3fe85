//! The tables that bring replies back, as an operator lists them.

use std::net::IpAddr;
use std::process::Command;

use standfast::ids::Family;
use standfast::kernel::nftables::Nftables;
use standfast::objects::ipvs::Protocol;
use standfast::objects::return_path::ReturnPath;

use crate::hosts::lone_host;

fn nft(arguments: &str) -> String {
    let output = Command::new("nft").args(arguments.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "nft {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn path() -> ReturnPath {
    ReturnPath {
        services: [
            (Protocol::Tcp, "10.0.0.1".parse().unwrap(), 80),
            (Protocol::Sctp, "10.0.0.2".parse().unwrap(), 5060),
            (Protocol::Tcp, "10.0.0.3".parse().unwrap(), 0),
            (Protocol::Udp, "fd00::1".parse().unwrap(), 53),
        ]
        .into(),
        marks: [(Family::V4, 7)].into(),
        reals: ["10.1.0.2", "10.1.0.3", "fd01::2"].map(|real| real.parse().unwrap()).into(),
    }
}

const IPV4: &str = "table ip standfast_return_path {
	set services {
		type inet_proto . ipv4_addr . inet_service
		elements = { tcp . 10.0.0.1 . 80,
			     sctp . 10.0.0.2 . 5060 }
	}

	set services_all_ports {
		type inet_proto . ipv4_addr
		elements = { tcp . 10.0.0.3 }
	}

	set fwmarks {
		type mark
		elements = { 0x00000007 }
	}

	set real_servers {
		type ipv4_addr
		elements = { 10.1.0.2, 10.1.0.3 }
	}

	chain balanced {
		type nat hook postrouting priority srcnat - 10; policy accept;
		ct status dnat accept
		ip daddr @real_servers ct protocol . ct original ip daddr . ct original proto-dst @services masquerade
		ip daddr @real_servers ct protocol . ct original ip daddr @services_all_ports masquerade
		ip daddr @real_servers meta mark @fwmarks ct original ip daddr != @real_servers masquerade
	}
}
";

#[test]
fn as_an_operator_lists_it() {
    lone_host();
    let mut nftables = Nftables::open().unwrap();
    nftables.translate(&path()).unwrap();
    assert_eq!(nft("list table ip standfast_return_path"), IPV4);
    let other = nft("list table ip6 standfast_return_path");
    assert!(other.contains("elements = { udp . fd00::1 . 53 }"), "{other}");
    assert!(other.contains("elements = { fd01::2 }"), "{other}");
    assert!(!other.contains("fwmarks"), "no mark is of IPv6: {other}");

    nftables.translate(&ReturnPath { reals: ["fd01::2".parse().unwrap()].into(), ..path() }).unwrap();
    assert_eq!(nft("list tables"), "table ip6 standfast_return_path\n", "of IPv4 nothing is left");
    nftables.translate(&ReturnPath::default()).unwrap();
    assert_eq!(nft("list tables"), "");
}

#[test]
fn one_server_more_is_one_element_more() {
    lone_host();
    let mut nftables = Nftables::open().unwrap();
    nftables.translate(&path()).unwrap();
    let handles = || nft("-a list table ip standfast_return_path");
    let before = handles();
    let mut more = path();
    more.reals.remove(&"10.1.0.3".parse::<IpAddr>().unwrap());
    more.reals.insert("10.1.0.4".parse().unwrap());
    nftables.translate(&more).unwrap();
    assert_eq!(handles(), before.replace("10.1.0.3", "10.1.0.4"), "nothing was made anew");
}

#[test]
fn what_others_take_away_is_noticed_and_made_again() {
    lone_host();
    let mut nftables = Nftables::open_watched().unwrap();
    let mut watch = nftables.watch().unwrap();
    assert!(nftables.watch().is_none(), "there is one");
    nftables.translate(&path()).unwrap();
    assert!(!watch.was_touched().unwrap(), "our own doing");
    nft("add table ip another");
    assert!(!watch.was_touched().unwrap(), "none of ours");
    for damage in ["delete table ip", "flush table ip"] {
        nft(&format!("{damage} standfast_return_path"));
        assert!(watch.was_touched().unwrap(), "{damage}");
        nftables.forget();
        nftables.translate(&path()).unwrap();
        assert!(!watch.was_touched().unwrap());
        assert_eq!(nft("list table ip standfast_return_path"), IPV4, "{damage}");
    }
    // Also where it was not noticed yet.
    nft("flush ruleset");
    let reals = ["10.1.0.2", "10.1.0.3", "10.1.0.4", "fd01::2"].map(|real| real.parse().unwrap());
    nftables.translate(&ReturnPath { reals: reals.into(), ..path() }).unwrap();
    let more = IPV4.replace("10.1.0.3 }", "10.1.0.3,\n\t\t\t     10.1.0.4 }");
    assert_eq!(nft("list table ip standfast_return_path"), more);
}

#[test]
fn a_predecessors_are_replaced_in_one_step() {
    lone_host();
    Nftables::open().unwrap().translate(&path()).unwrap();
    let mut nftables = Nftables::open().unwrap();
    nftables.translate(&ReturnPath { marks: [].into(), ..path() }).unwrap();
    let listed = nft("list table ip standfast_return_path");
    assert!(!listed.contains("fwmarks") && listed.contains("services_all_ports"), "{listed}");
    Nftables::open().unwrap().translate(&ReturnPath::default()).unwrap();
    assert_eq!(nft("list tables"), "");
}

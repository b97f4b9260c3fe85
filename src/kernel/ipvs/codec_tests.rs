//! Against what ipvsadm and a kernel say to each other, and round trips.

use netlink_packet_core::{Emitable, ParseableParametrized};
use netlink_packet_generic::{GenlHeader, GenlMessage};
use proptest::prelude::*;

use super::super::attributes::InfoAttribute;
use super::super::message::Attributes;
use super::*;
use crate::objects::ipvs::SVC_F_PERSISTENT;

const CAPTURES: &str = include_str!("../../../fixtures/netlink/ipvsadm.txt");
/// What the kernel sets on every service.
const HASHED: u32 = crate::objects::ipvs::SVC_F_HASHED;

/// The IPVS messages of one captured command in one direction: `>` sent, `<` received.
fn captured(command: &str, direction: char) -> Vec<Vec<u8>> {
    let title = format!("$ ipvsadm {command}");
    let lines =
        CAPTURES.lines().skip_while(|line| *line != title).skip(1).take_while(|line| !line.is_empty());
    lines
        .filter(|line| line.starts_with(direction) && line.contains(" IPVS "))
        .map(|line| bytes_of(line.rsplit(' ').next().unwrap()))
        .collect()
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn parse(bytes: &[u8]) -> IpvsMessage {
    GenlMessage::<IpvsMessage>::parse_with_param(bytes, 32).unwrap().into_parts().1
}

fn emit(message: IpvsMessage) -> Vec<u8> {
    let message = GenlMessage::from_payload(message);
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    bytes
}

/// ipvsadm sends a whole service where its key is enough, and a tunnel's defaults where the kernel has
/// them anyway. What we leave out is left out here too.
fn without_needless(mut message: IpvsMessage) -> IpvsMessage {
    let whole_service = matches!(message.command, Command::NEW_SERVICE | Command::SET_SERVICE);
    let whole_dest = matches!(message.command, Command::NEW_DEST | Command::SET_DEST);
    let stop = message.command == Command::DEL_DAEMON;
    let Attributes::Command(attributes) = &mut message.attributes else { return message };
    for attribute in attributes {
        match attribute {
            CommandAttribute::Service(service) => service.retain(|attribute| {
                use ServiceAttribute::{Flags, Netmask, SchedName, Timeout};
                whole_service || !matches!(attribute, SchedName(_) | Flags(_) | Timeout(_) | Netmask(_))
            }),
            CommandAttribute::Dest(dest) => dest.retain(|attribute| {
                use DestAttribute::{Addr, AddrFamily, Port as P, TunFlags, TunPort, TunType};
                let idle = matches!(attribute, TunType(0) | TunPort(Port(0)) | TunFlags(0));
                matches!(attribute, AddrFamily(_) | Addr(_) | P(_)) || whole_dest && !idle
            }),
            CommandAttribute::Daemon(daemon) => {
                daemon.retain(|attribute| !stop || matches!(attribute, DaemonAttribute::State(_)));
            }
            _ => {}
        }
    }
    message
}

fn tcp(address: &str, port: u16) -> ServiceKey {
    ServiceKey::Address { protocol: Protocol::Tcp, address: address.parse().unwrap(), port }
}

fn plain(scheduler: &str) -> Service {
    let netmask = u32::MAX;
    Service { scheduler: scheduler.into(), persistence_engine: None, flags: 0, timeout: 0, netmask }
}

fn persistent(scheduler: &str, timeout: u32, netmask: u32) -> Service {
    Service { flags: SVC_F_PERSISTENT, timeout, netmask, ..plain(scheduler) }
}

fn dest(address: &str, port: u16) -> DestKey {
    DestKey { address: address.parse().unwrap(), port }
}

fn weighted(forwarding: Forwarding, weight: u32) -> Destination {
    Destination { forwarding, weight, upper_threshold: 0, lower_threshold: 0 }
}

const GUE: Forwarding = Forwarding::Tunnel(Tunnel { kind: 1, port: 6080, flags: 1 });
const IPIP: Forwarding = Forwarding::Tunnel(Tunnel { kind: 0, port: 0, flags: 0 });

fn daemons() -> [SyncDaemon; 2] {
    [
        SyncDaemon {
            role: SyncRole::Master,
            interface: "dummy9".into(),
            sync_id: 51,
            max_len: 0,
            group: None,
            port: 0,
            ttl: 0,
        },
        SyncDaemon {
            role: SyncRole::Backup,
            interface: "dummy9".into(),
            sync_id: 5,
            max_len: 1400,
            group: Some("224.0.0.90".parse().unwrap()),
            port: 9000,
            ttl: 3,
        },
    ]
}

#[test]
fn requests_are_those_of_ipvsadm() {
    let web = tcp("10.0.0.1", 80);
    let dns =
        ServiceKey::Address { protocol: Protocol::Udp, address: "10.0.0.1".parse().unwrap(), port: 53 };
    let mark = ServiceKey::Fwmark { mark: 7, family: Family::V4 };
    let mark6 = ServiceKey::Fwmark { mark: 8, family: Family::V6 };
    let web6 = tcp("2001:db8::1", 80);
    let class_c = u32::from_ne_bytes([255, 255, 255, 0]);
    let limited =
        Destination { upper_threshold: 100, lower_threshold: 50, ..weighted(Forwarding::DirectRoute, 0) };
    let [master, backup] = daemons();
    let cases = [
        ("-A -t 10.0.0.1:80 -s rr", Op::NewService(web, plain("rr"))),
        (
            "-A -u 10.0.0.1:53 -s wrr -p 300 -M 255.255.255.0",
            Op::NewService(dns, persistent("wrr", 300, class_c)),
        ),
        ("-A -f 7 -s wlc", Op::NewService(mark, plain("wlc"))),
        ("-A -f 8 -6 -s wlc", Op::NewService(mark6, Service { netmask: 128, ..plain("wlc") })),
        ("-A -t [2001:db8::1]:80 -s lc -p 60 -M 64", Op::NewService(web6, persistent("lc", 60, 64))),
        ("-E -t 10.0.0.1:80 -s wrr -p 50", Op::SetService(web, persistent("wrr", 50, u32::MAX))),
        (
            "-a -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 3",
            Op::NewDest(web, dest("10.0.1.1", 80), weighted(Forwarding::Masq, 3)),
        ),
        (
            "-a -t 10.0.0.1:80 -r 10.0.1.2:80 -g -w 0 -x 100 -y 50",
            Op::NewDest(web, dest("10.0.1.2", 80), limited),
        ),
        ("-a -t 10.0.0.1:80 -r 10.0.1.3:80 -i", Op::NewDest(web, dest("10.0.1.3", 80), weighted(IPIP, 1))),
        (
            "-a -t 10.0.0.1:80 -r 10.0.1.4:80 -i --tun-type gue --tun-port 6080 --tun-csum",
            Op::NewDest(web, dest("10.0.1.4", 80), weighted(GUE, 1)),
        ),
        (
            "-a -t 10.0.0.1:80 -r [2001:db8::5]:80 -i",
            Op::NewDest(web, dest("2001:db8::5", 80), weighted(IPIP, 1)),
        ),
        (
            "-a -f 7 -r 10.0.1.9 -g",
            Op::NewDest(mark, dest("10.0.1.9", 0), weighted(Forwarding::DirectRoute, 1)),
        ),
        (
            "-e -t 10.0.0.1:80 -r 10.0.1.1:80 -m -w 7",
            Op::SetDest(web, dest("10.0.1.1", 80), weighted(Forwarding::Masq, 7)),
        ),
        ("-d -t 10.0.0.1:80 -r 10.0.1.2:80", Op::DelDest(web, dest("10.0.1.2", 80))),
        ("-D -u 10.0.0.1:53", Op::DelService(dns)),
        ("--start-daemon master --mcast-interface dummy9 --syncid 51", Op::NewDaemon(master)),
        (
            "--start-daemon backup --mcast-interface dummy9 --syncid 5 --sync-maxlen 1400 \
             --mcast-group 224.0.0.90 --mcast-port 9000 --mcast-ttl 3",
            Op::NewDaemon(backup),
        ),
        ("--stop-daemon master", Op::DelDaemon(SyncRole::Master)),
    ];
    for (command, op) in cases {
        let theirs = captured(command, '>').pop().expect(command);
        assert_eq!(emit(parse(&theirs)), theirs, "{command}: not kept byte by byte");
        let theirs = emit(without_needless(parse(&theirs)));
        assert_eq!(emit(request(&op)), theirs, "{command}: {:?}", request(&op));
    }
}

/// The attributes within the messages that answered a command.
fn answers(command: &str) -> Vec<CommandAttribute> {
    captured(command, '<')
        .iter()
        .flat_map(|bytes| match parse(bytes).attributes {
            Attributes::Command(attributes) => attributes,
            Attributes::Info(_) | Attributes::Encoded(_) => {
                panic!("{command}: an answer about the version")
            }
        })
        .collect()
}

#[test]
fn the_kernels_table_is_understood() {
    let answers = answers("-Sn");
    let services: Vec<_> = answers
        .iter()
        .filter_map(|attribute| match attribute {
            CommandAttribute::Service(attributes) => Some(service(attributes).unwrap()),
            _ => None,
        })
        .collect();
    let web = services.iter().find(|(key, _)| *key == tcp("10.0.0.1", 80)).unwrap();
    let wanted = Service { flags: SVC_F_PERSISTENT | HASHED, ..persistent("wrr", 50, u32::MAX) };
    assert_eq!(web.1, wanted);
    let web6 = services.iter().find(|(key, _)| *key == tcp("2001:db8::1", 80)).unwrap();
    assert_eq!((web6.1.netmask, web6.1.timeout), (64, 60));
    assert!(services.iter().any(|(key, _)| *key == ServiceKey::Fwmark { mark: 8, family: Family::V6 }));
    assert_eq!(services.len(), 5);

    let dests: Vec<_> = answers
        .iter()
        .filter_map(|attribute| match attribute {
            CommandAttribute::Dest(attributes) => Some(destination(Family::V4, attributes).unwrap()),
            _ => None,
        })
        .collect();
    let limited =
        Destination { upper_threshold: 100, lower_threshold: 50, ..weighted(Forwarding::DirectRoute, 0) };
    for wanted in [
        (dest("10.0.1.1", 80), weighted(Forwarding::Masq, 7)),
        (dest("10.0.1.2", 80), limited),
        (dest("10.0.1.3", 80), weighted(IPIP, 1)),
        (dest("10.0.1.4", 80), weighted(GUE, 1)),
        (dest("2001:db8::5", 80), weighted(IPIP, 1)),
        (dest("2001:db8::7", 80), weighted(Forwarding::DirectRoute, 1)),
        (dest("10.0.1.9", 0), weighted(Forwarding::DirectRoute, 1)),
    ] {
        assert!(dests.contains(&wanted), "{wanted:?} in {dests:?}");
    }
    assert_eq!(dests.len(), 7);
}

#[test]
fn an_old_kernel_names_no_family_of_a_destination() {
    let attributes =
        [DestAttribute::Addr(octets("10.0.1.1".parse().unwrap())), DestAttribute::Port(Port(80))];
    assert_eq!(destination(Family::V4, &attributes).unwrap().0, dest("10.0.1.1", 80));
}

#[test]
fn the_kernels_daemons_and_timeouts_are_understood() {
    let found: Vec<_> = answers("-Ln --daemon")
        .iter()
        .map(|attribute| match attribute {
            CommandAttribute::Daemon(attributes) => daemon(attributes).unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    let [master, backup] = daemons();
    let defaults = Some("224.0.0.81".parse().unwrap());
    assert_eq!(
        found,
        [SyncDaemon { max_len: 1472, group: defaults, port: 8848, ttl: 1, ..master }, backup]
    );

    let timeouts = answers("-Ln --timeout");
    use CommandAttribute::{TimeoutTcp, TimeoutTcpFin, TimeoutUdp};
    assert_eq!(timeouts, [TimeoutTcp(901), TimeoutTcpFin(121), TimeoutUdp(301)]);
}

#[test]
fn the_version_is_understood() {
    // The first command of the capture has the question and the answer.
    let line = CAPTURES.lines().find(|line| line.starts_with("< IPVS 0 0e01")).unwrap();
    let Attributes::Info(attributes) = parse(&bytes_of(line.rsplit(' ').next().unwrap())).attributes else {
        panic!("no answer about the version")
    };
    assert_eq!(attributes, [InfoAttribute::Version(0x01_02_01), InfoAttribute::ConnTabSize(4096)]);
}

#[test]
fn everything_captured_survives_a_round_trip() {
    let mut count = 0;
    for line in CAPTURES.lines().filter(|line| line.contains(" IPVS ")) {
        let message = parse(&bytes_of(line.rsplit(' ').next().unwrap()));
        assert_eq!(parse(&emit(message.clone())), message, "{line}");
        count += 1;
    }
    assert!(count > 40, "only {count} messages in the capture");
}

#[test]
fn unknown_attributes_keep_their_bytes() {
    // A service with attribute 99, and a scheduler name as a number of an unknown width (3 bytes).
    let bytes = bytes_of("010100001c000180080063000102030407000100010203000600020006000000");
    let message = parse(&bytes);
    assert_eq!(emit(message.clone()), bytes);
    let Attributes::Command(attributes) = message.attributes else { panic!() };
    let [CommandAttribute::Service(service)] = attributes.as_slice() else { panic!("{attributes:?}") };
    assert!(matches!(service.as_slice(), [ServiceAttribute::Other(..), ServiceAttribute::Other(..), ..]));
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)]
}

fn any_key() -> impl Strategy<Value = ServiceKey> {
    let protocol = prop::sample::select(vec![Protocol::Tcp, Protocol::Udp, Protocol::Sctp]);
    let family = prop::sample::select(vec![Family::V4, Family::V6]);
    prop_oneof![
        (protocol, any_address(), any::<u16>()).prop_map(|(protocol, address, port)| ServiceKey::Address {
            protocol,
            address,
            port
        }),
        (1..=u32::MAX, family).prop_map(|(mark, family)| ServiceKey::Fwmark { mark, family }),
    ]
}

fn any_service() -> impl Strategy<Value = Service> {
    let names = ("[a-z]{1,15}", proptest::option::of("[a-z]{1,15}"));
    (names, any::<u32>(), any::<u32>(), any::<u32>()).prop_map(
        |((scheduler, engine), flags, timeout, netmask)| Service {
            scheduler: scheduler.into(),
            persistence_engine: engine.map(Into::into),
            flags,
            timeout,
            netmask,
        },
    )
}

fn any_destination() -> impl Strategy<Value = Destination> {
    let tunnel = (any::<u8>(), any::<u16>(), any::<u16>())
        .prop_map(|(kind, port, flags)| Forwarding::Tunnel(Tunnel { kind, port, flags }));
    let forwarding = prop_oneof![
        tunnel,
        Just(IPIP),
        Just(Forwarding::Masq),
        Just(Forwarding::LocalNode),
        Just(Forwarding::DirectRoute),
        Just(Forwarding::Bypass),
    ];
    (forwarding, any::<[u32; 3]>()).prop_map(|(forwarding, [weight, upper_threshold, lower_threshold])| {
        Destination { forwarding, weight, upper_threshold, lower_threshold }
    })
}

proptest! {
    #[test]
    fn a_service_comes_back_as_it_went(key in any_key(), wanted in any_service()) {
        let message = parse(&emit(request(&Op::NewService(key, wanted.clone()))));
        let Attributes::Command(attributes) = message.attributes else { panic!() };
        let [CommandAttribute::Service(attributes)] = attributes.as_slice() else { panic!() };
        prop_assert_eq!(service(attributes), Some((key, wanted)));
    }

    #[test]
    fn a_destination_comes_back_as_it_went(
        key in any_key(), address in any_address(), port: u16, wanted in any_destination(),
    ) {
        let dest = DestKey { address, port };
        let message = parse(&emit(request(&Op::SetDest(key, dest, wanted.clone()))));
        let Attributes::Command(attributes) = message.attributes else { panic!() };
        let [CommandAttribute::Service(_), CommandAttribute::Dest(attributes)] = attributes.as_slice() else {
            panic!()
        };
        prop_assert_eq!(destination(key.family(), attributes), Some((dest, wanted)));
    }

    #[test]
    fn no_bytes_make_it_panic(cmd: u8, bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let header = GenlHeader { cmd, version: 1 };
        let _ = GenlMessage::<IpvsMessage>::parse_with_param(&bytes, 32);
        if let Ok(message) = IpvsMessage::parse_with_param(&bytes, header) {
            understand(&message);
            // Not compared: the flags in the type of an attribute that nobody knows need not come back.
            parse(&emit(message));
        }
    }

    /// Captured messages with a few bytes changed come deeper than noise does.
    #[test]
    fn no_damage_makes_it_panic(
        which in 0..1000_usize, damage in prop::collection::vec((any::<u16>(), any::<u8>()), 1..6),
    ) {
        let lines: Vec<_> = CAPTURES.lines().filter(|line| line.contains(" IPVS ")).collect();
        let mut bytes = bytes_of(lines[which % lines.len()].rsplit(' ').next().unwrap());
        for (at, value) in damage {
            let at = 4 + usize::from(at) % bytes.len();
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        understand(&parse(&bytes));
    }
}

fn understand(message: &IpvsMessage) {
    let Attributes::Command(attributes) = &message.attributes else { return };
    for attribute in attributes {
        match attribute {
            CommandAttribute::Service(attributes) => drop(service(attributes)),
            CommandAttribute::Dest(attributes) => drop(destination(Family::V4, attributes)),
            CommandAttribute::Daemon(attributes) => drop(daemon(attributes)),
            _ => {}
        }
    }
}

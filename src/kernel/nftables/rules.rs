//! Rules as the kernel's little machine runs them: load, compare, look up, decide.

use std::net::IpAddr;

use netlink_packet_core::DefaultNla;
use netlink_packet_netfilter::nftables::{
    Bitwise, Cmp, DataAttribute, ExpressionAttribute, Expressions, Immediate, ListAttribute, Lookup, Meta,
    MetaKey, Operator, Payload, Register, Verdict, VerdictAttribute,
};

use crate::ids::Family;

/// One step of a rule.
pub type Step = ListAttribute<ExpressionAttribute>;

const NETWORK_HEADER: u32 = 1;
const TRANSPORT_HEADER: u32 = 2;
const DROP: u32 = 0;
const ACCEPT: u32 = 1;
const NFTA_DUP_SREG_ADDR: u16 = 1;
const NFTA_DUP_SREG_DEV: u16 = 2;
const NFTA_CT_DREG: u16 = 1;
const NFTA_CT_KEY: u16 = 2;
const NFTA_CT_DIRECTION: u16 = 3;
const IP_CT_DIR_ORIGINAL: u8 = 0;
const IPS_DST_NAT: u32 = 1 << 5;
const NFT_LOOKUP_F_INV: u32 = 1;
/// Bytes of an interface kind in a register.
const KIND_LEN: usize = 16;
const IPPROTO_ICMPV6: u8 = 58;

/// Where a field stands in the IP header, and how long it is.
#[derive(Clone, Copy)]
pub struct Field {
    offset: u32,
    len: u32,
}

pub const V4_PROTOCOL: Field = Field { offset: 9, len: 1 };
pub const V4_SOURCE: Field = Field { offset: 12, len: 4 };
pub const V4_DESTINATION: Field = Field { offset: 16, len: 4 };
pub const V6_SOURCE: Field = Field { offset: 8, len: 16 };
pub const V6_DESTINATION: Field = Field { offset: 24, len: 16 };

/// An address as it stands in a packet.
pub fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

fn load(base: u32, field: Field, register: Register) -> Step {
    Expressions::Payload(vec![
        Payload::DestinationRegister(register),
        Payload::Base(base),
        Payload::Offset(field.offset),
        Payload::Len(field.len),
    ])
    .into()
}

/// What connection tracking knows of the packet's connection: `NFT_CT_*`.
#[derive(Clone, Copy)]
enum Tracked {
    Status = 2,
    Protocol = 10,
    DestinationPort = 12,
    V4Destination = 20,
    V6Destination = 22,
}

/// Of the first packet's direction, where there is one to ask for.
fn tracked(what: Tracked, register: Register) -> Step {
    let number = |kind, value: u32| DefaultNla::new(kind, value.to_be_bytes().to_vec());
    let mut attributes = vec![number(NFTA_CT_DREG, register.into()), number(NFTA_CT_KEY, what as u32)];
    if !matches!(what, Tracked::Status) {
        attributes.push(DefaultNla::new(NFTA_CT_DIRECTION, vec![IP_CT_DIR_ORIGINAL]));
    }
    Expressions::Other { expression_type: "ct".into(), attributes }.into()
}

fn tracked_destination(family: Family, register: Register) -> Step {
    let what = match family {
        Family::V4 => Tracked::V4Destination,
        Family::V6 => Tracked::V6Destination,
    };
    tracked(what, register)
}

/// The connection was opened to a protocol and an address, and a port if `with_port`, that are in the set.
pub fn opened_to_one_of(family: Family, with_port: bool, set: &str) -> Vec<Step> {
    // Parts stand behind each other in registers of four bytes.
    let after_address = match family {
        Family::V4 => Register::Reg32_02,
        Family::V6 => Register::Reg32_05,
    };
    let mut steps = vec![
        tracked(Tracked::Protocol, Register::Reg32_00),
        tracked_destination(family, Register::Reg32_01),
    ];
    if with_port {
        steps.push(tracked(Tracked::DestinationPort, after_address));
    }
    steps.push(in_set(set));
    steps
}

/// The connection was opened to an address that is not in the set.
pub fn opened_to_none_of(family: Family, set: &str) -> Vec<Step> {
    let lookup = vec![
        Lookup::Set(set.to_owned()),
        Lookup::SourceRegister(Register::Reg1),
        Lookup::Flags(NFT_LOOKUP_F_INV),
    ];
    vec![tracked_destination(family, Register::Reg1), Expressions::Lookup(lookup).into()]
}

/// The connection's destination has been translated, by somebody else than IPVS.
pub fn is_redirected() -> Vec<Step> {
    let bits = |value: u32| DataAttribute::Value(value.to_ne_bytes().to_vec());
    vec![
        tracked(Tracked::Status, Register::Reg1),
        Expressions::Bitwise(vec![
            Bitwise::SourceRegister(Register::Reg1),
            Bitwise::DestinationRegister(Register::Reg1),
            Bitwise::Length(4),
            Bitwise::Mask(bits(IPS_DST_NAT)),
            Bitwise::Xor(bits(0)),
        ])
        .into(),
        Expressions::Cmp(vec![
            Cmp::SourceRegister(Register::Reg1),
            Cmp::Op(Operator::NotEqual),
            Cmp::Data(bits(0)),
        ])
        .into(),
    ]
}

/// Its firewall mark is in the set.
pub fn mark_in(set: &str) -> Vec<Step> {
    vec![meta(MetaKey::Mark, Register::Reg1), in_set(set)]
}

/// The connection comes from the address of the interface by which it leaves.
pub fn masquerade() -> Step {
    Expressions::Other { expression_type: "masq".into(), attributes: Vec::new() }.into()
}

fn meta(key: MetaKey, register: Register) -> Step {
    Expressions::Meta(vec![Meta::Key(key), Meta::DestinationRegister(register)]).into()
}

fn equals(value: Vec<u8>) -> Step {
    Expressions::Cmp(vec![
        Cmp::SourceRegister(Register::Reg1),
        Cmp::Op(Operator::Equal),
        Cmp::Data(DataAttribute::Value(value)),
    ])
    .into()
}

fn in_set(set: &str) -> Step {
    Expressions::Lookup(vec![Lookup::Set(set.to_owned()), Lookup::SourceRegister(Register::Reg1)]).into()
}

fn decide(verdict: Vec<VerdictAttribute>) -> Step {
    Expressions::Immediate(vec![
        Immediate::DestinationRegister(Register::Verdict),
        Immediate::Data(DataAttribute::Verdict(verdict)),
    ])
    .into()
}

/// The packet goes no further.
pub fn drop_it() -> Step {
    decide(vec![VerdictAttribute::Code(Verdict::Other(DROP))])
}

/// The packet is none of this chain's.
pub fn accept_it() -> Step {
    decide(vec![VerdictAttribute::Code(Verdict::Other(ACCEPT))])
}

/// Another chain decides.
pub fn go_to(chain: &str) -> Step {
    decide(vec![VerdictAttribute::Code(Verdict::Goto), VerdictAttribute::Chain(chain.to_owned())])
}

/// Counts what comes here.
pub fn count() -> Step {
    Expressions::Other { expression_type: "counter".into(), attributes: Vec::new() }.into()
}

/// The field of the IP header is in the set.
pub fn field_in(field: Field, set: &str) -> Vec<Step> {
    vec![load(NETWORK_HEADER, field, Register::Reg1), in_set(set)]
}

/// The field of the IP header has this value.
pub fn field_is(field: Field, value: &[u8]) -> Vec<Step> {
    vec![load(NETWORK_HEADER, field, Register::Reg1), equals(value.to_vec())]
}

/// The address begins with the ten bits of what is link-local.
pub fn is_link_local(field: Field) -> Vec<Step> {
    let bits = |first: u8, second: u8| {
        let mut bytes = vec![0; 16];
        bytes.splice(..2, [first, second]);
        DataAttribute::Value(bytes)
    };
    let mut prefix = vec![0; 16];
    prefix.splice(..2, [0xfe, 0x80]);
    vec![
        load(NETWORK_HEADER, field, Register::Reg1),
        Expressions::Bitwise(vec![
            Bitwise::SourceRegister(Register::Reg1),
            Bitwise::DestinationRegister(Register::Reg1),
            Bitwise::Length(16),
            Bitwise::Mask(bits(0xff, 0xc0)),
            Bitwise::Xor(bits(0, 0)),
        ])
        .into(),
        equals(prefix),
    ]
}

/// The address together with the interface is in the set.
pub fn field_and_interface_in(field: Field, interface: MetaKey, set: &str) -> Vec<Step> {
    // The second part stands behind the 16 bytes of the first.
    vec![load(NETWORK_HEADER, field, Register::Reg1), meta(interface, Register::Reg2), in_set(set)]
}

fn is_icmpv6() -> Vec<Step> {
    vec![meta(MetaKey::L4Proto, Register::Reg1), equals(vec![IPPROTO_ICMPV6])]
}

const ICMPV6_TYPE: Field = Field { offset: 0, len: 1 };

/// An ICMPv6 message of this type.
pub fn icmpv6_is(kind: u8) -> Vec<Step> {
    let own = [load(TRANSPORT_HEADER, ICMPV6_TYPE, Register::Reg1), equals(vec![kind])];
    is_icmpv6().into_iter().chain(own).collect()
}

/// An ICMPv6 message of a type in the set.
pub fn icmpv6_in(set: &str) -> Vec<Step> {
    let own = [load(TRANSPORT_HEADER, ICMPV6_TYPE, Register::Reg1), in_set(set)];
    is_icmpv6().into_iter().chain(own).collect()
}

/// It leaves by a macvlan.
pub fn leaves_by_macvlan() -> Vec<Step> {
    let mut kind = b"macvlan".to_vec();
    kind.resize(KIND_LEN, 0);
    vec![meta(MetaKey::Oifkind, Register::Reg1), equals(kind)]
}

/// The interface that it leaves by is in the set.
pub fn leaves_by_one_of(set: &str) -> Vec<Step> {
    vec![meta(MetaKey::Oif, Register::Reg1), in_set(set)]
}

/// A copy leaves by what the map has for its interface.
pub fn copy_by(field: Field, map: &str) -> Vec<Step> {
    let register =
        |kind, register: Register| DefaultNla::new(kind, u32::from(register).to_be_bytes().to_vec());
    vec![
        load(NETWORK_HEADER, field, Register::Reg1),
        meta(MetaKey::Oif, Register::Reg2),
        Expressions::Lookup(vec![
            Lookup::Set(map.to_owned()),
            Lookup::SourceRegister(Register::Reg2),
            Lookup::DestinationRegister(Register::Reg2),
        ])
        .into(),
        Expressions::Other {
            expression_type: "dup".into(),
            attributes: vec![
                register(NFTA_DUP_SREG_ADDR, Register::Reg1),
                register(NFTA_DUP_SREG_DEV, Register::Reg2),
            ],
        }
        .into(),
    ]
}

//! The attributes of the IPVS family, named as in `linux/ip_vs.h`. An attribute that we do not know, or
//! whose value has another layout than we know, keeps its bytes.

use netlink_packet_core::{NLA_F_NESTED, NLA_TYPE_MASK};

use super::value::{Flags, Port, Unread, Value};

/// Bytes of an attribute's length and kind.
const HEAD: usize = 4;
/// Attributes begin at multiples of this (`NLA_ALIGNTO`).
const ALIGNMENT: usize = 4;

/// One attribute of a level.
pub(super) trait Attribute: Sized {
    /// With the flags.
    fn kind(&self) -> u16;
    fn put_value(&self, out: &mut Vec<u8>);
    /// `kind` with its flags.
    fn read(kind: u16, value: &[u8]) -> Self;
}

/// Appends an attribute in one go: its length is known, and put in its place, when its value is there.
pub(super) fn put<A: Attribute>(out: &mut Vec<u8>, attribute: &A) {
    nest(out, attribute.kind(), |out| attribute.put_value(out));
}

/// Appends an attribute of this kind with whatever `value` appends.
pub(super) fn nest(out: &mut Vec<u8>, kind: u16, value: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    let [low, high] = kind.to_ne_bytes();
    out.extend_from_slice(&[0, 0, low, high]);
    value(out);
    let length = u16::try_from(out.len() - start).unwrap_or(u16::MAX);
    if let Some(place) = out.get_mut(start..).and_then(<[u8]>::first_chunk_mut) {
        *place = length.to_ne_bytes();
    }
    let padding = out.len().next_multiple_of(ALIGNMENT) - out.len();
    out.extend_from_slice([0; ALIGNMENT].get(..padding).unwrap_or_default());
}

/// Attributes within an attribute. Those that come first and can be read count, as in the kernel.
impl<A: Attribute> Value for Vec<A> {
    fn put(&self, out: &mut Vec<u8>) {
        for attribute in self {
            put(out, attribute);
        }
    }
    fn read(mut bytes: &[u8]) -> Option<Self> {
        let mut attributes = Vec::new();
        while let Some((length, rest)) = bytes.split_first_chunk()
            && let Some(kind) = rest.first_chunk()
        {
            let length = usize::from(u16::from_ne_bytes(*length));
            let Some(value) = bytes.get(HEAD..length) else { break };
            attributes.push(A::read(u16::from_ne_bytes(*kind), value));
            bytes = bytes.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
        }
        Some(attributes)
    }
}

/// An enumeration of attributes with its number for each, and the codec.
macro_rules! attributes {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident($value:ty) = $kind:expr,)+ }) => {
        $(#[$outer])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum $name {
            $($(#[$inner])* $variant($value),)+
            /// Unknown to us: its kind with flags.
            Other(u16, Unread),
        }

        impl Attribute for $name {
            #[inline]
            fn kind(&self) -> u16 {
                match self {
                    $($name::$variant(_) => $kind,)+
                    $name::Other(kind, _) => *kind,
                }
            }
            #[inline]
            fn put_value(&self, out: &mut Vec<u8>) {
                match self {
                    $($name::$variant(value) => value.put(out),)+
                    $name::Other(_, value) => value.put(out),
                }
            }
            fn read(kind: u16, value: &[u8]) -> Self {
                let known = match kind & NLA_TYPE_MASK {
                    $(known if known == $kind & NLA_TYPE_MASK => <$value>::read(value).map($name::$variant),)+
                    _ => None,
                };
                known.unwrap_or_else(|| $name::Other(kind, Unread(value.to_vec())))
            }
        }
    };
}

attributes! {
    /// `IPVS_CMD_ATTR_*`: the first level of every message.
    CommandAttribute {
        Service(Vec<ServiceAttribute>) = CommandAttribute::SERVICE,
        Dest(Vec<DestAttribute>) = CommandAttribute::DEST,
        Daemon(Vec<DaemonAttribute>) = CommandAttribute::DAEMON,
        /// Seconds.
        TimeoutTcp(u32) = 4,
        /// Seconds.
        TimeoutTcpFin(u32) = 5,
        /// Seconds.
        TimeoutUdp(u32) = 6,
    }
}

impl CommandAttribute {
    /// `IPVS_CMD_ATTR_SERVICE`
    pub(super) const SERVICE: u16 = 1 | NLA_F_NESTED;
    /// `IPVS_CMD_ATTR_DEST`
    pub(super) const DEST: u16 = 2 | NLA_F_NESTED;
    /// `IPVS_CMD_ATTR_DAEMON`
    pub(super) const DAEMON: u16 = 3 | NLA_F_NESTED;
}

attributes! {
    /// `IPVS_SVC_ATTR_*`: a virtual service.
    ServiceAttribute {
        /// `AF_INET` or `AF_INET6`
        Af(u16) = 1,
        /// `IPPROTO_*`
        Protocol(u16) = 2,
        Addr([u8; 16]) = 3,
        Port(Port) = 4,
        Fwmark(u32) = 5,
        SchedName(String) = 6,
        Flags(Flags) = 7,
        /// Seconds.
        Timeout(u32) = 8,
        Netmask(u32) = 9,
        /// What kernels before 4.1 have.
        Stats(Unread) = 10,
        PeName(String) = 11,
        Stats64(Unread) = 12,
    }
}

attributes! {
    /// `IPVS_DEST_ATTR_*`: a destination.
    DestAttribute {
        Addr([u8; 16]) = 1,
        Port(Port) = 2,
        /// `IP_VS_CONN_F_*`
        FwdMethod(u32) = 3,
        Weight(u32) = 4,
        UThresh(u32) = 5,
        LThresh(u32) = 6,
        ActiveConns(u32) = 7,
        InactConns(u32) = 8,
        PersistConns(u32) = 9,
        /// What kernels before 4.1 have.
        Stats(Unread) = 10,
        /// Linux 3.18 on; without it the service's.
        AddrFamily(u16) = 11,
        /// Linux 4.1 on.
        Stats64(Unread) = 12,
        /// Linux 5.3 on, as the other two of the tunnel.
        TunType(u8) = 13,
        TunPort(Port) = 14,
        TunFlags(u16) = 15,
    }
}

attributes! {
    /// `IPVS_DAEMON_ATTR_*`: a connection synchronisation daemon.
    DaemonAttribute {
        /// `IP_VS_STATE_MASTER` 1, `IP_VS_STATE_BACKUP` 2; also their sum.
        State(u32) = 1,
        McastIfn(String) = 2,
        SyncId(u32) = 3,
        /// Linux 4.3 on, as all that follow.
        SyncMaxlen(u16) = 4,
        McastGroup([u8; 4]) = 5,
        McastGroup6([u8; 16]) = 6,
        /// In the host's order, unlike other ports.
        McastPort(u16) = 7,
        McastTtl(u8) = 8,
    }
}

attributes! {
    /// `IPVS_INFO_ATTR_*`
    InfoAttribute {
        /// `NVERSION(major, minor, patch)`: a byte each.
        Version(u32) = 1,
        ConnTabSize(u32) = 2,
    }
}

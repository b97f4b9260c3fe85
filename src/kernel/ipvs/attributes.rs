//! The attributes of the IPVS family, named as in `linux/ip_vs.h`. An attribute that we do not know, or
//! whose value has another layout than we know, keeps its bytes.

use netlink_packet_core::{
    DecodeError, DefaultNla, Emitable, NLA_F_NESTED, NLA_TYPE_MASK, Nla, NlaBuffer, NlasIterator, Parseable,
};

use super::value::{Flags, Port, Value};

/// Attributes within an attribute. Those that come first and can be read count, as in the kernel.
impl<A> Value for Vec<A>
where
    A: Nla + for<'a> Parseable<NlaBuffer<&'a [u8]>>,
{
    fn size(&self) -> usize {
        self.as_slice().buffer_len()
    }
    fn write(&self, space: &mut [u8]) {
        self.as_slice().emit(space);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        Some(NlasIterator::new(bytes).map_while(Result::ok).filter_map(|nla| A::parse(&nla).ok()).collect())
    }
}

/// An enumeration of attributes with its number for each, and the codec.
macro_rules! attributes {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $variant:ident($value:ty) = $kind:expr,)+ }) => {
        $(#[$outer])*
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum $name {
            $($(#[$inner])* $variant($value),)+
            /// Unknown to us.
            Other(DefaultNla),
        }

        impl Nla for $name {
            fn value_len(&self) -> usize {
                match self {
                    $($name::$variant(value) => value.size(),)+
                    $name::Other(other) => other.value_len(),
                }
            }
            fn kind(&self) -> u16 {
                match self {
                    $($name::$variant(_) => $kind,)+
                    $name::Other(other) => other.kind(),
                }
            }
            fn emit_value(&self, buffer: &mut [u8]) {
                match self {
                    $($name::$variant(value) => value.write(buffer),)+
                    $name::Other(other) => other.emit_value(buffer),
                }
            }
        }

        impl<'a> Parseable<NlaBuffer<&'a [u8]>> for $name {
            fn parse(nla: &NlaBuffer<&'a [u8]>) -> Result<Self, DecodeError> {
                let known = match nla.kind() {
                    $(kind if kind == $kind & NLA_TYPE_MASK =>
                        <$value>::read(nla.value()).map($name::$variant),)+
                    _ => None,
                };
                known.map_or_else(|| DefaultNla::parse(nla).map($name::Other), Ok)
            }
        }
    };
}

attributes! {
    /// `IPVS_CMD_ATTR_*`: the first level of every message.
    CommandAttribute {
        Service(Vec<ServiceAttribute>) = 1 | NLA_F_NESTED,
        Dest(Vec<DestAttribute>) = 2 | NLA_F_NESTED,
        Daemon(Vec<DaemonAttribute>) = 3 | NLA_F_NESTED,
        /// Seconds.
        TimeoutTcp(u32) = 4,
        /// Seconds.
        TimeoutTcpFin(u32) = 5,
        /// Seconds.
        TimeoutUdp(u32) = 6,
    }
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
        Stats(Vec<StatsAttribute32>) = 10,
        PeName(String) = 11,
        Stats64(Vec<StatsAttribute>) = 12,
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
        Stats(Vec<StatsAttribute32>) = 10,
        /// Linux 3.18 on; without it the service's.
        AddrFamily(u16) = 11,
        /// Linux 4.1 on.
        Stats64(Vec<StatsAttribute>) = 12,
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
    /// `IPVS_STATS_ATTR_*` in `_ATTR_STATS64`.
    StatsAttribute {
        Conns(u64) = 1,
        Inpkts(u64) = 2,
        Outpkts(u64) = 3,
        Inbytes(u64) = 4,
        Outbytes(u64) = 5,
        /// Connections a second.
        Cps(u64) = 6,
        Inpps(u64) = 7,
        Outpps(u64) = 8,
        Inbps(u64) = 9,
        Outbps(u64) = 10,
    }
}

attributes! {
    /// `IPVS_STATS_ATTR_*` in `_ATTR_STATS`, what kernels before 4.1 have.
    StatsAttribute32 {
        Conns(u32) = 1,
        Inpkts(u32) = 2,
        Outpkts(u32) = 3,
        Inbytes(u64) = 4,
        Outbytes(u64) = 5,
        /// Connections a second.
        Cps(u32) = 6,
        Inpps(u32) = 7,
        Outpps(u32) = 8,
        Inbps(u32) = 9,
        Outbps(u32) = 10,
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

//! How the values of IPVS attributes lie in a message.

/// A value with a fixed layout. `read` gives `None` for bytes that are none of this kind.
pub(super) trait Value: Sized {
    /// Appends it.
    fn put(&self, out: &mut Vec<u8>);
    fn read(bytes: &[u8]) -> Option<Self>;
}

macro_rules! host_order {
    ($($number:ty),+) => {$(
        impl Value for $number {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_ne_bytes());
            }
            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(<$number>::from_ne_bytes)
            }
        }
    )+};
}

host_order!(u8, u16, u32, u64);

/// A port in network order (`__be16`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Port(pub u16);

impl Value for Port {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_be_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(u16::from_be_bytes).map(Port)
    }
}

/// Addresses: four bytes for an IPv4 multicast group, sixteen for IPv6 and for `union nf_inet_addr`, where
/// an IPv4 address fills the first four.
impl<const N: usize> Value for [u8; N] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }
}

/// `struct ip_vs_flags`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flags {
    pub flags: u32,
    /// Which of them count; the kernel answers with all bits set.
    pub mask: u32,
}

impl Value for Flags {
    fn put(&self, out: &mut Vec<u8>) {
        self.flags.put(out);
        self.mask.put(out);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        let (flags, mask) = bytes.split_first_chunk::<4>()?;
        Some(Flags { flags: u32::from_ne_bytes(*flags), mask: u32::read(mask)? })
    }
}

/// Text with a NUL at its end.
impl Value for String {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
        out.push(0);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        let text = bytes.split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}

/// What we have no use for, as it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unread(pub Vec<u8>);

impl Value for Unread {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Unread(bytes.to_vec()))
    }
}

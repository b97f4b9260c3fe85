//! How the values of IPVS attributes lie in a message.

use std::iter;

/// A value with a fixed layout. `read` gives `None` for bytes that are none of this kind.
pub(super) trait Value: Sized {
    fn size(&self) -> usize;
    /// `space` has exactly `size()` bytes.
    fn write(&self, space: &mut [u8]);
    fn read(bytes: &[u8]) -> Option<Self>;
}

macro_rules! host_order {
    ($($number:ty),+) => {$(
        impl Value for $number {
            fn size(&self) -> usize {
                size_of::<$number>()
            }
            fn write(&self, space: &mut [u8]) {
                space.copy_from_slice(&self.to_ne_bytes());
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
    fn size(&self) -> usize {
        2
    }
    fn write(&self, space: &mut [u8]) {
        space.copy_from_slice(&self.0.to_be_bytes());
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(u16::from_be_bytes).map(Port)
    }
}

/// Addresses: four bytes for an IPv4 multicast group, sixteen for IPv6 and for `union nf_inet_addr`, where
/// an IPv4 address fills the first four.
impl<const N: usize> Value for [u8; N] {
    fn size(&self) -> usize {
        N
    }
    fn write(&self, space: &mut [u8]) {
        space.copy_from_slice(self);
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
    fn size(&self) -> usize {
        8
    }
    fn write(&self, space: &mut [u8]) {
        let bytes = self.flags.to_ne_bytes().into_iter().chain(self.mask.to_ne_bytes());
        space.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        let (flags, mask) = bytes.split_first_chunk::<4>()?;
        Some(Flags { flags: u32::from_ne_bytes(*flags), mask: u32::read(mask)? })
    }
}

/// Text with a NUL at its end.
impl Value for String {
    fn size(&self) -> usize {
        self.len() + 1
    }
    fn write(&self, space: &mut [u8]) {
        let bytes = self.bytes().chain(iter::once(0));
        space.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        let text = bytes.split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}

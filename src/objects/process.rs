//! A process, as others see it.

/// A process by its number.
pub type Pid = u32;

/// What a process is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Identity {
    /// Its own name (`comm`), at most 15 bytes.
    pub name: Vec<u8>,
    /// Its command line, program first; empty for a thread of the kernel, and where nobody asked for it.
    pub command: Vec<Vec<u8>>,
}

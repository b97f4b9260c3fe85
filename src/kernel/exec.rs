//! What the started program inherits from us: as little as possible.

/// Makes what `command` starts die with us and keeps our descriptors from it.
///
/// The program gets SIGTERM when the *thread* that starts it ends: start it from a thread that lives as
/// long as the daemon, such as the thread of the runtime.
pub use super::unsafe_calls::leash;
/// With the supplementary groups, which the standard library only empties. Before [`leash`], which a change of the user
/// takes off.
pub use super::unsafe_calls::run_as;

//! Monotonic time as a value. Arithmetic only: nothing here can ask what time it is.
//!
//! The cores receive [`Mono`] from their driver (`kernel::clock` reads the real one, the simulation
//! invents its own), so they behave the same under test as in production.

use std::fmt;
use std::num::NonZeroU64;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// A point on the monotonic clock, in nanoseconds since an arbitrary origin.
///
/// Kept as one more than that: an `Option` of it takes no more room, of which there are a dozen in each of thousands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(NonZeroU64);

impl Mono {
    /// The clock's origin.
    pub const ZERO: Mono = Mono(NonZeroU64::MIN);

    /// The point `nanos` nanoseconds after the origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Mono(NonZeroU64::MIN.saturating_add(nanos))
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0.get() - 1
    }

    /// Time passed since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Mono) -> Duration {
        Duration::from_nanos(self.0.get().saturating_sub(earlier.0.get()))
    }
}

impl Default for Mono {
    fn default() -> Self {
        Mono::ZERO
    }
}

impl Add<Duration> for Mono {
    type Output = Mono;
    /// Saturates at the end of time (584 years).
    fn add(self, span: Duration) -> Mono {
        Mono(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl AddAssign<Duration> for Mono {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub<Duration> for Mono {
    type Output = Mono;
    /// Saturates at the origin.
    fn sub(self, span: Duration) -> Mono {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Mono::from_nanos(self.as_nanos().saturating_sub(nanos))
    }
}

impl fmt::Debug for Mono {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}s", self.as_nanos() / 1_000_000_000, self.as_nanos() % 1_000_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        let t = Mono::from_nanos(5);
        assert_eq!(t.since(Mono::from_nanos(9)), Duration::ZERO);
        assert_eq!(t - Duration::from_secs(1), Mono::ZERO);
        assert_eq!(Mono::from_nanos(u64::MAX) + Duration::from_secs(1), Mono::from_nanos(u64::MAX));
        assert_eq!((t + Duration::from_nanos(7)).since(t), Duration::from_nanos(7));
        assert_eq!(t.as_nanos(), 5);
        assert_eq!(size_of::<Option<Mono>>(), size_of::<u64>());
    }
}

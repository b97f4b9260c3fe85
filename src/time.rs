//! Monotonic time as a value. Arithmetic only: nothing here can ask what time it is.
//!
//! The cores receive [`Mono`] from their driver (`kernel::clock` reads the real one, the simulation
//! invents its own), so they behave the same under test as in production.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// A point on the monotonic clock, in nanoseconds since an arbitrary origin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Mono(u64);

impl Mono {
    /// The clock's origin.
    pub const ZERO: Mono = Mono(0);

    /// The point `nanos` nanoseconds after the origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Mono(nanos)
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Time passed since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Mono) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
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
        Mono(self.0.saturating_sub(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl fmt::Debug for Mono {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}s", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
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
    }
}

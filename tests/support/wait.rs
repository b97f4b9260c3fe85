//! Waiting for a condition with a deadline: the tests never sleep and hope.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Environment variable with the factor by which every deadline is stretched (an emulated guest is 10 to 20 times
/// slower than its host).
pub const SLOWNESS: &str = "STANDFAST_TEST_SLOWNESS";

/// The factor by which this machine's deadlines are stretched.
pub fn slowness() -> f64 {
    std::env::var(SLOWNESS).ok().and_then(|text| text.parse().ok()).unwrap_or(1.0)
}

/// A deadline of `seconds` on a quick machine.
pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds).mul_f64(slowness())
}

/// Polls `condition` until it gives a value; panics with `what` and what `evidence` says when the time is over.
#[track_caller]
pub fn value<T, E: Display>(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> Option<T>,
    evidence: impl FnOnce() -> E,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        if start.elapsed() > limit {
            panic!("after {:.1} s still not: {what}\n{}", limit.as_secs_f64(), evidence());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Polls `condition` until it holds; panics with `what` when the time is over.
#[track_caller]
pub fn until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    value(what, limit, || condition().then_some(()), || "");
}

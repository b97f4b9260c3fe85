//! Routers that became MASTER together do not speak together ever after.
//!
//! Those of a host that starts, or takes over from one that died, have their next adverts due at the same moment. A
//! thousand that leave together are a burst for every receiver, and one late wake-up makes a thousand late. So the
//! first interval of most of them is shortened, never prolonged: handfuls of them, which still leave by one call to
//! the kernel, then stand evenly over the interval.

use std::time::Duration;

use super::action::InstanceId;
use super::instance::Phase;
use super::router::Router;
use crate::time::Mono;

/// Adverts that may leave together.
const HANDFUL: u32 = 32;
/// The golden ratio's fraction of 2^32: its multiples, taken without their whole parts, stand evenly however many
/// there are.
const GOLDEN: u32 = 0x9E37_79B9;

impl Router {
    /// Of those who were `due` together at `now`, gives each MASTER whose interval begins now the place of its handful.
    pub(super) fn spread(&mut self, now: Mono, due: &[InstanceId]) {
        if due.len() <= HANDFUL as usize {
            return;
        }
        for id in due {
            let Some(instance) = self.instance_mut(*id) else { continue };
            let interval = instance.config.advert_int;
            if let Phase::Master { next_advert } = &mut instance.phase
                && *next_advert == now + interval
            {
                *next_advert = now + (interval - shift(*id, interval));
                self.queue(*id);
            }
        }
    }
}

/// By how much the handful of this instance speaks earlier; less than the interval.
fn shift(id: InstanceId, interval: Duration) -> Duration {
    let place = (id.0 / HANDFUL).wrapping_mul(GOLDEN);
    interval.mul_f64(f64::from(place) / f64::from(u32::MAX)).min(interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handfuls_of_any_number_stand_evenly() {
        let interval = Duration::from_secs(1);
        for handfuls in [2_u32, 3, 8, 31, 63] {
            let mut places: Vec<Duration> =
                (0..handfuls).map(|handful| shift(InstanceId(handful * HANDFUL), interval)).collect();
            assert!(places.iter().all(|place| *place < interval));
            places.sort();
            places.push(interval);
            let widest = places.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
            assert!(widest < interval * 2 / handfuls + interval / 100, "{handfuls}: {widest:?}");
        }
        assert_eq!(shift(InstanceId(HANDFUL), interval), shift(InstanceId(2 * HANDFUL - 1), interval));
    }
}

//! `interface_up_down_delays`: a link's change counts when it has lasted for so long.
//!
//! As keepalived does it: the time begins anew with each change, a change back ends it, and the delay of a link that
//! is lost may not be longer than all but one of the adverts that a backup waits for: who is deaf must not become
//! master.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::config::model::Config;
use crate::config::model::interface::UpDownDelay;
use crate::ids::Name;
use crate::objects::interface::Interface;
use crate::time::Mono;

/// The delays, and the changes that wait.
#[derive(Clone, Debug, Default)]
pub(super) struct Debounce {
    delays: HashMap<Name, UpDownDelay>,
    /// By interface: what it looks like now, and when that begins to count.
    held: HashMap<Name, (Arc<Interface>, Mono)>,
}

impl Debounce {
    /// The delays of this configuration; a VMAC or an ipvlan has those of its parent. A change that waits
    /// keeps its time.
    pub fn configure(&mut self, config: &Config) {
        self.delays.clear();
        for delay in &config.up_down_delays {
            let mut delay = delay.clone();
            for instance in config.instances.iter().filter(|i| i.interface == delay.interface) {
                let longest =
                    instance.advert_int * u32::from(instance.down_timer_adverts.saturating_sub(1));
                delay.down = delay.down.min(longest);
            }
            for instance in config.instances.iter().filter(|i| i.interface == delay.interface) {
                if let Some(device) = instance.device() {
                    self.delays.insert(device.clone(), delay.clone());
                }
            }
            self.delays.insert(delay.interface.clone(), delay);
        }
    }

    /// An interface changed from what counts until now. Gives what counts from here on.
    pub fn change(
        &mut self,
        now: Mono,
        before: Option<&Arc<Interface>>,
        name: &Name,
        interface: Option<Arc<Interface>>,
    ) -> Option<Arc<Interface>> {
        let held = self.held.remove(name);
        let (Some(before), Some(interface)) = (before, interface.clone()) else { return interface };
        if before.up == interface.up || before.index != interface.index {
            return Some(interface);
        }
        let delay = self.delays.get(name).map_or(Duration::ZERO, |delay| match interface.up {
            true => delay.up,
            false => delay.down,
        });
        if delay.is_zero() {
            return Some(interface);
        }
        let at = held.map_or(now + delay, |(_, at)| at);
        self.held.insert(name.clone(), (interface.clone(), at));
        Some(Arc::new(Interface { up: before.up, ..(*interface).clone() }))
    }

    /// What the interface looks like where that does not count yet.
    pub fn held(&self, name: &Name) -> Option<&Arc<Interface>> {
        self.held.get(name).map(|(interface, _)| interface)
    }

    /// When [`Debounce::expire`] has something to do.
    pub fn deadline(&self) -> Option<Mono> {
        self.held.values().map(|(_, at)| *at).min()
    }

    /// What counts by now.
    pub fn expire(&mut self, now: Mono) -> Vec<(Name, Arc<Interface>)> {
        let due = self.held.extract_if(|_, (_, at)| *at <= now);
        let mut due: Vec<_> = due.map(|(name, (interface, _))| (name, interface)).collect();
        due.sort_by(|(one, _), (other, _)| one.cmp(other));
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vrrp::dialogue::{eth0, instance};

    fn at(millis: u64) -> Mono {
        Mono::ZERO + Duration::from_millis(millis)
    }

    fn debounce(down: u64, up: u64) -> Debounce {
        let (down, up) = (Duration::from_millis(down), Duration::from_millis(up));
        let delay = UpDownDelay { interface: "eth0".into(), down, up };
        let instances = vec![instance("A", 1, 100).into()];
        let mut debounce = Debounce::default();
        debounce.configure(&Config { up_down_delays: vec![delay], instances, ..Config::default() });
        debounce
    }

    /// Whether it counts as up after it was told so.
    fn tell(debounce: &mut Debounce, now: u64, before: bool, up: bool) -> bool {
        let now = debounce.change(at(now), Some(&eth0(before, None)), &"eth0".into(), Some(eth0(up, None)));
        now.unwrap().up
    }

    #[test]
    fn a_short_change_never_counts() {
        let mut debounce = debounce(1_500, 1_000);
        assert!(tell(&mut debounce, 0, true, false));
        assert_eq!(debounce.deadline(), Some(at(1_500)));
        assert!(tell(&mut debounce, 1_400, true, true));
        assert_eq!(debounce.deadline(), None);
        assert!(tell(&mut debounce, 2_000, true, false));
        assert_eq!(debounce.deadline(), Some(at(3_500)), "anew");
        assert!(tell(&mut debounce, 3_000, true, false), "told again in between");
        assert_eq!(debounce.deadline(), Some(at(3_500)));
        assert_eq!(debounce.expire(at(3_500)).len(), 1);
        assert!(!tell(&mut debounce, 4_000, false, true));
        assert_eq!(debounce.deadline(), Some(at(5_000)));
    }

    #[test]
    fn no_loss_waits_longer_than_a_backup() {
        let mut debounce = debounce(5_000, 4_000);
        tell(&mut debounce, 0, true, false);
        assert_eq!(debounce.deadline(), Some(at(2_000)));
        assert_eq!(debounce.expire(at(2_000)).len(), 1);
        tell(&mut debounce, 3_000, false, true);
        assert_eq!(debounce.deadline(), Some(at(7_000)), "the way back takes as long as the file says");
    }

    #[test]
    fn what_is_gone_is_gone_at_once() {
        let mut debounce = debounce(1_500, 1_000);
        tell(&mut debounce, 0, true, false);
        assert_eq!(debounce.change(at(10), Some(&eth0(true, None)), &"eth0".into(), None), None);
        assert_eq!(debounce.deadline(), None);
        assert!(debounce.change(at(20), None, &"eth0".into(), Some(eth0(true, None))).unwrap().up);
    }

    #[test]
    fn without_a_delay_every_change_counts() {
        let mut debounce = Debounce::default();
        assert!(!tell(&mut debounce, 0, true, false));
        assert_eq!(debounce.deadline(), None);
    }
}

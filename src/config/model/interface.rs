//! Settings of interfaces: `garp_group`, `linkbeat_interfaces`, `interface_up_down_delays`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Config, Tracked};
use crate::ids::Name;

/// `garp_group`: the pace of announcements on interfaces.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GarpGroup {
    /// `garp_interval`: least gap between two gratuitous ARPs.
    pub garp_interval: Option<Duration>,
    /// `gna_interval`: the same for neighbour advertisements.
    pub gna_interval: Option<Duration>,
    /// `interface`, `interfaces`; they share the pace.
    pub interfaces: Vec<Name>,
}

/// How `linkbeat_interfaces` asks for the state of a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkbeatWay {
    Mii,
    Ethtool,
    Ioctl,
}

/// A line of `linkbeat_interfaces`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Linkbeat {
    pub interface: Name,
    /// `None`: the best that there is.
    pub way: Option<LinkbeatWay>,
}

/// A line of `interface_up_down_delays`: a change counts when it has lasted so long, 0 to 255 s.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UpDownDelay {
    pub interface: Name,
    pub down: Duration,
    /// Zero where none is written.
    pub up: Duration,
}

impl Config {
    /// The interfaces whose links are polled, and how: those that an instance or a group follows.
    pub fn polled_links(&self) -> BTreeMap<Name, Option<LinkbeatWay>> {
        let mut polled: BTreeMap<Name, Option<LinkbeatWay>> = BTreeMap::new();
        let all = self.global.linkbeat_use_polling;
        let by_word = self.instances.iter().filter(|one| all || one.options.linkbeat_use_polling);
        polled.extend(by_word.map(|one| (one.interface.clone(), None)));
        let lines = self.linkbeat.iter().filter(|line| self.follows_link(&line.interface));
        polled.extend(lines.map(|line| (line.interface.clone(), line.way)));
        polled
    }

    fn follows_link(&self, name: &Name) -> bool {
        let tracks = |tracked: &[Tracked]| tracked.iter().any(|one| one.name == *name);
        self.instances.iter().any(|one| one.interface == *name || tracks(&one.track_interfaces))
            || self.sync_groups.iter().any(|group| tracks(&group.track_interfaces))
    }
}

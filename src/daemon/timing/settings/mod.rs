//! Settings of the kernel that the configuration asks for, beside those of its devices.

mod local_igmp;
mod promotion;

use self::local_igmp::LocalIgmp;
use self::promotion::Promotion;
use crate::config::model::Config;
use crate::objects::interface::Interfaces;

/// All of them, and what they were.
pub(super) struct Settings {
    promotion: Promotion,
    local_igmp: LocalIgmp,
}

impl Settings {
    /// Before anything joins a group.
    pub fn start(config: &Config, interfaces: &Interfaces) -> Self {
        let mut promotion = Promotion::default();
        promotion.follow(config, interfaces);
        Settings { promotion, local_igmp: LocalIgmp::start(config) }
    }

    /// Another configuration, or other interfaces.
    pub fn follow(&mut self, config: &Config, interfaces: &Interfaces) {
        self.promotion.follow(config, interfaces);
    }

    /// As they were found.
    pub fn end(&mut self) {
        self.promotion.end();
        self.local_igmp.end();
    }
}

//! `disable_local_igmp`: the kernel reports no membership of groups of the link, which switches flood anyway.

use crate::config::model::Config;
use crate::kernel::sysctl::Changed;
use crate::report::{Ident, Line, emit};

const SETTING: [&str; 3] = ["net", "ipv4", "igmp_link_local_mcast_reports"];

/// The setting, if it was changed. Only a restart changes it: what is joined is not reported again.
pub(super) struct LocalIgmp {
    changed: Changed,
}

impl LocalIgmp {
    /// Before anything joins a group.
    pub fn start(config: &Config) -> Self {
        let mut changed = Changed::default();
        if config.global.disable_local_igmp
            && let Err(error) = changed.set(&SETTING, "0")
        {
            emit(Ident::Vrrp, Line::error(format!("disable_local_igmp: {}: {error}", SETTING.join("/"))));
        }
        LocalIgmp { changed }
    }

    /// As it was found.
    pub fn end(&mut self) {
        for (name, error) in self.changed.restore_all() {
            emit(Ident::Vrrp, Line::warn(format!("cannot set {name}: {error}")));
        }
    }
}

//! `promote_secondaries`: when the first address of a network goes, the kernel keeps the others.

use std::collections::HashSet;

use crate::config::model::Config;
use crate::ids::Name;
use crate::kernel::sysctl::Changed;
use crate::objects::interface::Interfaces;
use crate::report::{Ident, Line, emit};

/// The interfaces that it is set on, as long as an instance asks for it.
#[derive(Default)]
pub(super) struct Promotion {
    on: HashSet<Name>,
    changed: Changed,
}

impl Promotion {
    /// Sets it where this configuration asks for it and the interface is there, and nowhere else.
    pub fn follow(&mut self, config: &Config, interfaces: &Interfaces) {
        let instances = config.instances.iter().filter(|instance| instance.promote_secondaries);
        let wanted: HashSet<&Name> = instances
            .map(|instance| &instance.interface)
            .filter(|name| interfaces.contains_key(*name))
            .collect();
        let gone: Vec<Name> = self.on.iter().filter(|name| !wanted.contains(name)).cloned().collect();
        for name in gone {
            self.on.remove(&name);
            told(self.changed.restore_one(&setting(&name)));
        }
        for name in wanted {
            if self.on.insert(name.clone())
                && let Err(error) = self.changed.set(&setting(name), "1")
            {
                told(vec![(setting(name).join("/"), error)]);
            }
        }
    }

    /// As it was found, everywhere.
    pub fn end(&mut self) {
        self.on.clear();
        told(self.changed.restore_all());
    }
}

fn setting(interface: &str) -> [&str; 5] {
    ["net", "ipv4", "conf", interface, "promote_secondaries"]
}

fn told(errors: Vec<(String, std::io::Error)>) {
    for (name, error) in errors {
        emit(Ident::Vrrp, Line::warn(format!("cannot set {name}: {error}")));
    }
}

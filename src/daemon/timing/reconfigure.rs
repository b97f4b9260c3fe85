//! A new configuration is taken over while adverts go on.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Driver, devices};
use crate::config::model::{Config, VrrpInstance};
use crate::ids::Name;
use crate::kernel::clock;
use crate::report::{Ident, Line, emit};
use crate::vrrp::event::Event;

/// Taking over a new configuration, and each instance of it, takes less.
const READING_ON: Duration = Duration::from_millis(5);
const READING_ONE: Duration = Duration::from_micros(20);

impl Driver {
    pub(super) fn reconfigure(&mut self, config: Arc<Config>) {
        let begun = clock::now();
        let ahead = self.reading_on(&config);
        self.router.speak_ahead(begun, ahead, &mut self.actions);
        self.act_all();
        self.clear_misplaced(&config);
        self.config = config.clone();
        self.scheduling.follow(&config.global.processes);
        self.settings.follow(&config, &self.interfaces);
        self.firewall.follow(&config);
        self.prepare_routing(&config);
        self.own_statics(Some(&config));
        self.clear_renamed(&config);
        self.devices.ensure(&mut self.channel, config.instances.iter(), &self.interfaces, &self.names);
        // The router is told of new devices first: an instance must not begin in FAULT for want of its own.
        if let Err(error) = self.drain_monitor() {
            emit(Ident::Vrrp, Line::warn(error.to_string()));
        }
        if ahead == Duration::MAX && self.renamed.is_empty() {
            // The devices have taken their time, and those that go will take more. Who lost its own for another one
            // speaks as soon as it knows that.
            self.router.speak_ahead(clock::now(), ahead, &mut self.actions);
            self.act_all();
        }
        self.router.handle(clock::now(), Event::Reconfigure(config.clone()), &mut self.actions);
        for name in std::mem::take(&mut self.renamed) {
            self.router.handle(clock::now(), Event::Interface { name, now: None }, &mut self.actions);
        }
        self.rewire = true;
        // Those that are gone resign before their devices go.
        self.carry_out();
        self.devices.keep_only(&mut self.channel, &config);
        if ahead < Duration::MAX {
            self.took = clock::now().since(begun);
        }
    }

    /// How long it may take to take over this configuration: by the number of its instances, and by how long it took
    /// the last time. With other devices nobody knows.
    fn reading_on(&self, config: &Config) -> Duration {
        let devices = |config: &Config| -> Vec<(Name, Name)> {
            let each = |one: &Arc<VrrpInstance>| {
                let parent = one.interface.clone();
                devices::names(one).map(move |name| (name, parent.clone())).collect::<Vec<_>>()
            };
            config.instances.iter().flat_map(each).collect()
        };
        if devices(&self.config) != devices(config) {
            return Duration::MAX;
        }
        let count = u32::try_from(config.instances.len()).unwrap_or(u32::MAX);
        (READING_ON + READING_ONE * count).max(self.took * 2)
    }

    /// A virtual MAC that is wanted on another interface is another device of the same name. Whoever speaks by the
    /// old one resigns by it and lets go of its addresses; then the device goes.
    fn clear_misplaced(&mut self, config: &Arc<Config>) {
        let mut misplaced = self.devices.misplaced(config, &self.interfaces);
        misplaced.extend(self.left_with_their_device(config));
        if misplaced.is_empty() {
            return;
        }
        let mut without = Config::clone(config);
        let speaks_by = |one: &VrrpInstance| one.vmac.as_ref().is_some_and(|v| misplaced.contains(&v.name));
        without.instances.retain(|instance| !speaks_by(instance));
        // What is told of the devices until then is not taken for a reason to make them where they were.
        self.config = Arc::new(without);
        self.router.handle(clock::now(), Event::Reconfigure(self.config.clone()), &mut self.actions);
        self.carry_out();
        self.devices.give_up(&mut self.channel, &misplaced);
        if let Err(error) = self.drain_monitor() {
            emit(Ident::Vrrp, Line::warn(error.to_string()));
        }
    }

    /// The devices with another name from now on of instances that do not live on.
    fn left_with_their_device(&self, config: &Config) -> Vec<Name> {
        let renamed = self.devices.renamed(config);
        let living: HashSet<_> = config.instances.iter().map(|one| one.identity()).collect();
        let dying = self.config.instances.iter().filter(|one| !living.contains(&one.identity()));
        dying.flat_map(|one| devices::names(one)).filter(|name| renamed.contains(name)).collect()
    }

    /// A virtual MAC's device with another name is another device: the old one goes first, and the router hears of
    /// that when it knows the new one. Whoever is master stays it.
    fn clear_renamed(&mut self, config: &Config) {
        self.renamed = self.devices.renamed(config);
        for name in &self.renamed {
            // They go with it.
            let _ = self.addresses.interface_gone(name);
        }
        self.devices.give_up(&mut self.channel, &self.renamed);
    }
}

//! Traps of `vrrp_instance` and `vrrp_sync_group`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::{Lints, child, place};
use crate::config::model::vrrp::InitialState;
use crate::config::model::{Auth, VrrpInstance};
use crate::config::syntax::Node;
use crate::diag::Span;

/// An advert less often makes a takeover of more than half a minute.
const SLOW_ADVERTS: Duration = Duration::from_secs(10);

impl Lints<'_> {
    pub(super) fn vrrp(&mut self) {
        for (instance, node) in self.instances() {
            self.state_and_priority(instance, node);
            self.passwords(instance, node);
            self.strict(instance, node);
            self.addresses(instance, node);
            self.tracking(instance, node);
            self.way(instance, node);
        }
        self.addresses_of_two();
        self.groups();
        self.router_id();
    }

    fn state_and_priority(&mut self, instance: &VrrpInstance, node: &Node) {
        let master = instance.state == Some(InitialState::Master);
        let written = child(node, "priority");
        if master && written.is_none() {
            self.say(
                "master-without-priority",
                place(node, "state"),
                format!(
                    "({}) state MASTER without priority means priority 255, the owner of the addresses",
                    instance.name
                ),
                "write the priority; 255 is for a router that has the address on its interface anyway",
            );
        } else if written.is_none() {
            self.say(
                "priority-not-set",
                node.span_of(1),
                format!("({}) has no priority, so 100 like every other router without one", instance.name),
                "write a priority; equal ones leave the decision to the larger address",
            );
        }
        if master && written.is_some() && instance.priority <= 100 {
            self.say(
                "master-with-low-priority",
                place(node, "state"),
                format!("({}) starts as MASTER with priority {}: a backup with the usual 100 or more takes over at once", instance.name, instance.priority),
                "give the MASTER the largest priority, or write state BACKUP",
            );
        }
        if instance.priority == 255 && written.is_some() {
            let owned = "255 is for the owner of the addresses: it preempts at once, nopreempt and weights have no effect";
            self.say(
                "priority-255",
                place(node, "priority"),
                format!("({}) {owned}", instance.name),
                "use at most 254, unless the addresses are on the interface anyway",
            );
        }
        if instance.advert_int > SLOW_ADVERTS {
            let takeover = instance.advert_int.as_secs_f64() * f64::from(instance.down_timer_adverts);
            self.say(
                "slow-adverts",
                place(node, "advert_int"),
                format!(
                    "({}) a failed master is noticed after {takeover} s at the earliest",
                    instance.name
                ),
                "1 s is usual; all routers of a virtual router must have the same",
            );
        }
    }

    fn passwords(&mut self, instance: &VrrpInstance, node: &Node) {
        if matches!(instance.auth, Some(Auth::Pass(_))) {
            self.remind(
                "password-in-clear",
                place(node, "authentication"),
                "auth_type PASS sends its password in clear in every advert",
                "it keeps two groups apart by mistake, and nobody out: filter protocol 112 at the network's edge",
            );
        }
    }

    /// Strict mode drops everything that comes for a virtual address.
    fn strict(&mut self, instance: &VrrpInstance, node: &Node) {
        let own = child(node, "strict_mode")
            .map(|line| line.argument(1).is_none_or(|word| !matches!(word, "off" | "false" | "no")));
        let strict = own.unwrap_or(self.loaded.config.global.vrrp_strict);
        let has_addresses = !instance.addresses.is_empty() || !instance.excluded.is_empty();
        if strict && has_addresses && instance.priority != 255 && child(node, "accept").is_none() {
            let span = child(node, "strict_mode").or(self.global("vrrp_strict")).and_then(Node::span);
            self.say(
                "strict-drops-traffic",
                span,
                "vrrp_strict drops everything that is sent to a virtual address, ping and services alike",
                "remove vrrp_strict, or write accept in the instance",
            );
        }
    }

    fn addresses(&mut self, instance: &VrrpInstance, node: &Node) {
        for keyword in ["virtual_ipaddress", "virtual_ipaddress_excluded"] {
            for entry in node.nodes().iter().filter(|inner| inner.name() == keyword).flat_map(Node::nodes) {
                let word = entry.name();
                if word.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4()) {
                    self.say(
                        "address-without-mask",
                        entry.span(),
                        format!("({}) {word} is set as {word}/32", instance.name),
                        format!("write {word}/32 if that is meant, else the prefix length of the network"),
                    );
                }
            }
        }
    }

    /// The same address in two instances: whoever becomes MASTER last has it.
    fn addresses_of_two(&mut self) {
        let mut first: HashMap<IpAddr, (String, Option<Span>)> = HashMap::new();
        for (instance, node) in self.instances() {
            for address in instance.addresses.iter().chain(&instance.excluded) {
                let ip = address.key.address();
                let span = entry_of(node, ip).or_else(|| node.span_of(1));
                match first.get(&ip) {
                    Some((other, _)) if **other != *instance.name => {
                        let message = format!("({}) {ip} is an address of {other} too", instance.name);
                        self.say(
                            "address-of-two-instances",
                            span,
                            message,
                            "an address belongs to one virtual router",
                        );
                    }
                    Some(_) => {}
                    None => {
                        first.insert(ip, (instance.name.to_string(), span));
                    }
                }
            }
        }
    }

    fn tracking(&mut self, instance: &VrrpInstance, node: &Node) {
        let weights = instance.track_scripts.iter().chain(&instance.track_interfaces);
        for tracked in weights {
            let reach = i32::from(instance.priority) + i32::from(tracked.weight);
            if instance.priority != 255 && !(1..=254).contains(&reach) {
                self.say(
                    "weight-beyond-the-end",
                    place(node, "priority"),
                    format!(
                        "({}) priority {} and weight {} of {} make {reach}, cut to 1 or 254",
                        instance.name, instance.priority, tracked.weight, tracked.name
                    ),
                    "choose priority and weights so that every sum is from 1 to 254",
                );
            }
        }
    }

    fn way(&mut self, instance: &VrrpInstance, node: &Node) {
        if !instance.unicast_peers.is_empty() && instance.source.is_none() {
            self.say(
                "unicast-without-source",
                place(node, "unicast_peer"),
                format!(
                    "({}) sends from the first address of {}, which may change",
                    instance.name, instance.interface
                ),
                "write unicast_src_ip with the address that the peers have in their unicast_peer",
            );
        }
    }

    fn groups(&mut self) {
        let config = &self.loaded.config;
        for node in self.blocks("vrrp_sync_group") {
            let Some(group) =
                config.sync_groups.iter().find(|group| Some(&*group.name) == node.argument(1))
            else {
                continue;
            };
            let members: Vec<&VrrpInstance> = config
                .instances
                .iter()
                .map(AsRef::as_ref)
                .filter(|one| group.members.contains(&one.name))
                .collect();
            let differ = |of: fn(&VrrpInstance) -> u64| {
                members.windows(2).any(|pair| matches!(pair, [a, b] if of(a) != of(b)))
            };
            let traps: [(&str, bool, &str); 3] = [
                (
                    "group-of-different-states",
                    differ(|one| one.state.is_some_and(|state| state == InitialState::Master).into()),
                    "state",
                ),
                ("group-of-different-preemption", differ(|one| one.nopreempt.into()), "nopreempt"),
                (
                    "group-of-different-intervals",
                    differ(|one| u64::try_from(one.advert_int.as_micros()).unwrap_or(u64::MAX)),
                    "advert_int",
                ),
            ];
            for (code, differs, keyword) in traps {
                if differs {
                    self.say(
                        code,
                        node.span_of(1),
                        format!(
                            "the members of {} differ in {keyword}: they pull each other to and fro",
                            group.name
                        ),
                        format!("give all members of a sync group the same {keyword}"),
                    );
                }
            }
        }
    }

    fn router_id(&mut self) {
        let mails = !self.loaded.config.global.notification_email.is_empty();
        if mails && self.loaded.config.global.router_id.is_none() {
            self.say(
                "no-router-id",
                self.global("notification_email").and_then(Node::span),
                "without router_id the mails of all routers look alike where host names do",
                "write router_id in global_defs",
            );
        }
        let alerts = self.loaded.config.instances.iter().any(|one| one.smtp_alert == Some(true));
        if (alerts || mails) && self.loaded.config.global.smtp_server.is_none() {
            self.say(
                "mail-without-server",
                self.global("notification_email").and_then(Node::span),
                "no mail is sent without smtp_server",
                "write smtp_server in global_defs",
            );
        }
    }
}

/// The line of an address.
fn entry_of(node: &Node, ip: IpAddr) -> Option<Span> {
    let lines = node.nodes().iter().filter(|inner| inner.name().starts_with("virtual_ipaddress"));
    let mut entries = lines.flat_map(Node::nodes);
    let found =
        entries.find(|entry| entry.name().split('/').next().and_then(|word| word.parse().ok()) == Some(ip));
    found.and_then(Node::span)
}

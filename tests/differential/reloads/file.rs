//! A configuration as plain data, its text, and what must come of it on a host that hears no other router: a small
//! model that knows nothing of the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

pub const LINKS: [&str; 2] = ["eth0", "eth1"];

/// Where two devices of the host stand.
pub const TRACKED_LINKS: [&str; 2] = ["up0", "down0"];
const SCRIPTS: [(&str, &str); 2] = [("well", "/usr/bin/true"), ("ill", "/usr/bin/false")];
pub const FILES: [(&str, i32); 2] = [("zero", 0), ("seven", 7)];

/// Something tracked: the first of its kind is well, the second is not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tracker {
    pub ill: bool,
    pub weight: i32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Address {
    /// With its prefix.
    pub net: String,
    /// Its own `dev`.
    pub device: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Route {
    pub number: u8,
    pub metric: u8,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    pub name: String,
    pub vrid: u8,
    pub link: usize,
    pub vmac: bool,
    pub unicast: bool,
    pub version: u8,
    pub priority: u8,
    /// Hundredths of a second.
    pub interval: u32,
    pub password: Option<(&'static str, u8)>,
    pub addresses: Vec<Address>,
    pub excluded: Vec<Address>,
    pub routes: Vec<Route>,
    pub rules: Vec<u8>,
    pub script: Option<Tracker>,
    pub file: Option<Tracker>,
    pub watched: Option<Tracker>,
    /// Lines that change neither the kernel nor what is on the wire here.
    pub words: BTreeSet<&'static str>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub name: String,
    pub members: Vec<u8>,
    /// `sync_group_tracking_weight`.
    pub weights: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct File {
    pub instances: Vec<Instance>,
    pub groups: Vec<Group>,
    /// For fresh names.
    pub named: u32,
}

/// What an instance must be once all has come to rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    pub master: bool,
    /// On the wire.
    pub priority: u8,
}

impl Address {
    pub fn line(&self) -> String {
        let device = self.device.map(|link| format!(" dev {}", LINKS[link]));
        format!("{}{}", self.net, device.unwrap_or_default())
    }
}

impl Instance {
    /// What a reload knows it by: who keeps this keeps MASTER.
    pub fn identity(&self) -> (u8, usize, bool, bool) {
        (self.vrid, self.link, self.vmac, self.unicast)
    }

    /// The device of an address. Who names the interface of the instance means its virtual MAC, if it has one.
    pub fn device(&self, address: &Address) -> String {
        match address.device.unwrap_or(self.link) {
            link if link == self.link && self.vmac => format!("vrrp.{}", self.vrid),
            link => LINKS[link].to_owned(),
        }
    }

    /// All that is to be set, with the device.
    pub fn held(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.addresses.iter().chain(&self.excluded).map(|a| (self.device(a), a.net.clone()))
    }

    /// Each tracker, and the value of what it tracks: 1 or 0, or the number in the file.
    fn effects(&self, weighed: bool) -> (bool, i32) {
        let (mut fault, mut sum) = (false, 0);
        for tracker in [self.script, self.watched].into_iter().flatten() {
            match tracker.weight {
                0 => fault |= tracker.ill,
                weight if weighed && (weight < 0) == tracker.ill => sum += weight,
                _ => {}
            }
        }
        if let Some(tracker) = self.file {
            let value = FILES[usize::from(tracker.ill)].1;
            if weighed && tracker.weight != 0 {
                sum += value * tracker.weight;
            } else {
                fault |= value != 0;
            }
        }
        (fault, sum)
    }

    fn text(&self, text: &mut String) {
        let link = LINKS[self.link];
        writeln!(text, "vrrp_instance {} {{\n interface {link}", self.name).unwrap();
        writeln!(text, " virtual_router_id {}\n priority {}", self.vrid, self.priority).unwrap();
        writeln!(text, " version {}\n advert_int {}", self.version, f64::from(self.interval) / 100.0)
            .unwrap();
        if self.vmac {
            writeln!(text, " use_vmac").unwrap();
        }
        if self.unicast {
            writeln!(text, " unicast_peer {{\n  10.{}.0.2\n }}", self.link).unwrap();
        }
        if let Some((kind, number)) = self.password {
            writeln!(text, " authentication {{\n  auth_type {kind}\n  auth_pass p{number}\n }}").unwrap();
        }
        for word in &self.words {
            writeln!(text, " {word}").unwrap();
        }
        for (block, list) in
            [("virtual_ipaddress", &self.addresses), ("virtual_ipaddress_excluded", &self.excluded)]
        {
            block_text(text, block, list.iter().map(Address::line));
        }
        block_text(text, "virtual_routes", self.routes.iter().map(Route::text));
        block_text(text, "virtual_rules", self.rules.iter().map(rule_text));
        let weight = |tracker: &Tracker| match tracker.weight {
            0 => String::new(),
            weight => format!(" weight {weight}"),
        };
        let chosen = |tracker: &Tracker| usize::from(tracker.ill);
        block_text(
            text,
            "track_script",
            self.script.iter().map(|t| format!("{}{}", SCRIPTS[chosen(t)].0, weight(t))),
        );
        block_text(
            text,
            "track_interface",
            self.watched.iter().map(|t| format!("{}{}", TRACKED_LINKS[chosen(t)], weight(t))),
        );
        // Without a weight a file has that of its definition, which is 1.
        block_text(
            text,
            "track_file",
            self.file.iter().map(|t| format!("{} weight {}", FILES[chosen(t)].0, t.weight)),
        );
        text.push_str("}\n");
    }
}

fn block_text(text: &mut String, name: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.map(|line| format!("  {line}\n")).collect();
    if !lines.is_empty() {
        writeln!(text, " {name} {{\n{} }}", lines.concat()).unwrap();
    }
}

impl Route {
    fn text(&self) -> String {
        let link = usize::from(self.number % 2);
        let metric = if self.metric == 0 { String::new() } else { format!(" metric {}", self.metric) };
        format!("10.60.{}.0/24 via 10.{link}.0.9 dev {}{metric}", self.number, LINKS[link])
    }
}

fn rule_text(number: &u8) -> String {
    format!("from 10.61.{number}.0/24 table 60 preference {}", 600 + u32::from(*number))
}

impl File {
    pub fn group_of(&self, vrid: u8) -> Option<&Group> {
        self.groups.iter().find(|group| group.members.contains(&vrid))
    }

    pub fn instance(&self, vrid: u8) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.vrid == vrid)
    }

    pub fn text(&self, directory: &Path) -> String {
        let mut text = String::from("global_defs {\n script_user root\n enable_script_security\n}\n");
        for (index, (name, command)) in SCRIPTS.iter().enumerate() {
            if self.instances.iter().any(|i| i.script.is_some_and(|t| usize::from(t.ill) == index)) {
                writeln!(text, "vrrp_script {name} {{\n script {command}\n interval 1\n}}").unwrap();
            }
        }
        for (index, (name, _)) in FILES.iter().enumerate() {
            if self.instances.iter().any(|i| i.file.is_some_and(|t| usize::from(t.ill) == index)) {
                let path = directory.join(name);
                writeln!(text, "track_file {name} {{\n file {}\n}}", path.display()).unwrap();
            }
        }
        for group in &self.groups {
            let members = group.members.iter().filter_map(|vrid| self.instance(*vrid));
            let members: Vec<&str> = members.map(|instance| &*instance.name).collect();
            let weights = if group.weights { "\n sync_group_tracking_weight" } else { "" };
            writeln!(
                text,
                "vrrp_sync_group {} {{\n group {{\n  {}\n }}{weights}\n}}",
                group.name,
                members.join("\n  ")
            )
            .unwrap();
        }
        for instance in &self.instances {
            instance.text(&mut text);
        }
        text
    }

    /// What each virtual router must come to, by VRID.
    pub fn standings(&self) -> BTreeMap<u8, Standing> {
        let judged = |instance: &Instance| {
            let member = self.group_of(instance.vrid).is_some_and(|group| !group.weights);
            instance.effects(instance.priority != 255 && !member)
        };
        let standing = |instance: &Instance| {
            let (own_fault, sum) = judged(instance);
            let group = self.group_of(instance.vrid);
            let others = group.into_iter().flat_map(|group| &group.members);
            let group_fault = others.filter_map(|vrid| self.instance(*vrid)).any(|other| judged(other).0);
            let priority = match instance.priority {
                255 => 255,
                base => (i32::from(base) + sum).clamp(1, 254) as u8,
            };
            (instance.vrid, Standing { master: !own_fault && !group_fault, priority })
        };
        self.instances.iter().map(standing).collect()
    }

    /// What the kernel must have of us, a line each.
    pub fn kernel(&self) -> BTreeSet<String> {
        let standings = self.standings();
        let mut lines = BTreeSet::new();
        for instance in &self.instances {
            if instance.vmac {
                lines.insert(format!("device vrrp.{} on {}", instance.vrid, LINKS[instance.link]));
            }
            if !standings[&instance.vrid].master {
                continue;
            }
            lines.extend(instance.held().map(|(device, net)| format!("address {net} on {device}")));
            lines.extend(instance.routes.iter().map(|route| format!("route {}", route.text())));
            lines.extend(
                instance.rules.iter().map(|rule| {
                    format!("rule {}: from 10.61.{rule}.0/24 lookup 60", 600 + u32::from(*rule))
                }),
            );
        }
        lines
    }
}

//! Random edits of a configuration, each with words for the history of a failure.

use super::file::{Address, File, Group, Instance, LINKS, Route, Tracker};
use crate::support::chance::Chance;
use std::path::Path;

const MOST_INSTANCES: usize = 6;
/// More than one line of these may stand in an instance.
const WORDS: [&str; 17] = [
    "garp_master_delay 1",
    "garp_master_repeat 2",
    "garp_master_refresh 1",
    "garp_lower_prio_repeat 2",
    "garp_lower_prio_delay 1",
    "preempt_delay 3",
    "nopreempt",
    "state MASTER",
    "down_timer_adverts 4",
    "lower_prio_no_advert",
    "higher_prio_send_advert",
    "skip_check_adv_addr",
    "dont_track_primary",
    "promote_secondaries",
    "notify /usr/bin/true",
    "no_accept",
    // A mistake that costs nothing.
    "frobnicate 7",
];

impl File {
    /// What a run begins with.
    pub fn draw(chance: &mut Chance) -> File {
        let mut file = File::default();
        for _ in 0..2 + chance.below(3) {
            file.add(chance);
        }
        file
    }

    /// Makes one edit that is possible, and says which.
    pub fn edit(&mut self, chance: &mut Chance) -> String {
        loop {
            let before = self.clone();
            let said = self.try_edit(chance);
            self.tidy();
            if *self != before {
                return said.unwrap_or_default();
            }
        }
    }

    fn try_edit(&mut self, chance: &mut Chance) -> Option<String> {
        match chance.below(20) {
            0 => self.add(chance),
            1 if self.instances.len() > 1 => {
                let at = chance.index(self.instances.len());
                Some(format!("{} is removed", self.instances.remove(at).name))
            }
            2 => {
                let at = chance.index(self.instances.len());
                let to = chance.index(self.instances.len());
                self.instances.swap(at, to);
                Some("the order in the file".to_owned())
            }
            3 | 4 => self.regroup(chance),
            5 => self.hand_over(chance),
            number => {
                let fresh = self.fresh_name();
                let net = self.free_net(chance);
                let route = Route { number: self.free_route(chance)?, metric: chance.pick(&[0, 0, 5]) };
                let rule = self.free_rule(chance)?;
                let at = chance.index(self.instances.len());
                let instance = &mut self.instances[at];
                let what = instance.change(number, chance, fresh, net, route, rule);
                Some(format!("{}: {what}", instance.name))
            }
        }
    }

    /// Groups of fewer than two are none.
    fn tidy(&mut self) {
        let living: Vec<u8> = self.instances.iter().map(|instance| instance.vrid).collect();
        for group in &mut self.groups {
            group.members.retain(|vrid| living.contains(vrid));
        }
        self.groups.retain(|group| group.members.len() > 1);
    }

    fn add(&mut self, chance: &mut Chance) -> Option<String> {
        if self.instances.len() >= MOST_INSTANCES {
            return None;
        }
        let vrid = (51..).find(|vrid| self.instance(*vrid).is_none())?;
        let version = if chance.percent(15) { 2 } else { 3 };
        let instance = Instance {
            name: self.fresh_name(),
            vrid,
            link: chance.index(LINKS.len()),
            vmac: chance.percent(30),
            unicast: chance.percent(15),
            version,
            priority: chance.pick(&[50, 100, 200, 254, 255]),
            interval: if version == 2 { 100 } else { chance.pick(&[10, 20, 30]) },
            password: None,
            addresses: vec![Address { net: self.free_net(chance), device: None }],
            excluded: Vec::new(),
            routes: Vec::new(),
            rules: Vec::new(),
            script: None,
            file: None,
            watched: None,
            words: chance.percent(30).then(|| chance.pick(&WORDS)).into_iter().collect(),
        };
        let said = format!("{} is added with VRID {vrid}", instance.name);
        let at = chance.index(self.instances.len() + 1);
        self.instances.insert(at, instance);
        Some(said)
    }

    fn regroup(&mut self, chance: &mut Chance) -> Option<String> {
        let loners: Vec<u8> = self.instances.iter().map(|instance| instance.vrid).collect();
        let loners: Vec<u8> = loners.into_iter().filter(|vrid| self.group_of(*vrid).is_none()).collect();
        let name = self.fresh_name();
        if self.groups.is_empty() || chance.percent(25) && loners.len() > 1 {
            let members: Vec<u8> = loners.into_iter().take(2 + chance.index(2)).collect();
            let said = format!("group {name} of {members:?}");
            self.groups.push(Group { name, members, weights: chance.percent(50) });
            return Some(said);
        }
        let at = chance.index(self.groups.len());
        let group = &mut self.groups[at];
        match chance.below(5) {
            0 => Some(format!("group {} is dissolved", self.groups.remove(at).name)),
            1 => {
                let old = std::mem::replace(&mut group.name, name);
                Some(format!("group {old} is now {}", group.name))
            }
            2 => {
                let gone = group.members.remove(chance.index(group.members.len()));
                Some(format!("{gone} leaves group {}", group.name))
            }
            3 => {
                group.weights ^= true;
                Some(format!("weights in group {}: {}", group.name, group.weights))
            }
            _ if loners.is_empty() => None,
            _ => {
                let new = chance.pick(&loners);
                group.members.push(new);
                Some(format!("{new} joins group {}", group.name))
            }
        }
    }

    /// An address moves from one instance to another.
    fn hand_over(&mut self, chance: &mut Chance) -> Option<String> {
        let (from, to) = (chance.index(self.instances.len()), chance.index(self.instances.len()));
        if from == to || self.instances[from].addresses.len() < 2 {
            return None;
        }
        let address = self.instances[from].addresses.remove(0);
        let names = (&self.instances[from].name, &self.instances[to].name);
        let said = format!("{} moves from {} to {}", address.net, names.0, names.1);
        self.instances[to].addresses.push(address);
        Some(said)
    }

    fn fresh_name(&mut self) -> String {
        self.named += 1;
        format!("N{}", self.named)
    }

    /// An address that nobody has, with a prefix: in the interface's own net, alone, or with others in a net of
    /// their own, where the kernel makes one of them the first.
    fn free_net(&self, chance: &mut Chance) -> String {
        loop {
            let number = 100 + chance.below(40);
            let net = match number % 3 {
                0 => format!("10.0.0.{number}/24"),
                1 => format!("10.8.0.{number}/24"),
                _ => format!("10.9.0.{number}/32"),
            };
            let lists = self.instances.iter().flat_map(|i| i.addresses.iter().chain(&i.excluded));
            if lists.into_iter().all(|address| address.net != net) {
                return net;
            }
        }
    }

    fn free_route(&self, chance: &mut Chance) -> Option<u8> {
        let used: Vec<u8> =
            self.instances.iter().flat_map(|i| &i.routes).map(|route| route.number).collect();
        let free: Vec<u8> = (0..8).filter(|number| !used.contains(number)).collect();
        (!free.is_empty()).then(|| chance.pick(&free))
    }

    fn free_rule(&self, chance: &mut Chance) -> Option<u8> {
        let used: Vec<u8> = self.instances.iter().flat_map(|i| i.rules.clone()).collect();
        let free: Vec<u8> = (0..8).filter(|number| !used.contains(number)).collect();
        (!free.is_empty()).then(|| chance.pick(&free))
    }
}

impl Instance {
    fn change(
        &mut self,
        number: u64,
        chance: &mut Chance,
        fresh: String,
        net: String,
        route: Route,
        rule: u8,
    ) -> String {
        match number {
            6 => {
                return format!("is now {}", {
                    self.name = fresh;
                    &self.name
                });
            }
            7 => {
                self.priority = chance.pick(&[1, 50, 100, 150, 200, 254, 255]);
                return format!("priority {}", self.priority);
            }
            8 => {
                self.interval = if self.version == 2 { 100 } else { chance.pick(&[10, 20, 30, 50, 100]) };
                return format!("interval {}", self.interval);
            }
            9 => {
                self.version = 5 - self.version;
                self.interval = if self.version == 2 { 100 } else { 20 };
                self.password = None;
                return format!("version {}", self.version);
            }
            10 => {
                self.password = match self.version {
                    2 => chance.pick(&[None, Some(("PASS", 1)), Some(("PASS", 2)), Some(("AH", 1))]),
                    _ => None,
                };
                return format!("password {:?}", self.password);
            }
            11 => self.change_addresses(chance, net),
            12 => {
                let list = if chance.percent(50) { &mut self.addresses } else { &mut self.excluded };
                let device = chance.percent(20).then(|| chance.index(LINKS.len()));
                let at = chance.index(list.len() + 1);
                list.insert(at, Address { net, device });
            }
            13 => match chance.below(3) {
                0 if !self.routes.is_empty() => drop(self.routes.remove(0)),
                1 if !self.routes.is_empty() => self.routes[0].metric ^= 7,
                _ => self.routes.push(route),
            },
            14 if !self.rules.is_empty() && chance.percent(50) => drop(self.rules.remove(0)),
            14 => self.rules.push(rule),
            15 => self.track(chance),
            16 => {
                self.vmac ^= true;
                return format!("use_vmac {}", self.vmac);
            }
            17 if chance.percent(50) => {
                self.link = 1 - self.link;
                return format!("interface {}", LINKS[self.link]);
            }
            17 => {
                self.unicast ^= true;
                return format!("unicast {}", self.unicast);
            }
            _ => {
                let word = chance.pick(&WORDS);
                if !self.words.remove(word) {
                    self.words.insert(word);
                }
                return format!("line {word:?}: {}", self.words.contains(word));
            }
        }
        ["addresses", "an address more", "routes", "rules", "tracking"][number as usize - 11].to_owned()
    }

    fn change_addresses(&mut self, chance: &mut Chance, net: String) {
        match chance.below(4) {
            0 if self.addresses.len() > 1 => {
                drop(self.addresses.remove(chance.index(self.addresses.len())))
            }
            1 if !self.excluded.is_empty() => {
                self.addresses.push(self.excluded.remove(0));
            }
            2 if self.addresses.len() > 1 => self.excluded.push(self.addresses.remove(0)),
            3 => self.addresses.reverse(),
            _ => {
                let at = chance.index(self.addresses.len());
                self.addresses[at] = Address { net, device: None };
            }
        }
    }

    fn track(&mut self, chance: &mut Chance) {
        let tracker = Tracker { ill: chance.percent(40), weight: chance.pick(&[0, 0, -5, 3]) };
        let kind = chance.index(3);
        let place = [&mut self.script, &mut self.file, &mut self.watched];
        let Some(place) = place.into_iter().nth(kind) else { return };
        *place = if place.is_some() && chance.percent(60) { None } else { Some(tracker) };
    }
}

/// A text that must be refused, and why.
pub fn spoil(file: &File, directory: &Path, chance: &mut Chance) -> (&'static str, String) {
    let good = file.text(directory);
    let more = |text: &str| format!("{good}{text}");
    let extra = |interface: &str, vrid: u32| {
        format!(
            "vrrp_instance X {{\n interface {interface}\n virtual_router_id {vrid}\n \
             virtual_ipaddress {{\n 10.9.9.9\n }}\n}}\n"
        )
    };
    let first = format!(" virtual_router_id {}\n", file.instances[0].vrid);
    let doubled = file.instances.iter().find(|instance| !instance.unicast && !instance.vmac);
    match (chance.below(9), doubled) {
        (0, _) => ("a missing interface", more(&extra("eth7", 99))),
        (1, _) => ("a new VRID out of range", more(&extra("eth0", 256))),
        (2, _) => ("a running VRID out of range", good.replacen(&first, " virtual_router_id 256\n", 1)),
        (3, _) => {
            let block = format!("{first} unicast_peers {{\n  10.0.0.2\n }}\n");
            ("an unknown block", good.replacen(&first, &block, 1))
        }
        (4, _) => ("a missing brace", good.trim_end().trim_end_matches('}').to_owned()),
        (5, _) => {
            let lost = format!("  {}\n", file.instances[0].addresses[0].line());
            ("a missing include", good.replacen(&lost, "  include /nowhere/*.conf\n", 1))
        }
        (6, Some(instance)) => {
            ("a doubled VRID", more(&extra(LINKS[instance.link], u32::from(instance.vrid))))
        }
        (7, _) => {
            let (last, whole) = (file.instances.len() - 1, file.clone());
            let mut less = File { groups: Vec::new(), ..whole };
            less.instances.remove(last);
            ("another missing include", less.text(directory) + "include /nowhere.conf\n")
        }
        _ => ("nothing but a brace", "}".to_owned()),
    }
}

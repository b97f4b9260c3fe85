//! A small configuration drawn by chance, its text, and edits of it.

use crate::support::chance::Chance;
use std::fmt::Write as _;
use std::time::Duration;

pub const LINKS: [&str; 2] = ["eth0", "eth1"];
/// A device that is only there to be tracked.
pub const SPARE: &str = "up0";
/// What scripts look for and tracked files are.
pub const FLAGS: [&str; 2] = ["one", "two"];
pub const FILES: [&str; 2] = ["left", "right"];

/// The lines of a tracked object in its block: its name and a weight, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tracked {
    Interface(i32),
    Script(usize, i32),
    File(usize, i32),
}

#[derive(Clone, Debug)]
pub struct Instance {
    pub vrid: u8,
    pub link: usize,
    pub version: u8,
    pub priority: u8,
    pub state: &'static str,
    pub preempt: &'static str,
    pub vmac: bool,
    pub words: Vec<&'static str>,
    /// The last bytes of its addresses, and whether each is on the other interface.
    pub addresses: Vec<(u8, bool)>,
    pub tracked: Vec<Tracked>,
}

#[derive(Clone, Debug)]
pub struct Group {
    /// Of so many of the first instances.
    pub members: usize,
    pub weights: bool,
    pub tracked: Vec<Tracked>,
}

#[derive(Clone, Debug)]
pub struct File {
    pub instances: Vec<Instance>,
    pub group: Option<Group>,
}

fn tracked(chance: &mut Chance) -> Tracked {
    let weight = chance.pick(&[0, 0, 10, -10, 60, -60, 120]);
    match chance.below(3) {
        0 => Tracked::Interface(weight),
        1 => Tracked::Script(chance.index(FLAGS.len()), weight),
        _ => Tracked::File(chance.index(FILES.len()), chance.pick(&[0, 1, 1, -1, 5, -7])),
    }
}

impl Tracked {
    /// What it is, whatever its weight.
    fn object(self) -> Tracked {
        match self {
            Tracked::Interface(_) => Tracked::Interface(0),
            Tracked::Script(which, _) => Tracked::Script(which, 0),
            Tracked::File(which, _) => Tracked::File(which, 0),
        }
    }

    fn block(self) -> (&'static str, &'static str, i32) {
        match self {
            Tracked::Interface(weight) => ("track_interface", SPARE, weight),
            Tracked::Script(which, weight) => ("track_script", FLAGS[which], weight),
            Tracked::File(which, weight) => ("track_file", FILES[which], weight),
        }
    }
}

fn add_tracked(list: &mut Vec<Tracked>, new: Tracked) {
    if list.iter().all(|one| one.object() != new.object()) {
        list.push(new);
    }
}

fn write_tracked(text: &mut String, list: &[Tracked]) {
    for block in ["track_interface", "track_script", "track_file"] {
        let of_block: Vec<_> =
            list.iter().map(|one| one.block()).filter(|(name, ..)| *name == block).collect();
        if of_block.is_empty() {
            continue;
        }
        writeln!(text, " {block} {{").unwrap();
        for (_, name, weight) in of_block {
            // Without a word of its own a file has the weight of its definition, which is not 0.
            let said = weight != 0 || block == "track_file";
            let said = if said { format!(" weight {weight}") } else { String::new() };
            writeln!(text, "  {name}{said}").unwrap();
        }
        writeln!(text, " }}").unwrap();
    }
}

impl Instance {
    fn draw(chance: &mut Chance, vrid: u8) -> Instance {
        let mut instance = Instance {
            vrid,
            link: usize::from(chance.percent(30)),
            version: if chance.percent(15) { 2 } else { 3 },
            priority: chance.pick(&[1, 50, 100, 100, 100, 150, 200, 254, 255]),
            state: chance.pick(&["", "", "state BACKUP", "state MASTER"]),
            preempt: chance.pick(&["", "", "", "nopreempt", "nopreempt", "preempt_delay 1"]),
            vmac: chance.percent(15),
            words: Vec::new(),
            addresses: vec![(vrid, false)],
            tracked: Vec::new(),
        };
        if chance.percent(15) {
            instance.words.push("dont_track_primary");
        }
        if chance.percent(10) {
            instance.words.push("higher_prio_send_advert true");
        }
        if chance.percent(20) {
            instance.addresses.push((vrid + 10, chance.percent(50)));
        }
        for _ in 0..chance.pick(&[0, 0, 1, 1, 2]) {
            add_tracked(&mut instance.tracked, tracked(chance));
        }
        instance
    }

    pub fn name(&self) -> String {
        format!("I{}", self.vrid)
    }

    /// Hundredths of a second.
    pub fn interval(&self) -> u16 {
        if self.version == 2 { 100 } else { 20 }
    }

    fn text(&self, text: &mut String) {
        writeln!(text, "vrrp_instance {} {{\n interface {}", self.name(), LINKS[self.link]).unwrap();
        writeln!(text, " virtual_router_id {}\n priority {}", self.vrid, self.priority).unwrap();
        let interval = f64::from(self.interval()) / 100.0;
        writeln!(text, " version {}\n advert_int {interval}", self.version).unwrap();
        if self.vmac {
            writeln!(text, " use_vmac").unwrap();
        }
        for word in [self.state, self.preempt].iter().chain(&self.words).filter(|word| !word.is_empty()) {
            writeln!(text, " {word}").unwrap();
        }
        writeln!(text, " virtual_ipaddress {{").unwrap();
        for (last, elsewhere) in &self.addresses {
            let device = if *elsewhere { format!(" dev {}", LINKS[1 - self.link]) } else { String::new() };
            writeln!(text, "  10.9.0.{last}/32{device}").unwrap();
        }
        writeln!(text, " }}").unwrap();
        write_tracked(text, &self.tracked);
        writeln!(text, "}}").unwrap();
    }
}

impl File {
    pub fn draw(chance: &mut Chance) -> File {
        let count = chance.pick(&[1, 2, 2, 3]);
        let instances: Vec<_> = (0..count).map(|n| Instance::draw(chance, 51 + n)).collect();
        let mut file = File { instances, group: None };
        if count > 1 && chance.percent(50) {
            let members =
                chance.span(Duration::from_secs(2), Duration::from_secs(u64::from(count))).as_secs();
            let mut group =
                Group { members: members as usize, weights: chance.percent(40), tracked: Vec::new() };
            if chance.percent(40) {
                add_tracked(&mut group.tracked, tracked(chance));
            }
            file.group = Some(group);
        }
        file.mend();
        file
    }

    /// Takes away what keepalived 2.2.7 has its known faults with: a member that tracks what its group tracks, or that
    /// has a weighted interface where the group gives weights no word, which counts all the same.
    fn mend(&mut self) {
        let Some(group) = &mut self.group else { return };
        group.members = group.members.min(self.instances.len());
        let of_group: Vec<_> = group.tracked.iter().map(|one| one.object()).collect();
        for member in self.instances.iter_mut().take(group.members) {
            member.tracked.retain(|one| !of_group.contains(&one.object()));
            let is_weighted = |one: &Tracked| matches!(one, Tracked::Interface(weight) if *weight != 0);
            member.tracked.retain(|one| group.weights || !is_weighted(one));
        }
    }

    /// Changes one thing, and says what. Some virtual routers have a rival: its adverts would name other addresses, for
    /// which 2.2.7 drops them, and of a MASTER and a BACKUP ours makes no group. An owner that a reload frees of its FAULT
    /// is not the same either.
    pub fn edit(&mut self, chance: &mut Chance, rivals: &[u8]) -> String {
        let which = chance.index(self.instances.len());
        let with_owner = self.instances.iter().any(|one| one.priority == 255);
        let instance = &mut self.instances[which];
        let name = instance.name();
        let said = match chance.below(10) {
            3..=5 | 7 if with_owner => "nothing".to_owned(),
            0 | 1 => {
                instance.priority = chance.pick(&[1, 50, 100, 150, 200, 254]);
                format!("{name}: priority {}", instance.priority)
            }
            2 => {
                instance.preempt = chance.pick(&["", "nopreempt", "preempt_delay 1"]);
                format!("{name}: {:?}", instance.preempt)
            }
            3 if instance.tracked.is_empty() => {
                add_tracked(&mut instance.tracked, tracked(chance));
                format!("{name}: tracks {:?}", instance.tracked)
            }
            3 | 4 => {
                instance.tracked.pop();
                format!("{name}: tracks {:?}", instance.tracked)
            }
            5 => {
                add_tracked(&mut instance.tracked, tracked(chance));
                format!("{name}: tracks {:?}", instance.tracked)
            }
            6 if !rivals.contains(&instance.vrid) => {
                let last = instance.vrid + 20;
                match instance.addresses.iter().position(|(other, _)| *other == last) {
                    Some(index) => drop(instance.addresses.remove(index)),
                    None => instance.addresses.push((last, false)),
                }
                format!("{name}: addresses {:?}", instance.addresses)
            }
            7 if self.instances.len() > 1 && self.group.is_none() && rivals.is_empty() => {
                self.group = Some(Group { members: 2, weights: chance.percent(50), tracked: Vec::new() });
                "a group".to_owned()
            }
            7 => {
                self.group = None;
                "no group".to_owned()
            }
            8 => match &mut self.group {
                Some(group) => {
                    group.weights = !group.weights;
                    format!("sync_group_tracking_weight {}", group.weights)
                }
                None => "nothing".to_owned(),
            },
            _ => "nothing".to_owned(),
        };
        self.mend();
        said
    }

    pub fn text(&self, directory: &str) -> String {
        let mut text = format!(
            "global_defs {{\n script_user root\n vrrp_notify_fifo {directory}/fifo\n vrrp_garp_master_repeat 1\n vrrp_garp_lower_prio_repeat 0\n}}\n"
        );
        let all = self.instances.iter().flat_map(|one| &one.tracked);
        let all: Vec<Tracked> =
            all.chain(self.group.iter().flat_map(|group| &group.tracked)).copied().collect();
        for (index, name) in FLAGS.iter().enumerate() {
            if all.iter().any(|one| one.object() == Tracked::Script(index, 0)) {
                let command = format!("\"/bin/test -e {directory}/{name}\"");
                writeln!(text, "vrrp_script {name} {{\n script {command}\n interval 1\n}}").unwrap();
            }
        }
        for (index, name) in FILES.iter().enumerate() {
            if all.iter().any(|one| one.object() == Tracked::File(index, 0)) {
                writeln!(text, "track_file {name} {{\n file {directory}/{name}\n}}").unwrap();
            }
        }
        if let Some(group) = &self.group {
            let members: Vec<_> = self.instances.iter().take(group.members).map(Instance::name).collect();
            writeln!(text, "vrrp_sync_group G {{\n group {{\n  {}\n }}", members.join("\n  ")).unwrap();
            if group.weights {
                writeln!(text, " sync_group_tracking_weight").unwrap();
            }
            write_tracked(&mut text, &group.tracked);
            writeln!(text, "}}").unwrap();
        }
        for instance in &self.instances {
            instance.text(&mut text);
        }
        text
    }

    /// Nothing happens any more when nothing has happened for so long.
    pub fn patience(&self) -> Duration {
        let scripts = self.text("").contains("vrrp_script");
        let of = |instance: &Instance| {
            let interval = Duration::from_millis(10 * u64::from(instance.interval()));
            let delay = if instance.preempt.is_empty() { 0 } else { 1 };
            interval * 4 + Duration::from_secs(delay)
        };
        let longest = self.instances.iter().map(of).max().unwrap_or_default();
        longest + Duration::from_millis(if scripts { 1500 } else { 500 })
    }
}

//! What tracked objects (scripts, files, processes, BFD sessions, interfaces) do to an instance: nothing, a change
//! of its priority, or FAULT; which of its own and its group's trackers count.

use std::collections::HashMap;

use super::event::Event;
use crate::config::model::vrrp::OWNER;
use crate::config::model::{SyncGroup, TrackFile, Tracked, TrackedObjects, VrrpInstance};
use crate::ids::Name;

/// A file whose value times its weight is this low is a fault instead.
const FILE_FAULT: i64 = -254;
/// The most that one file adds to a priority.
const FILE_MOST: i64 = 253;

/// What is tracked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    Interface,
    Script,
    File,
    Process,
    Bfd,
}

impl Kind {
    const ALL: [Kind; 5] = [Kind::Interface, Kind::Script, Kind::File, Kind::Process, Kind::Bfd];

    pub(super) fn of_instance(self, config: &VrrpInstance) -> &[Tracked] {
        self.of(&config.track_interfaces, &config.track_scripts, &config.options.tracked)
    }

    fn of_group(self, config: &SyncGroup) -> &[Tracked] {
        self.of(&config.track_interfaces, &config.track_scripts, &config.options.tracked)
    }

    fn of<'c>(
        self,
        interfaces: &'c [Tracked],
        scripts: &'c [Tracked],
        objects: &'c TrackedObjects,
    ) -> &'c [Tracked] {
        match self {
            Kind::Interface => interfaces,
            Kind::Script => scripts,
            Kind::File => &objects.files,
            Kind::Process => &objects.processes,
            Kind::Bfd => &objects.bfds,
        }
    }
}

/// A tracked object by kind and name.
pub(super) type Object = (Kind, Name);

/// How a tracked object is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Standing {
    Well(bool),
    /// The number in a file.
    Value(i32),
}

/// What a tracker does to an instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    /// Added to the priority.
    Priority(i32),
    Fault,
    /// A fault for as long as nothing is known.
    Pending,
}

/// What an event tells of a tracked object, if it is about one.
pub(super) fn told(event: Event<'_>) -> Option<(Object, Standing)> {
    Some(match event {
        Event::Script { name, healthy } => ((Kind::Script, name), Standing::Well(healthy)),
        Event::File { name, value } => ((Kind::File, name), Standing::Value(value)),
        Event::Process { name, quorate } => ((Kind::Process, name), Standing::Well(quorate)),
        Event::Bfd { name, up } => ((Kind::Bfd, name), Standing::Well(up)),
        _ => return None,
    })
}

/// Objects as last told; interfaces are not here, they are facts of their own.
#[derive(Default, Clone)]
pub(super) struct Standings(HashMap<Object, Standing>);

impl Standings {
    pub fn set(&mut self, object: Object, standing: Standing) {
        self.0.insert(object, standing);
    }

    pub fn get(&self, kind: Kind, name: &Name) -> Option<Standing> {
        self.0.get(&(kind, name.clone())).copied()
    }

    /// Forgets what no configuration names any more; one of the same name starts without a result.
    pub fn forget(&mut self, keep: impl Fn(Kind, &Name) -> bool) {
        self.0.retain(|(kind, name), _| keep(*kind, name));
    }
}

/// keepalived(5), "weight": with 0, failure is a fault, or success where it is reversed. A positive one is added while
/// the object is well, a negative one while it is not; reversed, they are subtracted. A file's number is multiplied.
pub(super) fn effect(tracked: &Tracked, kind: Kind, standing: Option<Standing>) -> Effect {
    match standing {
        Some(Standing::Well(well)) => {
            let sign = if tracked.reverse { -1 } else { 1 };
            match tracked.weight {
                0 if well == tracked.reverse => Effect::Fault,
                0 => Effect::Priority(0),
                weight if (weight > 0) == well => Effect::Priority(sign * i32::from(weight)),
                _ => Effect::Priority(0),
            }
        }
        Some(Standing::Value(value)) => of_file(tracked, value),
        None if kind == Kind::Script && tracked.weight == 0 => Effect::Pending,
        None => Effect::Priority(0),
    }
}

fn of_file(tracked: &Tracked, value: i32) -> Effect {
    if tracked.weight == 0 {
        let zero = value == 0;
        return if zero == tracked.reverse { Effect::Fault } else { Effect::Priority(0) };
    }
    let sign = if tracked.reverse { -1 } else { 1 };
    let product = i64::from(value) * i64::from(tracked.weight) * sign;
    if product <= FILE_FAULT {
        return Effect::Fault;
    }
    i32::try_from(product.min(FILE_MOST)).map_or(Effect::Priority(0), Effect::Priority)
}

/// The trackers that count for an instance. Its group's come first, and instead of its own of the same name. An owner
/// and, unless `sync_group_tracking_weight` is set, the member of a group go without their own weighted ones; of a
/// file only the weight is ignored (keepalived 2.2.7: "specify weight 0"), and those of processes count in a group all
/// the same (2.2.7 too). A file with another weight than 1, the default, counts for nothing.
pub(super) fn trackers<'a>(
    config: &'a VrrpInstance,
    group: Option<&'a SyncGroup>,
) -> impl Iterator<Item = (Kind, Tracked)> + 'a {
    let owner = config.priority == OWNER;
    Kind::ALL.into_iter().flat_map(move |kind| {
        let groups = group.map_or(&[][..], |group| kind.of_group(group));
        let own = kind.of_instance(config).iter();
        let own = own.filter(move |own| !groups.iter().any(|tracked| tracked.name == own.name));
        let without = goes_without_weights(config, group, kind);
        let own = own.filter_map(move |own| weigh(kind, own, without));
        let groups = groups.iter().filter_map(move |tracked| weigh(kind, tracked, owner));
        groups.chain(own).map(move |tracked| (kind, tracked))
    })
}

fn goes_without_weights(config: &VrrpInstance, group: Option<&SyncGroup>, kind: Kind) -> bool {
    let member = group.is_some_and(|group| !group.tracking_weight);
    config.priority == OWNER || member && kind != Kind::Process
}

fn weigh(kind: Kind, tracked: &Tracked, ignored: bool) -> Option<Tracked> {
    match (ignored && tracked.weight != 0, kind) {
        (false, _) => Some(tracked.clone()),
        (true, Kind::File) if tracked.weight == TrackFile::WEIGHT => {
            Some(Tracked { weight: 0, ..tracked.clone() })
        }
        (true, _) => None,
    }
}

/// The instance's own trackers whose weight counts for nothing.
pub(super) fn ignored<'a>(
    config: &'a VrrpInstance,
    group: Option<&'a SyncGroup>,
) -> impl Iterator<Item = (Kind, &'a Tracked)> {
    let without = move |kind: &Kind| goes_without_weights(config, group, *kind);
    Kind::ALL.into_iter().filter(without).flat_map(move |kind| {
        let weighted = kind.of_instance(config).iter().filter(|tracked| tracked.weight != 0);
        weighted.map(move |tracked| (kind, tracked))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracked(weight: i16, reverse: bool) -> Tracked {
        Tracked { name: "f".into(), weight, reverse }
    }

    #[test]
    fn a_files_value_is_multiplied_and_bounded() {
        let of = |weight, reverse, value| {
            effect(&tracked(weight, reverse), Kind::File, Some(Standing::Value(value)))
        };
        assert_eq!(of(1, false, 7), Effect::Priority(7));
        assert_eq!(of(-2, true, 5), Effect::Priority(10));
        assert_eq!(of(3, true, 7), Effect::Priority(-21));
        assert_eq!(of(1, false, 400), Effect::Priority(253));
        assert_eq!(of(1, false, -253), Effect::Priority(-253));
        assert_eq!(of(1, false, -254), Effect::Fault);
        assert_eq!(of(-254, false, i32::MIN), Effect::Priority(253));
        assert_eq!(of(254, false, i32::MIN), Effect::Fault);
        for value in [-1, 1, 9] {
            assert_eq!(of(0, false, value), Effect::Fault);
            assert_eq!(of(0, true, value), Effect::Priority(0));
        }
        assert_eq!((of(0, false, 0), of(0, true, 0)), (Effect::Priority(0), Effect::Fault));
    }

    #[test]
    fn weights_of_what_is_well_or_not() {
        let of = |weight, reverse, well| {
            effect(&tracked(weight, reverse), Kind::Process, Some(Standing::Well(well)))
        };
        assert_eq!((of(5, false, true), of(5, false, false)), (Effect::Priority(5), Effect::Priority(0)));
        assert_eq!(
            (of(-5, false, true), of(-5, false, false)),
            (Effect::Priority(0), Effect::Priority(-5))
        );
        assert_eq!((of(5, true, true), of(5, true, false)), (Effect::Priority(-5), Effect::Priority(0)));
        assert_eq!((of(-5, true, true), of(-5, true, false)), (Effect::Priority(0), Effect::Priority(5)));
        assert_eq!((of(0, false, true), of(0, false, false)), (Effect::Priority(0), Effect::Fault));
        assert_eq!((of(0, true, true), of(0, true, false)), (Effect::Fault, Effect::Priority(0)));
    }

    #[test]
    fn what_is_not_known_yet_holds_back_scripts_only() {
        assert_eq!(effect(&tracked(0, false), Kind::Script, None), Effect::Pending);
        assert_eq!(effect(&tracked(0, false), Kind::Bfd, None), Effect::Priority(0));
        assert_eq!(effect(&tracked(9, false), Kind::Script, None), Effect::Priority(0));
    }
}

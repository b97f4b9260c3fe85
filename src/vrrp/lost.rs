//! What somebody else removed: an address, a route or a rule of a master comes back at once, unless somebody
//! insists; what is static and cannot come back keeps its track group's instances from taking part.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::action::{Action, InstanceId};
use super::instance::Instance;
use super::note::What;
use super::router::Router;
use crate::ids::Name;
use crate::objects::address::AddressKey;
use crate::objects::routing::RoutingObject;
use crate::time::Mono;

/// What somebody removes more often than this in a second is not fought for.
const RESTORES_A_SECOND: u32 = 3;

/// How often each thing was put back within a second.
#[derive(Clone, Default)]
pub(super) struct Restored {
    addresses: HashMap<AddressKey, (Mono, u32)>,
    objects: HashMap<Arc<RoutingObject>, (Mono, u32)>,
}

impl Restored {
    /// Forgets addresses that nobody has any more, and all objects.
    pub fn keep(&mut self, is_known: impl Fn(&AddressKey) -> bool) {
        self.addresses.retain(|key, _| is_known(key));
        self.objects.clear();
    }
}

/// Counts once more; whether it is worth another try.
fn again(counted: &mut (Mono, u32), now: Mono) -> bool {
    let (since, count) = *counted;
    let fresh = count == 0 || now.since(since) > Duration::from_secs(1);
    *counted = if fresh { (now, 1) } else { (since, count + 1) };
    counted.1 <= RESTORES_A_SECOND
}

impl Router {
    /// Whose this address is; the last of several has it.
    pub(super) fn owner_of(&self, key: &AddressKey) -> Option<InstanceId> {
        let mut places = self.facts.virtual_addresses.places(key.address()).rev();
        let has = |(id, number)| self.instance(id)?.address(number).filter(|address| address.key == *key);
        places.find(|place| has(*place).is_some()).map(|(id, _)| id)
    }

    pub(super) fn address_lost(&mut self, now: Mono, key: AddressKey, out: &mut Vec<Action>) {
        let Some(id) = self.owner_of(&key) else { return };
        let Some(instance) = self.instance_mut(id).filter(|instance| instance.is_master()) else { return };
        if instance.addresses().any(|address| address.key == key && address.no_track) {
            return;
        }
        instance.note(What::AddressRemoved { address: key.clone() }, out);
        if again(self.restored.addresses.entry(key.clone()).or_insert((now, 0)), now) {
            if let Some(instance) = self.instance_mut(id) {
                instance.note(What::AddressRestored { address: key.clone() }, out);
                out.push(Action::Restore { address: key });
                instance.announce_again();
            }
        } else {
            self.give_way(now, id, out);
        }
        self.queue(id);
    }

    pub(super) fn object_lost(
        &mut self,
        now: Mono,
        id: InstanceId,
        object: Arc<RoutingObject>,
        out: &mut Vec<Action>,
    ) {
        if !object.tracked() || !self.instance(id).is_some_and(Instance::is_master) {
            return;
        }
        let worth = again(self.restored.objects.entry(object.clone()).or_insert((now, 0)), now);
        let what = match worth {
            true => What::ObjectRestored { object: object.clone() },
            false => What::ObjectRemoved { object: object.clone() },
        };
        if let Some(instance) = self.instance(id) {
            instance.note(what, out);
        }
        if worth {
            out.push(Action::RestoreObject { instance: id, object });
        } else {
            self.give_way(now, id, out);
        }
        self.queue(id);
    }

    /// Somebody insists: what keepalived does at once, leave and come back after the skew time.
    fn give_way(&mut self, now: Mono, id: InstanceId, out: &mut Vec<Action>) {
        let skew = self.instance(id).map(Instance::skew);
        self.group_to_backup(now, id, now, skew, true, out);
    }

    pub(super) fn track_group(&mut self, now: Mono, name: &Name, whole: bool, out: &mut Vec<Action>) {
        let group = self.config.track_groups.iter().find(|group| group.name == *name);
        let Some(members) = group.map(|group| group.members.clone()) else { return };
        self.facts.set_track_group(name, (!whole).then(|| members.clone()));
        let ids: Vec<InstanceId> = (self.living())
            .filter(|(_, config)| members.contains(&config.name))
            .map(|(id, _)| id)
            .collect();
        for id in ids {
            self.settle(now, id, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::action::State;
    use super::super::dialogue::{US, at, eth0, instance, words};
    use super::super::event::Event;
    use super::*;
    use crate::config::model::{Config, StaticAddress, Statics, TrackGroup};
    use crate::config::{LoadOptions, load_str};
    use crate::objects::interface::Interface;

    /// A master since 4 s.
    fn master(config: Config) -> Router {
        let mut router = Router::start(at(0.0), Arc::new(config), &[eth0(true, Some(US))], &mut Vec::new());
        router.expire(at(4.0), &mut Vec::new());
        assert_eq!(router.views()[0].state, State::Master);
        router
    }

    fn said(router: &mut Router, seconds: f64, event: Event<'_>) -> Vec<String> {
        let mut out = Vec::new();
        router.handle(at(seconds), event, &mut out);
        words(&out)
    }

    fn routes(text: &str) -> Vec<Arc<RoutingObject>> {
        let text = format!("static_routes {{\n{text}\n}}\n");
        let loaded = load_str("test.conf", &text, &LoadOptions::default());
        let routes = loaded.config.statics.routes.into_iter();
        routes.map(|route| Arc::new(RoutingObject::Route(Box::new(route)))).collect()
    }

    #[test]
    fn a_removed_route_comes_back_at_once_unless_somebody_insists() {
        let mut router =
            master(Config { instances: vec![instance("A", 1, 100).into()], ..Config::default() });
        let id = router.views()[0].id;
        let [object, untracked] = &routes("10.9.0.0/16 dev eth0\n10.8.0.0/16 dev eth0 no_track")[..] else {
            panic!()
        };
        let lost = |object: &Arc<RoutingObject>| Event::ObjectLost { instance: id, object: object.clone() };
        assert_eq!(said(&mut router, 4.5, lost(untracked)), [""; 0]);
        for _ in 0..3 {
            assert_eq!(said(&mut router, 4.5, lost(object)), ["restore 10.9.0.0/16 dev eth0"]);
        }
        assert_eq!(said(&mut router, 4.5, lost(object)), ["advert 1:0", "drop 0", "A BACKUP"]);
        assert_eq!(said(&mut router, 4.6, lost(object)), [""; 0], "a backup has no routes");
    }

    #[test]
    fn a_track_group_that_is_not_whole_keeps_its_members_from_taking_part() {
        let group = TrackGroup { name: "G".into(), members: vec!["A".into()] };
        let config = Config {
            instances: vec![instance("A", 1, 100).into(), instance("B", 2, 100).into()],
            track_groups: vec![group],
            ..Config::default()
        };
        let mut router = master(config);
        let told = |whole| Event::TrackGroup { name: "G".into(), whole };
        assert_eq!(said(&mut router, 5.0, told(false)), ["advert 1:0", "drop 0", "A FAULT"]);
        assert_eq!(said(&mut router, 5.0, told(false)), [""; 0]);
        assert_eq!(said(&mut router, 6.0, told(true)), ["A BACKUP"]);
        let unknown = Event::TrackGroup { name: "H".into(), whole: false };
        assert_eq!(said(&mut router, 6.0, unknown), [""; 0]);
    }

    #[test]
    fn the_interface_of_a_static_address_is_tracked_by_its_group() {
        let address = StaticAddress {
            key: AddressKey { interface: "eth1".into(), net: "10.5.0.1/24".parse().unwrap() },
            attributes: Default::default(),
            no_track: false,
            track_group: Some("G".into()),
        };
        let config = Config {
            instances: vec![instance("A", 1, 100).into()],
            track_groups: vec![TrackGroup { name: "G".into(), members: vec!["A".into()] }],
            statics: Statics { addresses: vec![address], ..Statics::default() },
            ..Config::default()
        };
        let mut out = Vec::new();
        let mut router = Router::start(at(0.0), Arc::new(config), &[eth0(true, Some(US))], &mut out);
        assert_eq!(words(&out), ["A FAULT"]);
        let eth1 = |up| {
            let interface = Interface {
                name: "eth1".into(),
                index: crate::ids::IfIndex(3),
                up,
                ..(*eth0(true, None)).clone()
            };
            Event::Interface { name: "eth1".into(), now: Some(Arc::new(interface)) }
        };
        assert_eq!(said(&mut router, 1.0, eth1(true)), ["A BACKUP"]);
        assert_eq!(said(&mut router, 2.0, eth1(false)), ["A FAULT"]);
    }
}

//! What a new configuration has in common with the one before is taken from there: thousands of objects of which a
//! reload changes one stay where they are, and what was read goes as one piece.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::diff::service_key;
use super::model::Config;

impl Config {
    /// Takes the instances and services of `old` in the place of equal ones.
    pub fn keep(&mut self, old: &Config) {
        keep(&mut self.instances, &old.instances, |instance| instance.name.clone());
        keep(&mut self.virtual_servers, &old.virtual_servers, service_key);
    }
}

fn keep<T: Eq, K: Eq + Hash>(new: &mut [Arc<T>], old: &[Arc<T>], key: impl Fn(&T) -> K) {
    let mut by_key = None;
    for (place, new) in new.iter_mut().enumerate() {
        // Most stand where they stood.
        if let Some(same) = old.get(place).filter(|old| *old == new) {
            *new = Arc::clone(same);
            continue;
        }
        let by_key = by_key.get_or_insert_with(|| -> HashMap<K, &Arc<T>> {
            old.iter().map(|old| (key(old), old)).collect()
        });
        if let Some(same) = by_key.get(&key(new)).filter(|old| **old == new) {
            *new = Arc::clone(same);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LoadOptions, load_str};

    fn read(instances: &[(u8, u8)], services: &[(u8, u8)]) -> Config {
        let instance = |(id, priority): &(u8, u8)| {
            format!(
                "vrrp_instance V{id} {{\ninterface eth0\nvirtual_router_id {id}\npriority {priority}\n\
                 virtual_ipaddress {{\n10.0.0.{id}\n}}\n}}\n"
            )
        };
        let service = |(id, weight): &(u8, u8)| {
            format!(
                "virtual_server 10.0.1.{id} 80 {{\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n\
                 real_server 10.0.2.{id} 80 {{\nweight {weight}\nTCP_CHECK {{\n}}\n}}\n}}\n"
            )
        };
        let text: String = instances.iter().map(instance).chain(services.iter().map(service)).collect();
        load_str("a.conf", &text, &LoadOptions::default()).config
    }

    #[test]
    fn what_is_equal_is_the_same_and_nothing_else() {
        let old = read(&[(1, 100), (2, 100), (3, 100)], &[(1, 1), (2, 1), (3, 1)]);
        let fresh = read(&[(3, 100), (1, 100), (2, 99), (4, 100)], &[(3, 1), (1, 1), (2, 9), (4, 1)]);
        let mut new = fresh.clone();
        new.keep(&old);
        assert_eq!(new, fresh, "it means what was read");
        let of_instances =
            new.instances.iter().map(|new| old.instances.iter().position(|old| Arc::ptr_eq(old, new)));
        assert_eq!(of_instances.collect::<Vec<_>>(), [Some(2), Some(0), None, None]);
        let servers = &old.virtual_servers;
        let of_services =
            new.virtual_servers.iter().map(|new| servers.iter().position(|old| Arc::ptr_eq(old, new)));
        assert_eq!(of_services.collect::<Vec<_>>(), [Some(2), Some(0), None, None]);
    }
}

//! An IPVS table that answers as the kernel's does, and refuses on demand.

use std::collections::{BTreeMap, BTreeSet};

use standfast::objects::ipvs::{DestKey, Destination, Op, Pool, Service, ServiceKey};

const ENOENT: i32 = 2;
const ESRCH: i32 = 3;
const EEXIST: i32 = 17;

type Destinations = BTreeMap<DestKey, Destination>;

#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Kernel {
    pub services: BTreeMap<ServiceKey, (Service, Destinations)>,
}

impl Kernel {
    pub fn apply(&mut self, op: &Op) -> Result<(), i32> {
        match op {
            Op::NewService(key, service) => {
                if self.services.contains_key(key) {
                    return Err(EEXIST);
                }
                self.services.insert(*key, (service.clone(), Destinations::new()));
            }
            Op::SetService(key, service) => self.service(*key)?.0 = service.clone(),
            Op::DelService(key) => {
                self.services.remove(key).ok_or(ESRCH)?;
            }
            Op::NewDest(key, destination, value) => {
                let destinations = &mut self.service(*key)?.1;
                if destinations.contains_key(destination) {
                    return Err(EEXIST);
                }
                destinations.insert(*destination, value.clone());
            }
            Op::SetDest(key, destination, value) => {
                *self.service(*key)?.1.get_mut(destination).ok_or(ENOENT)? = value.clone();
            }
            Op::DelDest(key, destination) => {
                self.service(*key)?.1.remove(destination).ok_or(ENOENT)?;
            }
            Op::NewDaemon(_) | Op::DelDaemon(_) => panic!("not the table's business: {op:?}"),
        }
        Ok(())
    }

    fn service(&mut self, key: ServiceKey) -> Result<&mut (Service, Destinations), i32> {
        self.services.get_mut(&key).ok_or(ESRCH)
    }

    pub fn dump(&self) -> Vec<(ServiceKey, Pool)> {
        let pool = |(key, (service, destinations)): (&ServiceKey, &(Service, Destinations))| {
            let destinations = destinations.iter().map(|(key, value)| (*key, value.clone())).collect();
            (*key, Pool { service: service.clone(), destinations })
        };
        self.services.iter().map(pool).collect()
    }

    /// All services that serve.
    pub fn serving(&self) -> BTreeSet<ServiceKey> {
        self.services.keys().copied().filter(|key| self.serves(*key)).collect()
    }

    /// Whether new connections find a server.
    pub fn serves(&self, key: ServiceKey) -> bool {
        self.services.get(&key).is_some_and(|(_, pool)| pool.values().any(|value| value.weight > 0))
    }

    /// The weights of a service's pool.
    pub fn weights(&self, key: ServiceKey) -> Vec<(DestKey, u32)> {
        let pool = self.services.get(&key).map(|(_, pool)| pool);
        pool.into_iter().flatten().map(|(key, value)| (*key, value.weight)).collect()
    }
}

/// The kernel that holds just these pools.
pub fn holding(pools: impl IntoIterator<Item = (ServiceKey, Pool)>) -> Kernel {
    let mut kernel = Kernel::default();
    for (key, pool) in pools {
        kernel.services.insert(key, (pool.service, pool.destinations.into_iter().collect()));
    }
    kernel
}

//! What the router looks like from outside: for dumps, statistics and messages.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::action::{InstanceId, State};
use super::counters::{Counters, Tally};
use super::instance::Instance;
use super::note::Fault;
use super::router::Router;
use crate::config::model::VrrpInstance;
use crate::objects::interface::Interface;
use crate::time::Mono;

/// What an instance looks like from outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    pub id: InstanceId,
    pub config: Arc<VrrpInstance>,
    pub state: State,
    /// The effective priority.
    pub priority: u8,
    /// The master that a backup hears, and its priority.
    pub master: Option<(IpAddr, u8)>,
    /// Between adverts: the master's where it has told one.
    pub interval: Duration,
    pub source: Option<IpAddr>,
    pub faults: Vec<Fault>,
    /// When it came into this state; `None` where it starts.
    pub entered: Option<Mono>,
    /// When a backup takes over or a master speaks again; never in FAULT.
    pub timeout: Option<Mono>,
    /// `Master_Down_Interval`
    pub master_down: Duration,
    pub counters: Counters,
}

impl Router {
    /// The state of every instance, in the order of the configuration.
    pub fn views(&self) -> Vec<View> {
        self.order.iter().filter_map(|id| self.instance(*id)).map(Self::view).collect()
    }

    /// Every interface as last told, by its number.
    pub fn interfaces(&self) -> Vec<Arc<Interface>> {
        self.facts.interfaces()
    }

    /// Every counter begins again at zero.
    pub fn clear_counters(&mut self) {
        self.instances.iter_mut().flatten().for_each(|instance| instance.counters = Tally::default());
    }

    fn view(instance: &Instance) -> View {
        View {
            id: instance.id,
            config: instance.config.clone(),
            state: instance.state(),
            priority: instance.priority,
            master: instance.master(),
            interval: instance.interval,
            source: instance.source,
            faults: instance.faults.clone(),
            entered: instance.entered,
            timeout: instance.timeout(),
            master_down: instance.master_down_interval(),
            counters: instance.counters.total(),
        }
    }
}

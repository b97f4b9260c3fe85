//! The services as they stand, for whoever asks: what a dump shows beside the configuration.

use super::director::Director;
use super::service::Service;
use crate::health::checker::counts;

/// A virtual server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServiceView {
    pub quorum_up: bool,
    /// In step with the configuration.
    pub reals: Vec<RealView>,
}

/// A real server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RealView {
    pub up: bool,
    /// The table has it, with whatever weight.
    pub set: bool,
    /// The weight that counts while it is up.
    pub weight: u32,
    /// How many of its checkers are down.
    pub failed: usize,
    /// In step with the configuration; `None` of a check that does not count.
    pub checkers: Vec<Option<CheckView>>,
}

/// A checker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CheckView {
    pub up: bool,
    /// It does not rest.
    pub enabled: bool,
    /// It has come to a conclusion.
    pub has_run: bool,
    /// What it adds to the weight of its server.
    pub added: i64,
    /// Failed attempts since the last success, while it is up.
    pub failures: u32,
}

impl Director {
    /// Each service by its place in the configuration; `None` where one of the same identity came before.
    pub fn views(&self) -> Vec<Option<ServiceView>> {
        let mut views = Vec::new();
        for id in &self.order {
            let Some(service) = self.services.get(id.0) else { continue };
            let place = service.settings().place();
            views.resize(views.len().max(place + 1), None);
            if let Some(view) = views.get_mut(place) {
                *view = Some(self.view(service, !self.presence.is_away(*id)));
            }
        }
        views
    }

    fn view(&self, service: &Service, enabled: bool) -> ServiceView {
        let reals = service.reals().map(|(settings, real)| {
            let mut ids = real.checkers.iter();
            let checkers = settings.checks.iter().map(|check| {
                let id = counts(&check.kind).then(|| ids.next()).flatten()?;
                let attached = self.checkers.get(id.0)?;
                let checker = &attached.checker;
                Some(CheckView {
                    up: checker.is_up(),
                    enabled,
                    has_run: checker.has_concluded(),
                    added: attached.word.added(settings),
                    failures: checker.failures(),
                })
            });
            RealView {
                up: real.is_up(),
                set: service.holds(settings, real),
                weight: real.weight(settings),
                failed: real.failed as usize,
                checkers: checkers.collect(),
            }
        });
        ServiceView { quorum_up: service.has_quorum(), reals: reals.collect() }
    }
}

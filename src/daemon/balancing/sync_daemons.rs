//! The connection synchronisation daemons as far as we know what runs.

use super::Masters;
use crate::config::model::Config;
use crate::lvs::sync;
use crate::objects::ipvs::{Op, SyncDaemon};

/// What runs, and what became of our attempts.
#[derive(Debug, Default)]
pub(super) struct SyncDaemons {
    running: Vec<SyncDaemon>,
    /// Those among `running` that the kernel has refused: one attempt for each change of role.
    refused: Vec<SyncDaemon>,
    /// `lvs_sync_daemon` is, or was until a reload, configured: what runs is ours to stop.
    ours: bool,
    /// One was started or stopped since the last look began.
    touched: bool,
}

impl SyncDaemons {
    /// These run when we come.
    pub fn found(running: Vec<SyncDaemon>) -> Self {
        SyncDaemons { running, ..SyncDaemons::default() }
    }

    /// From now on this is the configuration.
    pub fn follow(&mut self, config: &Config) {
        self.ours |= config.global.lvs_sync_daemon.is_some();
    }

    /// What is to be done; nothing while the instance that decides has not told its state.
    pub fn difference(&self, config: &Config, masters: &Masters) -> Vec<Op> {
        match wanted(config, masters).filter(|_| self.ours) {
            Some(wanted) => sync::difference(&self.running, &wanted),
            None => Vec::new(),
        }
    }

    /// What ends all of ours.
    pub fn end(&self) -> Vec<Op> {
        if self.ours { sync::difference(&self.running, &[]) } else { Vec::new() }
    }

    /// The kernel has answered to an operation of ours.
    pub fn done(&mut self, op: &Op, accepted: bool) {
        self.touched = true;
        match op {
            Op::NewDaemon(daemon) => {
                self.running.push(daemon.clone());
                if !accepted {
                    self.refused.push(daemon.clone());
                }
            }
            Op::DelDaemon(role) => {
                self.running.retain(|daemon| daemon.role != *role);
                self.refused.retain(|daemon| daemon.role != *role);
            }
            _ => {}
        }
    }

    /// A look begins.
    pub fn look(&mut self) {
        self.touched = false;
    }

    /// The look has seen these.
    pub fn observe(&mut self, seen: Vec<SyncDaemon>) {
        if !self.touched {
            let refused = self.refused.iter().filter(|daemon| !seen.iter().any(|s| s.role == daemon.role));
            self.running = refused.cloned().collect();
            self.running.extend(seen);
        }
    }
}

/// `None`: the instance that decides has not told its state yet.
fn wanted(config: &Config, masters: &Masters) -> Option<Vec<SyncDaemon>> {
    let Some(daemon) = &config.global.lvs_sync_daemon else { return Some(Vec::new()) };
    let Some(name) = &daemon.instance else { return Some(sync::wanted(daemon, false, 0)) };
    let instance = config.instances.iter().find(|instance| instance.name == *name)?;
    let master = *masters.get(name)?;
    Some(sync::wanted(daemon, master, instance.vrid.get()))
}

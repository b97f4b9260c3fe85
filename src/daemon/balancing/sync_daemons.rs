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
    /// These run when we come; `recorded` are those of a predecessor of ours.
    pub fn found(running: Vec<SyncDaemon>, recorded: bool) -> Self {
        SyncDaemons { running, ours: recorded, ..SyncDaemons::default() }
    }

    /// These run in a table that has taken the place of the one before.
    pub fn found_elsewhere(&mut self, running: Vec<SyncDaemon>) {
        *self = SyncDaemons { running, ours: self.ours, ..SyncDaemons::default() };
    }

    /// What runs is ours to stop.
    pub fn are_ours(&self) -> bool {
        self.ours
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LoadOptions, load_str};
    use crate::objects::ipvs::SyncRole;

    fn both() -> (SyncDaemons, Config) {
        let text = "global_defs {\nlvs_sync_daemon eth1 id 7\n}\n";
        let config = load_str("sync.conf", text, &LoadOptions::default()).config;
        let mut daemons = SyncDaemons::found(Vec::new(), false);
        daemons.follow(&config);
        (daemons, config)
    }

    fn carry_out(daemons: &mut SyncDaemons, ops: &[Op], accepted: bool) {
        ops.iter().for_each(|op| daemons.done(op, accepted));
    }

    #[test]
    fn one_that_somebody_stops_is_started_again_and_a_refused_one_is_not() {
        let (mut daemons, config) = both();
        let missing = |daemons: &SyncDaemons| daemons.difference(&config, &Masters::new());
        let start = missing(&daemons);
        let [Op::NewDaemon(master), Op::NewDaemon(backup)] = &start[..] else { panic!("{start:?}") };
        carry_out(&mut daemons, &start[..1], true);
        carry_out(&mut daemons, &start[1..], false);
        assert_eq!(missing(&daemons), [], "one attempt");
        daemons.look();
        daemons.observe(vec![master.clone()]);
        assert_eq!(missing(&daemons), []);
        daemons.look();
        daemons.observe(Vec::new());
        assert_eq!(missing(&daemons), start[..1], "it ran until now");
        daemons.observe(vec![master.clone(), backup.clone()]);
        assert_eq!(missing(&daemons), []);
        assert_eq!(daemons.end(), [SyncRole::Master, SyncRole::Backup].map(Op::DelDaemon));
    }

    #[test]
    fn a_look_from_before_a_change_says_nothing() {
        let (mut daemons, config) = both();
        let start = daemons.difference(&config, &Masters::new());
        daemons.look();
        carry_out(&mut daemons, &start, true);
        daemons.observe(Vec::new());
        assert_eq!(daemons.difference(&config, &Masters::new()), []);
    }

    #[test]
    fn what_others_run_is_theirs() {
        let (_, config) = both();
        let running = crate::lvs::sync::wanted(config.global.lvs_sync_daemon.as_ref().unwrap(), false, 0);
        let predecessors = SyncDaemons::found(running.clone(), true);
        let difference = predecessors.difference(&Config::default(), &Masters::new());
        assert_eq!(difference, [SyncRole::Master, SyncRole::Backup].map(Op::DelDaemon));
        let mut theirs = SyncDaemons::found(running, false);
        theirs.follow(&Config::default());
        assert_eq!(theirs.difference(&Config::default(), &Masters::new()), []);
        assert_eq!(theirs.end(), []);
    }
}

//! Which connection synchronisation daemons `lvs_sync_daemon` wants, and how to get there.

use crate::config::model::LvsSyncDaemon;
use crate::objects::ipvs::{Op, SyncDaemon, SyncRole};

/// The daemons that are wanted. With a VRRP instance its state decides (`master`; `vrid` is the
/// default of `id`): the master daemon on the MASTER, the backup daemon elsewhere. Without one, both.
pub fn wanted(config: &LvsSyncDaemon, master: bool, vrid: u8) -> Vec<SyncDaemon> {
    let daemon = |role, default_id| SyncDaemon {
        role,
        interface: config.interface.clone(),
        sync_id: u32::from(config.sync_id.unwrap_or(default_id)),
        max_len: config.max_len,
        group: config.group,
        port: config.port,
        ttl: config.ttl,
    };
    match (&config.instance, master) {
        (Some(_), true) => vec![daemon(SyncRole::Master, vrid)],
        (Some(_), false) => vec![daemon(SyncRole::Backup, vrid)],
        (None, _) => vec![daemon(SyncRole::Master, 0), daemon(SyncRole::Backup, 0)],
    }
}

/// From the daemons that run to those that are wanted: the kernel has one of each role, so what is
/// different is stopped before it is started.
pub fn difference(running: &[SyncDaemon], wanted: &[SyncDaemon]) -> Vec<Op> {
    let stop = running.iter().filter(|daemon| !wanted.iter().any(|wanted| serves(daemon, wanted)));
    let start = wanted.iter().filter(|wanted| !running.iter().any(|daemon| serves(daemon, wanted)));
    stop.map(|daemon| Op::DelDaemon(daemon.role))
        .chain(start.map(|daemon| Op::NewDaemon(daemon.clone())))
        .collect()
}

/// Whether a daemon that runs is as it is wanted: the kernel shows its own defaults for what was left to it.
fn serves(running: &SyncDaemon, wanted: &SyncDaemon) -> bool {
    running.role == wanted.role
        && running.interface == wanted.interface
        && running.sync_id == wanted.sync_id
        && (wanted.max_len == 0 || running.max_len == wanted.max_len)
        && (wanted.group.is_none() || running.group == wanted.group)
        && (wanted.port == 0 || running.port == wanted.port)
        && (wanted.ttl == 0 || running.ttl == wanted.ttl)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(instance: Option<&str>) -> LvsSyncDaemon {
        LvsSyncDaemon {
            interface: "eth1".into(),
            instance: instance.map(Into::into),
            sync_id: None,
            max_len: 0,
            port: 0,
            ttl: 0,
            group: None,
        }
    }

    #[test]
    fn follows_the_instance() {
        let config = config(Some("VI_1"));
        let backup = wanted(&config, false, 50);
        let master = wanted(&config, true, 50);
        assert_eq!(backup[0].sync_id, 50);
        assert_eq!(
            difference(&backup, &master),
            [Op::DelDaemon(SyncRole::Backup), Op::NewDaemon(master[0].clone())]
        );
        assert_eq!(difference(&master, &master), []);
        assert_eq!(difference(&master, &[]), [Op::DelDaemon(SyncRole::Master)]);
    }

    #[test]
    fn one_that_a_predecessor_left_goes_on() {
        let wanted = wanted(&config(Some("VI_1")), true, 50);
        let shown = SyncDaemon {
            max_len: 1432,
            group: Some([224, 0, 0, 81].into()),
            port: 8848,
            ttl: 1,
            ..wanted[0].clone()
        };
        assert_eq!(difference(std::slice::from_ref(&shown), &wanted), []);
        let other = SyncDaemon { ttl: 4, ..wanted[0].clone() };
        assert_eq!(difference(&[shown], std::slice::from_ref(&other)).len(), 2);
    }

    #[test]
    fn both_without_an_instance() {
        let both = wanted(&config(None), false, 50);
        assert_eq!(
            both.iter().map(|daemon| daemon.role).collect::<Vec<_>>(),
            [SyncRole::Master, SyncRole::Backup]
        );
        assert_eq!(both[0].sync_id, 0);
    }
}

//! Changes of the IPVS table, made on the blocking pool: the handle goes there with a batch and comes
//! back with the answers.

use std::future::pending;
use std::path::Path;
use std::sync::Arc;

use thiserror::Error;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::record::{Before, Ours, Record};
use super::return_path::Translation;
use crate::config::model::Global;
use crate::config::model::global::{FlushOnStop, IpvsNamespace};
use crate::kernel::ipvs::{Ipvs, Timeouts};
use crate::kernel::netlink::NetlinkError;
use crate::kernel::netns::{self, Elsewhere, NetnsError};
use crate::kernel::nftables::TableWatch;
use crate::objects::ipvs::{Op, Pool, ServiceKey, SyncDaemon};
use crate::objects::return_path::ReturnPath;
use crate::report::{Ident, Line, emit};

/// A batch that has been carried out: each operation and the kernel's errno.
#[derive(Default)]
pub(super) struct Finished {
    pub results: Vec<(Op, Result<(), i32>)>,
    /// What tells of others' changes to the tables of the return path; with the first batch that makes some.
    pub watch: Option<TableWatch>,
}

/// What the kernel held when we came.
pub(super) struct FoundTable {
    pub table: Vec<(ServiceKey, Pool)>,
    pub daemons: Vec<SyncDaemon>,
    /// What a predecessor says to be its own.
    pub recorded: Vec<ServiceKey>,
    /// The same of the synchronisation daemons.
    pub daemons_recorded: bool,
    /// A second way to the same table.
    pub reader: Ipvs,
}

/// A table that was opened.
pub(super) struct Opened {
    hands: Hands,
    pub found: FoundTable,
    record: Record,
    /// What identifies its network namespace; 0 where that cannot be told.
    pub namespace: u64,
}

/// Why there is no load balancing.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error("IPVS: Can't initialize ipvs: {0}")]
    Open(#[from] crate::kernel::ipvs::OpenError),
    #[error("IPVS: Can't initialize ipvs: {0}")]
    Namespace(#[from] NetnsError),
    #[error("IPVS: Can't read the table: {0}")]
    Read(#[from] NetlinkError),
    #[error("IPVS: {0}")]
    Task(#[from] JoinError),
    #[error("health checks: {0}")]
    Checks(#[from] std::io::Error),
}

/// The handles, here or at work; or there are none, since the table has gone with its namespace.
pub(super) struct Executor {
    away: bool,
    idle: Option<Hands>,
    busy: Option<JoinHandle<(Hands, Finished)>>,
    /// `lvs_timeouts` of the present configuration.
    wanted_timeouts: Timeouts,
    /// The timeouts are to be set: they are others, or somebody else has changed them.
    timeouts_due: bool,
    /// They were set since the last look began.
    timeouts_touched: bool,
    /// `return_path snat` of the present configuration.
    return_path: Arc<ReturnPath>,
    /// It is to be looked after.
    return_path_due: Option<Care>,
    record: Record,
    /// The record is not what is ours: nothing was written yet, or services were deleted that it still has.
    record_due: bool,
}

/// What a batch works with.
struct Hands {
    ipvs: Ipvs,
    timeouts: TimeoutsKept,
    translation: Translation,
}

/// What is to be done for the return path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Care {
    /// The setting may have been changed, or a refusal may need another attempt.
    Check,
    /// It is another one.
    Follow,
    /// Somebody else has touched the tables.
    Renew,
}

/// `lvs_timeouts` as they were last set, and what there was before ours.
#[derive(Clone, Copy, Default)]
struct TimeoutsKept {
    set: Timeouts,
    before: Option<Timeouts>,
}

impl Opened {
    /// Opens IPVS, clears and sets what the configuration asks for, and reads the table. Blocking.
    pub fn new(global: &Global, pid_file: &Path) -> Result<Self, OpenError> {
        let place = global.net_namespace_ipvs.clone();
        let (mut ipvs, reader, namespace) =
            at(place.as_ref(), || Ok::<_, OpenError>((Ipvs::open()?, Ipvs::open()?, netns::identity())))??;
        let namespace = namespace.unwrap_or(0);
        let record = Record::new(pid_file, namespace);
        let Ours { services: recorded, sync: daemons_recorded, before } = record.read();
        if global.lvs_flush {
            ipvs.flush()?;
        }
        let mut timeouts = TimeoutsKept { set: Timeouts::default(), before: before.timeouts };
        timeouts.follow(&mut ipvs, wanted_timeouts(global))?;
        let (table, daemons) = (ipvs.dump()?, ipvs.daemons()?);
        let found = FoundTable { table, daemons, recorded, daemons_recorded, reader };
        let translation = Translation::new(place, before.conntrack);
        Ok(Opened { hands: Hands { ipvs, timeouts, translation }, found, record, namespace })
    }
}

impl Executor {
    pub fn new(opened: Opened) -> (Self, FoundTable) {
        let wanted_timeouts = opened.hands.timeouts.set;
        let executor = Executor {
            away: false,
            idle: Some(opened.hands),
            busy: None,
            wanted_timeouts,
            timeouts_due: false,
            timeouts_touched: true,
            return_path: Arc::default(),
            return_path_due: Some(Care::Follow),
            record: opened.record,
            record_due: true,
        };
        (executor, opened.found)
    }

    /// The table is out of reach: nothing is to be done in it any more, not even what is under way.
    pub fn leave(&mut self) {
        (self.away, self.idle, self.busy) = (true, None, None);
    }

    pub fn is_away(&self) -> bool {
        self.away
    }

    /// This one takes its place: all that is wanted has to be made there.
    pub fn enter(&mut self, opened: Opened) -> FoundTable {
        self.timeouts_due = opened.hands.timeouts.set != self.wanted_timeouts;
        (self.timeouts_touched, self.record_due, self.away) = (true, true, false);
        self.return_path_due = Some(Care::Follow);
        (self.idle, self.record) = (Some(opened.hands), opened.record);
        opened.found
    }

    pub fn is_busy(&self) -> bool {
        self.busy.is_some()
    }

    /// A new configuration: its `lvs_timeouts` go with the next batch.
    pub fn follow(&mut self, global: &Global) {
        let wanted = wanted_timeouts(global);
        self.timeouts_due |= wanted != self.wanted_timeouts;
        self.wanted_timeouts = wanted;
    }

    /// Connections like these come back from now on; with the next batch.
    pub fn translate(&mut self, path: ReturnPath) {
        if *self.return_path != path {
            self.return_path = Arc::new(path);
            self.return_path_due = self.return_path_due.max(Some(Care::Follow));
        }
    }

    /// Somebody else has touched the tables of the return path: they are made anew with the next batch.
    pub fn renew_translation(&mut self) {
        self.return_path_due = Some(Care::Renew);
    }

    /// A look begins.
    pub fn look(&mut self) {
        self.timeouts_touched = false;
    }

    /// The look has found these timeouts; whether somebody else has changed ours, which are set again with the next
    /// batch. What is not ours stays as it is.
    pub fn observe(&mut self, found: Timeouts) -> bool {
        if !self.return_path.is_empty() {
            self.return_path_due = self.return_path_due.max(Some(Care::Check));
        }
        let wanted = self.wanted_timeouts;
        let differs = |wanted, found| wanted != 0 && wanted != found;
        let changed = differs(wanted.tcp, found.tcp)
            || differs(wanted.tcp_fin, found.tcp_fin)
            || differs(wanted.udp, found.udp);
        let changed = changed && !self.timeouts_touched && !self.timeouts_due;
        self.timeouts_due |= changed;
        changed
    }

    /// Whether a batch is needed even without operations.
    pub fn is_due(&self) -> bool {
        self.idle.is_some() && (self.timeouts_due || self.record_due || self.return_path_due.is_some())
    }

    /// Starts a batch. Must not be called while one is under way. `ours` is what the record has to have before services
    /// come, and after some have gone; also whether synchronisation daemons are.
    pub fn start(&mut self, ops: Vec<Op>, ours: impl FnOnce() -> (Vec<ServiceKey>, bool)) {
        let Some(mut hands) = self.idle.take() else { return };
        let care = self.return_path_due.take();
        let timeouts = std::mem::take(&mut self.timeouts_due).then_some(self.wanted_timeouts);
        self.timeouts_touched |= timeouts.is_some();
        let path = Arc::clone(&self.return_path);
        let come = ops.iter().any(|op| matches!(op, Op::NewService(..) | Op::NewDaemon(_)));
        let recorded = come || self.record_due || timeouts.is_some() || care > Some(Care::Check);
        let recorded = recorded.then(|| (self.record.clone(), ours()));
        self.record_due = ops.iter().any(|op| matches!(op, Op::DelService(_)));
        self.busy = Some(spawn_blocking(move || {
            if care == Some(Care::Renew) {
                hands.translation.forget();
            }
            if let Some((record, (services, sync))) = recorded {
                hands.record(&record, services, sync, &path);
            }
            if let Some(wanted) = timeouts {
                hands.set_timeouts(wanted);
            }
            hands.translation.widen(&path);
            let results = hands.ipvs.apply(&ops);
            hands.translation.narrow(&path);
            let results = results.into_iter().map(|result| result.map_err(|error| error.errno));
            let results = ops.into_iter().zip(results).collect();
            let watch = hands.translation.watch();
            (hands, Finished { results, watch })
        }));
    }

    /// The answers of the batch that is under way; never, where there is none.
    pub async fn finished(&mut self) -> Finished {
        let Some(busy) = self.busy.as_mut() else { return pending().await };
        let result = busy.await;
        self.busy = None;
        match result {
            Ok((hands, finished)) => {
                self.idle = Some(hands);
                finished
            }
            Err(error) => {
                // The handle is lost with the batch: nothing can be programmed any more, and that is said.
                emit(Ident::Checkers, Line::error(format!("IPVS: a batch of changes was lost: {error}")));
                Finished::default()
            }
        }
    }

    /// What `lvs_flush_on_stop` and `lvs_timeouts` leave to do when everything of ours has gone.
    pub async fn close(&mut self, global: &Global) {
        let record = self.record.clone();
        if self.away {
            // It tells of a table that is no more.
            let _ = spawn_blocking(move || record.remove()).await;
            return;
        }
        let Some(mut hands) = self.idle.take() else { return };
        let flush = global.lvs_flush_on_stop == Some(FlushOnStop::Everything);
        let ended = spawn_blocking(move || {
            record.remove();
            if flush {
                hands.ipvs.flush()?;
            }
            hands.translation.narrow(&ReturnPath::default());
            hands.timeouts.before.map_or(Ok(()), |old| hands.ipvs.set_timeouts(old))
        })
        .await;
        if let Ok(Err(error)) = ended {
            emit(Ident::Checkers, Line::error(format!("IPVS: {error}")));
        }
    }
}

impl Hands {
    fn record(&mut self, record: &Record, services: Vec<ServiceKey>, sync: bool, path: &ReturnPath) {
        let conntrack = self.translation.before(path).map(ToOwned::to_owned);
        let before = Before { timeouts: self.timeouts.before, conntrack };
        if let Err(error) = record.write(Ours { services, sync, before }) {
            emit(Ident::Checkers, Line::warn(format!("IPVS: what is ours cannot be recorded: {error}")));
        }
    }

    fn set_timeouts(&mut self, wanted: Timeouts) {
        let result = match self.timeouts.set == wanted {
            // Somebody else has changed them. 0 leaves as it is what is not ours.
            true => self.ipvs.set_timeouts(wanted),
            false => self.timeouts.follow(&mut self.ipvs, wanted),
        };
        if let Err(error) = result {
            emit(Ident::Checkers, Line::error(format!("IPVS: lvs_timeouts: {error}")));
        }
    }
}

impl TimeoutsKept {
    /// Sets what is wanted, and back to what it was what is not wanted any more. One attempt: whether it
    /// went well or not, it is not tried again until the configuration changes.
    fn follow(&mut self, ipvs: &mut Ipvs, wanted: Timeouts) -> Result<(), NetlinkError> {
        if self.set == wanted {
            return Ok(());
        }
        self.set = wanted;
        let before = match self.before {
            Some(before) => before,
            None => *self.before.insert(ipvs.timeouts()?),
        };
        let either = |wanted, before| if wanted == 0 { before } else { wanted };
        ipvs.set_timeouts(Timeouts {
            tcp: either(wanted.tcp, before.tcp),
            tcp_fin: either(wanted.tcp_fin, before.tcp_fin),
            udp: either(wanted.udp, before.udp),
        })
    }
}

/// Does it in this namespace, or in our own.
pub(super) fn at<T: Send>(
    place: Option<&IpvsNamespace>,
    work: impl FnOnce() -> T + Send,
) -> Result<T, NetnsError> {
    match place {
        None => Ok(work()),
        Some(IpvsNamespace::First) => netns::visit(Elsewhere::First, work),
        Some(IpvsNamespace::Named(name)) => netns::visit(Elsewhere::Named(name), work),
    }
}

/// Whether a predecessor has left something in the table that is there now.
pub(super) fn is_recorded(place: Option<&IpvsNamespace>, pid_file: &Path) -> bool {
    let namespace = at(place, netns::identity).ok().and_then(Result::ok);
    Record::new(pid_file, namespace.unwrap_or(0)).read() != Ours::default()
}

/// 0 where nothing is configured.
fn wanted_timeouts(global: &Global) -> Timeouts {
    let wanted = global.lvs_timeouts;
    Timeouts {
        tcp: wanted.tcp.unwrap_or(0),
        tcp_fin: wanted.tcp_fin.unwrap_or(0),
        udp: wanted.udp.unwrap_or(0),
    }
}

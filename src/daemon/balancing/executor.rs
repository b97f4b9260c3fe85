//! Changes of the IPVS table, made on the blocking pool: the handle goes there with a batch and comes
//! back with the answers.

use std::future::pending;
use std::path::PathBuf;

use thiserror::Error;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::record::Record;
use crate::config::model::Global;
use crate::config::model::global::{FlushOnStop, IpvsNamespace};
use crate::kernel::ipvs::{Ipvs, Timeouts};
use crate::kernel::netlink::NetlinkError;
use crate::kernel::netns::{self, Elsewhere, NetnsError};
use crate::objects::ipvs::{Op, Pool, ServiceKey, SyncDaemon};
use crate::report::{Ident, Line, emit};

/// A batch that has been carried out: each operation and the kernel's errno.
pub(super) struct Finished(pub Vec<(Op, Result<(), i32>)>);

/// What the kernel held when we came.
pub(super) struct FoundTable {
    pub table: Vec<(ServiceKey, Pool)>,
    pub daemons: Vec<SyncDaemon>,
    /// What a predecessor says to be its own.
    pub recorded: Vec<ServiceKey>,
    /// A second way to the same table.
    pub reader: Ipvs,
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
}

/// The handle, here or at work.
pub(super) struct Executor {
    idle: Option<Ipvs>,
    busy: Option<JoinHandle<(Ipvs, Finished, TimeoutsKept)>>,
    timeouts: TimeoutsKept,
    /// `lvs_timeouts` of the present configuration.
    wanted_timeouts: Timeouts,
    record: Record,
    /// The record is not what is ours: nothing was written yet, or services were deleted that it still has.
    record_due: bool,
}

/// `lvs_timeouts` as they were last set, and what there was before ours.
#[derive(Clone, Copy, Default)]
struct TimeoutsKept {
    set: Timeouts,
    before: Option<Timeouts>,
}

impl Executor {
    /// Opens IPVS, clears and sets what the configuration asks for, and reads the table.
    pub async fn open(global: &Global, pid_file: PathBuf) -> Result<(Self, FoundTable), OpenError> {
        let (flush, wanted) = (global.lvs_flush, wanted_timeouts(global));
        let place = global.net_namespace_ipvs.clone();
        let (ipvs, found, timeouts, record) = spawn_blocking(move || {
            let (ipvs, reader, namespace) = at(place.as_ref(), || {
                Ok::<_, OpenError>((Ipvs::open()?, Ipvs::open()?, netns::identity()))
            })??;
            let mut ipvs = ipvs;
            let record = Record::new(&pid_file, namespace.unwrap_or(0));
            if flush {
                ipvs.flush()?;
            }
            let mut timeouts = TimeoutsKept::default();
            timeouts.follow(&mut ipvs, wanted)?;
            let (table, daemons) = (ipvs.dump()?, ipvs.daemons()?);
            let found = FoundTable { table, daemons, recorded: record.read(), reader };
            Ok::<_, OpenError>((ipvs, found, timeouts, record))
        })
        .await??;
        let idle = Some(ipvs);
        let executor =
            Executor { idle, busy: None, timeouts, wanted_timeouts: wanted, record, record_due: true };
        Ok((executor, found))
    }

    pub fn is_busy(&self) -> bool {
        self.busy.is_some()
    }

    /// A new configuration: its `lvs_timeouts` go with the next batch.
    pub fn follow(&mut self, global: &Global) {
        self.wanted_timeouts = wanted_timeouts(global);
    }

    /// Whether a batch is needed even without operations.
    pub fn is_due(&self) -> bool {
        self.idle.is_some() && (self.timeouts.set != self.wanted_timeouts || self.record_due)
    }

    /// Starts a batch. Must not be called while one is under way. `ours` is what the record has to have before services
    /// come, and after some have gone.
    pub fn start(&mut self, ops: Vec<Op>, ours: impl FnOnce() -> Vec<ServiceKey>) {
        let Some(mut ipvs) = self.idle.take() else { return };
        let (mut timeouts, wanted) = (self.timeouts, self.wanted_timeouts);
        let come = ops.iter().any(|op| matches!(op, Op::NewService(..)));
        let recorded = (come || self.record_due).then(|| (self.record.clone(), ours()));
        self.record_due = ops.iter().any(|op| matches!(op, Op::DelService(_)));
        self.busy = Some(spawn_blocking(move || {
            if let Some((record, keys)) = recorded
                && let Err(error) = record.write(keys)
            {
                emit(
                    Ident::Checkers,
                    Line::warn(format!("IPVS: what is ours cannot be recorded: {error}")),
                );
            }
            if let Err(error) = timeouts.follow(&mut ipvs, wanted) {
                emit(Ident::Checkers, Line::error(format!("IPVS: lvs_timeouts: {error}")));
            }
            let results = ipvs.apply(&ops);
            let results = results.into_iter().map(|result| result.map_err(|error| error.errno));
            let finished = Finished(ops.into_iter().zip(results).collect());
            (ipvs, finished, timeouts)
        }));
    }

    /// The answers of the batch that is under way; never, where there is none.
    pub async fn finished(&mut self) -> Finished {
        let Some(busy) = self.busy.as_mut() else { return pending().await };
        let result = busy.await;
        self.busy = None;
        match result {
            Ok((ipvs, finished, timeouts)) => {
                self.idle = Some(ipvs);
                self.timeouts = timeouts;
                finished
            }
            Err(error) => {
                // The handle is lost with the batch: nothing can be programmed any more, and that is said.
                emit(Ident::Checkers, Line::error(format!("IPVS: a batch of changes was lost: {error}")));
                Finished(Vec::new())
            }
        }
    }

    /// What `lvs_flush_on_stop` and `lvs_timeouts` leave to do when everything of ours has gone.
    pub async fn close(&mut self, global: &Global) {
        let Some(mut ipvs) = self.idle.take() else { return };
        let flush = global.lvs_flush_on_stop == Some(FlushOnStop::Everything);
        let (timeouts, record) = (self.timeouts.before, self.record.clone());
        let ended = spawn_blocking(move || {
            record.remove();
            if flush {
                ipvs.flush()?;
            }
            timeouts.map_or(Ok(()), |old| ipvs.set_timeouts(old))
        })
        .await;
        if let Ok(Err(error)) = ended {
            emit(Ident::Checkers, Line::error(format!("IPVS: {error}")));
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
fn at<T: Send>(place: Option<&IpvsNamespace>, work: impl FnOnce() -> T + Send) -> Result<T, NetnsError> {
    match place {
        None => Ok(work()),
        Some(IpvsNamespace::First) => netns::visit(Elsewhere::First, work),
        Some(IpvsNamespace::Named(name)) => netns::visit(Elsewhere::Named(name), work),
    }
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

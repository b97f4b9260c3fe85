//! Changes of the IPVS table, made on the blocking pool: the handle goes there with a batch and comes
//! back with the answers.

use std::future::pending;

use thiserror::Error;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use crate::config::model::Global;
use crate::config::model::global::FlushOnStop;
use crate::kernel::ipvs::{Ipvs, Timeouts};
use crate::kernel::netlink::NetlinkError;
use crate::objects::ipvs::{Op, Pool, ServiceKey, SyncDaemon};
use crate::report::{Ident, Line, emit};

/// A batch that has been carried out: each operation and the kernel's errno.
pub(super) struct Finished(pub Vec<(Op, Result<(), i32>)>);

/// What the kernel held when we came.
pub(super) struct FoundTable {
    pub table: Vec<(ServiceKey, Pool)>,
    pub daemons: Vec<SyncDaemon>,
}

/// Why there is no load balancing.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error("IPVS: Can't initialize ipvs: {0}")]
    Open(#[from] crate::kernel::ipvs::OpenError),
    #[error("IPVS: Can't read the table: {0}")]
    Read(#[from] NetlinkError),
    #[error("IPVS: {0}")]
    Task(#[from] JoinError),
}

/// The handle, here or at work.
pub(super) struct Executor {
    idle: Option<Ipvs>,
    busy: Option<JoinHandle<(Ipvs, Finished)>>,
    /// The timeouts before ours were set.
    old_timeouts: Option<Timeouts>,
}

impl Executor {
    /// Opens IPVS, clears and sets what the configuration asks for, and reads the table.
    pub async fn open(global: &Global) -> Result<(Self, FoundTable), OpenError> {
        let (flush, wanted) = (global.lvs_flush, global.lvs_timeouts);
        let (ipvs, found, old_timeouts) = spawn_blocking(move || {
            let mut ipvs = Ipvs::open()?;
            if flush {
                ipvs.flush()?;
            }
            let timeouts = Timeouts {
                tcp: wanted.tcp.unwrap_or(0),
                tcp_fin: wanted.tcp_fin.unwrap_or(0),
                udp: wanted.udp.unwrap_or(0),
            };
            let mut old = None;
            if timeouts != Timeouts::default() {
                old = Some(ipvs.timeouts()?);
                ipvs.set_timeouts(timeouts)?;
            }
            let found = FoundTable { table: ipvs.dump()?, daemons: ipvs.daemons()? };
            Ok::<_, OpenError>((ipvs, found, old))
        })
        .await??;
        Ok((Executor { idle: Some(ipvs), busy: None, old_timeouts }, found))
    }

    pub fn is_busy(&self) -> bool {
        self.busy.is_some()
    }

    /// Starts a batch. Must not be called while one is under way.
    pub fn start(&mut self, ops: Vec<Op>) {
        let Some(mut ipvs) = self.idle.take() else { return };
        self.busy = Some(spawn_blocking(move || {
            let results = ipvs.apply(&ops);
            let results = results.into_iter().map(|result| result.map_err(|error| error.errno));
            let finished = Finished(ops.into_iter().zip(results).collect());
            (ipvs, finished)
        }));
    }

    /// The answers of the batch that is under way; never, where there is none.
    pub async fn finished(&mut self) -> Finished {
        let Some(busy) = self.busy.as_mut() else { return pending().await };
        let result = busy.await;
        self.busy = None;
        match result {
            Ok((ipvs, finished)) => {
                self.idle = Some(ipvs);
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
        let timeouts = self.old_timeouts;
        let ended = spawn_blocking(move || {
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

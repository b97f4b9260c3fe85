//! Things beside scripts and interfaces that instances and groups can track.

use std::time::Duration;

use super::vrrp::Tracked;
use crate::ids::Name;

/// `vrrp_track_process`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackProcess {
    pub name: Name,
    /// A name or a path.
    pub process: String,
    /// Parameters that it must have.
    pub parameters: Vec<String>,
    pub parameter_match: ParameterMatch,
    /// `full_command`, and what implies it: the whole command line is compared, not the process's own name.
    pub full_command: bool,
    /// -254 to 254, default 0.
    pub weight: i16,
    pub reverse: bool,
    /// Least number of processes: 1 to 65535, default 1.
    pub quorum: u16,
    /// Greatest number of processes; 0: there must be none.
    pub quorum_max: Option<u16>,
    /// `delay`, `terminate_delay`: the loss of the quorum counts after this; up to an hour, default zero.
    pub terminate_delay: Duration,
    /// `delay`, `fork_delay`: the gain of the quorum counts after this; up to an hour, default zero.
    pub fork_delay: Duration,
}

/// `param_match`
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ParameterMatch {
    /// None are given: any will do.
    #[default]
    Any,
    /// They must be the same, no more and no less.
    Exact,
    /// The last one is a prefix; there may be more of them.
    Initial,
    /// There may be more of them.
    Partial,
}

/// `track_file`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrackFile {
    pub name: Name,
    pub path: String,
    /// Factor of the number in the file: -254 to 254, default 1.
    pub weight: i16,
    pub reverse: bool,
    pub init: Option<InitFile>,
}

impl TrackFile {
    /// The weight of one that is given none.
    pub const WEIGHT: i16 = 1;
}

/// `init_file [N] [overwrite]`
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct InitFile {
    pub value: i32,
    /// A file that is there already is written over.
    pub overwrite: bool,
}

/// What an instance or a sync group tracks beside interfaces and scripts; all are defined.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TrackedObjects {
    /// `track_file`: -254 to 254.
    pub files: Vec<Tracked>,
    /// `track_process`: -254 to 254.
    pub processes: Vec<Tracked>,
    /// `track_bfd`: -253 to 253.
    pub bfds: Vec<Tracked>,
}

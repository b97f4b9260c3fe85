//! The typed model: what a configuration means, with keepalived's defaults filled in. Plain data; it
//! knows neither where a value stood in the file nor what runs.

use std::sync::Arc;

pub mod bfd;
pub mod check;
pub mod global;
pub mod interface;
pub mod lvs;
pub mod options;
pub mod pattern;
pub mod process;
pub mod script;
pub mod services;
pub mod statics;
pub mod track;
pub mod vrrp;

pub use check::{Check, CheckKind, HttpGet, HttpUrl, StatusRange, TcpCheck};
pub use global::{Global, LvsSyncDaemon};
pub use lvs::{RealServer, ServerGroup, VirtualServer};
pub use options::{GroupOptions, InstanceOptions};
pub use script::{Command, UserSpec};
pub use services::Ssl;
pub use statics::{StaticAddress, Statics, TrackGroup};
pub use track::{TrackFile, TrackProcess, TrackedObjects};
pub use vrrp::{
    Auth, Garp, InitialState, InstanceIdentity, Notify, SyncGroup, TrackScript, Tracked, UnicastPeer,
    Version, VirtualAddress, Vmac, VrrpInstance, Way,
};

/// One configuration, whole.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Config {
    pub global: Global,
    /// Shared with the router, which keeps each for as long as it runs by it.
    pub instances: Vec<Arc<VrrpInstance>>,
    pub sync_groups: Vec<SyncGroup>,
    pub track_scripts: Vec<TrackScript>,
    pub track_files: Vec<TrackFile>,
    pub track_processes: Vec<TrackProcess>,
    pub track_groups: Vec<TrackGroup>,
    pub statics: Statics,
    pub bfd_instances: Vec<bfd::BfdInstance>,
    pub garp_groups: Vec<interface::GarpGroup>,
    pub linkbeat: Vec<interface::Linkbeat>,
    pub up_down_delays: Vec<interface::UpDownDelay>,
    pub server_groups: Vec<Arc<ServerGroup>>,
    /// Shared with the director, like the instances.
    pub virtual_servers: Vec<Arc<VirtualServer>>,
    pub ssl: Option<Ssl>,
}

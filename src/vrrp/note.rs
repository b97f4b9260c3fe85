//! What the router has to say; `report::vrrp` puts it in keepalived's words.

use crate::ids::Name;

/// One thing worth a log line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    /// `(I) Entering BACKUP STATE (init)`
    EnteringBackupInit { instance: Name },
}

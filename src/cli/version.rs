//! Who we are, and who we can stand in for.

use super::Personality;

/// The keepalived whose behaviour this version follows. Tools that drive keepalived read it.
pub const COMPATIBLE_VERSION: &str = "2.4.3";

/// What `--version` prints.
///
/// Called as `keepalived`, the first line has keepalived's shape, because neutron, cephadm, debops and
/// the exporters take its second word; it names standfast in the place of keepalived's date.
pub fn version_text(personality: Personality) -> String {
    let ours = env!("CARGO_PKG_VERSION");
    match personality {
        Personality::Standfast => {
            format!("standfast {ours}\nUnderstands the configuration of keepalived {COMPATIBLE_VERSION}\n")
        }
        Personality::Keepalived => format!(
            "Keepalived v{COMPATIBLE_VERSION} (standfast {ours})\n\n\
             This is standfast {ours}, a replacement that stands in for keepalived {COMPATIBLE_VERSION}.\n\n\
             configure options:\n\n\
             Config options:  LVS VRRP VRRP_AUTH VRRP_VMAC SYSTEMD_NOTIFY FILE_LOGGING\n\n\
             System options:\n"
        ),
    }
}

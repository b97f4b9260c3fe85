//! The pace of announcements.

use std::time::Duration;

use super::page::{Page, seconds};
use crate::config::model::Config;
use crate::config::model::interface::GarpGroup;
use crate::ids::Name;

/// `garp_group`, and what `vrrp_garp_interval` and `vrrp_gna_interval` make of each interface besides.
pub(super) fn write(page: &mut Page, config: &Config) {
    let mut groups: Vec<GarpGroup> = config.garp_groups.clone();
    let pace = |pace: Duration| (!pace.is_zero()).then_some(pace);
    let (garp, gna) =
        (pace(config.global.garp.values.interval), pace(config.global.garp.values.gna_interval));
    if garp.is_some() || gna.is_some() {
        let mut done: Vec<Name> = groups.iter().flat_map(|group| group.interfaces.clone()).collect();
        for instance in &config.instances {
            if !done.contains(&instance.interface) {
                done.push(instance.interface.clone());
                let interfaces = vec![instance.interface.clone()];
                groups.push(GarpGroup { garp_interval: garp, gna_interval: gna, interfaces });
            }
        }
    }
    if groups.is_empty() {
        return;
    }
    page.title("Gratuitous ARP delays");
    // keepalived numbers those that several interfaces share.
    let mut shared = 0;
    for group in &groups {
        let several = group.interfaces.len() > 1;
        shared += u32::from(several);
        page.title(&format!("GARP delay group {}", if several { shared } else { 0 }));
        if let Some(garp) = group.garp_interval {
            page.value("GARP interval", seconds(garp));
        }
        if let Some(gna) = group.gna_interval {
            page.value("GNA interval", seconds(gna));
        }
        page.top("Interfaces");
        for interface in &group.interfaces {
            page.top(format_args!(" {interface}"));
        }
    }
}

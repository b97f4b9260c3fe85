//! `bfd_instance`

use std::net::IpAddr;

use super::page::Page;
use crate::config::model::Config;

pub(super) fn write(page: &mut Page, config: &Config) {
    if config.bfd_instances.is_empty() {
        return;
    }
    page.title("BFD Topology");
    for bfd in &config.bfd_instances {
        page.value("BFD Instance", &bfd.name);
        page.field("Neighbor IP", bfd.neighbour);
        if let Some(source) = bfd.source {
            page.field("Source IP", source);
        }
        page.field("Required min RX interval", format_args!("{} us", bfd.min_rx.as_micros()));
        page.field("Desired min TX interval", format_args!("{} us", bfd.min_tx.as_micros()));
        page.field("Desired idle TX interval", format_args!("{} us", bfd.idle_tx.as_micros()));
        page.field("Detection multiplier", bfd.multiplier);
        let ttl = match bfd.neighbour {
            IpAddr::V4(_) => "TTL",
            IpAddr::V6(_) => "hoplimit",
        };
        page.field(ttl, bfd.ttl);
        page.field("max_hops", bfd.max_hops);
        page.field("passive", bfd.passive);
        let told = |told| if told { "Yes" } else { "No" };
        page.field("send event to VRRP process", told(bfd.for_vrrp));
        page.field("send event to checker process", told(bfd.for_checkers));
    }
}

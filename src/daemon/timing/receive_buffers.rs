//! `vrrp_rx_bufs_policy`, `vrrp_rx_bufs_multiplier`, `kernel_rx_buf_size`: the receive buffers of VRRP sockets.
//!
//! As keepalived 2.2.7 reckons (strace): a socket's buffer is the sum of what its instances ask for.

use crate::config::model::VrrpInstance;
use crate::config::model::process::{Buffers, RxPolicy};
use crate::vrrp::wire;

/// Bytes that the file asks for this instance on an interface of this MTU; 0 where it says nothing.
pub(super) fn asked_for(instance: &VrrpInstance, buffers: &Buffers, mtu: u32) -> u32 {
    if let Some(bytes) = instance.options.kernel_rx_buf_size {
        return bytes;
    }
    match buffers.vrrp_policy {
        None => 0,
        Some(RxPolicy::Size(bytes)) => bytes,
        Some(RxPolicy::Mtu) => mtu.saturating_mul(buffers.vrrp_multiplier),
        Some(RxPolicy::Advert) => {
            let length = wire::received_len(
                instance.version,
                instance.family,
                instance.auth,
                instance.addresses.len(),
            );
            u32::try_from(length).unwrap_or(u32::MAX).saturating_mul(buffers.vrrp_multiplier)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::{LoadOptions, load_str};

    /// With the figures of keepalived 2.2.7 for such a file.
    #[test]
    fn as_keepalived_reckons() {
        let text = "vrrp_instance A { interface eth0\n virtual_router_id 1\n virtual_ipaddress { 10.0.0.50\n \
                    10.0.0.51\n 10.0.0.52 }\n}\n\
                    vrrp_instance C { interface eth1\n virtual_router_id 3\n version 3\n virtual_ipaddress { \
                    10.1.0.60 }\n}\n\
                    vrrp_instance E { interface eth0\n virtual_router_id 5\n kernel_rx_buf_size 7000\n \
                    virtual_ipaddress { fe80::70\n 2001:db8::1 }\n}\n";
        let mut config = load_str("test.conf", text, &LoadOptions::default()).config;
        let asked = |config: &crate::config::model::Config, policy, multiplier| {
            let buffers =
                Buffers { vrrp_policy: policy, vrrp_multiplier: multiplier, ..Buffers::default() };
            let mtus = [1500, 9000, 1500];
            config
                .instances
                .iter()
                .zip(mtus)
                .map(|(i, mtu)| asked_for(i, &buffers, mtu))
                .collect::<Vec<_>>()
        };
        assert_eq!(asked(&config, None, 3), [0, 0, 7000]);
        assert_eq!(asked(&config, Some(RxPolicy::Size(5000)), 3), [5000, 5000, 7000]);
        assert_eq!(asked(&config, Some(RxPolicy::Mtu), 5), [7500, 45000, 7000]);
        let last = Arc::make_mut(&mut config.instances[2]);
        Arc::make_mut(&mut last.options).kernel_rx_buf_size = None;
        assert_eq!(asked(&config, Some(RxPolicy::Advert), 3), [48 * 3, 32 * 3, 40 * 3]);
        assert_eq!(asked(&config, Some(RxPolicy::Mtu), u32::MAX), [u32::MAX; 3]);
    }
}

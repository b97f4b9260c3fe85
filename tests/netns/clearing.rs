//! What a driver that died without order leaves behind.

use standfast::config::{LoadOptions, load_str};
use standfast::daemon::timing::clear;
use standfast::kernel::vmac::{VmacSpec, Vmacs};

use crate::hosts::{channel, index, interface, ip, lone_host};

const CONFIGURATION: &str = "
vrrp_instance VI_1 {
    interface left0
    virtual_router_id 51
    use_vmac vrrp.51
    virtual_ipaddress {
        10.0.0.100/24
        10.0.0.101/32 dev right0
    }
}
";

#[test]
fn our_addresses_and_devices_go_and_foreign_ones_stay() {
    lone_host();
    let config = load_str("a.conf", CONFIGURATION, &LoadOptions::default()).config;
    let vmac = config.instances[0].vmac.clone().unwrap();
    let spec = VmacSpec {
        name: vmac.name.clone(),
        family: config.instances[0].family,
        mac: vmac.mac,
        parent: "left0".into(),
        parent_index: index("left0"),
        group: None,
        vrf: None,
    };
    Vmacs::default().ensure(&mut channel(), &spec).unwrap();
    ip("address add 10.0.0.100/24 dev vrrp.51");
    ip("address add 10.0.0.101/32 dev right0");
    ip("address add 10.0.0.1/24 dev left0");
    clear(&config).unwrap();
    assert_eq!(interface("vrrp.51"), None);
    assert_eq!(interface("right0").unwrap().addresses, []);
    assert_eq!(interface("left0").unwrap().addresses.len(), 1, "its own");
    clear(&config).unwrap();
}

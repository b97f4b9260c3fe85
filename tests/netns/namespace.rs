//! Entering a named namespace.

use standfast::kernel::netns::{NetnsError, enter};

use crate::hosts::{interface, ip};

/// Removes the namespace also when the test fails.
struct Named(String);

impl Drop for Named {
    fn drop(&mut self) {
        ip(&format!("netns del {}", self.0));
    }
}

#[test]
fn a_named_one() {
    let named = Named(format!("standfast-{}", std::process::id()));
    ip(&format!("netns add {}", named.0));
    ip(&format!("-netns {} link add inside0 type veth peer name inside1", named.0));
    assert!(interface("inside0").is_none());
    enter(&named.0).unwrap();
    assert!(interface("inside0").is_some());
    assert!(std::path::Path::new("/proc/sys/net/ipv4/conf/inside0").exists(), "settings follow");
}

#[test]
fn missing_and_impossible_ones() {
    for name in ["", ".", "..", "../ns", "a/b"] {
        assert!(matches!(enter(name), Err(NetnsError::Name(_))), "{name:?}");
    }
    let error = enter("standfast-there-is-none").unwrap_err();
    assert!(matches!(error, NetnsError::Open { .. }));
    assert!(error.to_string().contains("/run/netns/standfast-there-is-none"), "{error}");
}

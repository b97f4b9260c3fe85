//! Entering a named namespace.

use standfast::kernel::netns::{Elsewhere, NetnsError, enter, visit};

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
fn a_visit_leaves_us_where_we_are() {
    let named = Named(format!("standfast-visit-{}", std::process::id()));
    ip(&format!("netns add {}", named.0));
    ip(&format!("-netns {} link add inside2 type veth peer name inside3", named.0));
    let there = || interface("inside2").is_some();
    assert!(visit(Elsewhere::Named(&named.0), there).unwrap());
    assert!(!there(), "we have not moved");
    enter(&named.0).unwrap();
    assert!(there());
    assert!(!visit(Elsewhere::First, there).unwrap(), "where we came from");
    assert!(there());
    assert!(matches!(visit(Elsewhere::Named("a/b"), there), Err(NetnsError::Name(_))));
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

//! The VRRP core from outside: bytes as keepalived sends them, and whatever else may come by the wire.

mod captures;
mod hmac;
mod packets;
#[path = "../../sim/sample.rs"]
mod sample;

use standfast::time::Mono;
use standfast::vrrp::action::Action;
use standfast::vrrp::router::Router;

/// Lets the time pass until the next advert has left, and all that is due with it; tells when that is.
fn until_advert(router: &mut Router, out: &mut Vec<Action>) -> Mono {
    let before = out.len();
    let mut now = Mono::ZERO;
    while let Some(due) = router.deadline()
        && (due <= now || !out[before..].iter().any(|action| matches!(action, Action::Transmit { .. })))
    {
        now = now.max(due);
        router.expire(now, out);
    }
    now
}

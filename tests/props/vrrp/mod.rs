//! The VRRP core from outside: bytes as keepalived sends them, and whatever else may come by the wire.

mod captures;
mod hmac;
mod packets;
#[path = "../../sim/sample.rs"]
mod sample;

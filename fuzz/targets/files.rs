//! Random input for `feed::files`.
#![no_main]

#[path = "../feed.rs"]
#[allow(dead_code, reason = "each target uses one of its functions")]
mod feed;

libfuzzer_sys::fuzz_target!(|data: &[u8]| feed::files(data));

//! Random input for `answers::answers`.
#![no_main]

#[path = "../answers.rs"]
mod answers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| drop(answers::answers(data)));

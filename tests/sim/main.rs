//! Clusters of routers under virtual time: a seeded world of loss, delay, duplication, partitions, links,
//! stalls, kills, scripts, deleted addresses and reloads; then everything heals, and one master must stay.
//!
//! `SEED=n` replays one cluster and prints its history. `SIM_CLUSTERS=n` sets how many seeds are run, from
//! `SIM_FIRST` on (default 1).

#![cfg(test)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and what helps it is no test function in clippy's eyes"
)]

mod chance;
mod cluster;
mod explore;
mod node;
mod sample;
mod story;

/// Seeds run by default: a few seconds.
const CLUSTERS: u64 = 400;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}: no number")))
}

#[test]
fn clusters_survive_chaos_and_agree_after_it() {
    if let Some(seed) = number("SEED") {
        let outcome = story::run(seed, true);
        println!("{outcome:?}");
        return;
    }
    let first = number("SIM_FIRST").unwrap_or(1);
    let mut total = story::Outcome::default();
    for seed in first..first + number("SIM_CLUSTERS").unwrap_or(CLUSTERS) {
        match std::panic::catch_unwind(|| story::run(seed, false)) {
            Ok(outcome) => total.add(outcome),
            Err(_) => panic!("cluster of SEED={seed} failed: replay with SEED={seed}"),
        }
    }
    println!("{total:?}");
    assert!(total.takeovers > 0 && total.stalls > 0 && total.reloads > 0, "nothing happened: {total:?}");
}

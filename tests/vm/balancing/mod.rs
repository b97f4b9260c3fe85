//! Load balancing with real IPVS, keepalived's and ours: the table, reloads, health checks, scripts.

mod answers;
mod beside;
mod both;
mod checks;
mod files;
mod groups;
mod kinds;
mod lab;
mod mails;
mod namespace;
mod options;
mod pages;
mod pools;
mod presence;
mod probes;
mod reload;
mod return_path;
mod scripts;
mod secure;
mod server;
mod sources;
mod speakers;
mod state;
mod successor;
mod sync;
mod table;
mod traffic;

use crate::support::daemon::Subject;
use crate::support::runner::Case;

/// A test of one of the two.
type Test = fn(Subject);

/// Those that both daemons do, then those that only ours does.
pub fn cases() -> Vec<Case> {
    let both: [(&str, Test); 22] = [
        ("balancing_table", table::start_and_stop),
        ("balancing_options", options::every_option),
        ("balancing_both_families", options::both_families),
        ("balancing_flushed", table::flushed),
        ("balancing_namespace", namespace::other),
        ("balancing_ha_suspend", presence::follows_the_address),
        ("balancing_translated", traffic::translated),
        ("balancing_direct", traffic::direct),
        ("balancing_failover", traffic::failover),
        ("balancing_groups", groups::members),
        ("balancing_left_behind", table::left_behind),
        ("balancing_adopted", table::adopted),
        ("balancing_reload_keeps", reload::keeps_connections_and_failures),
        ("balancing_reload_writes", reload::writes_the_difference),
        ("balancing_requests", checks::requests),
        ("balancing_pauses", checks::pauses),
        ("balancing_hanging", checks::hanging_servers),
        ("balancing_scripts", scripts::run_as_configured),
        ("balancing_told_at_the_start", scripts::told_at_the_start),
        ("balancing_sources", sources::as_configured),
        ("balancing_sync", sync::follows_the_instance),
        ("balancing_beside_handshakes", beside::handshakes),
    ];
    let mut cases = Vec::new();
    for (name, run) in both {
        for subject in Subject::ALL {
            cases.push(Case::new(format!("vm::{}::{name}", subject.name()), move || run(subject)));
        }
    }
    let ours: [(&str, fn()); 13] = [
        ("balancing_timeouts", table::timeouts),
        ("balancing_reload_refused", reload::refuses_a_broken_file),
        ("balancing_reload_of_thousands", reload::writes_one_of_four_thousand),
        ("balancing_drains", || traffic::drains("10.0.0.100", "10.1.0.")),
        ("balancing_drains_ipv6", || traffic::drains("fd00::100", "fd01::")),
        ("balancing_drains_groups", groups::drains),
        ("balancing_namespace_made_again", namespace::made_again),
        ("balancing_return_path", return_path::comes_back),
        ("balancing_files_at_a_reload", files::appear_at_a_reload),
        ("balancing_takes_over", successor::takes_over),
        ("balancing_leaves_nothing", successor::leaves_nothing),
        ("balancing_puts_right", successor::puts_right),
        ("balancing_mails_at_the_end", mails::end),
    ];
    for (name, run) in ours {
        cases.push(Case::new(format!("vm::standfast::{name}"), run));
    }
    cases.push(Case::new("vm::balancing_files_side_by_side", files::side_by_side));
    cases.push(Case::new("vm::balancing_answers_side_by_side", answers::side_by_side));
    cases.push(Case::new("vm::balancing_pages_side_by_side", pages::side_by_side));
    cases.push(Case::new("vm::balancing_state_side_by_side", state::side_by_side));
    cases.push(Case::new("vm::balancing_failures_side_by_side", pages::failures_side_by_side));
    cases.push(Case::new("vm::balancing_probes_side_by_side", probes::side_by_side));
    cases.push(Case::new("vm::balancing_kinds_side_by_side", kinds::side_by_side));
    cases.push(Case::new("vm::balancing_pools_side_by_side", pools::side_by_side));
    cases.push(Case::new("vm::balancing_mails_of_checks_side_by_side", mails::kinds_side_by_side));
    cases.push(Case::new("vm::balancing_mails_of_changes_side_by_side", mails::changes_side_by_side));
    cases.push(Case::new("vm::balancing_mails_of_reals_side_by_side", mails::real_servers_side_by_side));
    cases
}

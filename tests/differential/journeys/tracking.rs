//! Reloads that change what is tracked, and how much it counts.

use super::super::facts::{Facts, same};
use super::{GLOBAL, Journey, instance};
use crate::support::daemon::Subject;
use crate::support::runner::Case;

pub fn cases() -> Vec<Case> {
    vec![
        same("journeys::tracking", tracking),
        Case::new("journeys::a_reload_changes_priorities_original", || {
            let told = changed_priorities(Subject::Keepalived);
            assert_eq!(
                told,
                ["BACKUP_PRIORITY 107", "MASTER 107", "BACKUP_PRIORITY 109", "FAULT 100", "no resignation"]
            );
        }),
        Case::new("journeys::a_reload_changes_priorities_ours", || {
            let told = changed_priorities(Subject::Standfast);
            let last = ["MASTER_PRIORITY 109", "MASTER_PRIORITY 100", "FAULT 100", "resigned"];
            assert_eq!(told, [&["BACKUP_PRIORITY 107", "MASTER 107"][..], &last].concat());
        }),
    ]
}

/// Instances 51 and on; before each reload stands in a line what they track from then on.
fn tracking(subject: Subject) -> Facts {
    let text = |command: &str, tracked: [&str; 10]| {
        let mut text = format!(
            "{GLOBAL}vrrp_script well {{\n script /usr/bin/true\n interval 1\n}}\n\
             vrrp_script ill {{\n script /usr/bin/false\n interval 1\n}}\n\
             vrrp_script turns {{\n script {command}\n interval 1\n}}\n\
             track_file zero {{\n file @DIR@/zero\n}}\ntrack_file seven {{\n file @DIR@/seven\n}}\n"
        );
        for (vrid, tracked) in (51..).zip(tracked) {
            let (kind, what) = tracked.split_once(' ').unwrap_or_default();
            let block =
                if kind.is_empty() { String::new() } else { format!("track_{kind} {{\n {what}\n }}") };
            text += &instance(&format!("I{vrid}"), vrid, &format!("priority 100\n {block}"));
        }
        text
    };
    let first = text(
        "/usr/bin/true",
        [
            "script well weight 10",
            "script well weight 10",
            "script turns weight 5",
            "script well",
            "file seven weight 2",
            "file zero",
            "interface eth1 weight 7",
            "interface down0 weight -5",
            "interface eth1",
            "",
        ],
    );
    let prepare = |router: &super::Router| {
        router.node.sh("ip link add down0 type veth peer name peer0; ip link set peer0 up");
        std::fs::write(router.node.dir.join("zero"), "0").unwrap();
        std::fs::write(router.node.dir.join("seven"), "7").unwrap();
    };
    let mut journey = Journey::start(subject, prepare, &first);
    journey.settle(
        "at the start",
        &[
            (51, 110),
            (52, 110),
            (53, 105),
            (54, 100),
            (55, 114),
            (56, 100),
            (57, 107),
            (58, 95),
            (59, 100),
            (60, 100),
        ],
    );
    journey.reload(&text(
        "/usr/bin/false",
        [
            "script well weight 20",
            "script ill weight -10",
            "script turns weight 5",
            "script ill",
            "file seven weight 3",
            "file zero\n seven weight 1",
            "interface eth1 weight -7",
            "interface down0 weight -9",
            "interface down0",
            "interface down0 weight 4",
        ],
    ));
    journey.settle(
        "with other weights and objects",
        &[
            (51, 120),
            (52, 90),
            (53, 100),
            (54, 0),
            (55, 121),
            (56, 107),
            (57, 100),
            (58, 91),
            (59, 0),
            (60, 100),
        ],
    );
    journey.reload(&text(
        "/usr/bin/true",
        [
            "script well weight -20",
            "script ill weight -10\n well weight 3",
            "script turns weight -5",
            "script ill weight -1",
            "file seven",
            "file zero\n seven weight -1",
            "interface eth1 weight -7 reverse",
            "interface down0 weight -9 reverse",
            "interface down0 weight -3",
            "file seven weight 0",
        ],
    ));
    journey.settle(
        "reversed",
        &[
            (51, 100),
            (52, 93),
            (53, 100),
            (54, 99),
            (55, 107),
            (56, 93),
            (57, 100),
            (58, 109),
            (59, 97),
            (60, 0),
        ],
    );
    journey.reload(&text("/usr/bin/true", [""; 10]));
    let all: Vec<(u8, u8)> = (51..=60).map(|vrid| (vrid, 100)).collect();
    journey.settle("untracked", &all);
    journey.note_addresses("at last");
    journey.finish()
}

/// A master weighs more, then as much as nothing, then tracks what is down: what the FIFO has of it, and whether it
/// has resigned.
fn changed_priorities(subject: Subject) -> Vec<String> {
    let text = |tracked: &str| {
        format!(
            "{GLOBAL}{}",
            instance("I", 51, &format!("priority 100\n track_interface {{\n {tracked}\n }}"))
        )
    };
    let prepare =
        |router: &super::Router| drop(router.node.sh("ip link add down0 type veth peer name peer0"));
    let mut journey = Journey::start(subject, prepare, &text("eth1 weight 7"));
    journey.settle("at first", &[(51, 107)]);
    journey.reload(&text("eth1 weight 9"));
    journey.settle("with more", &[(51, 109)]);
    journey.reload(&text("eth1 weight 0"));
    journey.settle("with nothing", &[(51, 100)]);
    journey.reload(&text("down0"));
    journey.settle("in FAULT", &[(51, 0)]);
    journey.await_told("INSTANCE \"I\" FAULT 100");
    // Of one in FAULT nothing is said at the stop.
    assert!(journey.daemon.stop().success());
    let sent = journey.capture.adverts_sent("eth0");
    let resigned = sent.iter().any(|(_, advert)| advert.priority() == 0);
    let told = journey.told();
    let told = told.iter().filter_map(|line| line.strip_prefix("INSTANCE \"I\" ")).map(str::to_owned);
    let mut told: Vec<String> = told.skip_while(|line| line != "BACKUP_PRIORITY 107").collect();
    told.retain(|line| !line.starts_with("BACKUP 1") && !line.starts_with("STOP"));
    told.push(if resigned { "resigned" } else { "no resignation" }.to_owned());
    told
}

//! Reloads that change what is tracked, and how much it counts.

use super::super::facts::{Facts, same};
use super::{GLOBAL, Journey, instance};
use crate::support::daemon::Subject;
use crate::support::runner::Case;

pub fn cases() -> Vec<Case> {
    vec![same("journeys::tracking", tracking)]
}

/// Instances 51 and on; before each reload stands in a line what they track from then on.
fn tracking(subject: Subject) -> Facts {
    let text = |command: &str, tracked: [&str; 10]| {
        let mut text = format!(
            "{GLOBAL}vrrp_script well {{\n script /bin/true\n interval 1\n}}\n\
             vrrp_script ill {{\n script /bin/false\n interval 1\n}}\n\
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
        "/bin/true",
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
        "/bin/false",
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
        "/bin/true",
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
    journey.reload(&text("/bin/true", [""; 10]));
    let all: Vec<(u8, u8)> = (51..=60).map(|vrid| (vrid, 100)).collect();
    journey.settle("untracked", &all);
    journey.note_addresses("at last");
    journey.finish()
}

//! A reload makes a backup, or a master, speak otherwise than its peer: version, authentication, password, unicast,
//! VRID. Whom it hears then, what it becomes, and that it finds back.

use super::super::facts::{Facts, same};
use super::elections::rival_of;
use super::{GLOBAL, Journey, Router, instance};
use crate::support::daemon::Subject;
use crate::support::runner::Case;
use crate::support::wait;

pub fn cases() -> Vec<Case> {
    vec![
        same("journeys::backups_become_strangers", |subject| strangers(subject, 200)),
        same("journeys::masters_become_strangers", |subject| strangers(subject, 50)),
    ]
}

const V2: &str = "version 2\n advert_int 1";
const PASS: &str = "version 2\n advert_int 1\n authentication {\n auth_type PASS\n auth_pass one\n }";

/// What it is, and what a reload makes of it; with the VRID that it has then.
const WORDS: [(u8, &str, u8, &str); 8] = [
    (71, "", 71, V2),
    (72, V2, 72, "version 3\n advert_int 1"),
    (73, V2, 73, PASS),
    (74, PASS, 74, V2),
    (75, PASS, 75, "version 2\n advert_int 1\n authentication {\n auth_type AH\n auth_pass one\n }"),
    (76, PASS, 76, "version 2\n advert_int 1\n authentication {\n auth_type PASS\n auth_pass two\n }"),
    (77, "", 77, "unicast_peer {\n 10.0.0.2\n }"),
    (78, "", 88, ""),
];

/// The peer speaks as they do at first, with this priority, and goes on so.
fn strangers(subject: Subject, rivals: u8) -> Facts {
    let text = |strange: bool| {
        let each = WORDS.map(|(vrid, words, other, other_words)| {
            let (number, words) = if strange { (other, other_words) } else { (vrid, words) };
            instance(&format!("I{vrid}"), number, &format!("priority 100\n {words}"))
        });
        format!("{GLOBAL}{}{}", each.concat(), instance("last", 68, "priority 100"))
    };
    let others = WORDS.map(|(vrid, words, ..)| {
        instance(&format!("O{vrid}"), vrid, &format!("priority {rivals}\n {words}"))
    });
    let others = others.concat().replace("@SCRIPT@", "/usr/bin/true");
    let mut rival = None;
    let prepare = |router: &Router| rival = Some(rival_of(router, &others, 71..=78));
    let mut journey = Journey::start(subject, prepare, &text(false));
    let rival = rival.unwrap();
    let better = rivals > 100;
    let own = |vrids: [u8; 8]| vrids.map(|vrid| (vrid, if better { 0 } else { 100 }));
    let first = WORDS.map(|(vrid, ..)| vrid);
    if better {
        for vrid in first {
            journey.await_told(&format!("INSTANCE \"I{vrid}\" BACKUP 100"));
        }
    }
    journey.settle("at first", &[&own(first)[..], &[(68, 100)]].concat());
    journey.reload(&text(true));
    // 2.2.7 may be silent then: what it refuses restarts its timer.
    for (vrid, ..) in WORDS {
        if better {
            journey.await_told(&format!("INSTANCE \"I{vrid}\" MASTER 100"));
        } else {
            rival.await_master(&format!("O{vrid}"), 2, wait::seconds(15));
        }
    }
    journey.note_addresses("strangers");
    journey.reload(&text(false));
    if better {
        wait::until("they find back", wait::seconds(15), || {
            let told = journey.told();
            let backups = |vrid: u8| {
                let line = format!("INSTANCE \"I{vrid}\" BACKUP 100");
                told.iter().filter(|one| **one == line).count()
            };
            first.iter().all(|vrid| backups(*vrid) >= 2)
        });
    }
    journey.settle("at last", &[&own(first)[..], &[(68, 100)]].concat());
    journey.note_addresses("at last");
    journey.finish()
}

//! What stands in the pools of services when real servers go and come back and the file changes in between: quorum and
//! hysteresis, sorry servers, inhibited and weightless servers, servers that wait. keepalived's beside ours.

use std::collections::BTreeMap;

use super::both::{self, Story};
use super::lab::{Lab, close, open};
use super::mails;
use super::server::{Manner, Server};
use crate::support::daemon::Subject;
use crate::support::fifo::Pipe;
use crate::support::sink::Sink;
use crate::support::{ipvs, wait};

/// A service: its lines and its real servers in the first file, and in those of the reloads; the last one stays. No
/// real servers: the file does not have the service.
///
/// Real servers are numbers: `2` is 10.1.0.2, checked; `2~` at another pace; `4-` has no check; `3=5` has weight 5.
///
/// Then its pool at the start and after each of [`EVENTS`], as [`pools`] gives it: `=` as before, `none` an empty one, `gone`
/// none at all; what keepalived has and what ours has, where they differ.
struct Service {
    place: &'static str,
    lines: &'static [&'static str],
    reals: &'static [&'static str],
    pools: &'static str,
}

const fn of(
    place: &'static str,
    lines: &'static [&'static str],
    reals: &'static [&'static str],
    pools: &'static str,
) -> Service {
    Service { place, lines, reals, pools }
}

/// 10.1.0.8 and 10.1.0.9 are nobody.
const SERVICES: &[Service] = &[
    of(
        "80",
        &[
            "inhibit_on_failure\nsorry_server 10.1.0.9 80\nsorry_server_inhibit\nsorry_server_lvs_method DR",
            "inhibit_on_failure\nsorry_server 10.1.0.9 80\nsorry_server_lvs_method DR",
            "inhibit_on_failure\nsorry_server 10.1.0.9 80\nsorry_server_inhibit\nsorry_server_lvs_method DR",
            "inhibit_on_failure\nsorry_server 10.1.0.9 80\nsorry_server_inhibit",
        ],
        &["2 3"],
        "2=1 3=1 9=0g, 2=0 3=1 9=0g, 2=0 3=0 9=1g, =, 2=0 3=1, 2=0 3=1 9=0g, 2=1 3=1 9=0g, 2=1 3=1 9=0g | 2=1 3=1 9=0, 2=1 3=0 9=0g | 2=1 3=0 9=0",
    ),
    of(
        "81",
        &["sorry_server 10.1.0.9 81", "sorry_server 10.1.0.8 81", "", "sorry_server 10.1.0.9 81"],
        &["2 3"],
        "2=1 3=1, 3=1, 9=1, 8=1, 3=1, =, 2=1 3=1, =, 2=1",
    ),
    of(
        "82",
        &[
            "sorry_server 10.1.0.9 82\nsorry_server_inhibit\nsorry_server_lvs_method TUN",
            "",
            "sorry_server 10.1.0.8 82\nsorry_server_inhibit",
        ],
        &["2 3"],
        "2=1 3=1 9=0i, 3=1 9=0i, 9=1i, none, 3=1, 3=1 8=0, 2=1 3=1 8=0, =, 2=1 8=0",
    ),
    of(
        "83",
        &[
            "quorum 3\nhysteresis 1\nsorry_server 10.1.0.9 83",
            "quorum 1\nsorry_server 10.1.0.9 83",
            "quorum 3\nhysteresis 1\nsorry_server 10.1.0.9 83",
            "quorum 5\nhysteresis 4\nsorry_server 10.1.0.9 83",
        ],
        &["4- 2=2 3=2"],
        "2=2 3=2 4=1, 3=2 4=1, 9=1, 4=1, 3=2 4=1, =, 2=2 3=2 4=1, =, 2=2 4=1",
    ),
    of(
        "84",
        &["quorum 3\nhysteresis 1\nsorry_server 10.1.0.9 84"],
        &["4- 2=2 3=2"],
        "2=2 3=2 4=1, 3=2 4=1, 9=1, =, =, =, 2=2 3=2 4=1, =, 2=2 4=1",
    ),
    of(
        "85",
        &["inhibit_on_failure", "", "inhibit_on_failure", ""],
        &["2 3"],
        "2=1 3=1, 2=0 3=1, 2=0 3=0, none, 3=1, 2=0 3=1, 2=1 3=1, =, 2=1",
    ),
    of(
        "86",
        &["quorum 1", "quorum 3", "quorum 2", "quorum 1"],
        &["2 3 4-"],
        "2=1 3=1 4=1, 3=1 4=1, 4=1, =, 3=1 4=1, =, 2=1 3=1 4=1, =, 2=1 4=1",
    ),
    of(
        "87",
        &[
            "quorum 1\nsorry_server 10.1.0.9 87",
            "quorum 3\nsorry_server 10.1.0.9 87",
            "quorum 2\nsorry_server 10.1.0.9 87",
        ],
        &["2 3 4-"],
        "2=1 3=1 4=1, 3=1 4=1, 4=1, 9=1, =, 3=1 4=1, 2=1 3=1 4=1, =, 2=1 4=1",
    ),
    of(
        "88",
        &["quorum 2"],
        &["2=0 3=0 4-", "2=0 3=0 4-", "2=0 3=0 4-", "2=0 3=1 4-"],
        "2=0 3=0 4=1, 3=0 4=1, 4=1, =, 3=0 4=1, =, 2=0 3=0 4=1, 2=0 3=1 4=1, 2=0 4=1",
    ),
    of(
        "89",
        &["sorry_server 10.1.0.9 89"],
        &["2=0 4-=0", "2=0 4-=0", "2=0 4-=1"],
        "9=1, =, =, =, =, 4=1, 2=0 4=1, =, =",
    ),
    of(
        "90",
        &["alpha"],
        &["2 3", "2 3", "2 3 4 6-"],
        "2=1 3=1, 3=1, none, =, 3=1, 3=1 4=1 6=1, 2=1 3=1 4=1 6=1, =, 2=1 4=1 6=1",
    ),
    of(
        "91",
        &["", "alpha", "alpha", ""],
        &["2 3", "2 3 4"],
        "2=1 3=1, 3=1, none, 4=1, 3=1 4=1, =, 2=1 3=1 4=1, =, 2=1 4=1",
    ),
    of(
        "92",
        &["sorry_server 10.1.0.9 92"],
        &["2 3", "2 3", "2 3=0", "2 3=6"],
        "2=1 3=1, 3=1, 9=1, =, 3=1, 9=1, 2=1 3=0, 2=1 3=6, 2=1",
    ),
    of("93", &[""], &["2 3", "2- 3"], "2=1 3=1, 3=1, none, 2=1, 2=1 3=1, =, =, =, 2=1"),
    of(
        "94",
        &[
            "",
            "lvs_method DR\npersistence_timeout 44",
            "lvs_method DR\nlvs_sched wlc",
            "persistence_timeout 45",
        ],
        &["2 4-"],
        "2=1 4=1, 4=1, =, rr -p 44 2=1g 4=1g | rr -p 44 4=1g, =, wlc 2=1g 4=1g | wlc 4=1g, wlc 2=1g 4=1g, rr -p 45 2=1 4=1, =",
    ),
    of("95", &["omega"], &["2 3", "2 3", "", "2 3"], "2=1 3=1, 3=1, none, =, 3=1, gone, =, 2=1 3=1, 2=1"),
    of("96", &[""], &["2 3", "3", "2 3", "2"], "2=1 3=1, 3=1, none, =, 3=1, =, 2=1 3=1, 2=1, ="),
    of(
        "97",
        &["alpha\nquorum 3\nhysteresis 2\nsorry_server 10.1.0.9 97"],
        &["2=4 3"],
        "2=4 3=1, 3=1, 9=1, =, =, =, 2=4 3=1, =, 2=4",
    ),
    of(
        "98",
        &["", "sorry_server 10.1.0.9 98", "sorry_server 10.1.0.9 98", ""],
        &["2 3"],
        "2=1 3=1, 3=1, none, 9=1, 3=1, =, 2=1 3=1, =, 2=1",
    ),
    of("99", &[""], &["2 3~", "2~ 3", "2 3~", "2~ 3~"], "2=1 3=1, 3=1, none, =, 3=1, =, 2=1 3=1, =, 2=1"),
    of(
        "100",
        &["quorum 2\nsorry_server 10.1.0.9 100"],
        &["2 3 4-", "2 3 4-", "2 4-", "2 3 4-"],
        "2=1 3=1 4=1, 3=1 4=1, 9=1, =, 3=1 4=1, 9=1, 2=1 4=1, 2=1 3=1 4=1, 2=1 4=1",
    ),
    of(
        "fwmark 7",
        &["lvs_method DR\nsorry_server 10.1.0.9"],
        &["2 3"],
        "2=1g 3=1g, 3=1g, 9=1g, =, 3=1g, =, 2=1g 3=1g, =, 2=1g",
    ),
];

/// What a list has for a stage.
fn at(list: &[&'static str], stage: usize) -> &'static str {
    list[stage.min(list.len() - 1)]
}

fn config(stage: usize, fifo: &str) -> String {
    let mut text = format!(
        "global_defs {{\n script_user root\n smtp_alert_checker off\n {}\n lvs_notify_fifo {fifo}\n}}\n",
        mails::SERVER
    );
    for service in SERVICES {
        let reals = at(service.reals, stage);
        if reals.is_empty() {
            continue;
        }
        let (target, port, protocol) = match service.place.strip_prefix("fwmark ") {
            Some(_) => (service.place.to_owned(), "", ""),
            None => (format!("10.0.0.100 {}", service.place), service.place, "protocol TCP"),
        };
        text.push_str(&format!(
            "virtual_server {target} {{\nlvs_sched rr\nlvs_method NAT\n{protocol}\ndelay_loop 1\nsmtp_alert\n{}\n",
            at(service.lines, stage)
        ));
        for real in reals.split(' ') {
            let (number, weight) = real.split_once('=').unwrap_or((real, "1"));
            let pace = if number.ends_with('~') { "delay_before_retry 9" } else { "" };
            let check = format!(
                "TCP_CHECK {{\nconnect_port 8001\nconnect_timeout 5\nretry 0\nwarmup 0\n{pace}\n}}"
            );
            let check = if number.ends_with('-') { "" } else { &check };
            let number = number.trim_end_matches(['-', '~']);
            text.push_str(&format!(
                "real_server 10.1.0.{number} {port} {{\nweight {weight}\n{check}\n}}\n"
            ));
        }
        text.push_str("}\n");
    }
    text
}

/// How many of a stage's checks of this real server there are, not counting those that another stage has too.
fn checks(stage: usize, number: usize, but: Option<usize>) -> usize {
    let has = |service: &Service, stage| {
        at(service.reals, stage)
            .split(' ')
            .any(|real| real.split(['=', '~']).next() == Some(&number.to_string()))
    };
    let counts = |service: &&Service| has(service, stage) && !but.is_some_and(|other| has(service, other));
    SERVICES.iter().filter(counts).count()
}

/// The pools of the table, each as the services of this file are written: `2=1 9=0g`, with the letter of the method where
/// it is not NAT, and what is not `rr` in front.
fn pools(lab: &Lab) -> BTreeMap<String, String> {
    let services = ipvs::table(&lab.director).into_iter().map(|service| {
        let place = service.address.replace("-t 10.0.0.100:", "").replace("-f", "fwmark");
        let mut words: Vec<String> = vec![];
        words.extend(Some(service.options.replace("-s ", "")).filter(|words| words != "rr"));
        for real in &service.reals {
            let words_of_real: Vec<&str> = real.split(' ').collect();
            let number = words_of_real[0].trim_start_matches("10.1.0.").split(':').next().unwrap();
            let method = words_of_real[1].trim_start_matches(['-', 'm']);
            words.push(format!("{number}={}{method}", words_of_real[3]));
        }
        (place, words.join(" "))
    });
    services.collect()
}

/// What happens.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Nobody is at port 8001 of this real server.
    Close(usize),
    Open(usize),
    /// A reload with the file of this stage.
    Reload(usize),
}

use Event::{Close, Open, Reload};

const EVENTS: &[Event] = &[Close(2), Close(3), Reload(1), Open(3), Reload(2), Open(2), Reload(3), Close(3)];

/// The pools after so many events.
fn expected(subject: Subject, step: usize) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for service in SERVICES {
        let history: Vec<&str> = service.pools.split(", ").take(step + 1).collect();
        let Some(last) = history.iter().rfind(|pool| **pool != "=") else { continue };
        let (theirs, ours) = last.split_once(" | ").unwrap_or((last, last));
        let pool = if subject == Subject::Keepalived { theirs } else { ours };
        if pool != "gone" {
            all.insert(service.place.to_owned(), if pool == "none" { "" } else { pool }.to_owned());
        }
    }
    all
}

fn play(subject: Subject) -> Story {
    let lab = Lab::new();
    let _servers =
        lab.reals.each_ref().map(|real| Server::start(real, "0.0.0.0:8001", Manner::Answers(200)));
    let sink = Sink::start(&lab.director, mails::AT);
    let fifo = lab.director.dir.join("fifo");
    let mut pipe = Pipe::make(&fifo);
    let mut told = Vec::new();
    let fifo = fifo.display().to_string();
    let mut daemon = lab.direct(subject, &config(0, &fifo));
    let (mut stage, mut results) =
        (0, [2, 3, 4].map(|number| checks(0, number, None)).iter().sum::<usize>());
    for step in 0..=EVENTS.len() {
        match step.checked_sub(1).map(|index| EVENTS[index]) {
            None => {}
            Some(Close(number)) => {
                close(&lab.reals[number - 2], "8001");
                results += checks(stage, number, None);
            }
            Some(Open(number)) => {
                open(&lab.reals[number - 2]);
                results += checks(stage, number, None);
            }
            Some(Reload(next)) => {
                daemon.reload(&config(next, &fifo));
                results += [2, 3, 4].map(|number| checks(next, number, Some(stage))).iter().sum::<usize>();
                stage = next;
            }
        }
        let said =
            || ["TCP connection to", "TCP_CHECK on service"].map(|what| daemon.process().count(what));
        let wanted = expected(subject, step);
        wait::value(
            &format!("{results} results and {wanted:#?} in step {step}"),
            wait::seconds(20),
            || (said().iter().sum::<usize>() >= results && pools(&lab) == wanted).then_some(()),
            || format!("{:?}\n{:#?}\n{}", said(), pools(&lab), daemon.process().log()),
        );
        told.extend(pipe.lines());
    }
    // Each change of a quorum is told and mailed.
    let told_of = std::cell::RefCell::new(told);
    let changes = || told_of.borrow().iter().filter(|line| line.starts_with("VS")).count();
    wait::value(
        "the mails",
        wait::seconds(5),
        || {
            told_of.borrow_mut().extend(pipe.lines());
            (sink.mails().len() >= changes() && changes() >= CHANGES).then_some(())
        },
        || format!("{} changes, {} mails", changes(), sink.mails().len()),
    );
    let mut told = told_of.into_inner();
    told.extend(
        sink.mails().into_iter().filter(|mail| !OTHER_WORDS.iter().any(|word| mail.contains(word))),
    );
    assert!(daemon.stop().success());
    assert_eq!(ipvs::table(&lab.director), [], "{}", daemon.process().log());
    // One by one, in the order of each.
    told.sort_by_key(|line| {
        line.split(' ').filter(|word| word.starts_with('[')).map(str::to_owned).collect::<Vec<_>>()
    });
    told.dedup_by(|line, before| line == before && line.ends_with(":100 DOWN"));
    let story = both::told(&daemon, &lab.director, None).with_calls(told);
    OTHER_LINES.iter().fold(story, |story, words| story.without(words))
}

/// How often a quorum comes and goes.
const CHANGES: usize = 68;

/// What keepalived mails in other words: its arithmetic where all weights are 0 or the service starts without a quorum, and
/// how a reload without the check that held the only server down brings the quorum back. It tells twice that a real server
/// takes the quorum along which a reload removes.
const OTHER_WORDS: [&str; 4] = [":89 - DOWN", ":97 - DOWN", ":93 - UP", ":100 - DOWN"];

/// The same in the log; what is said of the file and of mails; which checks a reload begins anew.
const OTHER_LINES: [&str; 7] = [
    "SMTP",
    "Activating healthchecker",
    "Starting with quorum down 0-4294967295",
    "Starting with quorum down 1-0=1 > 0 for VS [10.0.0.100]:tcp:89",
    "> 0 for VS [10.0.0.100]:tcp:97",
    "exceeds total weight",
    "setting hysteresis",
];

/// Both, at the same time.
pub fn side_by_side() {
    both::compare(play);
}

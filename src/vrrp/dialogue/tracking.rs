//! Tracked files, processes and BFD sessions, alone and in groups.

use super::*;
use crate::config::model::interface::Linkbeat;
use crate::config::model::{InstanceOptions, TrackedObjects};
use crate::vrrp::note::What;

fn tracked(name: &str, weight: i16) -> Vec<Tracked> {
    vec![Tracked { name: name.into(), weight, reverse: false }]
}

fn following(instance: VrrpInstance, tracked: TrackedObjects) -> VrrpInstance {
    let options = InstanceOptions { tracked, ..InstanceOptions::clone(&instance.options) };
    VrrpInstance { options: options.into(), ..instance }
}

fn files(name: &str, weight: i16) -> TrackedObjects {
    TrackedObjects { files: tracked(name, weight), ..TrackedObjects::default() }
}

fn file(value: i32) -> Event<'static> {
    Event::File { name: "f".into(), value }
}

fn priorities(talk: &Talk) -> Vec<u8> {
    talk.router.views().iter().map(|view| view.priority).collect()
}

#[test]
fn a_files_value_is_on_the_wire_with_the_next_advert() {
    let mut talk = Talk::alone(following(instance("A", 1, 100), files("f", 2)));
    talk.due(3.609375);
    assert_eq!(talk.event(at(4.0), file(7)), [""; 0], "a master stays");
    assert_eq!(talk.due(4.609375), ["advert 1:114"]);
    assert_eq!(talk.event(at(5.0), file(-127)), ["advert 1:0", "drop 0", "A FAULT"], "254 less is none");
    assert_eq!(talk.event(at(6.0), file(-20)), ["A BACKUP"]);
    assert_eq!(priorities(&talk), [60]);
    assert_eq!(talk.router.deadline(), Some(at(6.0 + 3.765625)), "by the priority that it has now");
    talk.event(at(7.0), file(1000));
    assert_eq!(talk.router.deadline(), Some(at(6.0 + 3.0 + 2.0 / 256.0)), "the timer follows");
}

#[test]
fn without_weight_anything_but_zero_is_a_fault() {
    let mut talk = Talk::alone(following(instance("A", 1, 100), files("f", 0)));
    assert_eq!(talk.event(at(1.0), file(1)), ["A FAULT"]);
    assert_eq!(talk.event(at(2.0), file(-1)), [""; 0], "the same again");
    assert_eq!(talk.event(at(3.0), file(0)), ["A BACKUP"]);
}

#[test]
fn what_is_known_at_the_start_decides_the_first_state() {
    let start = |known: Event<'static>, tracked: TrackedObjects| {
        let config = Config {
            instances: vec![following(instance("A", 1, 100), tracked).into()],
            ..Config::default()
        };
        let mut out = Vec::new();
        let eth0 = eth0(true, Some(US));
        let router = Router::start_knowing(at(0.0), Arc::new(config), &[eth0], [known], &mut out);
        (words(&out), router.views()[0].priority)
    };
    assert_eq!(start(file(9), files("f", 0)), (vec!["A FAULT".into()], 100));
    assert_eq!(start(file(9), files("f", 1)), (vec!["A BACKUP".into()], 109));
    let processes = || TrackedObjects { processes: tracked("p", 0), ..TrackedObjects::default() };
    let process = |quorate| Event::Process { name: "p".into(), quorate };
    assert_eq!(start(process(false), processes()).0, ["A FAULT"]);
    assert_eq!(start(process(true), processes()).0, ["A BACKUP"]);
}

#[test]
fn processes_and_sessions_change_the_priority() {
    let both = TrackedObjects {
        files: Vec::new(),
        processes: tracked("p", 20),
        bfds: vec![Tracked { name: "b".into(), weight: -30, reverse: false }],
    };
    let mut talk = Talk::alone(following(instance("A", 1, 100), both));
    assert_eq!(priorities(&talk), [100], "nothing is known of either");
    let process = |quorate| Event::Process { name: "p".into(), quorate };
    let session = |up| Event::Bfd { name: "b".into(), up };
    let steps = [(process(true), 120), (session(false), 90), (process(false), 70), (session(true), 100)];
    for (event, priority) in steps {
        talk.event(at(1.0), event);
        assert_eq!(priorities(&talk), [priority]);
    }
    let mut talk = Talk::alone(following(
        instance("A", 1, 100),
        TrackedObjects { bfds: tracked("b", 0), ..TrackedObjects::default() },
    ));
    assert_eq!(talk.event(at(1.0), session(false)), ["A FAULT"]);
    assert_eq!(talk.event(at(2.0), session(true)), ["A BACKUP"]);
}

fn group(weighted: bool) -> Config {
    let mut config = pair();
    Arc::make_mut(&mut config.instances[0]).track_scripts = Box::default();
    config.instances[0] = following((*config.instances[0]).clone(), files("f", 1)).into();
    config.sync_groups[0].tracking_weight = weighted;
    config
}

#[test]
fn a_members_weights_need_the_groups_word() {
    let (mut talk, said) = Talk::start(group(true));
    assert_eq!(said, ["A BACKUP", "B BACKUP", "group G BACKUP"]);
    assert_eq!(talk.event(at(1.0), file(7)), [""; 0]);
    assert_eq!(priorities(&talk), [57, 60]);
    let (mut talk, _) = Talk::start(group(false));
    let said = talk.event(at(1.0), file(7));
    assert_eq!(said, ["A FAULT", "B FAULT", "group G FAULT"], "as if it stood there with weight 0");
    assert_eq!(talk.event(at(2.0), file(0)), ["A BACKUP", "B BACKUP", "group G BACKUP"]);
    assert_eq!(priorities(&talk), [50, 60]);
    let mut config = group(false);
    config.instances[0] = following((*config.instances[0]).clone(), files("f", 5)).into();
    let (mut talk, _) = Talk::start(config);
    assert_eq!(talk.event(at(1.0), file(7)), [""; 0], "only the default is taken so");
    assert_eq!(priorities(&talk), [50, 60]);
}

#[test]
fn a_members_weights_of_processes_need_no_word() {
    let mut config = group(false);
    let processes = TrackedObjects { processes: tracked("p", 30), ..TrackedObjects::default() };
    config.instances[0] = following((*config.instances[0]).clone(), processes).into();
    let (mut talk, _) = Talk::start(config);
    talk.event(at(1.0), Event::Process { name: "p".into(), quorate: true });
    assert_eq!(priorities(&talk), [80, 60]);
}

#[test]
fn what_a_group_tracks_counts_for_all_and_instead_of_a_members_own() {
    let mut config = group(true);
    config.sync_groups[0].options.tracked = files("f", 2);
    let (mut talk, _) = Talk::start(config.clone());
    talk.event(at(1.0), file(7));
    assert_eq!(priorities(&talk), [64, 74], "twice the value, once");
    config.sync_groups[0].tracking_weight = false;
    let (mut talk, _) = Talk::start(config);
    talk.event(at(1.0), file(7));
    assert_eq!(priorities(&talk), [64, 74], "the group's own weights need no word");
}

#[test]
fn an_owners_weights_are_ignored_aloud() {
    let owner = following(instance("A", 1, 255), files("f", 1));
    let config = Config { instances: vec![owner.into()], ..Config::default() };
    let mut out = Vec::new();
    let eth0 = [eth0(true, Some(US))];
    let mut router = Router::start(at(0.0), Arc::new(config), &eth0, &mut out);
    let told = |out: &[Action]| {
        out.iter().any(|action| match action {
            Action::Note(note) => matches!(note.what, What::WeightIgnored { owner: true, .. }),
            _ => false,
        })
    };
    assert!(told(&out));
    out.clear();
    router.handle(at(1.0), file(3), &mut out);
    assert_eq!((words(&out), router.views()[0].priority), (vec!["A FAULT".into()], 255));
}

#[test]
fn a_reload_keeps_values_of_what_is_still_defined() {
    let defined = |name: &str| crate::config::model::TrackFile {
        name: name.into(),
        path: "/f".into(),
        weight: 1,
        reverse: false,
        init: None,
    };
    let config = |files_defined: Vec<_>| Config {
        instances: vec![following(instance("A", 1, 100), files("f", 1)).into()],
        track_files: files_defined,
        ..Config::default()
    };
    let (mut talk, _) = Talk::start(config(vec![defined("f")]));
    talk.event(at(1.0), file(7));
    talk.event(at(2.0), Event::Reconfigure(Arc::new(config(vec![defined("f")]))));
    assert_eq!(priorities(&talk), [107]);
    let mut other = config(vec![defined("g")]);
    other.instances[0] = following(instance("A", 1, 100), files("g", 1)).into();
    talk.event(at(3.0), Event::Reconfigure(Arc::new(other)));
    assert_eq!(priorities(&talk), [100]);
    talk.event(at(4.0), Event::Reconfigure(Arc::new(config(vec![defined("f")]))));
    assert_eq!(priorities(&talk), [100], "its old value is forgotten");
}

fn polled(way: &str) -> Config {
    let linkbeat = vec![Linkbeat { interface: way.into(), way: None }];
    Config { instances: vec![instance("A", 1, 100).into()], linkbeat, ..Config::default() }
}

fn beat(up: bool) -> Event<'static> {
    Event::Link { name: "eth0".into(), up }
}

#[test]
fn an_interface_is_up_while_the_kernel_says_so_and_there_is_a_beat() {
    let (mut talk, _) = Talk::start(polled("eth0"));
    talk.due(3.609375);
    assert_eq!(talk.event(at(4.0), beat(true)), [""; 0]);
    assert_eq!(talk.event(at(4.1), beat(false)), ["advert 1:0", "drop 0", "A FAULT"]);
    assert_eq!(talk.event(at(4.2), beat(false)), [""; 0]);
    // The kernel does not know of it, and tells other things.
    assert_eq!(talk.link(at(4.3), Some(eth0(true, Some(US)))), [""; 0]);
    assert_eq!(talk.event(at(5.0), beat(true)), ["A BACKUP"]);
    // It knows more than its driver.
    assert_eq!(talk.link(at(6.0), Some(eth0(false, Some(US)))), ["A FAULT"]);
    assert_eq!(talk.event(at(6.1), beat(false)), [""; 0]);
    assert_eq!(talk.link(at(6.2), Some(eth0(true, Some(US)))), [""; 0], "no beat yet");
    assert_eq!(talk.event(at(6.3), beat(true)), ["A BACKUP"]);
    assert_eq!(talk.link(at(7.0), None), ["A FAULT"]);
    assert_eq!(talk.event(at(7.1), beat(true)), [""; 0], "it is not there");
}

#[test]
fn a_reload_that_polls_no_more_believes_the_kernel() {
    let (mut talk, _) = Talk::start(polled("eth0"));
    assert_eq!(talk.event(at(1.0), beat(false)), ["A FAULT"]);
    let same = Event::Reconfigure(Arc::new(polled("eth0")));
    assert_eq!(talk.event(at(2.0), same), [""; 0], "what was told outlives a reload");
    // The line of an interface that nobody follows is not polled either.
    let other = Event::Reconfigure(Arc::new(polled("eth9")));
    assert_eq!(talk.event(at(3.0), other), ["A BACKUP"]);
    assert_eq!(talk.event(at(4.0), beat(false)), [""; 0], "said too late");
    let again = Event::Reconfigure(Arc::new(polled("eth0")));
    assert_eq!(talk.event(at(5.0), again), [""; 0], "there is one until somebody says otherwise");
}

#[test]
fn without_a_beat_at_the_start_it_begins_in_fault() {
    let mut out = Vec::new();
    let eth0 = eth0(true, Some(US));
    Router::start_knowing(at(0.0), Arc::new(polled("eth0")), &[eth0], [beat(false)], &mut out);
    assert_eq!(words(&out), ["A FAULT"]);
    let about =
        |action: &Action| matches!(action, Action::Note(note) if matches!(note.what, What::Link { .. }));
    assert!(!out.iter().any(about), "the kernel has said nothing: {out:?}");
}

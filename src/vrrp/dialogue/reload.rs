//! What is said when a configuration is taken over.

use super::*;
use crate::config::model::Notify;

#[test]
fn a_master_that_is_due_speaks_ahead_of_a_reload_and_again_only_of_what_is_new() {
    let both = || Config {
        instances: vec![instance("A", 1, 100).into(), instance("B", 2, 100).into()],
        ..Config::default()
    };
    let (mut talk, _) = Talk::start(both());
    talk.due(3.609375);
    let mut ahead = Vec::new();
    talk.router.speak_ahead(at(4.0), Duration::from_millis(600), &mut ahead);
    assert_eq!(ahead.len(), 0, "nobody is due so soon");
    talk.router.speak_ahead(at(4.0), Duration::from_millis(610), &mut ahead);
    assert_eq!(ahead.len(), 2);
    assert_eq!(talk.router.deadline(), Some(at(5.0)));
    let mut new = both();
    Arc::make_mut(&mut new.instances[1]).advert_int = Duration::from_secs(2);
    let said = talk.event(at(4.01), Event::Reconfigure(Arc::new(new)));
    assert_eq!(
        said,
        ["own 0", "advert 2:100", "own 1"],
        "the peers of the second wait for longer from now on"
    );
    assert_eq!(talk.due(5.0), ["advert 1:100"]);
    assert_eq!(talk.due(6.0), ["advert 1:100"]);
    assert_eq!(talk.due(6.01), ["advert 2:100"]);
}

#[test]
fn preempt_delay_goes_on_through_a_reload() {
    let config = |interval| {
        let delayed = VrrpInstance {
            preempt_delay: Duration::from_secs(6),
            garp: Garp { master_refresh: Duration::from_secs(interval), ..Garp::default() }.into(),
            ..instance("A", 1, 200)
        };
        Config { instances: vec![delayed.into()], ..Config::default() }
    };
    let (mut talk, _) = Talk::start(config(0));
    for second in 1..=6 {
        talk.hear(at(f64::from(second)), PEER, 100);
        if second == 3 {
            talk.event(at(3.5), Event::Reconfigure(Arc::new(config(60))));
        }
    }
    // The delay began with the first advert: this one is the first after it.
    talk.hear(at(7.0), PEER, 100);
    talk.hear(at(8.0), PEER, 100);
    assert_eq!(talk.due(6.0 + 3.21875).first().unwrap(), "advert 1:200");
}

#[test]
fn routers_that_become_master_together_share_the_interval_from_then_on() {
    let many = |count: u8| Config {
        instances: (1..=count).map(|vrid| instance(&format!("I{vrid}"), vrid, 100).into()).collect(),
        ..Config::default()
    };
    let spoken = |talk: &mut Talk, until: f64| {
        let mut spoken = Vec::new();
        while let Some(moment) = talk.router.deadline().filter(|moment| *moment < at(until)) {
            let mut out = Vec::new();
            talk.router.expire(moment, &mut out);
            let said = words(&out);
            spoken.extend(said.iter().filter(|line| line.starts_with("advert")).map(|_| moment));
        }
        spoken
    };
    // As many as leave together anyway do not change their moment.
    let (mut few, _) = Talk::start(many(32));
    let moments = spoken(&mut few, 5.0);
    assert_eq!(moments.len(), 64, "{moments:?}");
    assert!(moments[32..].iter().all(|moment| *moment == at(4.609375)), "{moments:?}");

    let (mut all, _) = Talk::start(many(200));
    let first = spoken(&mut all, 4.6);
    assert!(first.len() >= 200, "{}", first.len());
    // From then on each speaks once in an interval, and never more than a handful and a few at the same moment.
    let moments = spoken(&mut all, 14.6);
    assert_eq!(moments.len(), 2000);
    for moment in &moments {
        let together = moments.iter().filter(|other| *other == moment).count();
        assert!(together <= 32, "{together} at {moment:?}");
    }
}

#[test]
fn of_who_was_in_fault_a_removal_is_no_news() {
    let broken = VrrpInstance { interface: "eth7".into(), ..instance("B", 2, 100) };
    let told = |deleted_state: bool| {
        let mut broken = broken.clone();
        broken.notify = Arc::new(Notify { deleted_state, ..Notify::default() });
        let both = [instance("A", 1, 100).into(), instance("C", 3, 100).into(), broken.into()];
        let (mut talk, _) = Talk::start(Config { instances: both[..].to_vec(), ..Config::default() });
        let alone = Config { instances: both[..1].to_vec(), ..Config::default() };
        talk.event(at(1.0), Event::Reconfigure(Arc::new(alone)))
    };
    assert_eq!(told(false), ["C FAULT"]);
    assert_eq!(told(true), ["C FAULT", "B DELETED"]);
}

//! The poller and the alarm.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use standfast::kernel::clock::{Alarm, now};
use standfast::kernel::poller::Poller;

fn told(poller: &mut Poller) -> Vec<u64> {
    poller.look().unwrap().collect()
}

#[test]
fn an_alarm_rings_at_its_time_and_again() {
    let (mut poller, mut alarm) = (Poller::new().unwrap(), Alarm::new().unwrap());
    poller.add(&alarm, 7).unwrap();
    for _ in 0..3 {
        let at = now() + Duration::from_millis(20);
        alarm.set(Some(at)).unwrap();
        assert_eq!(poller.wait().unwrap().collect::<Vec<_>>(), [7]);
        assert!(now() >= at, "never early");
        alarm.rang();
    }
    // One that is past rings at once; one that is unset does not.
    alarm.set(Some(now())).unwrap();
    assert_eq!(poller.wait().unwrap().collect::<Vec<_>>(), [7]);
    alarm.rang();
    alarm.set(None).unwrap();
    assert!(told(&mut poller).is_empty());
    // A later one does not take away an earlier ring that nobody has seen; seen, it does.
    let past = now();
    alarm.set(Some(past)).unwrap();
    alarm.set(Some(past + Duration::from_secs(60))).unwrap();
    assert_eq!(told(&mut poller), [7]);
    alarm.rang();
    alarm.set(Some(past + Duration::from_secs(60))).unwrap();
    assert!(told(&mut poller).is_empty());
}

#[test]
fn an_alarm_that_is_put_off_again_and_again_hardly_ever_rings() {
    let (mut poller, mut alarm) = (Poller::new().unwrap(), Alarm::new().unwrap());
    poller.add(&alarm, 7).unwrap();
    let start = now();
    let at = |millis| Some(start + Duration::from_millis(millis));
    // A backup of adverts a third of its patience apart, from 0 to 300.
    alarm.set_in_time(at(100), start).unwrap();
    for heard in (30..=300).step_by(30) {
        alarm.set_in_time(at(heard + 100), start + Duration::from_millis(heard)).unwrap();
    }
    assert_eq!(poller.wait().unwrap().collect::<Vec<_>>(), [7]);
    assert!(Some(now()) >= at(340), "moved by the last but two, at the latest");
    alarm.rang();
    // What is due sooner counts at once.
    alarm.set_in_time(at(60_000), now()).unwrap();
    alarm.set_in_time(Some(now()), now()).unwrap();
    assert_eq!(poller.wait().unwrap().collect::<Vec<_>>(), [7]);
}

#[test]
fn a_wait_ends_at_its_time_or_with_what_is_readable() {
    let mut poller = Poller::new().unwrap();
    let (mut near, far) = UnixStream::pair().unwrap();
    poller.add(&far, 9).unwrap();
    let at = now() + Duration::from_millis(20);
    let Some(found) = poller.wait_until(at).unwrap().map(Iterator::collect::<Vec<_>>) else {
        return; // Linux before 5.11
    };
    assert!(found.is_empty());
    assert!(now() >= at, "never early");
    assert_eq!(poller.wait_until(at).unwrap().unwrap().count(), 0, "what is past is over at once");
    near.write_all(b"x").unwrap();
    for at in [at, now() + Duration::from_secs(60)] {
        assert_eq!(poller.wait_until(at).unwrap().unwrap().collect::<Vec<_>>(), [9]);
    }
}

#[test]
fn more_than_fit_one_look_are_all_told() {
    let mut poller = Poller::new().unwrap();
    let pairs: Vec<_> = (0..150).map(|_| UnixStream::pair().unwrap()).collect();
    for (token, (end, _)) in pairs.iter().enumerate() {
        poller.add(end, token as u64).unwrap();
    }
    for (_, other) in &pairs {
        let mut other = other;
        other.write_all(b"x").unwrap();
    }
    let mut seen = BTreeSet::new();
    while seen.len() < pairs.len() {
        let tokens = told(&mut poller);
        assert!(!tokens.is_empty(), "what is left is told again");
        for token in tokens {
            let mut end = &pairs[token as usize].0;
            assert_eq!(end.read(&mut [0; 8]).unwrap_or(0), 1);
            seen.insert(token);
        }
    }
}

#[test]
fn what_was_left_behind_is_told_again() {
    let mut poller = Poller::new().unwrap();
    let (end, mut other) = UnixStream::pair().unwrap();
    poller.add(&end, 1).unwrap();
    other.write_all(b"x").unwrap();
    assert_eq!(told(&mut poller), [1]);
    assert_eq!(told(&mut poller), [1]);
}

#[test]
fn one_taken_out_is_not_told() {
    let mut poller = Poller::new().unwrap();
    let (end, mut other) = UnixStream::pair().unwrap();
    poller.add(&end, 1).unwrap();
    poller.remove(&end).unwrap();
    other.write_all(b"x").unwrap();
    assert!(told(&mut poller).is_empty());
}

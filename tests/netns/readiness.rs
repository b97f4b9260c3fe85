//! The poller and the alarm.

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use standfast::kernel::clock::{Alarm, now};
use standfast::kernel::poller::Poller;

const SOON: Duration = Duration::from_secs(5);

fn on_a_runtime(work: impl AsyncFnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(SOON, work()).await.expect("waits for ever") });
}

#[test]
fn an_alarm_rings_at_its_time_and_again() {
    on_a_runtime(async || {
        let (mut poller, mut alarm) = (Poller::new().unwrap(), Alarm::new().unwrap());
        poller.add(&alarm, 7).unwrap();
        for _ in 0..3 {
            let at = now() + Duration::from_millis(20);
            alarm.set(Some(at)).unwrap();
            while poller.ready().unwrap().next().is_none() {
                poller.wait().await.unwrap();
            }
            assert!(now() >= at, "never early");
        }
        // One that is past rings at once; one that is unset does not.
        alarm.set(Some(now())).unwrap();
        poller.wait().await.unwrap();
        assert_eq!(poller.ready().unwrap().collect::<Vec<_>>(), [7]);
        alarm.set(None).unwrap();
        assert_eq!(poller.ready().unwrap().count(), 0);
    });
}

#[test]
fn more_than_fit_one_look_are_all_told() {
    on_a_runtime(async || {
        let mut poller = Poller::new().unwrap();
        let pairs: Vec<_> = (0..150).map(|_| UnixStream::pair().unwrap()).collect();
        for (token, (end, _)) in pairs.iter().enumerate() {
            end.set_nonblocking(true).unwrap();
            poller.add(end, token as u64).unwrap();
        }
        for (_, other) in &pairs {
            let mut other = other;
            other.write_all(b"x").unwrap();
        }
        let mut seen = BTreeSet::new();
        while seen.len() < pairs.len() {
            poller.wait().await.unwrap();
            let tokens: Vec<u64> = poller.ready().unwrap().collect();
            for token in tokens {
                use std::io::Read;
                let mut end = &pairs[token as usize].0;
                assert_eq!(end.read(&mut [0; 8]).unwrap_or(0), 1);
                seen.insert(token);
            }
        }
    });
}

#[test]
fn what_was_left_behind_is_told_when_asked() {
    on_a_runtime(async || {
        let mut poller = Poller::new().unwrap();
        let (end, mut other) = UnixStream::pair().unwrap();
        poller.add(&end, 1).unwrap();
        other.write_all(b"x").unwrap();
        poller.wait().await.unwrap();
        assert_eq!(poller.ready().unwrap().collect::<Vec<_>>(), [1]);
        poller.look_again();
        poller.wait().await.unwrap();
        assert_eq!(poller.ready().unwrap().collect::<Vec<_>>(), [1]);
    });
}

#[test]
fn one_taken_out_is_not_told() {
    on_a_runtime(async || {
        let mut poller = Poller::new().unwrap();
        let (end, mut other) = UnixStream::pair().unwrap();
        poller.add(&end, 1).unwrap();
        poller.remove(&end).unwrap();
        other.write_all(b"x").unwrap();
        assert_eq!(poller.ready().unwrap().count(), 0);
    });
}

//! One health checker: what the result of a probe means, and when the next probe is due.
//!
//! The rules are keepalived's. A server that is up is given `retry` further attempts,
//! `delay_before_retry` apart; only when all fail is it down. One that is down is asked once per
//! `delay_loop`, and one success brings it back. Until a checker has come to its first conclusion
//! there are no retries: the first failure is final.
//!
//! `HTTP_GET` with several urls asks one per `delay_loop`, in turn. A url that fails for good is
//! asked first until it passes; then all of them are asked, from the beginning, before the server is up:
//! even a single url must pass twice.

use std::sync::Arc;
use std::time::Duration;

use super::outcome::Outcome;
use crate::config::model::{Check, CheckKind};

/// The state of one checker between two probes.
#[derive(Clone, Debug)]
pub struct Checker {
    check: Arc<Check>,
    up: bool,
    /// It has come to a conclusion at least once.
    settled: bool,
    /// Failed attempts since the last success, while up.
    failures: u32,
    /// Which url comes next; always 0 for checks without urls.
    url: u32,
    /// Urls that have passed one after the other on the way up.
    passed: u32,
    /// `url` is the one that took the server down, and has not passed since.
    suspect: bool,
}

/// What a result meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing worth mentioning: up and passing, or down and failing.
    Steady,
    /// One url of several has passed on the way up.
    Passed,
    /// Up still; the failure, the nth of the row, will be retried.
    Retrying(u32),
    /// Up, concluded anew. `first` if nothing had been concluded before; `changed` if it was down.
    Up { first: bool, changed: bool },
    /// Down, concluded anew, after this many retries (`None`: retries do not apply).
    Down { first: bool, changed: bool, retries: Option<u32> },
    /// The probe said nothing about the server.
    Undecided,
}

/// A verdict and the pause before the next probe, counted from the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Judged {
    pub verdict: Verdict,
    pub pause: Duration,
}

impl Checker {
    /// A checker that has not yet concluded anything, and until then counts as `up` or not.
    pub fn new(check: Arc<Check>, up: bool) -> Self {
        Checker { check, up, settled: false, failures: 0, url: 0, passed: 0, suspect: false }
    }

    /// What it does.
    pub fn check(&self) -> &Arc<Check> {
        &self.check
    }

    /// The same check, in the place where the present configuration has it.
    pub fn follow(&mut self, check: &Arc<Check>) {
        self.check = Arc::clone(check);
    }

    /// As it counts for its server.
    pub fn is_up(&self) -> bool {
        self.up
    }

    /// Whether it has come to a conclusion at least once.
    pub fn has_concluded(&self) -> bool {
        self.settled
    }

    /// Failed attempts since the last success, while it is up.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Index of the url that the next probe asks; 0 where there are none.
    pub fn url(&self) -> usize {
        self.url as usize
    }

    /// Takes the result of the probe of [`Checker::url`].
    pub fn judge(&mut self, outcome: &Outcome) -> Judged {
        match outcome {
            Outcome::Success(_) => self.succeeded(),
            Outcome::Failure(_) => self.failed(),
            Outcome::Undecided(_) => {
                let pause = if self.failures > 0 {
                    self.check.pace.delay_before_retry
                } else {
                    self.check.pace.delay_loop
                };
                Judged { verdict: Verdict::Undecided, pause }
            }
        }
    }

    /// It is told what it would have asked for. Like a conclusion: whether it is the first one, and a change.
    pub fn told(&mut self, up: bool) -> (bool, bool) {
        let (first, changed) = (!self.settled, self.up != up);
        (self.up, self.settled) = (up, true);
        (first, changed)
    }

    fn succeeded(&mut self) -> Judged {
        let urls = self.urls();
        let pause = self.check.pace.delay_loop;
        self.failures = 0;
        if self.up && self.settled {
            self.url = if self.url + 1 < urls { self.url + 1 } else { 0 };
            return Judged { verdict: Verdict::Steady, pause };
        }
        if self.suspect {
            // It is asked once more with the others, or alone where there are no others (2.2.7).
            (self.suspect, self.passed) = (false, 0);
        } else {
            self.passed += 1;
        }
        if self.passed < urls {
            self.url = self.passed;
            let pause = if self.fast_recovery() { Duration::ZERO } else { pause };
            return Judged { verdict: Verdict::Passed, pause };
        }
        let verdict = Verdict::Up { first: !self.settled, changed: !self.up };
        (self.up, self.settled, self.url, self.passed) = (true, true, 0, 0);
        Judged { verdict, pause }
    }

    fn failed(&mut self) -> Judged {
        let check = &self.check;
        if self.up && self.settled && self.failures < check.pace.retry {
            self.failures += 1;
            return Judged {
                verdict: Verdict::Retrying(self.failures),
                pause: check.pace.delay_before_retry,
            };
        }
        let (has_urls, pause) = match check.kind {
            CheckKind::Http(_) | CheckKind::Ssl(_) => {
                (true, check.pace.delay_before_retry.max(check.pace.delay_loop))
            }
            _ => (false, check.pace.delay_loop),
        };
        let verdict = if self.up || !self.settled {
            Verdict::Down {
                first: !self.settled,
                changed: self.up,
                retries: (self.settled && check.pace.retry > 0).then_some(check.pace.retry),
            }
        } else {
            Verdict::Steady
        };
        (self.up, self.settled, self.failures) = (false, true, 0);
        (self.suspect, self.passed) = (has_urls, 0);
        Judged { verdict, pause }
    }

    fn urls(&self) -> u32 {
        match &self.check.kind {
            CheckKind::Http(http) | CheckKind::Ssl(http) => {
                u32::try_from(http.urls.len()).unwrap_or(u32::MAX).max(1)
            }
            _ => 1,
        }
    }

    fn fast_recovery(&self) -> bool {
        matches!(&self.check.kind, CheckKind::Http(http) | CheckKind::Ssl(http) if http.fast_recovery)
    }
}

/// Whether a check of this kind counts: it asks, or it is told. One that does not is nothing: its server is what its
/// other checks make of it.
pub const fn counts(kind: &CheckKind) -> bool {
    is_probed(kind) || matches!(kind, CheckKind::File(_) | CheckKind::Bfd(_))
}

/// Whether there is a probe for checks of this kind.
pub const fn is_probed(kind: &CheckKind) -> bool {
    match kind {
        CheckKind::Tcp(_)
        | CheckKind::Http(_)
        | CheckKind::Ssl(_)
        | CheckKind::Smtp(_)
        | CheckKind::Udp(_)
        | CheckKind::Dns(_)
        | CheckKind::Ping
        | CheckKind::Misc(_) => true,
        CheckKind::File(_) | CheckKind::Bfd(_) => false,
    }
}

/// How long a new checker waits before its first probe: 1 s and a part of `warmup` that looks random,
/// so that thousands of checkers spread, but follows from `seed` and `number` alone, so that a run can
/// be repeated.
pub fn first_delay(seed: u64, number: u64, warmup: Duration) -> Duration {
    let fraction = u128::from(scramble(seed ^ scramble(number)));
    let nanos = (warmup.as_nanos().min(u128::from(u64::MAX)) * fraction) >> 64;
    Duration::from_secs(1) + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// Splitmix64's output function: neighbouring inputs give unrelated outputs.
fn scramble(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::check::Pace;
    use crate::config::model::{HttpGet, HttpUrl, TcpCheck};
    use crate::health::outcome::{Failure, Success};

    const LOOP: Duration = Duration::from_secs(10);
    const RETRY: Duration = Duration::from_secs(3);

    fn check(kind: CheckKind, retry: u32) -> Arc<Check> {
        Arc::new(Check {
            kind,
            target: ([10, 0, 0, 2], 80).into(),
            source: None,
            pace: Arc::new(Pace {
                retry,
                delay_before_retry: RETRY,
                delay_loop: LOOP,
                warmup: LOOP,
                ..Pace::default()
            }),
            alpha: false,
            log_all_failures: false,
        })
    }

    fn tcp(retry: u32) -> Arc<Check> {
        check(CheckKind::Tcp(TcpCheck), retry)
    }

    fn http(urls: usize, fast_recovery: bool) -> Arc<Check> {
        let url = HttpUrl { path: "/".into(), ..HttpUrl::default() };
        let urls = vec![url; urls];
        check(CheckKind::Http(Arc::new(HttpGet { urls, fast_recovery, ..HttpGet::default() })), 1)
    }

    fn pass(checker: &mut Checker) -> (Verdict, Duration) {
        let judged = checker.judge(&Outcome::Success(Success::Connected));
        (judged.verdict, judged.pause)
    }

    fn fail(checker: &mut Checker) -> (Verdict, Duration) {
        let judged = checker.judge(&Outcome::Failure(Failure::ConnectTimeout));
        (judged.verdict, judged.pause)
    }

    #[test]
    fn a_first_failure_is_final() {
        let mut checker = Checker::new(tcp(3), true);
        let down = Verdict::Down { first: true, changed: true, retries: None };
        assert_eq!(fail(&mut checker), (down, LOOP));
        assert!(!checker.is_up());
        assert_eq!(fail(&mut checker), (Verdict::Steady, LOOP), "down: once per delay_loop");
        assert_eq!(pass(&mut checker), (Verdict::Up { first: false, changed: true }, LOOP));
    }

    #[test]
    fn up_is_given_its_retries_and_a_success_resets_them() {
        let mut checker = Checker::new(tcp(2), true);
        assert_eq!(pass(&mut checker), (Verdict::Up { first: true, changed: false }, LOOP));
        assert_eq!(fail(&mut checker), (Verdict::Retrying(1), RETRY));
        assert_eq!(fail(&mut checker), (Verdict::Retrying(2), RETRY));
        assert_eq!(pass(&mut checker), (Verdict::Steady, LOOP));
        assert_eq!(fail(&mut checker), (Verdict::Retrying(1), RETRY));
        assert_eq!(fail(&mut checker), (Verdict::Retrying(2), RETRY));
        assert!(checker.is_up());
        let down = Verdict::Down { first: false, changed: true, retries: Some(2) };
        assert_eq!(fail(&mut checker), (down, LOOP));
        assert!(!checker.is_up());
    }

    #[test]
    fn an_alpha_checker_that_fails_first_has_not_changed() {
        let mut checker = Checker::new(tcp(1), false);
        let down = Verdict::Down { first: true, changed: false, retries: None };
        assert_eq!(fail(&mut checker).0, down);
        assert_eq!(pass(&mut checker).0, Verdict::Up { first: false, changed: true });
    }

    #[test]
    fn an_undecided_probe_changes_nothing() {
        let mut checker = Checker::new(tcp(1), true);
        pass(&mut checker);
        let undecided = Outcome::Undecided("out of sockets".into());
        assert_eq!(checker.judge(&undecided), Judged { verdict: Verdict::Undecided, pause: LOOP });
        fail(&mut checker);
        assert_eq!(checker.judge(&undecided).pause, RETRY, "the series of retries goes on");
        assert!(checker.is_up());
        assert_eq!(fail(&mut checker).0, Verdict::Down { first: false, changed: true, retries: Some(1) });
    }

    #[test]
    fn urls_are_asked_in_turn() {
        let mut checker = Checker::new(http(3, false), true);
        assert_eq!(pass(&mut checker), (Verdict::Passed, LOOP));
        assert_eq!(pass(&mut checker), (Verdict::Passed, LOOP));
        assert_eq!(pass(&mut checker).0, Verdict::Up { first: true, changed: false });
        let mut asked = Vec::new();
        for _ in 0..5 {
            asked.push(checker.url());
            assert_eq!(pass(&mut checker).0, Verdict::Steady);
        }
        assert_eq!(asked, [0, 1, 2, 0, 1]);
    }

    #[test]
    fn the_url_that_failed_comes_first_then_all_of_them() {
        let mut checker = Checker::new(http(3, false), true);
        for _ in 0..4 {
            pass(&mut checker);
        }
        assert_eq!(checker.url(), 1);
        assert_eq!(fail(&mut checker), (Verdict::Retrying(1), RETRY));
        assert_eq!(checker.url(), 1, "the retry asks the same url");
        fail(&mut checker);
        assert!(!checker.is_up());
        let mut asked = Vec::new();
        fail(&mut checker);
        while !checker.is_up() {
            asked.push(checker.url());
            pass(&mut checker);
        }
        assert_eq!(asked, [1, 0, 1, 2]);
    }

    #[test]
    fn a_single_url_needs_two_successes() {
        let mut checker = Checker::new(http(1, false), true);
        fail(&mut checker);
        assert_eq!(pass(&mut checker), (Verdict::Passed, LOOP));
        assert_eq!(pass(&mut checker).0, Verdict::Up { first: false, changed: true });
    }

    #[test]
    fn a_failure_on_the_way_up_starts_over() {
        let mut checker = Checker::new(http(2, true), true);
        fail(&mut checker);
        assert_eq!(pass(&mut checker), (Verdict::Passed, Duration::ZERO), "fast_recovery does not wait");
        assert_eq!(checker.url(), 0, "the first url has failed: then all of them, it included");
        assert_eq!(pass(&mut checker), (Verdict::Passed, Duration::ZERO));
        assert_eq!(checker.url(), 1);
        fail(&mut checker);
        assert_eq!(checker.url(), 1);
        assert_eq!(pass(&mut checker).0, Verdict::Passed);
        assert_eq!(checker.url(), 0);
        assert_eq!(pass(&mut checker).0, Verdict::Passed);
        assert_eq!(pass(&mut checker), (Verdict::Up { first: false, changed: true }, LOOP));
    }

    #[test]
    fn http_waits_the_longer_of_both_pauses_while_down() {
        let mut long = (*http(1, false)).clone();
        Arc::make_mut(&mut long.pace).delay_before_retry = LOOP + LOOP;
        let mut checker = Checker::new(Arc::new(long), true);
        assert_eq!(fail(&mut checker).1, LOOP + LOOP);
    }

    #[test]
    fn first_probes_spread_over_the_warmup() {
        let warmup = Duration::from_secs(60);
        let mut buckets = [0u32; 6];
        for number in 0..6000 {
            let delay = first_delay(42, number, warmup) - Duration::from_secs(1);
            assert!(delay < warmup);
            buckets[usize::try_from(delay.as_secs() / 10).unwrap()] += 1;
        }
        assert!(buckets.iter().all(|n| (850..1150).contains(n)), "{buckets:?}");
        assert_eq!(first_delay(42, 7, Duration::ZERO), Duration::from_secs(1));
        assert_ne!(first_delay(1, 7, warmup), first_delay(2, 7, warmup), "another seed, another time");
    }
}

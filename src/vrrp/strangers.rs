//! Senders of adverts that are refused: named once when they appear, then once a minute for as long as they go on.

use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::time::Duration;

use super::action::Action;
use super::event::Datagram;
use super::note::What;
use super::router::{Router, about_all};
use crate::time::Mono;

/// Between two reports about the same sender, or the same unknown virtual router.
const PAUSE: Duration = Duration::from_secs(60);
/// Until the first report: by then its hardware address is known.
const FIRST: Duration = Duration::from_millis(500);
/// Senders of one router that are told apart. Who comes when there are so many already is only counted.
const MOST: usize = 8;

/// Those of one virtual router.
#[derive(Clone, Debug, Default)]
pub(super) struct Strangers(Vec<Stranger>);

#[derive(Clone, Debug)]
struct Stranger {
    from: IpAddr,
    last: Mono,
    /// Not told of before.
    tell: Mono,
    /// Since it was told of.
    count: u64,
}

/// What a refused packet means for the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum News {
    Nothing,
    /// Its hardware address should be found out.
    Unknown,
    /// So many packets since the last report.
    Report(u64),
}

impl Strangers {
    /// Another packet of this sender was refused.
    pub fn heard(&mut self, now: Mono, from: IpAddr) -> News {
        self.0.retain(|stranger| now.since(stranger.last) < PAUSE || stranger.from == from);
        let Some(stranger) = self.0.iter_mut().find(|stranger| stranger.from == from) else {
            if self.0.len() < MOST {
                self.0.push(Stranger { from, last: now, tell: now + FIRST, count: 1 });
                return News::Unknown;
            }
            return News::Nothing;
        };
        stranger.last = now;
        stranger.count += 1;
        if stranger.tell <= now {
            stranger.tell = now + PAUSE;
            return News::Report(std::mem::take(&mut stranger.count));
        }
        News::Nothing
    }
}

impl Router {
    /// `log_unknown_vrids`
    pub(super) fn unknown_router(&mut self, now: Mono, datagram: &Datagram<'_>, out: &mut Vec<Action>) {
        let Some(vrid) = datagram.advert().get(1).copied().filter(|_| self.config.global.log_unknown_vrids)
        else {
            return;
        };
        let told = self.unknown.entry((datagram.interface, vrid));
        let told_lately = matches!(&told, Entry::Occupied(told) if now.since(*told.get()) < PAUSE);
        if let Some(interface) = self.facts.name_of(datagram.interface).filter(|_| !told_lately) {
            told.insert_entry(now);
            out.push(about_all(What::UnknownRouter { vrid, interface, from: datagram.source }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::ZERO + Duration::from_secs(seconds)
    }

    fn sender(n: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, n])
    }

    #[test]
    fn one_report_a_minute_with_the_number_of_packets() {
        let mut strangers = Strangers::default();
        let news: Vec<_> = (0..=130).map(|second| strangers.heard(at(second), sender(9))).collect();
        assert_eq!(news[..3], [News::Unknown, News::Report(2), News::Nothing]);
        let reports: Vec<_> =
            (0..).zip(&news).filter(|(_, news)| matches!(news, News::Report(_))).collect();
        assert_eq!(reports, [(1, &News::Report(2)), (61, &News::Report(60)), (121, &News::Report(60))]);
    }

    #[test]
    fn a_flood_of_senders_is_not_a_flood_of_reports() {
        let mut strangers = Strangers::default();
        let mut reports = 0;
        for round in 0..200 {
            for n in 0..=255 {
                reports += usize::from(strangers.heard(at(round / 100), sender(n)) != News::Nothing);
            }
        }
        assert_eq!(reports, 2 * MOST, "each is identified, and reported a second later");
    }

    #[test]
    fn who_was_silent_for_a_minute_makes_room() {
        let mut strangers = Strangers::default();
        for n in 0..20 {
            strangers.heard(at(0), sender(n));
        }
        assert_eq!(strangers.heard(at(60), sender(99)), News::Unknown);
    }
}

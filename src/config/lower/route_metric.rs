//! What a route says of connections along it: `mtu`, `rtt`, `cwnd` and their like.

use super::Lower;
use super::line::{Lost, Taken};
use crate::config::syntax::Node;
use crate::diag::Diagnostic;
use crate::objects::route::{Metric, RouteMetrics};

/// The longest time that keepalived takes.
const LONGEST_MILLIS: u64 = 960_000;

impl Lower<'_> {
    /// Reads `WORD [lock] VALUE`; the place of what follows, or `None` where the word is no such thing.
    pub fn route_metric(
        &mut self,
        entry: &Node,
        at: usize,
        metrics: &mut RouteMetrics,
    ) -> Taken<Option<usize>> {
        let word = entry.argument(at).unwrap_or("");
        if word == "features" {
            self.features(entry, at, metrics)?;
            return Ok(Some(at + 2));
        }
        let lockable = matches!(
            word,
            "mtu"
                | "advmss"
                | "rtt"
                | "rttvar"
                | "reordering"
                | "cwnd"
                | "ssthresh"
                | "rto_min"
                | "congctl"
        );
        let locked = lockable && entry.argument(at + 1) == Some("lock");
        let last = at + usize::from(locked);
        if word == "congctl" {
            self.after(entry, last)?;
            metrics.congctl = entry.argument(last + 1).map(|name| (locked, name.into()));
            return Ok(Some(last + 2));
        }
        let place = match word {
            "mtu" => &mut metrics.mtu,
            "advmss" => &mut metrics.advmss,
            "rtt" => &mut metrics.rtt,
            "rttvar" => &mut metrics.rttvar,
            "reordering" => &mut metrics.reordering,
            "cwnd" => &mut metrics.cwnd,
            "ssthresh" => &mut metrics.ssthresh,
            "rto_min" => &mut metrics.rto_min,
            "hoplimit" => &mut metrics.hoplimit,
            "window" => &mut metrics.window,
            "initcwnd" => &mut metrics.initcwnd,
            "initrwnd" => &mut metrics.initrwnd,
            "quickack" => &mut metrics.quickack,
            "fastopen_no_cookie" => &mut metrics.fastopen_no_cookie,
            _ => return Ok(None),
        };
        self.after(entry, last)?;
        let most = match word {
            "hoplimit" => 255,
            "quickack" | "fastopen_no_cookie" => 1,
            _ => i64::from(u32::MAX),
        };
        let value = match word {
            "rtt" => self.route_time(entry, word, last + 1, 8)?,
            "rttvar" => self.route_time(entry, word, last + 1, 4)?,
            "rto_min" => self.route_time(entry, word, last + 1, 1)?,
            _ => {
                let value = self.int(entry, word, last + 1, (0, most), false);
                value.and_then(|value| u32::try_from(value).ok()).ok_or(Lost)?
            }
        };
        *place = Some(Metric { locked, value });
        Ok(Some(last + 2))
    }

    /// `Ns`, `Nms`, or a number of the kernel's units, of which a millisecond has so many.
    fn route_time(&mut self, entry: &Node, name: &str, at: usize, units: u64) -> Taken<u32> {
        let word = entry.argument(at).ok_or(Lost)?;
        // Millionths of what is written, in kernel's units.
        let (number, longest, places, factor) = match (word.strip_suffix("ms"), word.strip_suffix('s')) {
            (Some(millis), _) => (millis, LONGEST_MILLIS, 0, units),
            (None, Some(seconds)) => (seconds, LONGEST_MILLIS / 1000, 3, units * 1000),
            (None, None) => (word, LONGEST_MILLIS, 0, 1),
        };
        let written = self.decimal_text(entry, name, at, number, (0, longest * 1_000_000), places);
        let value = written.ok_or(Lost)?.as_micros() * u128::from(factor) / 1_000_000;
        u32::try_from(value).map_err(|_| Lost)
    }

    fn features(&mut self, entry: &Node, at: usize, metrics: &mut RouteMetrics) -> Taken<()> {
        match self.after(entry, at)? {
            "ecn" => metrics.ecn = true,
            word => {
                let message = format!("feature {word} not supported");
                self.report(
                    Diagnostic::error("unknown-value", entry.span_of(at + 1), message).expected("ecn"),
                );
            }
        }
        Ok(())
    }
}

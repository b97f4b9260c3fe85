//! `bfd_instance`

use std::net::IpAddr;
use std::time::Duration;

use super::Lower;
use super::global::set;
use super::read::Value;
use crate::config::model::bfd::BfdInstance;
use crate::config::syntax::Node;
use crate::diag::{Diagnostic, Span};
use crate::ids::{Family, Name};

/// The longest name, in bytes.
const LONGEST_NAME: usize = 31;

/// A session as it is written.
#[derive(Default)]
struct Draft {
    neighbour: Option<IpAddr>,
    source: Option<(IpAddr, Option<Span>)>,
    times: [Option<Duration>; 3],
    multiplier: Option<u8>,
    passive: bool,
    ttl: Option<u8>,
    max_hops: Option<(i16, Option<Span>)>,
    multihop: bool,
    weight: super::read::Weight,
    for_vrrp: bool,
    for_checkers: bool,
}

impl Lower<'_> {
    /// Reads one; the first of a name counts.
    pub(super) fn bfd(&mut self, node: &Node) {
        let Some(name) = node.argument(1) else { return };
        let name: Name = name.into();
        if !self.reads_as_session(node, &name) {
            self.lose("bfd_instance", &name);
        }
    }

    /// Whether there is one of this name now; else what is wrong was told.
    fn reads_as_session(&mut self, node: &Node, name: &Name) -> bool {
        if self.loaded.config.bfd_instances.iter().any(|one| one.name == *name) {
            let message = format!("bfd_instance {name} already defined");
            self.report(
                Diagnostic::error("defined-twice", node.span_of(1), message)
                    .help("the second one is ignored; give it another name"),
            );
            return true;
        }
        if name.len() > LONGEST_NAME {
            let message = format!("BFD instance {name} name too long - ignoring");
            self.report(
                Diagnostic::error("name-too-long", node.span_of(1), message)
                    .expected(format!("at most {LONGEST_NAME} characters")),
            );
            return false;
        }
        let mut draft = Draft::default();
        self.each(node.nodes(), |_, node, value| keyword(node, &value, &mut draft));
        let Some(neighbour) = draft.neighbour else {
            self.required(node, crate::config::keywords::Context::Bfd);
            return false;
        };
        if let Some((source, span)) = draft.source
            && Family::of(source) != Family::of(neighbour)
        {
            let message = format!(
                "(BFD {name}) source_ip {source} has another family than neighbor_ip {neighbour} - removing"
            );
            self.report(
                Diagnostic::error("wrong-family", span, message)
                    .expected(format!("an {} address", Family::of(neighbour))),
            );
            return false;
        }
        let source = draft.source.map(|(source, _)| source);
        let twin = |one: &BfdInstance| one.neighbour == neighbour && one.source == source;
        if self.loaded.config.bfd_instances.iter().any(twin) {
            let message = format!(
                "BFD instance {name} has duplicate neighbor address {neighbour}, ignoring instance"
            );
            self.report(Diagnostic::error("given-twice", node.span_of(1), message));
            return false;
        }
        let ttl = draft.ttl.unwrap_or(if neighbour.is_ipv4() { 255 } else { 64 });
        let max_hops = self.max_hops(&draft, ttl, name);
        let [min_rx, min_tx, idle_tx] = draft.times;
        // Either alone means the other is not told.
        let both = draft.for_vrrp == draft.for_checkers;
        self.definitions.bfds.insert(name.clone(), node.span_of(1));
        self.loaded.config.bfd_instances.push(BfdInstance {
            name: name.clone(),
            neighbour,
            source,
            min_rx: min_rx.unwrap_or(Duration::from_millis(10)),
            min_tx: min_tx.unwrap_or(Duration::from_millis(10)),
            idle_tx: idle_tx.unwrap_or(Duration::from_secs(1)),
            multiplier: draft.multiplier.unwrap_or(5),
            passive: draft.passive,
            ttl,
            max_hops,
            multihop: draft.multihop,
            weight: draft.weight.of_vrrp(),
            reverse: draft.weight.reverse.unwrap_or(false),
            for_vrrp: both || draft.for_vrrp,
            for_checkers: both || draft.for_checkers,
        });
        true
    }

    fn max_hops(&mut self, draft: &Draft, ttl: u8, name: &Name) -> i16 {
        let Some((hops, span)) = draft.max_hops else { return 0 };
        if hops <= i16::from(ttl) {
            return hops;
        }
        let message = format!("(BFD {name}) max_hops {hops} is above ttl {ttl} - setting to ttl");
        self.report(Diagnostic::error("out-of-range", span, message).expected(format!("at most {ttl}")));
        i16::from(ttl)
    }
}

fn keyword(node: &Node, value: &Value, draft: &mut Draft) {
    // Written in milliseconds.
    let time = value.decimal().map(|time| time / 1000);
    match node.name() {
        "neighbor_ip" | "neighbour_ip" => draft.neighbour = value.ip().or(draft.neighbour),
        "source_ip" => draft.source = value.ip().map(|source| (source, node.span_of(1))).or(draft.source),
        "min_rx" => set(&mut draft.times[0], time.map(Some)),
        "min_tx" => set(&mut draft.times[1], time.map(Some)),
        "idle_tx" => set(&mut draft.times[2], time.map(Some)),
        "multiplier" => draft.multiplier = value.int().or(draft.multiplier),
        "passive" => draft.passive = true,
        "ttl" | "hoplimit" => draft.ttl = value.int().or(draft.ttl),
        "max_hops" => draft.max_hops = value.int().map(|hops| (hops, node.span_of(1))).or(draft.max_hops),
        "multihop" => draft.multihop = value.yes(),
        "weight" => {
            if let Value::Weight(weight) = value {
                draft.weight = *weight;
            }
        }
        "vrrp" => draft.for_vrrp = true,
        "checker" => draft.for_checkers = true,
        _ => {}
    }
}

//! `track_interface`, `track_script`: names with weights. `unicast_peer`: addresses with hop limits.

use super::Lower;
use super::read::Weight;
use crate::config::model::UnicastPeer;
use crate::config::syntax::Node;
use crate::diag::{Diagnostic, Span};
use crate::ids::Name;

/// One tracked name.
#[derive(Clone, Debug)]
pub struct Track {
    pub name: Name,
    /// `None`: that of the tracked object.
    pub weight: Option<Weight>,
    pub span: Option<Span>,
    /// What is tracked is defined above.
    pub known: bool,
}

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TrackKind {
    Interface,
    Script,
    File,
    Process,
    Bfd,
}

impl TrackKind {
    /// As messages call it.
    pub const fn word(self) -> &'static str {
        match self {
            TrackKind::Interface => "interface",
            TrackKind::Script => "script",
            TrackKind::File => "file",
            TrackKind::Process => "process",
            TrackKind::Bfd => "bfd",
        }
    }

    /// The greatest weight.
    const fn most(self) -> i64 {
        match self {
            TrackKind::File | TrackKind::Process => 254,
            TrackKind::Interface | TrackKind::Script | TrackKind::Bfd => 253,
        }
    }
}

impl Lower<'_> {
    /// The entries of a block, without those that are wrong or stand twice.
    pub fn tracks(&mut self, node: &Node, before: &mut Vec<Track>, owner: &str, kind: TrackKind) {
        for entry in node.nodes() {
            let name: Name = entry.name().into();
            if let Some(first) = before.iter().find(|track| track.name == name).map(|track| track.span) {
                let message = format!("({owner}) {name} is tracked twice; the second is ignored");
                self.report(Diagnostic::error("given-twice", entry.span(), message).first_at(first));
                continue;
            }
            let weight = match entry.argument(1) {
                None => None,
                Some("weight") if entry.argument(2).is_some() => match self.weight(entry, 2, kind.most()) {
                    Some(weight) if kind == TrackKind::Interface && weight.reverse == Some(false) => {
                        self.unknown_option(entry, 3, "track_interface", "reverse");
                        continue;
                    }
                    Some(weight) => Some(weight),
                    None => continue,
                },
                Some(word) => {
                    let message = format!("({owner}) unknown option '{word}' for {name} - ignoring");
                    self.report(
                        Diagnostic::error("unknown-value", entry.span_of(1), message)
                            .expected("weight N [reverse]"),
                    );
                    continue;
                }
            };
            let known = match kind {
                TrackKind::Interface => true,
                TrackKind::Script => self.script_places.contains_key(&name),
                TrackKind::File => self.definitions.files.contains_key(&name),
                TrackKind::Process => self.definitions.processes.contains_key(&name),
                TrackKind::Bfd => self.definitions.bfds.contains_key(&name),
            };
            before.push(Track { name, weight, span: entry.span(), known });
        }
    }

    /// The entries of `unicast_peer`, each with its place.
    pub fn peers(&mut self, node: &Node, found: &mut Vec<(UnicastPeer, Option<Span>)>, owner: &str) {
        for entry in node.nodes() {
            let Some(address) = self.address(entry, "unicast_peer", 0) else { continue };
            if let Some((_, first)) = found.iter().find(|(peer, _)| peer.address == address) {
                let message = format!("({owner}) duplicate unicast peer {address} - ignoring");
                let first = *first;
                self.report(Diagnostic::error("given-twice", entry.span(), message).first_at(first));
                continue;
            }
            let mut peer = UnicastPeer { address, min_ttl: None, max_ttl: None };
            let mut at = 1;
            while let Some(word) = entry.argument(at).map(str::to_owned) {
                if entry.argument(at + 1).is_none() && word.ends_with("_ttl") {
                    let message = format!("({owner}) {word} is missing a value");
                    self.report(
                        Diagnostic::error("missing-parameter", entry.span_of(at), message)
                            .expected("0 to 255"),
                    );
                    break;
                }
                let ttl = match word.as_str() {
                    "min_ttl" | "max_ttl" => self.int(entry, &word, at + 1, (0, 255), false),
                    _ => {
                        self.unknown_option(entry, at, "unicast_peer", "min_ttl N or max_ttl N");
                        None
                    }
                };
                let ttl = ttl.and_then(|ttl| u8::try_from(ttl).ok());
                match word.as_str() {
                    "min_ttl" => peer.min_ttl = ttl,
                    "max_ttl" => peer.max_ttl = ttl,
                    _ => {}
                }
                at += 2;
            }
            if let (Some(least), Some(most)) = (peer.min_ttl, peer.max_ttl)
                && least > most
            {
                let message =
                    format!("({owner}) min_ttl {least} > max_ttl {most} - all packets will be discarded");
                self.report(Diagnostic::error("out-of-range", entry.span_of(1), message));
            }
            found.push((peer, entry.span()));
        }
    }
}

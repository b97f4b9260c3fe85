//! `lvs_method`: how packets reach a server.

use super::Lower;
use crate::config::syntax::Node;
use crate::diag::Diagnostic;
use crate::objects::ipvs::{Forwarding, Tunnel};

/// What may follow `TUN`.
const OPTIONS_OF_TUN: &str = "type ipip|gue|gre, port N, nocsum, csum or remcsum";

impl Lower<'_> {
    /// `NAT`, `DR`, or `TUN [type ipip|gue|gre] [port N] [nocsum|csum|remcsum]`
    pub fn forwarding(&mut self, node: &Node) -> Option<Forwarding> {
        let word = node.argument(1)?;
        match word {
            "NAT" => return self.alone(node).then_some(Forwarding::Masq),
            "DR" => return self.alone(node).then_some(Forwarding::DirectRoute),
            "TUN" => {}
            _ => {
                let message = format!("PARSER : unknown [{word}] routing method for virtual server.");
                let mut diagnostic =
                    Diagnostic::error("unknown-value", node.span_of(1), message).expected("NAT, DR or TUN");
                if matches!(word.to_ascii_uppercase().as_str(), "NAT" | "DR" | "TUN") {
                    diagnostic = diagnostic.help(format!(
                        "write '{}': the case of the letters counts",
                        word.to_ascii_uppercase()
                    ));
                }
                self.report(diagnostic);
                return None;
            }
        }
        let mut tunnel = Tunnel::default();
        let mut port = None;
        let mut checksum = None;
        let mut at = 2;
        while let Some(word) = node.argument(at) {
            match (word, node.argument(at + 1)) {
                ("type", Some("ipip")) => tunnel.kind = 0,
                ("type", Some("gue")) => tunnel.kind = 1,
                ("type", Some("gre")) => tunnel.kind = 2,
                ("port", Some(_)) => port = self.int(node, "port", at + 1, (1, 65_535), false),
                ("nocsum", _) => checksum = Some(0),
                ("csum", _) => checksum = Some(1),
                ("remcsum", _) => checksum = Some(2),
                _ => {
                    self.unknown_option(node, at, "TUN", OPTIONS_OF_TUN);
                    return None;
                }
            }
            at += if matches!(word, "type" | "port") { 2 } else { 1 };
        }
        let good = match tunnel.kind {
            1 => port.is_some(),
            0 => port.is_none() && checksum.is_none(),
            _ => port.is_none() && checksum != Some(2),
        };
        if !good {
            let message = "these options of TUN do not go together";
            let (expected, kind) = match tunnel.kind {
                1 => ("a port", "gue"),
                0 => ("neither port nor checksum", "ipip"),
                _ => ("neither port nor remcsum", "gre"),
            };
            self.report(
                Diagnostic::error("bad-tunnel", node.span_of(1), message)
                    .expected(format!("{expected} with type {kind}")),
            );
            return None;
        }
        tunnel.port = port.and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
        tunnel.flags = checksum.unwrap_or(0);
        Some(Forwarding::Tunnel(tunnel))
    }

    /// Only tunnels have options; with one the line is ignored.
    fn alone(&mut self, node: &Node) -> bool {
        let Some(word) = node.argument(2) else { return true };
        let message = format!("Invalid tunnel option {word} for virtual server.");
        self.report(
            Diagnostic::error("unknown-value", node.span_of(2), message)
                .expected("the end of the line; only TUN has options")
                .help("the line is ignored"),
        );
        false
    }
}

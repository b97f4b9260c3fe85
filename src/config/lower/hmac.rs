//! `auth_hmac`

use std::time::Duration;

use super::Lower;
use super::read::Value;
use crate::config::host::KeyFileUse;
use crate::config::model::options::{AntiReplay, AuthHmac, HmacKey, HmacMode, HmacSecret};
use crate::config::source::bytes_of;
use crate::config::syntax::Node;
use crate::diag::{Diagnostic, Span};
use crate::ids::Name;

/// The blocks of an instance; they add up.
#[derive(Clone, Default)]
pub struct HmacDraft {
    pub span: Option<Span>,
    keys: Vec<HmacKey>,
    active_key: Option<(u8, Option<Span>)>,
    time_window: Option<Duration>,
    anti_replay: AntiReplay,
    mode: HmacMode,
}

impl std::fmt::Debug for HmacDraft {
    /// Never shows a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HmacDraft").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl Lower<'_> {
    /// Reads a block into what an earlier one said.
    pub fn auth_hmac(&mut self, node: &Node, draft: &mut HmacDraft, owner: &Name) {
        draft.span = node.span();
        self.each(node.nodes(), |lower, node, value| match (node.name(), &value) {
            ("key", _) => lower.hmac_key(node, draft, owner),
            ("active_key", _) => draft.active_key = value.int().map(|id| (id, node.span_of(1))),
            ("time_window", _) => draft.time_window = value.seconds().or(draft.time_window),
            ("anti_replay", Value::Text(word)) => {
                draft.anti_replay =
                    if word == "monotonic" { AntiReplay::Monotonic } else { AntiReplay::Time };
            }
            ("mode", Value::Text(word)) => {
                draft.mode = match word.as_str() {
                    "permissive" => HmacMode::Permissive,
                    "receive-only" => HmacMode::ReceiveOnly,
                    _ => HmacMode::Enforce,
                };
            }
            _ => {}
        });
    }

    /// `key ID VALUE`
    fn hmac_key(&mut self, node: &Node, draft: &mut HmacDraft, owner: &Name) {
        let id = self.int(node, "key", 1, (1, 255), false).and_then(|id| u8::try_from(id).ok());
        let Some(id) = id else { return };
        let Some(word) = node.argument(2) else {
            let message = format!("key {id} has no value");
            self.report(
                Diagnostic::error("missing-parameter", node.span_of(1), message)
                    .expected("32 to 64 characters, hex:DIGITS or file:PATH"),
            );
            return;
        };
        if draft.keys.iter().any(|key| key.id == id) {
            let message = format!("key {id} is given twice - ignoring the second");
            self.report(Diagnostic::error("given-twice", node.span_of(1), message));
            return;
        }
        if let Some(path) = word.strip_prefix("file:") {
            let wanted =
                KeyFileUse { path: path.to_owned(), instance: owner.clone(), id, span: node.span_of(2) };
            self.loaded.needs.key_files.push(wanted);
            draft.keys.push(HmacKey { id, secret: HmacSecret::File(path.to_owned()) });
            return;
        }
        match HmacSecret::read(&bytes_of(word)) {
            Some(secret) => draft.keys.push(HmacKey { id, secret }),
            None => {
                let message = format!("key {id} is no key - ignoring");
                self.report(
                    Diagnostic::error("bad-key", node.span_of(2), message)
                        .expected("32 to 64 bytes, as characters or as hex:DIGITS"),
                );
            }
        }
    }

    /// What the blocks mean together; without an active key nothing. In strict mode keepalived enforces.
    pub fn complete_hmac(
        &mut self,
        draft: HmacDraft,
        (owner, advert_int, strict): (&Name, Duration, bool),
    ) -> Option<AuthHmac> {
        let (active_key, span) = draft.active_key.unwrap_or((0, draft.span));
        if !draft.keys.iter().any(|key| key.id == active_key) {
            let message = format!(
                "({owner}) auth_hmac: the active_key {active_key} is not defined - ignoring auth_hmac"
            );
            self.report(
                Diagnostic::error("hmac-without-key", span, message)
                    .expected("active_key ID of one of its keys"),
            );
            return None;
        }
        let least = Duration::from_secs(5);
        let window = (advert_int * 3).max(least).min(Duration::from_secs(300));
        Some(AuthHmac {
            keys: draft.keys,
            active_key,
            time_window: draft.time_window.unwrap_or(window),
            anti_replay: draft.anti_replay,
            mode: if strict { HmacMode::Enforce } else { draft.mode },
        })
    }
}

//! One line of `virtual_rules` or `static_rules`.

use super::Lower;
use super::line::{GROUPS, IP_PROTOCOLS, Lost, Owner, SERVICES, TABLES, Taken, any_base};
use crate::config::syntax::Node;
use crate::diag::{Diagnostic, Span};
use crate::ids::{Family, Name};
use crate::objects::address::PROTOCOL_KEEPALIVED;
use crate::objects::route::Named;
use crate::objects::rule::{Rule, RuleAction, RuleMatch};

/// Where keepalived begins to count down for rules that say nothing.
const FIRST_PREFERENCE: u32 = 16_384;

/// What the rules without preference of each family get next.
#[derive(Debug)]
pub struct Preferences {
    v4: u32,
    v6: u32,
}

impl Default for Preferences {
    fn default() -> Self {
        Preferences { v4: FIRST_PREFERENCE, v6: FIRST_PREFERENCE }
    }
}

impl Preferences {
    fn next(&mut self, family: Family) -> u32 {
        let next = match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        };
        let given = *next;
        *next = next.saturating_sub(1);
        given
    }
}

/// A rule whose line is still being read.
#[derive(Default)]
struct RuleLine {
    family: Option<Family>,
    preference: Option<u32>,
    action: Option<RuleAction>,
    matches: RuleMatch,
    realms: Option<crate::objects::route::Realms>,
    suppress_prefix_length: Option<u32>,
    suppress_group: Option<Named>,
    protocol: Option<(u8, Option<Span>)>,
    no_track: bool,
    track_group: Option<Name>,
}

impl Lower<'_> {
    /// The entries of a block of rules.
    pub fn rules(&mut self, node: &Node, owner: &Owner<'_>) -> Vec<Rule> {
        let mut rules = Vec::new();
        for entry in node.nodes() {
            match self.rule(entry, owner) {
                Ok(rule) => rules.push(rule),
                Err(Lost) => self.reject_routing(entry, owner),
            }
        }
        rules
    }

    /// One line.
    pub fn rule(&mut self, entry: &Node, owner: &Owner<'_>) -> Taken<Rule> {
        let mut line = RuleLine::default();
        let mut at = 0;
        while entry.argument(at).is_some() {
            let bare = self.rule_flag(entry, at, &mut line)?;
            if bare {
                at += 1;
                continue;
            }
            let known = self.rule_action(entry, at, &mut line)?
                || self.rule_match(entry, at, &mut line, owner)?
                || self.rule_option(entry, at, &mut line, owner)?;
            if !known {
                let message = format!("Unknown rule option {}", entry.argument(at).unwrap_or(""));
                return self.bad_value(
                    entry,
                    at,
                    message,
                    "from, to, table, preference, iif and their like",
                );
            }
            at += 2;
        }
        self.complete_rule(entry, line)
    }

    /// A word without a value; `false` where it is none.
    fn rule_flag(&mut self, entry: &Node, at: usize, line: &mut RuleLine) -> Taken<bool> {
        let action = match entry.argument(at).unwrap_or("") {
            "inet" => return self.agree(entry, at, &mut line.family, Family::V4).map(|()| true),
            "inet6" => return self.agree(entry, at, &mut line.family, Family::V6).map(|()| true),
            "not" => {
                line.matches.inverted = true;
                return Ok(true);
            }
            "no_track" => {
                line.no_track = true;
                return Ok(true);
            }
            "type" => return self.after(entry, at).map(|_| true),
            "nop" => RuleAction::Nop,
            "blackhole" => RuleAction::Blackhole,
            "unreachable" => RuleAction::Unreachable,
            "prohibit" => RuleAction::Prohibit,
            "l3mdev" => RuleAction::L3mdev,
            _ => return Ok(false),
        };
        self.only_action(entry, at, line)?;
        line.action = Some(action);
        Ok(true)
    }

    fn only_action(&mut self, entry: &Node, at: usize, line: &RuleLine) -> Taken<()> {
        if line.action.is_none() {
            return Ok(());
        }
        let message = "Cannot specify more than one of \
                       table/nop/goto/blackhole/prohibit/unreachable/l3mdev for rule";
        self.report(
            Diagnostic::error("given-twice", entry.span_of(at), message).help("the line is ignored"),
        );
        Err(Lost)
    }

    fn rule_action(&mut self, entry: &Node, at: usize, line: &mut RuleLine) -> Taken<bool> {
        let word = entry.argument(at).unwrap_or("");
        if !matches!(word, "table" | "lookup" | "goto") {
            return Ok(false);
        }
        self.only_action(entry, at, line)?;
        line.action = Some(if word == "goto" {
            RuleAction::Goto(self.u32_after(entry, at)?)
        } else {
            let table = self.named_after(entry, at, TABLES)?;
            if table == Named::Number(0) {
                return self.bad_value(entry, at + 1, "Table 0 is not valid".into(), "another table");
            }
            RuleAction::Table(table)
        });
        Ok(true)
    }

    fn u32_after(&mut self, entry: &Node, at: usize) -> Taken<u32> {
        let value = self.any_base_after(entry, at, u64::from(u32::MAX))?;
        u32::try_from(value).map_err(|_| Lost)
    }

    fn rule_match(
        &mut self,
        entry: &Node,
        at: usize,
        line: &mut RuleLine,
        owner: &Owner<'_>,
    ) -> Taken<bool> {
        let matches = &mut line.matches;
        match entry.argument(at).unwrap_or("") {
            "from" => {
                self.after(entry, at)?;
                matches.from = self.prefix(entry, at + 1, &mut line.family)?;
            }
            "to" => {
                self.after(entry, at)?;
                matches.to = self.prefix(entry, at + 1, &mut line.family)?;
            }
            "tos" | "dsfield" => matches.tos = Some(self.named_after(entry, at, SERVICES)?),
            "fwmark" => matches.fwmark = Some(self.mark(entry, at)?),
            "dev" | "iif" => matches.input = Some(self.interface_after(entry, at, owner)?),
            "oif" => matches.output = Some(self.interface_after(entry, at, owner)?),
            "tunnel-id" => matches.tunnel_id = Some(self.any_base_after(entry, at, u64::MAX)?),
            "uidrange" => matches.uids = Some(self.range(entry, at)?),
            "ipproto" => matches.ip_protocol = Some(self.named_after(entry, at, IP_PROTOCOLS)?),
            "sport" => matches.source_ports = Some(self.range(entry, at)?),
            "dport" => matches.destination_ports = Some(self.range(entry, at)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `MARK[/MASK]`
    fn mark(&mut self, entry: &Node, at: usize) -> Taken<(u32, Option<u32>)> {
        let word = self.after(entry, at)?;
        let (mark, mask) = word.split_once('/').map_or((word, None), |(mark, mask)| (mark, Some(mask)));
        let number = |word| any_base(word).and_then(|number| u32::try_from(number).ok());
        match (number(mark), mask.map(number)) {
            (Some(mark), None) => Ok((mark, None)),
            (Some(mark), Some(Some(mask))) => Ok((mark, Some(mask))),
            _ => {
                let message = format!("Invalid rule fwmark {word} specified");
                self.bad_value(entry, at + 1, message, "MARK[/MASK], 32 bits each")
            }
        }
    }

    /// `A-B`
    fn range<T: TryFrom<u64>>(&mut self, entry: &Node, at: usize) -> Taken<(T, T)> {
        let word = self.after(entry, at)?;
        let number = |word: &str| word.parse().ok().and_then(|number: u64| T::try_from(number).ok());
        let ends = word.split_once('-').map(|(first, last)| (number(first), number(last)));
        if let Some((Some(first), Some(last))) = ends {
            return Ok((first, last));
        }
        let message = format!("invalid {} range {word}", entry.argument(at).unwrap_or(""));
        self.bad_value(entry, at + 1, message, "FIRST-LAST; one alone is written twice")
    }

    fn rule_option(
        &mut self,
        entry: &Node,
        at: usize,
        line: &mut RuleLine,
        owner: &Owner<'_>,
    ) -> Taken<bool> {
        match entry.argument(at).unwrap_or("") {
            "preference" | "order" | "priority" => line.preference = Some(self.u32_after(entry, at)?),
            "realms" => line.realms = Some(self.realms_after(entry, at)?),
            "suppress_prefixlength" | "sup_pl" => {
                line.suppress_prefix_length =
                    Some(self.number_after(entry, at, (0, i64::from(i32::MAX)))?);
            }
            "suppress_ifgroup" | "sup_group" => {
                line.suppress_group = Some(self.named_after(entry, at, GROUPS)?);
            }
            "protocol" => {
                line.protocol = Some((self.number_after(entry, at, (0, 255))?, entry.span_of(at + 1)));
            }
            "track_group" if owner.instance.is_none() => {
                line.track_group = Some(self.after(entry, at)?.into())
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn complete_rule(&mut self, entry: &Node, line: RuleLine) -> Taken<Rule> {
        let Some(action) = line.action else {
            let message = "No action specified for rule - ignoring";
            return self.bad_value(
                entry,
                0,
                message.into(),
                "table, goto, nop, blackhole, unreachable or prohibit",
            );
        };
        let of_table =
            line.realms.is_some() || line.suppress_prefix_length.is_some() || line.suppress_group.is_some();
        if of_table && !matches!(action, RuleAction::Table(_)) {
            let message = "suppressor/realm specified for non table action - skipping";
            return self.bad_value(entry, 0, message.into(), "table N");
        }
        let family = line.family.unwrap_or(Family::V4);
        let goto = if let RuleAction::Goto(target) = action { Some(target) } else { None };
        if let (Some(target), Some(own)) = (goto, line.preference)
            && own >= target
        {
            let message = format!("Invalid rule - preference {own} >= goto target {target}");
            return self.bad_value(entry, 0, message, "a target beyond the rule's own preference");
        }
        let preference = line.preference.unwrap_or_else(|| {
            let given = self.preferences.next(family);
            let message = format!(
                "Rule has no preference specified - setting to {given}. This is probably not what you want."
            );
            self.report(
                Diagnostic::warning("rule-without-preference", entry.span(), message)
                    .expected("preference N"),
            );
            given
        });
        let mut protocol = line.protocol.map_or(PROTOCOL_KEEPALIVED, |(protocol, _)| protocol);
        if !line.no_track && protocol != PROTOCOL_KEEPALIVED {
            let message = format!(
                "Rule cannot be tracked if protocol is not RTPROT_KEEPALIVED({PROTOCOL_KEEPALIVED}), resetting \
                 protocol"
            );
            let span = line.protocol.and_then(|(_, span)| span);
            self.report(
                Diagnostic::error("foreign-protocol", span, message).expected("no_track beside it"),
            );
            protocol = PROTOCOL_KEEPALIVED;
        }
        Ok(Rule {
            family,
            preference,
            action,
            matches: line.matches,
            realms: line.realms,
            suppress_prefix_length: line.suppress_prefix_length,
            suppress_group: line.suppress_group,
            protocol,
            tracked: !line.no_track,
            track_group: line.track_group,
        })
    }
}

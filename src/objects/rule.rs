//! Policy rules: `virtual_rules`, `static_rules`.

use ipnet::IpNet;

use super::route::{Named, Realms};
use crate::ids::{Family, Name};

/// One line: one rule.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Rule {
    pub family: Family,
    /// `preference`; without one keepalived counts down from 16384 in each family.
    pub preference: u32,
    pub action: RuleAction,
    pub matches: RuleMatch,
    pub realms: Option<Realms>,
    /// `suppress_prefixlength`
    pub suppress_prefix_length: Option<u32>,
    /// `suppress_ifgroup`
    pub suppress_group: Option<Named>,
    /// 0 to 255; keepalived's 18 unless the rule is not tracked.
    pub protocol: u8,
    /// Its loss is noticed.
    pub tracked: bool,
    /// `track_group`, of static rules.
    pub track_group: Option<Name>,
}

impl Rule {
    /// Every interface that it names.
    pub fn interfaces(&self) -> impl Iterator<Item = &Name> {
        self.matches.input.iter().chain(&self.matches.output)
    }

    /// Every number that may be written as a name.
    pub fn named(&self) -> impl Iterator<Item = &Named> {
        let table = match &self.action {
            RuleAction::Table(table) => Some(table),
            _ => None,
        };
        let realms = self.realms.iter().flat_map(Realms::named);
        [table, self.matches.tos.as_ref(), self.suppress_group.as_ref()].into_iter().flatten().chain(realms)
    }
}

/// What happens with a packet that matches.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RuleAction {
    /// `table`, `lookup`
    Table(Named),
    /// A rule of greater preference.
    Goto(u32),
    Nop,
    Blackhole,
    Unreachable,
    Prohibit,
    /// The table of the packet's L3 master device.
    L3mdev,
}

/// Which packets; `None` is any.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct RuleMatch {
    /// `not`: those that do not match.
    pub inverted: bool,
    pub from: Option<IpNet>,
    pub to: Option<IpNet>,
    pub tos: Option<Named>,
    /// Mark and mask.
    pub fwmark: Option<(u32, Option<u32>)>,
    /// `dev`, `iif`
    pub input: Option<Name>,
    /// `oif`
    pub output: Option<Name>,
    pub tunnel_id: Option<u64>,
    /// First and last.
    pub uids: Option<(u32, u32)>,
    pub ip_protocol: Option<Named>,
    /// First and last.
    pub source_ports: Option<(u16, u16)>,
    /// First and last.
    pub destination_ports: Option<(u16, u16)>,
}

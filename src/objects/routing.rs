//! Routes and rules as one kind of thing: what stands in the kernel's routing beside addresses.

use std::fmt;

use super::route::{Named, Route, RouteKind};
use super::rule::{Rule, RuleAction};
use crate::ids::Name;

/// A route or a rule as it is wanted.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum RoutingObject {
    Route(Box<Route>),
    Rule(Box<Rule>),
}

impl RoutingObject {
    /// Its loss is noticed.
    pub fn tracked(&self) -> bool {
        match self {
            RoutingObject::Route(route) => route.tracked,
            RoutingObject::Rule(rule) => rule.tracked,
        }
    }

    /// `track_group`, of static ones.
    pub fn track_group(&self) -> Option<&Name> {
        match self {
            RoutingObject::Route(route) => route.track_group.as_ref(),
            RoutingObject::Rule(rule) => rule.track_group.as_ref(),
        }
    }

    /// Rules go first, and of routes those to a gateway: where several lead to one place, the kernel takes the
    /// first of them for one that names no gateway.
    pub fn order_of_removal(&self) -> u8 {
        match self {
            RoutingObject::Rule(_) => 0,
            RoutingObject::Route(route) if route.gateway.is_some() || !route.nexthops.is_empty() => 1,
            RoutingObject::Route(_) => 2,
        }
    }

    /// `route` or `rule`.
    pub const fn what(&self) -> &'static str {
        match self {
            RoutingObject::Route(_) => "route",
            RoutingObject::Rule(_) => "rule",
        }
    }
}

impl fmt::Display for RoutingObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RoutingObject::Route(route) => route.fmt(f),
            RoutingObject::Rule(rule) => rule.fmt(f),
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Named::Number(number) => number.fmt(f),
            Named::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Route {
    /// What tells it from others, in the words of the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind != RouteKind::Unicast {
            write!(f, "{} ", format!("{:?}", self.kind).to_lowercase())?;
        }
        match self.destination {
            Some(net) => write!(f, "{net}")?,
            None => f.write_str("default")?,
        }
        if let Some(gateway) = self.gateway {
            write!(f, " via {gateway}")?;
        }
        if let Some(interface) = &self.interface {
            write!(f, " dev {interface}")?;
        }
        for hop in &self.nexthops {
            f.write_str(" nexthop")?;
            if let Some(gateway) = hop.gateway {
                write!(f, " via {gateway}")?;
            }
            if let Some(interface) = &hop.interface {
                write!(f, " dev {interface}")?;
            }
        }
        if let Some(table) = &self.table {
            write!(f, " table {table}")?;
        }
        if let Some(vrf) = &self.vrf {
            write!(f, " vrf {vrf}")?;
        }
        if let Some(metric) = self.metric {
            write!(f, " metric {metric}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Rule {
    /// What tells it from others, in the words of the configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let matches = &self.matches;
        if matches.inverted {
            f.write_str("not ")?;
        }
        match matches.from {
            Some(net) => write!(f, "from {net}")?,
            None => f.write_str("from all")?,
        }
        if let Some(net) = matches.to {
            write!(f, " to {net}")?;
        }
        for (word, interface) in [("iif", &matches.input), ("oif", &matches.output)] {
            if let Some(interface) = interface {
                write!(f, " {word} {interface}")?;
            }
        }
        match &self.action {
            RuleAction::Table(table) => write!(f, " table {table}")?,
            RuleAction::Goto(target) => write!(f, " goto {target}")?,
            other => write!(f, " {}", format!("{other:?}").to_lowercase())?,
        }
        write!(f, " preference {}", self.preference)
    }
}

//! One line of `virtual_routes` or `static_routes`.

use super::Lower;
use super::line::{Lost, Owner, PROTOCOLS, SCOPES, SERVICES, TABLES, Taken};
use crate::config::syntax::Node;
use crate::diag::{Diagnostic, Span};
use crate::ids::Family;
use crate::objects::address::PROTOCOL_KEEPALIVED;
use crate::objects::route::{Named, Placement, Route, RouteKind, RouteMetrics};

const OURS: Named = Named::Number(PROTOCOL_KEEPALIVED as u32);

/// A route whose line is still being read.
pub struct RouteLine {
    pub route: Route,
    /// Once an address has told.
    pub family: Option<Family>,
    destined: bool,
    protocol_span: Option<Span>,
}

impl RouteLine {
    fn new() -> RouteLine {
        RouteLine {
            route: Route {
                family: Family::V4,
                kind: RouteKind::Unicast,
                destination: None,
                from: None,
                source: None,
                gateway: None,
                interface: None,
                onlink: false,
                encap: None,
                realms: None,
                nexthops: Vec::new(),
                table: None,
                vrf: None,
                protocol: OURS,
                scope: None,
                tos: None,
                metric: None,
                preference: None,
                expires: None,
                ttl_propagate: None,
                metrics: RouteMetrics::default(),
                placement: Placement::Prepend,
                tracked: true,
                track_group: None,
            },
            family: None,
            destined: false,
            protocol_span: None,
        }
    }
}

impl Lower<'_> {
    /// The entries of a block of routes.
    pub fn routes(&mut self, node: &Node, owner: &Owner<'_>) -> Vec<Route> {
        let mut routes = Vec::new();
        for entry in node.nodes() {
            match self.route(entry, owner) {
                Ok(route) => routes.push(route),
                Err(Lost) => self.reject_routing(entry, owner),
            }
        }
        routes
    }

    /// One line.
    pub fn route(&mut self, entry: &Node, owner: &Owner<'_>) -> Taken<Route> {
        let mut line = RouteLine::new();
        let mut at = 0;
        while let Some(word) = entry.argument(at) {
            at = if word == "nexthop" {
                self.nexthops(entry, at, &mut line, owner)?
            } else if let Some(next) = self.route_metric(entry, at, &mut line.route.metrics)? {
                next
            } else if let Some(next) = self.route_option(entry, at, &mut line, owner)? {
                next
            } else {
                self.destination(entry, at, &mut line)?
            };
        }
        if !line.destined {
            return self.bad_value(entry, 0, "Route must have a destination".into(), "IP[/LEN] or default");
        }
        Ok(self.complete_route(entry, line))
    }

    /// `[to] [TYPE] PREFIX`; the next word's place.
    fn destination(&mut self, entry: &Node, at: usize, line: &mut RouteLine) -> Taken<usize> {
        let word = entry.argument(at).unwrap_or("");
        if word == "to" {
            self.after(entry, at)?;
            return Ok(at + 1);
        }
        if let Some(kind) = kind(word) {
            line.route.kind = kind;
            return Ok(at + 1);
        }
        if word == "default6" {
            self.agree(entry, at, &mut line.family, Family::V6)?;
            line.route.destination = None;
        } else if starts_address(word) || matches!(word, "default" | "any" | "all") {
            line.route.destination = self.prefix(entry, at, &mut line.family)?;
        } else {
            return self.bad_value(
                entry,
                at,
                format!("unknown route keyword {word}"),
                "a destination, or a word such as via, dev, src, table or metric",
            );
        }
        line.destined = true;
        Ok(at + 1)
    }

    /// A word about the route itself; `None` where it is none.
    fn route_option(
        &mut self,
        entry: &Node,
        at: usize,
        line: &mut RouteLine,
        owner: &Owner<'_>,
    ) -> Taken<Option<usize>> {
        let word = entry.argument(at).unwrap_or("");
        let next = at + 2;
        match word {
            "inet" => self.agree(entry, at, &mut line.family, Family::V4)?,
            "inet6" => self.agree(entry, at, &mut line.family, Family::V6)?,
            "onlink" => line.route.onlink = true,
            "no_track" => line.route.tracked = false,
            "add" => line.route.placement = Placement::Add,
            "prepend" => line.route.placement = Placement::Prepend,
            "append" => line.route.placement = Placement::Append,
            "via" | "gw" => {
                let (at, gateway) = self.gateway(entry, at, &mut line.family)?;
                line.route.gateway = Some(gateway);
                return Ok(Some(at));
            }
            "or" => {
                self.say_old_route_word(entry, at);
                let hop = self.second_gateway(entry, at, &mut line.family)?;
                line.route.nexthops.push(hop);
                return Ok(Some(next));
            }
            "as" => return self.mpls_only(entry, at).map(Some),
            "encap" => {
                let (at, encap) = self.encap(entry, at)?;
                line.route.encap = encap.or(line.route.encap.take());
                return Ok(Some(at));
            }
            _ => return Ok(self.route_value(entry, at, line, owner)?.then_some(next)),
        }
        Ok(Some(at + 1))
    }

    /// A word with one value; `false` where it is none.
    fn route_value(
        &mut self,
        entry: &Node,
        at: usize,
        line: &mut RouteLine,
        owner: &Owner<'_>,
    ) -> Taken<bool> {
        let word = entry.argument(at).unwrap_or("");
        let route = &mut line.route;
        match word {
            "src" => route.source = Some(self.address_after(entry, at, &mut line.family)?),
            "from" => {
                self.after(entry, at)?;
                self.only_v6(entry, at, &mut line.family)?;
                route.from = self.prefix(entry, at + 1, &mut line.family)?;
            }
            "tos" | "dsfield" => route.tos = Some(self.named_after(entry, at, SERVICES)?),
            "table" => route.table = Some(self.named_after(entry, at, TABLES)?),
            "protocol" => {
                route.protocol = self.named_after(entry, at, PROTOCOLS)?;
                line.protocol_span = entry.span_of(at + 1);
            }
            "scope" => route.scope = Some(self.named_after(entry, at, SCOPES)?),
            "metric" | "priority" | "preference" => {
                route.metric = Some(self.number_after(entry, at, (0, i64::from(u32::MAX)))?);
            }
            "dev" | "oif" => route.interface = Some(self.interface_after(entry, at, owner)?),
            "expires" => {
                self.only_v6(entry, at, &mut line.family)?;
                route.expires = Some(self.number_after(entry, at, (0, i64::from(u32::MAX)))?);
            }
            "pref" => {
                self.only_v6(entry, at, &mut line.family)?;
                route.preference = Some(self.router_preference(entry, at)?);
            }
            "realms" => route.realms = Some(self.realms_after(entry, at)?),
            "ttl-propagate" => match self.after(entry, at)? {
                "enabled" => route.ttl_propagate = Some(true),
                "disabled" => route.ttl_propagate = Some(false),
                word => {
                    let message = format!("ttl-propagate value {word} not recognised");
                    self.report(
                        Diagnostic::error("unknown-value", entry.span_of(at + 1), message)
                            .expected("enabled or disabled"),
                    );
                }
            },
            "vrf" => route.vrf = Some(self.interface_after(entry, at, owner)?),
            "track_group" if owner.instance.is_none() => {
                route.track_group = Some(self.after(entry, at)?.into())
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn router_preference(&mut self, entry: &Node, at: usize) -> Taken<u8> {
        match self.after(entry, at)? {
            "low" => Ok(3),
            "medium" => Ok(0),
            "high" => Ok(1),
            _ => self.number_after(entry, at, (0, 255)),
        }
    }

    fn only_v6(&mut self, entry: &Node, at: usize, family: &mut Option<Family>) -> Taken<()> {
        if *family.get_or_insert(Family::V6) == Family::V6 {
            return Ok(());
        }
        let message = format!("{} is only valid for IPv6", entry.argument(at).unwrap_or(""));
        self.report(
            Diagnostic::error("wrong-family", entry.span_of(at), message).help("the line is ignored"),
        );
        Err(Lost)
    }

    /// `as to ADDR` is read over.
    fn mpls_only(&mut self, entry: &Node, at: usize) -> Taken<usize> {
        let message = "\"as to\" for MPLS only - ignoring";
        self.report(Diagnostic::error("unknown-value", entry.span_of(at), message));
        let word = self.after(entry, at)?;
        Ok(if word == "to" { at + 3 } else { at + 2 })
    }

    /// keepalived can only see whether a route is there where it knows the interface.
    fn complete_route(&mut self, entry: &Node, line: RouteLine) -> Route {
        let RouteLine { mut route, family, protocol_span, .. } = line;
        route.family = family.unwrap_or(Family::V4);
        if route.kind != RouteKind::Unicast {
            // Whatever the line says: there is but one of them.
            route.placement = Placement::Add;
        }
        if route.tracked && route.protocol != OURS {
            let message = format!(
                "Route cannot be tracked if protocol is not RTPROT_KEEPALIVED({PROTOCOL_KEEPALIVED}), resetting \
                 protocol"
            );
            self.report(
                Diagnostic::error("foreign-protocol", protocol_span, message)
                    .expected("no_track beside it"),
            );
            route.protocol = OURS;
        }
        if route.tracked && route.interface.is_none() {
            let which = route.destination.map_or_else(|| "default".to_owned(), |net| net.to_string());
            let message = format!("cannot track route {which} with no interface specified, not tracking");
            self.report(
                Diagnostic::note("untracked-route", entry.span(), message)
                    .expected("dev IFNAME, or no_track"),
            );
            route.tracked = false;
        }
        route
    }

    /// A word that has a newer name.
    pub fn say_old_route_word(&mut self, entry: &Node, at: usize) {
        let (old, new) = match entry.argument(at) {
            Some("gw") => ("gw", "via"),
            _ => ("or", "nexthop"),
        };
        let message = format!("\"{old}\" for routes is deprecated. Please use \"{new}\"");
        self.report(Diagnostic::warning("deprecated", entry.span_of(at), message));
    }
}

fn kind(word: &str) -> Option<RouteKind> {
    Some(match word {
        "unicast" => RouteKind::Unicast,
        "local" => RouteKind::Local,
        "broadcast" => RouteKind::Broadcast,
        "anycast" => RouteKind::Anycast,
        "multicast" => RouteKind::Multicast,
        "blackhole" => RouteKind::Blackhole,
        "unreachable" => RouteKind::Unreachable,
        "prohibit" => RouteKind::Prohibit,
        "throw" => RouteKind::Throw,
        "nat" => RouteKind::Nat,
        _ => return None,
    })
}

fn starts_address(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_digit()) || word.contains(':')
}

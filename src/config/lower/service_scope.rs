//! What a service is for: an address, a firewall mark, or the members of a group, as far as its rules depend on it.

use super::Lower;
use super::service::ServiceDraft;
use crate::config::model::lvs::{GroupMember, GroupUse, Target};
use crate::config::policy::RejectedKind;
use crate::diag::{Class, Diagnostic};
use crate::ids::{Family, Name};
use crate::objects::ipvs::Protocol;

/// What a service is for.
pub struct Scope {
    pub group: Option<GroupUse>,
    /// Some of it has addresses: the service has a protocol.
    pub addresses: bool,
    /// Some of it are firewall marks.
    pub marks: bool,
    /// Some address comes without a port.
    pub any_port: bool,
}

/// What keepalived's log calls a service: written only where something is said of it.
pub struct ServiceName {
    target: Target,
    /// Of a group, which of its services it is.
    number: u32,
    /// `None` where nothing says which.
    protocol: Option<Protocol>,
}

impl std::fmt::Display for ServiceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.target, self.protocol) {
            (Target::Address { address, port }, Some(protocol)) => {
                write!(f, "[{address}]:{protocol}:{port}")
            }
            (Target::Address { address, port }, None) => write!(f, "[{address}]:none:{port}"),
            (Target::Fwmark { mark, .. }, _) => write!(f, "FWM {mark}"),
            (Target::Group(name), _) => write!(f, "[{name}]:{}", self.number),
        }
    }
}

impl Scope {
    /// A service of this address or firewall mark alone.
    fn single(target: &Target) -> Scope {
        let addresses = matches!(target, Target::Address { .. });
        let any_port = matches!(target, Target::Address { port: 0, .. });
        Scope { group: None, addresses, marks: !addresses, any_port }
    }

    fn of_group(group: GroupUse) -> Scope {
        let members = &group.group.members;
        let address = |member: &GroupMember| matches!(member, GroupMember::Addresses { .. });
        Scope {
            addresses: members.iter().any(address),
            marks: !members.iter().all(address),
            any_port: members.iter().any(|member| matches!(member, GroupMember::Addresses { port: 0, .. })),
            group: Some(group),
        }
    }

    /// As keepalived's log names the service.
    pub fn name(&self, target: &Target, protocol: Option<Protocol>) -> ServiceName {
        let number = self.group.as_ref().map_or(0, |group| group.number);
        ServiceName { target: target.clone(), number, protocol }
    }

    /// As the same log names a real server's protocol.
    pub fn protocol_name(&self, protocol: Protocol) -> String {
        if self.addresses { protocol.to_string() } else { "none".into() }
    }

    /// The ports of the addresses.
    pub fn ports<'s>(&'s self, target: &Target) -> impl Iterator<Item = u16> + use<'s> {
        let own = if let Target::Address { port, .. } = target { Some(*port) } else { None };
        let members = self.group.iter().flat_map(|group| &group.group.members);
        let ports = members.filter_map(|member| match member {
            GroupMember::Addresses { port, .. } => Some(*port),
            GroupMember::Fwmark { .. } => None,
        });
        own.into_iter().chain(ports)
    }
}

impl Lower<'_> {
    /// `None`: the group is not defined, or its families are not those of the real servers.
    pub fn scope(&mut self, draft: &ServiceDraft) -> Option<Scope> {
        let Target::Group(name) = &draft.target else { return Some(Scope::single(&draft.target)) };
        let number = self.group_services.entry(name.clone()).or_default();
        let this = *number;
        *number += 1;
        let Some(group) = self.server_groups.get(name).cloned() else {
            self.unknown_group(draft, name, this);
            return None;
        };
        let has = |family| group.members.iter().any(|member| member.family() == Some(family));
        let first = draft.real_servers.first().map(|real| Family::of(real.address));
        let family = match (draft.family, has(Family::V4), has(Family::V6)) {
            (Some(_), true, true) => {
                let message = format!(
                    "{name}: virtual server group with IPv4 & IPv6 doesn't match virtual server [{name}]:{this} - ignoring"
                );
                self.wrong_group(
                    draft,
                    message,
                    "only TUN serves both families: give all real servers lvs_method TUN",
                );
                return None;
            }
            (Some(Family::V4), _, true) | (Some(Family::V6), true, _) => {
                let message = format!(
                    "{name}: address family doesn't match virtual server [{name}]:{this} - ignoring"
                );
                self.wrong_group(draft, message, "the real servers have the other family");
                return None;
            }
            (Some(family), ..) => family,
            (None, true, _) => Family::V4,
            (None, _, true) => Family::V6,
            (None, false, false) => first.unwrap_or(Family::V4),
        };
        Some(Scope::of_group(GroupUse { group, number: this, family }))
    }

    fn unknown_group(&mut self, draft: &ServiceDraft, name: &Name, number: u32) {
        let message = format!(
            "Virtual server group {name} specified but not configured - ignoring virtual server [{name}]:{number}"
        );
        let reason = format!("virtual_server group {name} has no group of that name");
        // keepalived says so when it runs, not when it tests.
        let diagnostic =
            Diagnostic::error("no-such-server-group", draft.span, message).class(Class::Silent);
        self.undefined(diagnostic, name, ("virtual_server_group", |known| &known.server_groups));
        self.reject(RejectedKind::Service(Some(draft.target.clone())), draft.span, reason);
    }

    fn wrong_group(&mut self, draft: &ServiceDraft, message: String, help: &str) {
        let reason = message.clone();
        self.report(Diagnostic::error("wrong-family", draft.span, message).class(Class::Silent).help(help));
        self.reject(RejectedKind::Service(Some(draft.target.clone())), draft.span, reason);
    }
}

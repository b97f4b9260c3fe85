//! What a mistake means: the exit status of the configuration test, and whether a reload may go on.

use std::collections::HashSet;
use std::hash::Hash;
use std::net::IpAddr;

use super::Loaded;
use super::host::{NO_KEY, NO_SUCH_INTERFACE, UNKNOWN_NAME};
use super::model::Config;
use super::model::lvs::{GroupMember, Target};
use crate::diag::{Class, Diagnostic, Span};
use crate::ids::Name;
use crate::objects::address::AddressKey;
use crate::objects::route::{Named, Route};
use crate::objects::rule::Rule;

/// The exit status of keepalived's `-t` for these: 0, 2, 4, 5 or 6. Give it those of [`super::Loaded`]
/// together with those of [`super::host::check`].
pub fn verdict<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>) -> u8 {
    match diagnostics.into_iter().map(|diagnostic| diagnostic.class).max() {
        None | Some(Class::Silent | Class::Over) => 0,
        Some(Class::Fatal) => 4,
        Some(Class::Fault) => 5,
        Some(Class::Security) => 6,
        Some(Class::Exit) => 2,
    }
}

/// An object that stands in the text but is not in the model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rejected {
    pub kind: RejectedKind,
    pub span: Option<Span>,
    /// One clause, such as "the virtual router id must be set".
    pub reason: String,
}

/// Which object; `None` where its name or address cannot be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RejectedKind {
    Instance(Option<Name>),
    SyncGroup(Option<Name>),
    Script(Option<Name>),
    /// An entry of `static_ipaddress`.
    StaticAddress(Option<IpAddr>),
    /// A route or a rule of the named instance, or of none.
    Routing(Option<Name>),
    /// An entry of `virtual_ipaddress` of the named instance.
    Address(Name, Option<IpAddr>),
    Service(Option<Target>),
    /// A line of the `virtual_server_group`, or all of them.
    Member(Name),
    /// A real server of the service.
    RealServer(Target, Option<(IpAddr, u16)>),
    /// A check of a real server of the service.
    Check(Target, (IpAddr, u16)),
}

/// Why a reload must not be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// One sentence that names the place.
    pub reason: String,
}

/// Whether a new text would take something away by mistake, or would end keepalived. Small mistakes pass, and
/// those that are not new: `old_rejected` is what was rejected of the text that `old` was read from. `host` is
/// what [`super::host::check`] says of the new one.
pub fn reload_refusal(
    old: &Config,
    old_rejected: &[Rejected],
    new: &Loaded,
    host: &[Diagnostic],
) -> Option<Refusal> {
    let because = |span: Option<Span>, message: &str| {
        let place = span.and_then(|span| new.sources.place(span));
        let place = place.map(|place| format!("{}:{}:{}: ", place.file, place.line, place.column));
        Some(Refusal { reason: format!("{}{message}", place.unwrap_or_default()) })
    };
    if new.missing || new.include_failed || new.structure_broken {
        let codes: &[&str] = match (new.missing, new.include_failed) {
            (true, _) => &["config-missing", "file-unreadable"],
            (_, true) => &["include-failed"],
            _ => STRUCTURE,
        };
        let worst = new.diagnostics.iter().find(|diagnostic| codes.contains(&diagnostic.code));
        let message = worst.map_or("the structure of the file is broken", |worst| &worst.message);
        return because(worst.and_then(|worst| worst.span), message);
    }
    if let Some(gone) = new.diagnostics.iter().find(|diagnostic| diagnostic.code == "include-empty")
        && loses_something(old, &new.config)
    {
        return because(gone.span, &format!("{}, and something that runs would go with it", gone.message));
    }
    if let Some(rejected) = new.rejected.iter().find(|rejected| runs(old, &new.config, &rejected.kind)) {
        return because(
            rejected.span,
            &format!("{}; it runs now and would be taken away", rejected.reason),
        );
    }
    // Nothing of ours is at stake, but keepalived would end here: not what a reload was asked for. One that
    // we were started with, as lenient as we are at start, keeps nobody from mending something else.
    let instance = |rejected: &&Rejected| {
        matches!(rejected.kind, RejectedKind::Instance(_))
            && !old_rejected.iter().any(|before| before.kind == rejected.kind)
    };
    if let Some(rejected) = new.rejected.iter().find(instance) {
        return because(rejected.span, &rejected.reason);
    }
    let authenticates = |config: &Config| config.instances.iter().any(|i| i.options.auth_hmac.is_some());
    if let Some(found) = host.iter().find(|found| found.code == NO_KEY)
        && authenticates(old)
    {
        return because(found.span, &found.message);
    }
    if let Some(unknown) =
        host.iter().find(|found| found.code == UNKNOWN_NAME && is_news_of(old, new, found))
        && loses_routing(old, &new.config)
    {
        return because(
            unknown.span,
            &format!("{}; what its line means may run now and would be taken away", unknown.message),
        );
    }
    let absent = host.iter().find(|found| found.code == NO_SUCH_INTERFACE && is_news(old, new, found))?;
    because(absent.span, &absent.message)
}

/// Whether the interface that the host lacks is one that the running configuration does not wait for
/// already.
fn is_news(old: &Config, new: &Loaded, absent: &Diagnostic) -> bool {
    let wanted = new.needs.interfaces.iter().find(|wanted| wanted.span == absent.span);
    wanted.is_some_and(|wanted| !names_interface(old, &wanted.name))
}

/// Whether the name that the host does not know is one that the running configuration does not have.
fn is_news_of(old: &Config, new: &Loaded, unknown: &Diagnostic) -> bool {
    let wanted = new.needs.names.iter().find(|wanted| wanted.span == unknown.span);
    let (routes, rules) = all_routing(old);
    let mut known = routes
        .iter()
        .flat_map(|route| route.named())
        .chain(rules.iter().flat_map(|rule| rule.named()))
        .filter_map(|named| match named {
            Named::Name(name) => Some(name),
            Named::Number(_) => None,
        });
    wanted.is_some_and(|wanted| !known.any(|name| *name == wanted.name))
}

/// Whether a route or a rule would be gone, or be another.
fn loses_routing(old: &Config, new: &Config) -> bool {
    let (old, new) = (all_routing(old), all_routing(new));
    misses(&old.0, &new.0, |one| *one) || misses(&old.1, &new.1, |one| *one)
}

/// Of all instances, and what is static.
fn all_routing(config: &Config) -> (Vec<&Route>, Vec<&Rule>) {
    let options = || config.instances.iter().map(|one| &one.options);
    let routes = options().flat_map(|own| &own.routes).chain(&config.statics.routes);
    let rules = options().flat_map(|own| &own.rules).chain(&config.statics.rules);
    (routes.collect(), rules.collect())
}

fn names_interface(config: &Config, name: &Name) -> bool {
    let of_groups = config.sync_groups.iter().flat_map(|group| &group.track_interfaces);
    let of_instances = config.instances.iter().flat_map(|instance| {
        let addresses = instance.addresses.iter().chain(&instance.excluded);
        let tracked = instance.track_interfaces.iter().map(|tracked| &tracked.name);
        std::iter::once(&instance.interface)
            .chain(tracked)
            .chain(addresses.map(|address| &address.key.interface))
            .chain(instance.options.routes.iter().flat_map(Route::interfaces))
            .chain(instance.options.rules.iter().flat_map(Rule::interfaces))
    });
    let statics = &config.statics;
    let of_statics = (statics.addresses.iter().map(|address| &address.key.interface))
        .chain(statics.routes.iter().flat_map(Route::interfaces))
        .chain(statics.rules.iter().flat_map(Rule::interfaces));
    let of_sync_daemon = config.global.lvs_sync_daemon.iter().map(|daemon| &daemon.interface);
    of_instances
        .chain(of_groups.map(|tracked| &tracked.name))
        .chain(of_sync_daemon)
        .chain(of_statics)
        .any(|own| own == name)
}

/// Codes after which what stands where is a guess.
const STRUCTURE: &[&str] = &[
    "missing-open-brace",
    "missing-close-brace",
    "extra-brace",
    "unexpected-brace",
    "unexpected-block",
    "unknown-block",
    "include-loop",
    "too-much-text",
];

/// Whether anything that runs would be gone, be it a line of a block.
fn loses_something(old: &Config, new: &Config) -> bool {
    use RejectedKind::{Instance, Routing, Script, Service, StaticAddress, SyncGroup};
    [Instance(None), SyncGroup(None), Script(None), StaticAddress(None), Routing(None), Service(None)]
        .iter()
        .any(|kind| runs(old, new, kind))
        || misses(&lines_of_instances(old), &lines_of_instances(new), |one| one)
        || misses(&lines_of_services(old), &lines_of_services(new), |one| one)
}

/// What single lines of instances and sync groups stand for.
#[derive(PartialEq, Eq, Hash)]
enum InstanceLine<'c> {
    Address(&'c AddressKey),
    Route(&'c Route),
    Rule(&'c Rule),
    /// Of the group.
    Member(&'c Name),
}

fn lines_of_instances(config: &Config) -> Vec<(&Name, InstanceLine<'_>)> {
    let of_instances = config.instances.iter().flat_map(|one| {
        let addresses = one.addresses.iter().chain(&one.excluded);
        let addresses = addresses.map(|address| InstanceLine::Address(&address.key));
        let routes = one.options.routes.iter().map(InstanceLine::Route);
        let rules = one.options.rules.iter().map(InstanceLine::Rule);
        addresses.chain(routes).chain(rules).map(|line| (&one.name, line))
    });
    let of_groups = config
        .sync_groups
        .iter()
        .flat_map(|group| group.members.iter().map(|member| (&group.name, InstanceLine::Member(member))));
    of_instances.chain(of_groups).collect()
}

/// Real servers with the number of each of their checks, and the members of groups.
#[derive(PartialEq, Eq, Hash)]
enum ServiceLine<'c> {
    Real(&'c Target, IpAddr, u16),
    Check(&'c Target, IpAddr, u16, usize),
    Member(&'c Name, &'c GroupMember),
}

fn lines_of_services(config: &Config) -> Vec<ServiceLine<'_>> {
    let of_services = config.virtual_servers.iter().flat_map(|service| {
        service.real_servers.iter().flat_map(|real| {
            let checks = (0..real.checks.len())
                .map(|number| ServiceLine::Check(&service.target, real.address, real.port, number));
            checks.chain([ServiceLine::Real(&service.target, real.address, real.port)])
        })
    });
    let of_groups = config
        .server_groups
        .iter()
        .flat_map(|group| group.members.iter().map(|member| ServiceLine::Member(&group.name, member)));
    of_services.chain(of_groups).collect()
}

/// Whether the old configuration has the object. Where it cannot be told which one it was: whether one of
/// its kind would be gone.
fn runs(old: &Config, new: &Config, kind: &RejectedKind) -> bool {
    match kind {
        RejectedKind::Instance(Some(name)) => old.instances.iter().any(|one| one.name == *name),
        RejectedKind::Instance(None) => misses(&old.instances, &new.instances, |one| &one.name),
        RejectedKind::SyncGroup(Some(name)) => old.sync_groups.iter().any(|one| one.name == *name),
        RejectedKind::SyncGroup(None) => misses(&old.sync_groups, &new.sync_groups, |one| &one.name),
        RejectedKind::Script(Some(name)) => old.track_scripts.iter().any(|one| one.name == *name),
        RejectedKind::Script(None) => misses(&old.track_scripts, &new.track_scripts, |one| &one.name),
        RejectedKind::Address(instance, address) => {
            let of = |config: &Config| -> Vec<IpAddr> {
                let found = config.instances.iter().filter(|one| one.name == *instance);
                found
                    .flat_map(|one| one.addresses.iter().chain(&one.excluded))
                    .map(|a| a.key.address())
                    .collect()
            };
            gone(&of(old), &of(new), address.as_ref())
        }
        RejectedKind::StaticAddress(address) => {
            let of = |config: &Config| -> Vec<IpAddr> {
                config.statics.addresses.iter().map(|one| one.key.address()).collect()
            };
            gone(&of(old), &of(new), address.as_ref())
        }
        RejectedKind::Routing(owner) => {
            let (old, new) = (routing(old, owner.as_ref()), routing(new, owner.as_ref()));
            misses(&old.0, &new.0, |one| *one) || misses(&old.1, &new.1, |one| *one)
        }
        RejectedKind::Service(Some(target)) => {
            old.virtual_servers.iter().any(|one| is_same(&one.target, target))
        }
        RejectedKind::Service(None) => {
            misses(&old.virtual_servers, &new.virtual_servers, |one| &one.target)
        }
        RejectedKind::Member(group) => {
            let members = |config: &Config| -> Vec<GroupMember> {
                let found = config.server_groups.iter().find(|one| one.name == *group);
                found.map(|one| one.members.clone()).unwrap_or_default()
            };
            misses(&members(old), &members(new), |one| one)
        }
        RejectedKind::RealServer(target, server) => {
            gone(&real_servers(old, target), &real_servers(new, target), server.as_ref())
        }
        RejectedKind::Check(target, server) => {
            let checks = |config: &Config| {
                let services = config.virtual_servers.iter().filter(|one| is_same(&one.target, target));
                let mut servers = services.flat_map(|one| &one.real_servers);
                servers.find(|one| (one.address, one.port) == *server).map_or(0, |one| one.checks.len())
            };
            checks(old) > checks(new)
        }
    }
}

/// Of a service that was rejected the family of its mark need not be known.
fn is_same(one: &Target, other: &Target) -> bool {
    match (one, other) {
        (Target::Fwmark { mark: one, .. }, Target::Fwmark { mark: other, .. }) => one == other,
        _ => one == other,
    }
}

/// Whether one of the old has no namesake among the new.
fn misses<T, K: Hash + Eq>(old: &[T], new: &[T], key: impl Fn(&T) -> &K) -> bool {
    let new: HashSet<&K> = new.iter().map(&key).collect();
    old.iter().any(|one| !new.contains(key(one)))
}

/// Routes and rules of this instance, or of none.
fn routing<'a>(config: &'a Config, owner: Option<&Name>) -> (Vec<&'a Route>, Vec<&'a Rule>) {
    let Some(owner) = owner else {
        return (config.statics.routes.iter().collect(), config.statics.rules.iter().collect());
    };
    let of_owner = || config.instances.iter().filter(|one| one.name == *owner).map(|one| &one.options);
    (of_owner().flat_map(|own| &own.routes).collect(), of_owner().flat_map(|own| &own.rules).collect())
}

fn real_servers(config: &Config, target: &Target) -> Vec<(IpAddr, u16)> {
    let services = config.virtual_servers.iter().filter(|one| is_same(&one.target, target));
    services.flat_map(|one| &one.real_servers).map(|one| (one.address, one.port)).collect()
}

fn gone<T: Hash + Eq>(old: &[T], new: &[T], which: Option<&T>) -> bool {
    match which {
        Some(which) => old.contains(which) && !new.contains(which),
        None => misses(old, new, |one| one),
    }
}

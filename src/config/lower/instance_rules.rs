//! What VRRP instances, sync groups and scripts mean together: defaults, corrections, names that must exist.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Lower;
use super::address_vmacs::Carrier;
use super::global_daemon::stays_on_its_link;
use super::group_rules::TrackedPlaces;
use super::instance::{Collected, Draft};
use super::vmac::{VmacLine, default_name};
use crate::config::model::vrrp::OWNER;
use crate::config::model::{Garp, InitialState, UnicastPeer, Version, Vmac, VrrpInstance};
use crate::config::policy::RejectedKind;
use crate::diag::{Class, Diagnostic, Span};
use crate::ids::{Family, Mac, Name, Vrid};

/// The longest interval that version 3 can say: 4095 hundredths.
const LONGEST_V3: Duration = Duration::from_millis(40_950);

/// The instances of each interface, family and VRID: their indices and places.
type Places = HashMap<(Name, Family, Vrid), Vec<(usize, Option<Span>)>>;

/// Names of VMACs, each with its place.
pub type VmacNames = BTreeMap<Name, Option<Span>>;

impl Lower<'_> {
    /// Completes everything of VRRP and puts it into the model.
    pub fn complete_vrrp(&mut self, vrrp: Collected) {
        let Collected { instances, groups, .. } = vrrp;
        let mut taken = VmacNames::new();
        for draft in &instances {
            let vmac = draft.vmac.as_ref().map(|line| (&line.name, line.span));
            let ipvlan = draft.options.ipvlan.as_ref().map(|line| (&line.name, line.span));
            for (name, span) in vmac.into_iter().chain(ipvlan) {
                taken
                    .extend(name.clone().filter(|name| !taken.contains_key(name)).map(|name| (name, span)));
            }
        }
        let mut places = Places::default();
        let tracked = TrackedPlaces::of(&instances);
        for draft in instances {
            let (span, vrid_span) = (draft.span, draft.vrid.and_then(|(_, span)| span));
            let sync_daemon = draft.sync_daemon_interface.clone();
            if let Some(instance) = self.complete(*draft, &mut taken)
                && self.is_unique(&instance, &mut places, vrid_span.or(span))
            {
                self.sync_daemon_of(&instance.name, sync_daemon);
                self.loaded.config.instances.push(Arc::new(instance));
            }
        }
        for group in groups {
            self.complete_group(&group, &tracked);
        }
        self.tracked_scripts();
        self.complete_sync_daemon();
    }

    fn complete(&mut self, mut draft: Draft, taken: &mut VmacNames) -> Option<VrrpInstance> {
        // What stays does not stand between drafts, which all go: pages of which one name stays are not given back.
        let name: Name = Arc::from(&*draft.name);
        let Some((vrid, _)) = draft.vrid else {
            self.refuse(&draft, "the virtual router id must be set", ("virtual_router_id", "1 to 255"));
            return None;
        };
        let unicast = !draft.peers.is_empty();
        let interface = match (&draft.interface, unicast && draft.source.is_some()) {
            (Some((interface, _)), _) => self.shared_interface(interface),
            (None, true) => "".into(),
            (None, false) => {
                self.refuse(&draft, "Unknown interface!", ("interface", "NAME"));
                return None;
            }
        };
        let family = family_of(&draft);
        let version = match (draft.version, family) {
            // native_ipv6 makes it 3, whatever was said before.
            (Some(version), _) if !draft.options.native_ipv6 => version,
            (_, Family::V6) => Version::V3,
            (_, Family::V4) => self.loaded.config.global.vrrp_version,
        };
        let strict = self.is_strict(&draft);
        let version = self.strict(&mut draft, version, family);
        if draft.addresses.is_empty() && !draft.no_addresses && !self.without_addresses(&draft, version) {
            return None;
        }
        let priority = match draft.priority {
            Some(priority) => priority,
            // One that cannot be read makes nobody an owner.
            None if self.follows(&draft.causes, &["priority"], "the priority is 100") => 100,
            None if draft.state == Some(InitialState::Master) => OWNER,
            None => 100,
        };
        self.strict_state(&mut draft, priority == OWNER);
        let (nopreempt, preempt_delay) = self.preemption(&draft, priority);
        let unicast_meant =
            unicast || draft.unicast_word.is_some() || draft.options.kept.unicast_fault_no_peer;
        let vmac = self.vmac(&draft, family, vrid, unicast_meant, taken);
        let advert_int = self.advert_int(&draft, version);
        let auth = self.auth(&draft, version, family);
        let promote_secondaries =
            self.promote_secondaries(&draft, vmac.is_some() || draft.options.ipvlan.is_some());
        let carrier = Carrier {
            name: &name,
            interface: &interface,
            family,
            vrid,
            vmac: vmac.as_deref(),
            for_all: draft.options.kept.vmac_addr,
        };
        let (addresses, excluded, devices) = self.address_lists(&draft, &carrier, taken);
        if !devices.is_empty() {
            draft.options.kept.address_vmacs = devices;
        }
        let track_interfaces = self.track_interfaces(&draft.track_interfaces, &name, Some(&interface));
        let track_scripts = self.track_scripts(&draft.track_scripts, &name);
        let unicast_peers = self.unicast(&draft, family);
        let limits_ttl = unicast_peers.iter().any(|peer| peer.min_ttl.or(peer.max_ttl).is_some());
        let unicast_ttl = self.unicast_ttl(&draft, unicast);
        let multicast_group = self.multicast_group(&draft, family, unicast);
        let global = &self.loaded.config.global;
        let mut instance = VrrpInstance {
            options: Arc::default(),
            track_interfaces: track_interfaces.into(),
            track_scripts: track_scripts.into(),
            unicast_peers: unicast_peers.into(),
            unicast_ttl,
            multicast_group,
            garp: self.common.garps.share(garp(&draft, &global.garp)),
            name,
            interface,
            state: draft.state,
            vrid,
            priority,
            version,
            family,
            advert_int,
            nopreempt,
            preempt_delay,
            auth,
            source: draft.source.filter(|source| Family::of(*source) == family),
            check_unicast_src: draft.check_unicast_src || global.vrrp_check_unicast_src || limits_ttl,
            vmac,
            addresses: addresses.into(),
            excluded: excluded.into(),
            dont_track_primary: draft.dont_track_primary,
            lower_prio_no_advert: draft.lower_prio_no_advert.unwrap_or(global.vrrp_lower_prio_no_advert),
            higher_prio_send_advert: draft
                .higher_prio_send_advert
                .unwrap_or(global.vrrp_higher_prio_send_advert),
            skip_check_adv_addr: draft.skip_check_adv_addr.unwrap_or(global.vrrp_skip_check_adv_addr),
            down_timer_adverts: draft.down_timer_adverts.unwrap_or(global.vrrp_down_timer_adverts),
            accept: draft.accept.unwrap_or(!strict || priority == OWNER),
            promote_secondaries,
            notify: self.common.notifies.share(draft.notify.clone()),
            smtp_alert: draft.smtp_alert.or(global.smtp_alert_vrrp).or(global.smtp_alert),
        };
        self.complete_options(&draft, &mut instance, taken);
        Some(instance)
    }

    fn shared_interface(&mut self, name: &str) -> Name {
        if let Some(known) = self.interfaces.get(name) {
            return known.clone();
        }
        let new: Name = name.into();
        self.interfaces.insert(new.clone());
        new
    }

    /// keepalived does not start with such an instance; here the others run.
    pub fn refuse(&mut self, draft: &Draft, why: &str, (keyword, argument): (&str, &str)) {
        if !self.follows(&draft.causes, &[keyword], &format!("({}) cannot run", draft.name)) {
            let message = format!("({}) {why}", draft.name);
            let expected = format!("{keyword} {argument}");
            self.report(
                Diagnostic::error("instance-incomplete", draft.span, message)
                    .expected(expected)
                    .help("the instance is left out; keepalived would not start"),
            );
        }
        let reason = format!("vrrp_instance '{}' is refused ({why})", draft.name);
        self.lose("vrrp_instance", &draft.name);
        self.reject(RejectedKind::Instance(Some(draft.name.clone())), draft.span, reason);
    }

    fn preemption(&mut self, draft: &Draft, priority: u8) -> (bool, Duration) {
        let master = draft.state == Some(InitialState::Master);
        let mut nopreempt = draft.nopreempt.is_some();
        if let Some(span) = draft.nopreempt
            && (master || priority == 255)
        {
            nopreempt = false;
            let why = if master { "initial state MASTER" } else { "the address owner's priority 255" };
            let message =
                format!("({}) Warning - nopreempt will not work with {why} - clearing", draft.name);
            self.report(
                Diagnostic::warning("nopreempt-with-master", span, message)
                    .help("write 'state BACKUP' on both routers, and give them different priorities"),
            );
        }
        let mut delay = draft.preempt_delay;
        let master = draft.state.map_or(priority == OWNER, |state| state == InitialState::Master);
        if !delay.is_zero() && (master || nopreempt) {
            let with = if master { "initial state MASTER" } else { "nopreempt" };
            let message =
                format!("({}) Warning - preempt delay will not work with {with} - clearing", draft.name);
            self.report(
                Diagnostic::warning("preempt-delay-without-effect", draft.preempt_delay_span, message)
                    .help(format!(
                        "remove it, or {}",
                        if master { "write 'state BACKUP'" } else { "nopreempt" }
                    )),
            );
            delay = Duration::ZERO;
        }
        (nopreempt, delay)
    }

    fn vmac(
        &mut self,
        draft: &Draft,
        family: Family,
        vrid: Vrid,
        unicast: bool,
        taken: &mut VmacNames,
    ) -> Option<Box<Vmac>> {
        let Some(line) = &draft.vmac else {
            if let Some(span) = draft.xmit_base {
                let message = format!("({}) vmac_xmit_base is only valid with a vmac", draft.name);
                self.report(
                    Diagnostic::warning("vmac-word-without-vmac", span, message)
                        .help("use_vmac is missing"),
                );
            }
            return None;
        };
        if draft.options.ipvlan.is_some() {
            let message =
                format!("({}) use_vmac and use_ipvlan exclude each other - using the ipvlan", draft.name);
            self.report(
                Diagnostic::warning("vmac-with-ipvlan", line.span, message).help("remove one of the two"),
            );
            return None;
        }
        let own = self.free_vmac_name(draft, line, taken);
        let prefix = &self.loaded.config.global.vmac_prefix;
        let name =
            own.unwrap_or_else(|| default_name(prefix, family, vrid, |name| taken.contains_key(name)));
        taken.entry(name.clone()).or_insert(line.span);
        self.loaded.own_interfaces.insert(name.clone());
        if unicast && draft.xmit_base.is_none() {
            let message =
                format!("({}) unicast with use_vmac requires vmac_xmit_base - setting", draft.name);
            self.report(Diagnostic::warning("vmac-unicast", line.span, message).help("add vmac_xmit_base"));
        }
        let mac = line.mac.map_or_else(|| Mac::of_virtual_router(family, vrid), |mac| mac.of(vrid));
        let (xmit_base, group) = (unicast || draft.xmit_base.is_some(), line.group.clone());
        Some(Box::new(Vmac { name, mac, xmit_base, group }))
    }

    /// A VMAC always has it.
    fn promote_secondaries(&mut self, draft: &Draft, vmac: bool) -> bool {
        let Some(span) = draft.promote_secondaries else { return false };
        if vmac {
            let message =
                format!("({}) promote_secondaries is automatically set for vmacs - ignoring", draft.name);
            self.report(Diagnostic::warning("promote-with-vmac", span, message).help("remove the line"));
        }
        !vmac
    }

    /// The name that the line gives, unless another instance has it.
    fn free_vmac_name(&mut self, draft: &Draft, line: &VmacLine, taken: &VmacNames) -> Option<Name> {
        let name = line.name.clone()?;
        let used = |one: &&Arc<VrrpInstance>| one.vmac.as_ref().is_some_and(|vmac| vmac.name == name);
        let Some(other) = self.loaded.config.instances.iter().find(used) else { return Some(name) };
        let message = format!(
            "({}) VRRP instance {} is already using {name} - ignoring name",
            draft.name, other.name
        );
        let first = taken.get(&name).copied().flatten();
        self.report(
            Diagnostic::error("vmac-name-taken", line.span, message)
                .expected("another name")
                .first_at(first),
        );
        None
    }

    fn advert_int(&mut self, draft: &Draft, version: Version) -> Duration {
        let Some((wanted, span)) = draft.advert_int else { return Duration::from_secs(1) };
        let (unit, longest) = match version {
            Version::V2 => (Duration::from_secs(1), Duration::from_secs(255)),
            Version::V3 => (Duration::from_millis(10), LONGEST_V3),
        };
        let units = wanted.as_micros().div_ceil(unit.as_micros()).max(1);
        let used = (unit * u32::try_from(units).unwrap_or(u32::MAX)).min(longest);
        if used != wanted {
            let message = format!(
                "({}) VRRP version {} cannot have an advert interval of {} s, using {} s",
                draft.name,
                version.number(),
                wanted.as_secs_f64(),
                used.as_secs_f64()
            );
            let expected = match version {
                Version::V2 => "whole seconds, 1 to 255 (vrrp_version 3 has fractions)",
                Version::V3 => "0.01 to 40.95 seconds",
            };
            self.report(Diagnostic::error("bad-advert-interval", span, message).expected(expected));
        }
        used
    }

    fn auth(
        &mut self,
        draft: &Draft,
        version: Version,
        family: Family,
    ) -> Option<crate::config::model::Auth> {
        let (auth, span) = draft.auth?;
        if version == Version::V3 {
            let message =
                format!("({}) VRRP version 3 does not support authentication. Ignoring.", draft.name);
            self.report(
                Diagnostic::warning("auth-with-v3", span, message).help("remove the authentication block"),
            );
            return None;
        }
        if family == Family::V6 && matches!(auth, crate::config::model::Auth::Ah(_)) {
            let message = format!("({}) auth_type AH cannot be used with IPv6. Ignoring.", draft.name);
            self.report(
                Diagnostic::warning("auth-with-v6", span, message).help("remove the authentication block"),
            );
            return None;
        }
        Some(auth)
    }

    fn unicast(&mut self, draft: &Draft, family: Family) -> Vec<UnicastPeer> {
        let mut peers = Vec::new();
        for (peer, span) in &draft.peers {
            if Family::of(peer.address) != family {
                let message =
                    format!("({}) the unicast peer {} has another family", draft.name, peer.address);
                self.report(
                    Diagnostic::error("wrong-family", *span, message)
                        .expected(format!("an {family} address")),
                );
            } else if draft.source == Some(peer.address) {
                let message =
                    format!("({}) the unicast peer {} is this host itself", draft.name, peer.address);
                self.report(
                    Diagnostic::warning("peer-is-self", *span, message)
                        .class(Class::Silent)
                        .help("remove the line"),
                );
                peers.push(*peer);
            } else {
                peers.push(*peer);
            }
        }
        let multicast = peers.is_empty() && !draft.options.kept.unicast_fault_no_peer;
        if let (true, Some(span)) = (multicast, draft.unicast_word) {
            let message = format!(
                "({}) A unicast keyword has been specified without any unicast peers. Defaulting to multicast. \
                 This usage is deprecated - please update your configuration.",
                draft.name
            );
            self.report(
                Diagnostic::warning("unicast-without-peers", span, message)
                    .help("add unicast_peer, or write mcast_src_ip instead of unicast_src_ip"),
            );
        }
        if let Some(source) = draft.source
            && Family::of(source) != family
        {
            let message =
                format!("({}) the source address {source} has another family - ignoring", draft.name);
            self.report(
                Diagnostic::error("wrong-family", draft.source_span, message)
                    .expected(format!("an {family} address")),
            );
        }
        peers
    }

    fn multicast_group(&mut self, draft: &Draft, family: Family, unicast: bool) -> IpAddr {
        let global = &self.loaded.config.global;
        let default = match family {
            Family::V4 => IpAddr::V4(global.vrrp_mcast_group4),
            Family::V6 => IpAddr::V6(global.vrrp_mcast_group6),
        };
        let Some((group, span)) = draft.multicast_group else { return default };
        let why = match (unicast, Family::of(group) == family) {
            (true, _) => "cannot be used with unicast peers",
            (_, false) => "has another family",
            _ if !stays_on_its_link(group) => "is not link-local multicast",
            _ => return group,
        };
        let message = format!("({}) mcast_dst_ip {group} {why} - ignoring", draft.name);
        let expected = match (unicast, family) {
            (true, _) => "no mcast_dst_ip beside unicast_peer",
            (_, Family::V4) => "a multicast address of IPv4, as the addresses are",
            (_, Family::V6) => "a multicast address of ff02::/16, for the addresses are of IPv6",
        };
        self.report(Diagnostic::error("bad-multicast-group", span, message).expected(expected));
        default
    }

    fn unicast_ttl(&mut self, draft: &Draft, unicast: bool) -> Option<u8> {
        let (ttl, span) = draft.unicast_ttl?;
        if unicast {
            return Some(ttl);
        }
        let message = format!("({}): Cannot use unicast_ttl without unicast peers - resetting", draft.name);
        self.report(
            Diagnostic::error("unicast-without-peers", span, message).help("add unicast_peer { IP }"),
        );
        None
    }

    /// Two instances of one VRID cannot share an interface.
    fn is_unique(&mut self, new: &VrrpInstance, places: &mut Places, span: Option<Span>) -> bool {
        let same = |old: &VrrpInstance| {
            old.multicast_group == new.multicast_group
                && old.unicast_peers.is_empty() == new.unicast_peers.is_empty()
                && (new.unicast_peers.is_empty() || old.source == new.source)
        };
        let instances = &self.loaded.config.instances;
        let alike = places.entry((new.interface.clone(), new.family, new.vrid)).or_default();
        let found = alike.iter().find_map(|(index, place)| {
            instances.get(*index).filter(|old| same(old)).map(|old| (old.name.clone(), *place))
        });
        let Some((old, place)) = found else {
            alike.push((instances.len(), span));
            return true;
        };
        let message = format!(
            "{old} and {} both use VRID {} with {} on interface {}",
            new.name, new.vrid, new.family, new.interface
        );
        let mut diagnostic = Diagnostic::error("vrid-twice", span, message)
            .help("give one of them another virtual_router_id");
        if let Some(first) = place {
            diagnostic = diagnostic.related(first, "the first one");
        }
        self.report(diagnostic);
        let reason = format!("vrrp_instance '{}' is refused (its VRID is taken)", new.name);
        self.lose("vrrp_instance", &new.name);
        self.reject(RejectedKind::Instance(Some(new.name.clone())), span, reason);
        false
    }
}

fn family_of(draft: &Draft) -> Family {
    if draft.options.native_ipv6 {
        return Family::V6;
    }
    let first = draft.addresses.first().or(draft.excluded.first()).map(|address| address.net.addr());
    let peer = draft.peers.first().map(|(peer, _)| peer.address);
    first.or(draft.source).or(peer).map_or(Family::V4, Family::of)
}

fn garp(draft: &Draft, global: &crate::config::model::global::GlobalGarp) -> Garp {
    let own = &draft.garp;
    let values = &global.values;
    Garp {
        master_delay: own.master_delay.unwrap_or(values.master_delay),
        master_repeat: own.master_repeat.unwrap_or(values.master_repeat),
        master_refresh: own.master_refresh.unwrap_or(values.master_refresh),
        master_refresh_repeat: own.master_refresh_repeat.unwrap_or(values.master_refresh_repeat),
        lower_prio_delay: own.lower_prio_delay.unwrap_or(values.lower_prio_delay),
        lower_prio_repeat: own.lower_prio_repeat.unwrap_or(values.lower_prio_repeat),
        interval: values.interval,
        gna_interval: values.gna_interval,
    }
}

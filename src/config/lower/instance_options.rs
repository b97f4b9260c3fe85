//! What an instance says beyond the protocol's core.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::Lower;
use super::hmac::HmacDraft;
use super::instance::Draft;
use super::instance_rules::VmacNames;
use super::ipvlan::IpvlanLine;
use super::line::Owner;
use super::read::Value;
use super::tracked::{Track, TrackKind};
use crate::config::model::options::{ExtraGarp, InstanceOptions, OldChecksum};
use crate::config::model::{TrackFile, Tracked, TrackedObjects, VrrpInstance};
use crate::config::syntax::Node;
use crate::diag::{Diagnostic, Span};
use crate::ids::{Family, Name};

/// The longest interval of `garp_extra_if`, in seconds.
const DAY: i64 = 86_400;

/// As it is written.
#[derive(Clone, Debug, Default)]
pub struct OptionsDraft {
    /// What only has to be kept.
    pub kept: InstanceOptions,
    pub files: Vec<Track>,
    pub processes: Vec<Track>,
    pub bfds: Vec<Track>,
    pub ipvlan: Option<IpvlanLine>,
    pub vrf: Option<(Name, Option<Span>)>,
    pub strict_mode: Option<bool>,
    pub accept: Option<Span>,
    pub timer_expired: Option<(u8, Option<Span>)>,
    pub garp_extra_if: Option<ExtraGarp>,
    pub owner_ignore: Option<(bool, Option<Span>)>,
    pub v3_checksum_as_v2: Option<bool>,
    pub native_ipv6: bool,
    pub hmac: Option<HmacDraft>,
}

/// Few instances say any of it: those take room for it.
#[derive(Clone, Debug, Default)]
pub struct RareOptions(Option<Box<OptionsDraft>>);

impl Deref for RareOptions {
    type Target = OptionsDraft;

    fn deref(&self) -> &OptionsDraft {
        static NOTHING: LazyLock<OptionsDraft> = LazyLock::new(OptionsDraft::default);
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for RareOptions {
    fn deref_mut(&mut self) -> &mut OptionsDraft {
        self.0.get_or_insert_default()
    }
}

impl Lower<'_> {
    /// A keyword of an instance; `false` where it is none of these.
    pub fn instance_option(&mut self, node: &Node, value: &Value, draft: &mut Draft, name: &Name) -> bool {
        let span = node.span_of(1);
        match node.name() {
            "track_file" => self.tracks(node, &mut draft.options.files, name, TrackKind::File),
            "track_process" => self.tracks(node, &mut draft.options.processes, name, TrackKind::Process),
            "track_bfd" => self.tracks(node, &mut draft.options.bfds, name, TrackKind::Bfd),
            "virtual_routes" => {
                let owner = Owner { what: &format!("route of {name}"), instance: Some(name) };
                let routes = self.routes(node, &owner);
                draft.options.kept.routes.extend(routes);
            }
            "virtual_rules" => {
                let owner = Owner { what: &format!("rule of {name}"), instance: Some(name) };
                let rules = self.rules(node, &owner);
                draft.options.kept.rules.extend(rules);
            }
            "use_ipvlan" => draft.options.ipvlan = Some(self.use_ipvlan(node, name)),
            "auth_hmac" => self.auth_hmac(node, draft.options.hmac.get_or_insert_default(), name),
            "garp_extra_if" | "vmac_garp_intvl" => {
                let extra = self.extra_garp(node, (0, DAY));
                draft.options.garp_extra_if = extra.or(draft.options.garp_extra_if);
            }
            "old_unicast_checksum" => {
                draft.unicast_word = node.span();
                let never = matches!(value, Value::Text(_));
                draft.options.kept.old_unicast_checksum =
                    if never { OldChecksum::Never } else { OldChecksum::Always };
            }
            "native_ipv6" => self.native_ipv6(node, draft, name),
            "kernel_rx_buf_size" => self.rx_buffer(node, value, draft, name),
            "vrf" => draft.options.vrf = value.clone().text().map(|vrf| (vrf.into(), span)),
            "timer_expired_backup" | "thread_timer_expired" => {
                draft.options.timer_expired = Some((value.int().unwrap_or(254), span));
            }
            "owner_ignore_adverts" => draft.options.owner_ignore = Some((value.yes(), node.span())),
            _ => return plain(node, value, &mut draft.options),
        }
        true
    }

    fn native_ipv6(&mut self, node: &Node, draft: &mut Draft, name: &Name) {
        let first = draft.addresses.first().or(draft.excluded.first());
        if first.is_some_and(|address| Family::of(address.net.addr()) == Family::V4) {
            let message = format!("({name}) Cannot specify native_ipv6 with IPv4 addresses");
            self.report(Diagnostic::error("wrong-family", node.span(), message).help("remove the line"));
        } else {
            draft.options.native_ipv6 = true;
        }
    }

    fn rx_buffer(&mut self, node: &Node, value: &Value, draft: &mut Draft, name: &Name) {
        if node.line.count() != 2 {
            let message = format!("({name}) invalid kernel_rx_buf_size specified");
            self.report(
                Diagnostic::error("bad-number", node.span(), message).expected("one number of bytes"),
            );
            return;
        }
        draft.options.kept.kernel_rx_buf_size = value.int();
    }

    /// `[all] SECONDS`, in either order.
    pub fn extra_garp(&mut self, node: &Node, range: (i64, i64)) -> Option<ExtraGarp> {
        let mut extra = ExtraGarp::default();
        let mut number = None;
        for at in 1..node.line.count() {
            if node.argument(at) == Some("all") {
                extra.all = true;
            } else if number.is_none() {
                number = Some(at);
            }
        }
        let Some(at) = number else {
            let message = format!("{} specified without time - ignoring", node.name());
            self.report(
                Diagnostic::error("missing-parameter", node.span(), message)
                    .expected(format!("a whole number of seconds up to {}", range.1)),
            );
            return None;
        };
        let seconds = self.int(node, node.name(), at, range, true)?;
        extra.interval = Duration::from_secs(u64::try_from(seconds).ok()?);
        Some(extra)
    }

    /// Everything of the options that depends on the rest of the instance.
    pub fn complete_options(&mut self, draft: &Draft, instance: &mut VrrpInstance, taken: &mut VmacNames) {
        let (written, span, name) = (&*draft.options, draft.span, instance.name.clone());
        let mut options = written.kept.clone();
        let global = &self.loaded.config.global;
        options.strict_mode = written.strict_mode.unwrap_or(global.vrrp_strict);
        options.v3_checksum_as_v2 = written.v3_checksum_as_v2.unwrap_or(global.v3_checksum_as_v2);
        let extra = global.vrrp_garp_extra_if.map(|(interval, all)| ExtraGarp { interval, all });
        options.garp_extra_if = written.garp_extra_if.or(extra).unwrap_or_default();
        let ignores = global.vrrp_owner_ignore_adverts.unwrap_or(options.strict_mode);
        options.tracked = TrackedObjects {
            files: self.tracked_objects(&written.files, &name, TrackKind::File),
            processes: self.tracked_objects(&written.processes, &name, TrackKind::Process),
            bfds: self.tracked_objects(&written.bfds, &name, TrackKind::Bfd),
        };
        options.ipvlan = self.complete_ipvlan(written.ipvlan.as_ref(), instance, span, taken);
        options.vrf = self.complete_vrf(draft, instance);
        // Its link counts, and packets come and go by whatever is in it.
        instance.interface = options.vrf.clone().unwrap_or_else(|| instance.interface.clone());
        options.timer_expired_backup = self.timer_expired(draft, instance);
        options.owner_ignore_adverts = self.owner_ignores(draft, instance, ignores);
        if let Some(hmac) = written.hmac.clone() {
            let about = (&name, instance.advert_int, options.strict_mode);
            options.auth_hmac = self.complete_hmac(hmac, about);
        }
        if options.auth_hmac.is_some() && instance.auth.is_some() {
            let message = format!("({name}) authentication cannot be used with auth_hmac - ignoring it");
            let place = draft.place("authentication").or(span);
            self.report(
                Diagnostic::error("auth-with-hmac", place, message)
                    .help("remove it once every router of the instance knows the key"),
            );
            instance.auth = None;
        }
        // That of an instance above, where it is the same.
        instance.options = self.common.options.share(options);
        if instance.priority == u8::MAX {
            self.owner_has_no_weights(instance, draft);
        }
    }

    /// The priority of an address owner never changes.
    fn owner_has_no_weights(&mut self, instance: &mut VrrpInstance, draft: &Draft) {
        let span = draft.span;
        let tracked = &mut Arc::make_mut(&mut instance.options).tracked;
        let place = draft.place("track_file").or(span);
        for file in tracked.files.iter_mut().filter(|file| file.weight == TrackFile::WEIGHT) {
            let message = format!(
                "({}) ignoring weight {} of tracked file {} due to address owner",
                instance.name, file.weight, file.name
            );
            self.report(Diagnostic::warning("weight-without-effect", place, message).help(
                "priority 255 never changes: any number but 0 in the file means FAULT; write weight 0",
            ));
            file.weight = 0;
        }
        let lists = [
            ("interface", take_weighted(&mut instance.track_interfaces)),
            ("script", take_weighted(&mut instance.track_scripts)),
            ("file", tracked.files.extract_if(.., |tracked| tracked.weight != 0).collect()),
            ("bfd", tracked.bfds.extract_if(.., |tracked| tracked.weight != 0).collect()),
        ];
        for (kind, list) in lists {
            let place = draft.place(&format!("track_{kind}")).or(span);
            for dropped in list {
                let message = format!(
                    "({}) ignoring tracked {kind} {} with weight {} due to address owner",
                    instance.name, dropped.name, dropped.weight
                );
                self.report(
                    Diagnostic::warning("weight-without-effect", place, message)
                        .help("priority 255 never changes; give it another, or the tracker weight 0"),
                );
            }
        }
    }

    fn complete_vrf(&mut self, draft: &Draft, instance: &VrrpInstance) -> Option<Name> {
        let (vrf, span) = draft.options.vrf.clone()?;
        let why = match (instance.interface.is_empty(), instance.unicast_peers.is_empty()) {
            (false, _) => "Cannot specify VRF interface and interface - ignoring",
            (true, true) => "Cannot specify VRF interface without unicast - ignoring",
            (true, false) => return Some(vrf),
        };
        let message = format!("({}) {why}", instance.name);
        self.report(Diagnostic::error("vrf-not-alone", span, message).help("remove the line"));
        None
    }

    fn timer_expired(&mut self, draft: &Draft, instance: &VrrpInstance) -> Option<u8> {
        let (priority, span) = draft.options.timer_expired?;
        if instance.nopreempt {
            return Some(priority);
        }
        let message = format!("({}) timer_expired_backup requires nopreempt - resetting", instance.name);
        self.report(Diagnostic::error("preempts-after-timer", span, message).expected("nopreempt"));
        None
    }

    fn owner_ignores(&mut self, draft: &Draft, instance: &VrrpInstance, default: bool) -> bool {
        let owner = instance.priority == 255;
        match draft.options.owner_ignore {
            None => owner && default,
            Some((true, _)) if owner => true,
            Some((false, _)) if !owner => false,
            Some((wanted, span)) => {
                let why = if wanted { "needs priority 255 - off" } else { "of priority 255 is forced on" };
                let message = format!("({}) owner_ignore_adverts {why}", instance.name);
                let place = span.or(draft.place("owner_ignore_adverts"));
                self.report(
                    Diagnostic::error("not-the-owner", place, message)
                        .help("remove it: it is only for the owner, who has priority 255"),
                );
                !wanted
            }
        }
    }
}

/// Keywords that are only stored. `false`: it is none of them.
fn plain(node: &Node, value: &Value, options: &mut RareOptions) -> bool {
    match node.name() {
        "use_vmac_addr" => options.kept.vmac_addr = true,
        "unicast_fault_no_peer" => options.kept.unicast_fault_no_peer = true,
        "track_src_ip" => options.kept.track_src_ip = true,
        "linkbeat_use_polling" => options.kept.linkbeat_use_polling = true,
        "notify_priority_changes" => options.kept.notify_priority_changes = Some(value.yes()),
        "strict_mode" => options.strict_mode = Some(value.yes()),
        "v3_checksum_as_v2" => options.v3_checksum_as_v2 = Some(value.yes()),
        "debug" => {}
        _ => return false,
    }
    true
}

/// Takes those out whose failure changes the priority.
fn take_weighted(list: &mut Box<[Tracked]>) -> Vec<Tracked> {
    let (taken, kept): (Vec<_>, Vec<_>) =
        std::mem::take(list).into_iter().partition(|tracked| tracked.weight != 0);
    *list = kept.into();
    taken
}

//! `vrrp_instance`: each keyword to its place. What the whole means is in [`super::instance_rules`].

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::Lower;
use super::address::Address;
use super::cause::Causes;
use super::check::Recent;
use super::global::set;
use super::group::{GroupDraft, store_notify};
use super::instance_options::RareOptions;
use super::read::{LONGEST_INTERFACE, Value};
use super::tracked::{Track, TrackKind};
use super::vmac::VmacLine;
use crate::config::model::options::InstanceOptions;
use crate::config::model::{Auth, Garp, InitialState, Notify, UnicastPeer, Version};
use crate::config::policy::RejectedKind;
use crate::config::source::bytes_of;
use crate::config::suggest;
use crate::config::syntax::Node;
use crate::diag::{Diagnostic, Span};
use crate::ids::{Name, Vrid};
use crate::objects::address::AddressAttributes;

/// Everything of VRRP, before it is completed.
#[derive(Default)]
pub struct Collected {
    /// Each by itself, so that it is gone once it was completed.
    #[expect(clippy::vec_box, reason = "the memory of each is given back before that of all")]
    pub instances: Vec<Box<Draft>>,
    /// Their names, with their places.
    names: HashMap<Name, Option<Span>>,
    pub groups: Vec<GroupDraft>,
}

/// What instances have in common: thousands say the same.
#[derive(Default)]
pub struct Shared {
    pub options: Recent<InstanceOptions>,
    pub garps: Recent<Garp>,
    pub notifies: Recent<Notify>,
    pub attributes: Recent<AddressAttributes>,
}

/// An instance as it is written.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub name: Name,
    pub span: Option<Span>,
    /// What was told already of its indispensable keywords.
    pub causes: Causes,
    pub interface: Option<(Name, Option<Span>)>,
    pub state: Option<InitialState>,
    /// Where it became MASTER.
    pub state_span: Option<Span>,
    pub vrid: Option<(Vrid, Option<Span>)>,
    pub priority: Option<u8>,
    pub version: Option<Version>,
    pub advert_int: Option<(Duration, Option<Span>)>,
    pub nopreempt: Option<Option<Span>>,
    pub preempt_delay: Duration,
    pub preempt_delay_span: Option<Span>,
    pub auth: Option<(Auth, Option<Span>)>,
    pub source: Option<IpAddr>,
    pub source_span: Option<Span>,
    pub multicast_group: Option<(IpAddr, Option<Span>)>,
    /// `unicast_src_ip` or another word that only makes sense with unicast.
    pub unicast_word: Option<Span>,
    pub peers: Vec<(UnicastPeer, Option<Span>)>,
    pub check_unicast_src: bool,
    pub unicast_ttl: Option<(u8, Option<Span>)>,
    pub vmac: Option<VmacLine>,
    pub xmit_base: Option<Option<Span>>,
    pub addresses: Vec<Address>,
    pub excluded: Vec<Address>,
    pub no_addresses: bool,
    pub track_interfaces: Vec<Track>,
    pub track_scripts: Vec<Track>,
    pub dont_track_primary: bool,
    pub garp: GarpDraft,
    pub lower_prio_no_advert: Option<bool>,
    pub higher_prio_send_advert: Option<bool>,
    pub skip_check_adv_addr: Option<bool>,
    pub down_timer_adverts: Option<u8>,
    pub accept: Option<bool>,
    pub promote_secondaries: Option<Option<Span>>,
    pub notify: Notify,
    /// Where each of its scripts stands.
    pub notify_places: Vec<(&'static str, Option<Span>)>,
    pub smtp_alert: Option<bool>,
    pub sync_daemon_interface: Option<(Name, Option<Span>)>,
    pub options: RareOptions,
    /// Where each keyword stands, the last one of each.
    places: Vec<(&'static str, Option<Span>)>,
}

impl Draft {
    /// Where a keyword stands.
    pub fn place(&self, keyword: &str) -> Option<Span> {
        self.places.iter().find(|(known, _)| *known == keyword).and_then(|(_, span)| *span)
    }

    /// Remembers where one stands.
    fn found(&mut self, keyword: &'static str, span: Option<Span>) {
        match self.places.iter_mut().find(|(known, _)| *known == keyword) {
            Some((_, place)) => *place = span,
            None => self.places.push((keyword, span)),
        }
    }

    /// Whether a line above has shown that it is of IPv6.
    fn is_known_as_v6(&self) -> bool {
        let first = self.addresses.first().map(|address| address.net.addr());
        let group = self.multicast_group.map(|(group, _)| group);
        let peer = self.peers.first().map(|(peer, _)| peer.address);
        let shown = [first, self.source, group, peer];
        self.options.native_ipv6 || shown.iter().flatten().any(|address| address.is_ipv6())
    }
}

/// `garp_*` of an instance.
#[derive(Clone, Debug, Default)]
pub struct GarpDraft {
    pub master_delay: Option<Duration>,
    pub master_repeat: Option<u32>,
    pub master_refresh: Option<Duration>,
    pub master_refresh_repeat: Option<u32>,
    pub lower_prio_delay: Option<Duration>,
    pub lower_prio_repeat: Option<u32>,
}

impl Lower<'_> {
    /// Reads one into the collection.
    pub fn instance(&mut self, node: &Node, vrrp: &mut Collected) {
        let Some(name) = node.argument(1) else {
            self.reject(RejectedKind::Instance(None), node.span(), "a vrrp_instance has no name");
            return;
        };
        let name: Name = name.into();
        if let Some(first) = vrrp.names.get(&name) {
            let message = format!("vrrp instance {name} already defined");
            let mut diagnostic = Diagnostic::error("defined-twice", node.span_of(1), message)
                .help("the second one is ignored; give it another name");
            if let Some(first) = *first {
                diagnostic = diagnostic.related(first, "the first one");
            }
            self.report(diagnostic);
            return;
        }
        let mut draft = Draft { name: name.clone(), span: node.span_of(1), ..Draft::default() };
        self.each(node.nodes(), |lower, node, value| {
            if let Some(row) = node.row {
                draft.found(row.name, node.span());
            }
            lower.instance_keyword(node, value, &mut draft, &name)
        });
        draft.causes =
            self.causes(node, &["virtual_router_id", "interface", "virtual_ipaddress", "priority"]);
        self.need_notify(&draft.notify, &draft.notify_places, &name);
        vrrp.names.insert(name, draft.span);
        draft.places.shrink_to_fit();
        draft.addresses.shrink_to_fit();
        vrrp.instances.push(Box::new(draft));
    }

    fn instance_keyword(&mut self, node: &Node, value: Value, draft: &mut Draft, name: &Name) {
        let span = node.span_of(1);
        match node.name() {
            "interface" => self.instance_interface(node, value, draft, name),
            "state" => self.state(node, draft, name),
            "authentication" => self.authentication(node, draft, name),
            "use_vmac" => self.use_vmac(node, draft.vmac.get_or_insert_default()),
            "virtual_ipaddress" => more(&mut draft.addresses, self.addresses(node, name)),
            "virtual_ipaddress_excluded" => more(&mut draft.excluded, self.addresses(node, name)),
            "track_interface" => self.tracks(node, &mut draft.track_interfaces, name, TrackKind::Interface),
            "track_script" => self.tracks(node, &mut draft.track_scripts, name, TrackKind::Script),
            "unicast_peer" => {
                self.peers(node, &mut draft.peers, name);
                draft.unicast_word = node.span();
            }
            "virtual_router_id" => {
                let vrid = value.int().and_then(Vrid::new);
                draft.vrid = vrid.map(|vrid| (vrid, span)).or(draft.vrid);
            }
            "mcast_src_ip" | "unicast_src_ip" => {
                draft.source = value.ip().or(draft.source);
                draft.source_span = span;
                if node.name() == "unicast_src_ip" {
                    draft.unicast_word = node.span();
                }
            }
            "mcast_dst_ip" => {
                draft.multicast_group = value.ip().map(|group| (group, span)).or(draft.multicast_group);
            }
            "unicast_ttl" => draft.unicast_ttl = value.int().map(|ttl| (ttl, span)),
            "advert_int" => draft.advert_int = value.decimal().map(|interval| (interval, span)),
            "preempt_delay" => {
                set(&mut draft.preempt_delay, value.decimal());
                draft.preempt_delay_span = node.span();
            }
            "lvs_sync_daemon_interface" => {
                draft.sync_daemon_interface = value.text().map(|name| (name.into(), span));
            }
            "version" => self.version(node, &value, draft, name),
            _ if self.instance_option(node, &value, draft, name) => {}
            "garp_master_repeat" => {
                let count = self.count(node, &value, &format!("({name}): "));
                draft.garp.master_repeat = count.or(draft.garp.master_repeat);
            }
            "garp_master_refresh_repeat" => {
                let count = self.count(node, &value, &format!("({name}): "));
                draft.garp.master_refresh_repeat = count.or(draft.garp.master_refresh_repeat);
            }
            name if name.starts_with("garp_") => instance_garp(name, &value, &mut draft.garp),
            _ if plain(node, &value, draft) => {}
            _ => store_notify(node, value, &mut draft.notify, &mut draft.notify_places),
        }
    }

    fn instance_interface(&mut self, node: &Node, value: Value, draft: &mut Draft, name: &Name) {
        let Some(interface) = value.text() else { return };
        if interface.len() > LONGEST_INTERFACE {
            let message = format!("Interface name '{interface}' too long - ignoring");
            self.report(
                Diagnostic::error("name-too-long", node.span_of(1), message)
                    .expected("at most 15 characters"),
            );
            return;
        }
        if interface == "lo" {
            let message = format!("({name}) cannot use a loopback interface (lo) for vrrp - ignoring");
            self.report(
                Diagnostic::error("loopback", node.span_of(1), message)
                    .expected("an interface of the network that the routers share"),
            );
            return;
        }
        self.need_interface(&interface, format!("vrrp_instance {name}"), node.span_of(1));
        draft.interface = Some((interface.into(), node.span_of(1)));
    }

    /// IPv6 has version 3 only. keepalived complains where it knows the family already, and else not.
    fn version(&mut self, node: &Node, value: &Value, draft: &mut Draft, name: &Name) {
        let version = if *value == Value::Int(3) { Version::V3 } else { Version::V2 };
        if version == Version::V3 || !draft.is_known_as_v6() {
            draft.version = Some(version);
            return;
        }
        let message =
            format!("({name}) vrrp_version 2 conflicts with configured or deduced version 3; ignoring.");
        self.report(
            Diagnostic::error("version-of-v4", node.span_of(1), message)
                .expected("3, or no version: the instance is of IPv6"),
        );
    }

    fn state(&mut self, node: &Node, draft: &mut Draft, name: &Name) {
        match node.argument(1) {
            Some("MASTER") => {
                draft.state = Some(InitialState::Master);
                draft.state_span = node.span_of(1);
            }
            Some("BACKUP") if draft.state == Some(InitialState::Master) => {
                let message = format!("({name}) state previously set as MASTER - ignoring BACKUP");
                self.report(
                    Diagnostic::error("given-twice", node.span_of(1), message).first_at(draft.state_span),
                );
            }
            Some("BACKUP") => draft.state = Some(InitialState::Backup),
            other => {
                let word = other.unwrap_or("");
                let message = format!("({name}) unknown state '{word}', defaulting to BACKUP");
                let known = ["MASTER", "BACKUP"];
                let mut diagnostic = Diagnostic::error("unknown-value", node.span_of(1), message)
                    .expected("MASTER or BACKUP");
                if let Some(near) = suggest::nearest(word, known) {
                    diagnostic = diagnostic.help(format!("did you mean '{near}'?"));
                }
                self.report(diagnostic);
                draft.state.get_or_insert(InitialState::Backup);
            }
        }
    }

    fn authentication(&mut self, node: &Node, draft: &mut Draft, name: &Name) {
        let mut kind = None;
        let mut password = None;
        self.each(node.nodes(), |lower, node, value| match node.name() {
            "auth_type" => {
                kind = value.text().map(|kind| (kind, node.span_of(1)));
            }
            "auth_pass" => password = Some(lower.password(node)),
            _ => {}
        });
        let Some((kind, span)) = kind else { return };
        let Some(password) = password.filter(|password| password.iter().any(|byte| *byte != 0)) else {
            let message = format!("({name}) authentication specified but no password given. Ignoring");
            self.report(
                Diagnostic::error("missing-parameter", span, message)
                    .expected("auth_pass with up to 8 characters"),
            );
            return;
        };
        draft.auth = Some((if kind == "AH" { Auth::Ah(password) } else { Auth::Pass(password) }, span));
    }

    fn password(&mut self, node: &Node) -> [u8; 8] {
        let bytes = bytes_of(node.argument(1).unwrap_or(""));
        if bytes.len() > 8 {
            self.report(
                Diagnostic::warning(
                    "password-too-long",
                    node.span_of(1),
                    "Truncating auth_pass to 8 characters",
                )
                .help("the protocol carries 8 bytes; every router must have the same first 8"),
            );
        }
        let mut password = [0; 8];
        password.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        password
    }
}

/// Keywords that are only stored. `false`: it is none of them.
fn plain(node: &Node, value: &Value, draft: &mut Draft) -> bool {
    match node.name() {
        "priority" => draft.priority = value.int().or(draft.priority),
        "preempt" => draft.nopreempt = None,
        "nopreempt" => draft.nopreempt = Some(node.span()),
        "check_unicast_src" => {
            draft.check_unicast_src = true;
            draft.unicast_word = node.span();
        }
        "vmac_xmit_base" => draft.xmit_base = Some(node.span()),
        "no_virtual_ipaddress" => draft.no_addresses = true,
        "dont_track_primary" => draft.dont_track_primary = true,
        "lower_prio_no_advert" => draft.lower_prio_no_advert = Some(value.yes()),
        "higher_prio_send_advert" => draft.higher_prio_send_advert = Some(value.yes()),
        // keepalived only looks whether the word is a boolean, and turns it on.
        "skip_check_adv_addr" => draft.skip_check_adv_addr = Some(true),
        "down_timer_adverts" => draft.down_timer_adverts = value.int(),
        "accept" => {
            draft.accept = Some(true);
            draft.options.accept = node.span();
        }
        "no_accept" => draft.accept = Some(false),
        "promote_secondaries" => draft.promote_secondaries = Some(node.span()),
        "smtp_alert" => draft.smtp_alert = Some(value.yes()),
        _ => return false,
    }
    true
}

fn instance_garp(name: &str, value: &Value, garp: &mut GarpDraft) {
    match name {
        "garp_master_delay" => garp.master_delay = value.seconds(),
        "garp_master_refresh" => garp.master_refresh = value.seconds(),
        "garp_lower_prio_delay" => garp.lower_prio_delay = value.seconds(),
        "garp_lower_prio_repeat" => garp.lower_prio_repeat = value.int(),
        _ => {}
    }
}

/// Appends addresses; nearly always they are the first, and take no more room than they need.
fn more(all: &mut Vec<Address>, found: Vec<Address>) {
    if all.is_empty() {
        *all = found;
    } else {
        all.extend(found);
    }
}

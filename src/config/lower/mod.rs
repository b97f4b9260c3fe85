//! Tree to model: one file for each block.
//!
//! The table's row says what a keyword's argument is; reading it, and every complaint about it, is in
//! [`read`]. The files for the blocks only say where a value goes, and what a block means as a whole.

mod address;
mod address_vmacs;
mod bfd;
mod cause;
mod check;
mod check_datagram;
mod check_http;
mod check_local;
mod check_pattern;
mod check_smtp;
mod definitions;
mod file;
mod forwarding;
mod global;
mod global_daemon;
mod group;
mod group_rules;
mod hmac;
mod instance;
mod instance_addresses;
mod instance_options;
mod instance_rules;
mod interfaces;
mod ipvlan;
mod line;
mod nexthop;
mod process;
mod read;
mod real_server;
mod route;
mod route_metric;
mod rule;
mod script;
mod server_group;
mod service;
mod service_rules;
mod service_scope;
mod ssl;
mod statics;
mod strict;
mod tracked;
mod vmac;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::Loaded;
use super::host::{InterfaceUse, ScriptKind, ScriptUse, UserUse};
use super::keywords::{Arguments, Context, Keyword, Repeat, Status, Values};
use super::model::global::IpvsNamespace;
use super::model::lvs::Target;
use super::model::{Command, Notify, ServerGroup, UserSpec};
use super::policy::{Rejected, RejectedKind};
use super::syntax::{Node, Piece, Tree};
use crate::diag::{Class, Diagnostic, Span};
use crate::ids::Name;
use crate::objects::ipvs::Protocol;
use definitions::Definitions;
use read::Value;

/// Puts the tree's meaning into `loaded.config`. The nodes come one after the other and are dropped once
/// they are understood; `globals` is how many of them at most are `global_defs`.
pub fn lower(tree: &mut Tree, globals: usize, keep: bool, loaded: &mut Loaded) {
    let mut lower = Lower {
        loaded,
        script_places: BTreeMap::new(),
        definitions: Definitions::default(),
        preferences: rule::Preferences::default(),
        services: FxHashMap::default(),
        open_service: None,
        sync_daemon_place: None,
        checks: check::Shared::default(),
        interfaces: BTreeSet::new(),
        common: instance::Shared::default(),
        understood: None,
        waiting_services: Vec::new(),
        server_groups: HashMap::new(),
        group_services: HashMap::new(),
        unhonoured: BTreeSet::new(),
        in_unhonoured: false,
    };
    // keepalived reads global_defs before all else, wherever it stands. All other things it knows only below
    // the line that names them.
    let (mut above, mut found) = (Vec::new(), 0);
    while found < globals
        && let Some(piece) = lower.next(tree)
    {
        found += usize::from(piece.node.name() == "global_defs");
        above.push(piece);
    }
    lower.globals(&above);
    let mut vrrp = instance::Collected::default();
    let mut seen = Seen::new();
    let mut above = above.into_iter();
    while let Some(piece) = above.next().or_else(|| lower.next(tree)) {
        let Piece { node, first, last } = piece;
        if first {
            lower.one(&node, &mut seen, &mut |lower, node, value| lower.top(node, value, &mut vrrp));
        } else {
            lower.service_lines(&node);
        }
        if last {
            lower.finish_service(&node);
        }
        if keep {
            lower.loaded.tree.push(node);
        } else {
            tree.recycle(node);
        }
    }
    lower.finish_waiting_services();
    lower.complete_vrrp(vrrp);
    lower.complete_track_groups();
}

/// The keywords of a block that count only once, and where they stand.
type Seen = SmallVec<[(&'static Keyword, Option<Span>); 6]>;

/// Where a `vrrp_script` was written: its name, and its command.
struct ScriptPlaces {
    name: Option<Span>,
    command: Option<Span>,
    /// Somebody names it above its block, and has been told.
    named_too_early: bool,
}

struct Lower<'a> {
    loaded: &'a mut Loaded,
    /// `vrrp_script` by name.
    script_places: BTreeMap<Name, ScriptPlaces>,
    definitions: Definitions,
    preferences: rule::Preferences,
    /// Services by what the kernel knows them by, with their places.
    services: FxHashMap<(Target, Protocol), Option<Span>>,
    /// The service that is being read: a long one comes in parts.
    open_service: Option<service::OpenService>,
    /// Where `lvs_sync_daemon` names its instance.
    sync_daemon_place: Option<Span>,
    /// What checks have in common.
    checks: check::Shared,
    /// Those that instances are on: thousands share a few.
    interfaces: BTreeSet<Name>,
    /// What instances have in common.
    common: instance::Shared,
    /// What the last block of a real server came to that stands in the text several times.
    understood: Option<(Arc<Vec<Node>>, Arc<real_server::RealBlock>)>,
    /// Services of groups that are not defined yet.
    waiting_services: Vec<service::ServiceDraft>,
    /// `virtual_server_group` by name.
    server_groups: HashMap<Name, Arc<ServerGroup>>,
    /// How many services each of them has so far.
    group_services: HashMap<Name, u32>,
    /// Keywords without effect that were spoken of already.
    unhonoured: BTreeSet<&'static str>,
    /// Inside a block without effect.
    in_unhonoured: bool,
}

/// What to do about a word that looks like another language, or like a name that nothing defines.
fn slip(text: &str) -> Option<String> {
    if text == "=" {
        return Some("remove the '=': the value follows its keyword after a blank".to_owned());
    }
    if let Some(word) = text.strip_suffix([',', ';']).filter(|word| !word.is_empty()) {
        return Some(format!("write '{word}': nothing parts the lines but their ends"));
    }
    let name = text.strip_prefix('$')?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !name.is_empty();
    is_name.then(|| format!("{text} is not defined; define it in a line above: {text}=VALUE"))
}

impl Lower<'_> {
    fn report(&mut self, mut diagnostic: Diagnostic) {
        if !self.loaded.is_explained(diagnostic.span) {
            if diagnostic.help.is_none() {
                diagnostic.help = diagnostic.span.and_then(|span| slip(self.loaded.sources.text(span)));
            }
            self.loaded.tell(diagnostic);
        }
    }

    /// How much was said and asked for so far: nothing was, between two equal answers.
    fn said(&self) -> [usize; 6] {
        let Loaded { diagnostics, untold, rejected, needs, .. } = &*self.loaded;
        let needed = needs.interfaces.len() + needs.key_files.len() + needs.names.len();
        [diagnostics.len(), untold.0, rejected.len(), needed, needs.scripts.len(), needs.users.len()]
    }

    fn reject(&mut self, kind: RejectedKind, span: Option<Span>, reason: impl Into<String>) {
        self.loaded.rejected.push(Rejected { kind, span, reason: reason.into() });
    }

    /// The next node; what was wrong with it is told first, since some of it explains what follows from it.
    fn next(&mut self, tree: &mut Tree) -> Option<Piece> {
        let piece = tree.next();
        self.loaded.tell_findings(tree.findings());
        piece
    }

    /// What stands outside every block.
    fn top(&mut self, node: &Node, value: Value, vrrp: &mut instance::Collected) {
        match node.name() {
            "vrrp_script" => self.script(node),
            "vrrp_instance" => self.instance(node, vrrp),
            "vrrp_sync_group" => self.group(node, vrrp),
            "virtual_server" => self.service(node),
            "virtual_server_group" => self.server_group(node),
            "SSL" => self.ssl(node),
            "bfd_instance" => self.bfd(node),
            "vrrp_track_process" => self.track_process(node),
            "track_file" | "vrrp_track_file" => self.track_file(node),
            "track_group" => self.track_group(node),
            "static_ipaddress" => self.static_addresses(node),
            "static_routes" => self.static_routes(node),
            "static_rules" => self.static_rules(node),
            "garp_group" => self.garp_group(node),
            "linkbeat_interfaces" => self.linkbeat(node),
            "interface_up_down_delays" => self.up_down_delays(node),
            "net_namespace" => self.loaded.config.global.net_namespace = value.text(),
            "net_namespace_ipvs" => {
                let name = node.argument(1).map(|name| IpvsNamespace::Named(name.to_owned()));
                self.loaded.config.global.net_namespace_ipvs = Some(name.unwrap_or(IpvsNamespace::First));
            }
            "instance" => self.loaded.config.global.instance = value.text(),
            "use_pid_dir" => self.loaded.config.global.use_pid_dir = true,
            "linkbeat_use_polling" => self.loaded.config.global.linkbeat_use_polling = true,
            "namespace_with_ipsets" => self.loaded.config.global.namespace_with_ipsets = true,
            "child_wait_time" => {
                global::set(&mut self.loaded.config.global.child_wait_time, value.seconds());
            }
            _ => {}
        }
    }

    /// Reads each keyword of a block by its row, and hands over what is good.
    fn each(&mut self, nodes: &[Node], mut take: impl FnMut(&mut Self, &Node, Value)) {
        let mut seen = Seen::new();
        for node in nodes {
            self.one(node, &mut seen, &mut take);
        }
    }

    /// Reads one; `seen` are those before it in its block that count only once.
    fn one(&mut self, node: &Node, seen: &mut Seen, take: &mut impl FnMut(&mut Self, &Node, Value)) {
        let Some(row) = node.row else { return };
        if !self.first_or_allowed(node, row, seen) {
            return;
        }
        self.say_if_old(node, row);
        self.say_if_words_before_values(node, row);
        let value = self.read(node, row);
        if let Status::Unused(feature) = row.status {
            let message = format!("'{}' has no effect yet: standfast {feature}", row.name);
            self.say_without_effect(node, feature, message);
        }
        if row.status == Status::Ignored {
            // A block that goes nowhere is checked here; a value without effect is part of the model.
            self.unhonoured(node, row, value.clone());
            if row.has_block() {
                return;
            }
        }
        if let Some(value) = value {
            // Of what stands in a block without effect nothing more need be said.
            let inside = row.has_block() && matches!(row.status, Status::Unused(_));
            let outer = self.in_unhonoured;
            self.in_unhonoured |= inside;
            take(self, node, value);
            self.in_unhonoured = outer;
        } else {
            self.lost(node, row);
        }
    }

    /// The same for a block whose contents go nowhere.
    fn only_check(&mut self, nodes: &[Node]) {
        self.each(nodes, |_, _, _| {});
    }

    fn first_or_allowed(&mut self, node: &Node, row: &'static Keyword, seen: &mut Seen) -> bool {
        if row.repeat == Repeat::Repeats {
            return true;
        }
        let Some((_, first)) = seen.iter().find(|(known, _)| std::ptr::eq(*known, row)) else {
            seen.push((row, node.span()));
            return true;
        };
        let (name, first) = (row.name, *first);
        let with_first = |diagnostic: Diagnostic| match first {
            Some(first) => diagnostic.related(first, "the first one"),
            None => diagnostic,
        };
        match row.repeat {
            Repeat::FirstWins => {
                let message = format!("{name} already specified - ignoring");
                self.report(with_first(Diagnostic::error("given-twice", node.span(), message)));
                false
            }
            Repeat::Replaces => {
                let message = format!("{name} already specified - replacing");
                self.report(with_first(Diagnostic::error("given-twice", node.span(), message)));
                true
            }
            Repeat::LastWins | Repeat::Repeats => {
                if row.arguments != Arguments::Nothing {
                    let message = format!("{name} is given twice; the last one counts");
                    self.report(with_first(Diagnostic::note("given-twice", node.span(), message)));
                }
                true
            }
        }
    }

    fn say_if_old(&mut self, node: &Node, row: &'static Keyword) {
        let Some(replacement) = row.replacement else { return };
        let (old, new) = (row.name, replacement.keyword);
        let message = format!("{old} is deprecated - please use '{new}'");
        let diagnostic = if replacement.fault {
            Diagnostic::warning("deprecated", node.span(), message)
        } else {
            Diagnostic::note("deprecated", node.span(), message)
        };
        self.report(diagnostic);
    }

    /// Words between the keyword of a value block and its brace.
    fn say_if_words_before_values(&mut self, node: &Node, row: &'static Keyword) {
        let Arguments::Values(values) = row.arguments else { return };
        let opened = node.block.as_ref().is_some_and(|block| block.open.is_some());
        if values != Values::Targets && opened && node.line.count() > 1 {
            let words: Vec<&str> = node.line.words_from(1).collect();
            let message = format!("Block {} has extra parameters {}", row.name, words.join(" "));
            self.report(
                Diagnostic::error("extra-words", node.span_of(1), message)
                    .expected("'{'")
                    .help("entries stand between the braces; these words are ignored"),
            );
        }
    }

    /// An object without a name or address that can be read.
    fn lost(&mut self, node: &Node, row: &'static Keyword) {
        let kind = match row.name {
            "vrrp_instance" => RejectedKind::Instance(None),
            "vrrp_sync_group" => RejectedKind::SyncGroup(None),
            "vrrp_script" => RejectedKind::Script(None),
            "virtual_server" => RejectedKind::Service(None),
            _ => return,
        };
        self.reject(kind, node.span(), format!("a {} has no name", row.name));
    }

    /// A keyword that does nothing yet is checked, and named once: the operator must know.
    fn unhonoured(&mut self, node: &Node, row: &'static Keyword, value: Option<Value>) {
        self.say_without_effect(
            node,
            row.name,
            format!("'{}' is accepted, but has no effect yet", row.name),
        );
        match (row.arguments, value) {
            (Arguments::Block(context), _) => {
                let outer = std::mem::replace(&mut self.in_unhonoured, true);
                self.only_check(node.nodes());
                self.in_unhonoured = outer;
                self.required(node, context);
            }
            (Arguments::Script, Some(Value::Script(command))) => {
                let kind = match row.name {
                    "startup_script" | "shutdown_script" => ScriptKind::Daemon,
                    _ => ScriptKind::Notify,
                };
                self.need_script(&command, node.name(), kind, node.span_of(1));
            }
            _ => {}
        }
    }

    /// Once for each keyword, and not again for what stands in a block of which it was said.
    fn say_without_effect(&mut self, node: &Node, what: &'static str, message: String) {
        if !self.in_unhonoured && self.unhonoured.insert(what) {
            self.report(Diagnostic::warning("no-effect-yet", node.span(), message).class(Class::Silent));
        }
    }

    fn need_interface(&mut self, name: &str, by: impl Into<String>, span: Option<Span>) {
        let wanted = InterfaceUse { name: name.into(), by: by.into(), span, dispensable: false };
        self.loaded.needs.interfaces.push(wanted);
    }

    /// An interface without which a line means nothing.
    fn wish_interface(&mut self, name: &str, by: impl Into<String>, span: Option<Span>) {
        let wanted = InterfaceUse { name: name.into(), by: by.into(), span, dispensable: true };
        self.loaded.needs.interfaces.push(wanted);
    }

    /// Complains when none of the keywords is there without which the block is nothing.
    fn required(&mut self, node: &Node, context: Context) {
        let names = context.required();
        if names.is_empty() || node.nodes().iter().any(|inner| names.contains(&inner.name())) {
            return;
        }
        let which = node.line.words_from(0).take(2).collect::<Vec<_>>().join(" ");
        if self.is_consequence(node, names, &format!("{which} is left out")) {
            return;
        }
        let message = format!("{which} has no {} - ignoring", names.join(" or "));
        self.report(
            Diagnostic::error("incomplete-block", node.span(), message)
                .expected(format!("{} in its block", names.join(" or "))),
        );
    }

    fn need_script(
        &mut self,
        command: &Command,
        by: impl Into<String>,
        kind: ScriptKind,
        span: Option<Span>,
    ) {
        self.loaded.needs.scripts.push(ScriptUse { command: command.clone(), by: by.into(), kind, span });
        if let Some(user) = &command.user {
            self.need_user(user, true, span);
        }
    }

    /// The scripts of an instance or a group.
    fn need_notify(&mut self, notify: &Notify, places: &[(&'static str, Option<Span>)], owner: &Name) {
        let scripts = [
            ("notify_master", &notify.master),
            ("notify_backup", &notify.backup),
            ("notify_fault", &notify.fault),
            ("notify_stop", &notify.stop),
            ("notify_deleted", &notify.deleted),
            ("notify", &notify.any),
            ("notify_master_rx_lower_pri", &notify.master_rx_lower_pri),
        ];
        for (name, command) in scripts {
            if let Some(command) = command {
                let span =
                    places.iter().rev().find(|(keyword, _)| *keyword == name).and_then(|(_, span)| *span);
                self.need_script(command, format!("{name} script of {owner}"), ScriptKind::Notify, span);
            }
        }
    }

    fn need_user(&mut self, user: &UserSpec, of_script: bool, span: Option<Span>) {
        self.loaded.needs.users.push(UserUse { user: user.clone(), of_script, span });
    }
}

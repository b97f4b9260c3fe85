//! What a configuration needs of the host, and what is wrong when the host does not have it.
//!
//! The daemon finds the facts out and passes them in; nothing here asks the system.

mod keys;

use std::collections::{BTreeMap, BTreeSet};

pub use keys::{KeyFile, KeyFileUse, NO_KEY, take_keys};

use super::model::{Command, UserSpec};
use super::{Loaded, suggest};
use crate::diag::{Class, Diagnostic, Span};
use crate::ids::Name;
pub use crate::objects::route::List;

/// Who runs scripts where the configuration names nobody, if there is such a user.
pub const DEFAULT_USER: &str = "keepalived_script";

/// The code of a diagnostic about an interface that the host lacks.
pub const NO_SUCH_INTERFACE: &str = "no-such-interface";

/// The code of a diagnostic about a name of a number that the host does not know.
pub const UNKNOWN_NAME: &str = "unknown-name";

/// Everything in a configuration that may or may not be on a host.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Needs {
    pub interfaces: Vec<InterfaceUse>,
    pub scripts: Vec<ScriptUse>,
    pub users: Vec<UserUse>,
    pub names: Vec<NameUse>,
    pub key_files: Vec<KeyFileUse>,
}

/// A place where an interface is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InterfaceUse {
    pub name: Name,
    /// Such as `vrrp_instance VI_1`.
    pub by: String,
    pub span: Option<Span>,
    /// Without it only its line counts for nothing.
    pub dispensable: bool,
}

/// A place where a number has a name that not every host knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameUse {
    pub list: List,
    pub name: Name,
    /// The word in front of it, such as `table`.
    pub by: String,
    pub span: Option<Span>,
}

/// A place where a script is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptUse {
    pub command: Command,
    /// Such as `vrrp_script check`.
    pub by: String,
    pub kind: ScriptKind,
    pub span: Option<Span>,
}

/// What a script is for, and so what keepalived makes of one that is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScriptKind {
    /// A `vrrp_script` that something tracks.
    Track,
    /// A `vrrp_script` that nothing tracks; it never runs, but keepalived looks at it.
    Unused,
    /// Told of changes in VRRP; one that is missing is only logged.
    Notify,
    /// `startup_script`, `shutdown_script`
    Daemon,
    /// A health check.
    Check,
    /// Told of changes in LVS; one that is missing is only logged.
    CheckNotify,
}

impl ScriptKind {
    /// Run by the part of keepalived that does VRRP.
    const fn of_vrrp(self) -> bool {
        matches!(self, ScriptKind::Track | ScriptKind::Unused | ScriptKind::Notify)
    }
}

/// A place where a user is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserUse {
    pub user: UserSpec,
    /// Of one script, which is then disabled; else of all that name nobody.
    pub of_script: bool,
    pub span: Option<Span>,
}

/// What a host has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HostFacts {
    pub interfaces: BTreeSet<String>,
    /// Names of numbers in iproute2's files, where the configuration uses one.
    pub names: BTreeSet<(List, String)>,
    /// Users and groups that exist, of those in [`Needs::users`] and [`DEFAULT_USER`].
    pub users: BTreeSet<String>,
    pub groups: BTreeSet<String>,
    /// Named network namespaces.
    pub namespaces: BTreeSet<String>,
    /// By the program as written in [`Needs::scripts`]; one that is not here was not found.
    pub programs: BTreeMap<String, Program>,
    /// By the path in [`Needs::key_files`].
    pub key_files: BTreeMap<String, KeyFile>,
}

/// What is known of a program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Program {
    /// Found, and the user may run it.
    Usable,
    /// Found, but the user may not run it.
    NotExecutable,
    /// Others than root may change it or a folder above it, and it runs as root.
    Insecure,
}

impl Needs {
    /// The programs to look for, with the user who runs each.
    pub fn programs(&self) -> impl Iterator<Item = (&str, Option<&UserSpec>)> {
        self.scripts.iter().filter_map(|script| {
            Some((script.command.argv.first()?.as_str(), script.command.user.as_ref()))
        })
    }
}

/// Compares a configuration's needs with a host. The diagnostics come in the order of the text.
pub fn check(loaded: &Loaded, facts: &HostFacts) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if let Some(name) = &loaded.config.global.net_namespace
        && !facts.namespaces.contains(name)
    {
        let message = format!("there is no network namespace '{name}'");
        found.push(
            Diagnostic::error("no-such-namespace", None, message)
                .class(Class::Over)
                .help(format!("make it: ip netns add {name}")),
        );
    }
    interfaces(loaded, facts, &mut found);
    let vrrp_ends = !found.is_empty();
    dispensable(loaded, facts, &mut found);
    numbers(loaded, facts, &mut found);
    users(loaded, facts, &mut found);
    scripts(loaded, facts, vrrp_ends, &mut found);
    keys::check(loaded, facts, &mut found);
    found
}

fn interfaces(loaded: &Loaded, facts: &HostFacts, found: &mut Vec<Diagnostic>) {
    if loaded.config.global.dynamic_interfaces.is_some() {
        return;
    }
    let mut said = BTreeSet::new();
    for wanted in loaded.needs.interfaces.iter().filter(|wanted| !wanted.dispensable) {
        let exists =
            facts.interfaces.contains(&*wanted.name) || loaded.own_interfaces.contains(&wanted.name);
        if exists || !said.insert((&wanted.name, &wanted.by)) {
            continue;
        }
        let message = format!("WARNING - interface {} for {} doesn't exist", wanted.name, wanted.by);
        let mut diagnostic = Diagnostic::warning(NO_SUCH_INTERFACE, wanted.span, message);
        let known = suggest::candidates(&wanted.name, names(facts), "other interface");
        let end = if known.ends_with('?') { "" } else { ";" };
        diagnostic = diagnostic.help(format!(
            "{known}{end} standfast waits for it, keepalived would end unless global_defs has dynamic_interfaces"
        ));
        found.push(diagnostic);
    }
}

/// Lines that count for nothing without their interface.
fn dispensable(loaded: &Loaded, facts: &HostFacts, found: &mut Vec<Diagnostic>) {
    for wanted in loaded.needs.interfaces.iter().filter(|wanted| wanted.dispensable) {
        if !facts.interfaces.contains(&*wanted.name) && !loaded.own_interfaces.contains(&wanted.name) {
            let message = format!("unknown interface {} specified for {}", wanted.name, wanted.by);
            found.push(
                Diagnostic::error("line-without-interface", wanted.span, message).class(Class::Fatal).help(
                    format!(
                        "the line is ignored; {}",
                        suggest::candidates(&wanted.name, names(facts), "other interface")
                    ),
                ),
            );
        }
    }
}

/// Names of numbers.
fn numbers(loaded: &Loaded, facts: &HostFacts, found: &mut Vec<Diagnostic>) {
    for wanted in &loaded.needs.names {
        let of_list = facts.names.iter().filter(|(list, _)| *list == wanted.list).map(|(_, name)| &**name);
        let mut of_list = of_list.peekable();
        let told = || loaded.diagnostics.iter().any(|one| one.span.is_some() && one.span == wanted.span);
        if of_list.clone().any(|name| name == &*wanted.name) || told() {
            continue;
        }
        let file = wanted.list.file();
        let known = match of_list.peek() {
            None => format!("this host has no {file}"),
            Some(_) => suggest::candidates(&wanted.name, of_list, "other name"),
        };
        let message = format!("{} {} not found or invalid", wanted.by, wanted.name);
        found.push(
            Diagnostic::error(UNKNOWN_NAME, wanted.span, message)
                .expected(format!("a number, or a name in {file} of iproute2"))
                .help(format!("its line counts for nothing; {known}")),
        );
    }
}

/// Interfaces that may carry VRRP.
fn names(facts: &HostFacts) -> impl Iterator<Item = &str> {
    facts.interfaces.iter().map(String::as_str).filter(|name| *name != "lo")
}

fn users(loaded: &Loaded, facts: &HostFacts, found: &mut Vec<Diagnostic>) {
    for wanted in loaded.needs.users.iter().filter(|wanted| !wanted.of_script) {
        let UserSpec { user, group } = &wanted.user;
        if !facts.users.contains(user) {
            let message = format!("Unable to resolve script username '{user}' - ignoring");
            found.push(
                Diagnostic::error("no-such-user", wanted.span, message)
                    .expected("a user of this host")
                    .help(format!("correct the name, or make the user: useradd --system {user}")),
            );
        } else if let Some(group) = group
            && !facts.groups.contains(group)
        {
            let message = format!("Unable to resolve script group name '{group}' - ignoring");
            found.push(
                Diagnostic::error("no-such-group", wanted.span, message)
                    .expected("a group of this host")
                    .help(format!("correct the name, or make the group: groupadd --system {group}")),
            );
        }
    }
}

/// `vrrp_ends`: keepalived's VRRP part ends before it looks whether its scripts are secure.
fn scripts(loaded: &Loaded, facts: &HostFacts, vrrp_ends: bool, found: &mut Vec<Diagnostic>) {
    let security = loaded.config.global.script_security;
    let mut running = None;
    for script in &loaded.needs.scripts {
        let Some(program) = script.command.argv.first() else { continue };
        if let Some(spec) = script.command.user.as_ref().filter(|spec| !is_known(spec, facts)) {
            found.push(unknown_user(script, spec));
            continue;
        }
        if security && user_of(loaded, facts, script).is_none() {
            found.push(no_user(script));
            continue;
        }
        let kind = facts.programs.get(program);
        if kind == Some(&Program::Usable)
            && !program.contains('/')
            && user_of(loaded, facts, script) != Some("root")
        {
            found.push(by_path(script, program));
            continue;
        }
        let problem = match kind {
            Some(Program::Usable) => None,
            Some(Program::Insecure) if !security => None,
            Some(Program::Insecure) => Some("due to insecure"),
            Some(Program::NotExecutable) | None => Some("since not found/accessible"),
        };
        match problem {
            Some(why) if script.kind != ScriptKind::Unused => {
                let message = format!("Disabling {} {why}", script.by);
                let known = facts.programs.keys().map(String::as_str).filter(|known| *known != program);
                let mut diagnostic = Diagnostic::error("script-unusable", script.span, message)
                    .expected(format!("a program '{program}' that its user may run"));
                if let Some(near) = suggest::nearest(program, known) {
                    diagnostic = diagnostic.help(format!("did you mean '{near}'?"));
                }
                found.push(diagnostic.class(class_of_missing(script.kind)));
            }
            Some(_) => {}
            None if vrrp_ends && script.kind.of_vrrp() => {}
            None => running = running.or(Some(script)),
        }
    }
    if let Some(script) = running
        && !security
    {
        let which = match script.kind {
            ScriptKind::Daemon => "start/shutdown scripts",
            ScriptKind::Check | ScriptKind::CheckNotify => "check scripts",
            ScriptKind::Track | ScriptKind::Unused | ScriptKind::Notify => "scripts",
        };
        let message =
            format!("SECURITY VIOLATION - {which} are being executed but script_security not enabled.");
        let mut diagnostic = Diagnostic::warning("script-security", None, message)
            .class(Class::Security)
            .help("write 'enable_script_security' in global_defs, and a script_user");
        if let Some(place) = script.span {
            diagnostic = diagnostic.related(place, "this one is the first");
        }
        found.push(diagnostic);
    }
}

const fn class_of_missing(kind: ScriptKind) -> Class {
    match kind {
        ScriptKind::Track => Class::Fault,
        ScriptKind::Unused
        | ScriptKind::Notify
        | ScriptKind::Daemon
        | ScriptKind::Check
        | ScriptKind::CheckNotify => Class::Silent,
    }
}

/// Who runs a script: the line's user, `script_user`, the user `keepalived_script`, or root where there is
/// none and script security does not forbid it.
fn user_of<'a>(loaded: &'a Loaded, facts: &HostFacts, script: &'a ScriptUse) -> Option<&'a str> {
    match script.command.user.as_ref().or(loaded.config.global.script_user.as_ref()) {
        Some(spec) if spec.user == "0" => Some("root"),
        Some(spec) => Some(&spec.user),
        None if facts.users.contains(DEFAULT_USER) => Some(DEFAULT_USER),
        None if loaded.config.global.script_security => None,
        None => Some("root"),
    }
}

fn is_known(spec: &UserSpec, facts: &HostFacts) -> bool {
    let group = spec.group.as_ref().is_none_or(|group| facts.groups.contains(group));
    facts.users.contains(&spec.user) && group
}

fn unknown_user(script: &ScriptUse, spec: &UserSpec) -> Diagnostic {
    let group = spec.group.as_ref().map(|group| format!(" or group '{group}'")).unwrap_or_default();
    let message = format!("Disabling {}: there is no user '{}'{group}", script.by, spec.user);
    let class = match script.kind {
        // keepalived knows this while it reads.
        ScriptKind::Daemon | ScriptKind::Check => Class::Fault,
        kind => class_of_missing(kind),
    };
    Diagnostic::error("no-such-user", script.span, message).class(class)
}

fn no_user(script: &ScriptUse) -> Diagnostic {
    let message = format!("Unable to set default user keepalived_script for {}", script.by);
    Diagnostic::error("no-script-user", script.span, message)
        .help("write script_user in global_defs, or make the user keepalived_script")
}

/// keepalived does not find such a program for another user than root, and disables the script. standfast
/// finds and runs it; its test answers as keepalived's does.
fn by_path(script: &ScriptUse, program: &str) -> Diagnostic {
    let message = format!("{}: '{program}' is looked up along PATH", script.by);
    Diagnostic::warning("program-by-path", script.span, message)
        .class(class_of_missing(script.kind))
        .help("write its full path: keepalived does not find it for a user other than root")
}

//! `MISC_CHECK`, `FILE_CHECK` and `BFD_CHECK`: checks that connect to nothing.

use super::Lower;
use super::check::{Common, Place};
use super::read::Value;
use super::real_server::RealBlock;
use crate::config::host::ScriptKind;
use crate::config::keywords::Context;
use crate::config::model::check::{BfdCheck, FileCheck, MiscCheck};
use crate::config::model::{CheckKind, Command, UserSpec};
use crate::config::syntax::Node;
use crate::diag::Diagnostic;
use crate::ids::Name;

impl Lower<'_> {
    /// Reads one.
    pub fn misc_check(&mut self, node: &Node, real: &mut RealBlock) {
        let mut common = Common::new(real);
        let (mut command, mut place): (Option<Command>, _) = (None, None);
        let mut user: Option<UserSpec> = None;
        let (mut timeout, mut dynamic) = (None, false);
        self.each(node.nodes(), |lower, node, value| match (node.name(), value) {
            ("misc_path", value) => (command, place) = (value.script(), node.span_of(1)),
            ("misc_timeout", value) => timeout = value.seconds().or(timeout),
            ("misc_dynamic", _) => dynamic = true,
            ("user", Value::User(spec)) => user = Some(spec),
            (_, value) => lower.common(node, &value, &mut common),
        });
        let Some(command) = command else {
            self.required(node, Context::MiscCheck);
            return;
        };
        let command = Command { user, ..command };
        self.need_script(&command, "misc_path", ScriptKind::Check, place);
        let misc = MiscCheck { command, timeout: timeout.unwrap_or_default(), dynamic };
        let kind = CheckKind::Misc(self.checks.commands.share(misc));
        let check = self.draft(&common, kind, Place::default());
        real.checks.push(check);
    }

    /// Reads one. Its file is defined above.
    pub fn file_check(&mut self, node: &Node, real: &mut RealBlock) {
        let (mut found, mut own) = (None, None);
        let mut told = false;
        self.each(node.nodes(), |lower, node, value| match value {
            Value::Weight(weight) => own = Some(weight),
            Value::Text(name) => {
                match lower.loaded.config.track_files.iter().find(|file| *file.name == name) {
                    Some(file) => found = Some((file.name.clone(), file.weight, file.reverse)),
                    None => {
                        told = true;
                        let message = format!("track_file {name} not found");
                        let diagnostic = Diagnostic::error("no-such-file", node.span_of(1), message);
                        lower.undefined(diagnostic, &name, ("track_file", |known| &known.files));
                    }
                }
            }
            _ => {}
        });
        let Some((file, weight, reverse)) = found else {
            if !told {
                self.required(node, Context::FileCheck);
            }
            return;
        };
        let (weight, reverse) = match own {
            Some(own) => (own.weight, own.reverse.unwrap_or(false)),
            None => (weight.into(), reverse),
        };
        let kind = CheckKind::File(self.checks.files.share(FileCheck { file, weight, reverse }));
        let common = Common::new(real);
        let check = self.draft(&common, kind, Place::default());
        real.checks.push(check);
    }

    /// Reads one. Its session is defined above, and the checkers hear of it.
    pub fn bfd_check(&mut self, node: &Node, real: &mut RealBlock) {
        let mut common = Common::new(real);
        let (mut instance, mut named) = (None, false);
        let watched = |name: &str| {
            real.checks
                .iter()
                .any(|check| matches!(&check.kind, CheckKind::Bfd(bfd) if *bfd.instance == *name))
        };
        self.each(node.nodes(), |lower, node, value| match node.name() {
            "name" => {
                named = true;
                instance = lower.session(node).filter(|name| {
                    let twice = watched(name);
                    if twice {
                        let message = format!("BFD_CHECK - RS already monitoring {name}");
                        lower.report(Diagnostic::error("given-twice", node.span_of(1), message));
                    }
                    !twice
                });
            }
            _ => lower.common(node, &value, &mut common),
        });
        let Some(instance) = instance else {
            if !named {
                self.required(node, Context::BfdCheck);
            }
            return;
        };
        let kind = CheckKind::Bfd(self.checks.sessions.share(BfdCheck { instance }));
        let check = self.draft(&common, kind, Place::default());
        real.checks.push(check);
    }

    fn session(&mut self, node: &Node) -> Option<Name> {
        let (Some(name), None) = (node.argument(1), node.argument(2)) else {
            let message = "BFD_CHECK - No or too many names specified - skipping checker";
            self.report(
                Diagnostic::error("unknown-value", node.span_of(1).or(node.span()), message)
                    .expected("the name of a bfd_instance above"),
            );
            return None;
        };
        let message = format!("BFD_CHECK - BFD {name} not configured");
        match self.loaded.config.bfd_instances.iter().find(|one| *one.name == *name) {
            Some(one) if one.for_checkers => Some(one.name.clone()),
            Some(_) => {
                self.report(
                    Diagnostic::error("no-such-bfd", node.span_of(1), message)
                        .help("that bfd_instance is for VRRP only: write 'checker' in it too"),
                );
                None
            }
            None => {
                let diagnostic = Diagnostic::error("no-such-bfd", node.span_of(1), message);
                self.undefined(diagnostic, name, ("bfd_instance", |known| &known.bfds));
                None
            }
        }
    }
}

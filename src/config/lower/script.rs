//! `vrrp_script`

use std::time::Duration;

use super::global::set;
use super::read::Value;
use super::{Lower, ScriptPlaces};
use crate::config::model::{Command, TrackScript, UserSpec};
use crate::config::policy::RejectedKind;
use crate::config::syntax::Node;
use crate::diag::Diagnostic;
use crate::ids::Name;

impl Lower<'_> {
    /// Reads one; the first of a name counts.
    pub fn script(&mut self, node: &Node) {
        let Some(name) = node.argument(1) else { return };
        let name: Name = name.into();
        let (mut command, mut place): (Option<Command>, _) = (None, None);
        let mut user: Option<UserSpec> = None;
        let mut timeout: Option<Duration> = None;
        let mut script = TrackScript {
            name: name.clone(),
            command: Command { argv: Vec::new(), user: None },
            interval: Duration::from_secs(1),
            timeout: Duration::ZERO,
            weight: 0,
            reverse: false,
            rise: 1,
            fall: 1,
            init_fail: false,
        };
        self.each(node.nodes(), |_, node, value| match node.name() {
            "script" => (command, place) = (value.script(), node.span_of(1)),
            "interval" => set(&mut script.interval, value.decimal()),
            "timeout" => timeout = value.decimal(),
            "rise" => set(&mut script.rise, value.int()),
            "fall" => set(&mut script.fall, value.int()),
            "init_fail" => script.init_fail = true,
            "weight" => {
                if let Value::Weight(weight) = value {
                    script.weight = weight.of_vrrp();
                    script.reverse = weight.reverse.unwrap_or(false);
                }
            }
            "user" => {
                if let Value::User(spec) = value {
                    user = Some(spec);
                }
            }
            _ => {}
        });
        let Some(command) = command else {
            if !self.is_consequence(node, &["script"], &format!("vrrp_script {name} is left out")) {
                let message = format!("No script set for vrrp_script {name} - removing");
                self.report(
                    Diagnostic::error("missing-parameter", node.span_of(1), message)
                        .expected("script \"COMMAND\""),
                );
            }
            self.lose("vrrp_script", &name);
            self.reject(
                RejectedKind::Script(Some(name.clone())),
                node.span_of(1),
                format!("vrrp_script '{name}' has no script"),
            );
            return;
        };
        script.timeout = timeout.unwrap_or(script.interval);
        script.command = Command { argv: command.argv, user };
        if let Some(first) = self.script_places.get(&name).map(|places| places.name) {
            let message = format!("vrrp_script '{name}' is defined twice; the first one counts");
            let mut diagnostic = Diagnostic::note("given-twice", node.span_of(1), message);
            if let Some(first) = first {
                diagnostic = diagnostic.related(first, "the first one");
            }
            self.report(diagnostic);
            return;
        }
        self.script_places
            .insert(name, ScriptPlaces { name: node.span_of(1), command: place, named_too_early: false });
        self.loaded.config.track_scripts.push(script);
    }
}

//! Traps of scripts.

use std::time::Duration;

use super::{Lints, child, place};
use crate::config::syntax::Node;

/// A check that runs less often.
const SELDOM: Duration = Duration::from_secs(60);
/// Words that only a shell understands.
const SHELL: &[&str] = &["|", "||", "&&", ";", ">", "<", ">>", "2>&1", ">/dev/null", "2>/dev/null", "&"];

impl Lints<'_> {
    pub(super) fn scripts(&mut self) {
        let config = &self.loaded.config;
        for node in self.blocks("vrrp_script") {
            let Some(script) = config.track_scripts.iter().find(|one| Some(&*one.name) == node.argument(1))
            else {
                continue;
            };
            if script.timeout > script.interval {
                self.say(
                    "timeout-longer-than-interval",
                    place(node, "timeout"),
                    format!(
                        "{}: a run may last {} s, but the next is due after {} s",
                        script.name,
                        script.timeout.as_secs_f64(),
                        script.interval.as_secs_f64()
                    ),
                    "a run that is not over makes the next one wait: choose a timeout below the interval",
                );
            }
            if script.interval > SELDOM {
                self.say(
                    "script-runs-seldom",
                    place(node, "interval"),
                    format!(
                        "{}: a failure is noticed after {} s at the latest",
                        script.name,
                        script.interval.as_secs_f64() * f64::from(script.fall)
                    ),
                    "interval times fall is the time until it counts",
                );
            }
            if script.fall == 1 && script.rise == 1 && script.weight == 0 {
                self.say(
                    "one-failure-is-a-failover",
                    node.span_of(1),
                    format!("{}: one failed run means FAULT, one good one the way back", script.name),
                    "write fall 2 or more, and rise 2 or more",
                );
            }
            if child(node, "user").is_none() && config.global.script_user.is_none() {
                self.say(
                    "script-without-user",
                    place(node, "script"),
                    format!(
                        "{}: runs as keepalived_script where there is such a user, else as root",
                        script.name
                    ),
                    "write 'user NAME' here or script_user in global_defs",
                );
            }
            self.shell_words(node, &script.command.argv);
        }
        for node in self.blocks("vrrp_instance").chain(self.blocks("vrrp_sync_group")) {
            for line in node.nodes().iter().filter(|line| line.name().starts_with("notify")) {
                let words: Vec<String> =
                    line.line.words_from(1).flat_map(str::split_whitespace).map(str::to_owned).collect();
                self.shell_words(line, &words);
            }
        }
    }

    /// Commands are not given to a shell.
    fn shell_words(&mut self, node: &Node, argv: &[String]) {
        let shell = argv.first().is_some_and(|program| {
            matches!(program.rsplit('/').next(), Some("sh" | "bash" | "dash" | "ash" | "zsh"))
        });
        let word = argv.iter().find(|word| SHELL.contains(&word.as_str()) || word.starts_with("$("));
        if let Some(word) = word.filter(|_| !shell) {
            self.say(
                "shell-words-without-shell",
                place(node, "script"),
                format!("'{word}' means nothing here: no shell reads the command"),
                "write it as /bin/sh -c '...', or put it into a script file",
            );
        }
    }
}

//! Every command of a configuration, judged once when it is loaded.

use std::collections::HashMap;
use std::sync::Arc;

use super::child::Running;
use super::prepare::{Prepared, Rules, prepare};
use crate::config::Needs;
use crate::config::host::Program;
use crate::config::model::{Command, Config};
use crate::report::Line;

/// The commands that may run, and the runs that are under way.
#[derive(Debug, Default)]
pub struct ScriptBook {
    scripts: HashMap<Command, Arc<Prepared>>,
    /// What was found of each program, as written.
    pub programs: Vec<(String, Program)>,
    pub running: Running,
}

impl ScriptBook {
    /// Looks at every command that the configuration names. Reads files and the user database: not for
    /// a worker of the runtime. What there is to say about them comes with it.
    pub fn open(config: &Config, needs: &Needs) -> (Self, Vec<Line>) {
        let rules = Rules::new(&config.global);
        let (mut book, mut lines) = (ScriptBook::default(), Vec::new());
        for need in &needs.scripts {
            if book.scripts.contains_key(&need.command) {
                continue;
            }
            let verdict = prepare(&need.command, &rules, &need.by);
            let program = match (&verdict.script, verdict.insecure) {
                (_, true) => Program::Insecure,
                (Some(_), false) => Program::Usable,
                (None, false) => Program::NotExecutable,
            };
            if let Some(name) = need.command.argv.first() {
                book.programs.push((name.clone(), program));
            }
            lines.extend(verdict.lines);
            if let Some(script) = verdict.script {
                book.scripts.insert(need.command.clone(), script);
            }
        }
        (book, lines)
    }

    /// The command ready to run; `None` if it is disabled.
    pub fn get(&self, command: &Command) -> Option<Arc<Prepared>> {
        self.scripts.get(command).cloned()
    }
}

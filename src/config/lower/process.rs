//! `vrrp_track_process`

use std::time::Duration;

use super::Lower;
use super::global::set;
use super::read::Value;
use crate::config::keywords::Context;
use crate::config::model::TrackProcess;
use crate::config::model::track::ParameterMatch;
use crate::config::syntax::Node;
use crate::diag::Diagnostic;

impl Lower<'_> {
    /// Reads one; the first of a name counts.
    pub fn track_process(&mut self, node: &Node) {
        let Some(name) = node.argument(1) else { return };
        let mut process = TrackProcess {
            name: name.into(),
            process: String::new(),
            parameters: Vec::new(),
            parameter_match: ParameterMatch::Any,
            full_command: false,
            weight: 0,
            reverse: false,
            quorum: 1,
            quorum_max: None,
            terminate_delay: Duration::ZERO,
            fork_delay: Duration::ZERO,
        };
        self.each(node.nodes(), |lower, node, value| lower.process_keyword(node, &value, &mut process));
        self.required(node, Context::TrackProcess);
        if process.process.is_empty() {
            self.lose("vrrp_track_process", &process.name);
            return;
        }
        if self.is_defined_above(node, |known| &known.processes) {
            return;
        }
        if !process.parameters.is_empty() && process.parameter_match == ParameterMatch::Any {
            process.full_command = true;
            process.parameter_match = ParameterMatch::Exact;
        }
        self.definitions.processes.insert(process.name.clone(), node.span_of(1));
        self.loaded.config.track_processes.push(process);
    }

    fn process_keyword(&mut self, node: &Node, value: &Value, process: &mut TrackProcess) {
        match node.name() {
            "process" => {
                process.process = node.argument(1).unwrap_or("").to_owned();
                process.parameters = node.line.words_from(2).map(str::to_owned).collect();
            }
            "param_match" => {
                process.full_command = true;
                process.parameter_match = match value {
                    Value::Text(word) if word == "initial" => ParameterMatch::Initial,
                    Value::Text(_) => ParameterMatch::Partial,
                    _ => ParameterMatch::Exact,
                };
            }
            "weight" => {
                if let Value::Weight(weight) = value {
                    process.weight = weight.of_vrrp();
                    process.reverse = weight.reverse.unwrap_or(false);
                }
            }
            "quorum" | "quorum_max" => self.process_quorum(node, value, process),
            "delay" => {
                set(&mut process.terminate_delay, value.decimal());
                set(&mut process.fork_delay, value.decimal());
            }
            "terminate_delay" => set(&mut process.terminate_delay, value.decimal()),
            "fork_delay" => set(&mut process.fork_delay, value.decimal()),
            "full_command" => process.full_command = true,
            _ => {}
        }
    }

    /// The least number cannot be above the greatest, whichever comes first.
    fn process_quorum(&mut self, node: &Node, value: &Value, process: &mut TrackProcess) {
        let Some(number) = value.int::<u16>() else { return };
        let (least, most) = match node.name() {
            "quorum" => (number, process.quorum_max),
            // None at all is what 0 asks for.
            _ if number == 0 => (0, None),
            _ => (process.quorum, Some(number)),
        };
        if let Some(most) = most
            && least > most
        {
            let message = if node.name() == "quorum" {
                "Quorum is greater than quorum_max - ignoring"
            } else {
                "quorum_max is less than quorum - ignoring"
            };
            self.report(
                Diagnostic::error("out-of-range", node.span_of(1), message)
                    .expected(format!("quorum {least} with quorum_max {least} or more")),
            );
            return;
        }
        match node.name() {
            "quorum" => process.quorum = number,
            _ => {
                process.quorum = process.quorum.min(number);
                process.quorum_max = Some(number);
            }
        }
    }
}

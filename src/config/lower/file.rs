//! `track_file`, and its old name `vrrp_track_file`.

use super::Lower;
use super::read::Value;
use crate::config::keywords::Context;
use crate::config::model::TrackFile;
use crate::config::model::track::InitFile;
use crate::config::syntax::Node;
use crate::diag::Diagnostic;

/// What makes sense in a file, as a priority's change.
const SENSIBLE: i32 = 254;

impl Lower<'_> {
    /// Reads one; the first of a name counts.
    pub fn track_file(&mut self, node: &Node) {
        let Some(name) = node.argument(1) else { return };
        let mut file = TrackFile {
            name: name.into(),
            path: String::new(),
            weight: TrackFile::WEIGHT,
            reverse: false,
            init: None,
        };
        self.each(node.nodes(), |lower, node, value| match (node.name(), value) {
            ("file", Value::Text(path)) => file.path = path,
            ("weight", Value::Weight(weight)) => {
                file.weight = weight.of_vrrp();
                file.reverse = weight.reverse.unwrap_or(false);
            }
            ("init_file", _) => file.init = Some(lower.init_file(node)),
            _ => {}
        });
        self.required(node, Context::TrackFile);
        if file.path.is_empty() {
            self.lose("track_file", &file.name);
            return;
        }
        if self.is_defined_above(node, |known| &known.files) {
            return;
        }
        self.definitions.files.insert(file.name.clone(), node.span_of(1));
        self.loaded.config.track_files.push(file);
    }

    fn init_file(&mut self, node: &Node) -> InitFile {
        let mut init = InitFile::default();
        for (at, word) in (1..node.line.count()).filter_map(|at| Some((at, node.argument(at)?))) {
            match word.parse::<i32>() {
                Ok(value) => {
                    init.value = value;
                    if value.abs() > SENSIBLE {
                        let message = format!(
                            "init value {value} is outside sensible range [-{SENSIBLE}, {SENSIBLE}]"
                        );
                        self.report(Diagnostic::error("out-of-range", node.span_of(at), message));
                    }
                }
                Err(_) if word == "overwrite" => init.overwrite = true,
                Err(_) => self.unknown_option(node, at, "init_file", "a whole number or overwrite"),
            }
        }
        init
    }
}

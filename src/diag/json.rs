//! Mistakes for editors and CI: one JSON document, described in `docs/diagnostics.md`.

use serde_json::{Value, json};

use super::source_map::Via;
use super::{Diagnostic, SourceMap, Span};

/// The form of the document; it is counted up when a field changes its meaning or goes.
const VERSION: u32 = 1;

/// The document, with a line feed at its end.
pub fn document<'a>(all: impl IntoIterator<Item = (&'a Diagnostic, &'a SourceMap)>) -> String {
    let diagnostics: Vec<Value> = all.into_iter().map(|(one, sources)| diagnostic(one, sources)).collect();
    format!("{:#}\n", json!({ "version": VERSION, "diagnostics": diagnostics }))
}

fn diagnostic(one: &Diagnostic, sources: &SourceMap) -> Value {
    let related: Vec<Value> = one
        .related
        .iter()
        .map(|(span, words)| json!({ "place": place(*span, sources), "message": words }))
        .collect();
    json!({
        "code": one.code,
        "severity": one.severity.word(),
        "message": one.message,
        "place": one.span.map(|span| place(span, sources)),
        "expected": one.expected,
        "help": one.help,
        "related": related,
    })
}

/// File, and first and last position; lines and columns from 1, columns in characters, the end one behind.
fn place(span: Span, sources: &SourceMap) -> Value {
    let start = sources.place(span);
    let end = sources.place(Span { start: span.end, ..span });
    let via = |step: &Via| {
        let from = sources.place(step.span);
        json!({ "what": step.what, "file": from.map(|at| at.file), "line": from.map(|at| at.line) })
    };
    let via: Vec<Value> = sources.origins(span).iter().map(via).collect();
    json!({
        "file": start.map(|at| at.file),
        "line": start.map(|at| at.line),
        "column": start.map(|at| at.column),
        "end_line": end.map(|at| at.line),
        "end_column": end.map(|at| at.column),
        "via": via,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_says_what_and_where() {
        let mut sources = SourceMap::default();
        let file = sources.add("a.conf", "x\npriority \"300\n");
        let span = Span { file, start: 11, end: 15, via: None };
        let one = Diagnostic::error("out-of-range", span, "too \"large\"").expected("1 to 255");
        let text = document([(&one, &sources)]);
        let read: Value = serde_json::from_str(&text).unwrap();
        let found = &read["diagnostics"][0];
        assert_eq!(read["version"], 1);
        assert_eq!((&found["code"], &found["severity"]), (&json!("out-of-range"), &json!("error")));
        assert_eq!(found["message"], "too \"large\"");
        assert_eq!(found["expected"], "1 to 255");
        assert_eq!(found["help"], Value::Null);
        let place = &found["place"];
        assert_eq!(
            (&place["file"], &place["line"], &place["column"]),
            (&json!("a.conf"), &json!(2), &json!(10))
        );
        assert_eq!((&place["end_line"], &place["end_column"]), (&json!(2), &json!(14)));
    }
}

//! Dumps as objects with fields, and how two of them differ.

use std::collections::{BTreeMap, BTreeSet};

/// Label, then value; the entries of a list are the value of its title.
pub type Object = BTreeMap<String, String>;
/// By the line that begins it, or by its title.
pub type Objects = BTreeMap<String, Object>;

/// Each object, with a line for each field that differs; `left_out` names those that do not count.
pub fn differences(
    theirs: &Objects,
    ours: &Objects,
    left_out: impl Fn(&str, &str) -> bool,
    same: impl Fn(&str, &str, &str) -> bool,
) -> Vec<(String, Vec<String>)> {
    let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let compared = names.into_iter().map(|name| {
        let lines = match (theirs.get(name), ours.get(name)) {
            (Some(theirs), Some(ours)) => fields(theirs, ours, |label| left_out(name, label), &same),
            (Some(_), None) => vec!["    is not there".to_owned()],
            _ => vec!["    keepalived has none".to_owned()],
        };
        (name.clone(), lines)
    });
    compared.collect()
}

fn fields(
    theirs: &Object,
    ours: &Object,
    left_out: impl Fn(&str) -> bool,
    same: impl Fn(&str, &str, &str) -> bool,
) -> Vec<String> {
    let labels: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let differ = |label: &&String| match (theirs.get(*label), ours.get(*label)) {
        (Some(theirs), Some(ours)) => theirs != ours && !same(label, theirs, ours),
        _ => true,
    };
    labels
        .into_iter()
        .filter(|label| !left_out(label))
        .filter(differ)
        .map(|label| {
            let show = |object: &Object| object.get(label).map_or("-".to_owned(), |v| format!("{v:?}"));
            format!("    {label}: {}, keepalived {}", show(ours), show(theirs))
        })
        .collect()
}

/// A script by its bare name or by a link: keepalived shows where it has found it, and what the link leads to.
pub fn same_script(theirs: &str, ours: &str) -> bool {
    let split = |value: &str| {
        let (name, rest) = value.strip_prefix('\'')?.split_once('\'')?;
        Some((name.to_owned(), rest.to_owned()))
    };
    match (split(theirs), split(ours)) {
        (Some((theirs, a)), Some((ours, b))) => {
            let found = !ours.contains('/') && theirs.ends_with(&format!("/{ours}"));
            let led = std::fs::canonicalize(ours).is_ok_and(|led| led.as_os_str() == &*theirs);
            (found || led) && a == b
        }
        _ => false,
    }
}

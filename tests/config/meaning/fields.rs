//! A dump as objects with fields.

use std::collections::BTreeMap;

/// Label, then value; the entries of a list are the value of its title.
pub type Object = BTreeMap<String, String>;
/// `VRRP Instance = VI_1`, or a title where it is an object of its own.
pub type Objects = BTreeMap<String, Object>;

/// What stands in a line and is of the moment, of the host, or said in two ways.
fn levelled(line: &str) -> String {
    let mut line = line.trim_end().to_owned();
    for (word, end) in [(", is_up = ", ','), (", ifindex ", ','), (" [installed ifindex ", ']')] {
        if let Some(at) = line.find(word) {
            let rest = line[at + word.len()..].to_owned();
            let after = rest.find(end).map_or("", |end_at| &rest[end_at + usize::from(end == ']')..]);
            line = format!("{}{after}", &line[..at]);
        }
    }
    // An address that is set; what all addresses of IPv6 have, written or not.
    line = line.strip_suffix(" set").unwrap_or(&line).replace(" -nodad", "");
    // Without a source in the file it is a fact of the interface.
    if line.starts_with("   Using src_ip = ") && !line.ends_with("(from configuration)") {
        line = "   Using src_ip = none".into();
    }
    // Who is not tracked has keepalived's number all the same.
    if line.ends_with(" no_track") {
        line = line.replace(" proto 18", "").replace(" protocol 18", "");
    }
    // The time out of UDP has that of TCP for its name.
    line = line.replace(" LVS UDP timeout = ", " LVS TCP timeout = ");
    // A source without peers is nothing to multicast.
    if line == "     Unicast config option specified but using multicast" {
        return String::new();
    }
    // A state stands behind the name.
    if let (true, Some((name, _))) = (line.starts_with(" VRRP Sync Group = "), line.rsplit_once(", ")) {
        line = name.to_owned();
    }
    // keepalived runs, and shows, what a link leads to.
    line = line.replace("'/bin/", "'/usr/bin/");
    // Flags that have no name.
    if line == "   Flags:" { "   Flags: none".into() } else { line }
}

/// The objects of a dump.
pub fn objects(dump: &str) -> Objects {
    let mut found = Objects::new();
    let mut reader = Reader::default();
    for line in dump.lines() {
        reader.read(&levelled(line), &mut found);
    }
    found.retain(|name, object| {
        // Of an interface only what the file can say of it.
        if name.starts_with("Name = ") {
            object.retain(|label, value| label.ends_with("debounce timer") && value != "0us");
            return !object.is_empty();
        }
        // No timeout is the interval.
        if object.get("Timeout").is_some_and(|timeout| timeout == "0 sec") {
            object.insert("Timeout".into(), object["Interval"].clone());
        }
        true
    });
    found
}

/// A script by its bare name: keepalived shows where it has found it.
pub fn same_script(theirs: &str, ours: &str) -> bool {
    let bare = |value: &str| {
        value
            .strip_prefix('\'')
            .and_then(|value| value.split_once('\''))
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
    };
    match (bare(theirs), bare(ours)) {
        (Some((theirs, a)), Some((ours, b))) => {
            !ours.contains('/') && theirs.ends_with(&format!("/{ours}")) && a == b
        }
        _ => false,
    }
}

#[derive(Default)]
struct Reader {
    section: String,
    object: Option<String>,
    label: String,
}

impl Reader {
    fn read(&mut self, line: &str, found: &mut Objects) {
        if let Some(title) = line.strip_prefix("------< ").and_then(|line| line.strip_suffix(" >------")) {
            self.section = title.to_owned();
            self.label.clear();
            // Fields of a section without objects are its own.
            self.object = (1..).map(|nth| format!("{title} #{nth}")).find(|name| !found.contains_key(name));
            return;
        }
        let depth = line.len() - line.trim_start().len();
        let own = ["Global definitions", "GARP delay group"].iter().any(|s| self.section.starts_with(s));
        match depth {
            // Log lines.
            0 => return,
            1 if !own => {
                found.entry(line.trim().to_owned()).or_default();
                self.object = Some(line.trim().to_owned());
                self.label.clear();
                return;
            }
            _ => {}
        }
        let Some(object) = &self.object else { return };
        let object = found.entry(object.clone()).or_default();
        let item = depth > if own { 1 } else { 3 };
        if item {
            let value = object.entry(self.label.clone()).or_default();
            value.push_str(line.trim());
            value.push('\n');
            return;
        }
        let line = line.trim();
        let (label, value) = line.split_once(" = ").unwrap_or((line, ""));
        self.label = label.trim().to_owned();
        let known = object.entry(self.label.clone()).or_default();
        known.push_str(value);
    }
}

//! The meaning of services, real servers and checks: what the installed keepalived (2.2.7) shows of them with `-d`
//! and what this reader shows agree field by field, in both directions. keepalived's checkers start only where there
//! is IPVS. The counterpart for VRRP is `meaning` of the tests of the configuration.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::support::fields::{Object, Objects, differences, same_script};
use crate::support::surroundings::{HOST_NAME, Surroundings, load_here};
use standfast::config::model::Command;
use standfast::report::data::{self, Host};

/// Facts of the run, and what one of the two does not show on purpose: how the object's name begins, and the label.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("", "Hashed", "the kernel sets it of itself"),
    ("", "alive", "of the moment"),
    ("", "quorum_state_up", "of the moment"),
    ("", "reloaded", "of the moment"),
    ("", "initial weight", "of the moment"),
    ("", "effective weight", "of the moment"),
    ("", "previous effective_weight", "of the moment"),
    ("", "num failed checkers", "of the moment"),
    ("", "RS set", "of the moment"),
    ("", "Enabled", "of the moment"),
    ("", "Up", "of the moment"),
    ("", "Has run", "of the moment"),
    ("", "Current weight", "of the moment"),
    ("", "Status", "of the moment"),
    ("", "Last ", "of the moment"),
    ("[", "Retries iterations", "of the moment"),
    ("FWM", "Retries iterations", "of the moment"),
    ("[", "Default delay before retry", "what stands there where nothing is written"),
    ("FWM", "Default delay before retry", "the same"),
    ("VS ", "connection timeout", "for the checks, which are compared"),
    ("VS ", "Retry count", "the same"),
    ("VS ", "Retry delay", "the same"),
    ("VS ", "Warmup", "the same"),
    ("VS ", "Delay loop", "the same"),
    ("VS ", "Alpha is", "the same"),
    ("[", "Alpha is", "said twice"),
    ("VS ", "VirtualHost = '", "for the urls, which are compared"),
];

/// Objects that differ, each with the reason. One that agrees must go from this list.
const GAPS: &[(&str, &str)] = &[
    ("106.conf [10.0.0.1]:tcp:80 -> [192.168.0.1]:tcp:80", "2.4.3 takes smtp_helo_name, 2.2.7 did not"),
    (
        "145.conf [22.22.54.6]:udp:53 -> [172.21.53.10]:udp:53",
        "2.2.7 does not show the global word with a check",
    ),
];

/// Files that 2.2.7 does not read as they are meant.
const LOST: &[(&str, &str)] = &[
    ("112.conf", "an undefined name in braces leads it astray"),
    ("177.conf", "a misspelt block ends the real server"),
];

#[derive(Default)]
struct Reader {
    found: Objects,
    service: String,
    object: String,
    label: String,
}

impl Reader {
    /// Begins an object; a second one of the same name gets a number.
    fn begin(&mut self, name: &str) {
        let names = std::iter::once(name.to_owned()).chain((2..).map(|nth| format!("{name} #{nth}")));
        self.object = names.into_iter().find(|name| !self.found.contains_key(name)).unwrap_or_default();
        self.found.insert(self.object.clone(), Object::new());
        self.label.clear();
    }

    fn read(&mut self, line: &str) {
        let depth = line.len() - line.trim_start().len();
        let text = line.trim();
        if text.starts_with("------<") || depth == 0 {
            // A title, or a line of the log in between.
            return;
        }
        match depth {
            // Of the definitions only what is of IPVS.
            1 if text.starts_with("LVS ") && !text.contains("notify fifo") => {
                // That of UDP is called like that of TCP in 2.2.7.
                self.begin(&text.replace("LVS UDP timeout", "LVS TCP timeout"));
            }
            1 if text.starts_with("VS ")
                || text.contains(" -> ")
                || text.starts_with("Virtual Server Group = ") =>
            {
                self.service = text.to_owned();
                self.begin(text);
            }
            1 if text.starts_with("Track file = ") || text.starts_with("Checker Track BFD = ") => {
                self.begin(text)
            }
            1 => self.object.clear(),
            3 if text.starts_with("RIP = ") => {
                // The weight of the moment stands behind.
                let text = text.split(" EFF WEIGHT").next().unwrap_or(text);
                self.begin(&format!("{} {text}", self.service));
            }
            _ => self.field(depth, text),
        }
    }

    fn field(&mut self, depth: usize, text: &str) {
        let Some(object) = self.found.get_mut(&self.object) else { return };
        let of_the_moment = ["Alive:", "reloaded", "Reloaded"].iter().any(|word| text.starts_with(word));
        // 2.2.7 prints the words of all options if there is one.
        let text = if text.starts_with("Regex options: ") { "Regex options: some" } else { text };
        // How often keepalived shares it.
        let of_pattern = text.starts_with("Regex ref");
        // Where it stands is not where it counts: with the check, the real server, the service or the url.
        let host = text.starts_with("Virtual host = ") || text.starts_with("Virtualhost = ");
        if of_the_moment || of_pattern || host {
            return;
        }
        if depth > 4 {
            object.entry(self.label.clone()).or_default().push_str(&format!("{text}\n"));
            return;
        }
        let (label, value) = match text.split_once(" = ") {
            // One of the real server; that of the service has no quotes.
            Some((label, value)) if value.starts_with('\'') && label == "VirtualHost" => (text, value),
            Some(pair) => pair,
            None => (text, ""),
        };
        // Every url by its path.
        self.label = if label == "Checked url" { text.to_owned() } else { label.to_owned() };
        object.entry(self.label.clone()).or_default().push_str(value);
    }
}

fn objects(dump: &str) -> Objects {
    let mut reader = Reader::default();
    for line in dump.lines() {
        reader.read(line);
    }
    for object in reader.found.values_mut() {
        let is = |method: &str| object.get("Keepalive method").is_some_and(|value| value == method);
        let (bfd, misc) = (is("BFD_CHECK"), is("MISC_CHECK"));
        // It hears of changes when they come: 2.2.7 shows what nobody has set.
        object.retain(|label, value| {
            let pace = ["Delay loop", "Warmup", "Retries", "Delay before retry"].contains(&&**label);
            // No timeout is the service's delay_loop.
            !(bfd && pace || misc && label == "timeout" && value == "0")
        });
    }
    reader.found
}

/// What differs in one file; `None` where keepalived's checkers do not start.
pub fn compare(file: &Path, surroundings: &Surroundings) -> Option<Vec<(String, Vec<String>)>> {
    // The dump is over when checks begin, or in the end: a signal is heard after it.
    let begun = |line: &str| line.starts_with("Activating ") || line.starts_with("Deactivating ");
    let (said, _) = surroundings.run(file, ["-s TERM 30", "-C -B"], begun);
    let theirs = objects(said.split_once("------< LVS Topology")?.0);
    let mut theirs: Objects = theirs.into_iter().filter(|(name, _)| name.starts_with("LVS ")).collect();
    theirs.extend(objects(said.split_once("------< LVS Topology")?.1));

    let config = load_here(file).config;
    let default = config.global.script_user.clone();
    let account = |command: Option<&Command>| {
        surroundings.account(command.and_then(|command| command.user.as_ref()).or(default.as_ref()))
    };
    let ours = objects(&data::lvs(&config, &[], &Host::at_rest(HOST_NAME, &account)));
    let left_out = |name: &str, label: &str| {
        let missing = theirs.get(name).is_some_and(|object| !object.contains_key(label));
        let service = name.starts_with("VS ") && !name.contains(" RIP = ");
        LEFT_OUT.iter().any(|(of, left, _)| name.starts_with(of) && label.starts_with(left))
            // Of a service it is for its real servers; a timeout that keepalived has not set is the loop's.
            || service && label.starts_with("Inhibit on failure is")
            || missing && label == "timeout"
    };
    let same = |label: &str, theirs: &str, ours: &str| {
        // 2.2.7 gives the check of a `host` block no timeout.
        let untimed = theirs.strip_suffix("Timeout = 0.000000\n");
        let untimed = untimed.is_some_and(|theirs| label == "Connection" && ours.starts_with(theirs));
        untimed || same_script(theirs, ours)
    };
    let found = differences(&theirs, &ours, left_out, same);
    let file = file.file_name().unwrap().to_string_lossy();
    Some(found.into_iter().map(|(name, lines)| (format!("{file} {name}"), lines)).collect())
}

/// The files with virtual servers.
pub fn services() {
    let surroundings = Surroundings::new();
    let files: Vec<_> = surroundings.files().to_vec();
    let lost = |file: &Path| LOST.iter().any(|(lost, _)| file.ends_with(lost));
    let balances = |file: &Path| !load_here(file).config.virtual_servers.is_empty();
    // The guest needs two seconds for each: of the published ones a third, unless there is time.
    let long = std::env::var_os("PROPTEST_CASES").is_some();
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let chosen = |(nth, file): &(usize, &PathBuf)| long || file.starts_with(own) || nth % 3 == 0;
    let files = files.iter().filter(|file| !lost(file) && balances(file)).enumerate().filter(chosen);
    let files = Mutex::new(files.map(|(_, file)| file.clone()).collect::<Vec<_>>());
    let results = Mutex::new(Vec::new());
    let next = || files.lock().unwrap().pop();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some(file) = next() {
                    let result = compare(&file, &surroundings);
                    results.lock().unwrap().push((file, result));
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    let silent: Vec<_> =
        results.iter().filter(|(_, found)| found.is_none()).map(|(file, _)| file).collect();
    let all: Vec<_> = results.iter().filter_map(|(_, found)| found.as_ref()).flatten().collect();
    let wrong =
        all.iter().filter(|(name, lines)| lines.is_empty() == GAPS.iter().any(|(gap, _)| gap == name));
    let mut wrong: Vec<String> =
        wrong.map(|(name, lines)| format!("{name}\n{}", lines.join("\n"))).collect();
    wrong.sort();
    println!(
        "{} objects of {} files compared; keepalived showed nothing of {silent:?}",
        all.len(),
        results.len()
    );
    assert!(results.len() - silent.len() >= 4, "few files were compared, not {silent:?}");
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

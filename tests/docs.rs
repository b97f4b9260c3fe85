//! The documents hold: commands in blocks marked `sh tested` are run as they stand, configurations in blocks marked
//! `keepalived` pass the daemon's own test, and links lead somewhere.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "the commands of the documents are run")]

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

struct Block {
    place: String,
    words: Vec<String>,
    text: String,
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let in_docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let top = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|name| root.join(name));
    let mut all: Vec<PathBuf> =
        in_docs.filter(|path| path.extension().is_some_and(|end| end == "md")).chain(top).collect();
    all.sort();
    all
}

/// The fenced blocks of a document with the words after the fence.
fn blocks(name: &str, text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if inside => inside = false,
            Some(words) => {
                let words = words.split_whitespace().map(str::to_owned).collect();
                found.push(Block { place: format!("{name}:{}", index + 1), words, text: String::new() });
                inside = true;
            }
            None if inside => {
                let block = found.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(!inside, "{name}: a block is not closed");
    found
}

fn blocks_with(word: &str) -> Vec<Block> {
    let all = documents().into_iter().flat_map(|path| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        blocks(&name, &std::fs::read_to_string(&path).unwrap())
    });
    all.filter(|block| block.words.iter().any(|found| found == word)).collect()
}

/// A director as the documents assume it: the program on the search path, a configuration at its place, its
/// interfaces, and a network that nobody else sees.
struct Director {
    place: TempDir,
}

impl Director {
    fn new(config: &str) -> Director {
        let place = TempDir::with_prefix("standfast-docs-").unwrap();
        for directory in ["bin", "etc", "run"] {
            std::fs::create_dir(place.path().join(directory)).unwrap();
        }
        std::fs::write(place.path().join("etc/keepalived.conf"), config).unwrap();
        // As in the other tests, another build can take its place.
        let program = std::env::var_os("STANDFAST_BINARY");
        let program = program.map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_standfast")), PathBuf::from);
        std::os::unix::fs::symlink(program, place.path().join("bin/standfast")).unwrap();
        Director { place }
    }

    /// Runs shell text; gives its exit status and all it said.
    fn run(&self, text: &str) -> (Option<i32>, String) {
        let place = self.place.path().display();
        let surroundings = format!(
            "mkdir -p /etc/keepalived && mount --bind {place}/etc /etc/keepalived && mount --bind {place}/run /run \
             && mkdir /run/netns && export PATH={place}/bin:$PATH && ip link set lo up\n\
             for i in eth0 eth1 ens3 dummy1; do ip link add $i type veth peer name peer-$i; \
             ip link set peer-$i up; ip link set $i up; done\n\
             ip addr add 192.168.0.11/24 dev ens3; exec 2>&1; set -eu\n{text}"
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "--net", "timeout", "60", "sh", "-c", &surroundings]);
        let output = command.current_dir(self.place.path()).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    }
}

#[test]
fn the_commands_work_as_they_stand() {
    let config = include_str!("../fixtures/examples/kld-vm-1.conf");
    let tested = blocks_with("tested");
    assert!(tested.len() >= 3, "only {} blocks are marked as tested", tested.len());
    for block in tested {
        if block.words.iter().any(|word| word == "keepalived")
            && !Path::new("/usr/sbin/keepalived").exists()
        {
            eprintln!("{}: left out, keepalived is not installed", block.place);
            continue;
        }
        let (status, said) = Director::new(config).run(&block.text);
        assert_eq!(status, Some(0), "{}:\n{}\nsaid\n{said}", block.place, block.text);
    }
}

#[test]
fn the_configurations_are_good() {
    let shown = blocks_with("keepalived").into_iter().filter(|block| block.words[0] == "keepalived");
    let mut count = 0;
    for block in shown {
        count += 1;
        let (status, said) = Director::new(&block.text).run("standfast -t");
        assert_eq!(status, Some(0), "{}:\n{}\nsaid\n{said}", block.place, block.text);
    }
    assert!(count >= 2, "only {count} configurations found");
}

#[test]
fn links_lead_somewhere() {
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let wanted = path.parent().unwrap().join(file);
            assert!(wanted.exists(), "{}: {target} leads nowhere", path.display());
        }
    }
}

/// Every deliberate difference names its test, and that test is there.
#[test]
fn the_tests_that_the_differences_name_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/compatibility.md")).unwrap();
    let mut named = 0;
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let Some(test) = line.trim_end_matches([' ', '|']).rsplit('|').next() else { continue };
        for name in test.split('`').skip(1).step_by(2).filter(|name| !name.contains(' ')) {
            named += 1;
            let function = name.rsplit("::").next().unwrap_or(name);
            let sought = [format!("fn {function}("), format!("\"{name}\""), format!("\"{function}\"")];
            let found = ["src", "tests"].iter().any(|place| contains(&root.join(place), &sought));
            assert!(found, "docs/compatibility.md names the test `{name}`, which is not there");
        }
    }
    assert!(named > 0, "no test is named");
}

/// Whether any Rust file below `place` contains one of the texts.
fn contains(place: &Path, sought: &[String]) -> bool {
    std::fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
        if path.is_dir() {
            return contains(&path, sought);
        }
        let rust = path.extension().is_some_and(|end| end == "rs");
        rust && std::fs::read_to_string(&path)
            .is_ok_and(|text| sought.iter().any(|name| text.contains(name)))
    })
}

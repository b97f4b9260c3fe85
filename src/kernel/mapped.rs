//! Pages that the start needed and nobody uses since: of the program and its libraries, and of the stack.
//!
//! A start reads most of the program once: the command line, the configuration, each part's beginning. What is mapped
//! stays mapped, although the daemon at rest runs through a tenth of it. The kernel maps a page anew when it is used
//! again, from its cache and as a rule without a wait; a page that is locked into memory stays. But each time that takes
//! some microseconds: who has no time then asks for all of them before.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::Range;

use super::unsafe_calls::{drop_stack_below, drop_unwritten, map_now};

/// An address range of this process as the kernel tells it; nobody else makes one.
#[derive(PartialEq, Eq, Debug)]
pub struct Mapping {
    range: Range<usize>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Pages of a file that may not be written.
    File,
    /// The stack of the first thread.
    Stack,
    Other,
}

impl Mapping {
    pub(super) fn range(&self) -> &Range<usize> {
        &self.range
    }
}

/// Gives back pages of the program and its libraries. Whatever differs from its file stays: what the linker has filled
/// in, and a debugger's breakpoints. To be called where it may take a moment.
pub fn give_back_files() {
    // Where there is no /proc, nothing is lost. A text as long as this would leave more in the heap than it is about.
    let Ok(file) = File::open("/proc/self/smaps") else { return };
    for mapping in unwritten(BufReader::new(file)) {
        drop_unwritten(&mapping);
    }
}

/// Gives back what the stack of this thread, the process's first, has grown by and does not use now.
pub fn give_back_stack() {
    let Ok(file) = File::open("/proc/self/maps") else { return };
    if let Some(stack) = stack(BufReader::new(file)) {
        drop_stack_below(&stack);
    }
}

/// Maps the whole program, which is a few megabytes. May read it from the disk: to be called where that may take a while.
/// Where the kernel is older than 5.14 nothing happens.
pub fn map_program() {
    let Ok(file) = File::open("/proc/self/maps") else { return };
    let here = map_program as fn() as *const ();
    for mapping in file_around(here.addr(), BufReader::new(file)) {
        map_now(&mapping);
    }
}

/// What of the file that is mapped at `address` may not be written.
fn file_around(address: usize, maps: impl BufRead) -> Vec<Mapping> {
    // Device and inode: the path may have been given to another file since.
    let file = |line: &str| {
        let mut words = line.split_ascii_whitespace().skip(3);
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    };
    let of_files = |line: String| Some((file(&line)?, mapping(&line)?));
    let mappings: Vec<_> = maps.lines().map_while(Result::ok).filter_map(of_files).collect();
    let found = mappings.iter().find(|(_, mapping)| mapping.range.contains(&address));
    let Some(program) = found.map(|(file, _)| file.clone()) else { return Vec::new() };
    let of_program =
        |(file, mapping): (_, Mapping)| (file == program && mapping.kind == Kind::File).then_some(mapping);
    mappings.into_iter().filter_map(of_program).collect()
}

/// The mappings of files, none of whose pages differs from the file.
fn unwritten(smaps: impl BufRead) -> Vec<Mapping> {
    let mut found: Vec<Mapping> = Vec::new();
    let mut current = None;
    for line in smaps.lines().map_while(Result::ok) {
        if let Some(mapping) = mapping(&line) {
            current = Some(mapping);
        } else if line.strip_prefix("Anonymous:").is_some_and(|size| size.trim() == "0 kB") {
            found.extend(current.take().filter(|mapping| mapping.kind == Kind::File));
        }
    }
    found
}

fn stack(maps: impl BufRead) -> Option<Mapping> {
    let mappings = maps.lines().map_while(|line| Some(mapping(&line.ok()?)));
    mappings.flatten().find(|mapping| mapping.kind == Kind::Stack)
}

/// `from-to permissions offset device inode path`, as both files begin what they tell of a mapping.
fn mapping(line: &str) -> Option<Mapping> {
    let mut words = line.split_ascii_whitespace();
    let (from, to) = words.next()?.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    let range = number(from)?..number(to)?;
    let permissions = words.next()?;
    let kind = match words.nth(3) {
        Some(path) if path.starts_with('/') && matches!(permissions, "r--p" | "r-xp") => Kind::File,
        Some("[stack]") => Kind::Stack,
        _ => Kind::Other,
    };
    Some(Mapping { range, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
5577cc19e000-5577cc7b5000 r-xp 00160000 08:01 1234                       /usr/sbin/standfast
Size:               6236 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me sd
5577cc7b5000-5577cc7e2000 r--p 00776000 08:01 1234                       /usr/sbin/standfast
Anonymous:           180 kB
5577cc7e2000-5577cc7e5000 rw-p 007a3000 08:01 1234                       /usr/sbin/standfast
Anonymous:             0 kB
557801bac000-557801c4c000 rw-p 00000000 00:00 0                          [heap]
Anonymous:           288 kB
7f519541a000-7f519561a000 rw-p 00000000 00:00 0
Anonymous:             0 kB
7f51965f9000-7f519661c000 r--s 00000000 08:01 99                         /var/cache/shared
Anonymous:             0 kB
7ffe2834c000-7ffe2837c000 rw-p 00000000 00:00 0                          [stack]
Anonymous:           192 kB
";

    #[test]
    fn only_what_is_as_its_file_is_goes() {
        let found =
            unwritten(SMAPS.as_bytes()).into_iter().map(|mapping| (mapping.range.start, mapping.range.end));
        assert_eq!(found.collect::<Vec<_>>(), [(0x5577_cc19_e000, 0x5577_cc7b_5000)]);
    }

    #[test]
    fn the_program_is_all_that_is_mapped_of_its_file() {
        let found = |address| {
            let found = file_around(address, SMAPS.as_bytes()).into_iter();
            found.map(|mapping| mapping.range.start).collect::<Vec<_>>()
        };
        assert_eq!(found(0x5577_cc19_e001), [0x5577_cc19_e000, 0x5577_cc7b_5000]);
        assert_eq!(found(0x5577_cc7e_5000), [0; 0], "nothing is mapped there");
    }

    #[test]
    fn the_stack_is_known() {
        let found = stack(SMAPS.as_bytes()).unwrap();
        assert_eq!((found.range.start, found.range.end), (0x7ffe_2834_c000, 0x7ffe_2837_c000));
        assert!(stack(BufReader::new(File::open("/proc/self/maps").unwrap())).is_some());
    }

    /// Pages of files that this process has mapped, KiB.
    fn mapped() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssFile:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    fn pages_of_the_program_go_and_come_again() {
        let before = mapped();
        give_back_files();
        let after = mapped();
        assert!(after < before, "{after} of {before} KiB");
        // All of it runs as before.
        assert_eq!(unwritten(SMAPS.as_bytes()).len(), 1);
        let few = mapped();
        map_program();
        let all = mapped();
        assert!(all > few + 2048, "{all} after {few} KiB");
    }
}

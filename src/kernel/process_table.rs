//! The processes that run, as `/proc` shows them.

use std::fs;
use std::io;

use crate::objects::process::{Identity, Pid};

/// Every process of our process namespace; `commands` to have the command lines too. One that ends meanwhile is left
/// out.
pub fn all(commands: bool) -> io::Result<Vec<(Pid, Identity)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(entry) = entry else { continue };
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Some(identity) = of(pid, commands) {
            found.push((pid, identity));
        }
    }
    Ok(found)
}

/// One process, if it still runs.
pub fn of(pid: Pid, commands: bool) -> Option<Identity> {
    // A zombie has a name, but runs no more.
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let start = stat.iter().position(|byte| *byte == b'(')?;
    if matches!(stat.get(end + 2), Some(b'Z' | b'X') | None) {
        return None;
    }
    let name = stat.get(start + 1..end)?.to_vec();
    let command = if commands { command(pid)? } else { Vec::new() };
    Some(Identity { name, command })
}

fn command(pid: Pid) -> Option<Vec<Vec<u8>>> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let line = line.strip_suffix(b"\0").unwrap_or(&line);
    if line.is_empty() {
        return Some(Vec::new());
    }
    Some(line.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;
    use crate::kernel::clock;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a process to look at, that ends with the test")]
    fn we_and_our_child_are_there_until_it_ends() {
        let mut child =
            Command::new("/bin/sh").args(["-c", "read x", "a  b"]).stdin(Stdio::piped()).spawn().unwrap();
        let pid = child.id();
        let words: Vec<Vec<u8>> =
            ["/bin/sh", "-c", "read x", "a  b"].iter().map(|word| word.as_bytes().to_vec()).collect();
        // Between fork and exec it is still called as we are.
        let deadline = clock::now() + std::time::Duration::from_secs(10);
        while of(pid, true).is_some_and(|identity| identity.command != words) {
            assert!(clock::now() < deadline);
            std::thread::yield_now();
        }
        let identity = of(pid, true).unwrap();
        assert_eq!((identity.name.as_slice(), identity.command.clone()), (&b"sh"[..], words));
        let table = all(true).unwrap();
        assert!(table.contains(&(pid, identity)));
        assert!(table.iter().any(|(one, _)| *one == std::process::id()));
        assert!(all(false).unwrap().iter().all(|(_, identity)| identity.command.is_empty()));
        drop(child.stdin.take());
        // A zombie until we ask for its status.
        while of(pid, false).is_some() {
            assert!(clock::now() < deadline);
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert_eq!(of(pid, false), None);
    }
}

//! Whether and how a configured command may run: found, executable, safe.
//!
//! keepalived runs what realpath makes of the name. We check what realpath makes of it, but run the
//! name as it stands: `pidof` is a link to `killall5` on Debian, a program that looks at the name it is
//! called by, and called by its own kills everything.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::account::{Account, DefaultAccount};
use crate::config::model::{Command, Global, UserSpec};
use crate::report::Line;

/// What holds for all scripts of a configuration.
#[derive(Clone, Debug)]
pub struct Rules {
    /// `script_user`
    user: Option<UserSpec>,
    /// Looked up when the first script asks.
    default: OnceLock<DefaultAccount>,
    /// `enable_script_security`
    pub security: bool,
    /// `set_supplementary_groups`
    pub all_groups: bool,
    /// Where bare names are looked for: the daemon's `PATH`.
    pub search: OsString,
}

impl Rules {
    /// The rules of a configuration.
    pub fn new(global: &Global) -> Rules {
        Rules {
            user: global.script_user.clone(),
            default: OnceLock::new(),
            security: global.script_security,
            all_groups: global.set_supplementary_groups,
            search: std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()),
        }
    }

    /// Who runs the scripts that name nobody. Reads the user database, once.
    fn default(&self) -> &DefaultAccount {
        self.default.get_or_init(|| DefaultAccount::choose(self.user.as_ref()))
    }
}

/// A command that can be run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prepared {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub account: Account,
    /// `set_supplementary_groups`: those of the user, if asked for.
    pub groups: Vec<u32>,
    pub way: Way,
}

/// How it is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// A binary, or a script with `#!`.
    Execute,
    /// A script without `#!`: by the shell.
    Shell,
    /// `</path/file`: nothing is run; success is that the file can be read (track scripts).
    Read,
}

/// What became of a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    /// `None`: it is disabled.
    pub script: Option<Arc<Prepared>>,
    /// For the log.
    pub lines: Vec<Line>,
    /// Somebody else than root could change it, though root runs it. With `enable_script_security` it
    /// is disabled, else keepalived's `SECURITY VIOLATION` line is due.
    pub insecure: bool,
}

/// Judges a command. `what` names it for the log: `track script chk_nginx`, `notify script /etc/x.sh`.
/// Reads files.
pub fn prepare(command: &Command, rules: &Rules, what: &str) -> Verdict {
    let mut lines = Vec::new();
    let mut insecure = false;
    let script = judge(command, rules, what, &mut lines, &mut insecure).map(Arc::new);
    Verdict { script, lines, insecure }
}

fn judge(
    command: &Command,
    rules: &Rules,
    what: &str,
    lines: &mut Vec<Line>,
    insecure: &mut bool,
) -> Option<Prepared> {
    let (name, arguments) = command.argv.split_first()?;
    let account = account(command, rules, name, lines)?;
    if let Some(file) = name.strip_prefix('<') {
        let program = PathBuf::from(file);
        return Some(Prepared {
            program,
            arguments: Vec::new(),
            account,
            groups: Vec::new(),
            way: Way::Read,
        });
    }
    let Some(program) = find(name, account, rules, lines) else {
        lines.push(Line::warn(format!("Disabling {what} since not found/accessible")));
        return None;
    };
    // The file itself; the search has seen that it is there.
    let metadata = fs::metadata(&program).ok()?;
    if !metadata.is_file() || !may_execute(&metadata, account) {
        let Account { uid, gid } = account;
        lines.push(Line::warn(format!(
            "WARNING - script '{name}' is not executable for uid:gid {uid}:{gid} - disabling."
        )));
        return None;
    }
    let with_roots_power =
        account.uid == 0 || (metadata.uid() == 0 && metadata.mode() & libc::S_ISUID != 0);
    if with_roots_power && !is_safe(&program) {
        *insecure = true;
        let consequence = if rules.security { " - disabling" } else { "" };
        lines.push(Line::warn(format!("Unsafe permissions found for script '{name}'{consequence}.")));
        if rules.security {
            lines.push(Line::warn(format!("Disabling {what} due to insecure")));
            return None;
        }
    }
    let way = way(&program);
    if way == Way::Shell {
        lines.push(Line::info(format!("Please add a #! shebang to script {}", program.display())));
    }
    let groups = if rules.all_groups { account.groups() } else { Vec::new() };
    Some(Prepared { program, arguments: arguments.to_vec(), account, groups, way })
}

fn account(command: &Command, rules: &Rules, name: &str, lines: &mut Vec<Line>) -> Option<Account> {
    let unusable = |lines: &mut Vec<Line>, reason: &dyn std::fmt::Display| {
        lines
            .push(Line::error(format!("Unable to set uid/gid for script '{name}' ({reason}) - disabling")));
        None
    };
    match (&command.user, rules.default()) {
        (Some(spec), _) => match Account::find(spec) {
            Ok(account) => Some(account),
            Err(error) => unusable(lines, &error),
        },
        (None, DefaultAccount::Given(account)) => Some(*account),
        (None, DefaultAccount::Unknown(error)) => unusable(lines, error),
        (None, DefaultAccount::Own(_)) if rules.security => {
            lines.push(Line::error("Unable to set default user keepalived_script for script"));
            lines.push(Line::error(format!("Script '{name}' has no user to run it - disabling")));
            None
        }
        (None, DefaultAccount::Own(account)) => Some(*account),
    }
}

/// The file of a name with a slash; a bare name's in the search path, the first that the account may
/// execute.
fn find(name: &str, account: Account, rules: &Rules, lines: &mut Vec<Line>) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.exists());
    }
    let candidates = std::env::split_paths(&rules.search).map(|directory| directory.join(name));
    let found = candidates.into_iter().find(|path| {
        path.is_absolute()
            && fs::metadata(path).is_ok_and(|file| file.is_file() && may_execute(&file, account))
    })?;
    lines.push(Line::warn(format!(
        "WARNING - script `{name}` resolved by path search to `{}`. Please specify full path.",
        found.display()
    )));
    Some(found)
}

/// By the permission bits; root may if anybody may.
fn may_execute(file: &Metadata, account: Account) -> bool {
    let bits = if account.uid == 0 {
        0o111
    } else if file.uid() == account.uid {
        0o100
    } else if file.gid() == account.gid {
        0o010
    } else {
        0o001
    };
    file.mode() & bits != 0
}

/// Nobody but root can change what runs: neither the file, nor a directory or link on the way to it,
/// nor on the way to where links lead.
fn is_safe(program: &Path) -> bool {
    let Ok(real) = program.canonicalize() else { return false };
    let Ok(named) = std::path::absolute(program) else { return false };
    // `..` would hide components from the walk; what it leads to is in the real path, but a link on
    // the way would not be looked at.
    let plain = !named.components().any(|part| part == std::path::Component::ParentDir);
    plain && [named, real].iter().all(|path| path.ancestors().all(only_root_can_change))
}

fn only_root_can_change(path: &Path) -> bool {
    let Ok(metadata) = fs::symlink_metadata(path) else { return false };
    // A link has no permissions of its own; changing it takes the right to write its directory.
    if metadata.uid() != 0 {
        return false;
    }
    if metadata.is_symlink() {
        return true;
    }
    let group_writes = metadata.mode() & libc::S_IWGRP != 0 && metadata.gid() != 0;
    let others_write = metadata.mode() & libc::S_IWOTH != 0;
    let sticky = metadata.is_dir() && metadata.mode() & libc::S_ISVTX != 0;
    sticky || !(group_writes || others_write)
}

/// A file that the kernel would refuse to execute is the shell's.
fn way(program: &Path) -> Way {
    let mut magic = [0; 4];
    let length = File::open(program).and_then(|mut file| file.read(&mut magic));
    match (length, magic) {
        (Ok(4..), [0x7f, b'E', b'L', b'F']) | (Ok(2..), [b'#', b'!', ..]) => Way::Execute,
        // Not ours to read: the kernel will say.
        (Err(_), _) => Way::Execute,
        _ => Way::Shell,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    const ROOT: Account = Account { uid: 0, gid: 0 };
    const NOBODY: Account = Account { uid: 65534, gid: 65534 };

    fn rules(default: DefaultAccount, security: bool) -> Rules {
        let search = "/usr/sbin:/usr/bin:/sbin:/bin".into();
        Rules { user: None, default: default.into(), security, all_groups: false, search }
    }

    fn script(dir: &Path, name: &str, text: &str, mode: u32) -> String {
        let path = dir.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.to_string_lossy().into_owned()
    }

    fn judge_one(argv: &[&str], rules: &Rules) -> (Option<Arc<Prepared>>, String, bool) {
        let command = Command { argv: argv.iter().map(ToString::to_string).collect(), user: None };
        let Verdict { script, lines, insecure } = prepare(&command, rules, "track script s");
        let lines: Vec<_> = lines.into_iter().map(|line| line.text).collect();
        (script, lines.join("\n"), insecure)
    }

    #[test]
    fn a_bare_name_is_searched_and_keeps_its_name() {
        let (found, lines, _) =
            judge_one(&["sh", "-c", "true"], &rules(DefaultAccount::Given(NOBODY), true));
        let found = found.unwrap();
        assert_eq!(found.program.file_name().unwrap(), "sh", "a link is not followed");
        assert_eq!(found.arguments, ["-c", "true"]);
        assert!(lines.starts_with("WARNING - script `sh` resolved by path search to `/"), "{lines}");
        assert!(lines.ends_with("/sh`. Please specify full path."), "{lines}");

        let (missing, lines, _) =
            judge_one(&["no-such-program"], &rules(DefaultAccount::Given(ROOT), false));
        assert_eq!(
            (missing, lines.as_str()),
            (None, "Disabling track script s since not found/accessible")
        );
    }

    #[test]
    fn only_for_those_who_may() {
        let dir = tempfile::tempdir().unwrap();
        let plain = script(dir.path(), "plain", "#!/bin/sh\n", 0o644);
        let private = script(dir.path(), "private", "#!/bin/sh\n", 0o700);
        let (none, lines, _) = judge_one(&[&plain], &rules(DefaultAccount::Given(ROOT), false));
        assert_eq!(none, None);
        assert_eq!(
            lines,
            format!("WARNING - script '{plain}' is not executable for uid:gid 0:0 - disabling.")
        );
        let stranger = Account { uid: 65533, gid: 65533 };
        assert_eq!(judge_one(&[&private], &rules(DefaultAccount::Given(stranger), false)).0, None);
        assert_eq!(judge_one(&["/usr"], &rules(DefaultAccount::Given(ROOT), false)).0, None, "a directory");
    }

    #[test]
    fn what_others_can_change_is_not_safe_for_root() {
        let dir = tempfile::tempdir().unwrap();
        let open = script(dir.path(), "open", "#!/bin/sh\n", 0o777);
        let lenient = rules(DefaultAccount::Given(ROOT), false);
        let strict = rules(DefaultAccount::Given(ROOT), true);
        let (runs, lines, insecure) = judge_one(&[&open], &lenient);
        assert!(runs.is_some() && insecure);
        assert_eq!(lines, format!("Unsafe permissions found for script '{open}'."));
        let (runs, lines, insecure) = judge_one(&[&open], &strict);
        assert!(runs.is_none() && insecure);
        assert!(lines.ends_with("Disabling track script s due to insecure"), "{lines}");
        let (runs, _, insecure) = judge_one(&[&open], &rules(DefaultAccount::Given(NOBODY), true));
        assert!(runs.is_some() && !insecure, "nobody loses nothing");

        // A system directory that is a link (merged /usr) is as safe as where it leads.
        let (runs, lines, insecure) = judge_one(&["/bin/true"], &strict);
        assert!(runs.is_some() && !insecure, "{lines}");
        if Account::own() == ROOT {
            let safe = script(dir.path(), "safe", "#!/bin/sh\n", 0o755);
            assert!(judge_one(&[&safe], &strict).0.is_some(), "below the sticky temporary directory");
            let there = dir.path().join("there");
            fs::create_dir(&there).unwrap();
            fs::set_permissions(&there, fs::Permissions::from_mode(0o777)).unwrap();
            symlink(&safe, there.join("link")).unwrap();
            let link = there.join("link").to_string_lossy().into_owned();
            assert!(judge_one(&[&link], &strict).0.is_none(), "anybody can turn the link");
        }
    }

    #[test]
    fn users() {
        let own = rules(DefaultAccount::Own(Account::own()), true);
        let (none, lines, _) = judge_one(&["/bin/true"], &own);
        assert_eq!(none, None);
        assert!(lines.starts_with("Unable to set default user keepalived_script for script"), "{lines}");
        let named = Command {
            argv: vec!["/bin/true".into()],
            user: Some(UserSpec { user: "no-such-user".into(), group: None }),
        };
        let verdict = prepare(&named, &own, "notify script /bin/true");
        assert_eq!(verdict.script, None);
        assert!(verdict.lines[0].text.starts_with("Unable to set uid/gid for script '/bin/true'"));
    }

    #[test]
    fn all_groups_of_the_user_where_they_are_asked_for() {
        let user = DefaultAccount::Given(ROOT);
        let usual = rules(user.clone(), false);
        assert_eq!(judge_one(&["/bin/true"], &usual).0.unwrap().groups, [0; 0]);
        let asked = Rules { all_groups: true, ..rules(user, false) };
        assert!(judge_one(&["/bin/true"], &asked).0.unwrap().groups.contains(&0));
    }

    #[test]
    fn ways() {
        let dir = tempfile::tempdir().unwrap();
        let bare = script(dir.path(), "bare", "exit 0\n", 0o755);
        let rules = rules(DefaultAccount::Given(ROOT), false);
        let (prepared, lines, _) = judge_one(&[&bare], &rules);
        assert_eq!(prepared.unwrap().way, Way::Shell);
        assert!(lines.ends_with(&format!("Please add a #! shebang to script {bare}")), "{lines}");
        assert_eq!(judge_one(&["/bin/true"], &rules).0.unwrap().way, Way::Execute);
        let (read, ..) = judge_one(&["</etc/hostname"], &rules);
        assert_eq!(read.map(|p| (p.program.clone(), p.way)), Some(("/etc/hostname".into(), Way::Read)));
    }
}

//! The surroundings in which keepalived reads the files: namespaces of its own, with the interfaces, scripts,
//! users and network namespaces that the files name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use standfast::config::model::UserSpec;
use standfast::config::{LoadOptions, Loaded, load};

use super::fields::{self, Objects};
use crate::corpus::{self, strings};

/// The host's name within.
pub const HOST_NAME: &str = "node";

/// Arguments: a folder that is laid over `/`, the file, the network namespace that it names,
/// keepalived's options, and the interfaces. Each end of a pair of interfaces counts.
const SCRIPT: &str = r#"
set -e
over=$1 file=$2 space=$3 options=$4; shift 4
mount -t tmpfs tmpfs /mnt
cp -a "$over" /mnt/upper
mkdir /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
for folder in proc sys dev; do mount --rbind /$folder /mnt/root/$folder; done
mount -t tmpfs tmpfs /mnt/root/run
mount -t tmpfs tmpfs /mnt/root/tmp
mkdir /mnt/root/run/netns
: >"/mnt/root/run/netns/$space"
mount --bind /proc/self/ns/net "/mnt/root/run/netns/$space"
n=0
{
  echo link set lo up
  for name in "$@"; do
    echo link add "$name" type veth peer name peer$n
    echo link set "$name" up
    echo link set peer$n up
    echo address add 198.18.$n.1/24 dev "$name"
    n=$((n+1))
  done
} >/mnt/root/run/interfaces
hostname node
ip -batch /mnt/root/run/interfaces >&2
exec timeout -s KILL 10 chroot /mnt/root \
  keepalived -n -d -l -G $options -f "$file" -p /run/k -r /run/v -c /run/c -b /run/b 2>&1
"#;

/// What BFD's process says of its sessions.
const BFD_LABELS: &[&str] = &[
    "------< BFD Topology",
    "BFD Instance =",
    "Neighbor IP",
    "Source IP",
    "Required min RX",
    "Desired min TX",
    "Desired idle TX",
    "Detection multiplier",
    "TTL =",
    "hoplimit =",
    "max_hops",
    "passive",
    "send event to",
];

/// What is laid over the host's files, and which files are read.
pub struct Surroundings {
    over: tempfile::TempDir,
    users: Users,
    groups: Groups,
    files: Vec<PathBuf>,
}

impl Surroundings {
    /// Those of the published files too, where these exist.
    pub fn new() -> Surroundings {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
        let mut files = Vec::new();
        for folder in ["examples", "meaning"] {
            let entries = fs::read_dir(fixtures.join(folder)).unwrap().map(|entry| entry.unwrap().path());
            files.extend(entries.filter(|path| path.extension().is_some_and(|ending| ending == "conf")));
        }
        let mut furnish = String::new();
        if let Some(corpus) = corpus::folder() {
            furnish = fs::read_to_string(corpus.join("furnish.json")).unwrap();
            let index = fs::read_to_string(corpus.join("index.tsv")).unwrap();
            for row in index.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>()) {
                if [row[5], row[6]].iter().all(|status| matches!(*status, "0" | "6")) {
                    files.push(corpus.join(row[0]));
                }
            }
        }
        let over = tempfile::tempdir().unwrap();
        let (users, groups) = lay(over.path(), &furnish, &files);
        Surroundings { over, users, groups, files }
    }

    /// The files to compare.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// uid and gid of a script's user; root where nobody is named.
    pub fn account(&self, user: Option<&UserSpec>) -> (u32, u32) {
        let Some(spec) = user else { return (0, 0) };
        let (uid, own) = self.users.get(&spec.user).copied().unwrap_or_default();
        let group = spec.group.as_ref();
        (uid, group.map_or(own, |group| self.groups.get(group).copied().unwrap_or_default()))
    }

    /// What keepalived makes of the file; `None` where it ends before it shows anything.
    pub fn keepalived(&self, file: &Path) -> Option<Objects> {
        let Loaded { needs, config, .. } = load_here(file);
        let named = needs.interfaces.iter().map(|one| one.name.to_string());
        let named: BTreeSet<String> = named.filter(|name| name != "lo").collect();
        let space = config.global.net_namespace.as_deref().unwrap_or("none");
        let mut found = fields::objects(&self.run(file, [space, "-P -B"], &named, 0)?);
        let sessions = config.bfd_instances.len();
        if sessions > 0 {
            // The processes of VRRP and BFD write side by side: a second run for what only with BFD's is there.
            let text = self.run(file, [space, "-P"], &named, sessions)?;
            let (of_bfd, of_vrrp): (Vec<&str>, Vec<&str>) = text
                .lines()
                .partition(|line| BFD_LABELS.iter().any(|label| line.trim().starts_with(label)));
            let of_vrrp = fields::objects(&of_vrrp.join("\n")).into_iter();
            found.extend(of_vrrp.filter(|(name, _)| name.starts_with("VRRP Track BFD")));
            found.extend(fields::objects(&of_bfd.join("\n")));
        }
        Some(found)
    }

    /// The text up to where all is said of the interfaces and of so many BFD sessions.
    fn run(
        &self,
        file: &Path,
        how: [&str; 2],
        interfaces: &BTreeSet<String>,
        sessions: usize,
    ) -> Option<String> {
        let mut child = Command::new("unshare")
            .args(["--net", "--mount", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child"])
            .args(["sh", "-c", SCRIPT, "sh"])
            .args([self.over.path(), file])
            .args(how)
            .args(interfaces)
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        // `lo`, and two for each pair.
        let mut awaited = [
            ("   Reset promote_secondaries counter", 1 + 2 * interfaces.len()),
            ("   send event to checker process", sessions),
        ];
        let mut text = String::new();
        let mut whole = false;
        for line in BufReader::new(child.stdout.take()?).split(b'\n') {
            // Behind the time, which has a fixed width.
            let line = String::from_utf8_lossy(&line.ok()?).into_owned();
            let line = line.get(26..).unwrap_or("");
            text.push_str(line);
            text.push('\n');
            for (last, count) in &mut awaited {
                *count = count.saturating_sub(usize::from(line.starts_with(*last)));
            }
            whole = awaited.iter().all(|(_, count)| *count == 0);
            // Load balancing only: it would sit there.
            if whole || line.contains("keepalived has no configuration to run") {
                break;
            }
        }
        let _ = child.kill();
        let _ = child.wait();
        whole.then_some(text)
    }
}

/// What the file says, and what it wants of the host.
pub fn load_here(file: &Path) -> Loaded {
    load(file.to_str().unwrap(), &LoadOptions { config_id: HOST_NAME.into(), ..LoadOptions::default() })
}

/// uid, and gid of the user's own group.
type Users = BTreeMap<String, (u32, u32)>;
type Groups = BTreeMap<String, u32>;

/// Writes scripts and users that the files name; the numbers of users and groups.
fn lay(over: &Path, furnish: &str, files: &[PathBuf]) -> (Users, Groups) {
    let mut scripts: BTreeSet<String> = strings(furnish, "script_stubs").into_iter().collect();
    let mut users: BTreeSet<String> = strings(furnish, "users").into_iter().collect();
    for file in files {
        let Loaded { needs, config, .. } = load_here(file);
        scripts.extend(needs.scripts.iter().filter_map(|script| script.command.argv.first().cloned()));
        users.extend(needs.users.iter().map(|user| user.user.user.clone()));
        for tracked in config.track_files.iter().filter(|tracked| tracked.path.starts_with('/')) {
            place(over, Path::new(&tracked.path));
        }
    }
    let search = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    for script in &scripts {
        let mut places = search.iter().map(|folder| Path::new(folder).join(script));
        if places.any(|path| path.exists()) {
            continue;
        }
        // A bare name goes to the first folder.
        let path = place(over, &Path::new(search[0]).join(script));
        fs::write(&path, "#!/bin/sh\nexit 0\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for database in ["passwd", "group"] {
        let mut text = fs::read_to_string(Path::new("/etc").join(database)).unwrap();
        for (number, user) in (2000..).zip(&users) {
            let known = text.lines().any(|line| line.split(':').next() == Some(user));
            if !known && user.parse::<u32>().is_err() {
                let rest =
                    if database == "passwd" { format!("{number}::/:/bin/sh") } else { String::new() };
                text += &format!("{user}:x:{number}:{rest}\n");
            }
        }
        fs::write(place(over, &Path::new("/etc").join(database)), text).unwrap();
    }
    let mut hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    hosts += &format!("\n127.0.0.9 {HOST_NAME}\n{}\n", strings(furnish, "hosts").join("\n"));
    fs::write(place(over, Path::new("/etc/hosts")), hosts).unwrap();
    let numbers = |database: &str| {
        let text = fs::read_to_string(over.join("etc").join(database)).unwrap();
        let line = |line: &str| {
            let parts: Vec<&str> = line.split(':').collect();
            Some((parts[0].to_owned(), (parts[2].parse().ok()?, parts[3].parse().unwrap_or(0))))
        };
        text.lines().filter_map(line).collect::<Users>()
    };
    let groups = numbers("group").into_iter().map(|(name, (gid, _))| (name, gid)).collect();
    (numbers("passwd"), groups)
}

/// Where a path of the host goes in the folder that is laid over it, with the folders above: links stay links.
fn place(over: &Path, path: &Path) -> PathBuf {
    let folder = path.parent().unwrap();
    let exists = folder.ancestors().find(|folder| folder.exists()).unwrap();
    let folder = exists.canonicalize().unwrap().join(folder.strip_prefix(exists).unwrap());
    let folder = over.join(folder.strip_prefix("/").unwrap());
    fs::create_dir_all(&folder).unwrap();
    folder.join(path.file_name().unwrap())
}

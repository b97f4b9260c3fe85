//! A director with systemd as its process 1, in namespaces of its own: this machine's files with a tmpfs on top, an
//! empty network with one cable, its own cgroups. What is installed and started there stays there.

use super::process::{Process, children_of};
use super::shelf;
use super::wait;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use tempfile::TempDir;

static DIRECTORS: AtomicU32 = AtomicU32::new(0);

/// A running system.
pub struct Director {
    init: Process,
    group: String,
    _place: TempDir,
}

/// Makes the cgroup that will be the director's root and goes on inside it. `$0`: scratch directory, `$1`: name of the
/// group, `$2`: the script that goes on, `$3`: what it runs first.
const GROUP: &str = r#"
mount -t cgroup2 cgroup2 "$0"
mkdir "$0/$1"
echo $$ >"$0/$1/cgroup.procs"
umount "$0"
exec unshare --fork --kill-child --pid --mount --propagation private --cgroup --net --uts --ipc \
    sh -eu -c "$2" "$0" "$3"
"#;

/// Puts the file system together and becomes systemd. Only what logs and what is tested is started; the package
/// database knows the packages of the shelf and what they need, which is read in a moment also under emulation.
/// `$0`: scratch directory, `$1`: shell lines to run in the new root before.
const START: &str = r#"
mount -t tmpfs tmpfs "$0"
mkdir "$0/upper" "$0/work" "$0/root"
mount -t overlay -o "lowerdir=/,upperdir=$0/upper,workdir=$0/work" overlay "$0/root"
mkdir -p "$0/root/opt/packages"
cp "$SHELF"/*.deb "$0/root/opt/packages"
cd "$0/root"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t proc proc mnt
mount --bind mnt/sys/net proc/sys/net
umount mnt
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    : >"dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp

ip link set lo up
ip link add eth0 type veth peer name wire
ip link set wire up
ip address add 10.5.0.1/24 dev eth0
ip link set eth0 up

# A machine for tests may forbid services to start.
rm -f usr/sbin/policy-rc.d
rm -rf etc/systemd/system/*
: >etc/machine-id
for unit in $(cd lib/systemd/system && ls sysinit.target.wants local-fs.target.wants timers.target.wants); do
    case $unit in
        *journal*) ;;
        *.service | *.mount | *.automount | *.path | *.timer) ln -sf /dev/null "etc/systemd/system/$unit" ;;
    esac
done
# Asking them takes longer than all the rest. Scripts of the old style have one as well.
find lib/systemd/system-generators -type f ! -name '*sysv*' -delete
printf '[Service]\nType=oneshot\nExecStart=/bin/touch /run/up\n' >etc/systemd/system/director.service
mkdir -p etc/systemd/system/multi-user.target.wants

needed=$(for package in opt/packages/*.deb; do
    dpkg-deb --field "$package" Depends
    dpkg-deb --field "$package" Pre-Depends
done | tr ',|' '\n\n' | sed 's/^ *//; s/[ :(].*//' | sort -u)
mkdir "$0/dpkg" "$0/dpkg/info" "$0/dpkg/updates" "$0/dpkg/triggers"
{ dpkg-query --status $needed keepalived || true; } >"$0/dpkg/status" 2>/dev/null
for package in $needed keepalived; do
    cp var/lib/dpkg/info/"$package"[.:]* "$0/dpkg/info" 2>/dev/null || true
done
cp var/lib/dpkg/info/format "$0/dpkg/info"
for file in diversions statoverride; do
    [ ! -e "var/lib/dpkg/$file" ] || cp "var/lib/dpkg/$file" "$0/dpkg"
done
mount --bind "$0/dpkg" var/lib/dpkg
eval "$1"

# All that is written or removed from now on, at one place.
mount --bind "$0/upper" mnt
mkdir .old
pivot_root . .old
umount -l .old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=director.service
"#;

impl Director {
    /// Boots one. keepalived is installed there and not enabled; `first` are shell lines that run in the root
    /// directory before that.
    #[track_caller]
    pub fn boot(name: &str, first: &str) -> Director {
        let number = DIRECTORS.fetch_add(1, Ordering::Relaxed);
        let group = format!("sf-{}-{number}", std::process::id());
        let place = TempDir::with_prefix("standfast-systemd-").unwrap();
        let mut command = Command::new("unshare");
        command.env("SHELF", shelf::place());
        command.args(["--mount", "--propagation", "private", "sh", "-eu", "-c", GROUP]);
        command.arg(place.path()).args([&group, START, first]);
        let init = Process::spawn(&format!("{name} systemd"), command);
        let mut director = Director { init, group, _place: place };
        wait::until("systemd has started everything, or has ended", wait::seconds(60), || {
            director.file("/run/up").exists() || director.init.ended().is_some()
        });
        assert!(director.init.ended().is_none(), "systemd did not start\n{}", director.init.log());
        director
    }

    /// A file of the director as seen from here.
    pub fn file(&self, path: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{path}", self.first()))
    }

    /// Runs shell lines there.
    pub fn try_sh(&self, lines: &str) -> Output {
        let mut command = Command::new("nsenter");
        command.args([
            "--target",
            &self.first().to_string(),
            "--all",
            "env",
            "-i",
            "HOME=/root",
            "LC_ALL=C",
        ]);
        command.arg("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.args(["DEBIAN_FRONTEND=noninteractive", "sh", "-eu", "-c", lines]).output().unwrap()
    }

    /// Runs shell lines there that must succeed; gives their output.
    #[track_caller]
    pub fn sh(&self, lines: &str) -> String {
        let output = self.try_sh(lines);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            panic!("{lines}: {}\n{said}{complaint}\n{}", output.status, self.journal());
        }
        said
    }

    /// What systemd knows of a unit, such as its `ActiveState`.
    #[track_caller]
    pub fn show(&self, unit: &str, property: &str) -> String {
        self.sh(&format!("systemctl show --property {property} --value {unit}")).trim().to_owned()
    }

    /// What `systemctl is-active` and `is-enabled` say.
    pub fn state(&self, unit: &str) -> (String, String) {
        let word = |verb: &str| {
            let output = self.try_sh(&format!("systemctl {verb} {unit}"));
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        (word("is-active"), word("is-enabled"))
    }

    /// Whether `eth0` has an address (written with its prefix).
    pub fn holds(&self, address: &str) -> bool {
        self.sh("ip -o -4 address show dev eth0").contains(&format!("inet {address} "))
    }

    /// Waits until a shell condition holds; says what the director logged when that does not come. One shell asks
    /// again and again, as starting programs is what costs time under emulation.
    #[track_caller]
    pub fn until(&self, what: &str, condition: &str) {
        let limit = wait::seconds(15).as_secs();
        let script = format!(
            "end=$(($(date +%s) + {limit})); until {condition}; do [ $(date +%s) -lt $end ]; sleep 0.1; done"
        );
        let held = self.try_sh(&script).status.success();
        assert!(held, "after {limit} s still not: {what}\n{}", self.journal());
    }

    /// The files, links included, that the director has beyond this machine's and whose names contain `word`, or that
    /// are links to such a name.
    #[track_caller]
    pub fn traces(&self, word: &str) -> String {
        self.sh(&format!(
            "find /mnt /run /var/lib/dpkg -path /mnt/opt/packages -prune -o ! -type c \\
             \\( -name '*{word}*' -o -lname '*{word}*' \\) -print"
        ))
    }

    /// All that was logged.
    pub fn journal(&self) -> String {
        String::from_utf8_lossy(&self.try_sh("journalctl --no-pager -q -o short-monotonic").stdout)
            .into_owned()
    }

    /// systemd's process number as seen from here.
    fn first(&self) -> i32 {
        children_of(self.init.pid()).first().copied().unwrap_or(i32::MAX)
    }
}

impl Drop for Director {
    fn drop(&mut self) {
        self.init.kill_family();
        let line = format!(
            "mount -t cgroup2 cgroup2 /mnt && find /mnt/{} -depth -type d -exec rmdir {{}} +",
            self.group
        );
        // Its last process may still be ending: an empty group that stays harms nobody.
        let _stays = Command::new("unshare").args(["--mount", "sh", "-c", &line]).output();
    }
}

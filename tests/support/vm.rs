//! A virtual machine with a kernel that has IPVS, for machines whose own kernel has none: Debian's kernel under
//! emulation, this machine's files over 9p with a tmpfs on top, and this very program run inside.

use super::wait;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Needed before the root file system can be mounted.
const EARLY: [&str; 6] = ["virtio_pci", "virtio_ring", "9pnet_virtio", "9p", "overlay", "virtio"];
/// What the tests need; a name that is built in is skipped.
const LATE: [&str; 21] = [
    "ip_vs",
    "ip_vs_rr",
    "ip_vs_wrr",
    "ip_vs_wlc",
    "ip_vs_lc",
    "ip_vs_sh",
    "ip_vs_mh",
    "ip_vs_dh",
    "dummy",
    "veth",
    "bridge",
    "macvlan",
    "ipip",
    "nf_conntrack",
    "nf_tables",
    "nft_compat",
    "iptable_nat",
    "af_packet",
    "8021q",
    "ipvlan",
    "vrf",
];
/// Environment variable that says to this program that it runs in the guest.
const GUEST: &str = "STANDFAST_GUEST";
/// How much slower the guest is than a quick machine, for deadlines.
const SLOWNESS: &str = "4";
/// The guest's last words on the result line, before the exit status.
const STATUS: &str = "standfast-guest-exit-status ";

/// A kernel image with the modules of the same version.
pub struct Kernel {
    image: PathBuf,
    version: String,
}

/// Finds what a boot needs, or says what is missing.
pub fn kernel() -> Result<Kernel, String> {
    for tool in ["qemu-system-x86_64", "busybox", "cpio", "modprobe"] {
        let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output();
        if !found.is_ok_and(|output| output.status.success()) {
            return Err(format!("{tool} is not installed"));
        }
    }
    let images = std::fs::read_dir("/boot").map_err(|error| format!("/boot: {error}"))?;
    let mut versions: Vec<String> = images
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_prefix("vmlinuz-").map(str::to_owned))
        .filter(|version| Path::new("/lib/modules").join(version).join("kernel").is_dir())
        .collect();
    versions.sort();
    let version =
        versions.pop().ok_or("no kernel image with modules under /boot (package linux-image-amd64)")?;
    Ok(Kernel { image: Path::new("/boot").join(format!("vmlinuz-{version}")), version })
}

/// Whether this machine's own kernel may be used: it has IPVS and the operator of the tests allows it.
pub fn own_kernel_serves() -> bool {
    std::env::var_os("STANDFAST_TEST_OWN_KERNEL").is_some() && Path::new("/proc/net/ip_vs").exists()
}

/// Whether this program runs in a virtual machine that it has booted itself.
pub fn inside() -> bool {
    std::env::var_os(GUEST).is_some()
}

/// Two processors that run as fast as this machine lets them.
pub const TWO_PROCESSORS: [&str; 4] = ["-accel", "tcg,thread=multi", "-smp", "2"];

/// Boots the kernel on `processors` (options of qemu), runs this program inside with `args`, gives each line it prints to `line`, and returns its
/// exit status. The kernel's own messages are in the returned file.
pub fn boot(
    kernel: &Kernel,
    processors: &[&str],
    args: &[String],
    limit: Duration,
    mut line: impl FnMut(&str),
) -> (Option<i32>, PathBuf) {
    let place = tempfile::TempDir::with_prefix("standfast-vm-").unwrap();
    let ram_disk = ram_disk(kernel, place.path(), args);
    let messages = std::env::temp_dir().join(format!("standfast-vm-kernel-{}.log", std::process::id()));
    let mut machine = Command::new("qemu-system-x86_64")
        .args(processors)
        .args(["-m", "1536", "-display", "none", "-monitor", "none"])
        .args([
            "-no-reboot",
            "-nic",
            "none",
            "-append",
            // On a busy host the emulated timer comes too late for the kernel's self-test, which ends in a panic.
            "console=ttyS0 panic=-1 quiet loglevel=5 no_timer_check",
            "-kernel",
        ])
        .arg(&kernel.image)
        .arg("-initrd")
        .arg(&ram_disk)
        .args(["-fsdev", "local,id=root,path=/,readonly=on,security_model=none,multidevs=remap"])
        .args(["-device", "virtio-9p-pci,fsdev=root,mount_tag=root"])
        .args(["-serial", &format!("file:{}", messages.display()), "-serial", "stdio"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = machine.stdout.take().unwrap();
    let guard = Watchdog::start(machine, limit);
    let mut status = None;
    for text in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let text = String::from_utf8_lossy(&text);
        let text = text.trim_end();
        match text.strip_prefix(STATUS) {
            Some(number) => status = number.parse().ok(),
            None => line(text),
        }
    }
    guard.finish();
    (status, messages)
}

/// Ends the machine when the tests take too long.
struct Watchdog {
    done: std::sync::mpsc::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Watchdog {
    fn start(mut machine: Child, limit: Duration) -> Watchdog {
        let (done, over) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let start = Instant::now();
            while machine.try_wait().is_ok_and(|status| status.is_none()) {
                let told = over.recv_timeout(Duration::from_millis(200)).is_ok();
                if told || start.elapsed() > limit {
                    let _already_off = machine.kill();
                    let _status_came_by_the_line = machine.wait();
                    return;
                }
            }
        });
        Watchdog { done, thread }
    }

    fn finish(self) {
        let _already_off = self.done.send(());
        let _panicked = self.thread.join();
    }
}

/// Builds the initial RAM disk: busybox, the modules that mount the root, and the script that goes on from there.
fn ram_disk(kernel: &Kernel, place: &Path, args: &[String]) -> PathBuf {
    let tree = place.join("tree");
    for dir in ["bin", "dev", "proc", "sys", "lower", "over", "root", "modules"] {
        std::fs::create_dir_all(tree.join(dir)).unwrap();
    }
    let busybox = Command::new("sh").args(["-c", "command -v busybox"]).output().unwrap();
    std::fs::copy(String::from_utf8_lossy(&busybox.stdout).trim(), tree.join("bin/busybox")).unwrap();
    let mut loads = String::new();
    for (index, module) in modules(kernel).iter().enumerate() {
        let name = format!("{index:03}.ko");
        unpack(module, &tree.join("modules").join(&name));
        writeln!(loads, "insmod /modules/{name}").unwrap();
    }
    let init = tree.join("init");
    std::fs::write(&init, init_script(&loads, args)).unwrap();
    std::fs::set_permissions(&init, std::fs::Permissions::from_mode(0o755)).unwrap();
    let disk = place.join("initramfs");
    let packed = Command::new("sh")
        .arg("-c")
        .arg(format!("cd {} && find . | cpio -o -H newc --quiet > {}", tree.display(), disk.display()))
        .status()
        .unwrap();
    assert!(packed.success(), "cpio failed");
    disk
}

/// The module files in an order that satisfies their dependencies.
fn modules(kernel: &Kernel) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for name in EARLY {
        let output = Command::new("modprobe")
            .args(["--set-version", &kernel.version, "--show-depends", name])
            .output()
            .unwrap();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            if let Some(file) = line.strip_prefix("insmod ").map(|file| PathBuf::from(file.trim()))
                && !files.contains(&file)
            {
                files.push(file);
            }
        }
    }
    files
}

fn unpack(module: &Path, target: &Path) {
    let tool = match module.extension().and_then(|extension| extension.to_str()) {
        Some("xz") => "xz -dc",
        Some("zst") => "zstd -dcq",
        Some("gz") => "gzip -dc",
        _ => "cat",
    };
    let line = format!("{tool} {} > {}", module.display(), target.display());
    assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success(), "{line}");
}

fn init_script(loads: &str, args: &[String]) -> String {
    let program = std::env::current_exe().unwrap();
    let words: String = args.iter().map(|word| format!(" '{word}'")).collect();
    let slowness = wait::SLOWNESS;
    let late = LATE.join(" ");
    let program = program.display();
    let kept: String = std::env::vars()
        .filter(|(name, _)| name.starts_with("STANDFAST_") && name != slowness || name == "PROPTEST_CASES")
        .map(|(name, value)| format!("{name}='{value}' "))
        .collect();
    format!(
        r#"#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
{loads}
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose root /lower || poweroff -f
mount -t tmpfs over /over
mkdir /over/upper /over/work
mount -t overlay -o lowerdir=/lower,upperdir=/over/upper,workdir=/over/work root /root || poweroff -f
mount -t proc proc /root/proc
mount -t sysfs sys /root/sys
mount -t devtmpfs dev /root/dev
mkdir -p /root/dev/pts /root/dev/shm
mount -t devpts pts /root/dev/pts
mount -t tmpfs run /root/run
mkdir -p /root/run/netns /root/run/bird /root/run/lock
stty -F /dev/ttyS1 -opost 2>/dev/null
cat > /root/tmp/guest.sh <<'END'
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root {slowness}={SLOWNESS} {GUEST}=1
ip link set lo up
modprobe -a -q {late}
sysctl -q -w net.ipv4.ping_group_range="0 2147483647"
{kept} {program}{words}
echo "{STATUS}$?"
sleep 0.2
busybox poweroff -f
END
exec switch_root -c /dev/ttyS1 /root /bin/sh /tmp/guest.sh
"#
    )
}

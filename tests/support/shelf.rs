//! The packages that the tests under systemd install: ours, and keepalived's own, packed again from what is installed.

use super::packages;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Environment variable with a directory of packages to take for ours, such as what `make deb` has built.
pub const PACKAGES: &str = "STANDFAST_PACKAGES";

/// Where the packages wait for the tests that install them; the virtual machine sees them there too.
pub fn place() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages")
}

/// Fills the shelf: our packages, or those that [`PACKAGES`] names, and keepalived's.
pub fn stock() {
    let shelf = place();
    // What an earlier program left there is not to be mistaken for this one's.
    let _there_is_none_yet = std::fs::remove_dir_all(&shelf);
    std::fs::create_dir_all(&shelf).unwrap();
    match std::env::var_os(PACKAGES) {
        // Unpacking takes long under emulation.
        None => drop(packages::build(&shelf, "none")),
        Some(given) => {
            let line = format!("cp {}/standfast*.deb {}", Path::new(&given).display(), shelf.display());
            packages::said(Command::new("sh").args(["-c", &line]));
        }
    }
    packages::said(Command::new("sh").args(["-eu", "-c", PACK_AGAIN, "keepalived"]).arg(&shelf));
}

/// Packs an installed package: its files, its scripts, and what is known of it. The arguments are its name and a
/// directory for the result.
const PACK_AGAIN: &str = r#"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
umask 022
chmod 755 "$tree"
mkdir "$tree/DEBIAN"
# Of directories the names in the paths are enough: one of them may be a link here.
sed 's|^/||' "/var/lib/dpkg/info/$0.list" |
    while read -r file; do [ -d "/$file" ] || echo "$file"; done |
    tar -C / -cf - -T - | tar -C "$tree" -xf -
for part in conffiles preinst postinst prerm postrm; do
    [ ! -e "/var/lib/dpkg/info/$0.$part" ] || cp -p "/var/lib/dpkg/info/$0.$part" "$tree/DEBIAN/$part"
done
dpkg-query --status "$0" | awk '/^[^ ]/ { left = /^(Status|Conffiles):/ } !left' >"$tree/DEBIAN/control"
dpkg-deb -Znone --build "$tree" "$1/$0_packed_again.deb"
"#;

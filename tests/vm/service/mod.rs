//! The packages and the unit under a running systemd, with keepalived on the same director and without.

mod swap;
mod unit;

use super::SERVICE;
use crate::support::runner::Case;
use crate::support::systemd::Director;

/// The cases.
pub fn cases() -> Vec<Case> {
    let scenarios: [(&str, fn()); 2] =
        [("a_fresh_director", unit::a_fresh_director), ("swap_and_back", swap::there_and_back)];
    scenarios.map(|(name, run)| Case::new(format!("{SERVICE}{name}"), run)).into()
}

/// The virtual address of [`CONFIG`].
const VIP: &str = "10.5.0.99/24";

/// Master within a second, with a script that must see what runs, and one that tells what happened.
const CONFIG: &str = "\
global_defs {
    enable_script_security
}
vrrp_script sees {
    script /usr/local/bin/sees
    user root
    interval 5
    timeout 30
}
vrrp_instance V {
    interface eth0
    virtual_router_id 7
    version 3
    priority 100
    advert_int 0.2
    virtual_ipaddress {
        10.5.0.99/24
    }
    track_script {
        sees
    }
    notify /usr/local/bin/noted
}
virtual_server 10.5.0.99 80 {
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    real_server 10.5.0.7 80 {
    }
}
";

/// The configuration, the script that it names, and the user that runs it, who may write to one place only.
fn configure() -> String {
    format!(
        r#"
mkdir -p etc/keepalived usr/local/bin var/lib/noted
cat >etc/keepalived/keepalived.conf <<'END'
{CONFIG}END
printf '#!/bin/sh\necho "$* $(id -un)" >>/var/lib/noted/calls\necho x >>/var/lib/not-ours\n' >usr/local/bin/noted
printf '#!/bin/sh\nexec pidof /lib/systemd/systemd >/dev/null\n' >usr/local/bin/sees
chmod 755 usr/local/bin/noted usr/local/bin/sees
echo 'keepalived_script:x:990:990::/nonexistent:/usr/sbin/nologin' >>etc/passwd
echo 'keepalived_script:x:990:' >>etc/group
chown 990:990 var/lib/noted
"#
    )
}

/// Shell lines that take keepalived off the director as if it had never been there.
const WITHOUT_KEEPALIVED: &str = r#"
sed 's|^/||' var/lib/dpkg/info/keepalived.list | while read -r file; do [ -d "./$file" ] || rm -f "./$file"; done
rm -f var/lib/dpkg/info/keepalived.*
sed -i '/^Package: keepalived$/,/^$/d' var/lib/dpkg/status
"#;

/// Installs packages of the shelf by the beginning of their names; gives what dpkg said.
#[track_caller]
fn install(director: &Director, names: &str) -> String {
    director.sh(&format!(
        "cd /opt/packages; for name in {names}; do dpkg --force-unsafe-io --install ./\"$name\"_*.deb; done </dev/null 2>&1"
    ))
}

/// Waits until the daemon is master: the address is there, and so is its balancing.
#[track_caller]
fn await_master(director: &Director) {
    director.until("the address", &format!("ip -o address show dev eth0 | grep -q 'inet {VIP} '"));
    director.until("the real server in the table", "ipvsadm -Sn | grep -q 'r 10.5.0.7:80'");
}

/// Nothing is held: neither address nor service.
#[track_caller]
fn assert_nothing_held(director: &Director) {
    assert!(!director.holds(VIP), "{}", director.journal());
    assert_eq!(director.sh("ipvsadm -Sn"), "", "{}", director.journal());
}

fn pair(active: &str, enabled: &str) -> (String, String) {
    (active.to_owned(), enabled.to_owned())
}

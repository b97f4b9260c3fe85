//! The configuration, and the state where it runs, as text with keepalived's labels and values (2.2.7): for
//! `-d`, and for the file that SIGUSR1 asks for. Tools read `VRRP Instance = `, `State = `, `Virtual IP (n):`
//! and the like. Passwords are nobody's business and are left out.

mod address;
mod bfd;
mod check;
mod global;
mod group;
mod instance;
mod interface;
mod pace;
mod page;
mod routing;
mod service;
mod tracked;

use std::sync::Arc;

use crate::config::model::{Check, CheckKind, Command, Config, Ssl};
use crate::ids::Name;
use crate::lvs::view::ServiceView;
use crate::objects::interface::Interface;
use crate::time::Mono;
use crate::track::news::Standing;
use crate::vrrp::view::View;
use page::Page;

/// What of this host stands in a dump.
pub struct Host<'a> {
    /// Its name.
    pub name: &'a str,
    /// uid and gid that run a command, or with `None` one that names nobody.
    pub account: &'a dyn Fn(Option<&Command>) -> (u32, u32),
    /// A point of time in words.
    pub moment: &'a dyn Fn(Mono) -> String,
    /// Empty before the daemon runs.
    pub interfaces: &'a [Arc<Interface>],
    /// Track scripts that run just now.
    pub running: &'a [Name],
}

impl<'a> Host<'a> {
    /// One on which no daemon runs yet.
    pub fn at_rest(name: &'a str, account: &'a dyn Fn(Option<&Command>) -> (u32, u32)) -> Self {
        Host { name, account, moment: &|_| String::new(), interfaces: &[], running: &[] }
    }

    fn interface(&self, name: &Name) -> Option<&Interface> {
        self.interfaces.iter().map(|interface| &**interface).find(|interface| interface.name == *name)
    }
}

/// The VRRP part; with the state of each instance where `views` has it, and that of what is tracked.
pub fn vrrp(config: &Config, views: &[View], standing: &Standing, host: &Host<'_>) -> String {
    let mut page = Page::default();
    global::write(&mut page, config, host);
    bfd::write(&mut page, config);
    pace::write(&mut page, config);
    routing::write_statics(&mut page, config);
    page.title("VRRP Topology");
    for instance in &config.instances {
        let view = views.iter().find(|view| view.config.name == instance.name);
        instance::write(&mut page, config, instance, view, host);
    }
    group::write(&mut page, config, views, host);
    tracked::write(&mut page, config, standing, host);
    interface::write(&mut page, config, host);
    page.into_text()
}

/// The load balancing part; with the state of each service where `views` has it, by its place in the configuration.
pub fn lvs(config: &Config, views: &[Option<ServiceView>], host: &Host<'_>) -> String {
    let mut page = Page::default();
    global::write(&mut page, config, host);
    let is_secure = |check: &Check| matches!(check.kind, CheckKind::Ssl(_));
    let mut checks = config.virtual_servers.iter().flat_map(|service| &service.real_servers);
    match &config.ssl {
        Some(ssl) => write_ssl(&mut page, ssl),
        None if checks.any(|real| real.checks.iter().any(|check| is_secure(check))) => {
            write_ssl(&mut page, &Ssl::default())
        }
        None => {}
    }
    page.title("LVS Topology");
    service::write_groups(&mut page, &config.virtual_servers);
    for (place, service) in config.virtual_servers.iter().enumerate() {
        service::write(&mut page, service, views.get(place).and_then(Option::as_ref), host);
    }
    check::write(&mut page, config, views, host);
    check::write_tracked(&mut page, config);
    page.into_text()
}

/// Without the password, which is nobody's business.
fn write_ssl(page: &mut Page, ssl: &Ssl) {
    page.title("SSL definitions");
    let files = [("CA-file", &ssl.ca), ("Certificate file", &ssl.certificate), ("Key file", &ssl.key)];
    for (label, file) in files {
        if let Some(file) = file {
            page.top(format_args!("{label} : {file}"));
        }
    }
    if *ssl == Ssl::default() {
        page.top("Using autogen SSL context");
    }
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

fn on(value: bool) -> &'static str {
    if value { "on" } else { "off" }
}

fn enabled(value: bool) -> &'static str {
    if value { "enabled" } else { "disabled" }
}

/// Program and arguments, and who runs them.
fn command(command: &Command, host: &Host<'_>) -> String {
    with_account(&words(command), (host.account)(Some(command)))
}

fn words(command: &Command) -> String {
    command.argv.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
}

fn with_account(what: &str, (uid, gid): (u32, u32)) -> String {
    format!("{what}, uid:gid {uid}:{gid}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LoadOptions, load_str};

    fn host() -> Host<'static> {
        Host::at_rest("node", &|_| (0, 0))
    }

    #[test]
    fn labels_that_tools_read() {
        let text = include_str!("../../../fixtures/examples/kld-vm-1.conf");
        let config = load_str("kld-vm-1.conf", text, &LoadOptions::default()).config;
        let dump = vrrp(&config, &[], &Standing::default(), &host());
        for line in [
            " VRRP Instance = VI_254",
            "   Interface = ens3",
            "   Virtual Router ID = 254",
            "   Gratuitous ARP delay = 5",
            "   Virtual IP (1):",
            "     192.168.0.254/24 dev ens3 scope global",
            "   Authentication type = SIMPLE_PASSWORD",
        ] {
            assert!(dump.lines().any(|found| found == line), "{line:?} is missing in\n{dump}");
        }
        assert!(!dump.contains("s3cr3tpw"), "a password is nobody's business");
    }

    #[test]
    fn services_and_their_servers() {
        let text = include_str!("../../../fixtures/examples/rh1-master.conf");
        let config = load_str("rh1-master.conf", text, &LoadOptions::default()).config;
        let dump = lvs(&config, &[], &host());
        for line in
            [" VS VIP = 172.28.128.200, VPORT = 80", "   RIP = 172.28.128.60, RPORT = 80, WEIGHT = 1"]
        {
            assert!(dump.lines().any(|found| found == line), "{line:?} is missing in\n{dump}");
        }
    }

    #[test]
    fn groups_and_key_material() {
        let text = "SSL {\npassword secret\nca /ca.pem\n}\nvirtual_server_group G {\n10.1.0.1-3 80\nfwmark 7 inet\n}\n\
                    virtual_server group G {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nsnmp_name web\n\
                    real_server 10.0.0.2 80 {\n}\n}\n";
        let dump = lvs(&load_str("test.conf", text, &LoadOptions::default()).config, &[], &host());
        for line in [
            " CA-file : /ca.pem",
            " Virtual Server Group = G, IPv4 = yes, IPv6 = no",
            "   VIP Range = 10.1.0.1-10.1.0.3, VPORT = 80",
            "   FWMARK = 7",
            " VS GROUP = [G]:0",
            "   SNMP name = 'web'",
        ] {
            assert!(dump.lines().any(|found| found == line), "{line:?} is missing in\n{dump}");
        }
        assert!(!dump.contains("secret"), "a password is nobody's business");
    }
}

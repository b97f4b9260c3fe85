//! The configuration, and the state where it runs, as text with keepalived's labels: for `-d`, and for the
//! file that SIGUSR1 asks for. Tools read `VRRP Instance = `, `State = `, `Virtual IP (n):` and the like.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::config::model::lvs::{GroupMember, Target};
use crate::config::model::{
    Auth, CheckKind, Command, Config, InitialState, RealServer, ServerGroup, Ssl, SyncGroup, TrackScript,
    Tracked, Version, VirtualAddress, VirtualServer, VrrpInstance,
};
use crate::ids::Family;
use crate::objects::ipvs::Forwarding;
use crate::vrrp::action::State;
use crate::vrrp::router::View;

/// The VRRP part; with the state of each instance where `views` has it.
pub fn vrrp(config: &Config, views: &[View]) -> String {
    let mut text = String::from("------< Global definitions >------\n");
    let _ = writeln!(text, " Default interface = {}", config.global.default_interface);
    let _ = writeln!(text, " VRRP IPv4 mcast group = {}", config.global.vrrp_mcast_group4);
    let _ = writeln!(text, " VRRP default protocol version = {}", config.global.vrrp_version.number());
    let _ = writeln!(
        text,
        " Script security {}",
        if config.global.script_security { "enabled" } else { "disabled" }
    );
    text.push_str("------< VRRP Topology >------\n");
    for instance in &config.instances {
        let view = views.iter().find(|view| view.config.name == instance.name);
        let group = config.sync_groups.iter().find(|group| group.members.contains(&instance.name));
        write_instance(&mut text, instance, group, view);
    }
    if !config.sync_groups.is_empty() {
        text.push_str("------< VRRP Sync groups >------\n");
    }
    for group in &config.sync_groups {
        write_group(&mut text, group, views);
    }
    if !config.track_scripts.is_empty() {
        text.push_str("------< VRRP Scripts >------\n");
    }
    for script in &config.track_scripts {
        write_script(&mut text, script);
    }
    text
}

/// The load balancing part.
pub fn lvs(config: &Config) -> String {
    let mut text = String::new();
    if let Some(ssl) = &config.ssl {
        write_ssl(&mut text, ssl);
    }
    text.push_str("------< LVS Topology >------\n");
    for group in &config.server_groups {
        write_server_group(&mut text, group);
    }
    for service in &config.virtual_servers {
        write_service(&mut text, service);
    }
    text
}

fn yes(value: bool) -> &'static str {
    if value { "enabled" } else { "disabled" }
}

fn write_instance(
    text: &mut String,
    instance: &VrrpInstance,
    group: Option<&SyncGroup>,
    view: Option<&View>,
) {
    let _ = writeln!(text, " VRRP Instance = {}", instance.name);
    let mut line = |label: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "   {label} = {value}");
    };
    let state = view.map_or(State::Init, |view| view.state);
    line("VRRP Version", &instance.version.number());
    if let Some(group) = group {
        line("Sync group", &group.name);
    }
    if let Some(view) = view {
        line("State", &view.state.as_str());
        if let Some((address, priority)) = view.master {
            line("Master router", &address);
            line("Master priority", &priority);
        }
    }
    let master = view.map_or(instance.state == Some(InitialState::Master), |_| state == State::Master);
    line("Wantstate", &if master { "MASTER" } else { "BACKUP" });
    line("Number of config faults", &0);
    match &instance.vmac {
        Some(vmac) => {
            line("Use VMAC, i/f name", &vmac.name);
            line("Interface", &format!("{}, vmac on {}", vmac.name, instance.interface));
        }
        None => line("Interface", &instance.interface),
    }
    let source = view.and_then(|view| view.source).or(instance.source);
    line("Using src_ip", &source.map_or_else(|| "none".to_owned(), |address| address.to_string()));
    if instance.unicast_peers.is_empty() {
        let _ = writeln!(text, "   Multicast address {}", instance.multicast_group);
    }
    let mut line = |label: &str, value: &dyn std::fmt::Display| {
        let _ = writeln!(text, "   {label} = {value}");
    };
    line("Gratuitous ARP delay", &instance.garp.master_delay.as_secs());
    line("Gratuitous ARP repeat", &instance.garp.master_repeat);
    line("Gratuitous ARP refresh", &instance.garp.master_refresh.as_secs());
    line("Gratuitous ARP refresh repeat", &instance.garp.master_refresh_repeat);
    line("Gratuitous ARP lower priority delay", &instance.garp.lower_prio_delay.as_secs());
    line("Gratuitous ARP lower priority repeat", &instance.garp.lower_prio_repeat);
    line("Down timer adverts", &instance.down_timer_adverts);
    line("Send advert after receive lower priority advert", &!instance.lower_prio_no_advert);
    line("Send advert after receive higher priority advert", &instance.higher_prio_send_advert);
    line("Virtual Router ID", &instance.vrid);
    line("Priority", &instance.priority);
    if let Some(view) = view {
        line("Effective priority", &view.priority);
        line("Total priority", &view.priority);
    }
    match instance.version {
        Version::V2 => line("Advert interval", &format!("{} sec", instance.advert_int.as_secs())),
        Version::V3 => line("Advert interval", &format!("{} milli-sec", instance.advert_int.as_millis())),
    }
    line("Accept", &yes(instance.accept));
    line("Preempt", &yes(!instance.nopreempt));
    if !instance.preempt_delay.is_zero() {
        line("Preempt delay", &format!("{} secs", instance.preempt_delay.as_secs_f64()));
    }
    line("Promote_secondaries", &yes(instance.promote_secondaries));
    let auth = match instance.auth {
        None => "none",
        Some(Auth::Pass(_)) => "SIMPLE_PASSWORD",
        Some(Auth::Ah(_)) => "IPSEC_AH",
    };
    if instance.version == Version::V2 {
        line("Authentication type", &auth);
    }
    write_lists(text, instance, state == State::Master);
}

fn write_lists(text: &mut String, instance: &VrrpInstance, set: bool) {
    let addresses = |text: &mut String, title: &str, list: &[VirtualAddress]| {
        let _ = writeln!(text, "   {title} ({}):", list.len());
        for address in list {
            let net = address.key.net;
            let full = net.prefix_len() == if net.addr().is_ipv4() { 32 } else { 128 };
            let shown = if full { net.addr().to_string() } else { net.to_string() };
            let state = if set { " set" } else { "" };
            let scope = scope(address.attributes.scope);
            let _ = writeln!(text, "     {shown} dev {} scope {scope}{state}", address.key.interface);
        }
    };
    addresses(text, "Virtual IP", &instance.addresses);
    if !instance.excluded.is_empty() {
        addresses(text, "Virtual IP Excluded", &instance.excluded);
    }
    if !instance.unicast_peers.is_empty() {
        let _ = writeln!(text, "   Unicast Peer :");
        for peer in &instance.unicast_peers {
            let (min, max) = (peer.min_ttl.unwrap_or(0), peer.max_ttl.unwrap_or(255));
            let _ = writeln!(text, "     {} min_ttl {min} max_ttl {max}", peer.address);
        }
    }
    write_tracked(text, "interfaces", &instance.track_interfaces);
    write_tracked(text, "scripts", &instance.track_scripts);
    let smtp = if instance.smtp_alert == Some(true) { "yes" } else { "no" };
    let _ = writeln!(text, "   Using smtp notification = {smtp}");
    let notify = &instance.notify;
    let _ =
        writeln!(text, "   Notify deleted = {}", if notify.deleted_state { "Deleted" } else { "Fault" });
    for (label, command) in [
        ("Backup", &notify.backup),
        ("Master", &notify.master),
        ("Fault", &notify.fault),
        ("Stop", &notify.stop),
        ("Generic", &notify.any),
    ] {
        if let Some(command) = command {
            let _ = writeln!(text, "   {label} state transition script = {}", quoted(command));
        }
    }
}

fn scope(number: u8) -> String {
    match number {
        0 => "global".into(),
        200 => "site".into(),
        253 => "link".into(),
        254 => "host".into(),
        255 => "nowhere".into(),
        other => other.to_string(),
    }
}

fn quoted(command: &Command) -> String {
    command.argv.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
}

fn write_tracked(text: &mut String, kind: &str, list: &[Tracked]) {
    if !list.is_empty() {
        let _ = writeln!(text, "   Tracked {kind} :");
    }
    for tracked in list {
        let reverse = if tracked.reverse { " reverse" } else { "" };
        let _ = writeln!(text, "     {} weight {}{reverse}", tracked.name, tracked.weight);
    }
}

fn write_group(text: &mut String, group: &SyncGroup, views: &[View]) {
    let member = views.iter().find(|view| group.members.contains(&view.config.name));
    let state = member.map_or(State::Init, |view| view.state);
    let _ = writeln!(text, " VRRP Sync Group = {}, {}", group.name, state.as_str());
    text.push_str("   VRRP member instances :\n");
    for name in &group.members {
        let _ = writeln!(text, "     {name}");
    }
    if let Some(command) = &group.notify.any {
        let _ = writeln!(text, "   Generic state transition script = {}", quoted(command));
    }
}

fn write_script(text: &mut String, script: &TrackScript) {
    let _ = writeln!(
        text,
        " VRRP Script = {}\n   Command = {}\n   Interval = {} sec\n   Timeout = {} sec\n   Weight = {}{}\n   \
         Rise = {}\n   Fall = {}",
        script.name,
        quoted(&script.command),
        script.interval.as_secs_f64(),
        script.timeout.as_secs_f64(),
        script.weight,
        if script.reverse { " reverse" } else { "" },
        script.rise,
        script.fall,
    );
}

/// Without the password, which is nobody's business.
fn write_ssl(text: &mut String, ssl: &Ssl) {
    text.push_str("------< SSL definitions >------\n");
    let files = [("CA-file", &ssl.ca), ("Certificate file", &ssl.certificate), ("Key file", &ssl.key)];
    for (label, file) in files {
        if let Some(file) = file {
            let _ = writeln!(text, " {label} : {file}");
        }
    }
}

fn write_server_group(text: &mut String, group: &ServerGroup) {
    let has = |family| {
        if group.members.iter().any(|member| member.family() == Some(family)) { "yes" } else { "no" }
    };
    let (name, four, six) = (&group.name, has(Family::V4), has(Family::V6));
    let _ = writeln!(
        text,
        " ------< Virtual server group >------\n Virtual Server Group = {name}, IPv4 = {four}, IPv6 = {six}"
    );
    for member in &group.members {
        let _ = match member {
            GroupMember::Addresses { first, last, port } if first == last => {
                writeln!(text, "   VIP = {first}, VPORT = {port}")
            }
            GroupMember::Addresses { first, last, port } => {
                writeln!(text, "   VIP Range = {first}-{last}, VPORT = {port}")
            }
            GroupMember::Fwmark { mark, family } => {
                let family = family.map(|family| format!(" {family}")).unwrap_or_default();
                writeln!(text, "   FWMARK = {mark}{family}")
            }
        };
    }
}

fn write_service(text: &mut String, service: &VirtualServer) {
    text.push_str(" ------< Virtual server >------\n");
    let _ = match &service.target {
        Target::Address { address, port } => writeln!(text, " VS VIP = {address}, VPORT = {port}"),
        Target::Fwmark { mark, .. } => writeln!(text, " VS FWMARK = {mark}"),
        Target::Group(name) => {
            let number = service.group.as_ref().map_or(0, |group| group.number);
            writeln!(text, " VS GROUP = [{name}]:{number}")
        }
    };
    let _ = writeln!(
        text,
        "   delay_loop = {}\n   lvs_sched = {}\n   protocol = {}\n   alpha is {}\n   omega is {}\n   quorum = {}, hysteresis = {}\n   \
         default forwarding method = {}",
        service.delay_loop.as_secs_f64(),
        service.scheduler,
        service.protocol.to_string().to_uppercase(),
        if service.alpha { "ON" } else { "OFF" },
        if service.omega { "ON" } else { "OFF" },
        service.quorum,
        service.hysteresis,
        forwarding(service.forwarding),
    );
    if let Some(name) = &service.snmp_name {
        let _ = writeln!(text, "   SNMP name = '{name}'");
    }
    if let Some(timeout) = service.persistence_timeout {
        let _ = writeln!(text, "   persistence timeout = {timeout}");
    }
    if let Some(sorry) = &service.sorry_server {
        let _ = writeln!(text, "   Sorry server = [{}]:{}", sorry.address, sorry.port);
    }
    for server in &service.real_servers {
        write_real(text, server);
    }
}

fn write_real(text: &mut String, server: &RealServer) {
    let RealServer { address, port, weight, .. } = server;
    let _ = writeln!(
        text,
        "   ------< Real server >------\n   RIP = {address}, RPORT = {port}, WEIGHT = {weight}\n     forwarding method = {}",
        forwarding(server.forwarding)
    );
    for check in &server.checks {
        let kind = check.kind.keyword();
        if !check.kind.uses_network() {
            let _ = writeln!(text, "     Health checker = {kind}{}", about_local(&check.kind));
            continue;
        }
        let target: IpAddr = check.target.ip();
        let _ = writeln!(
            text,
            "     Health checker = {kind}, dest = [{target}]:{}, connect timeout = {}, retry = {}, delay before retry = {}",
            check.target.port(),
            check.pace.connect_timeout.as_secs_f64(),
            check.pace.retry,
            check.pace.delay_before_retry.as_secs_f64(),
        );
    }
}

/// What a check has that connects to nothing.
fn about_local(kind: &CheckKind) -> String {
    match kind {
        CheckKind::Misc(misc) => format!(
            ", script = {}, timeout = {}, dynamic = {}",
            quoted(&misc.command),
            misc.timeout.as_secs(),
            if misc.dynamic { "YES" } else { "NO" }
        ),
        CheckKind::File(file) => {
            let reverse = if file.reverse { " reverse" } else { "" };
            format!(", track file = {}, weight = {}{reverse}", file.file, file.weight)
        }
        CheckKind::Bfd(bfd) => format!(", name = {}", bfd.instance),
        _ => String::new(),
    }
}

fn forwarding(method: Forwarding) -> &'static str {
    match method {
        Forwarding::Masq => "NAT",
        Forwarding::DirectRoute => "DR",
        Forwarding::Tunnel(_) => "TUN",
        Forwarding::LocalNode => "LOCAL",
        Forwarding::Bypass => "BYPASS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LoadOptions, load_str};

    #[test]
    fn labels_that_tools_read() {
        let text = include_str!("../../fixtures/examples/kld-vm-1.conf");
        let config = load_str("kld-vm-1.conf", text, &LoadOptions::default()).config;
        let dump = vrrp(&config, &[]);
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
        let text = include_str!("../../fixtures/examples/rh1-master.conf");
        let config = load_str("rh1-master.conf", text, &LoadOptions::default()).config;
        let dump = lvs(&config);
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
        let dump = lvs(&load_str("test.conf", text, &LoadOptions::default()).config);
        for line in [
            " CA-file : /ca.pem",
            " Virtual Server Group = G, IPv4 = yes, IPv6 = no",
            "   VIP Range = 10.1.0.1-10.1.0.3, VPORT = 80",
            "   FWMARK = 7 IPv4",
            " VS GROUP = [G]:0",
            "   SNMP name = 'web'",
        ] {
            assert!(dump.lines().any(|found| found == line), "{line:?} is missing in\n{dump}");
        }
        assert!(!dump.contains("secret"), "a password is nobody's business");
    }
}

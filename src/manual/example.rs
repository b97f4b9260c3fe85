//! An example of each keyword, in the blocks around it: a whole that can be read.

use crate::config::keywords::{Arguments, Context, Keyword, Values};

/// A piece of configuration with this keyword in its place.
pub fn example(context: Context, row: &Keyword) -> String {
    laid_out(&around(context, row.name, &line(context, row)))
}

/// Lines parted by `;` in a block of this kind, with what it cannot be without.
pub(super) fn within(context: Context, lines: &str) -> String {
    let first = lines.split(' ').next().unwrap_or("");
    laid_out(&around(context, first, lines))
}

/// A text whose lines are parted by `;`, one a line.
pub(super) fn laid_out(short: &str) -> String {
    let mut text = String::new();
    lay_out(short, &mut text);
    text
}

/// The keyword with an argument, and its block.
fn line(context: Context, row: &Keyword) -> String {
    if let Some(written) = written(context, row.name) {
        return written.to_owned();
    }
    let argument = match row.arguments {
        Arguments::Nothing | Arguments::Boolean => String::new(),
        Arguments::Int(low, high) | Arguments::Lax(low, high) => number(row, low, high),
        Arguments::Decimal(low, high, _) => {
            let within = |wanted: u64| (low..=high).contains(&wanted);
            let seconds =
                [1_000_000, 100_000_000, 1_000_000_000].into_iter().find(|wanted| within(*wanted));
            (seconds.unwrap_or(low) / 1_000_000).to_string()
        }
        Arguments::Weight(_) => "-10".to_owned(),
        Arguments::Choice(words) | Arguments::AnyCase(words) => {
            words.first().copied().unwrap_or("").to_owned()
        }
        Arguments::Word | Arguments::Words => "NAME".to_owned(),
        Arguments::Ip => "192.0.2.1".to_owned(),
        Arguments::Multicast(_) => "224.0.0.18".to_owned(),
        Arguments::User => "nobody".to_owned(),
        Arguments::Script => "\"/usr/local/bin/script\"".to_owned(),
        Arguments::Block(_) => "{ }".to_owned(),
        Arguments::Values(values) => format!("{{ {} }}", value(values)),
    };
    format!("{} {argument}", row.name).trim_end().to_owned()
}

/// A number in the range, the default where it is one.
fn number(row: &Keyword, low: i64, high: i64) -> String {
    let default = row.default.split_whitespace().next().and_then(|word| word.parse().ok());
    let usual = default.into_iter().chain([5, 60, low]).find(|number| (low..=high).contains(number));
    usual.unwrap_or(low).to_string()
}

fn value(values: Values) -> &'static str {
    match values {
        Values::Addresses => "192.0.2.10/24",
        Values::Routes => "198.51.100.0/24 via 192.0.2.254 dev eth0",
        Values::Rules => "from 192.0.2.0/24 table 100 preference 1000",
        Values::Tracked => "eth1",
        Values::Names => "VI_1",
        Values::Peers => "192.0.2.3",
        Values::Interfaces => "eth0",
        Values::Targets => "192.0.2.10 80",
    }
}

/// Lines that follow from no row's arguments.
fn written(context: Context, name: &str) -> Option<&'static str> {
    use Context::*;
    Some(match (context, name) {
        (Top, "global_defs") => "global_defs { router_id LVS_MAIN }",
        (Top, "vrrp_instance") => {
            "vrrp_instance VI_2 { interface eth0; virtual_router_id 52; virtual_ipaddress { 192.0.2.20/24 } }"
        }
        (Top, "vrrp_sync_group") => "vrrp_sync_group VG_1 { group { VI_1; VI_2 } }",
        (Top, "vrrp_script") => "vrrp_script check { script \"/usr/local/bin/script\" }",
        (Top, "vrrp_track_process") => "vrrp_track_process web { process nginx }",
        (Top, "track_file" | "vrrp_track_file") => match name {
            "track_file" => "track_file maintenance { file /run/maintenance }",
            _ => "vrrp_track_file maintenance { file /run/maintenance }",
        },
        (Top, "bfd_instance") => "bfd_instance PEER { neighbor_ip 192.0.2.3 }",
        (Top, "virtual_server") => {
            "virtual_server 192.0.2.10 80 { lvs_sched rr; lvs_method NAT; protocol TCP; real_server 198.51.100.1 80 { TCP_CHECK { } } }"
        }
        (Top, "virtual_server_group") => "virtual_server_group WEB { 192.0.2.10 80 }",
        (Top, "garp_group") => "garp_group { garp_interval 0.01; interface eth0 }",
        (Top, "track_group") => "track_group ROUTES { group { VI_1 } }",
        (Top, "static_ipaddress") => "static_ipaddress { 192.0.2.30/24 dev eth0 }",
        (Top, "static_routes") => "static_routes { 198.51.100.0/24 via 192.0.2.254 dev eth0 }",
        (Top, "SSL") => "SSL { ca /etc/ssl/certs/ca.pem }",
        (Top, "net_namespace" | "net_namespace_ipvs") => match name {
            "net_namespace" => "net_namespace blue",
            _ => "net_namespace_ipvs blue",
        },
        (Top, "linkbeat_interfaces") => "linkbeat_interfaces { eth0 ETHTOOL }",
        (Top, "interface_up_down_delays") => "interface_up_down_delays { eth0 1.5 3 }",
        (GlobalDefs, "router_id") => "router_id LVS_MAIN",
        (GlobalDefs, "notification_email") => "notification_email { admin@example.org }",
        (GlobalDefs, "notification_email_from") => "notification_email_from keepalived@example.org",
        (GlobalDefs, "smtp_server") => "smtp_server 192.0.2.25 25",
        (GlobalDefs, "lvs_timeouts") => "lvs_timeouts tcp 900 tcpfin 60 udp 300",
        (GlobalDefs, "lvs_sync_daemon") => "lvs_sync_daemon eth0 inst VI_1 id 11",
        (GlobalDefs, "lvs_flush_on_stop" | "lvs_flush_onstop") => match name {
            "lvs_flush_on_stop" => "lvs_flush_on_stop VS",
            _ => "lvs_flush_onstop VS",
        },
        (GlobalDefs, "dynamic_interfaces") => "dynamic_interfaces allow_if_changes",
        (GlobalDefs, "notify_fifo") => "notify_fifo /run/keepalived.fifo",
        (GlobalDefs, "vrrp_notify_fifo") => "vrrp_notify_fifo /run/vrrp.fifo",
        (GlobalDefs, "lvs_notify_fifo") => "lvs_notify_fifo /run/lvs.fifo",
        (GlobalDefs, "vrrp_cpu_affinity") => "vrrp_cpu_affinity 0 1",
        (GlobalDefs, "checker_cpu_affinity") => "checker_cpu_affinity 2",
        (GlobalDefs, "bfd_cpu_affinity") => "bfd_cpu_affinity 3",
        (GlobalDefs, "vrrp_rx_bufs_policy") => "vrrp_rx_bufs_policy MTU",
        (GlobalDefs, "vrrp_garp_extra_if") => "vrrp_garp_extra_if all 60",
        (GlobalDefs, "vrrp_vmac_garp_intvl") => "vrrp_vmac_garp_intvl all 60",
        (GlobalDefs, "umask") => "umask 0022",
        (GlobalDefs, "script_user") => "script_user keepalived_script",
        (GlobalDefs, "reload_time_file") => "reload_time_file /etc/keepalived/reload.time",
        (GlobalDefs, "include_check") => "include_check +read +match",
        (GlobalDefs, "vrrp_iptables") => "vrrp_iptables",
        (GlobalDefs, "vrrp_mcast_group6") => "vrrp_mcast_group6 ff02::12",
        (GlobalDefs, "iproute_usr_dir") => "iproute_usr_dir /usr/share/iproute2",
        (GlobalDefs, "iproute_etc_dir") => "iproute_etc_dir /etc/iproute2",
        (Instance, "state") => "state BACKUP",
        (Instance, "virtual_router_id") => "virtual_router_id 51",
        (Instance, "use_vmac") => "use_vmac vrrp.51",
        (Instance, "vrf") => {
            "vrf blue; unicast_src_ip 192.0.2.2; unicast_peer { 192.0.2.3 }; virtual_ipaddress { 192.0.2.10/24 dev eth0 }"
        }
        (Instance, "native_ipv6") => "virtual_ipaddress { 2001:db8::10/64 }; native_ipv6",
        (Instance, "use_ipvlan") => "use_ipvlan 192.0.2.2/24",
        (Instance, "old_unicast_checksum") => {
            "old_unicast_checksum never; unicast_src_ip 192.0.2.2; unicast_peer { 192.0.2.3 }"
        }
        (Instance, "timer_expired_backup") => "state BACKUP; nopreempt; timer_expired_backup",
        (Instance, "thread_timer_expired") => "state BACKUP; nopreempt; thread_timer_expired",
        (Instance, "owner_ignore_adverts") => "priority 255; owner_ignore_adverts",
        (Instance, "unicast_src_ip") => "unicast_src_ip 192.0.2.2; unicast_peer { 192.0.2.3 }",
        (Instance, "unicast_ttl") => "unicast_ttl 64; unicast_peer { 192.0.2.3 }",
        (Instance, "check_unicast_src") => "check_unicast_src; unicast_peer { 192.0.2.3 }",
        (Instance, "vmac_xmit_base") => "use_vmac; vmac_xmit_base",
        (Instance, "virtual_ipaddress_excluded") => "virtual_ipaddress_excluded { 192.0.2.11/24 }",
        (Instance, "mcast_src_ip") => "mcast_src_ip 192.0.2.2",
        (Instance, "authentication") => "authentication { auth_type PASS; auth_pass secret }",
        (Instance, "auth_hmac") => {
            "auth_hmac { key 1 hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f; active_key 1 }"
        }
        (Instance, "garp_extra_if") => "garp_extra_if all 60",
        (Instance, "vmac_garp_intvl") => "vmac_garp_intvl all 60",
        (Instance | SyncGroup, "track_script") => "track_script { check weight -10 }",
        (Instance | SyncGroup, "track_file") => "track_file { maintenance weight -10 }",
        (Instance | SyncGroup, "track_process") => "track_process { web weight -10 }",
        (Instance | SyncGroup, "track_bfd") => "track_bfd { PEER weight -10 }",
        (SyncGroup | TrackGroup, "group") => "group { VI_1; VI_2 }",
        (Authentication, "auth_pass") => "auth_pass secret",
        (AuthHmac, "active_key") => "active_key 1",
        (AuthHmac, "key") => "key 1 hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        (TrackProcess, "process") => "process nginx",
        (TrackFile, "file") => "file /run/maintenance",
        (TrackFile, "init_file") => "init_file 0 overwrite",
        (GarpGroup, "interfaces") => "interfaces { eth0 }",
        (VirtualServer, "real_server") => "real_server 198.51.100.1 80 { TCP_CHECK { } }",
        (VirtualServer, "sorry_server") => "sorry_server 198.51.100.9 80",
        (VirtualServer, "persistence_granularity") => "persistence_granularity 255.255.255.0",
        (VirtualServer, "protocol") => "protocol TCP",
        (VirtualServer, "ops") => "protocol UDP; ops",
        (VirtualServer, "hashed") => "lvs_sched sh; hashed",
        (VirtualServer, "sh-port") => "lvs_sched sh; sh-port",
        (VirtualServer, "sh-fallback") => "lvs_sched sh; sh-fallback",
        (VirtualServer, "mh-port") => "lvs_sched mh; mh-port",
        (VirtualServer, "mh-fallback") => "lvs_sched mh; mh-fallback",
        (VirtualServer, "sorry_server_inhibit") => "sorry_server 198.51.100.9 80; sorry_server_inhibit",
        (VirtualServer | RealServer, "lb_kind" | "lvs_method" | "sorry_server_lvs_method") => match name {
            "lb_kind" => "lb_kind DR",
            "lvs_method" => "lvs_method TUN type gue port 6080",
            _ => "sorry_server 198.51.100.9 80; sorry_server_lvs_method DR",
        },
        (VirtualServer | RealServer | HttpGet | SslGet, "virtualhost") => "virtualhost www.example.org",
        (Url | SslUrl, "virtualhost") => "virtualhost www.example.org",
        (RealServer, "HTTP_GET") => "HTTP_GET { url { path /; status_code 200 } }",
        (RealServer, "SSL_GET") => "SSL_GET { url { path /; status_code 200 } }",
        (RealServer, "MISC_CHECK") => "MISC_CHECK { misc_path \"/usr/local/bin/script\" }",
        (RealServer, "FILE_CHECK") => "FILE_CHECK { track_file maintenance }",
        (RealServer, "BFD_CHECK") => "BFD_CHECK { name PEER }",
        (HttpGet | SslGet, "url") => "url { path /; status_code 200 }",
        (Url | SslUrl, "path") => "path /health",
        (Url | SslUrl, "digest") => "digest 9b3a0c85a887a256d6939da88aabd8cd",
        (Url | SslUrl, "status_code") => "status_code 200-299 401",
        (Url | SslUrl, "regex") => "regex \"status: *ok\"",
        (Url | SslUrl, "regex_options") => "regex_options caseless",
        (Url | SslUrl, "regex_min_offset") => "regex_min_offset 100",
        (Url | SslUrl, "regex_max_offset") => "regex_max_offset 1000",
        (Url | SslUrl, "regex_stack") => "regex_stack 32 1024",
        (SmtpCheck, "host") => "host { connect_port 25 }",
        (SmtpCheck, "helo_name") => "helo_name lb.example.org",
        (UdpCheck, "payload") => "payload 01 02 ff",
        (UdpCheck, "require_reply") => "require_reply 0a ff",
        (DnsCheck, "name") => "name www.example.org",
        (FileCheck, "track_file") => "track_file maintenance",
        (BfdCheck, "name") => "name PEER",
        (Member, "(address)") => "192.0.2.10-19 80",
        (Member, "fwmark") => "fwmark 7",
        (Address | StaticAddress, word) => address(word)?,
        (Route | StaticRoute, word) => route(word)?,
        (Rule | StaticRule, word) => rule(word)?,
        (TrackedInterface, "(name)") => "eth1",
        (TrackedInterface, _) => "eth1 weight -10",
        (TrackedScript, "(name)") => "check",
        (TrackedScript, _) => "check weight -10",
        (TrackedFile, "(name)") => "maintenance",
        (TrackedFile, _) => "maintenance weight -10",
        (TrackedProcess, "(name)") => "web",
        (TrackedProcess, _) => "web weight -10",
        (TrackedBfd, "(name)") => "PEER",
        (TrackedBfd, _) => "PEER weight -10",
        (Peer, "(address)") => "192.0.2.3",
        (Peer, "min_ttl") => "192.0.2.3 min_ttl 64",
        (Peer, "max_ttl") => "192.0.2.3 max_ttl 255",
        (Linkbeat, _) => "eth0 ETHTOOL",
        (Delay, _) => "eth0 1.5 3",
        (Email, _) => "admin@example.org",
        (Lexical, word) => lexical(word)?,
        (_, "interface" | "vrf" | "default_interface" | "bind_if") => match name {
            "interface" => "interface eth0",
            "vrf" => "vrf blue",
            "bind_if" => "bind_if eth0",
            _ => "default_interface eth0",
        },
        _ => return None,
    })
}

fn address(word: &str) -> Option<&'static str> {
    Some(match word {
        "(address)" => "192.0.2.11/24",
        "dev" => "192.0.2.11/24 dev eth1",
        "scope" => "192.0.2.11/24 dev eth0 scope link",
        "broadcast" => "192.0.2.11/24 dev eth0 broadcast 192.0.2.255",
        "brd" => "192.0.2.11/24 dev eth0 brd +",
        "label" => "192.0.2.11/24 dev eth0 label eth0:web",
        "peer" => "192.0.2.11 peer 192.0.2.12 dev eth0",
        "home" => "2001:db8::11/64 dev eth0 home",
        "-nodad" => "2001:db8::11/64 dev eth0 -nodad",
        "mngtmpaddr" => "2001:db8::11/64 dev eth0 mngtmpaddr",
        "noprefixroute" => "192.0.2.11/24 dev eth0 noprefixroute",
        "autojoin" => "192.0.2.11/24 dev eth0 autojoin",
        "no_track" => "192.0.2.11/24 dev eth0 no_track",
        "preferred_lft" => "192.0.2.11/24 dev eth0 preferred_lft 0",
        "use_vmac" => "192.0.2.11/24 dev eth1 use_vmac",
        "track_group" => "192.0.2.11/24 dev eth0 track_group ROUTES",
        _ => return None,
    })
}

fn route(word: &str) -> Option<&'static str> {
    Some(match word {
        "(destination)" => "198.51.100.0/24 via 192.0.2.254 dev eth0",
        "inet" => "inet 198.51.100.0/24 via 192.0.2.254 dev eth0",
        "inet6" => "inet6 2001:db8:1::/48 via 2001:db8::254 dev eth0",
        "src" => "198.51.100.0/24 via 192.0.2.254 dev eth0 src 192.0.2.10",
        "gw" => "198.51.100.0/24 gw 192.0.2.254 dev eth0",
        "or" => "198.51.100.0/24 via 192.0.2.254 or 192.0.2.253 dev eth0",
        "from" => "2001:db8:1::/48 from 2001:db8:2::/48 via 2001:db8::254 dev eth0",
        "tos" => "198.51.100.0/24 via 192.0.2.254 dev eth0 tos 0x10",
        "dsfield" => "198.51.100.0/24 via 192.0.2.254 dev eth0 dsfield 0x10",
        "table" => "198.51.100.0/24 via 192.0.2.254 dev eth0 table 100",
        "protocol" => "198.51.100.0/24 via 192.0.2.254 dev eth0 protocol static no_track",
        "scope" => "198.51.100.0/24 dev eth0 scope link",
        "metric" => "198.51.100.0/24 via 192.0.2.254 dev eth0 metric 50",
        "priority" => "198.51.100.0/24 via 192.0.2.254 dev eth0 priority 50",
        "preference" => "198.51.100.0/24 via 192.0.2.254 dev eth0 preference 50",
        "dev" => "198.51.100.0/24 dev eth0",
        "oif" => "198.51.100.0/24 oif eth0",
        "onlink" => "198.51.100.0/24 via 203.0.113.1 dev eth0 onlink",
        "encap" => "198.51.100.0/24 encap ip id 7 dst 203.0.113.1 dev eth0",
        "expires" => "2001:db8:1::/48 via 2001:db8::254 dev eth0 expires 600",
        "mtu" => "198.51.100.0/24 via 192.0.2.254 dev eth0 mtu lock 1400",
        "hoplimit" => "198.51.100.0/24 via 192.0.2.254 dev eth0 hoplimit 32",
        "advmss" => "198.51.100.0/24 via 192.0.2.254 dev eth0 advmss 1360",
        "rtt" => "198.51.100.0/24 via 192.0.2.254 dev eth0 rtt 100ms",
        "rttvar" => "198.51.100.0/24 via 192.0.2.254 dev eth0 rttvar 50ms",
        "reordering" => "198.51.100.0/24 via 192.0.2.254 dev eth0 reordering 8",
        "window" => "198.51.100.0/24 via 192.0.2.254 dev eth0 window 65535",
        "cwnd" => "198.51.100.0/24 via 192.0.2.254 dev eth0 cwnd lock 20",
        "ssthresh" => "198.51.100.0/24 via 192.0.2.254 dev eth0 ssthresh 20",
        "realms" => "198.51.100.0/24 via 192.0.2.254 dev eth0 realms 1/2",
        "rto_min" => "198.51.100.0/24 via 192.0.2.254 dev eth0 rto_min 40ms",
        "initcwnd" => "198.51.100.0/24 via 192.0.2.254 dev eth0 initcwnd 20",
        "initrwnd" => "198.51.100.0/24 via 192.0.2.254 dev eth0 initrwnd 20",
        "features" => "198.51.100.0/24 via 192.0.2.254 dev eth0 features ecn",
        "quickack" => "198.51.100.0/24 via 192.0.2.254 dev eth0 quickack 1",
        "congctl" => "198.51.100.0/24 via 192.0.2.254 dev eth0 congctl cubic",
        "pref" => "2001:db8:1::/48 via 2001:db8::254 dev eth0 pref high",
        "ttl-propagate" => "198.51.100.0/24 via 192.0.2.254 dev eth0 ttl-propagate enabled",
        "fastopen_no_cookie" => "198.51.100.0/24 via 192.0.2.254 dev eth0 fastopen_no_cookie 1",
        "add" => "198.51.100.0/24 via 192.0.2.254 dev eth0 add",
        "prepend" => "198.51.100.0/24 via 192.0.2.254 dev eth0 prepend",
        "append" => "198.51.100.0/24 via 192.0.2.254 dev eth0 append",
        "as" => "198.51.100.0/24 as to 192.0.2.254",
        "nexthop" => {
            "198.51.100.0/24 no_track nexthop via 192.0.2.254 dev eth0 weight 2 nexthop via 192.0.2.253 dev eth0 weight 1"
        }
        "no_track" => "198.51.100.0/24 via 192.0.2.254 dev eth0 no_track",
        "vrf" => "198.51.100.0/24 via 192.0.2.254 dev eth0 vrf blue",
        "track_group" => "198.51.100.0/24 via 192.0.2.254 dev eth0 track_group ROUTES",
        "via" => "198.51.100.0/24 via inet 192.0.2.254 dev eth0",
        _ => return None,
    })
}

fn rule(word: &str) -> Option<&'static str> {
    Some(match word {
        "inet" => "inet from 192.0.2.0/24 table 100 preference 1000",
        "inet6" => "inet6 from 2001:db8::/32 table 100 preference 1000",
        "from" => "from 192.0.2.0/24 table 100 preference 1000",
        "to" => "to 198.51.100.0/24 table 100 preference 1000",
        "table" => "from 192.0.2.0/24 table 100 preference 1000",
        "lookup" => "from 192.0.2.0/24 lookup 100 preference 1000",
        "not" => "not from 192.0.2.0/24 table 100 preference 1000",
        "preference" => "from 192.0.2.0/24 table 100 preference 1000",
        "order" => "from 192.0.2.0/24 table 100 order 1000",
        "priority" => "from 192.0.2.0/24 table 100 priority 1000",
        "tos" => "from 192.0.2.0/24 tos 0x10 table 100 preference 1000",
        "dsfield" => "from 192.0.2.0/24 dsfield 0x10 table 100 preference 1000",
        "fwmark" => "fwmark 7/0xff table 100 preference 1000",
        "realms" => "from 192.0.2.0/24 realms 1/2 table 100 preference 1000",
        "suppress_prefixlength" => "from 192.0.2.0/24 table main suppress_prefixlength 0 preference 1000",
        "sup_pl" => "from 192.0.2.0/24 table main sup_pl 0 preference 1000",
        "suppress_ifgroup" => "from 192.0.2.0/24 table main suppress_ifgroup 1 preference 1000",
        "sup_group" => "from 192.0.2.0/24 table main sup_group 1 preference 1000",
        "dev" => "dev eth0 table 100 preference 1000",
        "iif" => "iif eth0 table 100 preference 1000",
        "oif" => "oif eth0 table 100 preference 1000",
        "tunnel-id" => "tunnel-id 7 table 100 preference 1000",
        "uidrange" => "uidrange 1000-1999 table 100 preference 1000",
        "l3mdev" => "l3mdev preference 1000",
        "protocol" => "from 192.0.2.0/24 table 100 protocol 4 no_track preference 1000",
        "ipproto" => "ipproto tcp table 100 preference 1000",
        "sport" => "sport 1000-1999 table 100 preference 1000",
        "dport" => "dport 80-89 table 100 preference 1000",
        "type" => "from 192.0.2.0/24 type blackhole preference 1000",
        "goto" => "from 192.0.2.0/24 goto 2000 preference 1000",
        "nop" => "from 192.0.2.0/24 nop preference 1000",
        "blackhole" => "from 192.0.2.0/24 blackhole preference 1000",
        "unreachable" => "from 192.0.2.0/24 unreachable preference 1000",
        "prohibit" => "from 192.0.2.0/24 prohibit preference 1000",
        "no_track" => "from 192.0.2.0/24 table 100 preference 1000 no_track",
        "track_group" => "iif eth0 table 100 preference 1000 track_group ROUTES",
        _ => return None,
    })
}

fn lexical(word: &str) -> Option<&'static str> {
    Some(match word {
        "include" => "include conf.d/*.conf",
        "includer" => "includer conf.d/*.conf",
        "includem" => "includem site.conf",
        "includew" => "includew conf.d/*.conf",
        "includeb" => "includeb conf.d/{web,mail}.conf",
        "includea" => "includea conf.d/*.conf",
        "$NAME=" => "$WEB=192.0.2.10",
        "@ID" => "@node1 net_namespace one",
        "@^ID" => "@^node1 net_namespace other",
        "~SEQ" => "~SEQ(N, 1, 3) $WEB$N=192.0.2.$N",
        "~SEQx" => "~SEQx(N, 9, 11) $WEB$N=2001:db8::$N",
        "~LST" => "~LST(SITE, one, two) $WEB_$SITE=192.0.2.1",
        "$_PWD" => "include ${_PWD}/site.conf",
        "$_INSTANCE" => "instance ${_INSTANCE}",
        "$_RANDOM" => "instance n${_RANDOM 1 100}",
        "$_ENV" => "instance ${_ENV HOSTNAME}",
        "$_HASH" => "instance a${_HASH}b",
        "$_BANG" => "instance a${_BANG}b",
        _ => return None,
    })
}

/// The line in the blocks that it stands in, with what they cannot be without; `;` and braces part the lines.
fn around(context: Context, name: &str, line: &str) -> String {
    use Context::*;
    let beside = |lines: &[&str]| {
        let others = lines.iter().filter(|other| other.split(' ').next() != Some(name));
        others.copied().chain([line]).collect::<Vec<_>>().join("; ")
    };
    let instance = |inner: &str, own: &str| {
        let needed = ["interface eth0", "virtual_router_id 51", "virtual_ipaddress { 192.0.2.10/24 }"];
        let own: Vec<&str> =
            inner.split("; ").filter_map(|line| line.split(' ').next()).chain([own]).collect();
        let needed = needed.into_iter().filter(|other| {
            let word = other.split(' ').next().unwrap_or("");
            // A VRF takes the place of the interface.
            !(own.contains(&word) || word == "interface" && own.contains(&"vrf"))
        });
        format!("vrrp_instance VI_1 {{ {}; {inner} }}", needed.collect::<Vec<_>>().join("; "))
    };
    let service = |inner: &str, own: &[&str]| {
        let needed = ["lvs_sched rr", "lvs_method NAT", "protocol TCP"];
        let needed =
            needed.into_iter().filter(|other| !own.contains(&other.split(' ').next().unwrap_or("")));
        let needed: Vec<&str> = needed.collect();
        format!("virtual_server 192.0.2.10 80 {{ {}; {inner} }}", needed.join("; "))
    };
    let real = |inner: &str| service(&format!("real_server 198.51.100.1 80 {{ {inner} }}"), &[]);
    let check = |kind: &str, lines: &[&str]| real(&format!("{kind} {{ {} }}", beside(lines)));
    match context {
        Top | Lexical => line.to_owned(),
        GlobalDefs => format!("global_defs {{ {line} }}"),
        Ssl => format!("SSL {{ {line} }}"),
        Instance => instance(line, name),
        Authentication => instance(
            &format!("authentication {{ {} }}", beside(&["auth_type PASS", "auth_pass secret"])),
            "",
        ),
        AuthHmac => {
            let key = "key 1 hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
            instance(&format!("version 3; auth_hmac {{ {} }}", beside(&[key, "active_key 1"])), "")
        }
        SyncGroup => format!("vrrp_sync_group VG_1 {{ {} }}", beside(&["group { VI_1; VI_2 }"])),
        TrackGroup => format!("track_group ROUTES {{ {line} }}"),
        GarpGroup => format!(
            "garp_group {{ {} }}",
            beside(if name == "interfaces" {
                &["garp_interval 0.01"]
            } else {
                &["garp_interval 0.01", "interface eth0"]
            })
        ),
        Script => format!("vrrp_script check {{ {} }}", beside(&["script \"/usr/local/bin/script\""])),
        TrackProcess => format!("vrrp_track_process web {{ {} }}", beside(&["process nginx"])),
        TrackFile => format!("track_file maintenance {{ {} }}", beside(&["file /run/maintenance"])),
        Bfd => {
            let needed: &[&str] = if name.starts_with("neighb") { &[] } else { &["neighbor_ip 192.0.2.3"] };
            format!("bfd_instance PEER {{ {} }}", beside(needed))
        }
        VirtualServer => {
            let own = match name {
                "lb_algo" => "lvs_sched",
                "lb_kind" => "lvs_method",
                "ops" => "protocol",
                "hashed" | "sh-port" | "sh-fallback" | "mh-port" | "mh-fallback" => "lvs_sched",
                other => other,
            };
            let real =
                if name == "real_server" { "" } else { "real_server 198.51.100.1 80 { TCP_CHECK { } }; " };
            service(&format!("{real}{line}"), &[own])
        }
        RealServer => real(line),
        TcpCheck => check("TCP_CHECK", &[]),
        PingCheck => check("PING_CHECK", &[]),
        UdpCheck => check("UDP_CHECK", &[]),
        DnsCheck => check("DNS_CHECK", &[]),
        HttpGet => check("HTTP_GET", &["url { path /; status_code 200 }"]),
        SslGet => check("SSL_GET", &["url { path /; status_code 200 }"]),
        Url | SslUrl => {
            let check = if context == Url { "HTTP_GET" } else { "SSL_GET" };
            let needed =
                if name.starts_with("regex_") { "regex \"status: *ok\"" } else { "status_code 200" };
            real(&format!("{check} {{ url {{ {} }} }}", beside(&["path /", needed])))
        }
        MiscCheck => check("MISC_CHECK", &["misc_path \"/usr/local/bin/script\""]),
        SmtpCheck => check("SMTP_CHECK", &[]),
        SmtpHost => real(&format!("SMTP_CHECK {{ host {{ {line} }} }}")),
        FileCheck => check("FILE_CHECK", &["track_file maintenance"]),
        BfdCheck => check("BFD_CHECK", &["name PEER"]),
        Address => instance(&format!("virtual_ipaddress_excluded {{ {line} }}"), ""),
        StaticAddress => format!("static_ipaddress {{ {line} }}"),
        Route => instance(&format!("virtual_routes {{ {line} }}"), ""),
        StaticRoute => format!("static_routes {{ {line} }}"),
        Rule => instance(&format!("virtual_rules {{ {line} }}"), ""),
        StaticRule => format!("static_rules {{ {line} }}"),
        TrackedInterface => instance(&format!("track_interface {{ {line} }}"), ""),
        TrackedScript => instance(&format!("track_script {{ {line} }}"), ""),
        TrackedFile => instance(&format!("track_file {{ {line} }}"), ""),
        TrackedProcess => instance(&format!("track_process {{ {line} }}"), ""),
        TrackedBfd => instance(&format!("track_bfd {{ {line} }}"), ""),
        Peer => instance(&format!("unicast_peer {{ {line} }}"), ""),
        Member => format!("virtual_server_group WEB {{ {line} }}"),
        Linkbeat => format!("linkbeat_interfaces {{ {line} }}"),
        Delay => format!("interface_up_down_delays {{ {line} }}"),
        Email => format!("global_defs {{ notification_email {{ {line} }} }}"),
    }
}

/// One keyword a line, blocks indented. A brace or `;` that stands alone parts lines; one within a word does not.
fn lay_out(text: &str, out: &mut String) {
    let (mut depth, mut line) = (0_usize, String::new());
    let mut put = |line: &mut String, depth: usize| {
        if !line.is_empty() {
            out.push_str(&format!("{}{line}\n", "    ".repeat(depth)));
            line.clear();
        }
    };
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match word {
            "{" => {
                line.push_str(" {");
                put(&mut line, depth);
                depth += 1;
            }
            "}" | "};" => {
                put(&mut line, depth);
                depth = depth.saturating_sub(1);
                line.push('}');
                put(&mut line, depth);
            }
            ";" => put(&mut line, depth),
            word => {
                let ends = word.strip_suffix(';');
                if !line.is_empty() {
                    line.push(' ');
                }
                line.push_str(ends.unwrap_or(word));
                if ends.is_some() {
                    put(&mut line, depth);
                }
            }
        }
    }
    put(&mut line, depth);
}

//! The health checkers, one after the other as the real servers stand.

use std::time::Duration;

use super::instance::reverse;
use super::page::Page;
use super::{Host, words, yes};
use crate::config::model::check::{DnsType, HttpGet, HttpProtocol, HttpUrl, Sni, UdpCheck};
use crate::config::model::pattern::PatternOption;
use crate::config::model::{Check, CheckKind, Config};
use crate::lvs::name::{RealName, ServiceName};
use crate::lvs::plan;
use crate::lvs::view::{CheckView, ServiceView};
use crate::objects::ipvs::DestKey;

pub(super) fn write(page: &mut Page, config: &Config, views: &[Option<ServiceView>], host: &Host<'_>) {
    let is_file = |check: &Check| matches!(check.kind, CheckKind::File(_));
    // Those of files come last, as in keepalived.
    let (plain, files) = (every(config, views), every(config, views));
    let all = plain.filter(|found| !is_file(found.check)).chain(files.filter(|found| is_file(found.check)));
    let mut all = all.peekable();
    if all.peek().is_some() {
        page.title("Health checkers");
    }
    for found in all {
        page.top(format_args!("{} -> {}", found.service, found.real));
        if let Some(view) = found.view {
            page.field("Enabled", yes(view.enabled));
            page.field("Up", yes(view.up));
            page.field("Has run", yes(view.has_run));
            page.field("Current weight", view.added);
        }
        write_check(page, found.check, host);
    }
}

/// A check, and whose it is.
struct Found<'a> {
    service: ServiceName,
    real: RealName,
    check: &'a Check,
    view: Option<CheckView>,
}

fn every<'a>(config: &'a Config, views: &'a [Option<ServiceView>]) -> impl Iterator<Item = Found<'a>> {
    config.virtual_servers.iter().enumerate().flat_map(move |(place, service)| {
        let name = plan::name(service);
        let view = views.get(place).and_then(Option::as_ref);
        service.real_servers.iter().enumerate().flat_map(move |(nth, server)| {
            let key = DestKey { address: server.address, port: server.port };
            let (service, real) = (name.clone(), RealName::of(&name, key));
            let view = view.and_then(|view| view.reals.get(nth));
            server.checks.iter().enumerate().map(move |(nth, check)| {
                let view = view.and_then(|view| *view.checkers.get(nth)?);
                Found { service: service.clone(), real, check, view }
            })
        })
    })
}

/// The files and BFD sessions that real servers wait for, with who does.
pub(super) fn write_tracked(page: &mut Page, config: &Config) {
    let mut begun = false;
    for file in &config.track_files {
        let users: Vec<String> = every(config, &[])
            .filter_map(|Found { service, real, check, .. }| match &check.kind {
                CheckKind::File(check) if check.file == file.name => {
                    let reverse = reverse(check.reverse);
                    Some(format!("{service} -> {real}, weight {}{reverse}", check.weight))
                }
                _ => None,
            })
            .collect();
        if users.is_empty() {
            continue;
        }
        if !std::mem::replace(&mut begun, true) {
            page.title("Checker track files");
        }
        page.value("Track file", &file.name);
        page.field("File", &file.path);
        page.field("Weight", format_args!("{}{}", file.weight, reverse(file.reverse)));
        page.list("Tracking instances :", users);
    }
    let mut sessions = config.bfd_instances.iter().filter(|bfd| bfd.for_checkers).peekable();
    if sessions.peek().is_some() {
        page.title("Checker track BFDs");
    }
    for bfd in sessions {
        page.value("Checker Track BFD", &bfd.name);
        page.line("Tracking RS :");
        for Found { real, check, .. } in every(config, &[]) {
            if matches!(&check.kind, CheckKind::Bfd(check) if check.instance == bfd.name) {
                page.line(real);
            }
        }
    }
}

fn write_check(page: &mut Page, check: &Check, host: &Host<'_>) {
    if !matches!(check.kind, CheckKind::File(_)) {
        page.field("Alpha", yes(check.alpha));
    }
    if !matches!(check.kind, CheckKind::Bfd(_) | CheckKind::File(_)) {
        let micros = |time: Duration| format!("{} us", time.as_micros());
        page.field("Delay loop", micros(check.pace.delay_loop));
        page.field("Warmup", micros(check.pace.warmup));
        page.field("Retries", check.pace.retry);
        if check.pace.retry > 0 {
            page.field("Delay before retry", micros(check.pace.delay_before_retry));
        }
    }
    page.field("Log all failures", yes(check.log_all_failures));
    if check.kind.uses_network() {
        write_connection(page, check);
    }
    let method = check.kind.keyword();
    match &check.kind {
        CheckKind::Http(http) | CheckKind::Ssl(http) => write_http(page, method, http),
        _ => page.field("Keepalive method", method),
    }
    match &check.kind {
        CheckKind::Smtp(smtp) => page.field("helo", &smtp.helo_name),
        CheckKind::Udp(udp) => write_udp(page, udp),
        CheckKind::Dns(dns) => {
            page.field("Type", dns_type(dns.kind));
            page.field("Name", &dns.name);
        }
        CheckKind::File(file) => page.item(format_args!("Tracked file = {}", file.file)),
        CheckKind::Misc(misc) => {
            page.field("script", words(&misc.command));
            page.field("timeout", misc.timeout.as_secs());
            page.field("dynamic", if misc.dynamic { "YES" } else { "NO" });
            let (uid, gid) = (host.account)(Some(&misc.command));
            page.field("uid:gid", format_args!("{uid}:{gid}"));
        }
        CheckKind::Bfd(bfd) => page.field("Name", &bfd.instance),
        _ => {}
    }
}

fn write_connection(page: &mut Page, check: &Check) {
    page.line("Connection");
    page.item(format_args!("Dest = [{}]:{}", check.target.ip(), check.target.port()));
    if let Some(source) = &check.source {
        if let Some((address, port)) = source.address {
            page.item(format_args!("Bind to = [{address}]:{port}"));
        }
        if let Some(interface) = &source.interface {
            page.item(format_args!("Bind i/f = {interface}"));
        }
        if source.mark != 0 {
            page.item(format_args!("Mark = {}", source.mark));
        }
    }
    page.item(format_args!("Timeout = {:.6}", check.pace.connect_timeout.as_secs_f64()));
}

fn write_http(page: &mut Page, method: &str, http: &HttpGet) {
    let protocol = match http.protocol {
        HttpProtocol::V1_0 => "1.0",
        HttpProtocol::V1_0Close => "1.0C",
        HttpProtocol::V1_1 => "1.1",
    };
    page.field("Keepalive method", format_args!("{method}, http protocol {protocol}"));
    let set = |value: bool| if value { "set" } else { "unset" };
    page.field_as("Enable SNI", set(http.sni == Some(Sni::VirtualHost)));
    if let Some(Sni::Name(name)) = &http.sni {
        page.field("SNI name", name);
    }
    page.field_as("Fast recovery", set(http.fast_recovery));
    if http.verify {
        page.field_as("Verify certificate", set(true));
    }
    for url in &http.urls {
        write_url(page, url);
    }
}

fn write_url(page: &mut Page, url: &HttpUrl) {
    page.field("Checked url", &url.path);
    if let Some(digest) = &url.digest {
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        page.item(format_args!("digest = {digest}"));
    }
    page.item("HTTP Status Code(s)");
    if url.status.is_empty() {
        page.item("  200-299");
    }
    for range in &url.status {
        match (range.first, range.last) {
            (first, last) if first == last => page.item(format_args!("  {first}")),
            (first, last) => page.item(format_args!("  {first}-{last}")),
        }
    }
    if let Some(name) = &url.virtualhost {
        page.item(format_args!("Virtual host = {name}"));
    }
    if let Some(pattern) = &url.pattern {
        page.item(format_args!("Regex = \"{}\"", pattern.text));
        if pattern.no_match {
            page.item("Regex no match");
        }
        match (pattern.min_offset, pattern.max_offset) {
            (0, None) => {}
            (min, Some(max)) => page.item(format_args!("Regex min offset = {min}, max_offset = {max}")),
            (min, None) => page.item(format_args!("Regex min offset = {min}")),
        }
        let words = PatternOption::WORDS.iter().filter(|(_, option)| pattern.options.has(*option));
        let words: String = words.map(|(word, _)| format!(" {word}")).collect();
        page.item(format_args!("Regex options:{words}"));
        if let Some((start, most)) = pattern.stack {
            page.item(format_args!("Regex stack start {start}, max {most}"));
        }
    }
}

fn write_udp(page: &mut Page, udp: &UdpCheck) {
    match &udp.payload {
        Some(payload) => page.field("Payload len", payload.len()),
        None => page.field("Payload specified", "no"),
    }
    page.field("Require reply", yes(udp.reply.is_some()));
    if let Some(reply) = &udp.reply {
        page.item(format_args!("Min reply length = {}", udp.min_reply_length));
        page.item(format_args!("Max reply length = {}", udp.max_reply_length));
        page.item(format_args!("Reply data len = {}", reply.bytes.len()));
        if !reply.bytes.is_empty() {
            let masked = reply.mask.iter().any(|bits| *bits != 0xff);
            page.item(format_args!("Reply data mask = {}", yes(masked)));
        }
    }
}

fn dns_type(kind: DnsType) -> &'static str {
    match kind {
        DnsType::A => "A",
        DnsType::Ns => "NS",
        DnsType::Cname => "CNAME",
        DnsType::Soa => "SOA",
        DnsType::Mx => "MX",
        DnsType::Txt => "TXT",
        DnsType::Aaaa => "AAAA",
        DnsType::Rrsig => "RRSIG",
        DnsType::Dnskey => "DNSKEY",
    }
}

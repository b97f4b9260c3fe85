//! The table: one row for each keyword, with what it takes and what it means to leave it out.
//!
//! Everything that reads, checks, suggests or documents a keyword asks here, so that a keyword of keepalived
//! that is to be added is a row and, when it is honoured, a line in its block's lowering.

mod address;
mod check;
mod entry;
mod global;
mod global_vrrp;
mod group;
mod http;
mod instance;
mod lexical;
mod lvs;
mod pace;
mod reason;
mod route;
mod rule;
mod top;
mod track;

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::suggest;
use crate::ids::Family;

/// Scheduler names that keepalived takes.
pub const SCHEDULERS: &[&str] =
    &["rr", "wrr", "lc", "wlc", "lblc", "sh", "mh", "dh", "fo", "ovf", "lblcr", "sed", "nq", "twos"];

/// The block in which a keyword stands. Those from `Address` on are the lines of value blocks, whose first word
/// is no keyword, and what has a meaning on any line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Context {
    Top,
    GlobalDefs,
    Ssl,
    Instance,
    Authentication,
    AuthHmac,
    SyncGroup,
    TrackGroup,
    GarpGroup,
    Script,
    TrackProcess,
    TrackFile,
    Bfd,
    VirtualServer,
    RealServer,
    TcpCheck,
    HttpGet,
    Url,
    SslGet,
    SslUrl,
    MiscCheck,
    SmtpCheck,
    SmtpHost,
    UdpCheck,
    DnsCheck,
    PingCheck,
    FileCheck,
    BfdCheck,
    Address,
    StaticAddress,
    Route,
    StaticRoute,
    Rule,
    StaticRule,
    TrackedInterface,
    TrackedScript,
    TrackedFile,
    TrackedProcess,
    TrackedBfd,
    Peer,
    Member,
    Linkbeat,
    Delay,
    Email,
    Lexical,
}

/// What a keyword takes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Arguments {
    /// Nothing; keepalived ignores further words.
    Nothing,
    /// Nothing for yes, or one of on, true, yes, off, false, no.
    Boolean,
    /// A whole number with its least and greatest value.
    Int(i64, i64),
    /// The same, but of `7x` the 7 is used (with an error).
    Lax(i64, i64),
    /// A decimal number with its least and greatest value in millionths, and the places it may have.
    Decimal(u64, u64, u32),
    /// `N [reverse|noreverse]`, N from minus to plus this.
    Weight(i64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of these words, in whatever case.
    AnyCase(&'static [&'static str]),
    /// One word.
    Word,
    /// An address.
    Ip,
    /// A multicast address of the family.
    Multicast(Option<Family>),
    /// `USER [[:]GROUP]`
    User,
    /// A command, with a user and group where it is not the whole line.
    Script,
    /// Several words that the lowering understands.
    Words,
    /// A block of keywords.
    Block(Context),
    /// A block of entries.
    Values(Values),
}

/// What the entries of a value block are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Values {
    Addresses,
    Routes,
    Rules,
    /// `NAME [weight N [reverse]]`
    Tracked,
    /// Every word of every line is one.
    Names,
    Peers,
    /// An interface and its settings.
    Interfaces,
    /// Members of a `virtual_server_group`.
    Targets,
}

/// What keepalived does when the argument is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    Allowed,
    Faults,
    /// Its process ends at once.
    Exits,
}

/// What a second one in the same block does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeat {
    /// Each counts.
    Repeats,
    LastWins,
    /// A later one is an error and is ignored.
    FirstWins,
    /// A later one is an error and counts.
    Replaces,
}

/// What standfast makes of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    Honoured,
    /// Read and checked, without effect; [`Keyword::reason`] says why.
    Ignored,
    /// Part of the model, but nothing acts on it yet; with what standfast does not do.
    Unused(&'static str),
}

/// Another keyword that should be used instead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replacement {
    pub keyword: &'static str,
    /// keepalived's test answers 5 for the old one.
    pub fault: bool,
}

/// One row.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Keyword {
    pub name: &'static str,
    pub arguments: Arguments,
    pub missing: Missing,
    pub repeat: Repeat,
    /// In words.
    pub default: &'static str,
    pub status: Status,
    pub replacement: Option<Replacement>,
    /// keepalived's first release that had it.
    pub since: &'static str,
    /// What follows it, in words: names in capitals, ranges, units.
    pub syntax: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
}

const fn row(
    name: &'static str,
    arguments: Arguments,
    missing: Missing,
    repeat: Repeat,
    default: &'static str,
) -> Keyword {
    Keyword {
        name,
        arguments,
        missing,
        repeat,
        default,
        status: Status::Honoured,
        replacement: None,
        since: "",
        syntax: "",
        about: "",
    }
}

impl Keyword {
    /// What a person is told of it: since which release, what follows it, what it does.
    const fn doc(mut self, since: &'static str, syntax: &'static str, about: &'static str) -> Keyword {
        (self.since, self.syntax, self.about) = (since, syntax, about);
        self
    }

    const fn later(mut self) -> Keyword {
        self.status = Status::Ignored;
        self
    }

    /// Its value is kept, and one message tells of all that serve the same purpose.
    const fn unused(mut self, feature: &'static str) -> Keyword {
        self.status = Status::Unused(feature);
        self
    }

    const fn deprecated(mut self, keyword: &'static str) -> Keyword {
        self.replacement = Some(Replacement { keyword, fault: true });
        self
    }

    const fn renamed(mut self, keyword: &'static str) -> Keyword {
        self.replacement = Some(Replacement { keyword, fault: false });
        self
    }

    /// Whether a brace follows it.
    pub const fn has_block(&self) -> bool {
        matches!(self.arguments, Arguments::Block(_) | Arguments::Values(_))
    }
}

/// All contexts, for the suggestions and the tests.
pub const CONTEXTS: &[Context] = &[
    Context::Top,
    Context::GlobalDefs,
    Context::Ssl,
    Context::Instance,
    Context::Authentication,
    Context::AuthHmac,
    Context::SyncGroup,
    Context::TrackGroup,
    Context::GarpGroup,
    Context::Script,
    Context::TrackProcess,
    Context::TrackFile,
    Context::Bfd,
    Context::VirtualServer,
    Context::RealServer,
    Context::TcpCheck,
    Context::HttpGet,
    Context::Url,
    Context::SslGet,
    Context::SslUrl,
    Context::MiscCheck,
    Context::SmtpCheck,
    Context::SmtpHost,
    Context::UdpCheck,
    Context::DnsCheck,
    Context::PingCheck,
    Context::FileCheck,
    Context::BfdCheck,
    Context::Address,
    Context::StaticAddress,
    Context::Route,
    Context::StaticRoute,
    Context::Rule,
    Context::StaticRule,
    Context::TrackedInterface,
    Context::TrackedScript,
    Context::TrackedFile,
    Context::TrackedProcess,
    Context::TrackedBfd,
    Context::Peer,
    Context::Member,
    Context::Linkbeat,
    Context::Delay,
    Context::Email,
    Context::Lexical,
];

impl Context {
    /// The rows of the block.
    pub fn rows(self) -> impl Iterator<Item = &'static Keyword> {
        let tables: &[&[Keyword]] = match self {
            Context::Top => &[top::TOP],
            Context::GlobalDefs => &[global::GLOBAL_DEFS, global_vrrp::GLOBAL_VRRP],
            Context::Ssl => &[top::SSL],
            Context::Instance => &[instance::INSTANCE],
            Context::Authentication => &[instance::AUTHENTICATION],
            Context::AuthHmac => &[instance::AUTH_HMAC],
            Context::SyncGroup => &[group::SYNC_GROUP],
            Context::TrackGroup => &[group::TRACK_GROUP],
            Context::GarpGroup => &[group::GARP_GROUP],
            Context::Script => &[track::SCRIPT],
            Context::TrackProcess => &[track::TRACK_PROCESS],
            Context::TrackFile => &[track::TRACK_FILE],
            Context::Bfd => &[track::BFD],
            Context::VirtualServer => &[lvs::VIRTUAL_SERVER],
            Context::RealServer => &[lvs::REAL_SERVER],
            Context::TcpCheck | Context::PingCheck => &[check::CONNECTION, pace::RETRY, pace::PACE],
            Context::SmtpHost => &[check::CONNECTION, pace::PACE_OF_HOST],
            Context::HttpGet => &[http::HTTP_GET, check::CONNECTION, pace::RETRY_OF_HTTP, pace::PACE],
            Context::SslGet => {
                &[http::HTTP_GET_OF_SSL, http::SSL_GET, check::CONNECTION, pace::RETRY_OF_HTTP, pace::PACE]
            }
            Context::Url => &[http::URL],
            Context::SslUrl => &[http::URL, http::SSL_URL],
            Context::MiscCheck => &[check::MISC_CHECK, pace::RETRY_OF_MISC, pace::PACE],
            Context::SmtpCheck => &[check::SMTP_CHECK, check::CONNECTION, pace::RETRY, pace::PACE],
            Context::UdpCheck => &[check::UDP_CHECK, check::CONNECTION, pace::RETRY, pace::PACE],
            Context::DnsCheck => &[check::DNS_CHECK, check::CONNECTION, pace::RETRY_OF_DNS, pace::PACE],
            Context::FileCheck => &[check::FILE_CHECK],
            Context::BfdCheck => &[check::BFD_CHECK],
            Context::Address => &[address::ADDRESS, address::VIRTUAL_ADDRESS],
            Context::StaticAddress => &[address::ADDRESS, address::STATIC_ADDRESS],
            Context::Route => &[route::ROUTE],
            Context::StaticRoute => &[route::ROUTE, route::STATIC_ROUTE],
            Context::Rule => &[rule::RULE],
            Context::StaticRule => &[rule::RULE, rule::STATIC_RULE],
            Context::TrackedInterface => &[entry::TRACKED_INTERFACE],
            Context::TrackedScript => &[entry::TRACKED_SCRIPT],
            Context::TrackedFile => &[entry::TRACKED_FILE],
            Context::TrackedProcess => &[entry::TRACKED_PROCESS],
            Context::TrackedBfd => &[entry::TRACKED_BFD],
            Context::Peer => &[entry::PEER],
            Context::Member => &[entry::MEMBER],
            Context::Linkbeat => &[entry::LINKBEAT],
            Context::Delay => &[entry::DELAY],
            Context::Email => &[entry::EMAIL],
            Context::Lexical => &[lexical::LEXICAL],
        };
        tables.iter().flat_map(|table| table.iter())
    }

    /// The row of a keyword in this block.
    pub fn find(self, name: &str) -> Option<&'static Keyword> {
        static INDEX: [OnceLock<FxHashMap<&str, &Keyword>>; CONTEXTS.len()] =
            [const { OnceLock::new() }; CONTEXTS.len()];
        let rows = INDEX.get(self as usize)?;
        rows.get_or_init(|| self.rows().map(|row| (row.name, row)).collect()).get(name).copied()
    }

    /// Of these keywords one must stand in the block, or the object is nothing.
    pub const fn required(self) -> &'static [&'static str] {
        match self {
            Context::Bfd => &["neighbor_ip", "neighbour_ip"],
            Context::TrackFile => &["file"],
            Context::TrackProcess => &["process"],
            Context::MiscCheck => &["misc_path"],
            Context::FileCheck => &["track_file"],
            Context::BfdCheck => &["name"],
            Context::SslGet | Context::HttpGet => &["url"],
            Context::Url | Context::SslUrl => &["path"],
            Context::GarpGroup => &["garp_interval", "gna_interval"],
            _ => &[],
        }
    }

    /// Where it stands: the names of the blocks from the outermost on, joined by dots.
    pub const fn paths(self) -> &'static [&'static str] {
        match self {
            Context::Top => &["(top)"],
            Context::GlobalDefs => &["global_defs"],
            Context::Ssl => &["SSL"],
            Context::Instance => &["vrrp_instance"],
            Context::Authentication => &["vrrp_instance.authentication"],
            Context::AuthHmac => &["vrrp_instance.auth_hmac"],
            Context::SyncGroup => &["vrrp_sync_group"],
            Context::TrackGroup => &["track_group"],
            Context::GarpGroup => &["garp_group"],
            Context::Script => &["vrrp_script"],
            Context::TrackProcess => &["vrrp_track_process"],
            Context::Bfd => &["bfd_instance"],
            Context::VirtualServer => &["virtual_server"],
            Context::RealServer => &["virtual_server.real_server"],
            Context::TcpCheck => &["virtual_server.real_server.TCP_CHECK"],
            Context::HttpGet => &["virtual_server.real_server.HTTP_GET"],
            Context::Url => &["virtual_server.real_server.HTTP_GET.url"],
            Context::SslGet => &["virtual_server.real_server.SSL_GET"],
            Context::SslUrl => &["virtual_server.real_server.SSL_GET.url"],
            Context::MiscCheck => &["virtual_server.real_server.MISC_CHECK"],
            Context::SmtpCheck => &["virtual_server.real_server.SMTP_CHECK"],
            Context::SmtpHost => &["virtual_server.real_server.SMTP_CHECK.host"],
            Context::UdpCheck => &["virtual_server.real_server.UDP_CHECK"],
            Context::DnsCheck => &["virtual_server.real_server.DNS_CHECK"],
            Context::PingCheck => &["virtual_server.real_server.PING_CHECK"],
            Context::FileCheck => &["virtual_server.real_server.FILE_CHECK"],
            Context::BfdCheck => &["virtual_server.real_server.BFD_CHECK"],
            Context::TrackFile => &["track_file", "vrrp_track_file"],
            Context::Address => {
                &["vrrp_instance.virtual_ipaddress", "vrrp_instance.virtual_ipaddress_excluded"]
            }
            Context::StaticAddress => &["static_ipaddress"],
            Context::Route => &["vrrp_instance.virtual_routes"],
            Context::StaticRoute => &["static_routes"],
            Context::Rule => &["vrrp_instance.virtual_rules"],
            Context::StaticRule => &["static_rules"],
            Context::TrackedInterface => {
                &["vrrp_instance.track_interface", "vrrp_sync_group.track_interface"]
            }
            Context::TrackedScript => &["vrrp_instance.track_script", "vrrp_sync_group.track_script"],
            Context::TrackedFile => &["vrrp_instance.track_file", "vrrp_sync_group.track_file"],
            Context::TrackedProcess => &["vrrp_instance.track_process", "vrrp_sync_group.track_process"],
            Context::TrackedBfd => &["vrrp_instance.track_bfd", "vrrp_sync_group.track_bfd"],
            Context::Peer => &["vrrp_instance.unicast_peer"],
            Context::Member => &["virtual_server_group"],
            Context::Linkbeat => &["linkbeat_interfaces"],
            Context::Delay => &["interface_up_down_delays"],
            Context::Email => &["global_defs.notification_email"],
            Context::Lexical => &["(lexical)"],
        }
    }

    /// The block's name as it is written in a file.
    pub const fn name(self) -> &'static str {
        match self {
            Context::Top => "the top level",
            Context::GlobalDefs => "global_defs",
            Context::Ssl => "SSL",
            Context::Instance => "vrrp_instance",
            Context::Authentication => "authentication",
            Context::AuthHmac => "auth_hmac",
            Context::SyncGroup => "vrrp_sync_group",
            Context::TrackGroup => "track_group",
            Context::GarpGroup => "garp_group",
            Context::Script => "vrrp_script",
            Context::TrackProcess => "vrrp_track_process",
            Context::TrackFile => "track_file",
            Context::Bfd => "bfd_instance",
            Context::VirtualServer => "virtual_server",
            Context::RealServer => "real_server",
            Context::TcpCheck => "TCP_CHECK",
            Context::HttpGet => "HTTP_GET",
            Context::Url | Context::SslUrl => "url",
            Context::SslGet => "SSL_GET",
            Context::MiscCheck => "MISC_CHECK",
            Context::SmtpCheck => "SMTP_CHECK",
            Context::SmtpHost => "host",
            Context::UdpCheck => "UDP_CHECK",
            Context::DnsCheck => "DNS_CHECK",
            Context::PingCheck => "PING_CHECK",
            Context::FileCheck => "FILE_CHECK",
            Context::BfdCheck => "BFD_CHECK",
            Context::Address => "virtual_ipaddress",
            Context::StaticAddress => "static_ipaddress",
            Context::Route => "virtual_routes",
            Context::StaticRoute => "static_routes",
            Context::Rule => "virtual_rules",
            Context::StaticRule => "static_rules",
            Context::TrackedInterface => "track_interface",
            Context::TrackedScript => "track_script",
            Context::TrackedFile => "track_file",
            Context::TrackedProcess => "track_process",
            Context::TrackedBfd => "track_bfd",
            Context::Peer => "unicast_peer",
            Context::Member => "virtual_server_group",
            Context::Linkbeat => "linkbeat_interfaces",
            Context::Delay => "interface_up_down_delays",
            Context::Email => "notification_email",
            Context::Lexical => "any line",
        }
    }
}

/// The keyword of this block that is most like `word`, when one is like it at all.
pub fn nearest(context: Context, word: &str) -> Option<&'static str> {
    suggest::nearest(word, context.rows().map(|row| row.name))
}

/// The same in whatever block has one.
pub fn nearest_anywhere(word: &str) -> Option<(Context, &'static str)> {
    let all = CONTEXTS.iter().flat_map(|context| context.rows().map(|row| row.name));
    let near = suggest::nearest(word, all)?;
    valid_in(near).first().map(|context| (*context, near))
}

/// The blocks in which `word` is a keyword.
pub fn valid_in(word: &str) -> Vec<Context> {
    CONTEXTS.iter().copied().filter(|context| context.find(word).is_some()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_keyword_stands_twice_in_a_block() {
        for context in CONTEXTS {
            let mut names: Vec<_> = context.rows().map(|row| row.name).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{context:?}");
        }
    }

    #[test]
    fn suggestions() {
        assert_eq!(
            nearest(Context::Instance, "lvs_sync_daemon_inteface"),
            Some("lvs_sync_daemon_interface")
        );
        assert_eq!(nearest(Context::Instance, "Priority"), Some("priority"));
        assert_eq!(nearest(Context::Instance, "x"), None);
        assert_eq!(nearest(Context::RealServer, "restart_service"), None);
        assert_eq!(valid_in("auth_pass"), [Context::Authentication]);
    }
}

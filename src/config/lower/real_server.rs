//! `real_server`: each keyword to its place.

use std::net::IpAddr;
use std::sync::Arc;

use smallvec::SmallVec;

use super::Lower;
use super::check::CheckDraft;
use super::global::set;
use super::read::Value;
use super::service::{CheckDefaults, ServiceDraft, shared};
use crate::config::host::ScriptKind;
use crate::config::model::lvs::RealOptions;
use crate::config::policy::RejectedKind;
use crate::config::syntax::{Like, Node};
use crate::diag::{Diagnostic, Span};
use crate::ids::Family;
use crate::objects::ipvs::Forwarding;

/// A real server as it is written.
#[derive(Debug)]
pub struct RealDraft {
    pub address: IpAddr,
    pub port: Option<u16>,
    pub span: Option<Span>,
    pub port_span: Option<Span>,
    /// Its own, else what the service had said above it.
    pub forwarding: Option<Forwarding>,
    /// The same one for many, where they say the same.
    pub block: Arc<RealBlock>,
}

/// What the block of a real server says.
#[derive(Debug)]
pub struct RealBlock {
    /// Of the real server for which it was read.
    pub address: IpAddr,
    pub weight: Option<u32>,
    pub forwarding: Option<Forwarding>,
    pub upper_threshold: u32,
    pub lower_threshold: u32,
    pub inhibit: Option<bool>,
    pub alpha: Option<bool>,
    /// Few have any.
    pub options: Option<Box<RealOptions>>,
    pub smtp_alert: Option<bool>,
    pub virtualhost: Option<Box<str>>,
    /// Most real servers say the same.
    pub defaults: Arc<CheckDefaults>,
    /// Most have one.
    pub checks: SmallVec<[CheckDraft; 1]>,
    /// Where the first check stands that cannot be used.
    pub lost_check: Option<Option<Span>>,
}

/// Those of a service: in pieces, each of which is given back once it was understood.
#[derive(Debug, Default)]
pub struct RealDrafts(Vec<Vec<RealDraft>>);

/// Real servers in a piece, and how many a service is thought to have.
const PIECE: usize = 256;
const FEW: usize = 8;

impl RealDrafts {
    fn push(&mut self, draft: RealDraft) {
        match self.0.last_mut() {
            Some(piece) if piece.len() < PIECE => piece.push(draft),
            _ => {
                let mut piece = Vec::with_capacity(FEW);
                piece.push(draft);
                self.0.push(piece);
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// The one that was written first.
    pub fn first(&self) -> Option<&RealDraft> {
        self.0.first()?.first()
    }

    /// The family of all of them; `None` where both are there, or nobody is.
    pub fn family(&self) -> Option<Family> {
        let mut families = self.0.iter().flatten().map(|real| Family::of(real.address));
        let first = families.next()?;
        families.all(|family| family == first).then_some(first)
    }

    /// All of them in order.
    pub fn into_pieces(self) -> impl Iterator<Item = RealDraft> {
        self.0.into_iter().flatten()
    }
}

impl Lower<'_> {
    /// Reads one, and puts it into the service if it can be part of it.
    pub fn real_server(&mut self, node: &Node, service: &mut ServiceDraft) {
        let target = |service: &ServiceDraft| service.target.clone();
        let Some(word) = node.argument(1) else {
            self.reject(
                RejectedKind::RealServer(target(service), None),
                node.span(),
                "a real_server has no address",
            );
            return;
        };
        let Ok(address) = word.parse::<IpAddr>() else {
            let message = format!("Invalid real server ip address {word} - skipping");
            self.report(Diagnostic::error("bad-address", node.span_of(1), message).expected("IP [PORT]"));
            let reason = format!("the address of real_server '{word}' cannot be read");
            self.reject(RejectedKind::RealServer(target(service), None), node.span_of(1), reason);
            return;
        };
        let port = match node.argument(2) {
            None => None,
            Some(_) => match self.port(node, "real_server") {
                // As one that is not written.
                Some(port) => Some(port).filter(|port| *port != 0),
                None => {
                    let reason = format!("the port of real_server '{word}' cannot be read");
                    self.reject(RejectedKind::RealServer(target(service), None), node.span_of(2), reason);
                    return;
                }
            },
        };
        let (span, port_span) = (node.span_of(1), node.span_of(2));
        let block = match self.understood(node, address) {
            Some(known) => Arc::clone(known),
            None => self.real_block(node, address),
        };
        let forwarding = block.forwarding.or(service.forwarding);
        let draft = RealDraft { address, port, span, port_span, forwarding, block };
        if self.family_fits(&draft, service) {
            service.real_servers.push(draft);
        }
    }

    /// What the same block came to before.
    fn understood(&self, node: &Node, address: IpAddr) -> Option<&Arc<RealBlock>> {
        let like = node.block.as_ref()?.like.as_ref()?;
        let (nodes, known) = self.understood.as_ref()?;
        let alike = Family::of(known.address) == Family::of(address) && !is_link_local(address);
        (alike && Arc::ptr_eq(nodes, &like.nodes)).then_some(known)
    }

    /// Reads the block of one. It is kept for those that are the same if nothing need be said of them and nothing
    /// in it depends on the address.
    fn real_block(&mut self, node: &Node, address: IpAddr) -> Arc<RealBlock> {
        let like = node.block.as_ref().and_then(|block| block.like.as_ref());
        let before = like.map(|_| self.said());
        let mut block = RealBlock {
            address,
            weight: None,
            forwarding: None,
            upper_threshold: 0,
            lower_threshold: 0,
            inhibit: None,
            alpha: None,
            options: None,
            smtp_alert: None,
            virtualhost: None,
            defaults: Arc::default(),
            checks: SmallVec::new(),
            lost_check: None,
        };
        let mut defaults = CheckDefaults::default();
        let moved = like.map(Like::moved);
        self.each(moved.as_deref().unwrap_or(node.nodes()), |lower, node, value| {
            if !shared(node, &value, &mut defaults) {
                lower.real_keyword(node, value, &mut block);
            }
        });
        block.defaults = self.checks.defaults.share(defaults);
        let block = Arc::new(block);
        if let Some(like) = like
            && before == Some(self.said())
            && !is_link_local(address)
        {
            self.understood = Some((Arc::clone(&like.nodes), Arc::clone(&block)));
        }
        block
    }

    /// A tunnel carries one family in the other; else all are of the service's family, or of the first's.
    fn family_fits(&mut self, real: &RealDraft, service: &mut ServiceDraft) -> bool {
        let found = Family::of(real.address);
        if matches!(real.forwarding, Some(Forwarding::Tunnel(_))) {
            return true;
        }
        let family = *service.family.get_or_insert(found);
        if family == found {
            return true;
        }
        let message = format!(
            "Address family of virtual server and real server {} don't match - skipping real server.",
            real.address
        );
        self.report(
            Diagnostic::error("wrong-family", real.span, message)
                .expected(format!("an {family} address"))
                .help("only TUN carries one family in the other; lvs_method must stand above"),
        );
        let server = (real.address, real.port.unwrap_or(0));
        let kind = RejectedKind::RealServer(service.target.clone(), Some(server));
        self.reject(kind, real.span, format!("the real server {} has the wrong family", real.address));
        false
    }

    fn real_keyword(&mut self, node: &Node, value: Value, block: &mut RealBlock) {
        match node.name() {
            "weight" => block.weight = value.int().or(block.weight),
            "lvs_method" => block.forwarding = self.forwarding(node).or(block.forwarding),
            "uthreshold" => set(&mut block.upper_threshold, value.int()),
            "lthreshold" => set(&mut block.lower_threshold, value.int()),
            "inhibit_on_failure" => block.inhibit = Some(value.yes()),
            "alpha" => block.alpha = Some(value.yes()),
            "smtp_alert" => block.smtp_alert = Some(value.yes()),
            "virtualhost" => block.virtualhost = value.text().map(Into::into),
            "notify_up" | "notify_down" => {
                let Some(command) = value.script() else { return };
                self.need_script(&command, node.name(), ScriptKind::CheckNotify, node.span_of(1));
                let up = node.name() == "notify_up";
                let options = block.options.get_or_insert_default();
                *(if up { &mut options.notify_up } else { &mut options.notify_down }) = Some(command);
            }
            "snmp_name" => {
                let name = self.snmp_name(node);
                let options = block.options.get_or_insert_default();
                options.snmp_name = name.or(options.snmp_name.take());
            }
            name if name.ends_with("_CHECK") || name.ends_with("_GET") => self.check(node, block),
            _ => {}
        }
    }
}

/// An address with which a check needs an interface.
fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

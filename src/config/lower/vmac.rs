//! `use_vmac [[name] IFNAME] [MAC] [netlink_notify_msg] [group GROUP]`

use super::Lower;
use super::line::GROUPS;
use super::read::LONGEST_INTERFACE;
use crate::config::syntax::Node;
use crate::diag::{Class, Diagnostic, Span};
use crate::ids::{Family, Mac, Name, Vrid};
use crate::objects::route::Named;

/// What the line said.
#[derive(Clone, Debug, Default)]
pub struct VmacLine {
    pub span: Option<Span>,
    pub name: Option<Name>,
    pub mac: Option<MacEnd>,
    pub group: Option<Named>,
}

/// A MAC address, or its first five octets, which the VRID completes.
#[derive(Clone, Copy, Debug)]
pub enum MacEnd {
    Whole(Mac),
    Five([u8; 5]),
}

impl MacEnd {
    /// The address of a virtual router.
    pub fn of(self, vrid: Vrid) -> Mac {
        match self {
            MacEnd::Whole(mac) => mac,
            MacEnd::Five([a, b, c, d, e]) => Mac([a, b, c, d, e, vrid.get()]),
        }
    }
}

impl Lower<'_> {
    /// Reads the line into what an earlier one said.
    pub fn use_vmac(&mut self, node: &Node, line: &mut VmacLine) {
        line.span = node.span();
        let mut at = 1;
        while let Some(word) = node.argument(at) {
            match word {
                "netlink_notify_msg" => {}
                "group" => {
                    at += 1;
                    line.group = self.named_after(node, at - 1, GROUPS).ok().or(line.group.take());
                }
                "name" => {
                    at += 1;
                    if node.argument(at).is_none() {
                        let message = "use_vmac: name is missing its parameter";
                        self.report(
                            Diagnostic::error("missing-parameter", node.span_of(at - 1), message)
                                .class(Class::Exit)
                                .expected("the name of an interface"),
                        );
                    }
                    self.vmac_name(node, at, line);
                }
                _ => match mac(word) {
                    Some(found) => self.vmac_mac(node, at, found, line),
                    None => self.vmac_name(node, at, line),
                },
            }
            at += 1;
        }
    }

    fn vmac_name(&mut self, node: &Node, at: usize, line: &mut VmacLine) {
        let Some(word) = node.argument(at) else { return };
        if line.name.is_some() {
            let message = format!("use_vmac: a second interface name '{word}' - ignoring");
            self.report(Diagnostic::error("given-twice", node.span_of(at), message));
        } else if word.len() > LONGEST_INTERFACE || word.contains('/') || matches!(word, "." | "..") {
            let message = format!("use_vmac: '{word}' is no interface name - ignoring");
            self.report(
                Diagnostic::error("name-too-long", node.span_of(at), message)
                    .expected("at most 15 characters, without '/'"),
            );
        } else {
            line.name = Some(word.into());
        }
    }

    fn vmac_mac(&mut self, node: &Node, at: usize, found: MacEnd, line: &mut VmacLine) {
        let (MacEnd::Whole(Mac([first, ..])) | MacEnd::Five([first, ..])) = found;
        if first & 1 != 0 {
            let message = "use_vmac: a multicast MAC address cannot be used - ignoring";
            self.report(Diagnostic::error("bad-address", node.span_of(at), message));
        } else {
            line.mac = Some(found);
        }
    }
}

/// keepalived's default name: `vrrp.VRID`; IPv6 tries `vrrp6.VRID` next; then both number on.
pub fn default_name(prefix: &str, family: Family, vrid: Vrid, taken: impl Fn(&str) -> bool) -> Name {
    let plain = std::iter::once(format!("{prefix}.{vrid}"));
    let second = (family == Family::V6).then(|| format!("{prefix}6.{vrid}"));
    let numbered = (1_u32..).map(|number| format!("{prefix}{number}.{vrid}"));
    let mut names = plain.chain(second).chain(numbered);
    names.find(|name| !taken(name)).unwrap_or_else(|| prefix.to_owned()).into()
}

fn mac(word: &str) -> Option<MacEnd> {
    let octets: Option<Vec<u8>> = word
        .split(':')
        .map(|octet| if (1..=2).contains(&octet.len()) { u8::from_str_radix(octet, 16).ok() } else { None })
        .collect();
    match *octets?.as_slice() {
        [a, b, c, d, e, f] => Some(MacEnd::Whole(Mac([a, b, c, d, e, f]))),
        [a, b, c, d, e] => Some(MacEnd::Five([a, b, c, d, e])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_names_number_on() {
        let vrid = Vrid::new(50).unwrap();
        let name =
            |family, taken: &[&str]| default_name("vrrp", family, vrid, |name| taken.contains(&name));
        assert_eq!(&*name(Family::V4, &[]), "vrrp.50");
        assert_eq!(&*name(Family::V6, &["vrrp.50"]), "vrrp6.50");
        assert_eq!(&*name(Family::V4, &["vrrp.50"]), "vrrp1.50");
        assert_eq!(&*name(Family::V6, &["vrrp.50", "vrrp6.50", "vrrp1.50"]), "vrrp2.50");
    }
}

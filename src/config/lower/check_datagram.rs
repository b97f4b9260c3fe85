//! `UDP_CHECK` and `DNS_CHECK`.

use super::Lower;
use super::check::Common;
use super::real_server::RealBlock;
use crate::config::model::CheckKind;
use crate::config::model::check::{DnsCheck, DnsType, Reply, UdpCheck};
use crate::config::syntax::Node;
use crate::diag::{Class, Diagnostic};

/// The longest part of a name between dots (RFC 1035, section 2.3.4).
const LONGEST_LABEL: usize = 63;
/// The longest name, in characters without the last dot.
const LONGEST_NAME: usize = 253;

impl Lower<'_> {
    /// Reads one.
    pub fn udp_check(&mut self, node: &Node, real: &mut RealBlock) {
        let mut common = Common::new(real);
        let mut udp = UdpCheck { payload: None, reply: None, min_reply_length: 0, max_reply_length: 255 };
        self.each(node.nodes(), |lower, node, value| match node.name() {
            "payload" => udp.payload = lower.hex(node, "payload", false).map(|reply| reply.bytes),
            "require_reply" => {
                let bytes = node.argument(1).and_then(|_| lower.hex(node, "reply", true));
                udp.reply = Some(bytes.unwrap_or_default());
            }
            "min_reply_length" => udp.min_reply_length = value.int().unwrap_or(udp.min_reply_length),
            "max_reply_length" => udp.max_reply_length = value.int().unwrap_or(udp.max_reply_length),
            _ => lower.common(node, &value, &mut common),
        });
        if udp.min_reply_length > udp.max_reply_length {
            let message = format!(
                "UDP_CHECK min_reply length {} > max_reply_length {} - will always fail",
                udp.min_reply_length, udp.max_reply_length
            );
            let written = |name| node.nodes().iter().rfind(|node| node.name() == name);
            let place = written("min_reply_length").or(written("max_reply_length")).unwrap_or(node);
            self.report(Diagnostic::error("out-of-range", place.span_of(1), message));
        }
        let kind = CheckKind::Udp(self.checks.datagrams.share(udp));
        self.add_check(node, real, common, kind);
    }

    /// Bytes in hexadecimal, with blanks between them as one likes.
    fn hex(&mut self, node: &Node, what: &str, wildcards: bool) -> Option<Reply> {
        let found = hex(node.line.words_from(1), wildcards);
        if found.is_none() {
            let message = format!("Invalid hex string for UDP_CHECK {what}");
            let also = if wildcards { ", x for half a byte that may be anything" } else { "" };
            self.report(
                Diagnostic::error("bad-hex", node.span_of(1), message)
                    .expected(format!("hexadecimal digits, two for a byte{also}")),
            );
        }
        found
    }

    /// Reads one.
    pub fn dns_check(&mut self, node: &Node, real: &mut RealBlock) {
        let mut common = Common::new(real);
        let mut dns = DnsCheck::default();
        self.each(node.nodes(), |lower, node, value| match node.name() {
            "type" => dns.kind = value.text().as_deref().and_then(dns_type).unwrap_or_default(),
            "name" => {
                dns.name = value.text().filter(|name| lower.can_be_asked(node, name)).unwrap_or_default()
            }
            _ => lower.common(node, &value, &mut common),
        });
        let kind = CheckKind::Dns(self.checks.questions.share(dns));
        self.add_check(node, real, common, kind);
    }

    fn can_be_asked(&mut self, node: &Node, name: &str) -> bool {
        let bare = name.strip_suffix('.').unwrap_or(name);
        if bare.is_empty() {
            return true;
        }
        let (wrong, class) = if bare.split('.').any(str::is_empty) {
            ("has empty label", Class::Fault)
        } else if bare.len() > LONGEST_NAME || bare.split('.').any(|label| label.len() > LONGEST_LABEL) {
            ("is too long", Class::Silent)
        } else {
            return true;
        };
        let message = format!("DNS_CHECK name '{name}' {wrong} - ignoring");
        let expected =
            format!("at most {LONGEST_NAME} characters, and from 1 to {LONGEST_LABEL} between two dots");
        self.report(
            Diagnostic::error("bad-domain-name", node.span_of(1), message)
                .class(class)
                .expected(expected)
                .help("the root is asked for"),
        );
        false
    }
}

/// Each word by itself: the last digit of an odd number of them is a byte.
fn hex<'a>(words: impl Iterator<Item = &'a str>, wildcards: bool) -> Option<Reply> {
    let mut reply = Reply::default();
    for word in words.flat_map(str::split_whitespace) {
        for pair in word.as_bytes().chunks(2) {
            let (mut byte, mut mask) = (0, 0);
            if pair.len() == 1 {
                mask = 0x0f;
            }
            for digit in pair {
                let wild = wildcards && digit.eq_ignore_ascii_case(&b'x');
                let value = if wild { 0 } else { u8::try_from(char::from(*digit).to_digit(16)?).ok()? };
                byte = byte << 4 | value;
                mask = mask << 4 | if wild { 0 } else { 0x0f };
            }
            reply.bytes.push(byte);
            reply.mask.push(mask);
        }
    }
    (!reply.bytes.is_empty()).then_some(reply)
}

fn dns_type(word: &str) -> Option<DnsType> {
    Some(match word {
        "A" => DnsType::A,
        "NS" => DnsType::Ns,
        "CNAME" => DnsType::Cname,
        "SOA" => DnsType::Soa,
        "MX" => DnsType::Mx,
        "TXT" => DnsType::Txt,
        "AAAA" => DnsType::Aaaa,
        "RRSIG" => DnsType::Rrsig,
        "DNSKEY" => DnsType::Dnskey,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_hexadecimal() {
        let bytes = |text: &str| hex(text.split(' '), false).map(|reply| reply.bytes);
        assert_eq!(bytes("01 02ff"), Some(vec![1, 2, 255]));
        assert_eq!(bytes("01 020 3"), Some(vec![1, 2, 0, 3]));
        for bad in ["", "0g", "0x01", "1 -"] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
        let reply = hex("1x X2 x xx 7".split(' '), true).unwrap();
        assert_eq!(reply.bytes, [0x10, 0x02, 0, 0, 7]);
        assert_eq!(reply.mask, [0xf0, 0x0f, 0xf0, 0, 0xff]);
    }
}

//! `SMTP_CHECK` and its `host` blocks.

use std::time::Duration;

use super::Lower;
use super::check::{Common, Connection, Place};
use super::read::Value;
use super::real_server::RealBlock;
use crate::config::model::CheckKind;
use crate::config::model::check::SmtpCheck;
use crate::config::syntax::Node;
use crate::diag::Diagnostic;

/// What a check says of itself when nobody told it.
const HELO_NAME: &str = "smtpchecker.keepalived.org";

impl Lower<'_> {
    /// Reads one. With `host` blocks each of them is a check, and the block itself only where it says how to connect.
    pub fn smtp_check(&mut self, node: &Node, real: &mut RealBlock) {
        let mut common = Common::new(real);
        let (mut helo_name, mut connects) = (None, false);
        let mut hosts: Vec<(Place, Option<Duration>)> = Vec::new();
        let server = real.address;
        self.each(node.nodes(), |lower, node, value| match node.name() {
            "helo_name" => helo_name = value.text(),
            "host" => {
                if hosts.is_empty() {
                    lower.host_is_deprecated(node);
                }
                hosts.push(lower.smtp_host(node, Connection::to(server), &mut common));
            }
            name => {
                connects |= connects_somewhere(name);
                lower.common(node, &value, &mut common);
            }
        });
        let helo_name = helo_name.or_else(|| self.loaded.config.global.smtp_helo_name.clone());
        let helo_name = helo_name.unwrap_or_else(|| HELO_NAME.to_owned());
        let mail = self.checks.mails.share(SmtpCheck { helo_name });
        let connection = std::mem::replace(&mut common.connection, Connection::to(server));
        if hosts.is_empty() || connects {
            let place = self.place(node, connection);
            let check = self.draft(&common, CheckKind::Smtp(mail.clone()), place);
            real.checks.push(check);
        }
        for (place, timeout) in hosts {
            common.defaults.connect_timeout = timeout;
            let check = self.draft(&common, CheckKind::Smtp(mail.clone()), place);
            real.checks.push(check);
        }
    }

    /// Where it connects to, and its `connect_timeout`; what it says of the pace is the whole check's.
    fn smtp_host(
        &mut self,
        node: &Node,
        mut connection: Connection,
        outer: &mut Common,
    ) -> (Place, Option<Duration>) {
        let mut timeout = None;
        self.each(node.nodes(), |lower, node, value: Value| match node.name() {
            "connect_timeout" => timeout = value.decimal(),
            name if connects_somewhere(name) => lower.connection(node, &value, &mut connection),
            _ => lower.common(node, &value, outer),
        });
        (self.place(node, connection), timeout)
    }

    fn host_is_deprecated(&mut self, node: &Node) {
        let message = "The SMTP_CHECK host block is deprecated. Please define additional checkers.";
        self.report(Diagnostic::note("deprecated", node.span(), message));
    }
}

fn connects_somewhere(keyword: &str) -> bool {
    matches!(
        keyword,
        "connect_ip" | "connect_port" | "bindto" | "bind_port" | "bind_if" | "fwmark" | "connect_timeout"
    )
}

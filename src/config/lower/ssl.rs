//! `SSL`: what this host shows where it asks over TLS.

use super::Lower;
use crate::config::model::Ssl;
use crate::config::syntax::Node;

impl Lower<'_> {
    /// Reads the block; a second one takes the place of the first.
    pub fn ssl(&mut self, node: &Node) {
        let mut ssl = Ssl::default();
        self.each(node.nodes(), |_, node, value| match node.name() {
            "password" => ssl.password = value.text(),
            "ca" => ssl.ca = value.text(),
            "certificate" => ssl.certificate = value.text(),
            "key" => ssl.key = value.text(),
            _ => {}
        });
        self.loaded.config.ssl = Some(ssl);
    }
}

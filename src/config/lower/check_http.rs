//! `HTTP_GET` and `SSL_GET`, and their urls.

use std::sync::Arc;

use super::Lower;
use super::check::Common;
use super::real_server::RealBlock;
use crate::config::model::check::{HttpProtocol, Sni};
use crate::config::model::{CheckKind, HttpGet, HttpUrl, StatusRange};
use crate::config::syntax::Node;
use crate::diag::Diagnostic;

/// What urls take from their check.
#[derive(Default)]
struct OfUrls {
    virtualhost: Option<String>,
    tls_compliant: bool,
}

/// A url as it is written.
struct UrlDraft {
    url: HttpUrl,
    tls_compliant: Option<bool>,
}

impl Lower<'_> {
    /// Reads one.
    pub fn http_get(&mut self, node: &Node, real: &mut RealBlock) {
        let mut common = Common::new(real);
        let (mut pages, mut outer) = (HttpGet::default(), OfUrls::default());
        let (mut urls, mut sni, mut name) = (Vec::new(), false, None);
        self.each(node.nodes(), |lower, node, value| match node.name() {
            "url" => urls.extend(lower.url(node)),
            "virtualhost" => outer.virtualhost = value.text(),
            "fast_recovery" => pages.fast_recovery = value.yes(),
            "tls_compliant" => outer.tls_compliant = value.yes(),
            "tls_verify" => pages.verify = value.yes(),
            "enable_sni" => sni = value.yes(),
            "sni_name" => {
                sni = true;
                name = node.argument(1).map(str::to_owned).or(name.take());
            }
            "http_protocol" => {
                pages.protocol = match node.argument(1) {
                    Some("1.1") => HttpProtocol::V1_1,
                    Some("1.0c" | "1.0C") => HttpProtocol::V1_0Close,
                    _ => HttpProtocol::V1_0,
                }
            }
            _ => lower.common(node, &value, &mut common),
        });
        let causes = if urls.is_empty() { self.causes(node, &["url"]) } else { Vec::new() };
        if urls.is_empty() && self.follows(&causes, &["url"], "the check is left out") {
            return;
        }
        if urls.is_empty() {
            let message = format!("{} has no url specified - ignoring", node.name());
            self.report(
                Diagnostic::error("missing-parameter", node.span(), message).expected("url { path PATH }"),
            );
            return;
        }
        pages.sni = sni.then(|| name.map_or(Sni::VirtualHost, Sni::Name));
        pages.urls = urls.into_iter().map(|url| url.within(&outer)).collect();
        let pages = self.checks.pages.share(pages);
        let kind = if node.name() == "SSL_GET" { CheckKind::Ssl(pages) } else { CheckKind::Http(pages) };
        self.add_check(node, real, common, kind);
    }

    /// The same with the virtual host of real server or service where a url has none.
    pub fn with_host(&mut self, pages: Arc<HttpGet>, host: Option<&str>) -> Arc<HttpGet> {
        let Some(host) = host.filter(|_| pages.urls.iter().any(|url| url.virtualhost.is_none())) else {
            return pages;
        };
        let mut pages = Arc::unwrap_or_clone(pages);
        for url in &mut pages.urls {
            url.virtualhost.get_or_insert_with(|| host.to_owned());
        }
        self.checks.pages.share(pages)
    }

    fn url(&mut self, node: &Node) -> Option<UrlDraft> {
        let mut draft = UrlDraft { url: HttpUrl::default(), tls_compliant: None };
        let mut pattern = None;
        self.each(node.nodes(), |lower, node, value| match node.name() {
            "path" => draft.url.path = value.text().unwrap_or_default(),
            "digest" => draft.url.digest = lower.digest(node),
            "status_code" => lower.status_codes(node, &mut draft.url.status),
            "virtualhost" => draft.url.virtualhost = value.text(),
            "tls_compliant" => draft.tls_compliant = Some(value.yes()),
            _ => lower.pattern_keyword(node, &mut pattern),
        });
        if draft.url.path.is_empty() {
            let message = "a url without path is ignored";
            self.report(Diagnostic::error("missing-parameter", node.span(), message).expected("path PATH"));
            return None;
        }
        draft.url.pattern = pattern.and_then(|pattern| self.pattern(node, pattern));
        Some(draft)
    }

    fn digest(&mut self, node: &Node) -> Option<[u8; 16]> {
        let word = node.argument(1)?;
        let pairs: Vec<&[u8]> = word.as_bytes().chunks(2).collect();
        let octets: Option<Vec<u8>> = pairs
            .into_iter()
            .map(|pair| {
                u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok().filter(|_| pair.len() == 2)
            })
            .collect();
        let digest = octets.and_then(|octets| <[u8; 16]>::try_from(octets).ok());
        if digest.is_none() {
            let message = format!("digest '{word}' is no MD5 digest");
            self.report(
                Diagnostic::error("bad-digest", node.span_of(1), message).expected("32 hexadecimal digits"),
            );
        }
        digest
    }

    /// `N`, `N-M`, several of them.
    fn status_codes(&mut self, node: &Node, found: &mut Vec<StatusRange>) {
        for at in 1..node.line.count() {
            let word = node.argument(at).unwrap_or("");
            let (first, last) = word.split_once('-').unwrap_or((word, word));
            match (first.parse::<u16>(), last.parse::<u16>()) {
                (Ok(first @ 100..=599), Ok(last @ 100..=599)) if first <= last => {
                    found.push(StatusRange { first, last });
                }
                _ => {
                    let message = format!("status_code '{word}' is invalid");
                    self.report(
                        Diagnostic::error("out-of-range", node.span_of(at), message)
                            .expected("codes from 100 to 599, or ranges of them as 200-299"),
                    );
                }
            }
        }
    }
}

impl UrlDraft {
    fn within(self, outer: &OfUrls) -> HttpUrl {
        let mut url = self.url;
        url.virtualhost = url.virtualhost.or_else(|| outer.virtualhost.clone());
        url.tls_compliant = self.tls_compliant.unwrap_or(outer.tls_compliant);
        url
    }
}

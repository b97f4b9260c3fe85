//! One probe each: a check in, an [`Outcome`] out. When to probe and what an outcome means is for
//! [`crate::health`]; nothing here touches IPVS.
//!
//! A probe holds no more than a socket and a few kilobytes, ends by itself within a time that its check
//! gives, and never works longer than about a millisecond without letting others run. The most frequent ones are
//! [`Flight`]s, which need no task; all others are futures.

mod connect;
mod dns;
mod flight;
mod http;
mod ping;
mod smtp;
mod tls;
mod udp;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::config::model::check::{Check, CheckKind};
use crate::health::outcome::{Outcome, Success};

#[cfg(test)]
pub(crate) use connect::tests::check_of;
pub use flight::{Flight, Next, Seen};
pub use http::Page;
pub use tls::Tls;

/// Makes this check once, unless it is a `TCP_CHECK`: that is made as a [`Flight`]. `url` says which page of a web check; others ignore it. `tls` is what
/// all checks over TLS have in common.
///
/// Dropping the future ends the probe and closes its socket.
pub async fn probe(check: &Check, url: usize, tls: &Tls) -> Outcome {
    match &check.kind {
        CheckKind::Http(pages) => Box::pin(http::probe(check, pages, url, None)).await,
        CheckKind::Ssl(pages) => Box::pin(http::probe(check, pages, url, Some(tls))).await,
        CheckKind::Smtp(mail) => Box::pin(smtp::probe(check, mail)).await,
        CheckKind::Udp(udp) => Box::pin(udp::probe(check, udp)).await,
        CheckKind::Dns(dns) => Box::pin(dns::probe(check, dns)).await,
        CheckKind::Ping => Box::pin(ping::probe(check)).await,
        kind => Outcome::Undecided(format!("{} has no probe", kind.keyword())),
    }
}

/// What a check over TCP makes of a connection that is there already. Others decide nothing.
pub async fn converse<S>(check: &Check, url: usize, tls: &Tls, stream: S) -> Outcome
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match &check.kind {
        CheckKind::Tcp(_) => Outcome::Success(Success::Connected),
        CheckKind::Http(pages) => http::converse(check, pages, url, None, stream).await,
        CheckKind::Ssl(pages) => http::converse(check, pages, url, Some(tls), stream).await,
        CheckKind::Smtp(mail) => smtp::converse(check, mail, stream).await,
        kind => Outcome::Undecided(format!("{} makes no connection", kind.keyword())),
    }
}

/// What a check makes of a datagram from its target; `id` is the number of its question. `None`: it waits on.
pub fn hear(check: &Check, id: u16, datagram: &[u8]) -> Option<Outcome> {
    match &check.kind {
        CheckKind::Dns(_) => dns::heard(id, datagram),
        CheckKind::Udp(udp) => Some(udp::heard(udp, datagram)),
        _ => None,
    }
}

/// The first page of a web check as it came.
pub async fn page(check: &Check) -> Result<Page, Outcome> {
    match &check.kind {
        CheckKind::Http(pages) => http::page(check, pages, None).await,
        CheckKind::Ssl(pages) => http::page(check, pages, Some(&Tls::default())).await,
        kind => Err(Outcome::Undecided(format!("{} has no page", kind.keyword()))),
    }
}

//! `HTTP_GET` and `SSL_GET`: asks for a page, and compares the status code, the digest and the pattern
//! with what comes.

mod response;
mod search;

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::config::model::check::{Check, HttpGet, HttpProtocol, HttpUrl, Sni, StatusRange};
use crate::health::outcome::{Failure, Outcome, Success};

use super::connect::connect;
use super::tls::Tls;
use response::Received;
pub(super) use response::Response;
use search::{Search, Verdict};

/// The codes that are well where `status_code` is not given, with or without a digest.
const DEFAULT_STATUS: StatusRange = StatusRange { first: 200, last: 299 };
/// Bytes read at a time: ten thousand probes may be waiting at once.
const PIECE: usize = 4 * 1024;
/// Bytes worked on between two pauses for others: some 0.4 ms of MD5.
pub(super) const TURN: usize = 256 * 1024;

/// Asks once for the page with this number, over TLS if there is any.
pub async fn probe(check: &Check, pages: &HttpGet, url: usize, tls: Option<&Tls>) -> Outcome {
    let visit = async { visit(check, pages, page_of(pages, url)?, tls, connect(check).await?).await };
    conclude(check, pages, url, visit).await
}

/// The same on a connection that is there already.
pub async fn converse<S>(
    check: &Check,
    pages: &HttpGet,
    url: usize,
    tls: Option<&Tls>,
    stream: S,
) -> Outcome
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let visit = async { visit(check, pages, page_of(pages, url)?, tls, stream).await };
    conclude(check, pages, url, visit).await
}

fn page_of(pages: &HttpGet, url: usize) -> Result<&HttpUrl, Outcome> {
    pages.urls.get(url).ok_or_else(|| Outcome::Undecided(format!("no url {url}")))
}

async fn conclude(
    check: &Check,
    pages: &HttpGet,
    url: usize,
    visit: impl Future<Output = Result<Received, Outcome>>,
) -> Outcome {
    let received = within(deadline(check), visit).await;
    match received.and_then(|received| Ok((page_of(pages, url)?, received))) {
        Ok((page, received)) => judge(page, url, received),
        Err(outcome) => outcome,
    }
}

async fn visit<S>(
    check: &Check,
    pages: &HttpGet,
    page: &HttpUrl,
    tls: Option<&Tls>,
    stream: S,
) -> Result<Received, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let patience = check.pace.connect_timeout;
    let request = request(check, pages, page);
    let Some(tls) = tls else {
        return exchange(stream, request, page, patience).await.map_err(Outcome::Failure);
    };
    let mut stream = tls.connect(stream, server_name(pages, page), patience).await?;
    let received = exchange(&mut stream, request, page, patience).await;
    if page.tls_compliant {
        // A peer that is gone already has heard all that it wanted.
        let _ = timeout(patience, stream.shutdown()).await;
    }
    received.map_err(Outcome::Failure)
}

/// A page as it came, for people.
#[derive(Debug)]
pub struct Page {
    /// With its empty line.
    pub head: Vec<u8>,
    /// Up to `Content-Length`.
    pub body: Vec<u8>,
    /// MD5 of the body.
    pub hash: [u8; 16],
    /// The same, if the header was complete.
    pub digest: Option<[u8; 16]>,
}

/// Asks once for the first page, and keeps all of it.
pub async fn page(check: &Check, pages: &HttpGet, tls: Option<&Tls>) -> Result<Page, Outcome> {
    let Some(page) = pages.urls.first() else { return Err(Outcome::Undecided("no url".into())) };
    let patience = check.pace.connect_timeout;
    let visit = async {
        let stream = connect(check).await?;
        let request = request(check, pages, page);
        match tls {
            None => whole(stream, request, patience).await,
            Some(tls) => {
                let stream = tls.connect(stream, server_name(pages, page), patience).await?;
                whole(stream, request, patience).await
            }
        }
    };
    let limit = deadline(check);
    let bytes = timeout(limit, visit).await.unwrap_or(Err(Outcome::Failure(Failure::Deadline(limit))))?;
    Ok(Page::of(bytes))
}

async fn whole<S>(mut stream: S, request: String, patience: Duration) -> Result<Vec<u8>, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let failed = |error| Outcome::Failure(broken(&error));
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    let mut all = Vec::new();
    loop {
        let read = timeout(patience, stream.read_buf(&mut all)).await;
        if read.map_err(|_| Outcome::Failure(Failure::ReadTimeout))?.map_err(failed)? == 0 {
            return Ok(all);
        }
    }
}

impl Page {
    fn of(mut head: Vec<u8>) -> Page {
        let hash = |body: &[u8]| <md5::Md5 as md5::Digest>::digest(body).into();
        let Some((body, counted)) = response::split_body(&mut head) else {
            return Page { head, body: Vec::new(), hash: hash(b""), digest: None };
        };
        let body = body.get(..counted).unwrap_or_default().to_vec();
        let hash = hash(&body);
        Page { head, body, hash, digest: Some(hash) }
    }
}

async fn within(
    limit: Duration,
    visit: impl Future<Output = Result<Received, Outcome>>,
) -> Result<Received, Outcome> {
    timeout(limit, visit).await.unwrap_or(Err(Outcome::Failure(Failure::Deadline(limit))))
}

/// How long the whole of it may take: ten times `connect_timeout`, or `delay_loop` if that is longer.
///
/// keepalived has no such end: each read may take `connect_timeout`, so a server that sends a byte now
/// and then is never found out. Whoever delivers a page in time for the next check is still well.
pub(super) fn deadline(check: &Check) -> Duration {
    check.pace.delay_loop.max(check.pace.connect_timeout.saturating_mul(10))
}

/// The name for SNI: the virtual host in force, or the one that is written for all pages.
fn server_name<'a>(pages: &'a HttpGet, page: &'a HttpUrl) -> Option<&'a str> {
    match pages.sni.as_ref()? {
        Sni::VirtualHost => page.virtualhost.as_deref(),
        Sni::Name(name) => Some(name),
    }
}

/// The request, byte by byte as keepalived 2.2.7 sends it.
pub(super) fn request(check: &Check, pages: &HttpGet, page: &HttpUrl) -> String {
    let (version, close) = match pages.protocol {
        HttpProtocol::V1_0 => ("1.0", ""),
        HttpProtocol::V1_0Close => ("1.0", "Connection: close\r\n"),
        HttpProtocol::V1_1 => ("1.1", "Connection: close\r\n"),
    };
    // A socket address is written with its port, and with brackets around IPv6.
    let host = page.virtualhost.clone().unwrap_or_else(|| check.target.to_string());
    let path = &page.path;
    format!("GET {path} HTTP/{version}\r\nUser-Agent: KeepAliveClient\r\n{close}Host: {host}\r\n\r\n")
}

/// Sends the request and takes the answer until the peer closes, each step within `patience`.
async fn exchange<S>(
    mut stream: S,
    request: String,
    page: &HttpUrl,
    patience: Duration,
) -> Result<Received, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let sent = timeout(patience, stream.write_all(request.as_bytes())).await;
    sent.map_err(|_| Failure::ReadTimeout)?.map_err(|error| broken(&error))?;
    // It was compiled when the file was read.
    let search = page.pattern.as_ref().map(|pattern| Search::new(pattern)).transpose();
    let search = search.map_err(|_wrong| Failure::Malformed)?;
    let mut response = Response::new(page.digest.is_some(), search);
    let mut piece = Vec::with_capacity(PIECE);
    let mut worked = 0;
    loop {
        piece.clear();
        let read = timeout(patience, stream.read_buf(&mut piece)).await;
        let late = if response.has_begun() { Failure::Stalled } else { Failure::ReadTimeout };
        let count = read.map_err(|_| late)?.map_err(|error| broken(&error))?;
        if count == 0 {
            response = look(response, true).await;
            return response.finish().ok_or(Failure::Broken(0));
        }
        response.take(&piece).map_err(|_too_long| Failure::Malformed)?;
        response = look(response, false).await;
        worked += count;
        if worked >= TURN {
            worked = 0;
            yield_now().await;
        }
    }
}

/// Looks for the pattern where nobody waits: a bad one takes its time.
async fn look(mut response: Response, last: bool) -> Response {
    if !response.look_is_due(last) {
        return response;
    }
    let looked = tokio::task::spawn_blocking(move || {
        response.look(last);
        response
    });
    // A panic there is one here: the probe's owner knows what to do.
    looked.await.unwrap_or_else(|panicked| match panicked.try_into_panic() {
        Ok(reason) => std::panic::resume_unwind(reason),
        Err(_) => Response::new(false, None),
    })
}

pub(super) fn broken(error: &io::Error) -> Failure {
    Failure::Broken(error.raw_os_error().unwrap_or(libc::EIO))
}

/// The status first, then the digest, then the pattern.
pub(super) fn judge(page: &HttpUrl, url: usize, received: Received) -> Outcome {
    // Without a readable code: 0, which no range holds.
    let status = received.status.unwrap_or(0);
    let well = |range: &StatusRange| (range.first..=range.last).contains(&status);
    let accepted =
        if page.status.is_empty() { well(&DEFAULT_STATUS) } else { page.status.iter().any(well) };
    if !accepted {
        return Outcome::Failure(Failure::HttpStatus { url, status });
    }
    if let (Some(wanted), Some(found)) = (page.digest, received.digest)
        && wanted != found
    {
        return Outcome::Failure(Failure::Digest { url, found, length: received.length });
    }
    if let (Some(pattern), Some(verdict)) = (&page.pattern, received.pattern) {
        let wanted = if pattern.no_match { Verdict::Absent } else { Verdict::Found };
        if verdict != wanted {
            let (gave_up, length) = (verdict == Verdict::GaveUp, received.length);
            return Outcome::Failure(Failure::Pattern { url, gave_up, length });
        }
    }
    Outcome::Success(Success::Http {
        url,
        status,
        digest_compared: page.digest.is_some(),
        pattern_compared: page.pattern.is_some(),
        length: received.length,
    })
}

#[cfg(test)]
mod tests;

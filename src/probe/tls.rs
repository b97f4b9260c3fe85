//! TLS as a client, by the system's OpenSSL with its own defaults: what it reaches, and what the administrator of the
//! system forbids to it, is the same for keepalived.
//!
//! A server's certificate is not looked at, as in keepalived: who checks a server by its address asks whether it works,
//! not who it is. With `tls_verify` it is. The arithmetic of a handshake takes about a millisecond of the thread of the checks; VRRP has another.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{Ssl as Session, SslContext, SslContextBuilder, SslMethod, SslOptions, SslVerifyMode};
use openssl::x509::{X509, X509VerifyResult};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_openssl::SslStream;

use crate::config::model::Ssl;
use crate::health::outcome::{Failure, Outcome};

/// What all checks over TLS have in common: made of the `SSL` block when the first of them asks.
#[derive(Default)]
pub struct Tls {
    shown: Option<Ssl>,
    context: OnceCell<Result<SslContext, String>>,
    /// For those that look at certificates: with whom to believe.
    verifying: OnceCell<Result<SslContext, String>>,
}

/// Whom a check means to reach.
#[derive(Clone, Copy, Default)]
pub struct Peer<'a> {
    /// For SNI.
    pub name: Option<&'a str>,
    /// Whose certificate it has to be; `None`: whatever it shows is well.
    pub certified: Option<Certified<'a>>,
}

/// Whose certificate a server has to show.
#[derive(Clone, Copy)]
pub enum Certified<'a> {
    Name(&'a str),
    Address(IpAddr),
}

impl Tls {
    /// With what `SSL` names, or with nothing to show.
    pub fn new(shown: Option<Ssl>) -> Tls {
        Tls { shown, ..Tls::default() }
    }

    async fn context(&self, verifies: bool) -> Result<&SslContext, Outcome> {
        let cell = if verifies { &self.verifying } else { &self.context };
        let made = cell.get_or_init(|| async {
            let shown = self.shown.clone();
            // Files may be slow.
            let made = tokio::task::spawn_blocking(move || context(shown.as_ref(), verifies)).await;
            made.unwrap_or_else(|error| Err(error.to_string()))
        });
        made.await.as_ref().map_err(|reason| Outcome::Undecided(reason.clone()))
    }

    /// The handshake on a connection, within `patience`.
    pub async fn connect<S>(
        &self,
        stream: S,
        peer: Peer<'_>,
        patience: Duration,
    ) -> Result<SslStream<S>, Outcome>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let context = self.context(peer.certified.is_some()).await?;
        let session = session(context, peer).and_then(|session| SslStream::new(session, stream));
        let mut stream =
            session.map_err(|error| Outcome::Undecided(format!("no TLS session: {}", said(&error))))?;
        let shaken = timeout(patience, Pin::new(&mut stream).connect()).await;
        match shaken {
            Ok(Ok(())) => Ok(stream),
            Ok(Err(_)) if stream.ssl().verify_result() != X509VerifyResult::OK => {
                let reason = stream.ssl().verify_result().error_string().to_owned();
                Err(Outcome::Failure(Failure::Untrusted(reason)))
            }
            Ok(Err(error)) => {
                let reason = error.ssl_error().map_or_else(|| error.to_string(), said);
                Err(Outcome::Failure(Failure::Handshake(reason)))
            }
            Err(_) => Err(Outcome::Failure(Failure::HandshakeTimeout)),
        }
    }
}

fn session(context: &SslContext, peer: Peer<'_>) -> Result<Session, ErrorStack> {
    let mut session = Session::new(context)?;
    if let Some(name) = peer.name {
        session.set_hostname(name)?;
    }
    match peer.certified {
        Some(Certified::Name(name)) => session.param_mut().set_host(name)?,
        Some(Certified::Address(address)) => session.param_mut().set_ip(address)?,
        None => {}
    }
    Ok(session)
}

/// Nothing but what is written changes the library's defaults: `SslConnector` would bring its own.
fn context(shown: Option<&Ssl>, verifies: bool) -> Result<SslContext, String> {
    let failed = |what: &str, error: &ErrorStack| format!("SSL: {what}: {}", said(error));
    let mut builder =
        SslContext::builder(SslMethod::tls_client()).map_err(|error| failed("none", &error))?;
    builder.set_verify(if verifies { SslVerifyMode::PEER } else { SslVerifyMode::NONE });
    // Old servers close without saying so; the page is whole all the same.
    builder.set_options(SslOptions::IGNORE_UNEXPECTED_EOF);
    if let Some(shown) = shown {
        show(&mut builder, shown)?;
    }
    if verifies && shown.is_none_or(|shown| shown.ca.is_none()) {
        builder.set_default_verify_paths().map_err(|error| failed("the system's authorities", &error))?;
    }
    Ok(builder.build())
}

fn show(builder: &mut SslContextBuilder, shown: &Ssl) -> Result<(), String> {
    if let Some(ca) = &shown.ca {
        builder.set_ca_file(ca).map_err(|error| format!("SSL: ca {ca}: {}", said(&error)))?;
    }
    if let Some(certificate) = &shown.certificate {
        let loaded = read(certificate).and_then(|text| {
            let mut chain = X509::stack_from_pem(&text).map_err(|error| said(&error))?.into_iter();
            let own = chain.next().ok_or("no certificate in it")?;
            builder.set_certificate(&own).map_err(|error| said(&error))?;
            chain.try_for_each(|above| builder.add_extra_chain_cert(above)).map_err(|error| said(&error))
        });
        loaded.map_err(|reason| format!("SSL: certificate {certificate}: {reason}"))?;
    }
    if let Some(key) = &shown.key {
        let loaded = read(key).and_then(|text| {
            let key = private_key(&text, shown.password.as_deref()).map_err(|error| said(&error))?;
            builder.set_private_key(&key).map_err(|error| said(&error))
        });
        loaded.map_err(|reason| format!("SSL: key {key}: {reason}"))?;
    }
    Ok(())
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error: io::Error| error.to_string())
}

/// Without a password a locked key is an error: the library would ask the terminal.
fn private_key(text: &[u8], password: Option<&str>) -> Result<PKey<Private>, ErrorStack> {
    PKey::private_key_from_pem_callback(text, |place| {
        let password = password.unwrap_or("").as_bytes();
        let room = place.get_mut(..password.len());
        Ok(room.map_or(0, |room| {
            room.copy_from_slice(password);
            password.len()
        }))
    })
}

/// OpenSSL's reason, without its line numbers.
fn said(error: &ErrorStack) -> String {
    error.errors().last().and_then(|error| error.reason()).unwrap_or("unknown error").to_owned()
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;

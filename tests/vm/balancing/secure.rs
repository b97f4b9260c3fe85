//! Web servers that say one page to everybody, over TLS or without.

use crate::support::identity::{identity, with_key_of};
use openssl::pkey::{PKey, Private};
use openssl::ssl::{Ssl, SslContext, SslMethod, SslVersion};
use openssl::x509::X509;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::LazyLock;

/// How a server speaks TLS.
#[derive(Clone, Copy)]
pub enum Manner {
    Usual,
    /// Version 1.2, with a key that is sent under the server's own.
    Old,
    /// This version only, with these ciphers, and whatever else the library would think too weak.
    Only(SslVersion, &'static str),
    /// With a key of 1024 bits.
    Weak,
    /// Closes without saying so.
    Rude,
    /// With this name only, or not at all.
    Named(&'static str),
}

/// Hears a request and answers.
pub fn answer(stream: impl Read + Write, page: &str) {
    answer_to("", stream, page);
}

/// Hears a request and answers one with this in it; others get nothing.
pub fn answer_to(wanted: &str, mut stream: impl Read + Write, page: &str) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return;
        }
        request.push(byte[0]);
    }
    if !String::from_utf8_lossy(&request).contains(wanted) {
        return;
    }
    // Whoever has left hears nothing more.
    let _gone = stream.write_all(page.as_bytes());
}

/// One client after the other.
pub fn serve(listener: &TcpListener, context: &SslContext, manner: Manner, page: &str) {
    for stream in listener.incoming().flatten() {
        let Ok(mut session) = Ssl::new(context).unwrap().accept(stream) else { continue };
        answer(&mut session, page);
        if !matches!(manner, Manner::Rude) {
            let _gone = session.shutdown();
        }
    }
}

/// One for all: to make a key takes seconds in a virtual machine.
static IDENTITY: LazyLock<(PKey<Private>, X509)> = LazyLock::new(identity);
static WEAK: LazyLock<(PKey<Private>, X509)> = LazyLock::new(|| with_key_of(1024));

/// What a server of this manner needs.
pub fn context(manner: Manner) -> SslContext {
    let (key, certificate) = if matches!(manner, Manner::Weak) { &*WEAK } else { &*IDENTITY };
    let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
    if matches!(manner, Manner::Weak | Manner::Only(..)) {
        context.set_security_level(0);
    }
    context.set_private_key(key).unwrap();
    context.set_certificate(certificate).unwrap();
    match manner {
        Manner::Old => {
            context.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
            context.set_cipher_list("AES256-SHA").unwrap();
        }
        Manner::Named(wanted) => context.set_servername_callback(move |session, _| {
            let name = session.servername(openssl::ssl::NameType::HOST_NAME);
            if name == Some(wanted) { Ok(()) } else { Err(openssl::ssl::SniError::ALERT_FATAL) }
        }),
        Manner::Only(version, ciphers) => {
            context.set_min_proto_version(Some(version)).unwrap();
            context.set_max_proto_version(Some(version)).unwrap();
            context.set_cipher_list(ciphers).unwrap();
        }
        Manner::Usual | Manner::Rude | Manner::Weak => {}
    }
    context.build()
}

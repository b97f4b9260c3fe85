//! Web servers that say one page to everybody, over TLS or without.

use crate::support::identity::identity;
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
    /// Closes without saying so.
    Rude,
    /// With this name only, or not at all.
    Named(&'static str),
}

/// Hears a request and answers.
pub fn answer(mut stream: impl Read + Write, page: &str) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return;
        }
        request.push(byte[0]);
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

/// What a server of this manner needs.
pub fn context(manner: Manner) -> SslContext {
    let (key, certificate) = &*IDENTITY;
    let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
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
        Manner::Usual | Manner::Rude => {}
    }
    context.build()
}

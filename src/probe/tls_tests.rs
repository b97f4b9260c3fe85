//! `SSL_GET` against servers of the same library that follow a script.
#![allow(clippy::disallowed_methods, reason = "the servers are threads of their own, and slow")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::JoinHandle;

use openssl::ssl::{NameType, ShutdownState, SslVersion};
use openssl::symm::Cipher;
use proptest::prelude::*;

use super::*;
use crate::config::model::check::{Check, CheckKind, HttpProtocol, Sni};
use crate::config::model::{HttpGet, HttpUrl, StatusRange};
use crate::health::outcome::Success;
use crate::probe::connect::tests::check_of;
use crate::probe::probe;

#[path = "../../tests/support/identity.rs"]
mod identity;

use identity::identity;

const ANSWER: &[u8] = b"HTTP/1.0 200 OK\r\n\r\nhello world\n";

/// What a server has heard of one client.
#[derive(Debug, Default)]
struct Heard {
    request: String,
    name: Option<String>,
    version: String,
    showed_certificate: bool,
    said_good_bye: bool,
}

/// How a server behaves.
#[derive(Clone, Copy, Default)]
struct Manner {
    only: Option<SslVersion>,
    ciphers: Option<&'static str>,
    wants_certificate: bool,
    /// Closes without `close_notify`.
    rude: bool,
}

/// Serves one client.
fn serve(manner: Manner) -> (SocketAddr, JoinHandle<Option<Heard>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (key, certificate) = identity();
    let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
    context.set_private_key(&key).unwrap();
    context.set_certificate(&certificate).unwrap();
    context.set_options(SslOptions::IGNORE_UNEXPECTED_EOF);
    if let Some(version) = manner.only {
        context.set_min_proto_version(Some(version)).unwrap();
        context.set_max_proto_version(Some(version)).unwrap();
    }
    if let Some(ciphers) = manner.ciphers {
        context.set_cipher_list(ciphers).unwrap();
    }
    if manner.wants_certificate {
        context.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
    }
    let context = context.build();
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut stream = Session::new(&context).unwrap().accept(stream).ok()?;
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte).unwrap() == 0 {
                break;
            }
            request.push(byte[0]);
        }
        stream.write_all(ANSWER).unwrap();
        let session = stream.ssl();
        let heard = Heard {
            request: String::from_utf8(request).unwrap(),
            name: session.servername(NameType::HOST_NAME).map(str::to_owned),
            version: session.version_str().to_owned(),
            showed_certificate: session.peer_certificate().is_some(),
            said_good_bye: false,
        };
        if manner.rude {
            return Some(heard);
        }
        stream.shutdown().unwrap();
        let _ended = stream.read(&mut [0]);
        let said_good_bye = stream.get_shutdown().contains(ShutdownState::RECEIVED);
        Some(Heard { said_good_bye, ..heard })
    });
    (address, thread)
}

fn url() -> HttpUrl {
    HttpUrl { path: "/".into(), ..HttpUrl::default() }
}

async fn ask(manner: Manner, pages: HttpGet, tls: &Tls) -> (Outcome, Option<Heard>) {
    let (address, server) = serve(manner);
    let check = Check { kind: CheckKind::Ssl(Arc::new(pages)), ..check_of(address) };
    let outcome = probe(&check, 0, tls).await;
    (outcome, server.join().unwrap())
}

fn pages(url: HttpUrl) -> HttpGet {
    HttpGet { urls: vec![url], ..HttpGet::default() }
}

fn success(digest_compared: bool) -> Outcome {
    Outcome::Success(Success::Http {
        url: 0,
        status: 200,
        digest_compared,
        pattern_compared: false,
        length: None,
    })
}

#[tokio::test]
async fn an_unknown_certificate_is_as_good_as_any() {
    let tls = Tls::default();
    let (outcome, heard) = ask(Manner::default(), pages(url()), &tls).await;
    let heard = heard.unwrap();
    assert_eq!(outcome, success(false));
    assert_eq!((heard.name, heard.showed_certificate), (None, false));
    assert!(heard.request.starts_with("GET / HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 127.0.0.1:"));
    assert_eq!(heard.version, "TLSv1.3");
}

#[tokio::test]
async fn status_and_digest_are_judged_as_without_tls() {
    let tls = Tls::default();
    let digest: [u8; 16] = <md5::Md5 as md5::Digest>::digest(b"hello world\n").into();
    let right = HttpUrl { digest: Some(digest), ..url() };
    assert_eq!(ask(Manner::default(), pages(right), &tls).await.0, success(true));
    let wrong = HttpUrl { digest: Some([7; 16]), ..url() };
    let failure = Outcome::Failure(Failure::Digest { url: 0, found: digest, length: None });
    assert_eq!(ask(Manner::default(), pages(wrong), &tls).await.0, failure);
    let other = HttpUrl { status: vec![StatusRange { first: 300, last: 599 }], ..url() };
    let failure = Outcome::Failure(Failure::HttpStatus { url: 0, status: 200 });
    assert_eq!(ask(Manner::default(), pages(other), &tls).await.0, failure);
}

#[tokio::test]
async fn the_name_is_the_virtual_host_or_the_one_written() {
    let tls = Tls::default();
    let named = HttpUrl { virtualhost: Some("www.example".into()), ..url() };
    let quiet = pages(named.clone());
    let of = |sni: Sni, url: &HttpUrl| HttpGet { sni: Some(sni), ..pages(url.clone()) };
    for (pages, name) in [
        (quiet, None),
        (of(Sni::VirtualHost, &named), Some("www.example")),
        (of(Sni::VirtualHost, &url()), None),
        (of(Sni::Name("other.example".into()), &named), Some("other.example")),
    ] {
        let asked = HttpGet { protocol: HttpProtocol::V1_1, ..pages };
        let host = asked.urls[0].virtualhost.clone();
        let (outcome, heard) = ask(Manner::default(), asked, &tls).await;
        let heard = heard.unwrap();
        assert_eq!(outcome, success(false));
        assert_eq!(heard.name.as_deref(), name);
        assert!(host.is_none_or(|host| heard.request.contains(&format!("\r\nHost: {host}\r\n"))));
        assert!(heard.request.starts_with("GET / HTTP/1.1\r\n"), "{}", heard.request);
    }
}

#[tokio::test]
async fn only_tls_compliant_says_good_bye() {
    let tls = Tls::default();
    for tls_compliant in [false, true] {
        let (outcome, heard) =
            ask(Manner::default(), pages(HttpUrl { tls_compliant, ..url() }), &tls).await;
        assert_eq!(outcome, success(false));
        assert_eq!(heard.unwrap().said_good_bye, tls_compliant);
    }
}

#[tokio::test]
async fn old_servers_are_reached() {
    let tls = Tls::default();
    let rsa_only = Manner {
        only: Some(SslVersion::TLS1_2),
        ciphers: Some("AES256-SHA"),
        rude: true,
        ..Manner::default()
    };
    let (outcome, heard) = ask(rsa_only, pages(url()), &tls).await;
    assert_eq!((outcome, heard.unwrap().version), (success(false), "TLSv1.2".into()));
}

#[tokio::test]
async fn who_speaks_no_tls_or_none_of_ours_has_failed() {
    let tls = Tls::default();
    let null = Manner {
        only: Some(SslVersion::TLS1_2),
        ciphers: Some("NULL-SHA256:@SECLEVEL=0"),
        ..Manner::default()
    };
    let (outcome, heard) = ask(null, pages(url()), &tls).await;
    assert!(matches!(outcome, Outcome::Failure(Failure::Handshake(_))), "{outcome:?}");
    assert!(heard.is_none());

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server =
        std::thread::spawn(move || listener.accept().unwrap().0.write_all(b"HTTP/1.0 400 X\r\n\r\n"));
    let check = Check { kind: CheckKind::Ssl(Arc::new(pages(url()))), ..check_of(address) };
    let outcome = probe(&check, 0, &tls).await;
    assert!(matches!(outcome, Outcome::Failure(Failure::Handshake(_))), "{outcome:?}");
    server.join().unwrap().unwrap();
}

#[tokio::test]
async fn silence_in_the_handshake_ends_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut check =
        Check { kind: CheckKind::Ssl(Arc::new(pages(url()))), ..check_of(listener.local_addr().unwrap()) };
    Arc::make_mut(&mut check.pace).connect_timeout = Duration::from_millis(200);
    assert_eq!(probe(&check, 0, &Tls::default()).await, Outcome::Failure(Failure::HandshakeTimeout));
}

/// A server that sends a byte now and then never makes a handshake of it.
#[tokio::test]
async fn a_dripping_handshake_ends_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // The beginning of a record of 16 KiB.
        let record = [&[22_u8, 3, 3, 64, 0][..], &[0; 1000]].concat();
        drip(&mut stream, &record);
    });
    let mut check = Check { kind: CheckKind::Ssl(Arc::new(pages(url()))), ..check_of(address) };
    Arc::make_mut(&mut check.pace).connect_timeout = Duration::from_millis(300);
    assert_eq!(probe(&check, 0, &Tls::default()).await, Outcome::Failure(Failure::HandshakeTimeout));
    server.join().unwrap();
}

/// Until the other side is gone.
fn drip(stream: &mut TcpStream, bytes: &[u8]) {
    for byte in bytes {
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn what_the_ssl_block_names_is_shown() {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).display().to_string();
    let (key, certificate) = identity();
    let locked = key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"open sesame").unwrap();
    fs::write(path("key"), locked).unwrap();
    fs::write(path("certificate"), certificate.to_pem().unwrap()).unwrap();
    let shown = Ssl {
        password: Some("open sesame".into()),
        ca: Some(path("certificate")),
        certificate: Some(path("certificate")),
        key: Some(path("key")),
    };
    let curious = Manner { wants_certificate: true, ..Manner::default() };
    let (outcome, heard) = ask(curious, pages(url()), &Tls::new(Some(shown.clone()))).await;
    assert_eq!((outcome, heard.unwrap().showed_certificate), (success(false), true));

    for wrong in [
        Ssl { password: Some("another".into()), ..shown.clone() },
        Ssl { password: None, ..shown.clone() },
        Ssl { key: Some(path("no such file")), ..shown.clone() },
        Ssl { certificate: Some(path("key")), ..shown.clone() },
        Ssl { ca: Some(path("no such file")), ..shown },
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let target = listener.local_addr().unwrap();
        let check = Check { kind: CheckKind::Ssl(Arc::new(pages(url()))), ..check_of(target) };
        // Our own want is nothing that the server has done.
        let outcome = probe(&check, 0, &Tls::new(Some(wrong))).await;
        assert!(matches!(&outcome, Outcome::Undecided(why) if why.starts_with("SSL: ")), "{outcome:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn no_bytes_make_a_handshake_panic(answer in prop::collection::vec(any::<u8>(), 0..600)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
            tokio::io::AsyncWriteExt::write_all(&mut theirs, &answer).await.unwrap();
            drop(theirs);
            let result = Tls::default().connect(ours, Some("x"), Duration::from_secs(5)).await;
            assert!(result.is_err());
        });
    }
}

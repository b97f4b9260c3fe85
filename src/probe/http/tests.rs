//! Probes against servers that follow a script.

use std::net::SocketAddr;
use std::sync::Arc;

use md5::{Digest, Md5};
use proptest::prelude::*;
use tokio::io::duplex;
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::config::model::check::CheckKind;
use crate::config::model::pattern::Pattern;
use crate::health::outcome::Length;
use crate::probe::Flight;
use crate::probe::connect::tests::check_of;
use crate::probe::flight::tests::fly;

const BODY: &[u8] = b"hello world\n";

fn page() -> HttpUrl {
    HttpUrl { path: "/index.html".into(), ..HttpUrl::default() }
}

fn digest_of(body: &[u8]) -> [u8; 16] {
    Md5::digest(body).into()
}

fn pages(page: HttpUrl) -> HttpGet {
    HttpGet { urls: vec![page], ..HttpGet::default() }
}

fn answer(status_line: &str, body: &[u8]) -> Vec<u8> {
    [format!("{status_line}\r\nServer: scripted\r\n\r\n").as_bytes(), body].concat()
}

/// Accepts one connection, reads the request, answers, and closes.
async fn serve(listener: &TcpListener, answer: &[u8]) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let request = read_request(&mut stream).await;
    // A prober that has heard enough may be gone.
    let _ = stream.write_all(answer).await;
    request
}

async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(request).unwrap()
}

/// One probe over loopback, and the request that the server saw; without a task it must be the same.
async fn ask(pages: HttpGet, answer: &[u8]) -> (Outcome, String, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let check = Check { kind: CheckKind::Http(Arc::new(pages)), ..check_of(target) };
    let tls = Tls::default();
    let (outcome, request) = tokio::join!(super::super::probe(&check, 0, &tls), serve(&listener, answer));
    if Flight::carries(&check, 0) {
        let flown = tokio::join!(fly(&check, 0), serve(&listener, answer));
        assert_eq!(flown, (outcome.clone(), request.clone()));
    }
    (outcome, request, target)
}

async fn outcome(page: HttpUrl, answer: &[u8]) -> Outcome {
    ask(pages(page), answer).await.0
}

fn success(status: u16, digest_compared: bool) -> Outcome {
    Outcome::Success(Success::Http {
        url: 0,
        status,
        digest_compared,
        pattern_compared: false,
        length: None,
    })
}

fn wrong_status(status: u16) -> Outcome {
    Outcome::Failure(Failure::HttpStatus { url: 0, status })
}

#[tokio::test]
async fn the_request_is_keepalived_s() {
    let well = answer("HTTP/1.0 200 OK", BODY);
    let (_, request, target) = ask(pages(page()), &well).await;
    let wanted =
        format!("GET /index.html HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: {target}\r\n\r\n");
    assert_eq!(request, wanted);

    let named = HttpUrl { virtualhost: Some("www.example.com".into()), ..page() };
    let (_, request, _) = ask(HttpGet { protocol: HttpProtocol::V1_1, ..pages(named) }, &well).await;
    assert_eq!(
        request,
        "GET /index.html HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\n\
         Host: www.example.com\r\n\r\n"
    );
}

#[test]
fn an_ipv6_host_is_in_brackets_and_1_0c_closes() {
    let check = check_of("[2001:db8::1]:9024".parse().unwrap());
    let pages = HttpGet { protocol: HttpProtocol::V1_0Close, ..pages(page()) };
    assert_eq!(
        request(&check, &pages, &page()),
        "GET /index.html HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\n\
         Host: [2001:db8::1]:9024\r\n\r\n"
    );
}

#[tokio::test]
async fn only_the_codes_asked_for_are_well() {
    assert_eq!(outcome(page(), &answer("HTTP/1.0 204 None", b"")).await, success(204, false));
    assert_eq!(outcome(page(), &answer("HTTP/1.0 302 Found", b"")).await, wrong_status(302));
    assert_eq!(outcome(page(), b"what is this\r\n\r\n").await, wrong_status(0));
    let ranges = vec![StatusRange { first: 100, last: 199 }, StatusRange { first: 404, last: 404 }];
    let ranges = HttpUrl { status: ranges, ..page() };
    assert_eq!(outcome(ranges.clone(), &answer("HTTP/1.0 404 None", b"")).await, success(404, false));
    assert_eq!(outcome(ranges.clone(), &answer("HTTP/1.0 199 X", b"")).await, success(199, false));
    assert_eq!(outcome(ranges, &answer("HTTP/1.0 200 OK", b"")).await, wrong_status(200));
}

#[tokio::test]
async fn a_digest_counts_beside_the_status() {
    let page = HttpUrl { digest: Some(digest_of(BODY)), ..page() };
    assert_eq!(outcome(page.clone(), &answer("HTTP/1.0 200 OK", BODY)).await, success(200, true));
    let found = digest_of(b"other");
    let wanted = Outcome::Failure(Failure::Digest { url: 0, found, length: None });
    assert_eq!(outcome(page.clone(), &answer("HTTP/1.0 200 OK", b"other")).await, wanted);
    // keepalived 2.2.7 too wants a good status beside the digest, though only the digest is given.
    assert_eq!(outcome(page, &answer("HTTP/1.0 404 None", BODY)).await, wrong_status(404));
}

#[tokio::test]
async fn a_pattern_counts_beside_the_status() {
    let with = |text: &str, no_match| {
        let pattern = Pattern { text: text.into(), no_match, ..Pattern::default() };
        HttpUrl { pattern: Some(Box::new(pattern)), ..page() }
    };
    let wrong = |length| Outcome::Failure(Failure::Pattern { url: 0, gave_up: false, length });
    let well = |length| {
        Outcome::Success(Success::Http {
            url: 0,
            status: 200,
            digest_compared: false,
            pattern_compared: true,
            length,
        })
    };
    // The header is not searched, nor what follows the length that it tells.
    let small = b"HTTP/1.0 200 OK\r\nContent-Length: 11\r\n\r\nhello world!".to_vec();
    let large = answer("HTTP/1.0 200 OK", &[vec![b'x'; 300_000], b"hello".to_vec()].concat());
    for (text, no_match, answer, passes) in [
        ("^hello w.*ld$", false, &small, true),
        ("Content", false, &small, false),
        ("world!", false, &small, false),
        ("world!", true, &small, true),
        ("world", true, &small, false),
        ("xhello$", false, &large, true),
        ("hello.", false, &large, false),
    ] {
        let odd = std::ptr::eq(answer, &small).then(|| Box::new(Length { announced: 11, received: 12 }));
        let expected = if passes { well(odd) } else { wrong(odd) };
        assert_eq!(outcome(with(text, no_match), answer).await, expected, "{text}");
    }
    // One that would never come to an end has not passed either way.
    let body = answer("HTTP/1.0 200 OK", &[b'x'; 60]);
    for no_match in [false, true] {
        let gave_up = Outcome::Failure(Failure::Pattern { url: 0, gave_up: true, length: None });
        assert_eq!(outcome(with("(x+x+)+[yz]", no_match), &body).await, gave_up);
    }
    assert_eq!(outcome(with("x", false), &answer("HTTP/1.0 404 X", b"x")).await, wrong_status(404));
}

#[tokio::test]
async fn a_large_body_is_digested_piece_by_piece() {
    let body: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    let page = HttpUrl { digest: Some(digest_of(&body)), ..page() };
    assert_eq!(outcome(page, &answer("HTTP/1.0 200 OK", &body)).await, success(200, true));
}

#[tokio::test]
async fn no_answer_and_half_an_answer_are_failures() {
    for incomplete in [&b""[..], b"HTTP/1.0 200 OK\r\nServer:"] {
        assert_eq!(outcome(page(), incomplete).await, Outcome::Failure(Failure::Broken(0)));
    }
    let endless = [b"HTTP/1.0 200 OK\r\n".to_vec(), b"X: y\r\n".repeat(100_000)].concat();
    assert_eq!(outcome(page(), &endless).await, Outcome::Failure(Failure::Malformed));
}

#[tokio::test]
async fn a_reset_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let check = Check { kind: CheckKind::Http(Arc::new(pages(page()))), ..check_of(target) };
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await;
        reset(stream);
    };
    let (outcome, ()) = tokio::join!(fly(&check, 0), server);
    assert_eq!(outcome, Outcome::Failure(Failure::Broken(libc::ECONNRESET)));
}

fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
}

#[tokio::test]
async fn a_number_without_a_page_decides_nothing() {
    let check = Check {
        kind: CheckKind::Http(Arc::new(pages(page()))),
        ..check_of("127.0.0.1:1".parse().unwrap())
    };
    assert!(matches!(super::super::probe(&check, 7, &Tls::default()).await, Outcome::Undecided(_)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_stops_is_no_silence() {
    let (ours, mut theirs) = duplex(64 * 1024);
    let answer = answer("HTTP/1.0 200 OK", BODY);
    let server = async {
        read_request(&mut theirs).await;
        theirs.write_all(&answer).await.unwrap();
        // Does not close.
        std::future::pending::<()>().await;
    };
    let before = tokio::time::Instant::now();
    let page = page();
    tokio::select! {
        received = exchange(ours, "GET /\r\n\r\n".into(), &page, Duration::from_secs(2)) => {
            assert_eq!(received, Err(Failure::Stalled));
        }
        () = server => {}
    }
    assert_eq!(before.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_a_timeout() {
    let (ours, _theirs) = duplex(4);
    let received = exchange(ours, "GET /\r\n\r\n".into(), &page(), Duration::from_secs(2)).await;
    assert_eq!(received, Err(Failure::ReadTimeout));
}

/// keepalived would go on for ever here.
#[tokio::test(start_paused = true)]
async fn a_dripping_server_meets_the_deadline() {
    let mut check = check_of("192.0.2.1:80".parse().unwrap());
    Arc::make_mut(&mut check.pace).connect_timeout = Duration::from_secs(3);
    Arc::make_mut(&mut check.pace).delay_loop = Duration::from_secs(10);
    let (ours, mut theirs) = duplex(64);
    let server = async {
        loop {
            theirs.write_all(b"H").await.unwrap();
            tokio::time::sleep(Duration::from_millis(2900)).await;
        }
    };
    let page = page();
    let visit = async {
        let received = exchange(ours, "GET /\r\n\r\n".into(), &page, check.pace.connect_timeout).await;
        received.map_err(Outcome::Failure)
    };
    let limit = Duration::from_secs(30);
    tokio::select! {
        received = within(deadline(&check), visit) => {
            assert_eq!(received, Err(Outcome::Failure(Failure::Deadline(limit))));
        }
        () = server => {}
    }
    Arc::make_mut(&mut check.pace).delay_loop = Duration::from_secs(60);
    assert_eq!(deadline(&check), Duration::from_secs(60));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_answer_makes_it_panic(
        answer in prop::collection::vec(any::<u8>(), 0..2000), digest: Option<[u8; 16]>, cut in 1..100_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let page = HttpUrl { digest, ..page() };
        runtime.block_on(async {
            let (ours, mut theirs) = duplex(cut);
            let server = async {
                read_request(&mut theirs).await;
                let _ = theirs.write_all(&answer).await;
                drop(theirs);
            };
            let request = "GET /\r\n\r\n".to_owned();
            let patience = Duration::from_secs(5);
            let (received, ()) = tokio::join!(exchange(ours, request, &page, patience), server);
            if let Ok(received) = received {
                judge(&page, 0, received);
            }
        });
    }
}

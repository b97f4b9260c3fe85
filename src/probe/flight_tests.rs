//! Flights to servers that do as they should, or not.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};

use super::*;
use crate::config::model::check::HttpUrl;
use crate::config::model::check::Source;
use crate::ids::Name;
use crate::probe::connect::tests::check_of;

const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// One flight to its end; the runtime's clock is its clock.
pub async fn fly(check: &Check, url: usize) -> Outcome {
    let start = tokio::time::Instant::now();
    let now = || Mono::ZERO + start.elapsed();
    match Flight::begin(now(), &Arc::new(check.clone()), url) {
        Ok(flight) => land(flight, now).await,
        Err(outcome) => outcome,
    }
}

async fn land(mut flight: Flight, now: impl Fn() -> Mono) -> Outcome {
    let set = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).unwrap();
    let (mut found, mut room) = ([EpollEvent::empty()], [0; 4096]);
    let mut news = EpollFlags::EPOLLOUT;
    if flight.converses() {
        news |= EpollFlags::EPOLLIN | EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLET;
    }
    set.add(&flight, EpollEvent::new(news, 0)).unwrap();
    loop {
        if let Some(outcome) = flight.expire(now()) {
            return outcome;
        }
        assert!(flight.deadline() > now());
        if set.wait(&mut found, EpollTimeout::ZERO).unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        let flags = found[0].events();
        let seen = Seen {
            broken: flags.intersects(EpollFlags::EPOLLERR | EpollFlags::EPOLLHUP),
            readable: flags.contains(EpollFlags::EPOLLIN),
            closing: flags.contains(EpollFlags::EPOLLRDHUP),
        };
        match flight.go_on(now(), seen, &mut room) {
            Next::News => {}
            Next::Turn => set.modify(&flight, &mut EpollEvent::new(news, 0)).unwrap(),
            Next::Over(outcome) => return outcome,
        }
    }
}

fn from(address: Option<(IpAddr, u16)>, interface: Option<Name>) -> Option<Arc<Source>> {
    Some(Arc::new(Source { address, interface, mark: 0 }))
}

#[tokio::test]
async fn a_listener_is_alive_and_sees_an_ordinary_close() {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let check = check_of(listener.local_addr().unwrap());
    assert_eq!(fly(&check, 0).await, Outcome::Success(Success::Connected));
    let (mut stream, _) = listener.accept().await.unwrap();
    // A reset would be an error here.
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_closed_port_is_a_failure() {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let check = check_of(listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(fly(&check, 0).await, Outcome::Failure(Failure::Connect(libc::ECONNREFUSED)));
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_failure_after_connect_timeout() {
    // A listener whose queue is full drops what comes: silence without leaving this host.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(LOOPBACK).unwrap();
    let listener = socket.listen(1).unwrap();
    let target = listener.local_addr().unwrap();
    // In real time: the paused clock would not wait for an answer.
    let patience = Duration::from_millis(200);
    let mut filling = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&target, patience) {
        filling.push(stream);
    }
    let before = tokio::time::Instant::now();
    let outcome = fly(&check_of(target), 0).await;
    assert_eq!(outcome, Outcome::Failure(Failure::ConnectTimeout));
    assert_eq!(before.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn the_source_is_as_configured_again_and_again() {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let free = TcpListener::bind("127.0.0.9:0").await.unwrap().local_addr().unwrap();
    let mut check = check_of(listener.local_addr().unwrap());
    check.source = from(Some((free.ip(), free.port())), None);
    // The second one finds the port in TIME_WAIT, or still closing.
    for _ in 0..2 {
        assert_eq!(fly(&check, 0).await, Outcome::Success(Success::Connected));
        let (mut stream, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, free);
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn an_address_that_is_not_ours_decides_nothing() {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let mut check = check_of(listener.local_addr().unwrap());
    check.source = from(Some(("192.0.2.77".parse().unwrap(), 0)), None);
    let outcome = fly(&check, 0).await;
    assert!(matches!(outcome, Outcome::Undecided(_)), "{outcome:?}");
    check.source = from(None, Some("no-such-device".into()));
    let outcome = fly(&check, 0).await;
    assert!(matches!(outcome, Outcome::Undecided(_)), "{outcome:?}");
}

/// A web check of a page without conditions.
fn page_of(target: SocketAddr) -> Check {
    let page = HttpUrl { path: "/".into(), ..HttpUrl::default() };
    let kind = CheckKind::Http(Arc::new(HttpGet { urls: vec![page], ..HttpGet::default() }));
    Check { kind, ..check_of(target) }
}

#[tokio::test]
async fn a_server_that_speaks_before_it_is_asked_is_heard() {
    let listener = std::net::TcpListener::bind(LOOPBACK).unwrap();
    let check = Arc::new(page_of(listener.local_addr().unwrap()));
    let start = tokio::time::Instant::now();
    let flight = Flight::begin(Mono::ZERO, &check, 0).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    server.write_all(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
    server.shutdown(std::net::Shutdown::Write).unwrap();
    // Writable, readable and at its end is one piece of news, and there is no other.
    let outcome = land(flight, || Mono::ZERO + start.elapsed()).await;
    assert!(matches!(outcome, Outcome::Success(Success::Http { status: 200, .. })), "{outcome:?}");
}

/// What is more than one turn's work is told again, though nothing new comes.
#[tokio::test]
async fn a_page_of_many_turns_is_read_to_its_end() {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let check = page_of(listener.local_addr().unwrap());
    let server = async {
        let (mut server, _) = listener.accept().await.unwrap();
        server.write_all(b"HTTP/1.0 200 OK\r\n\r\n").await.unwrap();
        server.write_all(&vec![b'.'; 8 * TURN]).await.unwrap();
        // Unread bytes at a close would be a reset.
        let _request = server.read(&mut [0; 1024]).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(fly(&check, 0), server);
    assert!(matches!(outcome, Outcome::Success(Success::Http { status: 200, .. })), "{outcome:?}");
}

/// keepalived would go on for ever here.
#[test]
fn a_dripping_server_meets_the_deadline() {
    let listener = std::net::TcpListener::bind(LOOPBACK).unwrap();
    let mut check = page_of(listener.local_addr().unwrap());
    let pace = Arc::make_mut(&mut check.pace);
    (pace.connect_timeout, pace.delay_loop) = (Duration::from_secs(3), Duration::from_secs(10));
    let (check, mut now, mut room) = (Arc::new(check), Mono::ZERO, [0; 64]);
    let mut flight = Flight::begin(now, &check, 0).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    assert_eq!(flight.go_on(now, Seen::default(), &mut room), Next::News);
    let outcome = loop {
        now += Duration::from_millis(2900);
        if let Some(outcome) = flight.expire(now) {
            break outcome;
        }
        server.write_all(b"H").unwrap();
        assert_eq!(flight.go_on(now, Seen::default(), &mut room), Next::News);
    };
    assert_eq!(outcome, Outcome::Failure(Failure::Deadline(Duration::from_secs(30))));
    assert!(now > Mono::ZERO + Duration::from_secs(30));
    // Silence is noticed sooner.
    let flight = Flight::begin(now, &check, 0).unwrap();
    assert_eq!(flight.deadline(), now + Duration::from_secs(3));
    let outcome = flight.expire(now + Duration::from_secs(3));
    assert_eq!(outcome, Some(Outcome::Failure(Failure::ConnectTimeout)));
}

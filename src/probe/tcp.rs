//! `TCP_CHECK`: whoever takes the connection is alive.

use crate::config::model::check::Check;
use crate::health::outcome::{Outcome, Success};

use super::connect::connect;

/// Connects, and closes in the ordinary way, as keepalived 2.2.7 does: FIN, no reset.
pub async fn probe(check: &Check) -> Outcome {
    match connect(check).await {
        Ok(_stream) => Outcome::Success(Success::Connected),
        Err(outcome) => outcome,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, SocketAddr};
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;
    use crate::config::model::check::Source;
    use crate::health::outcome::Failure;
    use crate::ids::Name;
    use crate::probe::connect::tests::check_of;
    use crate::probe::{Tls, probe};

    const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    fn from(address: Option<(IpAddr, u16)>, interface: Option<Name>) -> Option<Arc<Source>> {
        Some(Arc::new(Source { address, interface, mark: 0 }))
    }

    #[tokio::test]
    async fn a_listener_is_alive_and_sees_an_ordinary_close() {
        let listener = TcpListener::bind(LOOPBACK).await.unwrap();
        let check = check_of(listener.local_addr().unwrap());
        assert_eq!(probe(&check, 0, &Tls::default()).await, Outcome::Success(Success::Connected));
        let (mut stream, _) = listener.accept().await.unwrap();
        // A reset would be an error here.
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_closed_port_is_a_failure() {
        let listener = TcpListener::bind(LOOPBACK).await.unwrap();
        let check = check_of(listener.local_addr().unwrap());
        drop(listener);
        assert_eq!(
            probe(&check, 0, &Tls::default()).await,
            Outcome::Failure(Failure::Connect(libc::ECONNREFUSED))
        );
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
        let outcome = probe(&check_of(target), 0, &Tls::default()).await;
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
            assert_eq!(probe(&check, 0, &Tls::default()).await, Outcome::Success(Success::Connected));
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
        let outcome = probe(&check, 0, &Tls::default()).await;
        assert!(matches!(outcome, Outcome::Undecided(_)), "{outcome:?}");
        check.source = from(None, Some("no-such-device".into()));
        let outcome = probe(&check, 0, &Tls::default()).await;
        assert!(matches!(outcome, Outcome::Undecided(_)), "{outcome:?}");
    }
}

//! Sockets to what is to be checked, made as the check says.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::config::model::check::Check;
use crate::health::outcome::{Failure, Outcome};

/// Connects within `connect_timeout`, or says what that means for the server.
pub async fn connect(check: &Check) -> Result<TcpStream, Outcome> {
    let socket = socket(check, Type::STREAM, Protocol::TCP).map_err(|error| undecided(&error))?;
    let socket = TcpSocket::from_std_stream(socket.into());
    match timeout(check.pace.connect_timeout, socket.connect(check.target)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(refused(&error)),
        Err(_) => Err(Outcome::Failure(Failure::ConnectTimeout)),
    }
}

/// A socket for datagrams to and from the target alone, or what its absence means for the server.
pub fn datagrams(check: &Check, protocol: Protocol) -> Result<UdpSocket, Outcome> {
    let socket = socket(check, Type::DGRAM, protocol).map_err(|error| undecided(&error))?;
    socket.connect(&check.target.into()).map_err(|error| refused(&error))?;
    UdpSocket::from_std(socket.into()).map_err(|error| undecided(&error))
}

pub(super) fn undecided(error: &io::Error) -> Outcome {
    Outcome::Undecided(error.to_string())
}

/// A socket with the check's source address, port and interface and its firewall mark.
pub(super) fn socket(check: &Check, kind: Type, protocol: Protocol) -> io::Result<Socket> {
    // Not blocking from the beginning: one system call instead of three.
    let socket = Socket::new(Domain::for_address(check.target), kind.nonblocking(), Some(protocol))?;
    let Some(source) = &check.source else { return Ok(socket) };
    if source.mark != 0 {
        socket.set_mark(source.mark)?;
    }
    if let Some(interface) = &source.interface {
        socket.bind_device(Some(interface.as_bytes()))?;
    }
    if let Some((address, port)) = source.address {
        // With a fixed port the previous probe's connection is in TIME_WAIT for a minute: without this
        // keepalived (2.2.7) makes one probe a minute of it and skips the others.
        socket.set_reuse_address(port != 0)?;
        socket.bind(&SocketAddr::new(address, port).into())?;
    }
    Ok(socket)
}

/// What an error of a connection says: something about the server or its network, or about ourselves.
pub fn refused(error: &io::Error) -> Outcome {
    let Some(errno) = error.raw_os_error() else {
        return Outcome::Undecided(error.to_string());
    };
    match errno {
        // Out of ports, descriptors or memory, or the configured source is in use.
        libc::EADDRNOTAVAIL
        | libc::EADDRINUSE
        | libc::EAGAIN
        | libc::EMFILE
        | libc::ENFILE
        | libc::ENOBUFS
        | libc::ENOMEM => Outcome::Undecided(error.to_string()),
        _ => Outcome::Failure(Failure::Connect(errno)),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::sync::Arc;

    use crate::config::model::check::{CheckKind, Pace, TcpCheck};

    /// A TCP check with keepalived's defaults.
    pub fn check_of(target: SocketAddr) -> Check {
        Check {
            kind: CheckKind::Tcp(TcpCheck),
            target,
            source: None,
            pace: Arc::new(Pace::default()),
            alpha: false,
            log_all_failures: false,
        }
    }

    #[test]
    fn our_own_want_is_no_failure_of_the_server() {
        for errno in [libc::EMFILE, libc::ENOBUFS, libc::EADDRNOTAVAIL] {
            assert!(matches!(refused(&io::Error::from_raw_os_error(errno)), Outcome::Undecided(_)));
        }
        for errno in [libc::ECONNREFUSED, libc::EHOSTUNREACH, libc::ENETUNREACH, libc::ECONNRESET] {
            let outcome = refused(&io::Error::from_raw_os_error(errno));
            assert_eq!(outcome, Outcome::Failure(Failure::Connect(errno)));
        }
    }
}

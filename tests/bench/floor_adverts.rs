//! The floors of adverts: a program that only sends as many, and one that only takes them from the kernel.

use std::io::{IoSlice, IoSliceMut};
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::time::Duration;

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, sendmmsg};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};

use super::subject::{ROUTERS_EACH, address_of};

const VRRP: i32 = 112;
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// One call sends or takes so many.
const TOGETHER: usize = 32;
/// Longer than any of them.
const ROOM: usize = 128;

fn socket(interface: usize) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::RAW.nonblocking(), Some(Protocol::from(VRRP))).unwrap();
    let name = format!("eth{interface}");
    socket.bind_device(Some(name.as_bytes())).unwrap();
    socket
}

fn index(interface: usize) -> u32 {
    nix::net::if_::if_nametoindex(format!("eth{interface}").as_str()).unwrap()
}

/// Sends an advert of each of so many routers once a second, 32 with a call.
pub fn speak(count: usize) -> ! {
    let interfaces = count.div_ceil(ROUTERS_EACH);
    let sockets: Vec<Socket> = (0..interfaces)
        .map(|interface| {
            let socket = socket(interface);
            socket.set_header_included_v4(true).unwrap();
            socket.set_multicast_loop_v4(false).unwrap();
            socket.set_multicast_if_v4(&Ipv4Addr::new(10, interface as u8, 0, 1)).unwrap();
            // "Accept 0 bytes": it never receives.
            socket.attach_filter(&[socket2::SockFilter::new(6, 0, 0, 0)]).unwrap();
            socket
        })
        .collect();
    let adverts: Vec<Vec<Vec<u8>>> = (0..interfaces)
        .map(|interface| {
            let numbers = interface * ROUTERS_EACH..count.min((interface + 1) * ROUTERS_EACH);
            numbers.map(|number| advert(interface, number)).collect()
        })
        .collect();
    let calls: usize = adverts.iter().map(|of_one| of_one.len().div_ceil(TOGETHER)).sum();
    let pause = Duration::from_secs(1) / calls as u32;
    let mut headers = MultiHeaders::<SockaddrIn>::preallocate(TOGETHER, None);
    let to = [Some(SockaddrIn::from(std::net::SocketAddrV4::new(GROUP, 0))); TOGETHER];
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::from_bits_retain(libc::MSG_DONTROUTE);
    loop {
        for (socket, adverts) in sockets.iter().zip(&adverts) {
            for together in adverts.chunks(TOGETHER) {
                std::thread::sleep(pause);
                let parts: Vec<_> = together.iter().map(|advert| [IoSlice::new(advert)]).collect();
                let to = &to[..together.len()];
                let sent = sendmmsg(socket.as_raw_fd(), &mut headers, &parts, to, [], flags).unwrap();
                assert_eq!(sent.count(), together.len());
            }
        }
    }
}

/// An IPv4 header and an advert of version 3; nobody looks at its checksum.
fn advert(interface: usize, number: usize) -> Vec<u8> {
    let mut packet = vec![0x45, 0xc0, 0, 32, 0, 1, 0, 0, 255, VRRP as u8, 0, 0, 10, interface as u8, 0, 1];
    packet.extend(GROUP.octets());
    packet.extend([0x31, (number % ROUTERS_EACH + 1) as u8, 200, 1, 0, 100, 0, 0]);
    packet.extend(address_of(number).octets());
    packet
}

/// Takes what comes for so many routers from the kernel, 32 with a call.
pub fn hear(count: usize) -> ! {
    let set = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).unwrap();
    let sockets: Vec<Socket> = (0..count.div_ceil(ROUTERS_EACH))
        .map(|interface| {
            let socket = socket(interface);
            socket.join_multicast_v4_n(&GROUP, &InterfaceIndexOrAddress::Index(index(interface))).unwrap();
            set.add(&socket, EpollEvent::new(EpollFlags::EPOLLIN, interface as u64)).unwrap();
            socket
        })
        .collect();
    let mut events = [EpollEvent::empty(); TOGETHER];
    let mut headers = MultiHeaders::<SockaddrIn>::preallocate(TOGETHER, None);
    let mut room = [[0; ROOM]; TOGETHER];
    loop {
        let ready = set.wait(&mut events, EpollTimeout::NONE).unwrap();
        for event in &events[..ready] {
            let fd = sockets[event.data() as usize].as_raw_fd();
            let mut parts = room.each_mut().map(|place| [IoSliceMut::new(place)]);
            let _fewer =
                recvmmsg(fd, &mut headers, parts.iter_mut(), MsgFlags::MSG_DONTWAIT, None).unwrap();
        }
    }
}

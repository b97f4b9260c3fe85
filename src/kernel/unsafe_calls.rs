//! The `unsafe` of system calls, and all of it beside that of `pcre`: calls that the safe wrappers we use do not offer. Each function is
//! safe to call; the reason why stands at its block.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use nix::sys::epoll::EpollEvent;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::frames::Leaving;
use super::mapped::Mapping;

/// `setsockopt` with an `int`, for the options that neither socket2 nor nix knows.
pub fn set_int_option(
    fd: &impl AsRawFd,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    // SAFETY: the kernel reads `size_of::<c_int>()` bytes from a live local variable.
    let result = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            name,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// `IP_MULTICAST_IF` by interface index: socket2 takes an address only, and an interface may have none
/// that is ours to name.
pub fn set_multicast_interface(fd: &impl AsRawFd, index: u32) -> io::Result<()> {
    let request = libc::ip_mreqn {
        imr_multiaddr: libc::in_addr { s_addr: 0 },
        imr_address: libc::in_addr { s_addr: 0 },
        imr_ifindex: i32::try_from(index).unwrap_or(0),
    };
    // SAFETY: the kernel reads `size_of::<ip_mreqn>()` bytes from a live local variable.
    let result = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_MULTICAST_IF,
            (&raw const request).cast(),
            size_of::<libc::ip_mreqn>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// `epoll_pwait2`: `epoll_wait` that ends after this span at the latest. The kernel lets an ordinary thread sleep a
/// thousandth longer, a real-time thread not.
pub fn wait_for_events(set: &impl AsRawFd, events: &mut [EpollEvent], span: Duration) -> io::Result<usize> {
    /// `struct __kernel_timespec`, on every architecture.
    #[repr(C)]
    struct Span {
        seconds: i64,
        nanoseconds: i64,
    }
    let span = Span {
        seconds: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        nanoseconds: span.subsec_nanos().into(),
    };
    let room = libc::c_int::try_from(events.len()).unwrap_or(libc::c_int::MAX);
    // SAFETY: the kernel writes no more events than there is room for, `EpollEvent` is its structure, and reads the span,
    // a live local variable. There is no signal mask.
    let found = unsafe {
        libc::syscall(
            libc::SYS_epoll_pwait2,
            set.as_raw_fd(),
            events.as_mut_ptr().cast::<libc::epoll_event>(),
            room,
            &raw const span,
            std::ptr::null::<libc::sigset_t>(),
            0_usize,
        )
    };
    usize::try_from(found).map_err(|_| io::Error::last_os_error())
}

/// `sched_setscheduler` for the calling thread; what it starts has the ordinary policy.
pub fn set_policy(policy: libc::c_int, priority: u8) -> io::Result<()> {
    let wanted = libc::sched_param { sched_priority: priority.into() };
    // SAFETY: the kernel reads a `sched_param` from a live local variable.
    let result =
        unsafe { libc::sched_setscheduler(0, policy | libc::SCHED_RESET_ON_FORK, &raw const wanted) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// `setpriority` for the calling thread: the nice value.
pub fn set_nice(nice: i8) -> io::Result<()> {
    // SAFETY: no memory is passed. Zero is the calling thread on Linux.
    let result = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, nice.into()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Binds a packet socket to the interface with this index: from here on it receives this protocol.
pub fn bind_packet_socket(fd: &impl AsRawFd, index: u32, protocol: u16) -> io::Result<()> {
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: protocol.to_be(),
        sll_ifindex: i32::try_from(index).unwrap_or(0),
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    // SAFETY: the kernel reads `size_of::<sockaddr_ll>()` bytes from a live local variable.
    let result = unsafe {
        libc::bind(
            fd.as_raw_fd(),
            (&raw const address).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Sends one whole Ethernet frame out of the interface with this index, through a packet socket.
pub fn send_frame(
    fd: &impl AsRawFd,
    index: u32,
    protocol: u16,
    destination: [u8; 6],
    frame: &[u8],
) -> io::Result<()> {
    let address = frame_address(index, protocol, destination);
    // SAFETY: the kernel reads `frame.len()` bytes of `frame` and the whole of a live local address.
    let sent = unsafe {
        libc::sendto(
            fd.as_raw_fd(),
            frame.as_ptr().cast(),
            frame.len(),
            libc::MSG_DONTWAIT,
            (&raw const address).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    };
    if sent >= 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The most that one call sends.
pub const TOGETHER: usize = 32;

/// Sends each of these packets, of which two parts are put together, to its IPv4 address, with one system call. Returns
/// how many have left; an error is that of the first.
pub fn send_together<'a>(
    fd: &impl AsRawFd,
    packets: impl Iterator<Item = (Ipv4Addr, &'a [u8], &'a [u8])>,
    flags: libc::c_int,
) -> io::Result<usize> {
    let packets =
        packets.map(|(destination, first, second)| (internet_address(destination), [first, second]));
    send_messages(fd, packets, flags)
}

/// Sends one such packet: where there is no more than that, it costs less.
pub fn send_alone(
    fd: &impl AsRawFd,
    destination: Ipv4Addr,
    parts: [&[u8]; 2],
    flags: libc::c_int,
) -> io::Result<()> {
    let mut address = internet_address(destination);
    let mut parts =
        parts.map(|part| libc::iovec { iov_base: part.as_ptr().cast_mut().cast(), iov_len: part.len() });
    // SAFETY: numbers and pointers, for which zero is a value.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_name = (&raw mut address).cast();
    header.msg_namelen = size_of::<libc::sockaddr_in>() as libc::socklen_t;
    header.msg_iov = parts.as_mut_ptr();
    header.msg_iovlen = parts.len() as _;
    // SAFETY: the kernel reads the header, and the address, the parts and the bytes behind it, all of which live until it
    // returns; it writes nothing.
    let sent = unsafe { libc::sendmsg(fd.as_raw_fd(), &raw const header, flags) };
    if sent >= 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn internet_address(address: Ipv4Addr) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: 0,
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.octets()) },
        sin_zero: [0; 8],
    }
}

/// Sends whole Ethernet frames in the same way.
pub fn send_frames(fd: &impl AsRawFd, frames: &[Leaving]) -> io::Result<usize> {
    let frames = frames.iter().map(|f| {
        let address = frame_address(f.interface.0, f.ethertype, f.destination.0);
        (address, [f.frame.as_slice()])
    });
    send_messages(fd, frames, libc::MSG_DONTWAIT)
}

/// `sendmmsg` for the first [`TOGETHER`] of these messages, each with its address (a `sockaddr_*`) and its parts.
fn send_messages<'a, A: Copy, const PARTS: usize>(
    fd: &impl AsRawFd,
    messages: impl Iterator<Item = (A, [&'a [u8]; PARTS])>,
    flags: libc::c_int,
) -> io::Result<usize> {
    // SAFETY: numbers and pointers, for which zero is a value.
    let (mut headers, mut parts) = unsafe {
        (
            std::mem::zeroed::<[libc::mmsghdr; TOGETHER]>(),
            std::mem::zeroed::<[[libc::iovec; PARTS]; TOGETHER]>(),
        )
    };
    let mut addresses = [const { MaybeUninit::<A>::uninit() }; TOGETHER];
    let mut count = 0;
    for (((header, parts), place), (address, bytes)) in
        headers.iter_mut().zip(&mut parts).zip(&mut addresses).zip(messages)
    {
        for (part, bytes) in parts.iter_mut().zip(bytes) {
            *part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        }
        let address: *mut A = place.write(address);
        header.msg_hdr.msg_name = address.cast();
        header.msg_hdr.msg_namelen = size_of::<A>() as libc::socklen_t;
        header.msg_hdr.msg_iov = parts.as_mut_ptr();
        header.msg_hdr.msg_iovlen = PARTS as _;
        count += 1;
    }
    // SAFETY: the kernel reads `count` headers, and addresses, parts and bytes behind them, all of which were written, live
    // until it returns and do not move; it writes nothing but the lengths in the headers.
    let sent = unsafe { libc::sendmmsg(fd.as_raw_fd(), headers.as_mut_ptr(), count, flags) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

fn frame_address(index: u32, protocol: u16, destination: [u8; 6]) -> libc::sockaddr_ll {
    let [a, b, c, d, e, f] = destination;
    libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: protocol.to_be(),
        sll_ifindex: i32::try_from(index).unwrap_or(0),
        sll_hatype: libc::ARPHRD_ETHER,
        sll_pkttype: 0,
        sll_halen: 6,
        sll_addr: [a, b, c, d, e, f, 0, 0],
    }
}

/// Makes what `command` starts die with us (SIGTERM when the thread that starts it ends), and keeps our
/// descriptors from it, and what we have said of huge pages for ourselves.
pub fn leash(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt as _;

    let parent = std::process::id();
    let no_huge_pages = libc::c_ulong::from(super::memory::none_are_huge_for_others());
    let in_child = move || {
        // SAFETY: plain system calls without pointers; nothing is allocated, no lock is taken, as a
        // child between fork and exec must not.
        let (leashed, orphaned) = unsafe {
            (
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM as libc::c_ulong),
                u32::try_from(libc::getppid()) != Ok(parent),
            )
        };
        if leashed != 0 {
            return Err(io::Error::last_os_error());
        }
        if orphaned {
            // We died before the leash was on.
            return Err(io::Error::from_raw_os_error(libc::ESRCH));
        }
        // SAFETY: as above. Descriptors are only marked to be closed by exec. Kernels before 5.11 refuse
        // the flag; ours are marked anyway, this is for those that were handed to us. Where there are no huge pages,
        // that it says so means nothing.
        unsafe {
            libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
            libc::prctl(libc::PR_SET_THP_DISABLE, no_huge_pages, 0, 0, 0);
        }
        Ok(())
    };
    // SAFETY: the closure is async-signal-safe, as said in it.
    unsafe { command.pre_exec(in_child) };
}

/// `setgroups`, `setgid`, `setuid` in what `command` starts.
pub fn run_as(command: &mut std::process::Command, uid: u32, gid: u32, groups: Vec<u32>) {
    use std::os::unix::process::CommandExt as _;

    let in_child = move || {
        // SAFETY: plain system calls; the list was made before the fork and lives as long as the closure. Nothing is
        // allocated, no lock is taken.
        let done = unsafe {
            libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) == 0
                && libc::syscall(libc::SYS_setgid, gid) == 0
                && libc::syscall(libc::SYS_setuid, uid) == 0
        };
        if done { Ok(()) } else { Err(io::Error::last_os_error()) }
    };
    // SAFETY: the closure is async-signal-safe, as said in it.
    unsafe { command.pre_exec(in_child) };
}

/// `malloc_trim`: free pages go back to the kernel. Nothing where the C library is another one.
pub fn trim_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: a call without pointers that takes the heap's own locks.
    let _whether_any = unsafe { libc::malloc_trim(0) };
}

/// `madvise(MADV_DONTNEED)` for pages of a file that nobody has written. Locked ones stay.
pub fn drop_unwritten(mapping: &Mapping) {
    let range = mapping.range();
    // SAFETY: by its making, this is a file that may only be read, and no page of it differs from the file: what is read
    // afterwards is the same. Nothing here unmaps a library, so it is still that file.
    let _whether_done = unsafe {
        libc::madvise(std::ptr::without_provenance_mut(range.start), range.len(), libc::MADV_DONTNEED)
    };
}

/// Maps every page of `mapping` for reading.
pub fn map_now(mapping: &Mapping) {
    let range = mapping.range();
    // SAFETY: nothing changes but which pages are mapped already.
    let _whether_done = unsafe {
        libc::madvise(std::ptr::without_provenance_mut(range.start), range.len(), libc::MADV_POPULATE_READ)
    };
}

/// [`drop_unwritten`] for what lies below the frames of this thread, if `stack` is its stack.
#[inline(never)]
pub fn drop_stack_below(stack: &Mapping) {
    /// For the frames of the call itself, many times what they take.
    const MARGIN: usize = 16 * 1024;
    let here = 0_u8;
    let here = (&raw const here).addr();
    let range = stack.range();
    if !range.contains(&here) {
        return;
    }
    // SAFETY: a call without pointers.
    let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(usize::MAX);
    // Whole pages: the kernel would take the last as a whole.
    let length = here.saturating_sub(MARGIN + range.start) / page * page;
    // SAFETY: the stack grows downwards, and what lies below the last frame belongs to nobody. A signal's handler would
    // have its frames there, and has returned: it would run on this thread, which is here.
    let _whether_done = unsafe {
        libc::madvise(std::ptr::without_provenance_mut(range.start), length, libc::MADV_DONTNEED)
    };
}

/// `getaddrinfo` with `AI_CANONNAME`: the full name of a host. Waits for name servers.
pub fn canonical_name(host: &str) -> Option<String> {
    let host = CString::new(host).ok()?;
    // SAFETY: a structure of numbers and null pointers, for which zero is a value.
    let mut hints: libc::addrinfo = unsafe { MaybeUninit::zeroed().assume_init() };
    hints.ai_flags = libc::AI_CANONNAME;
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut found = std::ptr::null_mut();
    // SAFETY: the name ends with a NUL, the hints and the place of the answer outlive the call.
    let failed =
        unsafe { libc::getaddrinfo(host.as_ptr(), std::ptr::null(), &raw const hints, &raw mut found) };
    if failed != 0 || found.is_null() {
        return None;
    }
    // SAFETY: the call succeeded, so `found` is a list whose first entry has the name, or null.
    let name = unsafe { (*found).ai_canonname };
    // SAFETY: a string that ends with a NUL, and lives as long as the list.
    let name = (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned());
    // SAFETY: the list is the call's, and nothing of it is used any more.
    unsafe { libc::freeaddrinfo(found) };
    name
}

/// `mallopt`: one heap for all threads, beside which blocks of so many bytes and more stand alone. Nothing where the C
/// library is another one.
pub fn shape_heap(stands_alone: libc::c_int) {
    #[cfg(target_env = "gnu")]
    // SAFETY: calls without pointers that set numbers of the heap under its own lock.
    let _whether_taken = unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, stands_alone)
    };
}

/// `SIOCGIFFLAGS`: the flags of the interface (`IFF_*`).
pub fn interface_flags(fd: &impl AsRawFd, interface: &str) -> io::Result<libc::c_short> {
    let mut request = request_about(interface)?;
    interface_request(fd, libc::SIOCGIFFLAGS, &mut request)?;
    // SAFETY: the kernel has written the flags, and every pattern of bits is a number.
    Ok(unsafe { request.ifr_ifru.ifru_flags })
}

/// `ETHTOOL_GLINK`: whether the driver sees a link.
pub fn ethtool_link(fd: &impl AsRawFd, interface: &str) -> io::Result<bool> {
    const ETHTOOL_GLINK: u32 = 0x0a;
    const SIOCETHTOOL: u32 = 0x8946;
    // `struct ethtool_value`: the command, and the place of the answer.
    let mut value = [ETHTOOL_GLINK, 0u32];
    let mut request = request_about(interface)?;
    // The kernel writes the eight bytes of `value`, which outlives the call.
    request.ifr_ifru.ifru_data = (&raw mut value).cast();
    interface_request(fd, SIOCETHTOOL.into(), &mut request)?;
    Ok(value[1] != 0)
}

/// `SIOCGMIIPHY` and `SIOCGMIIREG`: a register of the interface's transceiver.
pub fn transceiver_register(fd: &impl AsRawFd, interface: &str, register: u16) -> io::Result<u16> {
    const SIOCGMIIPHY: u32 = 0x8947;
    const SIOCGMIIREG: u32 = 0x8948;
    /// `struct mii_ioctl_data`, which stands where the others of the union do.
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Register {
        transceiver: u16,
        number: u16,
        written: u16,
        read: u16,
    }
    let mut request = request_about(interface)?;
    let place = (&raw mut request.ifr_ifru).cast::<Register>();
    interface_request(fd, SIOCGMIIPHY.into(), &mut request)?;
    // SAFETY: the union has 16 bytes at least, is aligned for a pointer, and every pattern of bits is four numbers.
    unsafe { (*place).number = register };
    interface_request(fd, SIOCGMIIREG.into(), &mut request)?;
    // SAFETY: as above.
    Ok(unsafe { (*place).read })
}

/// An `ifreq` with the name, and nothing else.
fn request_about(interface: &str) -> io::Result<libc::ifreq> {
    // SAFETY: of an `ifreq`, numbers and pointers that nobody follows, all zeros are one.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // One byte stays for the end of the text.
    if interface.len() >= request.ifr_name.len() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    for (place, byte) in request.ifr_name.iter_mut().zip(interface.bytes()) {
        *place = byte as libc::c_char;
    }
    Ok(request)
}

fn interface_request(
    fd: &impl AsRawFd,
    number: libc::c_ulong,
    request: &mut libc::ifreq,
) -> io::Result<()> {
    // SAFETY: these requests read and write an `ifreq`, which lives; what it points to is its maker's to see to.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), number as _, &raw mut *request) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Has the runtime wait until a descriptor is readable. Whoever gets it must not put another in its place.
pub(super) fn register_readable(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: it is owned, so it stays open and the same until it is dropped with its registration; `Wakeup`, the only
    // caller, lends it to nobody who could change it.
    Ok(unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?)
}

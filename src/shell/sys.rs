//! Every unsafe line of the program: system calls that neither std nor nix offers.
#![expect(unsafe_code, reason = "this is the one file for it")]

// network

use std::ffi::c_int;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{LinkAddr, SockaddrLike};

/// Lets only those packets into a socket's queue for which the classic BPF `program` returns not
/// zero (`SO_ATTACH_FILTER`, `linux/filter.h`); replaces an earlier program in one step.
pub(crate) fn attach_filter(
    socket: BorrowedFd<'_>,
    program: &[libc::sock_filter],
) -> Result<(), Errno> {
    let Ok(len) = u16::try_from(program.len()) else {
        return Err(Errno::E2BIG);
    };
    let program = libc::sock_fprog {
        len,
        // The kernel reads it and no more; the pointer's type is older than `const`.
        filter: program.as_ptr().cast_mut(),
    };
    set_option(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}

/// Receives what is sent to `group` on the interface with this index.
pub(crate) fn join_group(
    socket: BorrowedFd<'_>,
    group: IpAddr,
    interface: u32,
) -> Result<(), Errno> {
    match group {
        IpAddr::V4(group) => {
            let request = libc::ip_mreqn {
                imr_multiaddr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(group.octets()),
                },
                imr_address: libc::in_addr { s_addr: 0 },
                imr_ifindex: c_int::try_from(interface).map_err(|_| Errno::ENODEV)?,
            };
            set_option(socket, libc::IPPROTO_IP, libc::IP_ADD_MEMBERSHIP, &request)
        }
        IpAddr::V6(group) => {
            let request = libc::ipv6_mreq {
                ipv6mr_multiaddr: libc::in6_addr {
                    s6_addr: group.octets(),
                },
                ipv6mr_interface: interface,
            };
            set_option(
                socket,
                libc::IPPROTO_IPV6,
                libc::IPV6_ADD_MEMBERSHIP,
                &request,
            )
        }
    }
}

/// The address of a packet socket (`packet(7)`): an Ethernet protocol in host order on one
/// interface, or on all (0).
pub(crate) fn link_address(protocol: u16, interface: u32) -> Option<LinkAddr> {
    let address = libc::sockaddr_ll {
        sll_family: libc::sa_family_t::try_from(libc::AF_PACKET).ok()?,
        sll_protocol: protocol.to_be(),
        sll_ifindex: c_int::try_from(interface).ok()?,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 6,
        sll_addr: [0; 8],
    };
    let len = libc::socklen_t::try_from(size_of_val(&address)).ok()?;
    // SAFETY: `address` is a whole `sockaddr_ll` that lives through the call, `len` is its size,
    // and its family says what it is; nix copies it.
    unsafe { LinkAddr::from_raw((&raw const address).cast(), Some(len)) }
}

/// Whether this machine hears its own frames to an IPv6 group (`IPV6_MULTICAST_LOOP`).
pub(crate) fn set_multicast_loop_v6(socket: BorrowedFd<'_>, looped: bool) -> Result<(), Errno> {
    let looped = c_int::from(looped);
    set_option(
        socket,
        libc::IPPROTO_IPV6,
        libc::IPV6_MULTICAST_LOOP,
        &looped,
    )
}

/// `setsockopt(2)`; private because only the callers above know which `T` the kernel expects.
fn set_option<T>(
    socket: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    value: &T,
) -> Result<(), Errno> {
    let len = libc::socklen_t::try_from(size_of::<T>()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: `value` is readable for `len` bytes, and the kernel only reads it.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            (&raw const *value).cast(),
            len,
        )
    };
    Errno::result(result).map(drop)
}

//! UDP sockets of the three media, bound so that no datagram fits two of them.
//!
//! All are bound to their interface. Broadcast is bound to 255.255.255.255 and multicast to its
//! group, and so receive nothing else; broadcast works on an interface without an address, and so
//! do groups of 224.0.0.0/24 (the kernel drops others that come from 0.0.0.0). Unicast is
//! connected to its peer, from the address that the kernel chooses towards it: it receives only
//! what that peer sends to that address.
//!
//! A real heartbeat (`protocol linux-ha`) sends from any port, and broadcasts to the address of its
//! subnet: then a broadcast socket is bound to no address and takes broadcasts alone, and a unicast
//! socket is connected to every port of its peer.

use std::ffi::{OsString, c_int};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, SockaddrStorage, bind, connect, getsockname, recv,
    send, sendto, setsockopt, socket, sockopt,
};
use twinbeat::config::{Dialect, Link, Medium};
use twinbeat::id::LinkId;

use super::Links;
use crate::filter::{Filter, PACKET_TYPE};
use crate::interface::Interface;
use crate::sys;

/// The open socket of one link.
pub(super) struct Socket {
    socket: OwnedFd,
    /// Where every frame goes; `None` when the socket is connected to it.
    destination: Option<SocketAddr>,
    source: Option<IpAddr>,
    /// The peer is this machine.
    is_own: bool,
}

impl Socket {
    /// Opens the socket of a link on its interface as it is now.
    pub(super) fn open(
        link: &Link,
        dialect: Dialect,
        interface: &Interface,
    ) -> Result<Self, Errno> {
        let port = link.port;
        match link.medium {
            Medium::Broadcast => Self::broadcast(interface, dialect, port),
            Medium::Multicast {
                group,
                hops,
                looped,
            } => Self::multicast(interface, group, port, hops, looped),
            Medium::Unicast { peer } => Self::unicast(interface, dialect, peer, port),
            // Not a socket.
            Medium::Serial { .. } => Err(Errno::EOPNOTSUPP),
        }
    }

    /// Hands one frame to the kernel; one for this machine itself to nobody.
    pub(super) fn send(&self, bytes: &[u8]) -> Result<(), Errno> {
        if self.is_own {
            return Ok(());
        }
        let fd = self.socket.as_raw_fd();
        match &self.destination {
            Some(destination) => {
                let destination = SockaddrStorage::from(*destination);
                sendto(fd, bytes, &destination, MsgFlags::MSG_DONTWAIT)
            }
            None => send(fd, bytes, MsgFlags::MSG_DONTWAIT),
        }
        .map(drop)
    }

    /// The own address of a connected socket.
    pub(super) fn source(&self) -> Option<IpAddr> {
        self.source
    }

    fn broadcast(interface: &Interface, dialect: Dialect, port: u16) -> Result<Self, Errno> {
        let everyone = SocketAddr::from((Ipv4Addr::BROADCAST, port));
        let mut filter = Filter::new();
        filter.load_word(PACKET_TYPE);
        let address = match dialect {
            // The kernel gives the sender a copy of its own broadcast: not worth waking up for.
            Dialect::Native => {
                filter.reject_if(PACKET_LOOPBACK);
                everyone
            }
            // A heartbeat sends to the broadcast address of its subnet. Other datagrams are other links'.
            Dialect::LinuxHa => {
                filter.reject_unless(PACKET_BROADCAST);
                SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))
            }
        };
        let socket = bound(interface, address)?;
        setsockopt(&socket, sockopt::Broadcast, &true)?;
        filter.accept().attach(socket.as_fd())?;
        Ok(Self {
            socket,
            destination: Some(everyone),
            source: None,
            is_own: false,
        })
    }

    fn multicast(
        interface: &Interface,
        group: IpAddr,
        port: u16,
        hops: u8,
        looped: bool,
    ) -> Result<Self, Errno> {
        let address = scoped(group, interface, port);
        let socket = bound(interface, address)?;
        // Frames leave by the interface the socket is bound to: IP_MULTICAST_IF has no say.
        match group {
            IpAddr::V4(_) => {
                setsockopt(&socket, sockopt::IpMulticastTtl, &hops)?;
                setsockopt(&socket, sockopt::IpMulticastLoop, &looped)?;
            }
            IpAddr::V6(_) => {
                setsockopt(&socket, sockopt::Ipv6MulticastHops, &c_int::from(hops))?;
                sys::set_multicast_loop_v6(socket.as_fd(), looped)?;
            }
        }
        sys::join_group(socket.as_fd(), group, interface.index)?;
        Ok(Self {
            socket,
            destination: Some(address),
            source: None,
            is_own: false,
        })
    }

    fn unicast(
        interface: &Interface,
        dialect: Dialect,
        peer: IpAddr,
        port: u16,
    ) -> Result<Self, Errno> {
        let source = source_toward(interface, peer, port)?;
        let socket = bound(interface, scoped(source, interface, port))?;
        let to = |port| scoped(peer, interface, port);
        // A heartbeat sends from any port, which is what 0 stands for.
        let (from, destination) = match dialect {
            Dialect::Native => (to(port), None),
            Dialect::LinuxHa => (to(0), Some(to(port))),
        };
        connect(socket.as_raw_fd(), &SockaddrStorage::from(from))?;
        // Between the two calls anybody's datagrams fitted.
        while recv(socket.as_raw_fd(), &mut [0], MsgFlags::MSG_DONTWAIT).is_ok() {}
        Ok(Self {
            socket,
            destination,
            is_own: source == peer,
            source: Some(source),
        })
    }
}

impl Links {
    /// Whether a link leads to this machine itself: heartbeat's files may be the same on both, with the
    /// addresses of both.
    pub(crate) fn is_own(&self, link: LinkId) -> bool {
        let link = self.links.get(link.index());
        link.is_some_and(
            |link| matches!(&link.socket, Some(super::Socket::Udp(socket)) if socket.is_own),
        )
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The address that the kernel now sends from towards `peer` on this interface.
pub(super) fn source_toward(
    interface: &Interface,
    peer: IpAddr,
    port: u16,
) -> Result<IpAddr, Errno> {
    let peer = scoped(peer, interface, port);
    let socket = unbound(interface, peer.ip())?;
    connect(socket.as_raw_fd(), &SockaddrStorage::from(peer))?;
    let own = getsockname::<SockaddrStorage>(socket.as_raw_fd())?;
    host(&own)
        // What it says where no interface has any address.
        .filter(|own| !own.is_unspecified())
        .ok_or(Errno::EADDRNOTAVAIL)
}

/// The address in what the kernel writes for one.
#[inline(never)]
pub(crate) fn host(of: &SockaddrStorage) -> Option<IpAddr> {
    of.as_sockaddr_in()
        .map(|four| IpAddr::V4(four.ip()))
        .or_else(|| of.as_sockaddr_in6().map(|six| IpAddr::V6(six.ip())))
}

/// A socket on this interface alone, bound to an address that others may be bound to as well.
fn bound(interface: &Interface, address: SocketAddr) -> Result<OwnedFd, Errno> {
    let socket = unbound(interface, address.ip())?;
    setsockopt(&socket, sockopt::ReuseAddr, &true)?;
    setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_QUEUE)?;
    bind(socket.as_raw_fd(), &SockaddrStorage::from(address))?;
    Ok(socket)
}

fn unbound(interface: &Interface, like: IpAddr) -> Result<OwnedFd, Errno> {
    let family = match like {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    };
    let socket = socket(
        family,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
        None,
    )?;
    let name = OsString::from(interface.name.as_str());
    setsockopt(&socket, sockopt::BindToDevice, &name)?;
    // Before other traffic in queues of switches and of this host. Only an advantage: a kernel
    // that refuses it does not hinder the link.
    let _ = match like {
        IpAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4Tos, &NETWORK_CONTROL),
        IpAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6V6Only, &true)
            .and_then(|()| setsockopt(&socket, sockopt::Ipv6TClass, &NETWORK_CONTROL)),
    };
    let _ = setsockopt(&socket, sockopt::Priority, &CONTROL_PRIORITY);
    Ok(socket)
}

/// An address and port; for a link-local address with the interface that gives it a meaning.
fn scoped(address: IpAddr, interface: &Interface, port: u16) -> SocketAddr {
    match address {
        IpAddr::V6(address) if is_link_local(address) => {
            SocketAddrV6::new(address, port, 0, interface.index).into()
        }
        address => (address, port).into(),
    }
}

/// fe80::/10, and groups of interface and link scope, permanent or transient (RFC 4291 2.7).
fn is_link_local(address: Ipv6Addr) -> bool {
    match address.octets() {
        [0xff, flags_and_scope, ..] => matches!(flags_and_scope & 0x0f, 1 | 2),
        _ => address.is_unicast_link_local(),
    }
}

/// DSCP CS6 (RFC 4594), as `IP_TOS` and `IPV6_TCLASS` want it.
const NETWORK_CONTROL: c_int = 0xc0;
/// `TC_PRIO_INTERACTIVE`, the highest without a privilege.
const CONTROL_PRIORITY: c_int = 6;
/// About 150 small frames: what is read at a time, and what a flood may cost.
const RECEIVE_QUEUE: usize = 64 * 1024;
/// `linux/if_packet.h`: what went to everybody.
const PACKET_BROADCAST: u32 = 1;
/// The same: a copy of what this machine sent.
const PACKET_LOOPBACK: u32 = 5;

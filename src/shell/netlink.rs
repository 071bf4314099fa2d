//! rtnetlink (`rtnetlink(7)`), as much of it as we speak: build a message, send it, read the
//! answers. Everything is in host byte order but addresses. One buffer for all answers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, sendto,
    setsockopt, socket, sockopt,
};

/// One rtnetlink socket, never blocking. The kernel does what is asked, and queues its answer,
/// within the send, so an exchange never waits for anything but the kernel's own lock.
pub(crate) struct Netlink {
    socket: OwnedFd,
    sequence: u32,
    answers: Box<[u8]>,
}

/// A request being built.
#[derive(Clone)]
pub(crate) struct Request {
    bytes: [u8; MAX_REQUEST],
    len: usize,
    overflow: bool,
}

/// One message from the kernel.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'a> {
    /// `RTM_...`.
    pub(crate) kind: u16,
    /// `nlmsg_pid`: on whose request, zero for the kernel's own doing.
    pub(crate) port: u32,
    /// What follows the header.
    pub(crate) body: &'a [u8],
    flags: u16,
    sequence: u32,
}

impl Netlink {
    /// For requests alone (`groups` empty), or a monitor of multicast groups (`RTNLGRP_...`).
    pub(crate) fn open(groups: &[u32]) -> Result<Self, Errno> {
        let socket = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
            SockProtocol::NetlinkRoute,
        )?;
        let mask = groups
            .iter()
            .fold(0, |mask, group| mask | 1 << group.saturating_sub(1));
        if mask != 0 {
            // Room for bursts; what is lost all the same is asked for again.
            setsockopt(&socket, sockopt::RcvBuf, &MONITOR_QUEUE)?;
        }
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, mask))?;
        Ok(Self {
            socket,
            sequence: 0,
            answers: vec![0; ANSWER_BUFFER].into_boxed_slice(),
        })
    }

    /// Sends a request and hands every answer to `each`, up to the final acknowledgement. A dump
    /// that changed under way is `EINTR`: ask again.
    pub(crate) fn exchange(
        &mut self,
        request: &mut Request,
        mut each: impl FnMut(Answer<'_>),
    ) -> Result<(), Errno> {
        self.exchange_by(request, &mut each)
    }

    /// Has the kernel do what it only has to say yes or no to.
    #[inline(never)]
    pub(crate) fn order(&mut self, request: &mut Request) -> Result<(), Errno> {
        self.exchange(request, |_| ())
    }

    /// One copy of the code for all who ask.
    #[inline(never)]
    fn exchange_by(
        &mut self,
        request: &mut Request,
        each: &mut dyn FnMut(Answer<'_>),
    ) -> Result<(), Errno> {
        self.sequence = self.sequence.wrapping_add(1);
        sendto(
            self.socket.as_raw_fd(),
            request.finish(self.sequence)?,
            &NetlinkAddr::new(0, 0),
            MsgFlags::empty(),
        )?;
        let mut interrupted = false;
        loop {
            let len = self.receive()?;
            for answer in Answers(self.answers.get(..len).unwrap_or_default()) {
                if answer.sequence != self.sequence {
                    continue; // Of an exchange that was given up.
                }
                interrupted |= answer.flags & DUMP_INTERRUPTED != 0;
                match i32::from(answer.kind) {
                    libc::NLMSG_ERROR | libc::NLMSG_DONE => {
                        return match answer.code() {
                            0 if interrupted => Err(Errno::EINTR),
                            0 => Ok(()),
                            code => Err(Errno::from_raw(code.saturating_neg())),
                        };
                    }
                    _ => each(answer),
                }
            }
        }
    }

    /// Hands every notification that waits to `each`; `ENOBUFS` when some were lost.
    #[inline(never)]
    pub(crate) fn notifications(&mut self, each: &mut dyn FnMut(Answer<'_>)) -> Result<(), Errno> {
        for _ in 0..NOTIFICATIONS_AT_ONCE {
            let len = match self.receive() {
                Ok(len) => len,
                Err(Errno::EAGAIN) => return Ok(()),
                Err(error) => return Err(error),
            };
            Answers(self.answers.get(..len).unwrap_or_default()).for_each(&mut *each);
        }
        Ok(())
    }

    fn receive(&mut self) -> Result<usize, Errno> {
        loop {
            match recv(
                self.socket.as_raw_fd(),
                &mut self.answers,
                MsgFlags::MSG_DONTWAIT,
            ) {
                Err(Errno::EINTR) => {}
                other => return other,
            }
        }
    }
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Request {
    /// `kind` is `RTM_...`; `flags` are `NLM_F_...` besides `NLM_F_REQUEST`; `fixed` is the
    /// structure that this kind begins with.
    pub(crate) fn new(kind: u16, flags: i32, fixed: &[u8]) -> Self {
        let mut request = Self {
            bytes: [0; MAX_REQUEST],
            len: HEADER,
            overflow: false,
        };
        // All flags are below 0x1000.
        let flags = u16::try_from(flags | libc::NLM_F_REQUEST).unwrap_or_default();
        request.put(4, &kind.to_ne_bytes());
        request.put(6, &flags.to_ne_bytes());
        request.append(fixed);
        request
    }

    /// Adds an attribute.
    pub(crate) fn attribute(&mut self, kind: u16, value: &[u8]) {
        let len = u16::try_from(value.len().saturating_add(4)).unwrap_or(u16::MAX);
        self.append(&len.to_ne_bytes());
        self.append(&kind.to_ne_bytes());
        self.append(value);
        let padding = self.len.next_multiple_of(4) - self.len;
        self.append([0; 3].get(..padding).unwrap_or_default());
    }

    /// Adds an attribute that is an address.
    pub(crate) fn address(&mut self, kind: u16, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.attribute(kind, &address.octets()),
            IpAddr::V6(address) => self.attribute(kind, &address.octets()),
        }
    }

    fn finish(&mut self, sequence: u32) -> Result<&[u8], Errno> {
        if self.overflow {
            return Err(Errno::EMSGSIZE);
        }
        let len = u32::try_from(self.len).unwrap_or_default();
        self.put(0, &len.to_ne_bytes());
        self.put(8, &sequence.to_ne_bytes());
        self.bytes.get(..self.len).ok_or(Errno::EMSGSIZE)
    }

    fn append(&mut self, bytes: &[u8]) {
        self.put(self.len, bytes);
        self.len = self.len.saturating_add(bytes.len());
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        match self.bytes.get_mut(at..at.saturating_add(bytes.len())) {
            Some(place) => place.copy_from_slice(bytes),
            None => self.overflow = true,
        }
    }
}

impl<'a> Answer<'a> {
    /// The structure this kind begins with, and the attributes after it; `None` when it is shorter.
    pub(crate) fn parts<const N: usize>(&self) -> Option<([u8; N], Attributes<'a>)> {
        let (fixed, rest) = self.body.split_first_chunk::<N>()?;
        Some((*fixed, Attributes(rest)))
    }

    /// The number that `NLMSG_ERROR` and `NLMSG_DONE` begin with: zero, or an errno below zero.
    fn code(&self) -> i32 {
        self.body
            .first_chunk()
            .map_or(0, |code| i32::from_ne_bytes(*code))
    }
}

/// Attributes one after another: kind and value.
#[derive(Clone, Copy)]
pub(crate) struct Attributes<'a>(pub(crate) &'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let [l0, l1, k0, k1] = *self.0.first_chunk()?;
        let len = usize::from(u16::from_ne_bytes([l0, l1]));
        let value = self.0.get(4..len)?;
        self.0 = self.0.get(len.next_multiple_of(4)..).unwrap_or_default();
        // The two highest bits are no part of the kind (NLA_F_NESTED, NLA_F_NET_BYTEORDER).
        Some((u16::from_ne_bytes([k0, k1]) & 0x3fff, value))
    }
}

/// An attribute's value as an address of its own length.
pub(crate) fn address(value: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(value)
        .map(|octets| IpAddr::V4(Ipv4Addr::from(octets)))
        .or_else(|_| <[u8; 16]>::try_from(value).map(|octets| IpAddr::V6(Ipv6Addr::from(octets))))
        .ok()
}

/// An attribute's value as a number.
pub(crate) fn number(value: &[u8]) -> Option<u32> {
    value.try_into().map(u32::from_ne_bytes).ok()
}

/// A family's number as it stands in rtnetlink structures.
pub(crate) fn family(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => AF_INET,
        IpAddr::V6(_) => AF_INET6,
    }
}

/// The messages of one datagram.
struct Answers<'a>(&'a [u8]);

impl<'a> Iterator for Answers<'a> {
    type Item = Answer<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let [
            l0,
            l1,
            l2,
            l3,
            k0,
            k1,
            f0,
            f1,
            s0,
            s1,
            s2,
            s3,
            p0,
            p1,
            p2,
            p3,
        ] = *self.0.first_chunk::<HEADER>()?;
        let len = usize::try_from(u32::from_ne_bytes([l0, l1, l2, l3])).ok()?;
        let body = self.0.get(HEADER..len)?;
        self.0 = self.0.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some(Answer {
            kind: u16::from_ne_bytes([k0, k1]),
            flags: u16::from_ne_bytes([f0, f1]),
            sequence: u32::from_ne_bytes([s0, s1, s2, s3]),
            port: u32::from_ne_bytes([p0, p1, p2, p3]),
            body,
        })
    }
}

/// `AF_INET` in one byte.
pub(crate) const AF_INET: u8 = 2;
/// `AF_INET6` in one byte; the same on every architecture of Linux.
pub(crate) const AF_INET6: u8 = 10;

/// `struct nlmsghdr`.
const HEADER: usize = 16;
/// The longest request we make is a remembered route.
const MAX_REQUEST: usize = 512;
/// The kernel fills at most 32 kB at a time of a dump.
const ANSWER_BUFFER: usize = 32 * 1024;
const MONITOR_QUEUE: usize = 256 * 1024;
/// So that a storm of changes cannot hold the loop.
const NOTIFICATIONS_AT_ONCE: usize = 256;
/// `NLM_F_DUMP_INTR`.
const DUMP_INTERRUPTED: u16 = 0x10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_back_as_they_were_built() {
        let mut request = Request::new(libc::RTM_NEWADDR, libc::NLM_F_ACK, &[1; 8]);
        request.attribute(3, b"eth0:");
        request.address(2, IpAddr::from([192, 0, 2, 1]));
        let bytes = request.finish(7).unwrap().to_vec();
        let answers: Vec<_> = Answers(&bytes).collect();
        assert_eq!((answers.len(), bytes.len()), (1, 16 + 8 + 12 + 8));
        assert_eq!(
            (answers[0].kind, answers[0].sequence),
            (libc::RTM_NEWADDR, 7)
        );
        let (fixed, attributes) = answers[0].parts::<8>().unwrap();
        let attributes: Vec<_> = attributes.collect();
        assert_eq!(fixed, [1; 8]);
        assert_eq!(attributes, [(3, &b"eth0:"[..]), (2, &[192, 0, 2, 1][..])]);
        assert_eq!(address(attributes[1].1), Some(IpAddr::from([192, 0, 2, 1])));
    }

    #[test]
    fn truncated_messages_end_the_reading_without_harm() {
        let mut request = Request::new(libc::RTM_NEWADDR, 0, &[1; 8]);
        request.attribute(3, b"eth0");
        let bytes = request.finish(1).unwrap().to_vec();
        for len in 0..bytes.len() {
            assert_eq!(Answers(&bytes[..len]).count(), 0);
        }
        assert_eq!(Attributes(&[2, 0, 1, 0]).count(), 0, "shorter than itself");
    }

    #[test]
    fn a_request_that_does_not_fit_is_never_sent() {
        let mut request = Request::new(libc::RTM_NEWADDR, 0, &[]);
        request.attribute(1, &[0; 600]);
        assert_eq!(request.finish(1).err(), Some(Errno::EMSGSIZE));
    }

    #[test]
    fn the_kernel_answers_with_its_own_error() {
        let mut netlink = Netlink::open(&[]).unwrap();
        let mut request = Request::new(libc::RTM_GETLINK, libc::NLM_F_ACK, &{
            let mut fixed = [0; 16];
            fixed[4..8].copy_from_slice(&i32::MAX.to_ne_bytes());
            fixed
        });
        let result = netlink.exchange(&mut request, |_| panic!("no such interface"));
        assert_eq!(result, Err(Errno::ENODEV));
    }
}

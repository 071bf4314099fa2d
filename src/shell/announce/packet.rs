//! Packet sockets (`packet(7)`): whole Ethernet frames, in and out of any interface.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, bind, recvfrom, sendto, socket,
};

use super::frame::Frame;
use crate::sys;

/// One packet socket.
pub(super) struct Packets(OwnedFd);

impl Packets {
    /// It sends, and receives nothing before [`Self::hear`], so that a filter comes first.
    pub(super) fn open() -> Result<Self, Errno> {
        socket(
            AddressFamily::Packet,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
            None,
        )
        .map(Self)
    }

    /// Begins to receive packets of an Ethernet type, from every interface.
    pub(super) fn hear(&self, protocol: u16) -> Result<(), Errno> {
        let any = sys::link_address(protocol, 0).ok_or(Errno::EINVAL)?;
        bind(self.0.as_raw_fd(), &any)
    }

    /// Sends it if the kernel takes it; the next of the series repeats one that it did not.
    pub(super) fn send(&self, interface: u32, frame: &Frame) {
        if let Some(to) = sys::link_address(frame.protocol(), interface) {
            let _ = sendto(
                self.0.as_raw_fd(),
                frame.bytes(),
                &to,
                MsgFlags::MSG_DONTWAIT,
            );
        }
    }

    /// The length of the next packet, and the interface it came by.
    pub(super) fn receive(&self, buf: &mut [u8]) -> Option<(usize, u32)> {
        loop {
            match recvfrom::<LinkAddr>(self.0.as_raw_fd(), buf) {
                Ok((len, from)) => {
                    let interface = from.and_then(|from| u32::try_from(from.ifindex()).ok());
                    return Some((len, interface.unwrap_or_default()));
                }
                // An interface went down; told once.
                Err(Errno::ENETDOWN | Errno::EINTR) => {}
                Err(_) => return None,
            }
        }
    }
}

impl AsFd for Packets {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

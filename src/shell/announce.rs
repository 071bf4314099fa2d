//! Announcements: who has a virtual address now. Gratuitous ARP (requests and replies) and
//! unsolicited neighbour advertisements, five times; again against every conflict that is seen.
//! Also the question before a lone start: does anybody have it?

use std::net::IpAddr;
use std::os::fd::BorrowedFd;

use nix::errno::Errno;
use twinbeat::time::Instant;

use crate::interface::{Interfaces, Mac};

/// Announces, watches and asks. Drain [`Self::poll_notice`] at [`Self::deadline`] and when one of
/// [`Self::fds`] is readable.
pub(crate) struct Announcer {}

/// What the network said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Another machine announced or used a held address; it is being announced against.
    Conflict {
        /// Which address.
        address: IpAddr,
        /// The other machine.
        mac: Mac,
    },
    /// A probe ended.
    Probed {
        /// Which address.
        address: IpAddr,
        /// Who answered, if anybody did within 200 ms.
        occupied: Option<Mac>,
    },
}

impl Announcer {
    /// Needs `CAP_NET_RAW`.
    pub(crate) fn open() -> Result<Self, Errno> {
        todo!()
    }
    /// Announces an address that is on the interface with this index from now on: the first time
    /// at once, then every 200 ms, five in all; watches for conflicts until [`Self::release`].
    /// An announcement under way begins anew.
    pub(crate) fn announce(
        &mut self,
        now: Instant,
        address: IpAddr,
        interface: u32,
        interfaces: &Interfaces,
    ) {
        todo!()
    }
    /// The address is no longer held here: neither announced nor watched.
    pub(crate) fn release(&mut self, address: IpAddr) {
        todo!()
    }
    /// Asks the network whether somebody has the address; [`Notice::Probed`] follows within 200 ms.
    pub(crate) fn probe(
        &mut self,
        now: Instant,
        address: IpAddr,
        interface: u32,
        interfaces: &Interfaces,
    ) {
        todo!()
    }
    /// Sends what is due, reads what came.
    pub(crate) fn poll_notice(&mut self, now: Instant) -> Option<Notice> {
        todo!()
    }
    /// The next announcement or end of a probe.
    pub(crate) fn deadline(&self) -> Instant {
        todo!()
    }
    /// What to wait for.
    pub(crate) fn fds(&self) -> [BorrowedFd<'_>; 2] {
        todo!()
    }
}

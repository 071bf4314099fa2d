//! Leased addresses: a virtual address is installed with a kernel lifetime and refreshed, so that
//! the kernel removes it when this program dies, hangs or freezes (DESIGN 8.2).
//!
//! Heads up: whoever asks must have read the clock before it decided, and hands in that reading
//! as `now` together with the clock: a process stopped between deciding and doing would otherwise
//! bring back, when it wakes, an address that another node has taken.

use std::net::{IpAddr, Ipv4Addr};

use nix::errno::Errno;
use nix::libc;
use twinbeat::config::{self, Config, Resource};
use twinbeat::time::{Duration, Instant};

use crate::interface::Interfaces;
use crate::netlink::Netlink;

/// Every virtual address of the configuration.
pub(crate) struct Addresses {
    netlink: Netlink,
    entries: Vec<Entry>,
    lease: Duration,
}

/// A virtual address, by its position among the configuration's resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AddressId(usize);

/// Why an address is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressError {
    /// Nothing was done: no such address in the configuration.
    Unknown,
    /// Nothing was done: the named interface is missing, or no route says which it should be.
    NoInterface,
    /// Nothing was done: `CAP_NET_ADMIN` is missing.
    Forbidden,
    /// It took too long: the address was installed and deleted again.
    Late,
    /// The kernel refused it.
    Refused(Errno),
}

impl Addresses {
    pub(crate) fn open(config: &Config) -> Result<Self, Errno> { todo!() }
    /// Removes every configured address from every interface, whatever its prefix length: what an
    /// earlier run left behind. To be called before the first beat. How many there were.
    pub(crate) fn remove_leftovers(&mut self, interfaces: &Interfaces) -> Result<usize, Errno> { todo!() }
    /// Installs it (or puts it back) with a whole lease, its routes with it; the index of the
    /// interface it is on, for the announcer. On an error it is as after [`Self::remove`], except
    /// that one already held stays held.
    pub(crate) fn install(&mut self, now: Instant, id: AddressId, interfaces: &Interfaces, clock: &mut dyn FnMut() -> Instant) -> Result<u32, AddressError> { todo!() }
    /// Gives it a whole lease again: two system calls, no allocation. An address that is not held is left alone.
    pub(crate) fn refresh(&mut self, now: Instant, id: AddressId, clock: &mut dyn FnMut() -> Instant) -> Result<(), AddressError> { todo!() }
    /// Deletes it; it is no longer held. Harmless when it is not there.
    pub(crate) fn remove(&mut self, id: AddressId) -> Result<(), AddressError> { todo!() }
    /// Held addresses that somebody took away (or the kernel, when a refresh came too late), or
    /// whose interface is another one now. Ask after every [`Interfaces::update`] that changed
    /// something; answer with [`Self::install`] and an announcement while they may be held.
    pub(crate) fn vanished(&self, interfaces: &Interfaces) -> impl Iterator<Item = AddressId> { std::iter::empty() }
    /// Learns of routes; when [`Self::fd`] is readable.
    pub(crate) fn update(&mut self) { todo!() }
    pub(crate) fn fd(&self) -> std::os::fd::BorrowedFd<'_> { todo!() }
    /// The address at a position of `Config::resources`, if that resource is one.
    pub(crate) fn at(&self, resource: usize) -> Option<AddressId> { todo!() }
    pub(crate) fn address(&self, id: AddressId) -> Option<IpAddr> { todo!() }
    /// The interface it is on, while it is held.
    pub(crate) fn interface(&self, id: AddressId) -> Option<u32> { todo!() }
    /// When it was last installed or refreshed (the reading handed in), while it is held.
    pub(crate) fn refreshed_at(&self, id: AddressId) -> Option<Instant> { todo!() }
}
struct Entry;

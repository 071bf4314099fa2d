//! The kernel's word on interfaces and their addresses: asked for once, then heard from a monitor
//! socket. What the monitor loses is asked for again.

use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::libc;
use twinbeat::config;

use crate::filter::Filter;
use crate::netlink::{self, Answer, Netlink, Request};

/// Every interface of this machine, as of the last [`Interfaces::update`].
pub(crate) struct Interfaces {
    monitor: Netlink,
    request: Netlink,
    table: Table,
}

/// One interface. The index is the kernel's name for this life of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    /// Its number; another one when it is deleted and made again.
    pub(crate) index: u32,
    /// Its present name.
    pub(crate) name: config::Interface,
    /// `lo`, or another that leads nowhere else.
    pub(crate) loopback: bool,
    /// Set up by its administrator.
    pub(crate) up: bool,
    /// Up and with carrier (RFC 2863 "up" or unknown). A bridge whose ports do not forward yet
    /// has none: the kernel gives a bridge carrier with its first forwarding port.
    pub(crate) running: bool,
    /// Its Ethernet address.
    pub(crate) mac: Option<Mac>,
    /// Its addresses, ours included.
    pub(crate) addresses: Vec<Assigned>,
    /// Another number after every change of `addresses`.
    pub(crate) revision: u32,
}

/// An Ethernet address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mac(pub(crate) [u8; 6]);

/// An address on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Assigned {
    /// The address.
    pub(crate) address: IpAddr,
    /// Its prefix length.
    pub(crate) prefix: u8,
    /// `IFA_F_...`.
    pub(crate) flags: u32,
}

impl Interfaces {
    /// Starts listening, then asks for everything there is.
    pub(crate) fn open() -> Result<Self, Errno> {
        let mut interfaces = Self {
            monitor: Netlink::open(&[
                libc::RTNLGRP_LINK,
                libc::RTNLGRP_IPV4_IFADDR,
                libc::RTNLGRP_IPV6_IFADDR,
            ])?,
            request: Netlink::open(&[])?,
            table: Table::default(),
        };
        not_refreshes().attach(interfaces.monitor.as_fd())?;
        interfaces.table = dump(&mut interfaces.request)?;
        Ok(interfaces)
    }

    /// Reads what has changed; whether anything has. Call it when [`Self::as_fd`] is readable.
    pub(crate) fn update(&mut self) -> bool {
        self.table.lost.clear();
        self.table.whole = false;
        let mut changed = false;
        let table = &mut self.table;
        let heard = self
            .monitor
            .notifications(&mut |answer| changed |= table.apply(answer));
        match heard {
            Ok(()) => changed,
            Err(_) => self.ask_again(),
        }
    }

    /// The interface of this name, if there is one now.
    pub(crate) fn named(&self, name: &str) -> Option<&Interface> {
        self.iter().find(|interface| interface.name == name)
    }

    /// The interface with this index, if it still exists.
    pub(crate) fn at(&self, index: u32) -> Option<&Interface> {
        self.iter().find(|interface| interface.index == index)
    }

    /// Every interface, loopback included.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Interface> {
        self.table.list.iter()
    }

    /// Whether the last update told that `address` was taken from the interface with this index,
    /// even if it is there again. That it is not known to be there says nothing: of a new IPv6
    /// address the kernel tells later.
    pub(crate) fn lost(&self, address: IpAddr, index: u32) -> bool {
        let held = |i: &Interface| i.addresses.iter().any(|a| a.address == address);
        self.table.lost.contains(&(address, index))
            || self.table.whole && !self.at(index).is_some_and(held)
    }

    /// After lost notifications: everything again, and what is not there counts as lost.
    fn ask_again(&mut self) -> bool {
        // Whatever is still queued is older than the answer, or is in it already.
        for _ in 0..DISCARDS {
            let _ = self.monitor.notifications(&mut |_| ());
        }
        let Ok(mut table) = dump(&mut self.request) else {
            return false; // Out of memory; the next change asks again.
        };
        table.whole = true;
        table.revisions = self.table.revisions.wrapping_add(1);
        for interface in &mut table.list {
            interface.revision = table.revisions;
        }
        self.table = table;
        true
    }
}

impl AsFd for Interfaces {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.monitor.as_fd()
    }
}

impl Assigned {
    /// Whether `other` is in the subnet of this address.
    pub(crate) fn covers(&self, other: IpAddr) -> bool {
        subnet(self.address, self.prefix) == subnet(other, self.prefix)
    }
}

/// Whether it is another value than before.
fn set<T: PartialEq>(place: &mut T, value: T) -> bool {
    let changed = *place != value;
    *place = value;
    changed
}

/// The address with everything behind its prefix cleared.
pub(crate) fn subnet(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let shift = 32_u32.saturating_sub(prefix.into());
            let mask = u32::MAX.checked_shl(shift).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let shift = 128_u32.saturating_sub(prefix.into());
            let mask = u128::MAX.checked_shl(shift).unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
    }
}

#[derive(Default)]
struct Table {
    list: Vec<Interface>,
    /// Addresses that were deleted during the last update, with the index of their interface.
    lost: Vec<(IpAddr, u32)>,
    /// All of it was asked for in the last update.
    whole: bool,
    revisions: u32,
}

impl Table {
    /// Takes one message in; whether it changed anything.
    fn apply(&mut self, answer: Answer<'_>) -> bool {
        match answer.kind {
            libc::RTM_NEWLINK => self.on_link(answer).unwrap_or(false),
            libc::RTM_DELLINK => self.on_link_gone(answer).unwrap_or(false),
            libc::RTM_NEWADDR => self.on_address(answer, true).unwrap_or(false),
            libc::RTM_DELADDR => self.on_address(answer, false).unwrap_or(false),
            _ => false,
        }
    }

    /// `struct ifinfomsg` and `IFLA_...` (`linux/rtnetlink.h`, `linux/if_link.h`).
    fn on_link(&mut self, answer: Answer<'_>) -> Option<bool> {
        let ([family, _, _, _, i0, i1, i2, i3, f0, f1, f2, f3, ..], attributes) =
            answer.parts::<16>()?;
        if family != 0 {
            return None; // A bridge's word about its port, not about an interface.
        }
        let index = u32::from_ne_bytes([i0, i1, i2, i3]);
        let flags = u32::from_ne_bytes([f0, f1, f2, f3]);
        let (mut address, mut called) = (None, None);
        for (kind, value) in attributes {
            match kind {
                libc::IFLA_ADDRESS => address = Some(value.try_into().map(Mac).ok()),
                libc::IFLA_IFNAME => called = Some(name(value)?),
                _ => {}
            }
        }
        let mut known = self.list.iter().position(|known| known.index == index);
        let mut changed = known.is_none();
        if changed {
            known = Some(self.list.len());
            self.list.push(Interface {
                index,
                name: config::Interface::new(),
                loopback: false,
                up: false,
                running: false,
                mac: None,
                addresses: Vec::new(),
                revision: 0,
            });
        }
        let interface = self.list.get_mut(known?)?;
        let up = flags & IFF_UP != 0;
        let running = up && flags & IFF_RUNNING != 0;
        changed |= set(&mut interface.loopback, flags & IFF_LOOPBACK != 0);
        changed |= set(&mut interface.up, up) | set(&mut interface.running, running);
        changed |= address.is_some_and(|address| set(&mut interface.mac, address));
        changed |= called.is_some_and(|name| set(&mut interface.name, name));
        Some(changed)
    }

    fn on_link_gone(&mut self, answer: Answer<'_>) -> Option<bool> {
        let ([family, _, _, _, i0, i1, i2, i3, ..], _) = answer.parts::<16>()?;
        if family != 0 {
            return None;
        }
        let index = u32::from_ne_bytes([i0, i1, i2, i3]);
        let place = self.list.iter().position(|known| known.index == index)?;
        let gone = self.list.remove(place);
        self.lost
            .extend(gone.addresses.iter().map(|a| (a.address, index)));
        Some(true)
    }

    /// `struct ifaddrmsg` and `IFA_...` (`linux/if_addr.h`).
    fn on_address(&mut self, answer: Answer<'_>, present: bool) -> Option<bool> {
        let ([_, prefix, flags, _, i0, i1, i2, i3], attributes) = answer.parts::<8>()?;
        let index = u32::from_ne_bytes([i0, i1, i2, i3]);
        let (mut local, mut remote, mut flags) = (None, None, u32::from(flags));
        for (kind, value) in attributes {
            match kind {
                libc::IFA_LOCAL => local = netlink::address(value),
                libc::IFA_ADDRESS => remote = netlink::address(value),
                libc::IFA_FLAGS => flags = netlink::number(value)?,
                _ => {}
            }
        }
        // On a point-to-point interface IFA_ADDRESS is the other end.
        let address = local.or(remote)?;
        let new = Assigned {
            address,
            prefix,
            flags,
        };
        let interface = self.list.iter_mut().find(|i| i.index == index)?;
        let known = interface
            .addresses
            .iter()
            .position(|a| a.address == address && a.prefix == prefix);
        match (known, present) {
            (Some(place), true) => {
                let known = interface.addresses.get_mut(place)?;
                if *known == new {
                    return Some(false); // Refreshed, and nothing else.
                }
                *known = new;
            }
            (None, true) => interface.addresses.push(new),
            (Some(place), false) => {
                interface.addresses.remove(place);
                self.lost.push((address, index));
            }
            (None, false) => return Some(false),
        }
        self.revisions = self.revisions.wrapping_add(1);
        interface.revision = self.revisions;
        Some(true)
    }
}

/// Lets through everything but new lifetimes of known addresses, ours among them: one that was
/// last changed when it was made is new (`struct ifa_cacheinfo`: `cstamp`, `tstamp`).
fn not_refreshes() -> Filter {
    // Numbers of netlink are in host order, loads of filters big-endian.
    let address = u16::from_be_bytes(libc::RTM_NEWADDR.to_ne_bytes());
    let mut filter = Filter::new();
    filter
        .load_half(4)
        .accept_unless(address.into())
        .find_attribute(16 + 8, libc::IFA_CACHEINFO)
        .accept_if_equal(8, 12);
    filter
}

/// Asks for every interface, then for every address.
fn dump(request: &mut Netlink) -> Result<Table, Errno> {
    let mut result = Err(Errno::EINTR);
    for _ in 0..DUMP_ATTEMPTS {
        let mut table = Table::default();
        let mut links = Request::new(libc::RTM_GETLINK, libc::NLM_F_DUMP, &[0; 16]);
        links.attribute(IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes());
        let mut addresses = Request::new(libc::RTM_GETADDR, libc::NLM_F_DUMP, &[0; 8]);
        let mut each = |answer: Answer<'_>| _ = table.apply(answer);
        result = request
            .exchange(&mut links, &mut each)
            .and_then(|()| request.exchange(&mut addresses, &mut each))
            .map(|()| table);
        if !matches!(result, Err(Errno::EINTR)) {
            break;
        }
    }
    result
}

/// An interface's name as the kernel writes it, with a zero at the end.
fn name(value: &[u8]) -> Option<config::Interface> {
    let text = std::str::from_utf8(value.strip_suffix(&[0]).unwrap_or(value)).ok()?;
    config::Interface::try_from(text).ok()
}

const IFF_UP: u32 = 0x1;
const IFF_LOOPBACK: u32 = 0x8;
const IFF_RUNNING: u32 = 0x40;
const IFLA_EXT_MASK: u16 = 29;
const RTEXT_FILTER_SKIP_STATS: u32 = 8;
/// Enough to empty the monitor's queue.
const DISCARDS: usize = 4;
const DUMP_ATTEMPTS: usize = 5;

#[cfg(test)]
mod tests;

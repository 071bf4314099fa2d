//! Leased addresses: a virtual address is installed with a kernel lifetime and refreshed, so that
//! the kernel removes it when this program dies, hangs or freezes (DESIGN 8.2).
//!
//! Heads up: whoever asks must have read the clock before it decided, and hands in that reading
//! as `now` together with the clock: a process stopped between deciding and doing would otherwise
//! bring back, when it wakes, an address that another node has taken.

use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use twinbeat::config::{self, Config, Resource};
use twinbeat::time::{Duration, Instant};

use crate::interface::{Assigned, Interface, Interfaces, subnet};
use crate::netlink::Netlink;

mod change;
mod lease;
pub(crate) mod route;

/// Every virtual address of the configuration.
pub(crate) struct Addresses {
    netlink: Netlink,
    routes: route::Routes,
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
    /// Nothing was done: its interface is missing, or no route says which it should be.
    NoInterface,
    /// Nothing was done: `CAP_NET_ADMIN` is missing.
    Forbidden,
    /// It took too long: the address was installed and deleted again.
    Late,
    /// The kernel refused it.
    Refused(Errno),
}

impl Addresses {
    /// Changes nothing yet.
    pub(crate) fn open(config: &Config) -> Result<Self, Errno> {
        Self::for_resources(&config.resources, config.timing.lease)
    }

    fn for_resources(resources: &[Resource], lease: Duration) -> Result<Self, Errno> {
        let entries = change::entries(resources);
        Ok(Self {
            netlink: Netlink::open(&[])?,
            routes: route::Routes::open(entries.iter().map(Entry::address).collect())?,
            entries,
            lease,
        })
    }

    /// Removes every configured address that is not `known` from every interface, whatever its prefix
    /// length: what an earlier run left behind; how many there were. Call it before the first beat.
    pub(crate) fn remove_leftovers(
        &mut self,
        known: &[IpAddr],
        interfaces: &Interfaces,
    ) -> Result<usize, Errno> {
        let left = |entry: &Entry| {
            let mut all = interfaces.iter().flat_map(|i| &i.addresses);
            all.any(|found| found.address == entry.address())
        };
        if self.entries.iter().any(left) {
            // Their routes will be wanted again. Nothing depends on it.
            let _ = self.routes.learn(&mut self.netlink);
        }
        let mut removed = 0;
        let strange = |entry: &&Entry| !known.contains(&entry.address());
        for entry in self.entries.iter().filter(strange) {
            let address = entry.address();
            for interface in interfaces.iter() {
                for found in interface.addresses.iter().filter(|a| a.address == address) {
                    let mut request = lease::deletion(address, found.prefix, interface.index);
                    match self.netlink.order(&mut request) {
                        Ok(()) => removed += 1,
                        Err(error) if lease::is_absence(error) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            if let Some(prefix) = entry.wanted.prefix {
                route::remove_on_link(address, prefix, &mut self.netlink);
            }
        }
        Ok(removed)
    }

    /// Installs it, or puts it back, with a whole lease, and its routes with it; the index of its
    /// interface, for the announcer. After an error it is held if it was before.
    pub(crate) fn install(
        &mut self,
        now: Instant,
        id: AddressId,
        interfaces: &Interfaces,
        clock: &mut dyn FnMut() -> Instant,
    ) -> Result<u32, AddressError> {
        let index = self.place(id, interfaces)?;
        let entry = self.entries.get_mut(id.0).ok_or(AddressError::Unknown)?;
        let address = entry.address();
        if let Some(before) = entry.interface().filter(|before| *before != index) {
            // The interface was chosen by route, and the route is another now.
            let mut request = lease::deletion(address, route::full(address), before);
            let _ = self.netlink.order(&mut request);
        }
        lease::begin(
            &entry.wanted,
            index,
            self.lease,
            now,
            clock,
            &mut self.netlink,
        )?;
        let mut on_link = match entry.state {
            State::Held { on_link, .. } => on_link,
            State::Idle => OnLink::NotNeeded,
        };
        if let Some((prefix, interface)) = entry.lonely(interfaces.at(index)) {
            let route = route::add_on_link(address, prefix, interface.index, &mut self.netlink);
            on_link = match route {
                Ok(()) => OnLink::Ours,
                Err(_) if on_link == OnLink::Ours => OnLink::Ours,
                Err(_) => OnLink::Theirs,
            };
        }
        entry.state = State::Held {
            interface: index,
            refreshed_at: now,
            on_link,
        };
        let stale = |interface| interfaces.at(interface).is_none();
        self.routes
            .put_back(address, index, stale, &mut self.netlink);
        Ok(index)
    }

    /// Gives it a whole lease again: two system calls, no allocation. One that is not held is left
    /// alone. One that was deleted again for being [`AddressError::Late`] is still held: it
    /// vanished, and may be installed when the next turn allows it.
    pub(crate) fn refresh(
        &mut self,
        now: Instant,
        id: AddressId,
        clock: &mut dyn FnMut() -> Instant,
    ) -> Result<(), AddressError> {
        let entry = self.entries.get_mut(id.0).ok_or(AddressError::Unknown)?;
        let State::Held {
            interface,
            refreshed_at,
            ..
        } = &mut entry.state
        else {
            return Ok(());
        };
        lease::begin(
            &entry.wanted,
            *interface,
            self.lease,
            now,
            clock,
            &mut self.netlink,
        )?;
        *refreshed_at = now;
        Ok(())
    }

    /// Deletes it; it is no longer held, even after an error. Harmless when it is not there.
    pub(crate) fn remove(&mut self, id: AddressId) -> Result<(), AddressError> {
        let entry = self.entries.get_mut(id.0).ok_or(AddressError::Unknown)?;
        let State::Held {
            interface, on_link, ..
        } = entry.state
        else {
            return Ok(());
        };
        entry.state = State::Idle;
        let address = entry.address();
        let prefix = entry
            .wanted
            .prefix
            .filter(|_| on_link == OnLink::Ours && address.is_ipv6());
        let mut request = lease::deletion(address, route::full(address), interface);
        let result = match self.netlink.order(&mut request) {
            Err(error) if !lease::is_absence(error) => Err(AddressError::from(error)),
            _ => Ok(()),
        };
        if let Some(prefix) = prefix {
            // An IPv6 route stays when its address goes, and may serve another of ours.
            match self.entries.iter_mut().find(|e| e.shares(address, prefix)) {
                Some(Entry {
                    state: State::Held { on_link, .. },
                    ..
                }) => *on_link = OnLink::Ours,
                _ => route::remove_on_link(address, prefix, &mut self.netlink),
            }
        }
        result
    }

    /// From now on leases are this long: whole seconds, at least one.
    pub(crate) fn set_lease(&mut self, lease: Duration) {
        self.lease = lease;
    }

    /// Reads what became known of routes, when [`Self::as_fd`] is readable.
    pub(crate) fn update(&mut self) {
        self.routes.update();
    }

    /// The interface that an address belongs on: as written, or by its prefix, or by route.
    pub(crate) fn place(
        &mut self,
        id: AddressId,
        interfaces: &Interfaces,
    ) -> Result<u32, AddressError> {
        let entry = self.entries.get(id.0).ok_or(AddressError::Unknown)?;
        let address = entry.address();
        if let Some(name) = &entry.wanted.interface {
            let interface = interfaces.named(name).ok_or(AddressError::NoInterface)?;
            return Ok(interface.index);
        }
        if matches!(address, IpAddr::V6(address) if address.is_unicast_link_local()) {
            return Err(AddressError::NoInterface); // Every interface has that subnet.
        }
        let connected = |fits: &dyn Fn(u8) -> bool| {
            let mut best: Option<(bool, u8, u32)> = None;
            for interface in interfaces.iter().filter(|i| !i.loopback) {
                for a in &interface.addresses {
                    let lone = a.address == address || a.prefix == route::full(address);
                    let rank = Some((interface.up, a.prefix, u32::MAX - interface.index));
                    if !lone && a.covers(address) && fits(a.prefix) && rank > best {
                        best = rank;
                    }
                }
            }
            best.map(|(.., below_all)| u32::MAX - below_all)
        };
        let by_prefix = entry
            .wanted
            .prefix
            .and_then(|wanted| connected(&|prefix| prefix == wanted));
        by_prefix
            .or_else(|| {
                route::interface_toward(address, &mut self.netlink)
                    .filter(|index| interfaces.at(*index).is_some_and(|i| !i.loopback))
            })
            .or_else(|| connected(&|_| true))
            .ok_or(AddressError::NoInterface)
    }

    /// Held addresses that somebody took away (or the kernel, when a refresh came too late), or
    /// whose interface is another one now, or whose subnet has lost its route. Ask after every [`Interfaces::update`] that changed
    /// something; answer with [`Self::install`] and an announcement while they may be held.
    pub(crate) fn vanished<'a>(
        &'a self,
        interfaces: &'a Interfaces,
    ) -> impl Iterator<Item = AddressId> + 'a {
        let entries = self.entries.iter().enumerate();
        let vanished = entries.filter(|(_, entry)| {
            let address = entry.address();
            entry.interface().is_some_and(|index| {
                let interface = interfaces.at(index);
                interfaces.lost(address, index)
                    || interface.is_none()
                    || entry.needs_route() && entry.lonely(interface).is_some()
            })
        });
        vanished.map(|(place, _)| AddressId(place))
    }

    /// The address at a position of [`Config::resources`], if that resource is one.
    pub(crate) fn at(&self, resource: usize) -> Option<AddressId> {
        let place = self.entries.iter().position(|e| e.resource == resource)?;
        Some(AddressId(place))
    }

    /// The address itself.
    pub(crate) fn address(&self, id: AddressId) -> Option<IpAddr> {
        self.entries.get(id.0).map(Entry::address)
    }

    /// The interface it is on, while it is held.
    pub(crate) fn interface(&self, id: AddressId) -> Option<u32> {
        self.entries.get(id.0).and_then(Entry::interface)
    }

    /// When it was last installed or refreshed (the reading handed in), while it is held.
    pub(crate) fn refreshed_at(&self, id: AddressId) -> Option<Instant> {
        match self.entries.get(id.0)?.state {
            State::Held { refreshed_at, .. } => Some(refreshed_at),
            State::Idle => None,
        }
    }
}

impl AsFd for Addresses {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.routes.as_fd()
    }
}

struct Entry {
    resource: usize,
    wanted: config::Address,
    state: State,
}

enum State {
    Idle,
    Held {
        interface: u32,
        refreshed_at: Instant,
        on_link: OnLink,
    },
}

/// The on-link route of its subnet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnLink {
    /// Another address of the subnet has brought one.
    NotNeeded,
    /// There was one, or the kernel refuses it.
    Theirs,
    /// We have added it.
    Ours,
}

impl Entry {
    fn new(resource: usize, wanted: config::Address) -> Self {
        Self {
            resource,
            wanted,
            state: State::Idle,
        }
    }

    fn address(&self) -> IpAddr {
        self.wanted.address
    }

    fn interface(&self) -> Option<u32> {
        match self.state {
            State::Held { interface, .. } => Some(interface),
            State::Idle => None,
        }
    }

    fn needs_route(&self) -> bool {
        matches!(
            self.state,
            State::Held {
                on_link: OnLink::NotNeeded,
                ..
            }
        )
    }

    /// Its prefix and this interface, if no other address of its subnet is there, whose route
    /// would serve.
    fn lonely<'a>(&self, interface: Option<&'a Interface>) -> Option<(u8, &'a Interface)> {
        let (prefix, interface) = (self.wanted.prefix?, interface?);
        let (address, full) = (self.address(), route::full(self.address()));
        let serves = |a: &Assigned| a.address != address && a.prefix < full && a.covers(address);
        let alone = (1..full).contains(&prefix) && !interface.addresses.iter().any(serves);
        alone.then_some((prefix, interface))
    }

    /// Whether it is held and needs the same on-link route.
    fn shares(&self, address: IpAddr, prefix: u8) -> bool {
        self.interface().is_some()
            && self.wanted.prefix == Some(prefix)
            && subnet(self.address(), prefix) == subnet(address, prefix)
    }
}

impl From<Errno> for AddressError {
    fn from(error: Errno) -> Self {
        match error {
            Errno::EPERM | Errno::EACCES => Self::Forbidden,
            Errno::ENODEV | Errno::ENXIO => Self::NoInterface,
            other => Self::Refused(other),
        }
    }
}

#[cfg(test)]
mod tests;

//! The addresses this node should have: each is installed for the time of its lease, refreshed
//! while the core says that it may be held, let go when it may not, put back and announced when
//! it may again or when somebody took it away.

use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::rc::Rc;

use twinbeat::Node;
use twinbeat::config::{Config, lint};
use twinbeat::id::GroupId;
use twinbeat::time::{Duration, Instant};

use crate::address::{AddressError, AddressId, Addresses};
use crate::announce::{Announcer, Notice};
use crate::interface::Interfaces;
use crate::{clock, journal};

use super::network::Networks;
use super::place::{Place, State, away};
use super::rhythm::Rhythm;

mod change;

/// Until an address that could not be put back is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Between two lines about conflicts.
const CONFLICT_LINE: Duration = Duration::from_secs(10);

/// Every virtual address of every group.
pub(crate) struct Holding {
    config: Rc<Config>,
    addresses: Addresses,
    announcer: Announcer,
    places: Vec<Place>,
    networks: Networks,
    rhythm: Rhythm,
    shortest_deadtime: Duration,
    conflict_line_at: Instant,
}

impl Holding {
    /// Nothing is wanted yet.
    pub(crate) fn new(config: &Rc<Config>, addresses: Addresses, announcer: Announcer) -> Self {
        let places = change::places(config, &addresses);
        Self {
            config: Rc::clone(config),
            addresses,
            announcer,
            places,
            networks: Networks::new(config),
            rhythm: Rhythm::new(config.timing.keepalive, config.timing.lease),
            shortest_deadtime: config.timing.deadtime,
            conflict_line_at: Instant::default(),
        }
    }

    /// Installs and announces the address at this position of the group, or does what else is
    /// built in there; `false` if that cannot be done, `true` too if there is nothing.
    pub(crate) fn take(
        &mut self,
        now: Instant,
        group: GroupId,
        position: usize,
        interfaces: &Interfaces,
    ) -> bool {
        let Some(place) = self.place_at(group, position) else {
            let Self {
                networks,
                announcer,
                ..
            } = self;
            return networks.take(now, group, position, interfaces, announcer);
        };
        match self.install(now, place, interfaces) {
            Ok(()) => true,
            // This turn took too long: the next one puts it there, if it still may.
            Err(AddressError::Late) => true,
            Err(error) => {
                self.complain(place, error);
                self.places[place].state = State::Unwanted;
                false
            }
        }
    }

    /// Deletes the address at this position of the group, or undoes what else is built in there.
    pub(crate) fn give_up(&mut self, group: GroupId, position: usize) {
        if let Some(place) = self.place_at(group, position) {
            if self.places[place].state != State::Unwanted {
                self.remove(place);
            }
            self.places[place].state = State::Unwanted;
        }
        self.networks.give_up(group, position, &mut self.announcer);
    }

    /// Why the address at this position is not there although it should be.
    pub(super) fn trouble(&self, group: GroupId, position: usize) -> Option<&'static str> {
        match self.places[self.place_at(group, position)?].state {
            State::Away { .. } => Some("missing"),
            State::Suspended => Some("let go"),
            State::Unwanted | State::Held => None,
        }
    }

    /// Announces the addresses of a group again.
    pub(crate) fn announce(&mut self, now: Instant, group: GroupId, interfaces: &Interfaces) {
        for place in self.places.iter().filter(|place| place.group == group) {
            if let (Some(address), Some(interface)) = (
                self.addresses.address(place.id),
                self.addresses.interface(place.id),
            ) {
                self.announcer.announce(now, address, interface, interfaces);
            }
        }
        let of_group = |_, other| other == group;
        self.networks
            .announce(now, &of_group, interfaces, &mut self.announcer);
    }

    /// Asks the network for the addresses of a group; of how many there will be an answer.
    pub(crate) fn probe(&mut self, now: Instant, group: GroupId, interfaces: &Interfaces) -> usize {
        let mut asked = 0;
        for place in self.places.iter().filter(|place| place.group == group) {
            if let (Some(address), Ok(interface)) = (
                self.addresses.address(place.id),
                self.addresses.place(place.id, interfaces),
            ) {
                self.announcer.probe(now, address, interface, interfaces);
                asked += 1;
            }
        }
        asked
    }

    /// Does what is due on the network, or reads what it said (`heard`); the next answer to
    /// [`Self::probe`]: whose address it was, and whether another machine has it.
    pub(crate) fn poll_probed(&mut self, now: Instant, heard: bool) -> Option<(GroupId, bool)> {
        if !heard && now < self.announcer.deadline() {
            return None;
        }
        while let Some(notice) = self.announcer.poll_notice(now) {
            match notice {
                Notice::Conflict { address, mac } => {
                    if now >= self.conflict_line_at {
                        self.conflict_line_at = now.after(CONFLICT_LINE);
                        journal::warn(format_args!(
                            "{address}: {} uses it too; announcing it again",
                            journal::hardware(mac)
                        ));
                    }
                }
                Notice::Probed { address, occupied } => {
                    let place = self
                        .places
                        .iter()
                        .find(|place| self.addresses.address(place.id) == Some(address));
                    if let Some(mac) = occupied {
                        journal::warn(format_args!(
                            "{address}: {} answers for it",
                            journal::hardware(mac)
                        ));
                    }
                    if let Some(place) = place {
                        return Some((place.group, occupied.is_some()));
                    }
                }
            }
        }
        None
    }

    /// Deletes every address that may not be held, before anything else is done in a late turn.
    pub(crate) fn let_go(&mut self, now: Instant, node: &Node) {
        for place in 0..self.places.len() {
            let Place { group, state, .. } = self.places[place];
            match state {
                State::Unwanted | State::Suspended => {}
                State::Held | State::Away { .. } if node.may_hold(now, group) => {}
                State::Held | State::Away { .. } => {
                    self.remove(place);
                    self.places[place].state = State::Suspended;
                }
            }
        }
    }

    /// In a turn that is on time: lets go what may not be held, puts back what may, refreshes what
    /// is due. `beat` says that a frame has just left.
    pub(crate) fn keep_up(
        &mut self,
        now: Instant,
        node: &Node,
        beat: bool,
        interfaces: &Interfaces,
    ) {
        if self.shortest_deadtime != node.shortest_deadtime() {
            self.on_deadtime(node.shortest_deadtime());
        }
        self.let_go(now, node);
        let refresh_above = self.rhythm.next_refresh(now, beat);
        for place in 0..self.places.len() {
            let Place {
                id, group, state, ..
            } = self.places[place];
            match state {
                State::Unwanted => {}
                State::Suspended if node.may_hold(now, group) => {
                    self.put_back(now, place, interfaces)
                }
                State::Suspended => {}
                State::Away { retry_at, .. } if retry_at <= now => {
                    self.put_back(now, place, interfaces)
                }
                State::Away { .. } => {}
                State::Held if refresh_above.is_some_and(|age| self.is_older(now, id, age)) => {
                    if let Err(error) = self.addresses.refresh(now, id, &mut clock::now) {
                        self.complain(place, error);
                        self.places[place].state = away(now);
                    }
                }
                State::Held => {}
            }
        }
    }

    /// After a change of interfaces or their addresses: what somebody took away is put back by the
    /// next [`Self::keep_up`], which should follow in the same turn.
    pub(crate) fn on_interfaces(&mut self, now: Instant, interfaces: &Interfaces) {
        self.announcer.learn(now, interfaces);
        self.networks.put_back(interfaces);
        let Self {
            places, addresses, ..
        } = self;
        for id in addresses.vanished(interfaces) {
            for place in places.iter_mut().filter(|place| place.id == id) {
                if place.state == State::Held {
                    place.state = away(now);
                }
            }
        }
        // An interface that has come back is worth a try at once.
        for place in places {
            if let State::Away { retry_at, .. } = &mut place.state {
                *retry_at = now;
            }
        }
    }

    /// Learns of routes; when the first of [`Self::descriptors`] is readable.
    pub(crate) fn on_routes(&mut self) {
        self.addresses.update();
    }

    /// Deletes everything, wanted or not: the end.
    pub(crate) fn drop_all(&mut self) {
        for place in 0..self.places.len() {
            if self.places[place].state != State::Unwanted {
                self.remove(place);
                self.places[place].state = State::Unwanted;
            }
        }
        self.networks.drop_all(&mut self.announcer);
    }

    /// When something is due though nothing is heard.
    pub(crate) fn deadline(&self) -> Instant {
        let mut deadline = self.announcer.deadline();
        for place in &self.places {
            match place.state {
                State::Held => deadline = deadline.min(self.rhythm.deadline()),
                State::Away { retry_at, .. } => deadline = deadline.min(retry_at),
                State::Unwanted | State::Suspended => {}
            }
        }
        deadline
    }

    /// What to wait for: routes, then what the network says (none: -1).
    pub(crate) fn descriptors(&self) -> [RawFd; 3] {
        let [four, six] = self.announcer.descriptors();
        [self.addresses.as_fd().as_raw_fd(), four, six]
    }

    /// A peer was started with another deadtime: the lease must have ended when it takes over.
    fn on_deadtime(&mut self, deadtime: Duration) {
        self.shortest_deadtime = deadtime;
        let timing = self.config.timing;
        let (longest, _) = lint::longest_lease(timing.keepalive, deadtime);
        let lease = timing.lease.min(longest);
        if lease != self.rhythm.lease() {
            journal::info(format_args!(
                "leases are {lease} from now on: a node's deadtime is {deadtime}"
            ));
            self.addresses.set_lease(lease);
            self.rhythm = Rhythm::new(timing.keepalive, lease);
        }
    }

    fn place_at(&self, group: GroupId, position: usize) -> Option<usize> {
        self.places
            .iter()
            .position(|place| place.group == group && place.position == position)
    }

    fn put_back(&mut self, now: Instant, place: usize, interfaces: &Interfaces) {
        let was_told = matches!(self.places[place].state, State::Away { told: true, .. });
        if let Err(error) = self.install(now, place, interfaces) {
            if !was_told {
                self.complain(place, error);
            }
            if let State::Away { told, .. } = &mut self.places[place].state {
                *told = true;
            }
        }
    }

    fn is_older(&self, now: Instant, id: AddressId, age: Duration) -> bool {
        self.addresses
            .refreshed_at(id)
            .is_some_and(|at| now.since(at) >= age)
    }

    /// Its state is [`State::Held`] or [`State::Away`] afterwards.
    fn install(
        &mut self,
        now: Instant,
        place: usize,
        interfaces: &Interfaces,
    ) -> Result<(), AddressError> {
        let id = self.places[place].id;
        let installed = self.addresses.install(now, id, interfaces, &mut clock::now);
        self.places[place].state = match &installed {
            Ok(_) => State::Held,
            Err(AddressError::Late) => away(now),
            Err(_) => away(now.after(RETRY)),
        };
        let index = installed?;
        if let Some(address) = self.addresses.address(id) {
            self.announcer.announce(now, address, index, interfaces);
            self.networks.announce(
                now,
                &|also, _| also == address,
                interfaces,
                &mut self.announcer,
            );
            let name = interfaces.at(index).map_or("?", |i| i.name.as_str());
            journal::info(format_args!("address {address} is on {name}"));
        }
        Ok(())
    }

    fn remove(&mut self, place: usize) {
        let id = self.places[place].id;
        let was_there = self.addresses.interface(id).is_some();
        if let Err(error) = self.addresses.remove(id) {
            self.complain(place, error);
        }
        if let Some(address) = self.addresses.address(id) {
            self.announcer.release(address);
            if was_there {
                journal::info(format_args!("address {address} is removed"));
            }
        }
    }

    fn complain(&self, place: usize, error: AddressError) {
        let Place { id, group, .. } = self.places[place];
        let group = self.config.group_key(group);
        let what = journal::address_error(error);
        match self.addresses.address(id) {
            Some(address) => {
                journal::error(format_args!("group {group}: address {address}: {what}"))
            }
            None => journal::error(format_args!("group {group}: {what}")),
        }
    }
}

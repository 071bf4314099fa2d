//! What is built in besides addresses: routes, a preferred source, interfaces, announcements.
//! Nothing of it has a lease: on a node that dies it stays, unless it goes with an address that it
//! has as its source. What an earlier run left behind is undone before the first beat, or, where
//! scripts of the group may run on, when they are known not to.

use std::net::IpAddr;
use std::rc::Rc;

use nix::errno::Errno;
use nix::libc;
use twinbeat::config::{Change, Config, Network, Origin, Resource, Route};
use twinbeat::id::GroupId;
use twinbeat::time::Instant;

use super::route;
use crate::announce::Announcer;
use crate::interface::Interfaces;
use crate::journal;
use crate::netlink::Request;

/// All of it, of every group.
pub(super) struct Networks {
    config: Rc<Config>,
    places: Vec<Place>,
}

struct Place {
    group: GroupId,
    position: usize,
    held: bool,
    /// How its routes are made.
    routes: Vec<Request>,
}

impl Networks {
    /// Undoes what may have been left behind of groups without scripts.
    pub(super) fn new(config: &Rc<Config>) -> Self {
        let networks = Self {
            config: Rc::clone(config),
            places: places(config),
        };
        networks.clear_all(&|_| true);
        networks
    }

    /// Takes up another configuration: what stays is left alone, and what is new is undone where it
    /// may have been left behind.
    pub(super) fn reconfigure(&mut self, config: &Rc<Config>, change: &Change<'_>) {
        self.config = Rc::clone(config);
        let mut old = std::mem::replace(&mut self.places, places(config));
        for place in &mut self.places {
            if let Origin::Kept(from) = change.origin(place.group) {
                let is_same =
                    |one: &&mut Place| (one.group, one.position) == (from, place.position);
                if let Some(one) = old.iter_mut().find(is_same) {
                    place.held = one.held;
                    place.routes = std::mem::take(&mut one.routes);
                }
            }
        }
        self.clear_all(&|group| !matches!(change.origin(group), Origin::Kept(_)));
    }

    fn clear_all(&self, which: &dyn Fn(GroupId) -> bool) {
        let is_called = |resource: &Resource| matches!(resource, Resource::Script(_));
        for place in self.places.iter().filter(|place| which(place.group)) {
            let all = self.config.group_resources(place.group);
            if !all.iter().any(is_called) {
                self.clear(place.group, place.position);
            }
        }
    }

    /// Does what stands at this position; `false` if that cannot be done, `true` too if nothing
    /// stands there.
    pub(super) fn take(
        &mut self,
        now: Instant,
        group: GroupId,
        position: usize,
        interfaces: &Interfaces,
        announcer: &mut Announcer,
    ) -> bool {
        let Self { config, places } = self;
        let Some((place, text, network)) = at(config, places, group, position) else {
            return true;
        };
        let done = match network {
            Network::Announced { address, interface } => match interfaces.named(interface) {
                Some(interface) => {
                    announcer.announce_also(now, *address, interface.index, interfaces);
                    Ok(())
                }
                None => Err(Errno::ENODEV),
            },
            Network::Source(source) => route::defaults_from(*source).and_then(|routes| {
                place.routes = routes;
                place.add_routes()
            }),
            Network::Route(wanted) => place.add_route(wanted),
            Network::Link(name) => set(name, true),
        };
        place.held = true;
        let (key, word) = (config.group_key(group), text);
        match done {
            Ok(()) => journal::info(format_args!("group {key}: {word}")),
            Err(error) => {
                journal::error(format_args!(
                    "group {key}: {word}: {}",
                    journal::errno(error)
                ));
                self.give_up(group, position, announcer);
            }
        }
        done.is_ok()
    }

    /// Undoes it.
    pub(super) fn give_up(&mut self, group: GroupId, position: usize, announcer: &mut Announcer) {
        if let Some((place, text, network)) = at(&self.config, &mut self.places, group, position) {
            if let Network::Announced { address, .. } = network {
                announcer.release_also(*address);
            }
            if std::mem::take(&mut place.held) {
                journal::info(format_args!(
                    "group {}: {text} no more",
                    self.config.group_key(group)
                ));
            }
            place.routes = Vec::new();
            self.clear(group, position);
        }
    }

    /// Undoes it though it was not done in this run.
    pub(super) fn clear(&self, group: GroupId, position: usize) {
        let resource = self.config.group_resources(group).get(position);
        let Some(Resource::Network(_, network)) = resource else {
            return;
        };
        match network {
            Network::Announced { .. } => {}
            Network::Source(source) => route::remove_defaults_from(*source),
            Network::Route(wanted) => route::remove(wanted),
            Network::Link(name) => _ = set(name, false),
        }
    }

    /// Announces those for which `which` says so.
    pub(super) fn announce(
        &self,
        now: Instant,
        which: &dyn Fn(IpAddr, GroupId) -> bool,
        interfaces: &Interfaces,
        announcer: &mut Announcer,
    ) {
        for place in self.places.iter().filter(|place| place.held) {
            let resources = self.config.group_resources(place.group);
            if let Some(Resource::Network(_, Network::Announced { address, interface })) =
                resources.get(place.position)
                && which(*address, place.group)
                && let Some(interface) = interfaces.named(interface)
            {
                announcer.announce_also(now, *address, interface.index, interfaces);
            }
        }
    }

    /// After a change of interfaces or addresses: what went with them comes back with them.
    pub(super) fn put_back(&mut self, interfaces: &Interfaces) {
        for place in self.places.iter_mut().filter(|place| place.held) {
            let resources = self.config.group_resources(place.group);
            let Some(Resource::Network(_, network)) = resources.get(place.position) else {
                continue;
            };
            match network {
                Network::Announced { .. } => {}
                Network::Link(name) => {
                    if interfaces.named(name).is_some_and(|found| !found.up) {
                        let _ = set(name, true);
                    }
                }
                Network::Source(_) => _ = place.add_routes(),
                Network::Route(wanted) => _ = place.add_route(wanted),
            }
        }
    }

    /// Undoes everything: the end.
    pub(super) fn drop_all(&mut self, announcer: &mut Announcer) {
        for index in (0..self.places.len()).rev() {
            let Place {
                group,
                position,
                held,
                ..
            } = self.places[index];
            if held {
                self.give_up(group, position, announcer);
            }
        }
    }
}

impl Place {
    /// Its interface may be another than before.
    #[inline(never)]
    fn add_route(&mut self, wanted: &Route) -> Result<(), Errno> {
        self.routes = vec![route::addition(wanted)?];
        self.add_routes()
    }

    /// All that can be; how the first failed that could not.
    fn add_routes(&mut self) -> Result<(), Errno> {
        let mut done = Ok(());
        for route in &mut self.routes {
            done = done.and(route::add(route));
        }
        done
    }
}

fn places(config: &Config) -> Vec<Place> {
    let mut places = Vec::new();
    for group in config.group_ids() {
        for (position, resource) in config.group_resources(group).iter().enumerate() {
            if matches!(resource, Resource::Network(..)) {
                places.push(Place {
                    group,
                    position,
                    held: false,
                    routes: Vec::new(),
                });
            }
        }
    }
    places
}

fn at<'a>(
    config: &'a Config,
    places: &'a mut [Place],
    group: GroupId,
    position: usize,
) -> Option<(&'a mut Place, &'a str, &'a Network)> {
    let Resource::Network(text, network) = config.group_resources(group).get(position)? else {
        return None;
    };
    let mut all = places.iter_mut();
    let place = all.find(|place| place.group == group && place.position == position)?;
    Some((place, config.text(*text), network))
}

/// Sets an interface up or down, by its name: it may be another than a moment ago.
#[inline(never)]
fn set(name: &str, up: bool) -> Result<(), Errno> {
    // `struct ifinfomsg`: flags, and which of them are meant.
    let mut fixed = [0; 16];
    let flags = if up { IFF_UP } else { 0 };
    fixed[8..12].copy_from_slice(&flags.to_ne_bytes());
    fixed[12..].copy_from_slice(&IFF_UP.to_ne_bytes());
    let mut request = Request::new(libc::RTM_NEWLINK, libc::NLM_F_ACK, &fixed);
    request.attribute(libc::IFLA_IFNAME, &[name.as_bytes(), &[0]].concat());
    route::ask(&mut request)
}

const IFF_UP: u32 = 1;

//! Another configuration is taken up: what is held stays held, and its lease goes on.

use std::rc::Rc;

use twinbeat::config::{Change, Config, Origin};
use twinbeat::time::Duration;

use super::{Holding, Place, Rhythm, State};
use crate::address::Addresses;
use crate::interface::Interfaces;

impl Holding {
    /// Groups that are no more, or others, hold nothing by now.
    pub(crate) fn reconfigure(
        &mut self,
        config: &Rc<Config>,
        change: &Change<'_>,
        interfaces: &Interfaces,
    ) {
        self.addresses.reconfigure(config, interfaces);
        let old = std::mem::replace(&mut self.places, places(config, &self.addresses));
        for place in &mut self.places {
            if let Origin::Kept(from) = change.origin(place.group) {
                let is_same = |one: &&Place| (one.group, one.position) == (from, place.position);
                place.state = old
                    .iter()
                    .find(is_same)
                    .map_or(place.state, |one| one.state);
            }
        }
        self.networks.reconfigure(config, change);
        self.config = Rc::clone(config);
        if change.old.timing != config.timing {
            let timing = config.timing;
            self.addresses.set_lease(timing.lease);
            self.rhythm = Rhythm::new(timing.keepalive, timing.lease);
            // Before anything is refreshed it is compared with what peers allow.
            self.shortest_deadtime = Duration::ZERO;
        }
    }
}

/// Every address of every group, none of them wanted.
pub(super) fn places(config: &Config, addresses: &Addresses) -> Vec<Place> {
    let mut places = Vec::new();
    for (group, entry) in config.group_ids().zip(&config.groups) {
        for (position, resource) in entry.resources.clone().enumerate() {
            if let Some(id) = addresses.at(resource.into()) {
                places.push(Place {
                    id,
                    group,
                    position,
                    state: State::Unwanted,
                });
            }
        }
    }
    places
}

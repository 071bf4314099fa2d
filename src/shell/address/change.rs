//! Another configuration is taken up: what is held stays held.

use std::net::IpAddr;

use twinbeat::config::{Config, Resource};

use super::{Addresses, Entry};
use crate::interface::Interfaces;
use crate::journal;

impl Addresses {
    /// Addresses that are in both configurations are left as they are, those that only the new one
    /// has are removed where an earlier run left them. What only the old one has is not held any more.
    pub(crate) fn reconfigure(&mut self, config: &Config, interfaces: &Interfaces) {
        let known: Vec<IpAddr> = self.entries.iter().map(Entry::address).collect();
        let mut old = std::mem::replace(&mut self.entries, entries(&config.resources));
        for entry in &mut self.entries {
            let same = old.iter_mut().find(|one| one.wanted == entry.wanted);
            if let Some(one) = same {
                std::mem::swap(&mut entry.state, &mut one.state);
            }
        }
        let sources = self.entries.iter().map(Entry::address).collect();
        let done = self.routes.follow(sources);
        let done = done.and_then(|()| self.remove_leftovers(&known, interfaces));
        if let Err(error) = done {
            journal::warn(format_args!("addresses: {}", journal::errno(error)));
        }
    }
}

/// One for each address among the resources.
pub(super) fn entries(resources: &[Resource]) -> Vec<Entry> {
    let all = resources.iter().enumerate();
    all.filter_map(|(resource, what)| match what {
        Resource::Address(wanted) => Some(Entry::new(resource, wanted.clone())),
        Resource::Network(..) | Resource::Script(_) => None,
    })
    .collect()
}

//! From the configuration that runs to the one that the files say now: what stays, under which
//! number it stood before, and what a program that runs cannot take up.

use super::{Config, Key, Link, Medium, Resource, Text};
use crate::id::{GroupId, GroupSet, LinkId, NodeId, PerGroup, PerLink};

/// Two configurations of one node, compared.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// The one that runs.
    pub old: &'a Config,
    /// The one that is to be taken up.
    pub new: &'a Config,
    groups: PerGroup<Origin>,
    links: PerLink<Option<LinkId>>,
}

/// Where a group of the new configuration comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was not there before.
    New,
    /// It was: the same key and the same resources. Its home and its options may be others.
    Kept(GroupId),
    /// One of this key was, with other resources.
    Changed(GroupId),
}

/// Why a configuration is not taken up while the program runs. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The nodes, their order, or which of them this is.
    Nodes,
    /// `cluster`.
    Cluster,
    /// `protocol`.
    Dialect,
    /// `rundir`.
    Rundir,
    /// `statedir`.
    Statedir,
    /// The lines of `respawn`, or their order.
    Respawn,
    /// The key of this number has another secret or method: peers that still have the old one would
    /// not be understood, nor understand.
    Key(u8),
    /// A live peer still signs with this key, which is no longer there.
    KeyInUse(NodeId, u8),
    /// No link stays by which a live peer is heard.
    Unlinked(NodeId),
    /// The digest of its groups is by chance that of the present ones, so that peers could not tell
    /// them apart.
    Alike,
    /// This group is to go or to change, and did not stop.
    Stuck(GroupId),
}

impl<'a> Change<'a> {
    /// Compares them.
    pub fn between(old: &'a Config, new: &'a Config) -> Result<Self, Refusal> {
        if old.me != new.me {
            return Err(Refusal::Nodes);
        }
        for (one, other, refusal) in [
            (&*old.nodes, &*new.nodes, Refusal::Nodes),
            (&[old.cluster], &[new.cluster], Refusal::Cluster),
            (&[old.rundir], &[new.rundir], Refusal::Rundir),
            (&[old.statedir], &[new.statedir], Refusal::Statedir),
        ] {
            if !are_same(old, one, new, other) {
                return Err(refusal);
            }
        }
        if old.dialect != new.dialect {
            return Err(Refusal::Dialect);
        }
        let mut companions = old.companions.iter().zip(&new.companions);
        if old.companions.len() != new.companions.len()
            || !companions.all(|(one, other)| {
                let other = [other.user, other.command];
                are_same(old, &[one.user, one.command], new, &other)
            })
        {
            return Err(Refusal::Respawn);
        }
        for key in &new.keys.keys {
            let is_other = |before: &&Key| before.number == key.number && *before != key;
            if old.keys.keys.iter().any(|before| is_other(&before)) {
                return Err(Refusal::Key(key.number));
            }
        }
        let mut groups = PerGroup::of(Origin::New);
        for id in new.group_ids() {
            let key = new.group_key(id);
            if let Some(from) = old.group_ids().find(|from| old.group_key(*from) == key) {
                *groups.at_mut(id) = if has_same_resources(old, from, new, id) {
                    Origin::Kept(from)
                } else {
                    Origin::Changed(from)
                };
            }
        }
        let mut links = PerLink::of(None);
        for (link, id) in new.links.iter().zip(new.link_ids()) {
            let mut before = old.links.iter().zip(old.link_ids());
            let found = before.find(|(one, _)| is_same_link(old, one, new, link));
            *links.at_mut(id) = found.map(|(_, from)| from);
        }
        Ok(Self {
            old,
            new,
            groups,
            links,
        })
    }

    /// Where a group of the new configuration comes from.
    pub fn origin(&self, group: GroupId) -> Origin {
        *self.groups.at(group)
    }

    /// Which link of the old configuration a link of the new one is.
    pub fn link(&self, link: LinkId) -> Option<LinkId> {
        *self.links.at(link)
    }

    /// Groups of the old configuration that are to be stopped: they go, or their resources change.
    pub fn stopped(&self) -> GroupSet {
        let kept = |id: &GroupId| {
            let mut new = self.new.group_ids();
            new.any(|to| self.origin(to) == Origin::Kept(*id))
        };
        let gone = self.old.group_ids().filter(|id| !kept(id));
        gone.fold(GroupSet::EMPTY, GroupSet::with)
    }

    /// Where the groups of a set are in the new configuration; what went is left out.
    pub fn carried(&self, set: GroupSet) -> GroupSet {
        let is_carried = |to: &GroupId| match self.origin(*to) {
            Origin::Kept(from) | Origin::Changed(from) => set.contains(from),
            Origin::New => false,
        };
        let carried = self.new.group_ids().filter(is_carried);
        carried.fold(GroupSet::EMPTY, GroupSet::with)
    }

    /// What is known of each link, under its new number.
    pub fn links_of<T: Copy>(&self, old: &PerLink<T>, fresh: T) -> PerLink<T> {
        let mut all = PerLink::of(fresh);
        for (id, place) in all.iter_mut() {
            if let Some(from) = self.link(id) {
                *place = *old.at(from);
            }
        }
        all
    }

    /// Whether every group has its old number and resources, and none came.
    pub fn keeps_groups(&self) -> bool {
        self.old.groups.len() == self.new.groups.len()
            && (self.new.group_ids()).all(|id| self.origin(id) == Origin::Kept(id))
    }

    /// The same for links.
    pub fn keeps_links(&self) -> bool {
        self.old.links.len() == self.new.links.len()
            && self.new.link_ids().all(|id| self.link(id) == Some(id))
    }
}

/// Whether two lists are of the same words.
#[inline(never)]
fn are_same(old: &Config, before: &[Text], new: &Config, after: &[Text]) -> bool {
    let mut pairs = before.iter().zip(after);
    before.len() == after.len() && pairs.all(|(one, other)| old.text(*one) == new.text(*other))
}

fn has_same_resources(old: &Config, from: GroupId, new: &Config, to: GroupId) -> bool {
    let (before, after) = (old.group_resources(from), new.group_resources(to));
    before.len() == after.len()
        && before.iter().zip(after).all(|pair| match pair {
            (Resource::Address(one), Resource::Address(other)) => one == other,
            (
                Resource::Script(one) | Resource::Network(one, _),
                Resource::Script(other) | Resource::Network(other, _),
            ) => are_same(old, &[*one], new, &[*other]),
            (Resource::Address(_), Resource::Script(_) | Resource::Network(..))
            | (Resource::Script(_) | Resource::Network(..), Resource::Address(_)) => false,
        })
}

fn is_same_link(old: &Config, before: &Link, new: &Config, after: &Link) -> bool {
    let same = match (&before.medium, &after.medium) {
        (
            Medium::Serial {
                device: one,
                baud,
                rtscts,
            },
            Medium::Serial {
                device: other,
                baud: rate,
                rtscts: wires,
            },
        ) => are_same(old, &[*one], new, &[*other]) && (baud, rtscts) == (rate, wires),
        (one, other) => one == other,
    };
    same && (&before.interface, before.port) == (&after.interface, after.port)
}

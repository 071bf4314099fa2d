//! What the files of one machine say of groups and keys. Everything here counts groups as
//! [`Settings`] does; a node counts those that its own files have, from the top.

use twinbeat::action::{Action, Command, Event, Kept, Selection};
use twinbeat::config::{Config, Key, Method, Resource, Text};
use twinbeat::id::{GroupId, GroupSet};
use twinbeat::time::Instant;

use super::machine::{Arrival, Machine};
use super::reload::{View, Views};
use super::settings::Settings;

/// `haresources` and `authkeys`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Groups in the order of their lines.
    pub(crate) groups: Vec<usize>,
    /// Those that have one resource more.
    pub(crate) longer: Vec<usize>,
    /// Numbers of the keys, and which of them signs.
    pub(crate) keys: Vec<u8>,
    pub(crate) signing: u8,
    /// In place of those of the settings.
    pub(crate) keepalive: Option<u64>,
    pub(crate) deadtime: Option<u64>,
}

impl Plan {
    /// Everything, in the order of the settings.
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            groups: (0..settings.groups.len()).collect(),
            longer: Vec::new(),
            keys: vec![1],
            signing: 1,
            keepalive: None,
            deadtime: None,
        }
    }

    /// The parsed configuration of one node.
    pub(crate) fn config(&self, settings: &Settings, me: usize) -> Config {
        let mut chosen = settings.clone();
        chosen.keepalive = self.keepalive.unwrap_or(settings.keepalive);
        chosen.deadtime = self.deadtime.unwrap_or(settings.deadtime);
        chosen.groups = (self.groups.iter())
            .map(|group| settings.groups[*group].clone())
            .collect();
        // What is not there is not waited for.
        let place = |other: usize| self.groups.iter().position(|one| *one == other);
        for group in &mut chosen.groups {
            group.after = group.after.and_then(place);
            group.with = group.with.and_then(place);
        }
        let mut config = chosen.config(me);
        for (place, group) in self.groups.iter().enumerate().rev() {
            if self.longer.contains(group) {
                lengthen(&mut config, place);
            }
        }
        config.keys.keys = (self.keys.iter())
            .map(|number| Key {
                number: *number,
                method: Method::Sha1,
                secret: heapless::Vec::from_slice(&[*number; 20]).unwrap(),
            })
            .collect();
        config.keys.signing = self.signing;
        config
    }
}

/// One resource more behind those of a group: something built in, done at once.
fn lengthen(config: &mut Config, place: usize) {
    let word = format!("SendArp::10.9.9.{place}");
    let text = Text {
        start: u16::try_from(config.arena.len()).unwrap(),
        len: u16::try_from(word.len()).unwrap(),
    };
    config.arena.push_str(&word).unwrap();
    let network = twinbeat::config::Network::Source("10.9.9.9".parse().unwrap());
    let end = usize::from(config.groups[place].resources.end);
    let resource = Resource::Network(text, network);
    config.resources.insert(end, resource).unwrap();
    config.groups[place].resources.end += 1;
    for group in &mut config.groups[place + 1..] {
        group.resources.start += 1;
        group.resources.end += 1;
    }
}

impl Machine {
    /// The node's number of a group, if its configuration has it.
    pub(crate) fn local(&self, group: GroupId) -> Option<GroupId> {
        let mut all = self.plan.groups.iter();
        GroupId::new(all.position(|one| *one == group.index())?)
    }

    /// The group of a number of the node's.
    pub(crate) fn world(&self, group: GroupId) -> GroupId {
        GroupId::new(self.plan.groups[group.index()]).unwrap()
    }

    pub(crate) fn world_set(&self, groups: GroupSet) -> GroupSet {
        let all = groups.iter().map(|group| self.world(group));
        all.fold(GroupSet::EMPTY, GroupSet::with)
    }

    pub(crate) fn local_set(&self, groups: GroupSet) -> GroupSet {
        let all = groups.iter().filter_map(|group| self.local(group));
        all.fold(GroupSet::EMPTY, GroupSet::with)
    }

    /// What arrives in the node's own numbers; nothing if it is about a group that it does not have.
    pub(crate) fn localized(&self, arrival: &Arrival) -> Option<Arrival> {
        let chosen = |which| match which {
            Selection::Group(group) => self.local(group).map(Selection::Group),
            Selection::All | Selection::Local | Selection::Foreign => Some(which),
        };
        Some(match arrival {
            Arrival::Done(group, outcome) => Arrival::Done(self.local(*group)?, *outcome),
            Arrival::Died(group) => Arrival::Died(self.local(*group)?),
            Arrival::Command(command) => Arrival::Command(match *command {
                Command::Standby(which) => Command::Standby(chosen(which)?),
                Command::Takeover(which) => Command::Takeover(chosen(which)?),
                Command::Clear(which) => Command::Clear(chosen(which)?),
                Command::Force(which) => Command::Force(chosen(which)?),
                Command::Unmove(which) => Command::Unmove(chosen(which)?),
                Command::Keep(Some(which)) => Command::Keep(Some(chosen(which)?)),
                Command::Move { group, to } => Command::Move {
                    group: self.local(group)?,
                    to,
                },
                other => other,
            }),
            other => other.clone(),
        })
    }

    /// What the node wants done, in the numbers of the world.
    pub(crate) fn worldly(&self, action: Action) -> Action {
        match action {
            Action::Check(group) => Action::Check(self.world(group)),
            Action::Start { group, probe } => Action::Start {
                group: self.world(group),
                probe,
            },
            Action::Restart(group) => Action::Restart(self.world(group)),
            Action::Stop(group) => Action::Stop(self.world(group)),
            Action::Announce(group) => Action::Announce(self.world(group)),
            Action::Remember(kept) => Action::Remember(Kept {
                standby: self.world_set(kept.standby),
                ..kept
            }),
            Action::Exit | Action::Fence(_) => action,
        }
    }

    /// What the node tells, in the numbers of the world.
    pub(crate) fn told(&self, event: Event) -> Event {
        match event {
            Event::Group {
                group,
                state,
                reason,
            } => Event::Group {
                group: self.world(group),
                state,
                reason,
            },
            Event::Requested { group, by, agreed } => Event::Requested {
                group: self.world(group),
                by,
                agreed,
            },
            other => other,
        }
    }

    /// A group as the node has it.
    pub(crate) fn view(&self, now: Instant, group: GroupId) -> Option<View> {
        let (node, local) = (self.node.as_ref()?, self.local(group)?);
        let (state, epoch, standby) = node.stance(local);
        Some((state, epoch, standby, node.may_hold(now, local)))
    }

    /// Every group.
    pub(crate) fn clone_views(&self, now: Instant) -> Views {
        let groups = GroupId::first(self.groups.len());
        groups.map(|group| self.view(now, group)).collect()
    }
}

//! How each group came to where it is: noted once a turn, so that `status` can say why.

use twinbeat::Node;
use twinbeat::action::{Event, GroupState, PeerState, Reason};
use twinbeat::config::{Change, Config, Origin};
use twinbeat::id::{GroupId, NodeId, PerGroup, PerNode};
use twinbeat::time::{Duration, Instant};

use super::Span;
use crate::journal;

/// The last move of every group, as far as this node saw it.
pub(crate) struct Moves {
    groups: PerGroup<Move>,
    /// How long each node had been silent when it died.
    silences: PerNode<Duration>,
}

/// One move.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    /// Where it runs; nowhere while it is under way.
    pub(crate) to: Option<NodeId>,
    /// When that was seen.
    pub(crate) at: Instant,
    /// Where it ran before.
    pub(crate) from: Option<NodeId>,
    reason: Reason,
}

impl Moves {
    /// At the start nothing runs anywhere.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            groups: PerGroup::of(Move {
                to: None,
                at: now,
                from: None,
                reason: Reason::Start,
            }),
            silences: PerNode::of(Duration::default()),
        }
    }

    /// What else is known of the end of a node.
    pub(crate) fn on_event(&mut self, event: Event) {
        if let Event::PeerDead { node, silence } = event {
            *self.silences.at_mut(node) = silence;
        }
    }

    /// After a reload groups have other numbers.
    pub(crate) fn reconfigure(&mut self, now: Instant, change: &Change<'_>) {
        let old = std::mem::replace(self, Self::new(now));
        self.silences = old.silences;
        for group in change.new.group_ids() {
            if let Origin::Kept(from) | Origin::Changed(from) = change.origin(group) {
                *self.groups.at_mut(group) = *old.groups.at(from);
            }
        }
    }

    /// Looks where every group runs now.
    pub(crate) fn note(&mut self, now: Instant, config: &Config, node: &Node) {
        for id in config.group_ids() {
            let last = self.groups.at_mut(id);
            let server = node.server(id);
            let to = server.and_then(|(to, state)| (state == GroupState::Held).then_some(to));
            if to == last.to {
                continue;
            }
            let from = last.to.or(last.from);
            let left = from.map(|from| (from, node.peer(now, from).state));
            let reason = match left {
                Some((_, PeerState::Dead)) => Reason::HolderDied,
                Some((_, PeerState::Left)) => Reason::HolderLeft,
                _ if to == Some(node.me()) || from == Some(node.me()) => node.group(now, id).reason,
                Some((_, PeerState::Unheard | PeerState::Alive | PeerState::Late)) => {
                    Reason::Granted
                }
                None => Reason::HeldByPeer,
            };
            *last = Move {
                to,
                at: now,
                from,
                reason,
            };
        }
    }

    /// The last move of a group.
    pub(crate) fn last(&self, id: GroupId) -> &Move {
        self.groups.at(id)
    }

    /// Why it was made.
    pub(crate) fn why(&self, id: GroupId, config: &Config) -> String {
        let last = self.groups.at(id);
        let (name, silence) = match last.from {
            Some(from) => (config.node_name(from), *self.silences.at(from)),
            None => ("its holder", Duration::ZERO),
        };
        match last.reason {
            Reason::HolderDied => format!("{name} died (silent for {})", Span(silence)),
            Reason::HolderLeft => format!("{name} left"),
            Reason::Granted => format!("handed over by {name}"),
            Reason::HeldByPeer => "found there".to_owned(),
            reason => journal::reason(reason).to_owned(),
        }
    }
}

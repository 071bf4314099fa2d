//! Fencing: which silent nodes have to be switched off before what they may run is started here.
//!
//! Only a node that has lived since this one was started is switched off, and no live peer hears it:
//! who has just been started and hears nobody may be the one that is cut off. Nor is one that said
//! goodbye: somebody has stopped it.

use super::Failover;
use crate::action::{Event, Events};
use crate::config::Config;
use crate::id::{GroupId, NodeId, NodeSet, PerNode};
use crate::membership::{Membership, Standing};
use crate::time::{Duration, Instant};

/// Nodes to be switched off, and how far that is.
#[derive(Clone, Debug)]
pub(super) struct Fencing {
    /// For these there is a way.
    pub(super) able: NodeSet,
    /// They stand in the way of a group that should be here.
    pub(super) needed: NodeSet,
    /// To be told to the shell.
    due: NodeSet,
    attempts: PerNode<Attempt>,
}

/// What was tried with one node.
#[derive(Clone, Copy, Debug, Default)]
struct Attempt {
    /// The life that is being ended at present.
    flight: Option<u32>,
    failures: u32,
    next_at: Instant,
}

impl Fencing {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            able: fenceable(config),
            needed: NodeSet::EMPTY,
            due: NodeSet::EMPTY,
            attempts: PerNode::of(Attempt::default()),
        }
    }

    pub(super) fn poll(&mut self) -> Option<NodeId> {
        self.due.take_first()
    }

    /// When the next attempt is due.
    pub(super) fn deadline(&self) -> Instant {
        let mut due = Instant::NEVER;
        for node in self.needed.iter() {
            let attempt = self.attempts.at(node);
            if attempt.flight.is_none() {
                due = due.min(attempt.next_at);
            }
        }
        due
    }
}

impl Failover {
    /// A group cannot be started for those who may run it.
    pub(super) fn accuse(&mut self, id: GroupId, members: &Membership) {
        let single = self.group(id).at_most_one;
        for node in self.fencing.able.iter() {
            if let Standing::Dead(ended) = &members.peer(node).standing
                && ((single && !ended.off) || ended.stuck.contains(id))
                && !members.is_heard_of(node)
            {
                self.fencing.needed = self.fencing.needed.with(node);
            }
        }
    }

    /// Everything that is needed is known; `before` was, too, before.
    pub(super) fn fence(
        &mut self,
        now: Instant,
        before: NodeSet,
        members: &mut Membership,
        events: &mut Events,
    ) {
        for node in self.fencing.needed.iter() {
            // Who holds something of this kind is being shot at, too: the lower number goes first, so
            // that not both go.
            let mut held = self.ids().map(|id| self.group(id));
            let held = held.any(|group| group.at_most_one && group.claim().is_some());
            let attempt = self.fencing.attempts.at_mut(node);
            if !before.contains(node) && node < members.me && held {
                let patience = now.after(members.timing.deadtime);
                attempt.next_at = attempt.next_at.max(patience);
            }
            let life = ended_life(node, members);
            if attempt.flight.is_some() || now < attempt.next_at {
                continue;
            }
            attempt.next_at = now.after(AGAIN);
            if members.alive().next().is_none() {
                members.beat_due |= self.connectivity.on_silence(members.mark(), events);
            }
            if life.is_some() && !self.connectivity.is_cut_off() {
                self.fencing.attempts.at_mut(node).flight = life;
                self.fencing.due = self.fencing.due.with(node);
                events.report(Event::Fencing { node, off: None });
            }
        }
    }

    /// How an attempt ended. It counts if the life that was meant is the last that was heard.
    pub(crate) fn on_fenced(
        &mut self,
        now: Instant,
        node: NodeId,
        off: bool,
        members: &mut Membership,
        events: &mut Events,
    ) {
        let attempt = self.fencing.attempts.at_mut(node);
        let life = attempt.flight.take();
        let meant = life.is_some() && life == ended_life(node, members);
        let off = off && meant && members.on_fenced(node);
        attempt.failures = if off {
            0
        } else {
            attempt.failures.saturating_add(1).min(DOUBLINGS)
        };
        let doubled = 1_u64.checked_shl(attempt.failures).unwrap_or(1);
        attempt.next_at = now.after(AGAIN.scaled(doubled, 2));
        let off = Some(off);
        events.report(Event::Fencing { node, off });
    }
}

/// Other nodes that can be switched off.
pub(super) fn fenceable(config: &Config) -> NodeSet {
    let others = config.node_ids().filter(|node| *node != config.me);
    others
        .filter(|node| config.fence_of(*node).is_some())
        .fold(NodeSet::EMPTY, NodeSet::with)
}

/// The last life of a node that is silent here.
fn ended_life(node: NodeId, members: &Membership) -> Option<u32> {
    match &members.peer(node).standing {
        Standing::Dead(ended) => ended.life,
        Standing::Unheard | Standing::Alive(_) | Standing::Left(_) => None,
    }
}

/// After an attempt that failed, twice as long after each further one, ...
const AGAIN: Duration = Duration::from_secs(5);
/// ... up to 2^6 times.
const DOUBLINGS: u32 = 7;

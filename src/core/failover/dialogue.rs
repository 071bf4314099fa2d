//! What the translation of another dialect does with groups: there they move only as that dialect's
//! nodes have agreed, and this room decides what it would agree to.

use super::Failover;
use super::claim::next;
use super::group::State;
use super::person::is_on;
use crate::action::{Events, Reason};
use crate::id::{GroupId, GroupSet, NodeId};
use crate::membership::Membership;

impl Failover {
    /// The groups of which something is true.
    #[inline(never)]
    pub(crate) fn those(&self, are: fn(&Self, GroupId) -> bool) -> GroupSet {
        let mut those = GroupSet::EMPTY;
        for id in self.ids() {
            if are(self, id) {
                those = those.with(id);
            }
        }
        those
    }

    /// Its home is this node.
    pub(crate) fn is_local(&self, id: GroupId) -> bool {
        self.group(id).home == self.me
    }

    /// Something of it may run here, or soon will.
    pub(crate) fn has(&self, id: GroupId) -> bool {
        self.group(id).word(self.me, None, false).state.holds()
    }

    /// It runs here and is not being stopped.
    pub(crate) fn keeps(&self, id: GroupId) -> bool {
        match self.group(id).state {
            State::Unknown { running } => running,
            State::Starting { .. } | State::Held { .. } | State::StopFailed { .. } => true,
            State::Idle { .. }
            | State::Claiming { .. }
            | State::Stopping { .. }
            | State::StartFailed { .. } => false,
        }
    }

    /// What can be done to serve it was not yet done, well or badly.
    pub(crate) fn is_on_the_way(&self, id: GroupId) -> bool {
        match self.group(id).state {
            State::Held { .. } | State::StartFailed { .. } | State::StopFailed { .. } => false,
            State::Idle { .. }
            | State::Unknown { .. }
            | State::Claiming { .. }
            | State::Starting { .. }
            | State::Stopping { .. } => true,
        }
    }

    /// It is not known yet whether it runs here, or will.
    pub(crate) fn is_undecided(&self, id: GroupId) -> bool {
        matches!(
            self.group(id).state,
            State::Unknown { .. } | State::Claiming { .. }
        )
    }

    /// Nothing moves by itself.
    pub(crate) fn is_maintained(&self) -> bool {
        is_on(self.maintenance)
    }

    /// This node has a claim on it.
    pub(crate) fn claims(&self, id: GroupId) -> bool {
        self.group(id).claim().is_some()
    }

    /// The epoch by which a peer holds it from now on.
    pub(crate) fn next_epoch(&self, id: GroupId) -> u8 {
        next(self.group(id).epoch)
    }

    /// The peer gives these, and was told to: this node no longer stands by for them.
    pub(crate) fn expect(&mut self, groups: GroupSet) {
        for id in groups.iter() {
            self.stand_by(id, false);
        }
    }

    /// The peer takes these, and was told so: whatever of them runs here is stopped.
    pub(crate) fn give(
        &mut self,
        groups: GroupSet,
        to: NodeId,
        members: &Membership,
        events: &mut Events,
    ) {
        for id in groups.iter() {
            let (wanted, why) = self.wanted(id, self.is_able(members), members);
            let group = self.groups.at_mut(id);
            let Some(claim) = group.claim() else { continue };
            let reason = match wanted {
                Some(node) if node == to => why,
                Some(_) | None => Reason::Requested,
            };
            group.request.operator_until = None;
            group.become_stopping(claim, Some(to), reason, events);
        }
    }
}

//! Groups that come `after` others, or go `with` them.
//!
//! A group is started when the one it comes after is held on some node, and where both are stopped it is
//! stopped before. It goes on while that one moves or is restarted by anybody; it is stopped when nobody
//! can hold that one. The one it goes with is not asked: it decides for both where they run. Both are
//! started and stopped side by side, unless one also comes after the other.

use super::Failover;
use super::group::State;
use super::person::is_on;
use super::retirement::Retirement;
use super::view::words;
use crate::action::{GroupState, Reason};
use crate::id::{GroupId, GroupSet, NodeId};
use crate::membership::Membership;

impl Failover {
    /// The group that decides where a group runs: itself, or that which it goes with.
    #[inline(never)]
    pub(super) fn leader(&self, mut id: GroupId) -> GroupId {
        while let Some(with) = self.group(id).with {
            id = with;
        }
        id
    }

    /// Where a group goes that goes with `other`: to whom this node is handing that one, else who
    /// keeps it, else who should have it.
    #[inline(never)]
    pub(super) fn place_of(
        &self,
        other: GroupId,
        me_able: bool,
        members: &Membership,
    ) -> Option<NodeId> {
        let keeper = match self.group(other).state {
            // It will be started again here.
            State::Stopping { .. } if self.group(other).is_retiring() => Some(self.me),
            State::Stopping { to: Some(to), .. } | State::Idle { grant: Some(to) } => Some(to),
            State::Claiming { .. } | State::Starting { .. } | State::Held { .. } => Some(self.me),
            State::Idle { .. }
            | State::Unknown { .. }
            | State::Stopping { .. }
            | State::StartFailed { .. }
            | State::StopFailed { .. } => {
                let claim = self.competitor(other, members).map(|claim| claim.node);
                let unheard = |node: &NodeId| members.peer(*node).alive().is_none();
                let distant = self.holder(other, members).filter(unheard);
                if claim.is_none() && distant.is_some() {
                    // There it stays; nobody here can take it.
                    return distant;
                }
                let asked = self.group(other).request.operator_until.map(|_| self.me);
                claim.or(asked)
            }
        };
        let serves = |node: &NodeId| {
            let alive = members.peer(*node).alive();
            (*node == self.me && me_able)
                || alive.is_some_and(|alive| self.could_serve(other, alive))
        };
        keeper
            .filter(serves)
            .or_else(|| self.wanted(other, me_able, members).0)
    }

    /// The one it comes after is held nowhere.
    #[inline(never)]
    pub(super) fn waits(&self, id: GroupId, members: &Membership) -> bool {
        self.group(id).after.is_some_and(|other| {
            let own = matches!(self.group(other).state, State::Held { .. });
            let (mut held, mut holds) = (own, false);
            for (_, _, word) in words(other, members) {
                held |= word.state == GroupState::Held;
                holds |= word.state.holds();
            }
            // Of a node out of hearing others say no more than that it has it.
            !held && (holds || self.holder(other, members).is_none())
        })
    }

    /// Nothing that it comes after or goes with is in the way of starting it here.
    pub(super) fn is_open(&self, id: GroupId, members: &Membership) -> bool {
        self.missing(id, members).is_none()
    }

    /// What keeps it from being started here.
    #[inline(never)]
    pub(crate) fn missing(&self, id: GroupId, members: &Membership) -> Option<Reason> {
        if self.waits(id, members) {
            return Some(Reason::After);
        }
        self.is_without(id).then_some(Reason::With)
    }

    /// The one it goes with is not here.
    fn is_without(&self, id: GroupId) -> bool {
        let with = self.group(id).with;
        with.is_some_and(|other| self.group(other).claim().is_none())
    }

    /// The one it goes with is leaving this node, or is on another: it follows unasked.
    #[inline(never)]
    pub(super) fn is_apart(&self, id: GroupId, members: &Membership) -> bool {
        self.group(id).with.is_some_and(|other| {
            let state = self.group(other).state;
            matches!(
                state,
                State::Stopping { .. } | State::Idle { grant: Some(_) }
            ) || (self.is_without(id) && self.competitor(other, members).is_some())
        })
    }

    /// Why it must not run here any longer: nobody can hold the one it comes after, or it cannot run
    /// where the one is that it goes with.
    #[inline(never)]
    pub(super) fn lacks(&self, id: GroupId, members: &Membership) -> Option<Reason> {
        // A node that is not able knows too little; in maintenance nothing is stopped for that.
        if !self.may_start(members) || is_on(self.maintenance) {
            return None;
        }
        let group = self.group(id);
        let gone = |other: &GroupId| {
            let own = self.group(*other).state;
            matches!(own, State::Idle { .. } | State::StartFailed { .. })
                && self.holder(*other, members).is_none()
                && self.wanted(*other, true, members).0.is_none()
        };
        if group.after.as_ref().is_some_and(gone) {
            return Some(Reason::After);
        }
        let nowhere = self.is_without(id) && self.wanted(id, true, members).0.is_none();
        nowhere.then_some(Reason::With)
    }

    /// Groups that are not stopped yet, as what comes after them has to stop first; and not started
    /// again yet, after a reload, as what they come after has to be held first.
    #[inline(never)]
    pub(super) fn withheld(&self, members: &Membership) -> GroupSet {
        let mut withheld = GroupSet::EMPTY;
        for id in self.ids() {
            let group = self.group(id);
            let first = match group.state {
                State::Stopping { .. } if group.retirement != Retirement::Stopped => group.after,
                State::Starting { again: false, .. } if self.waits(id, members) => Some(id),
                State::Starting { .. }
                | State::Stopping { .. }
                | State::Idle { .. }
                | State::Unknown { .. }
                | State::Claiming { .. }
                | State::Held { .. }
                | State::StartFailed { .. }
                | State::StopFailed { .. } => None,
            };
            if let Some(other) = first
                && (other == id || matches!(self.group(other).state, State::Stopping { .. }))
            {
                withheld = withheld.with(other);
            }
        }
        withheld
    }
}

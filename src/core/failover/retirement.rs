//! Before another configuration is taken up: groups that go, or that have other resources in it, are
//! stopped as they are now. They show that they are being stopped until it is taken up, so that no
//! peer starts what is only on its way to go.

use super::Failover;
use super::claim::next;
use super::group::{Group, State};
use crate::action::{Events, GroupState, Reason};
use crate::config::Refusal;
use crate::id::{GroupId, GroupSet};
use crate::membership::Membership;

/// Whether a group is to be stopped for a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retirement {
    /// It goes on.
    Unasked,
    /// It is to be stopped, or was not running.
    Asked,
    /// It is stopped, and says that it is still being stopped.
    Stopped,
}

impl Failover {
    /// These are to be stopped, and no others: those that were go on by the usual rules.
    pub(crate) fn retire(&mut self, groups: GroupSet, events: &mut Events) {
        for id in self.ids() {
            let (asked, group) = (groups.contains(id), self.groups.at_mut(id));
            match (group.retirement, asked) {
                (Retirement::Unasked, true) => group.retirement = Retirement::Asked,
                (Retirement::Asked, false) => group.retirement = Retirement::Unasked,
                (Retirement::Stopped, false) => {
                    group.retirement = Retirement::Unasked;
                    group.become_idle(None, Reason::Reload, events);
                }
                (Retirement::Unasked, false) | (Retirement::Asked | Retirement::Stopped, true) => {}
            }
        }
    }

    /// A group for which a reload has to wait: something is being done with it here, or on a peer
    /// (`patient`): what is handed over would be left lying there while configurations differ.
    pub(crate) fn busy(&self, patient: bool, members: &Membership) -> Option<GroupId> {
        self.ids().find(|id| {
            let group = self.groups.at(*id);
            let moving = |state| match state {
                GroupState::Unknown
                | GroupState::Claiming
                | GroupState::Starting
                | GroupState::Stopping => true,
                GroupState::Idle
                | GroupState::Held
                | GroupState::StartFailed
                | GroupState::StopFailed => false,
            };
            let moves = match group.state {
                State::Idle { grant } => grant.is_some(),
                State::Held { .. } => group.is_retiring(),
                State::Stopping { .. } => group.retirement != Retirement::Stopped,
                State::Unknown { .. } | State::Claiming { .. } | State::Starting { .. } => true,
                State::StartFailed { .. } | State::StopFailed { .. } => false,
            };
            let mut peers = members.alive().filter(|(_, alive)| alive.is_believed());
            // A peer may be about to do the same.
            let elsewhere = patient
                && !group.is_retiring()
                && peers.any(|(_, alive)| moving(alive.beat.groups.at(*id).state));
            moves || group.flight.is_some() || elsewhere
        })
    }

    /// What is to be stopped and cannot be.
    pub(crate) fn judge(&self, stopped: GroupSet) -> Result<(), Refusal> {
        let is_stuck = |id: &GroupId| {
            let state = self.groups.at(*id).state;
            stopped.contains(*id) && matches!(state, State::StopFailed { .. })
        };
        let stuck = self.ids().find(is_stuck);
        stuck.map_or(Ok(()), |id| Err(Refusal::Stuck(id)))
    }

    /// One that is to be stopped: nothing begins with it any more.
    pub(super) fn decide_retiring(
        &mut self,
        id: GroupId,
        members: &mut Membership,
        events: &mut Events,
    ) {
        let claim = self.claim(id, next(self.groups.at(id).epoch));
        let group = self.groups.at_mut(id);
        match group.state {
            State::Idle { .. } => self.review_grant(id, members),
            State::Claiming { .. } => group.become_idle(None, Reason::Reload, events),
            State::Unknown { running: true } => {
                group.become_stopping(claim, None, Reason::Reload, events);
            }
            State::Starting { claim, .. } | State::Held { claim, .. } => {
                group.become_stopping(claim, None, Reason::Reload, events);
            }
            State::StopFailed { since, .. } => self.review_doom(since, members),
            State::Unknown { running: false }
            | State::Stopping { .. }
            | State::StartFailed { .. } => {}
        }
    }
}

impl Group {
    /// Whether it is to be stopped for a reload.
    pub(super) fn is_retiring(&self) -> bool {
        self.retirement != Retirement::Unasked
    }

    /// It is stopped; its state says so when the other configuration is there.
    pub(super) fn become_retired(&mut self) {
        self.retirement = Retirement::Stopped;
    }
}

//! One group on this node: its state, and every way from one state to the next.

mod outcome;

use crate::action::{Action, Event, Events, GroupState, Reason};
use crate::id::{GroupId, NodeId, NodeSet};
use crate::time::Instant;
use crate::wire::Word;

use super::claim::{Claim, is_later, next};
use super::failure::Failures;
use super::retirement::Retirement;
use super::transfer::{Request, Wish};

/// A group as this node holds it, or not.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) id: GroupId,
    pub(crate) home: NodeId,
    /// It goes home by itself.
    pub(crate) failback: bool,
    /// It is started only where no other node can run it.
    pub(crate) at_most_one: bool,
    /// It is started when this one is held somewhere.
    pub(crate) after: Option<GroupId>,
    /// It runs where this one does.
    pub(crate) with: Option<GroupId>,
    pub(crate) state: State,
    /// Why it is in this state.
    pub(crate) reason: Reason,
    /// The latest epoch seen; 0 before the first.
    pub(crate) epoch: u8,
    /// A person moved it here: it does not go home by itself.
    pub(crate) pinned: bool,
    /// A leaving holder named this node, with this epoch.
    pub(crate) bequest: Option<u8>,
    /// A peer asked for it and has no answer yet.
    pub(crate) wish: Option<Wish>,
    /// This node asks its holder for it.
    pub(crate) request: Request,
    /// What went wrong with it here lately.
    pub(crate) failures: Failures,
    /// It was given up here, and no other node has been alive since that could have started it.
    pub(crate) kept: bool,
    /// The first beat that carried the present state; none was built yet.
    pub(crate) shown: Option<u32>,
    /// Who holds it in this node's eyes, as the last beat said.
    holder: Option<NodeId>,
    pub(super) flight: Option<Flight>,
    announce: bool,
    /// Whether it is to be stopped for a reload.
    pub(super) retirement: Retirement,
}

/// What this node does about a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing runs here. After a release, the grant stands until its grantee took or refused it:
    /// the lasting ip-request-resp.
    Idle { grant: Option<NodeId> },
    /// A new life that asks what runs; `running` once it knows that something does.
    Unknown { running: bool },
    /// Starts when every live peer has seen the claim and has no better one.
    Claiming { claim: Claim },
    /// Being started; `again` from the resource on that was found dead.
    Starting {
        claim: Claim,
        probe: bool,
        again: bool,
    },
    /// Runs. `contested` by peers that held it too and may have announced it.
    Held { claim: Claim, contested: NodeSet },
    /// Being stopped, to be granted to `to`.
    Stopping { claim: Claim, to: Option<NodeId> },
    /// Did not start.
    StartFailed { since: Instant },
    /// Did not stop. `asked` by a person to look again whether something of it runs.
    StopFailed {
        claim: Claim,
        since: Instant,
        asked: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flight {
    Check,
    Start,
    Stop,
}

impl Group {
    /// With scripts, a new life must find out what an earlier one left running.
    pub(crate) fn new(id: GroupId, home: NodeId, scripts: bool) -> Self {
        let state = if scripts {
            State::Unknown { running: false }
        } else {
            State::Idle { grant: None }
        };
        Self {
            id,
            home,
            failback: false,
            at_most_one: false,
            after: None,
            with: None,
            state,
            reason: Reason::Start,
            epoch: 0,
            pinned: false,
            bequest: None,
            wish: None,
            request: Request::default(),
            failures: Failures::default(),
            kept: false,
            shown: None,
            holder: None,
            flight: None,
            announce: false,
            retirement: Retirement::Unasked,
        }
    }

    pub(crate) fn become_idle(
        &mut self,
        grant: Option<NodeId>,
        reason: Reason,
        events: &mut Events,
    ) {
        if grant.is_some() {
            self.epoch = next(self.epoch);
        }
        self.become_state(State::Idle { grant }, reason, events);
    }

    pub(crate) fn become_claiming(&mut self, claim: Claim, reason: Reason, events: &mut Events) {
        self.epoch = claim.epoch;
        self.become_state(State::Claiming { claim }, reason, events);
    }

    pub(crate) fn become_starting(
        &mut self,
        claim: Claim,
        probe: bool,
        reason: Reason,
        events: &mut Events,
    ) {
        self.epoch = claim.epoch;
        self.bequest = None;
        let again = false;
        let state = State::Starting {
            claim,
            probe,
            again,
        };
        self.become_state(state, reason, events);
    }

    pub(crate) fn become_stopping(
        &mut self,
        claim: Claim,
        to: Option<NodeId>,
        reason: Reason,
        events: &mut Events,
    ) {
        self.become_state(State::Stopping { claim, to }, reason, events);
    }

    fn become_stop_failed(&mut self, since: Instant, claim: Claim, events: &mut Events) {
        let state = State::StopFailed {
            claim,
            since,
            asked: false,
        };
        self.become_state(state, Reason::StopFailed, events);
    }

    fn become_start_failed(&mut self, since: Instant, reason: Reason, events: &mut Events) {
        self.failures.on_setback();
        self.request.operator_until = None;
        self.kept = true;
        self.become_state(State::StartFailed { since }, reason, events);
    }

    /// Peers that held it too; when one of them shows that it no longer does, it is announced
    /// again, because that peer may have announced it meanwhile.
    pub(crate) fn contest(&mut self, holding: NodeSet) {
        if let State::Held { claim, contested } = self.state {
            self.announce |= contested.0 & !holding.0 != 0;
            self.state = State::Held {
                claim,
                contested: holding,
            };
        }
    }

    /// The beat numbered `counter` carries the present state.
    pub(crate) fn on_beat_sent(&mut self, counter: u32) {
        self.shown.get_or_insert(counter);
    }

    /// Another holder is seen: a claimant waits for that word, so it is said at once.
    pub(crate) fn on_holder(&mut self, holder: Option<NodeId>) {
        if self.holder != holder {
            self.holder = holder;
            if self.claim().is_none() {
                self.shown = None;
            }
        }
    }

    /// Remembers the latest epoch.
    pub(crate) fn see(&mut self, epoch: u8) {
        if is_later(epoch, self.epoch) {
            self.epoch = epoch;
        }
    }

    /// The difference between what is wanted and what was done; at most one in flight.
    pub(crate) fn poll_action(&mut self) -> Option<Action> {
        let group = self.id;
        if self.announce {
            self.announce = false;
            return Some(Action::Announce(group));
        }
        if self.flight.is_some() || self.retirement == Retirement::Stopped {
            return None;
        }
        let (flight, action) = match self.state {
            State::Unknown { running: false } => (Flight::Check, Action::Check(group)),
            State::Starting { again: true, .. } => (Flight::Start, Action::Restart(group)),
            State::Starting { probe, .. } => (Flight::Start, Action::Start { group, probe }),
            State::Stopping { .. } => (Flight::Stop, Action::Stop(group)),
            State::StopFailed { asked: true, .. } => (Flight::Check, Action::Check(group)),
            State::Idle { .. }
            | State::Unknown { running: true }
            | State::Claiming { .. }
            | State::Held { .. }
            | State::StartFailed { .. }
            | State::StopFailed { asked: false, .. } => return None,
        };
        if let State::StopFailed { asked, .. } = &mut self.state {
            *asked = false; // Who asks while that is done has it done once more.
        }
        self.flight = Some(flight);
        Some(action)
    }

    /// The claim by which this node holds it or wants to keep it.
    pub(crate) fn claim(&self) -> Option<Claim> {
        match self.state {
            State::Claiming { claim }
            | State::Starting { claim, .. }
            | State::Held { claim, .. } => Some(claim),
            State::Idle { .. }
            | State::Unknown { .. }
            | State::Stopping { .. }
            | State::StartFailed { .. }
            | State::StopFailed { .. } => None,
        }
    }

    /// Addresses of it may be on this machine.
    pub(crate) fn is_served(&self) -> bool {
        matches!(self.state, State::Starting { .. } | State::Held { .. })
    }

    /// Its claim while it is being stopped for no reason that forbids its addresses meanwhile: what
    /// stands right of them is stopped first, and may need them.
    pub(crate) fn stops_in_order(&self) -> Option<Claim> {
        let State::Stopping { claim, .. } = self.state else {
            return None;
        };
        let hurry = [Reason::BetterClaim, Reason::Running, Reason::Unhealthy];
        (!hurry.contains(&self.reason)).then_some(claim)
    }

    /// When a failed start is tried again; sooner when nobody else is able.
    pub(crate) fn retry_at(&self, alone: bool) -> Instant {
        let State::StartFailed { since } = self.state else {
            return Instant::NEVER;
        };
        since.after(self.failures.wait(alone))
    }

    /// What beats say about it. `seen` is who holds it in this node's eyes, by which epoch.
    pub(crate) fn word(&self, me: NodeId, seen: Option<(NodeId, u8)>, standby: bool) -> Word {
        let (owner, epoch) = seen.map_or((None, self.epoch), |(node, epoch)| (Some(node), epoch));
        let unheld = |state, owner, epoch| Word {
            state,
            home: standby,
            owner,
            epoch,
        };
        let ours = |state, claim: Claim| Word {
            state,
            home: claim.home,
            owner: Some(me),
            epoch: claim.epoch,
        };
        match self.state {
            State::Idle { grant: Some(to) } => unheld(GroupState::Idle, Some(to), self.epoch),
            State::Idle { grant: None } => unheld(GroupState::Idle, owner, epoch),
            State::StartFailed { .. } => unheld(GroupState::StartFailed, owner, epoch),
            State::Unknown { .. } => unheld(GroupState::Unknown, owner, epoch),
            State::Claiming { claim } => ours(GroupState::Claiming, claim),
            State::Starting { claim, .. } => ours(GroupState::Starting, claim),
            State::Held { claim, .. } => ours(GroupState::Held, claim),
            State::Stopping { claim, .. } => ours(GroupState::Stopping, claim),
            State::StopFailed { claim, .. } => ours(GroupState::StopFailed, claim),
        }
    }

    pub(super) fn become_state(&mut self, state: State, reason: Reason, events: &mut Events) {
        self.state = state;
        self.reason = reason;
        self.shown = None;
        if !self.is_served() {
            self.wish = None;
            // Of a claim that lost and is asked for again a person's word still holds.
            self.pinned &= self.claim().is_some() || matches!(state, State::Idle { .. });
        }
        let state = self.word(self.home, None, false).state;
        events.report(Event::Group {
            group: self.id,
            state,
            reason,
        });
    }
}

//! The decisions: for each group, from its state and what is seen, at most one step.

use super::Failover;
use super::claim::{Claim, next};
use super::group::State;
use crate::action::{Event, Events, Reason};
use crate::id::{GroupId, NodeSet};
use crate::membership::Membership;
use crate::time::Instant;

impl Failover {
    /// Looks at everything again. Repeating it without news changes nothing.
    pub(crate) fn decide(&mut self, now: Instant, members: &mut Membership, events: &mut Events) {
        if members.alive().next().is_some() {
            self.met = true;
            for id in self.ids() {
                self.groups.at_mut(id).kept = false;
            }
        }
        self.end_suspension(members, events);
        self.hear_maintenance(members, events);
        members.review_absent(now);
        self.doomed = self.doomed && self.is_stuck();
        self.connectivity.compare(members, events);
        let before = core::mem::replace(&mut self.fencing.needed, NodeSet::EMPTY);
        // What one group does may be what another waits for.
        for _ in 0..=self.count {
            let mut moved = false;
            for id in self.ids() {
                moved |= self.decide_steps(now, id, members, events);
            }
            if !moved {
                break;
            }
        }
        self.fence(now, before, members, events);
        members.beat_due |= self.changed();
    }

    /// As many steps of one group as follow from each other; whether there were any.
    fn decide_steps(
        &mut self,
        now: Instant,
        id: GroupId,
        members: &mut Membership,
        events: &mut Events,
    ) -> bool {
        let mut moved = false;
        // A step may open the way to the next; none goes round in a circle.
        for _ in 0..STEPS {
            let before = self.groups.at(id).state;
            self.decide_group(now, id, members, events);
            if self.groups.at(id).state == before {
                break;
            }
            moved = true;
        }
        let seen = members
            .alive()
            .filter(|(_, alive)| alive.is_believed())
            .map(|(_, alive)| alive.beat.groups.at(id).epoch);
        for epoch in seen {
            self.groups.at_mut(id).see(epoch);
        }
        let holder = self.holder(id, members);
        self.groups.at_mut(id).on_holder(holder);
        moved
    }

    fn decide_group(
        &mut self,
        now: Instant,
        id: GroupId,
        members: &mut Membership,
        events: &mut Events,
    ) {
        if self
            .groups
            .at(id)
            .request
            .operator_until
            .is_some_and(|until| now >= until)
        {
            let kept = self.competitor(id, members).is_none();
            let group = self.groups.at_mut(id);
            group.request.operator_until = None;
            // It did not come; whoever is about to stop it will still hand it over.
            group.pinned &= kept || group.claim().is_some();
        }
        if self.groups.at(id).is_retiring() {
            return self.decide_retiring(id, members, events);
        }
        match self.groups.at(id).state {
            State::Idle { .. } => self.decide_idle(now, id, members, events),
            State::Unknown { running } => self.decide_unknown(now, id, running, members, events),
            State::Claiming { claim } => self.decide_claiming(now, id, claim, members, events),
            State::Starting { claim, .. } | State::Held { claim, .. } => {
                if let State::Held { .. } = self.groups.at(id).state {
                    self.groups.at_mut(id).failures.review(now);
                }
                self.decide_served(id, claim, members, events);
            }
            State::StartFailed { .. } => {
                if now >= self.groups.at(id).retry_at(self.is_alone(id, members)) {
                    self.groups
                        .at_mut(id)
                        .become_idle(None, Reason::Start, events);
                }
            }
            // Only the end of the action, or a person, ends these.
            State::Stopping { .. } => {}
            State::StopFailed { since, .. } => self.review_doom(since, members),
        }
    }

    pub(super) fn review_doom(&mut self, since: Instant, members: &Membership) {
        self.doomed |= self.is_released() || members.is_missed_since(since);
    }

    fn decide_idle(
        &mut self,
        now: Instant,
        id: GroupId,
        members: &mut Membership,
        events: &mut Events,
    ) {
        self.review_grant(id, members);
        self.groups.at_mut(id).request.asking = false;
        let holder = self.holder(id, members);
        if holder.is_some() && !self.is_vouched(id, members) {
            self.groups.at_mut(id).bequest = None;
            self.ask(now, id, members);
            return;
        }
        if !self.may_start(members) {
            return;
        }
        let (wanted, mut reason) = self.wanted(id, true, members);
        // On standby it is declined while another would do: staying idle says so.
        let follows = self.groups.at(id).with.is_some();
        let declines = (follows || self.standby.contains(id)) && wanted != Some(self.me);
        // Who hands it over may not know of another that could not stop it.
        let blocked = self.is_blocked(now, id, members);
        let waits = self.waits(id, members);
        let granted = self.granted(id, members);
        let operator = self.groups.at(id).request.operator_until.is_some();
        if operator {
            reason = Reason::Operator;
        }
        if let Some(epoch) = granted.filter(|_| !declines && !blocked && !waits) {
            let claim = self.claim(id, epoch);
            let called = self.groups.at(id).failback && wanted == Some(self.me);
            if !operator && (!called || reason != Reason::Home) {
                reason = self.why_granted(id, members);
            }
            self.groups
                .at_mut(id)
                .become_starting(claim, false, reason, events);
            return;
        }
        if operator {
            // A person has decided.
        } else if wanted != Some(self.me) {
            return;
        } else if self.failed_elsewhere(id, members) {
            reason = Reason::PeerStartFailed;
        }
        let State::Idle { grant: None } = self.groups.at(id).state else {
            return;
        };
        let open = self.is_open(id, members) && self.is_settled(members);
        if !open || self.promised(id, members) || waits {
            return;
        }
        if blocked || self.may_run_elsewhere(id, members) {
            self.accuse(id, members);
            let group = self.groups.at_mut(id);
            if !blocked && group.reason != Reason::NotKnownOff {
                group.become_idle(None, Reason::NotKnownOff, events);
            }
            return;
        }
        let claim = self.claim(id, next(self.groups.at(id).epoch));
        let group = self.groups.at_mut(id);
        if members.alive().next().is_none() {
            members.beat_due |= self.connectivity.on_silence(members.mark(), events);
            group.become_starting(claim, !self.met, reason, events);
            return;
        }
        group.become_claiming(claim, reason, events);
        members.asks = members
            .alive()
            .fold(members.asks, |asks, (node, _)| asks.with(node));
    }

    /// A new life that found scripts running, or does not know yet.
    fn decide_unknown(
        &mut self,
        now: Instant,
        id: GroupId,
        running: bool,
        members: &Membership,
        events: &mut Events,
    ) {
        if !running {
            return;
        }
        let claim = self.claim(id, next(self.groups.at(id).epoch));
        let holder = self.holder(id, members);
        let wanted = self.wanted(id, self.is_able(members), members).0;
        let ends = self.leaving || self.disabled || self.lacks(id, members).is_some();
        let elsewhere = holder.is_some() || ends || self.is_blocked(now, id, members);
        let open = self.is_open(id, members);
        if elsewhere || (self.is_settled(members) && wanted.is_some_and(|node| node != self.me)) {
            self.groups
                .at_mut(id)
                .become_stopping(claim, None, Reason::Running, events);
        } else if wanted == Some(self.me)
            && open
            && self.is_settled(members)
            && self.may_start(members)
        {
            // Peers count an unknown group as held here, so it needs no claim.
            self.groups
                .at_mut(id)
                .become_starting(claim, false, Reason::Running, events);
        }
    }

    fn decide_claiming(
        &mut self,
        now: Instant,
        id: GroupId,
        claim: Claim,
        members: &Membership,
        events: &mut Events,
    ) {
        let (wanted, _) = self.wanted(id, self.is_able(members), members);
        let group = self.groups.at(id);
        let operator = group.request.operator_until.is_some();
        let meant = wanted == Some(self.me) || operator;
        let confirmed = group
            .shown
            .is_some_and(|beat| self.confirmed(id, beat, members));
        let reason = if operator {
            Reason::Operator
        } else {
            group.reason
        };
        let beaten = self.is_beaten(id, claim, members);
        let unsure = self.may_run_elsewhere(id, members);
        let open = self.is_open(id, members) && !self.is_blocked(now, id, members);
        let may_start = self.may_start(members) && open;
        let settled = self.is_settled(members);
        let group = self.groups.at_mut(id);
        if beaten {
            group.become_idle(None, Reason::BetterClaim, events);
        } else if unsure {
            group.become_idle(None, Reason::NotKnownOff, events);
        } else if !meant || !may_start {
            group.become_idle(None, Reason::Clear, events);
        } else if confirmed && settled {
            group.become_starting(claim, false, reason, events);
        }
    }

    /// Starting or held: lost to a better claim, let go, handed over, or kept.
    fn decide_served(
        &mut self,
        id: GroupId,
        claim: Claim,
        members: &mut Membership,
        events: &mut Events,
    ) {
        if self.is_beaten(id, claim, members) {
            self.groups
                .at_mut(id)
                .become_stopping(claim, None, Reason::BetterClaim, events);
            return;
        }
        let able = self.is_able(members);
        let (wanted, why) = self.wanted(id, able, members);
        let successor = wanted.filter(|node| *node != self.me);
        let letting_go = if self.leaving {
            Some(Reason::Shutdown)
        } else if self.disabled {
            Some(Reason::Disabled)
        } else if members.is_cloned() {
            Some(Reason::Cloned)
        } else if !members.is_healthy() {
            Some(Reason::Unhealthy)
        } else {
            None
        };
        if let Some(reason) = letting_go {
            self.groups
                .at_mut(id)
                .become_stopping(claim, successor, reason, events);
            return;
        }
        if self.suspension.is_some() {
            return;
        }
        if let Some(reason) = self.lacks(id, members) {
            self.groups
                .at_mut(id)
                .become_stopping(claim, None, reason, events);
            return;
        }
        // Somebody's command is first carried out.
        let operator = self.groups.at(id).request.operator_until.is_some();
        if let Some(to) = successor.filter(|_| !self.by_dialogue) {
            // What three nodes see at different times must not go round in a circle.
            let alive = members.peer(to).alive();
            let uphill = alive.is_some_and(|alive| self.connectivity.is_beaten_by(alive));
            let handing_over = if self.standby.contains(id) {
                Some(Reason::Operator)
            } else if self.is_stuck() {
                Some(Reason::StopFailed)
            } else if self.is_unguarded() {
                Some(Reason::NoWatchdog)
            } else if (why == Reason::BetterConnected && !operator && uphill)
                || self.is_apart(id, members)
            {
                Some(why)
            } else {
                None
            };
            if let Some(reason) = handing_over {
                let group = self.groups.at_mut(id);
                group.request.operator_until = None;
                group.become_stopping(claim, Some(to), reason, events);
                return;
            }
        }
        self.answer_wish(id, claim, members, events);
        // Who is out of hearing may hold it as well.
        let holding = NodeSet(self.holding(id, members).0 | members.dead().0);
        let group = self.groups.at_mut(id);
        let asked_again = match group.state {
            State::Held { contested, .. } => contested != holding,
            State::Idle { .. }
            | State::Unknown { .. }
            | State::Claiming { .. }
            | State::Starting { .. }
            | State::Stopping { .. }
            | State::StartFailed { .. }
            | State::StopFailed { .. } => false,
        };
        if asked_again {
            group.contest(holding);
        }
    }

    /// A grant stands until its grantee is gone, or has seen it: then what the grantee does counts.
    pub(super) fn review_grant(&mut self, id: GroupId, members: &Membership) {
        let State::Idle { grant: Some(grant) } = self.groups.at(id).state else {
            return;
        };
        let shown = self.groups.at(id).shown;
        let stands = members
            .peer(grant)
            .alive()
            .is_some_and(|alive| shown.is_none_or(|beat| alive.echo < beat));
        if !stands {
            let group = self.groups.at_mut(id);
            group.state = State::Idle { grant: None };
            group.shown = None;
        }
    }

    fn end_suspension(&mut self, members: &Membership, events: &mut Events) {
        let Some(held) = self.suspension else { return };
        let silent = members.alive().any(|(_, alive)| alive.echo <= held.counter);
        let alone = members.alive().next().is_none();
        if silent || (alone && members.mark() < held.until) {
            return;
        }
        self.suspension = None;
        events.report(Event::Hold {
            held: true,
            reason: Reason::Clear,
        });
    }

    pub(super) fn may_start(&self, members: &Membership) -> bool {
        self.is_able(members) && self.suspension.is_none() && !self.is_frozen(members)
    }

    pub(super) fn claim(&self, id: GroupId, epoch: u8) -> Claim {
        Claim {
            home: self.groups.at(id).claims_home(self.me),
            epoch,
            node: self.me,
        }
    }
}

/// Steps of one group on one input at most.
const STEPS: usize = 3;

//! A transfer of a class of groups, as both nodes have agreed: offered (`me`), accepted (`other`),
//! released and taken (`done`). Each state ends in bounded time, whatever the other does.

use super::LinuxHa;
use super::classes::Classes;
use super::say::Say;
use super::theirs::Their;
use crate::action::Events;
use crate::failover::Failover;
use crate::membership::Membership;
use crate::time::{Duration, Instant};
use crate::wire::ControlWord;
use crate::wire::linux_ha::{Hold, Phase};

/// The one transfer that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialogue {
    pub(super) step: Step,
    classes: Classes,
    /// When it is over, whatever the other does.
    pub(super) until: Instant,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    None,
    /// This node has offered these.
    Offered,
    /// The peer wants them: they are being stopped here.
    Giving,
    /// They are free, and the peer starts them.
    Given,
    /// The peer has offered these and was told to go on; it is stopping them.
    Accepted,
    /// They are free, and are being started here.
    Taking,
}

impl Dialogue {
    pub(super) const NONE: Self = Self {
        step: Step::None,
        classes: Classes::NONE,
        until: Instant::NEVER,
    };

    /// What this node no longer says that it holds.
    pub(super) const fn given(self) -> Classes {
        match self.step {
            Step::Giving | Step::Given => self.classes,
            Step::None | Step::Offered | Step::Accepted | Step::Taking => Classes::NONE,
        }
    }

    pub(super) const fn is_none(self) -> bool {
        matches!(self.step, Step::None)
    }
}

impl LinuxHa {
    /// As many steps as follow from what is so now.
    pub(super) fn decide_dialogue(
        &mut self,
        now: Instant,
        failover: &mut Failover,
        members: &mut Membership,
        events: &mut Events,
    ) {
        self.pass_on_words(now, failover, members);
        self.want(now, failover);
        if self.dialogue.step == Step::Accepted && failover.is_leaving() {
            self.dialogue.until = self.dialogue.until.min(now.after(OFFER));
        }
        let Dialogue {
            step,
            classes,
            until,
        } = self.dialogue;
        match step {
            Step::None => {
                self.offer(now, failover, members);
                self.remind(now, failover, members);
            }
            Step::Offered if now >= until => {
                // Whoever does not want what nobody has is not asked again.
                let unserved = classes.filter(&mut |class| class.any(failover, Failover::misses));
                self.theirs.leave_alone(now, unserved);
                self.rest_until = Some(now.after(REST));
                self.wished = Classes::NONE;
                self.dialogue = Dialogue::NONE;
            }
            Step::Giving => {
                let groups = classes.groups(failover);
                failover.give(groups, self.peer, members, events);
                if classes.any(failover, Failover::is_unstoppable) {
                    // The class stays here: said that it is free, all of it would be started there.
                    self.dialogue = Dialogue::NONE;
                } else if !classes.any(failover, Failover::has) {
                    let until = now.after(PATIENCE);
                    // Of a late answer it may have told already what came of it.
                    let taking = classes.without(self.theirs.are(Their::has));
                    self.theirs.become_taking(taking, until, failover);
                    self.empty = self.empty.without(classes);
                    self.say_step(classes.hold(), Phase::Done);
                    self.become_step(Step::Given, classes, until);
                }
            }
            Step::Given if now >= until => {
                self.theirs.become_failed(now, classes);
                self.dialogue = Dialogue::NONE;
            }
            // They are its own until it says otherwise.
            Step::Accepted if now >= until => {
                self.theirs.become_kept(classes);
                self.dialogue = Dialogue::NONE;
            }
            Step::Taking => {
                // What failed is told as heartbeat tells it: not at all.
                let begun =
                    !classes.any(failover, Failover::is_on_the_way) || failover.is_leaving();
                if begun || now >= until {
                    self.say_step(classes.hold_there(), Phase::Done);
                    self.dialogue = Dialogue::NONE;
                }
            }
            Step::Offered | Step::Given | Step::Accepted => {}
        }
    }

    /// A person wants away from here what this node stands by for: that the peer once gave it, or did not
    /// want it, was before.
    pub(crate) fn on_standby(&mut self, failover: &Failover) {
        for id in failover.ids().filter(|id| failover.stands_by(*id)) {
            self.theirs.become_welcome(Classes::of_group(id, failover));
        }
        self.rest_until = None;
    }

    /// The peer waits for a word of this node: a real one would wait for an hour, in transition, if this
    /// node left without it.
    pub(crate) const fn is_awaited(&self) -> bool {
        match self.dialogue.step {
            Step::Offered | Step::Giving | Step::Accepted | Step::Taking => true,
            Step::None | Step::Given => false,
        }
    }

    /// Offers what should be at the peer, or what is wished there.
    fn offer(&mut self, now: Instant, failover: &Failover, members: &Membership) {
        if !self.dialogue.is_none() || !self.may_offer(failover) {
            return;
        }
        let wished = core::mem::replace(&mut self.wished, Classes::NONE);
        let rests = self.rest_until.is_some();
        let classes = self.free().filter(&mut |class| {
            let should = !rests && class.is_wanted(self.peer, failover, members);
            (wished.has(class) || should) && !class.any(failover, Failover::is_unstoppable)
        });
        if classes.is_empty() {
            return;
        }
        self.say_step(classes.hold(), Phase::Me);
        self.become_step(Step::Offered, classes, now.after(OFFER));
    }

    /// A real one offers what should be here when it hears that this node has become stable. One that
    /// was busy then, with a takeover from the life before, forgets it. And one that heard nothing of this
    /// node at its own start never says what it has.
    fn remind(&mut self, now: Instant, failover: &Failover, members: &Membership) {
        let has = self.theirs.at(Classes::LOCAL) == Their::With;
        let silent = self.is_active() && self.active && !self.theirs.is_known();
        let forgets =
            has && self.may_offer(failover) && Classes::LOCAL.is_wanted(self.me, failover, members);
        if !self.dialogue.is_none() || failover.is_leaving() || !(silent || forgets) {
            self.hint_at = None;
            return;
        }
        let wait = HINT.scaled(1 << self.hints.min(MOST_HINTS), 1);
        let at = *self.hint_at.get_or_insert(now.after(wait));
        if now < at || self.hints >= MOST_HINTS {
            return;
        }
        self.hints = self.hints.saturating_add(1);
        self.hint_at = None;
        self.say(Say::Starting);
        let (ours, stable) = self.said.unwrap_or_default();
        self.say_resource(ours, stable, failover);
    }

    /// When the peer is reminded next.
    pub(super) fn hint_at(&self) -> Instant {
        self.hint_at
            .filter(|_| self.hints < MOST_HINTS && self.dialogue.is_none())
            .unwrap_or(Instant::NEVER)
    }

    /// A real one refuses an offer while it, or this node, is not stable.
    fn may_offer(&self, failover: &Failover) -> bool {
        self.is_active()
            && self.active
            && self.stable
            && !self.departing
            && !failover.is_leaving()
            && self.said.is_some_and(|(_, stable)| stable)
    }

    /// Classes that the peer neither has nor is getting.
    fn free(&self) -> Classes {
        self.theirs.are(|their| their == Their::Without)
    }

    /// What this node's groups and persons say to the holder of a group.
    fn pass_on_words(&mut self, now: Instant, failover: &Failover, members: &mut Membership) {
        let mut asked = Classes::NONE;
        while let Some(control) = members.outbox.take() {
            match control.word {
                // By itself a real one offers what should be here; only a person need ask.
                ControlWord::IpRequest {
                    group,
                    operator: true,
                    ..
                } => asked = asked.with(Classes::of_group(group, failover)),
                ControlWord::Move { group } => {
                    self.wished = self.wished.with(Classes::of_group(group, failover));
                }
                ControlWord::IpRequest { .. }
                | ControlWord::IpRequestResp { .. }
                | ControlWord::Unmove { .. }
                | ControlWord::RexmitRequest { .. }
                | ControlWord::Gone { .. } => {}
            }
        }
        if !asked.is_empty() && now >= self.ask_at && self.dialogue.is_none() {
            self.ask_at = now.after(ASK_AGAIN);
            self.say(Say::HbTakeover(asked.hold()));
        }
    }

    /// A step of the peer's. `hold` is in the giver's words.
    pub(super) fn on_ask(
        &mut self,
        now: Instant,
        hold: Hold,
        phase: Phase,
        failover: &mut Failover,
        members: &Membership,
    ) {
        let offered = Classes::of_peer(hold);
        let Dialogue { step, classes, .. } = self.dialogue;
        // Of two offers that cross, a real one goes on with neither; two of us with one.
        let yields = self.peer < self.me;
        match (phase, step) {
            (Phase::Me, Step::Offered) if !yields => {}
            (Phase::Me, Step::None | Step::Accepted | Step::Offered) => {
                if step == Step::Offered {
                    self.dialogue = Dialogue::NONE;
                }
                let able = failover.is_able(members) && !failover.is_maintained();
                // What failed here would fail again, and the peer is not told of that.
                let able = able && !offered.any(failover, Failover::has_failed);
                if !able || !self.is_active() || !self.theirs.is_known() {
                    return; // Without an answer it keeps them.
                }
                self.theirs.become_giving(offered);
                failover.expect(offered.groups(failover));
                self.say_step(hold, Phase::Other);
                self.become_step(Step::Accepted, offered, now.after(PATIENCE));
            }
            (Phase::Other, Step::Offered) => {
                self.become_step(Step::Giving, classes, Instant::NEVER);
            }
            (Phase::Done, Step::Accepted) => {
                self.theirs.become_given(classes, failover);
                // What it judged by may be seen here a little later.
                self.rest_until = Some(now.after(SETTLE));
                self.empty = self.empty.with(classes);
                self.become_step(Step::Taking, classes, now.after(PATIENCE));
            }
            (Phase::Done, Step::Given) => {
                let taken = self.theirs.taken().and(classes);
                self.theirs.become_with(taken, failover);
                // If it did not start there it is not offered again at once, to and fro.
                self.rest_until = Some(now.after(REST));
                self.dialogue = Dialogue::NONE;
            }
            // Nobody asked: a real one says the last word of a transfer after a goodbye, too.
            (
                Phase::Me | Phase::Other | Phase::Done,
                Step::None
                | Step::Offered
                | Step::Giving
                | Step::Given
                | Step::Accepted
                | Step::Taking,
            ) => {}
        }
    }

    #[inline(never)]
    fn become_step(&mut self, step: Step, classes: Classes, until: Instant) {
        self.dialogue = Dialogue {
            step,
            classes,
            until,
        };
    }

    #[inline(never)]
    fn say_step(&mut self, hold: Hold, phase: Phase) {
        self.say(Say::AskResources { hold, phase });
    }
}

/// A real one cancels its offer after as long.
pub(super) const OFFER: Duration = Duration::from_secs(10);
/// Until an offer that was not answered is made again.
const REST: Duration = Duration::from_secs(10);
/// Until what was taken may be offered again.
const SETTLE: Duration = Duration::from_secs(5);
/// A person's request is said again after so long, as long as it stands.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// For what the peer's scripts may take; heartbeat would wait for an hour, with nobody serving.
const PATIENCE: Duration = Duration::from_secs(60);
/// Until a peer that has what should be here, and does not offer it, is reminded; then twice as long
/// each time.
const HINT: Duration = Duration::from_secs(3);
const MOST_HINTS: u8 = 5;

#[cfg(test)]
mod tests;

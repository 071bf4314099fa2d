//! A transfer of a class of groups, as both nodes have agreed: offered (`me`), accepted (`other`),
//! released and taken (`done`). Each state ends in bounded time, whatever the other does.

use super::classes::Classes;
use super::say::Say;
use super::theirs::Their;
use super::{LinuxHa, Phase};
use crate::action::Events;
use crate::failover::Failover;
use crate::membership::Membership;
use crate::time::{Duration, Instant};
use crate::wire::ControlWord;
use crate::wire::linux_ha::{Hold, Phase as Step};

/// The one transfer that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialogue {
    None,
    /// This node has offered these.
    Offered {
        classes: Classes,
        until: Instant,
    },
    /// The peer wants them: they are being stopped here.
    Giving {
        classes: Classes,
    },
    /// They are free, and the peer starts them.
    Given {
        classes: Classes,
        until: Instant,
    },
    /// The peer has offered these and was told to go on; it is stopping them.
    Accepted {
        classes: Classes,
        hold: Hold,
        until: Instant,
    },
    /// They are free, and are being started here.
    Taking {
        classes: Classes,
        hold: Hold,
        until: Instant,
    },
}

impl Dialogue {
    /// What this node no longer says that it holds.
    pub(super) const fn given(self) -> Classes {
        match self {
            Self::Giving { classes } | Self::Given { classes, .. } => classes,
            Self::None | Self::Offered { .. } | Self::Accepted { .. } | Self::Taking { .. } => {
                Classes::NONE
            }
        }
    }

    pub(super) const fn deadline(self) -> Instant {
        match self {
            Self::Offered { until, .. }
            | Self::Given { until, .. }
            | Self::Accepted { until, .. }
            | Self::Taking { until, .. } => until,
            Self::None | Self::Giving { .. } => Instant::NEVER,
        }
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
        if let (Dialogue::Accepted { until, .. }, true) =
            (&mut self.dialogue, failover.is_leaving())
        {
            *until = (*until).min(now.after(OFFER));
        }
        match self.dialogue {
            Dialogue::None => {
                self.offer(now, failover, members);
                self.remind(now, failover, members);
            }
            Dialogue::Offered { classes, until } if now >= until => {
                // Whoever does not want what nobody has is not asked again.
                let unserved = classes.filter(|class| {
                    let mut groups = self.theirs.groups(class, failover).iter();
                    groups.any(|id| !failover.keeps(id))
                });
                self.theirs.leave_alone(now, unserved);
                self.rest_until = Some(now.after(REST));
                self.wished = Classes::NONE;
                self.dialogue = Dialogue::None;
            }
            Dialogue::Giving { classes } => {
                let groups = self.theirs.groups(classes, failover);
                failover.give(groups, self.peer, members, events);
                if groups.iter().any(|id| failover.is_unstoppable(id)) {
                    // The class stays here: said that it is free, all of it would be started there.
                    self.dialogue = Dialogue::None;
                } else if !groups.iter().any(|id| failover.has(id)) {
                    let until = now.after(PATIENCE);
                    self.theirs.become_taking(classes, until, failover);
                    self.empty = self.empty.without(classes);
                    self.say(Say::AskResources {
                        hold: classes.hold(),
                        phase: Step::Done,
                    });
                    self.dialogue = Dialogue::Given { classes, until };
                }
            }
            Dialogue::Given { classes, until } if now >= until => {
                self.theirs.become_failed(now, classes);
                self.dialogue = Dialogue::None;
            }
            // They are its own until it says otherwise.
            Dialogue::Accepted { classes, until, .. } if now >= until => {
                self.theirs.become_kept(classes);
                self.dialogue = Dialogue::None;
            }
            Dialogue::Taking {
                classes,
                hold,
                until,
            } => {
                let mut groups = self.theirs.groups(classes, failover).iter();
                // What failed is told as heartbeat tells it: not at all.
                let begun = groups.all(|id| failover.is_through(id)) || failover.is_leaving();
                if begun || now >= until {
                    self.say(Say::AskResources {
                        hold,
                        phase: Step::Done,
                    });
                    self.dialogue = Dialogue::None;
                }
            }
            Dialogue::Offered { .. } | Dialogue::Given { .. } | Dialogue::Accepted { .. } => {}
        }
    }

    /// A person wants away from here what this node stands by for: that the peer once gave it, or did not
    /// want it, was before.
    pub(crate) fn on_standby(&mut self, failover: &Failover) {
        for id in failover.ids().filter(|id| failover.stands_by(*id)) {
            self.theirs.become_welcome(self.theirs.class(id, failover));
        }
        self.rest_until = None;
    }

    /// The peer waits for a word of this node: a real one would wait for an hour, in transition, if this
    /// node left without it.
    pub(crate) const fn is_awaited(&self) -> bool {
        match self.dialogue {
            Dialogue::Offered { .. }
            | Dialogue::Giving { .. }
            | Dialogue::Accepted { .. }
            | Dialogue::Taking { .. } => true,
            Dialogue::None | Dialogue::Given { .. } => false,
        }
    }

    /// Offers what should be at the peer, or what is wished there.
    fn offer(&mut self, now: Instant, failover: &Failover, members: &Membership) {
        if self.dialogue != Dialogue::None || !self.may_offer(failover) {
            return;
        }
        let wished = core::mem::replace(&mut self.wished, Classes::NONE);
        let rests = self.rest_until.is_some();
        let classes = self.free().filter(|class| {
            let groups = self.theirs.groups(class, failover);
            let there = |id| failover.wanted_node(id, members) == Some(self.peer);
            let stuck = groups.iter().any(|id| failover.is_unstoppable(id));
            !stuck && (wished.has(class) || (!rests && groups.iter().any(there)))
        });
        if classes.is_empty() {
            return;
        }
        self.say(Say::AskResources {
            hold: classes.hold(),
            phase: Step::Me,
        });
        self.dialogue = Dialogue::Offered {
            classes,
            until: now.after(OFFER),
        };
    }

    /// A real one offers what should be here when it hears that this node has become stable. One that
    /// was busy then, with a takeover from the life before, forgets it. And one that heard nothing of this
    /// node at its own start never says what it has.
    fn remind(&mut self, now: Instant, failover: &Failover, members: &Membership) {
        let has = matches!(
            self.theirs.at(Classes::LOCAL),
            Their::With { contested: None }
        );
        let mut groups = self.theirs.groups(Classes::LOCAL, failover).iter();
        let here = |id| failover.wanted_node(id, members) == Some(self.me);
        let silent = self.phase == Phase::Active && self.active && !self.theirs.is_known();
        let forgets = has && self.may_offer(failover) && groups.any(here);
        if self.dialogue != Dialogue::None || failover.is_leaving() || !(silent || forgets) {
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
            .filter(|_| self.hints < MOST_HINTS && self.dialogue == Dialogue::None)
            .unwrap_or(Instant::NEVER)
    }

    /// A real one refuses an offer while it, or this node, is not stable.
    fn may_offer(&self, failover: &Failover) -> bool {
        self.phase == Phase::Active
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
                } => asked = asked.with(self.theirs.class(group, failover)),
                ControlWord::Move { group } => {
                    self.wished = self.wished.with(self.theirs.class(group, failover));
                }
                ControlWord::IpRequest { .. }
                | ControlWord::IpRequestResp { .. }
                | ControlWord::Unmove { .. }
                | ControlWord::RexmitRequest { .. }
                | ControlWord::Gone { .. } => {}
            }
        }
        if !asked.is_empty() && now >= self.ask_at && self.dialogue == Dialogue::None {
            self.ask_at = now.after(ASK_AGAIN);
            self.say(Say::HbTakeover(asked.hold()));
        }
    }

    /// A step of the peer's. `hold` is in the giver's words.
    pub(super) fn on_ask(
        &mut self,
        now: Instant,
        hold: Hold,
        step: Step,
        failover: &mut Failover,
        members: &Membership,
    ) {
        let classes = Classes::of_peer(hold);
        // Of two offers that cross, a real one goes on with neither; two of us with one.
        let yields = matches!(self.dialogue, Dialogue::Offered { .. }) && self.peer < self.me;
        if yields && step == Step::Me {
            self.dialogue = Dialogue::None;
        }
        match (step, self.dialogue) {
            (Step::Me, Dialogue::None | Dialogue::Accepted { .. }) => {
                let able = failover.is_able(members) && !failover.is_maintained();
                let mut groups = self.theirs.groups(classes, failover).iter();
                // What failed here would fail again, and the peer is not told of that.
                let able = able && !groups.any(|id| failover.has_failed(id));
                if !able || self.phase != Phase::Active || !self.theirs.is_known() {
                    return; // Without an answer it keeps them.
                }
                self.theirs.become_giving(classes);
                failover.expect(self.theirs.groups(classes, failover));
                self.say(Say::AskResources {
                    hold,
                    phase: Step::Other,
                });
                self.dialogue = Dialogue::Accepted {
                    classes,
                    hold,
                    until: now.after(PATIENCE),
                };
            }
            (Step::Other, Dialogue::Offered { classes, .. }) => {
                self.dialogue = Dialogue::Giving { classes };
            }
            (Step::Done, Dialogue::Accepted { classes, hold, .. }) => {
                self.theirs.become_given(classes, failover);
                // What it judged by may be seen here a little later.
                self.rest_until = Some(now.after(SETTLE));
                self.empty = self.empty.with(classes);
                self.dialogue = Dialogue::Taking {
                    classes,
                    hold,
                    until: now.after(PATIENCE),
                };
            }
            (Step::Done, Dialogue::Given { classes, .. }) => {
                let taken = self
                    .theirs
                    .are(|their| matches!(their, Their::Taking { .. }));
                for class in Classes::EACH {
                    if taken.and(classes).has(class) {
                        self.theirs.become_with(class, None, failover);
                    }
                }
                // If it did not start there it is not offered again at once, to and fro.
                self.rest_until = Some(now.after(REST));
                self.dialogue = Dialogue::None;
            }
            // Nobody asked: a real one says the last word of a transfer after a goodbye, too.
            (
                Step::Me | Step::Other | Step::Done,
                Dialogue::None
                | Dialogue::Offered { .. }
                | Dialogue::Giving { .. }
                | Dialogue::Given { .. }
                | Dialogue::Accepted { .. }
                | Dialogue::Taking { .. },
            ) => {}
        }
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

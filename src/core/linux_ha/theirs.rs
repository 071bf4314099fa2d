//! What the peer does about groups, by its messages, and how a beat would say it.

use super::classes::Classes;
use crate::action::GroupState;
use crate::failover::Failover;
use crate::id::{GroupId, GroupSet, NodeId, PerGroup};
use crate::time::{Duration, Instant};
use crate::wire::{Beat, Flags, Word};

/// The peer's side of both classes.
#[derive(Clone, Debug)]
pub(super) struct Theirs {
    peer: NodeId,
    me: NodeId,
    local: (Their, Instant),
    foreign: (Their, Instant),
    /// Released to this node, by a word that was no mistake.
    granted: Classes,
    /// It gave them away as a person wished, or leaves them alone: it is preferred last.
    pub(super) standby: Classes,
    /// A claim here on what is at home there would have been contradicted by now.
    pub(super) sure: bool,
    /// By which it holds each group.
    epochs: PerGroup<u8>,
    /// With `auto_failback legacy`: the groups it has, and those it released to this node.
    singly: Option<(GroupSet, GroupSet)>,
    /// Of those it has: what a person wanted there, for by itself it asks for its own only.
    moved: GroupSet,
}

/// One class at the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Their {
    /// It has not said.
    Unknown,
    /// Not there.
    Without,
    /// There.
    With,
    /// There, and it runs here, too: for a while.
    Contested,
    /// It is starting it, or will; for a while.
    Taking,
    /// It is stopping it.
    Giving,
    /// It should have started it and never said so.
    Failed,
}

impl Their {
    pub(super) fn has(self) -> bool {
        matches!(self, Self::With | Self::Contested)
    }
}

impl Theirs {
    /// `singly`: with `auto_failback legacy`.
    pub(super) fn new(me: NodeId, peer: NodeId, singly: bool) -> Self {
        Self {
            peer,
            me,
            local: (Their::Unknown, Instant::NEVER),
            foreign: (Their::Unknown, Instant::NEVER),
            granted: Classes::NONE,
            standby: Classes::NONE,
            sure: false,
            epochs: PerGroup::new(|| 0),
            moved: GroupSet::EMPTY,
            singly: singly.then_some((GroupSet::EMPTY, GroupSet::EMPTY)),
        }
    }

    /// Another life of it, or the same that declared this node dead.
    pub(super) fn forget(&mut self) {
        *self = Self {
            epochs: self.epochs.clone(),
            ..Self::new(self.me, self.peer, self.singly.is_some())
        };
    }

    #[inline(never)]
    pub(super) fn at(&self, class: Classes) -> Their {
        self.side(class).0
    }

    /// With when that ends by itself.
    fn side(&self, class: Classes) -> (Their, Instant) {
        if class.has(Classes::LOCAL) {
            self.local
        } else {
            self.foreign
        }
    }

    /// Those in a state.
    #[inline(never)]
    pub(super) fn are(&self, is: fn(Their) -> bool) -> Classes {
        Classes::ALL.filter(&mut |class| is(self.at(class)))
    }

    #[inline(never)]
    pub(super) fn is_known(&self) -> bool {
        self.are(|their| their == Their::Unknown).is_empty()
    }

    /// It holds, takes or gives them: this node must not start them.
    #[inline(never)]
    pub(super) fn held(&self) -> Classes {
        self.are(|their| match their {
            Their::With | Their::Contested | Their::Taking | Their::Giving | Their::Unknown => true,
            Their::Without | Their::Failed => false,
        })
    }

    /// It says which it has. What is here as well is contested.
    pub(super) fn become_holding(&mut self, now: Instant, has: Classes, failover: &Failover) {
        let new = has.without(self.are(Their::has));
        self.become_with(new, failover);
        for &class in &Classes::EACH {
            if new.has(class) && class.any(failover, Failover::claims) {
                self.become_contested(class, now, failover);
            }
        }
        self.standby = self.standby.without(has);
        let unsaid = self.are(|their| matches!(their, Their::Taking | Their::Failed));
        let without = Classes::ALL.without(has).without(unsaid);
        self.become_state(without, Their::Without, Instant::NEVER);
    }

    #[inline(never)]
    pub(super) fn become_with(&mut self, classes: Classes, failover: &Failover) {
        for id in classes.groups(failover).iter() {
            *self.epochs.at_mut(id) = failover.next_epoch(id);
        }
        self.become_state(classes, Their::With, Instant::NEVER);
    }

    /// Its claim is older than the one here, until it is known that it will stay.
    fn become_contested(&mut self, class: Classes, now: Instant, failover: &Failover) {
        for id in class.groups(failover).iter() {
            *self.epochs.at_mut(id) = before(failover.group(id).epoch);
        }
        self.become_state(class, Their::Contested, now.after(grace(class)));
    }

    /// It was told that these are free, and starts them.
    pub(super) fn become_taking(&mut self, classes: Classes, until: Instant, failover: &Failover) {
        self.become_with(classes, failover);
        self.become_state(classes, Their::Taking, until);
    }

    /// It knew that these were here, and left them alone.
    pub(super) fn become_passed_over(&mut self, classes: Classes) {
        let those = classes.and(self.taken());
        self.become_state(those, Their::Without, Instant::NEVER);
    }

    /// It begins to stop what it has of these.
    pub(super) fn become_giving(&mut self, classes: Classes) {
        let those = classes.and(self.are(Their::has));
        self.become_state(those, Their::Giving, Instant::NEVER);
    }

    /// It was told to go on and did not: it has them as before.
    pub(super) fn become_kept(&mut self, classes: Classes) {
        let those = classes.and(self.are(|their| their == Their::Giving));
        self.become_state(those, Their::With, Instant::NEVER);
    }

    /// It has stopped these for this node. Of its own it may not want them back at once.
    pub(super) fn become_given(&mut self, classes: Classes, failover: &Failover) {
        self.become_with(classes, failover);
        self.become_state(classes, Their::Without, Instant::NEVER);
        self.granted = self.granted.with(classes);
        self.standby = self.standby.with(classes.and(Classes::FOREIGN));
    }

    /// It never said that it started them.
    pub(super) fn become_failed(&mut self, now: Instant, classes: Classes) {
        let those = classes.and(self.taken());
        self.become_state(those, Their::Failed, now.after(RETRY));
    }

    /// Those that it is starting.
    pub(super) fn taken(&self) -> Classes {
        self.are(|their| their == Their::Taking)
    }

    /// It neither has these nor will take them by itself.
    pub(super) fn leave_alone(&mut self, now: Instant, classes: Classes) {
        self.standby = self.standby.with(classes);
        for class in Classes::EACH {
            if classes.has(class) && self.at(class) == Their::Without {
                self.become_state(class, Their::Failed, now.after(RETRY));
            }
        }
    }

    /// It asks what is here: it may take what it left alone.
    pub(super) fn become_interested(&mut self) {
        for class in Classes::EACH {
            if self.at(class) == Their::Failed {
                self.become_welcome(class);
                self.become_state(class, Their::Without, Instant::NEVER);
            }
        }
    }

    /// It may have these as well as this node.
    pub(super) fn become_welcome(&mut self, classes: Classes) {
        self.standby = self.standby.without(classes);
    }

    /// What is contested for too long is the peer's: it did not restart, so it never missed this
    /// node. Its own groups first; two of us would give up other ones.
    ///
    /// With `auto_failback legacy` the peer does not know what is here: those it has to be told of.
    pub(super) fn review(&mut self, now: Instant, failover: &mut Failover) -> GroupSet {
        let mut told = GroupSet::EMPTY;
        for &class in &Classes::EACH {
            let (their, until) = self.side(class);
            match their {
                Their::Contested => {
                    if now >= until || !class.any(failover, Failover::claims) {
                        self.become_with(class, failover);
                        let groups = class.groups(failover);
                        failover.concede(groups);
                        if self.singly.is_some() {
                            told = GroupSet(groups.0 & failover.those(Failover::claims).0);
                        }
                    }
                }
                Their::Taking if now >= until => self.become_failed(now, class),
                Their::Failed if now >= until => {
                    self.become_welcome(class);
                    self.become_state(class, Their::Without, Instant::NEVER);
                }
                Their::Unknown
                | Their::Without
                | Their::With
                | Their::Taking
                | Their::Giving
                | Their::Failed => {}
            }
        }
        told
    }

    /// What is at home there it may start at any moment, unless it gave it or leaves it alone.
    pub(super) fn is_to_be_asked(&self, class: Classes) -> bool {
        self.singly.is_none()
            && class == Classes::FOREIGN
            && matches!(self.at(class), Their::Without | Their::Failed)
            && !self.granted.with(self.standby).has(class)
    }

    /// When [`Self::review`] has something to do.
    pub(super) fn deadline(&self) -> Instant {
        self.local.1.min(self.foreign.1)
    }

    /// What its beats would say.
    pub(super) fn tell(&self, beat: &mut Beat, flags: Flags, ping: u8, failover: &Failover) {
        (beat.flags, beat.ping) = (flags, ping);
        for id in failover.ids() {
            *beat.groups.at_mut(id) = self.word(id, failover);
        }
    }

    fn word(&self, id: GroupId, failover: &Failover) -> Word {
        let class = Classes::of_group(id, failover);
        let sure = class == Classes::LOCAL || self.singly.is_some() || self.sure;
        let claims = failover.claims(id) && sure && !self.is_to_be_asked(class);
        let claimed = claims || self.granted.has(class);
        let free = |state| Word {
            state,
            home: self.standby.has(class),
            owner: claimed.then_some(self.me),
            epoch: if self.granted.has(class) {
                *self.epochs.at(id)
            } else {
                failover.group(id).epoch
            },
        };
        let held = |state| Word {
            state,
            home: self.moved.contains(id),
            owner: Some(self.peer),
            epoch: *self.epochs.at(id),
        };
        if let Some((has, released)) = self.singly {
            return if has.contains(id) {
                held(GroupState::Held)
            } else if released.contains(id) {
                Word {
                    owner: Some(self.me),
                    epoch: *self.epochs.at(id),
                    ..free(GroupState::Idle)
                }
            } else {
                free(GroupState::Idle)
            };
        }
        match self.at(class) {
            Their::Unknown => Word {
                state: GroupState::Unknown,
                ..Word::IDLE
            },
            Their::Without => free(GroupState::Idle),
            Their::Failed => free(GroupState::StartFailed),
            Their::With | Their::Contested => held(GroupState::Held),
            Their::Taking => held(GroupState::Starting),
            Their::Giving => held(GroupState::Stopping),
        }
    }

    /// With `auto_failback legacy`: it has a group.
    pub(super) fn has_single(&self, id: GroupId) -> bool {
        self.singly.is_some_and(|(has, _)| has.contains(id))
    }

    /// With `auto_failback legacy`: it has a group, or has released it.
    pub(super) fn become_single(&mut self, id: GroupId, has: bool, failover: &Failover) {
        self.moved = self.moved.without(id);
        if let Some((holds, released)) = &mut self.singly {
            *holds = holds.without(id);
            *released = released.without(id);
            let set = if has { holds } else { released };
            *set = set.with(id);
            *self.epochs.at_mut(id) = failover.next_epoch(id);
        }
    }

    /// It asked for a group, and it was released to it.
    pub(super) fn become_moved(&mut self, id: GroupId, failover: &Failover) {
        self.become_single(id, true, failover);
        if failover.is_local(id) {
            self.moved = self.moved.with(id);
        }
    }

    #[inline(never)]
    fn become_state(&mut self, classes: Classes, their: Their, until: Instant) {
        if classes.has(Classes::LOCAL) {
            self.local = (their, until);
        }
        if classes.has(Classes::FOREIGN) {
            self.foreign = (their, until);
        }
        if their != Their::Without {
            self.granted = self.granted.without(classes);
        }
    }
}

/// A real one that declared this node dead restarts two seconds after it hears it again.
fn grace(class: Classes) -> Duration {
    Duration::from_secs(if class.has(Classes::LOCAL) { 10 } else { 5 })
}

/// The epoch before `epoch`, without zero.
fn before(epoch: u8) -> u8 {
    match epoch {
        0 | 1 => u8::MAX,
        _ => epoch.wrapping_sub(1),
    }
}

/// After so long, what failed there or was left alone may be offered again.
const RETRY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;

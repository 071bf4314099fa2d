//! One configured node as seen from here: which life of it has proved itself, and when it was heard.

use crate::action::{Difference, GroupState, PeerState};
use crate::id::{GroupId, GroupSet, LinkId, LinkSet, MAX_GROUPS, NodeId, PerLink};
use crate::time::{Duration, Instant};
use crate::wire::{Beat, Hello, Reference};

use super::Membership;
use super::quality::Quality;

/// A peer. Moments written `Duration` are marks of attentive time.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) standing: Standing,
    /// Another life commits only on an echo of this counter or a later one: the doubt belongs to
    /// the peer, not to a candidate, so that replays cannot starve a restart.
    pub(crate) need: Option<u32>,
    pub(crate) invitations: PerLink<Invitation>,
    /// When a life of it that has not proved itself last spoke.
    pub(crate) stirred: Option<Instant>,
    /// Its newest verified frame that did not answer this life of ours, and when it came: what a
    /// Hello names to prove itself.
    pub(crate) newest: Option<(Instant, Reference)>,
}

/// Whether and how a peer lives.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is no heap to put the large one on"
)]
pub(crate) enum Standing {
    /// Never heard in this life of ours.
    Unheard,
    /// A life of it has proved itself and was not silent for `deadtime`.
    Alive(Alive),
    /// Silent for `deadtime`, or for `initdead` when never heard.
    Dead(Ended),
    /// Its last life said goodbye.
    Left(Ended),
}

/// A proven life.
#[derive(Clone, Debug)]
pub(crate) struct Alive {
    pub(crate) incarnation: u64,
    /// Its highest counter accepted.
    pub(crate) highest: u32,
    /// The highest counter of its questions.
    pub(crate) question: u32,
    /// The highest counter of any frame, for [`Quality`].
    pub(crate) measured: u32,
    pub(crate) links: PerLink<Delivery>,
    /// When a frame of it was last a sign of life.
    pub(crate) heard: Duration,
    pub(crate) committed: Duration,
    /// The newest own counter that it echoed, and when that frame left.
    pub(crate) echo: u32,
    pub(crate) echo_left: Instant,
    pub(crate) hearing: Hearing,
    pub(crate) asked: Option<Duration>,
    pub(crate) warned: bool,
    /// Its newest whole state.
    pub(crate) beat: Beat,
    pub(crate) deadtime: Duration,
    pub(crate) watchdog: Duration,
    /// The gravest of what its configuration has otherwise.
    pub(crate) mismatch: Option<Difference>,
    /// How many groups it was told of.
    pub(crate) groups: usize,
    /// The key that signed its newest frame.
    pub(crate) key: u8,
    /// The newest of its control words that was dealt with.
    pub(crate) sequence: u8,
    pub(crate) rexmit_at: Instant,
}

/// Whether the peer hears us, by its own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hearing {
    /// Its newest beat echoes us.
    Hears,
    /// It has not heard this life of ours yet since it committed to us.
    NotYet,
    /// It heard us and no longer does.
    Deaf,
}

/// How one link delivers from one peer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Delivery {
    /// The highest counter that came this way; a second copy is no sign of life.
    pub(crate) highest: u32,
    pub(crate) heard: Option<Duration>,
    pub(crate) up: bool,
    /// Figures that decide nothing.
    pub(crate) quality: Quality,
}

/// What remains of a life that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) since: Instant,
    /// The low half of its incarnation; none if it was never heard.
    pub(crate) life: Option<u32>,
    /// Groups it could not stop.
    pub(crate) stuck: GroupSet,
    /// Its armed watchdog, zero for none.
    pub(crate) watchdog: Duration,
    /// It is known to run nothing any more, but for what is `stuck`.
    pub(crate) off: bool,
}

/// A Hello to be sent to a peer on one link: at most one per quarter of a beat, and one more for
/// a frame whose tag could be verified, so that forgeries do not use up its turn.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Invitation {
    pub(crate) due: bool,
    pub(crate) re: Option<Reference>,
    next_at: Instant,
    next_verified_at: Instant,
}

impl Peer {
    /// Never heard; only a Hello that answers a frame of this life counts.
    pub(crate) fn new(need: u32) -> Self {
        Self {
            standing: Standing::Unheard,
            need: Some(need),
            invitations: PerLink::of(Invitation::default()),
            stirred: None,
            newest: None,
        }
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn alive(&self) -> Option<&Alive> {
        match &self.standing {
            Standing::Alive(alive) => Some(alive),
            Standing::Unheard | Standing::Dead(_) | Standing::Left(_) => None,
        }
    }

    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub(crate) fn alive_mut(&mut self) -> Option<&mut Alive> {
        match &mut self.standing {
            Standing::Alive(alive) => Some(alive),
            Standing::Unheard | Standing::Dead(_) | Standing::Left(_) => None,
        }
    }

    /// Whether its last life was this one and said goodbye.
    pub(crate) fn has_left(&self, low: u32) -> bool {
        match self.standing {
            Standing::Left(ended) => ended.life == Some(low),
            Standing::Unheard | Standing::Alive(_) | Standing::Dead(_) => false,
        }
    }

    /// For `status`.
    pub(crate) fn state(&self) -> PeerState {
        match &self.standing {
            Standing::Unheard => PeerState::Unheard,
            Standing::Alive(alive) if alive.warned => PeerState::Late,
            Standing::Alive(_) => PeerState::Alive,
            Standing::Dead(_) => PeerState::Dead,
            Standing::Left(_) => PeerState::Left,
        }
    }

    /// Asks for one Hello on `link`, unless one was sent there within `spacing`. `re` is the
    /// frame it answers, where that was verified.
    pub(crate) fn invite(
        &mut self,
        now: Instant,
        link: LinkId,
        re: Option<Reference>,
        spacing: Duration,
    ) {
        self.newest = re.map(|re| (now, re)).or(self.newest);
        let invitation = self.invitations.at_mut(link);
        let next_at = match re {
            Some(_) => &mut invitation.next_verified_at,
            None => &mut invitation.next_at,
        };
        if now >= *next_at {
            *next_at = now.after(spacing);
            invitation.due = true;
            invitation.re = re;
        }
    }

    /// Asks for one Hello on `link` in any case: the answer to a commit.
    pub(crate) fn answer(&mut self, now: Instant, link: LinkId, re: Reference) {
        self.newest = Some((now, re));
        let invitation = self.invitations.at_mut(link);
        invitation.due = true;
        invitation.re = Some(re);
    }
}

impl Membership {
    /// A life of a node, by its first number: of one that hears this life and has what it has. Whether
    /// another one was alive, too.
    #[inline(never)]
    pub(super) fn begin(
        &mut self,
        now: Instant,
        link: LinkId,
        (node, incarnation, counter): (NodeId, u64, u32),
        beat: &Beat,
    ) -> bool {
        let mark = self.mark();
        let mut links = PerLink::of(Delivery::default());
        *links.at_mut(link) = Delivery {
            highest: counter,
            heard: Some(mark),
            up: true,
            quality: Quality::new(counter),
        };
        let alive = Alive {
            incarnation,
            highest: counter,
            measured: counter,
            question: counter,
            links,
            heard: mark,
            committed: mark,
            echo: self.life.counter(),
            echo_left: now,
            hearing: Hearing::Hears,
            asked: None,
            warned: false,
            beat: beat.clone(),
            deadtime: self.timing.deadtime,
            watchdog: Duration::ZERO,
            mismatch: None,
            groups: self.shape.groups,
            key: self.keyring.signing(),
            sequence: beat.newest,
            rexmit_at: now,
        };
        let peer = self.peer_mut(node);
        let restarted = peer.alive().is_some();
        peer.need = None;
        peer.standing = Standing::Alive(alive);
        restarted
    }
}

impl Alive {
    /// The low half of its incarnation, as its frames carry it.
    pub(crate) fn low(&self) -> u32 {
        let [a, b, c, d, ..] = self.incarnation.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    /// The high half, which its tags cover.
    pub(crate) fn high(&self) -> u32 {
        let [.., a, b, c, d] = self.incarnation.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    /// What only a Hello says.
    pub(super) fn announce(&mut self, hello: &Hello) {
        self.deadtime = Duration::from_millis(u64::from(hello.deadtime));
        self.watchdog = Duration::from_secs(u64::from(hello.watchdog));
    }

    /// The links it was heard on within `span` before `mark`.
    pub(crate) fn links(&self, mark: Duration, span: Duration) -> LinkSet {
        self.links
            .iter()
            .filter(|(_, delivery)| {
                delivery
                    .heard
                    .is_some_and(|heard| mark.minus(heard) <= span)
            })
            .fold(LinkSet::EMPTY, |set, (link, _)| set.with(link))
    }

    /// What it says of groups is about ours.
    pub(crate) fn is_believed(&self) -> bool {
        match self.mismatch {
            Some(Difference::Nodes | Difference::Groups) => false,
            Some(Difference::Timing) | None => true,
        }
    }

    /// What it could not stop; where its groups are not ours, that may be any of them.
    pub(super) fn stuck(&self) -> GroupSet {
        let stuck = GroupId::first(MAX_GROUPS)
            .filter(|group| self.beat.groups.at(*group).state == GroupState::StopFailed)
            .fold(GroupSet::EMPTY, GroupSet::with);
        if stuck.is_empty() || self.is_believed() {
            stuck
        } else {
            GroupSet::first(MAX_GROUPS)
        }
    }

    /// Whether it hears us.
    pub(crate) fn hears(&self) -> bool {
        self.hearing == Hearing::Hears
    }

    /// Whether it certainly does not: it heard us and stopped, or never did for `patience`.
    pub(crate) fn is_deaf(&self, mark: Duration, patience: Duration) -> bool {
        match self.hearing {
            Hearing::Hears => false,
            Hearing::Deaf => true,
            Hearing::NotYet => mark.minus(self.committed) >= patience,
        }
    }
}

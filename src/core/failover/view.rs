//! What this node sees of a group in the words of live peers.

use super::Failover;
use super::claim::{Claim, is_later};
use super::group::State;
use super::person::is_on;
use super::placement::{Seat, place};
use crate::action::{GroupState, Reason};
use crate::id::{GroupId, NodeId, NodeSet};
use crate::membership::{Alive, LivePeers, Membership, Standing};
use crate::time::{Duration, Instant};
use crate::wire::Word;

impl Failover {
    /// The best claim of a live peer that means to keep the group.
    pub(super) fn competitor(&self, id: GroupId, members: &Membership) -> Option<Claim> {
        words(id, members)
            .filter_map(|(node, _, word)| Claim::of(word, node))
            .reduce(|best, claim| if claim.beats(best) { claim } else { best })
    }

    /// Who holds it, this node left out: the best claim, else whoever may still run it, else whom
    /// a live peer names that is out of our hearing but not out of theirs. With the epoch of it,
    /// so that naming a holder never looks like a grant.
    pub(super) fn seen(&self, id: GroupId, members: &Membership) -> Option<(NodeId, u8)> {
        let holding = words(id, members).find(|(_, _, word)| word.state.holds());
        self.competitor(id, members)
            .map(|claim| (claim.node, claim.epoch))
            .or_else(|| holding.map(|(node, _, word)| (node, word.epoch)))
            .or_else(|| {
                words(id, members)
                    .filter_map(|(_, alive, word)| Some((alive, word.owner?, word.epoch)))
                    // Not hearsay: two could tell each other for ever.
                    .find(|(alive, owner, _)| {
                        let heard = !alive.beat.peers.at(*owner).links.is_empty();
                        heard && self.is_distant(*owner, members)
                    })
                    .map(|(_, owner, epoch)| (owner, epoch))
            })
    }

    /// The holder of [`Self::seen`].
    pub(super) fn holder(&self, id: GroupId, members: &Membership) -> Option<NodeId> {
        self.seen(id, members).map(|(node, _)| node)
    }

    /// Peers that hold it now, and may announce it: who has begun to stop it does not.
    pub(super) fn holding(&self, id: GroupId, members: &Membership) -> NodeSet {
        words(id, members)
            .filter(|(_, _, word)| word.state.holds() && word.state != GroupState::Stopping)
            .fold(NodeSet::EMPTY, |set, (node, _, _)| set.with(node))
    }

    /// A live peer has released it to this node, and the word is newer than what we know.
    pub(super) fn granted(&self, id: GroupId, members: &Membership) -> Option<u8> {
        let epoch = self.group(id).epoch;
        words(id, members)
            .filter(|(_, alive, word)| {
                alive.hears() && !word.state.holds() && word.owner == Some(self.me)
            })
            .map(|(_, _, word)| word.epoch)
            .find(|granted| is_later(*granted, epoch))
            .or(self.group(id).bequest)
    }

    /// Why it was released to this node, as far as its holder's word tells.
    pub(super) fn why_granted(&self, id: GroupId, members: &Membership) -> Reason {
        let giver = words(id, members)
            .find(|(_, _, word)| !word.state.holds() && word.owner == Some(self.me));
        match giver {
            Some((_, alive, word)) if !alive.beat.flags.leaving => {
                if word.state == GroupState::StartFailed {
                    Reason::PeerStartFailed
                } else if stands_by(word) {
                    Reason::HolderStandsBy
                } else {
                    Reason::Granted
                }
            }
            Some(_) | None => Reason::HolderLeft,
        }
    }

    /// A live peer could not start it.
    pub(super) fn failed_elsewhere(&self, id: GroupId, members: &Membership) -> bool {
        words(id, members).any(|(_, _, word)| word.state == GroupState::StartFailed)
    }

    /// A live peer has released it to another live node that has not taken it yet.
    pub(super) fn promised(&self, id: GroupId, members: &Membership) -> bool {
        words(id, members).any(|(node, _, word)| {
            word.owner.is_some_and(|owner| {
                owner != self.me && owner != node && members.peer(owner).alive().is_some()
            })
        })
    }

    /// Another claim is better than ours: a live peer's own, or that of a node we cannot hear,
    /// named by a live peer that knows ours. A peer that does not hear us cannot give way to us.
    pub(super) fn is_beaten(&self, id: GroupId, claim: Claim, members: &Membership) -> bool {
        let direct = self.competitor(id, members).is_some_and(|other| {
            let peer = members.peer(other.node).alive();
            match peer.filter(|alive| members.is_deaf(alive)) {
                Some(deaf) => !self.connectivity.beats(deaf),
                None => other.beats(claim),
            }
        });
        let shown = self.group(id).shown;
        direct
            || words(id, members).any(|(_, alive, word)| {
                !word.state.holds()
                    && alive.hears()
                    && shown.is_some_and(|beat| alive.echo >= beat)
                    && word
                        .owner
                        .is_some_and(|owner| self.is_distant(owner, members))
            })
    }

    /// Every live peer has seen our claim of beat `beat` and holds nothing against it.
    pub(super) fn confirmed(&self, id: GroupId, beat: u32, members: &Membership) -> bool {
        let vouched = self.is_vouched(id, members);
        members.alive().all(|(_, alive)| {
            let word = *alive.beat.groups.at(id);
            alive.hears()
                && alive.echo >= beat
                && alive.is_believed()
                && (vouched && word.state == GroupState::StopFailed
                    || !word.state.holds() && word.owner == Some(self.me))
        })
    }

    /// Who should hold it, and why. This node counts as able if `me_able`.
    pub(super) fn wanted(
        &self,
        id: GroupId,
        me_able: bool,
        members: &Membership,
    ) -> (Option<NodeId>, Reason) {
        let group = self.group(id);
        let own = group.claim().map(|claim| claim.node);
        let holder = own.or_else(|| self.holder(id, members));
        let rests = is_on(self.maintenance) && group.request.operator_until.is_none();
        // What goes with another follows that one, wherever a person moves it.
        if me_able && rests && group.with.is_none() {
            return match group.state {
                State::Unknown { .. } if holder.is_none() => (Some(self.me), Reason::Stays),
                // What is only claimed is not begun.
                State::Claiming { .. } => (None, Reason::Stays),
                State::Idle { .. }
                | State::Unknown { .. }
                | State::Starting { .. }
                | State::Held { .. }
                | State::Stopping { .. }
                | State::StartFailed { .. }
                | State::StopFailed { .. } => (holder, Reason::Stays),
            };
        }
        let mut able = NodeSet::EMPTY;
        let mut standby = NodeSet::EMPTY;
        for node in NodeId::first(members.shape.nodes) {
            let (is_able, prefers_not) = if node == self.me {
                let failed = matches!(
                    group.state,
                    State::StartFailed { .. } | State::StopFailed { .. }
                );
                (me_able && !failed, self.standby.contains(id))
            } else {
                members.peer(node).alive().map_or((false, false), |alive| {
                    let word = *alive.beat.groups.at(id);
                    (is_able(alive, word), stands_by(word))
                })
            };
            if is_able {
                able = able.with(node);
            }
            if prefers_not {
                standby = standby.with(node);
            }
        }
        if let Some(other) = group.with {
            let place = self.place_of(other, me_able, members);
            able = NodeSet(able.0 & place.map_or(0, |node| NodeSet::EMPTY.with(node).0));
        }
        let connected = able
            .iter()
            .filter(|node| self.connectivity.better(*node).0 & able.0 == 0)
            .fold(NodeSet::EMPTY, NodeSet::with);
        let (choice, reason) = place(&Seat {
            home: group.home,
            failback: group.failback && self.moved(id, members).is_none(),
            holder,
            able,
            standby,
            connected,
        });
        (choice, group.with.map_or(reason, |_| Reason::With))
    }

    /// For `status`: who should hold it.
    pub(crate) fn wanted_node(&self, id: GroupId, members: &Membership) -> Option<NodeId> {
        self.wanted(id, self.is_able(members), members).0
    }

    /// When a start that failed is tried again; never where none did.
    pub(crate) fn retry_at(&self, id: GroupId, members: &Membership) -> Instant {
        self.group(id).retry_at(self.is_alone(id, members))
    }

    /// Whether a live peer could take the group over now.
    pub(super) fn could_serve(&self, id: GroupId, alive: &Alive) -> bool {
        is_able(alive, *alive.beat.groups.at(id))
    }

    /// No live peer could serve it.
    pub(super) fn is_alone(&self, id: GroupId, members: &Membership) -> bool {
        let mut peers = members.alive();
        self.group(id).with.is_some() || !peers.any(|(_, alive)| self.could_serve(id, alive))
    }

    /// The holder that should be asked for the group now, and the epoch of its claim.
    pub(super) fn wants_to_ask(
        &self,
        now: Instant,
        id: GroupId,
        members: &Membership,
    ) -> Option<Claim> {
        let group = self.group(id);
        let State::Idle { .. } = group.state else {
            return None;
        };
        let claim = self.competitor(id, members)?;
        // Before it hears us it cannot know that we are able, nor we that it is.
        members
            .peer(claim.node)
            .alive()
            .filter(|alive| alive.hears())?;
        let operator = group
            .request
            .operator_until
            .is_some_and(|until| now < until);
        let able = self.is_able(members) && self.is_open(id, members);
        (able && (operator || self.wanted(id, able, members).0 == Some(self.me))).then_some(claim)
    }

    /// This node can serve, as far as it is not about one group.
    pub(crate) fn is_able(&self, members: &Membership) -> bool {
        !self.leaving
            && !self.disabled
            && !self.is_stuck()
            && !self.is_unguarded()
            && members.is_healthy()
            && !members.is_cloned()
            && !members.is_unheard()
    }

    /// A live peer runs with other nodes or groups: nothing starts or stops because of that.
    pub(super) fn is_frozen(&self, members: &Membership) -> bool {
        members.alive().any(|(_, alive)| !alive.is_believed())
    }

    /// Every configured node is known: not alive here, or alive and either hearing us or surely
    /// not. What one out of our hearing claims shows in the words of those who hear it.
    pub(super) fn is_settled(&self, members: &Membership) -> bool {
        members
            .others()
            .all(|node| match &members.peer(node).standing {
                Standing::Unheard => false,
                Standing::Alive(alive) => alive.hears() || members.is_deaf(alive),
                Standing::Dead(_) | Standing::Left(_) => true,
            })
    }

    /// When a group that a dead node could not stop may be started here: when its watchdog must
    /// have fired, `deadtime` and two seconds on top; never if it had none.
    pub(super) fn unstuck_at(&self, id: GroupId, members: &Membership) -> Instant {
        let stuck = self.stuck_until(id, members);
        if stuck > members.turned() {
            stuck
        } else {
            Instant::NEVER
        }
    }

    /// A dead node may still run it.
    pub(super) fn is_blocked(&self, now: Instant, id: GroupId, members: &Membership) -> bool {
        now < self.stuck_until(id, members) && !self.group(id).request.is_forced()
    }

    /// A group that may run once at most may be on a node that fell silent: only its goodbye or a
    /// fence tells. Its watchdog does not: a node that is merely cut off goes on feeding it. And a
    /// node that reaches nothing is no place for such a group. Where it failed, it may be tried again
    /// as long as no other node was alive to start it meanwhile.
    pub(super) fn may_run_elsewhere(&self, id: GroupId, members: &Membership) -> bool {
        let unknown = |node| match members.peer(node).standing {
            Standing::Unheard => true,
            // Even if a live peer hears it: two that both ask that peer could both be answered.
            Standing::Dead(ended) | Standing::Left(ended) => !ended.off,
            Standing::Alive(_) => false,
        };
        let alone = members.alive().next().is_none();
        let group = self.group(id);
        group.at_most_one
            && !group.request.is_forced()
            && !group.kept
            && ((alone && self.connectivity.is_cut_off()) || members.others().any(unknown))
    }

    /// Live peers do not hear this node, and are not worse connected.
    pub(crate) fn is_unheard(&self, members: &Membership) -> bool {
        let yields = |alive| members.is_deaf(alive) && !self.connectivity.beats(alive);
        members.is_unheard() && members.alive().any(|(_, alive)| yields(alive))
    }

    fn stuck_until(&self, id: GroupId, members: &Membership) -> Instant {
        let mut until = Instant::from_micros(0);
        for node in members.others() {
            let (Standing::Dead(ended) | Standing::Left(ended)) = &members.peer(node).standing
            else {
                continue;
            };
            if ended.stuck.contains(id) {
                let reset = if ended.watchdog == Duration::ZERO {
                    Instant::NEVER
                } else {
                    let span = members.timing.deadtime.plus(ended.watchdog);
                    ended.since.after(span).after(Duration::from_secs(2))
                };
                until = until.max(reset);
            }
        }
        until
    }

    /// Not heard here, but not gone either: a live peer hears it.
    fn is_distant(&self, node: NodeId, members: &Membership) -> bool {
        node != self.me && members.peer(node).alive().is_none() && !members.is_gone(node)
    }
}

/// What live peers say of a group, where their groups are ours.
pub(super) fn words(id: GroupId, members: &Membership) -> Words<'_> {
    let peers = members.alive();
    Words { id, peers }
}

pub(super) struct Words<'a> {
    id: GroupId,
    peers: LivePeers<'a>,
}

impl<'a> Iterator for Words<'a> {
    type Item = (NodeId, &'a Alive, Word);

    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        let (node, alive) = self.peers.find(|(_, alive)| alive.is_believed())?;
        Some((node, alive, *alive.beat.groups.at(self.id)))
    }
}

/// The home bit of a node that has no claim says that it stands by.
fn stands_by(word: Word) -> bool {
    match word.state {
        GroupState::Idle | GroupState::Unknown | GroupState::StartFailed => word.home,
        GroupState::Claiming
        | GroupState::Starting
        | GroupState::Held
        | GroupState::Stopping
        | GroupState::StopFailed => false,
    }
}

fn is_able(alive: &Alive, word: Word) -> bool {
    alive.hears()
        && alive.is_believed()
        && !alive.beat.flags.leaving
        && !alive.beat.flags.unable
        && !matches!(word.state, GroupState::StartFailed | GroupState::StopFailed)
}

//! What `status` shows: views of a node's state, none of them decisive.

use super::Node;
use crate::action::{Carrier, Command, Difference, GroupState, PeerState, Reason, Refusal, Reject};
use crate::id::{GroupId, LinkId, LinkSet, NodeId, WitnessId};
use crate::membership::Standing;
use crate::time::{Duration, Instant};

/// How a peer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerView {
    /// Whether it lives.
    pub state: PeerState,
    /// Its proven life.
    pub incarnation: Option<u64>,
    /// Attentive time since it was last heard; zero if it does not live.
    pub silence: Duration,
    /// How long ago it died or left; `None` if it does neither.
    pub ended: Option<Duration>,
    /// The links it was heard on within `deadtime`.
    pub links: LinkSet,
    /// Whether it says that it hears this node.
    pub hears_us: bool,
    /// What of its configuration differs.
    pub mismatch: Option<Difference>,
}

/// How one link delivers from a live peer. Counts saturate; nothing is decided from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathView {
    /// Attentive time since a frame was accepted from it.
    pub age: Duration,
    /// Whether it delivers, as the last event said.
    pub up: bool,
    /// Frames that came.
    pub frames: u32,
    /// Frames with numbers between theirs that did not come, outages left out.
    pub missed: u32,
    /// Share lost of the last 256 to 512, parts per million.
    pub loss: u32,
    /// Mean difference between `keepalive` and the time between two beats, microseconds.
    pub jitter: u32,
    /// Longest time between two accepted frames, outages left out.
    pub longest: Duration,
}

/// How a group stands on this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupView {
    /// Its state here.
    pub state: GroupState,
    /// The latest epoch seen; 0 before the first.
    pub epoch: u8,
    /// Who holds it, as far as this node sees.
    pub holder: Option<NodeId>,
    /// Who should.
    pub wanted: Option<NodeId>,
    /// Why it is in this state here.
    pub reason: Reason,
    /// This node stands by for it.
    pub standby: bool,
    /// A person moved it to its holder: it does not go home by itself.
    pub moved: bool,
    /// Nothing is on its way with it, as far as this node sees.
    pub at_rest: bool,
    /// What went wrong with it here since it last ran well: resources that died, starts that failed.
    pub failures: u16,
    /// Until it is tried again here; none unless it failed to start.
    pub retry: Option<Duration>,
}

/// How a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// Whether frames can leave.
    pub carrier: Carrier,
    /// Frames given to the shell for it.
    pub sent: u32,
    /// Frames accepted from it.
    pub heard: u32,
}

impl Node {
    /// Which node this is.
    pub fn me(&self) -> NodeId {
        self.members.me
    }

    /// Which life of it.
    pub fn incarnation(&self) -> u64 {
        self.members.life.incarnation()
    }

    /// Another node; this node's own id shows a clone of it.
    pub fn peer(&self, now: Instant, node: NodeId) -> PeerView {
        let peer = self.members.peer(node);
        let alive = peer.alive();
        PeerView {
            state: peer.state(),
            incarnation: alive.map(|alive| alive.incarnation),
            silence: alive.map_or(Duration::ZERO, |alive| {
                self.members.mark().minus(alive.heard)
            }),
            ended: match &peer.standing {
                Standing::Dead(ended) | Standing::Left(ended) => Some(now.since(ended.since)),
                Standing::Unheard | Standing::Alive(_) => None,
            },
            links: alive.map_or(LinkSet::EMPTY, |alive| self.members.links_of(alive)),
            hears_us: alive.is_some_and(|alive| alive.hears()),
            mismatch: alive.and_then(|alive| alive.mismatch),
        }
    }

    /// How a link delivers from a peer; `None` unless the present life of it was heard there.
    pub fn path(&self, _now: Instant, node: NodeId, link: LinkId) -> Option<PathView> {
        let delivery = self.members.peer(node).alive()?.links.at(link);
        let quality = delivery.quality;
        Some(PathView {
            age: self.members.mark().minus(delivery.heard?),
            up: delivery.up,
            frames: quality.frames,
            missed: quality.missed,
            loss: quality.loss(),
            jitter: quality.jitter(),
            longest: Duration::from_micros(quality.longest.into()),
        })
    }

    /// A group.
    pub fn group(&self, now: Instant, id: GroupId) -> GroupView {
        let group = self.failover.group(id);
        let word = self.failover.word(id, &self.members);
        let unheld = matches!(word.state, GroupState::Idle | GroupState::Unknown);
        let unguarded = unheld && self.failover.is_unguarded();
        let retry_at = self.failover.retry_at(id, &self.members);
        GroupView {
            failures: group.failures.count(),
            retry: (retry_at < Instant::NEVER).then(|| retry_at.since(now)),
            state: word.state,
            epoch: group.epoch,
            holder: word.owner,
            wanted: self.failover.wanted_node(id, &self.members),
            reason: if unguarded {
                Reason::NoWatchdog
            } else {
                let missing = self.failover.missing(id, &self.members);
                let missing = missing.filter(|_| unheld && word.owner.is_none());
                missing.unwrap_or(group.reason)
            },
            standby: self.failover.stands_by(id),
            moved: self.failover.is_moved(id, &self.members),
            at_rest: self.failover.is_at_rest(now, id, &self.members),
        }
    }

    /// What a group is on this node whatever others do: its state, the latest epoch seen, and whether
    /// this node stands by for it. A small part of [`Self::group`], at a small part of its price.
    pub fn stance(&self, id: GroupId) -> (GroupState, u8, bool) {
        let group = self.failover.group(id);
        let state = group.word(self.members.me, None, false).state;
        (state, group.epoch, self.failover.stands_by(id))
    }

    /// The state of a group on a node; `None` for a peer that does not live.
    pub fn state_on(&self, node: NodeId, id: GroupId) -> Option<GroupState> {
        if node == self.members.me {
            return Some(self.failover.word(id, &self.members).state);
        }
        let alive = self.members.peer(node).alive()?;
        Some(alive.beat.groups.at(id).state)
    }

    /// Where a group runs, or else where something of it may run or soon will, and its state there.
    pub fn server(&self, id: GroupId) -> Option<(NodeId, GroupState)> {
        let mut server = None;
        for node in NodeId::first(self.members.shape.nodes) {
            match self.state_on(node, id) {
                Some(GroupState::Held) => return Some((node, GroupState::Held)),
                Some(state) if state.holds() => server = server.or(Some((node, state))),
                Some(_) | None => {}
            }
        }
        server
    }

    /// Why a person's command would be refused. The core itself carries out what it is told.
    pub fn refusal(&self, command: Command) -> Option<Refusal> {
        self.failover.refusal(command, &self.members)
    }

    /// Whether nothing moves by itself, and whether every live peer agrees.
    pub fn maintenance(&self) -> (bool, bool) {
        self.failover.maintenance(&self.members)
    }

    /// Whether a person had this node serve nothing.
    pub fn is_disabled(&self) -> bool {
        self.failover.is_disabled()
    }

    /// A link.
    pub fn link(&self, link: LinkId) -> LinkView {
        let traffic = self.traffic.at(link);
        LinkView {
            carrier: self.members.carrier(link),
            sent: traffic.sent,
            heard: traffic.heard,
        }
    }

    /// Whether every host should be asked for an echo now: said once, with a beat. What answers is
    /// an [`crate::action::Input::Witness`].
    pub fn take_pings(&mut self) -> bool {
        self.failover.connectivity.take_pings()
    }

    /// Whether this node reaches a witness, and how long ago a host last answered, in attentive
    /// time; `None` if it never did, or is an interface.
    pub fn witness(&self, _now: Instant, id: WitnessId) -> (bool, Option<Duration>) {
        let (up, answered) = self.failover.connectivity.view(id);
        (up, answered.map(|mark| self.members.mark().minus(mark)))
    }

    /// How many targets a node reaches; `None` for a peer that does not live.
    pub fn score(&self, node: NodeId) -> Option<u8> {
        if node == self.members.me {
            return Some(self.failover.connectivity.score());
        }
        self.members.peer(node).alive().map(|alive| alive.beat.ping)
    }

    /// How many inputs were refused for a reason.
    pub fn rejected(&self, why: Reject) -> u32 {
        self.rejected.get(why as usize).copied().unwrap_or_default()
    }

    /// Whether the addresses of a group may be on this machine now (rule R3).
    pub fn may_hold(&self, now: Instant, group: GroupId) -> bool {
        self.failover.may_hold(now, group, &self.members)
    }

    /// Whether the watchdog may be kicked: the loop listens, and this machine need not be reset
    /// for the sake of a group that did not stop. Links, peers and their number have no part in it.
    pub fn healthy(&self, _now: Instant) -> bool {
        self.members.is_healthy() && !self.failover.is_doomed()
    }

    /// Whether nothing of any group can run on this machine: nobody needs its watchdog any more.
    pub fn is_released(&self) -> bool {
        self.failover.is_released() && !self.failover.is_stuck()
    }

    /// Whether a Timeout at `now` would declare a peer dead: first every socket is read dry.
    pub fn verdict_due(&self, now: Instant) -> bool {
        self.members.verdict_due(now)
    }

    /// The smallest `deadtime` that any live node announced, this one included.
    pub fn shortest_deadtime(&self) -> Duration {
        self.members.shortest_deadtime()
    }
}

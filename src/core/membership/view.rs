//! What others ask of the membership. Nothing here changes anything.

use super::Membership;
use super::peer::{Alive, Peer, Standing};
use crate::action::Carrier;
use crate::id::{LinkId, LinkSet, NodeId, NodeSet};
use crate::time::{Duration, Instant};
use crate::wire::{Header, Hearing, Kind, Reference};

impl Membership {
    /// Every configured node but this one.
    pub(crate) fn others(&self) -> impl Iterator<Item = NodeId> + use<> {
        self.other_set().iter()
    }

    pub(crate) fn peer(&self, node: NodeId) -> &Peer {
        self.peers.at(node)
    }

    pub(crate) fn peer_mut(&mut self, node: NodeId) -> &mut Peer {
        self.peers.at_mut(node)
    }

    /// Live peers, in order.
    pub(crate) fn alive(&self) -> LivePeers<'_> {
        LivePeers {
            members: self,
            left: self.other_set(),
        }
    }

    fn other_set(&self) -> NodeSet {
        NodeSet::first(self.shape.nodes).without(self.me)
    }

    /// Nothing can be alive under this number: dead or gone here, and no live peer hears it.
    pub(crate) fn is_gone(&self, node: NodeId) -> bool {
        match self.peers.at(node).standing {
            Standing::Unheard | Standing::Alive(_) => false,
            Standing::Left(_) => true,
            Standing::Dead(_) => !self.is_heard_of(node),
        }
    }

    /// A live peer hears it.
    pub(crate) fn is_heard_of(&self, node: NodeId) -> bool {
        self.alive()
            .any(|(_, alive)| !alive.beat.peers.at(node).links.is_empty())
    }

    /// Another machine has proved to live under this node's name.
    pub(crate) fn is_cloned(&self) -> bool {
        self.peers.at(self.me).alive().is_some()
    }

    /// Live peers do not hear us, and none does.
    pub(crate) fn is_unheard(&self) -> bool {
        self.alive().any(|(_, alive)| self.is_deaf(alive))
            && !self.alive().any(|(_, alive)| alive.hears())
    }

    /// How long a person's request stands.
    pub(crate) fn patience_until(&self, now: Instant) -> Instant {
        now.after(self.timing.deadtime.plus(self.timing.keepalive))
    }

    /// A peer that was alive at `since` may believe this node dead.
    pub(crate) fn is_missed_since(&self, since: Instant) -> bool {
        self.others()
            .any(|node| match &self.peers.at(node).standing {
                Standing::Alive(alive) => self.is_deaf(alive),
                Standing::Dead(ended) => ended.life.is_some() && ended.since >= since,
                Standing::Unheard | Standing::Left(_) => false,
            })
    }

    /// No link could send for long enough that a live peer may take over before we know.
    pub(crate) fn is_dark(&self, now: Instant) -> bool {
        self.dark_since
            .is_some_and(|since| now >= since.after(self.darkness()))
            && self.alive().next().is_some()
    }

    /// When [`Self::is_dark`] may become true; never if a link can send.
    pub(crate) fn dark_at(&self) -> Instant {
        self.dark_since
            .map_or(Instant::NEVER, |since| since.after(self.darkness()))
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.attention.is_healthy()
    }

    /// Whether a live peer certainly does not hear us.
    pub(crate) fn is_deaf(&self, alive: &Alive) -> bool {
        alive.is_deaf(self.attention.now(), self.patience())
    }

    /// When the last turn was.
    pub(crate) fn turned(&self) -> Instant {
        self.attention.turned()
    }

    /// Attentive time at the last turn.
    pub(crate) fn mark(&self) -> Duration {
        self.attention.now()
    }

    /// When attentive time reaches `mark`, if nothing stalls before.
    pub(crate) fn instant(&self, mark: Duration) -> Instant {
        self.attention.instant(mark)
    }

    pub(crate) fn carrier(&self, link: LinkId) -> Carrier {
        *self.carriers.at(link)
    }

    /// When a frame last left that a live peer has echoed; `None` without a live peer.
    pub(crate) fn newest_echo(&self) -> Option<Instant> {
        self.alive().map(|(_, alive)| alive.echo_left).max()
    }

    /// The smallest `deadtime` that a live node announced, our own included.
    pub(crate) fn shortest_deadtime(&self) -> Duration {
        self.alive()
            .fold(self.timing.deadtime, |least, (_, alive)| {
                least.min(alive.deadtime)
            })
    }

    /// Links that deliver from a peer, as beats say it.
    pub(crate) fn links_of(&self, alive: &Alive) -> LinkSet {
        alive.links(self.attention.now(), self.timing.deadtime)
    }

    /// Nodes out of our hearing: what they do cannot be seen.
    pub(crate) fn dead(&self) -> NodeSet {
        self.others()
            .filter(|node| matches!(self.peers.at(*node).standing, Standing::Dead(_)))
            .fold(NodeSet::EMPTY, NodeSet::with)
    }

    /// What our beats say of a peer.
    pub(crate) fn hearing(&self, node: NodeId) -> Hearing {
        match self.peers.at(node).alive() {
            Some(alive) => Hearing {
                links: self.links_of(alive),
                echo: alive.highest & 0xff_ffff,
            },
            None => Hearing::default(),
        }
    }

    /// Nodes that have no line between them hear each other through those that have two: what is
    /// accepted of the first copy that comes over any line leaves by the others. A question is for
    /// a neighbour.
    pub(super) fn other_lines(&self, link: LinkId, header: &Header) -> LinkSet {
        let known = match self.peer(header.source).alive() {
            Some(alive) if alive.low() == header.low => {
                let mut lines = self.lines.iter();
                lines.any(|line| header.counter <= alive.links.at(line).highest)
            }
            Some(_) | None => false,
        };
        let passed = self.lines.contains(link) && self.shape.nodes > 2 && header.kind != Kind::Ask;
        if passed && !known && header.source != self.me {
            self.lines.without(link)
        } else {
            LinkSet::EMPTY
        }
    }

    /// The frame that a periodic Hello answers: the newest of a life that has not heard us yet.
    pub(crate) fn newest_stranger(&self, now: Instant) -> Option<Reference> {
        let mut newest: Option<(Instant, Reference)> = None;
        for node in self.others() {
            if let Some((came, re)) = self.peers.at(node).newest
                && now.since(came) <= self.timing.deadtime
                && newest.is_none_or(|(before, _)| came >= before)
            {
                newest = Some((came, re));
            }
        }
        newest.map(|(_, re)| re)
    }

    /// Whether the periodic beat should prove our life: somebody may not know it yet.
    pub(crate) fn wants(&self, now: Instant) -> bool {
        let young = now.since(self.started) < self.timing.deadtime;
        let spell = self.timing.keepalive.scaled(2, 1);
        self.others().any(|node| {
            let peer = self.peers.at(node);
            peer.alive().map_or_else(
                || {
                    let stirred = peer.stirred;
                    young || stirred.is_some_and(|stirred| now.since(stirred) <= spell)
                },
                // On a line there is no time for beats beside what proves us.
                |alive| !alive.hears() && !self.lines.is_empty(),
            )
        })
    }
}

/// See [`Membership::alive`]; one copy of the code for all who ask.
pub(crate) struct LivePeers<'a> {
    members: &'a Membership,
    left: NodeSet,
}

impl<'a> Iterator for LivePeers<'a> {
    type Item = (NodeId, &'a Alive);

    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        while let Some(node) = self.left.take_first() {
            if let Some(alive) = self.members.peers.at(node).alive() {
                return Some((node, alive));
            }
        }
        None
    }
}

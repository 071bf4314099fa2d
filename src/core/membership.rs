//! Who lives: proof of life, silence, and what each link delivers (DESIGN 4 and 5.1).
//!
//! Heads up! Marks of time written `Duration` are attentive time, see [`attention`].

mod attention;
mod change;
mod control;
mod difference;
mod digest;
mod foreign;
mod life;
mod peer;
mod proof;
mod quality;
mod view;

use crate::action::{Carrier, Event, Events};
use crate::auth::Keyring;
use crate::config::{Config, Dialect, Timing};
use crate::id::{GroupSet, LinkId, LinkSet, NodeId, NodeSet, PerLink, PerNode};
use crate::time::{Duration, Instant};
use crate::wire::native::Shape;

use attention::Attention;
use change::lines;
pub(crate) use control::Outbox;
pub(crate) use life::Life;
pub(crate) use peer::{Alive, Ended, Peer, Standing};
pub(crate) use proof::Received;
pub(crate) use view::LivePeers;

/// What this node knows of all others.
#[derive(Clone, Debug)]
pub(crate) struct Membership {
    pub(crate) me: NodeId,
    pub(crate) shape: Shape,
    pub(crate) timing: Timing,
    dialect: Dialect,
    pub(crate) keyring: Keyring,
    pub(crate) digests: [u8; 3],
    pub(crate) life: Life,
    pub(crate) outbox: Outbox,
    /// A beat is wanted at once.
    pub(crate) beat_due: bool,
    /// Peers to be asked whether they are there.
    pub(crate) asks: NodeSet,
    attention: Attention,
    /// Other nodes; this node's own place is for a clone of it.
    peers: PerNode<Peer>,
    carriers: PerLink<Carrier>,
    /// Serial lines, and how long the answer to a frame may take on them.
    pub(crate) lines: LinkSet,
    answer_time: Duration,
    /// Since when no link can send.
    dark_since: Option<Instant>,
    /// When the first link could hear.
    listening: Option<Duration>,
    next_beat_at: Instant,
    started: Instant,
}

impl Membership {
    pub(crate) fn new(config: &Config, incarnation: u64, counter: u32, now: Instant) -> Self {
        let timing = config.timing;
        let life = Life::new(incarnation, counter, timing.deadtime);
        let need = life.counter().saturating_add(1);
        let (lines, answer_time) = lines(config);
        Self {
            me: config.me,
            shape: Shape {
                nodes: config.nodes.len(),
                groups: config.groups.len(),
            },
            timing,
            dialect: config.dialect,
            keyring: Keyring::new(&config.keys, config.text(config.cluster)),
            digests: digest::digests(config),
            life,
            outbox: Outbox::default(),
            beat_due: true,
            asks: NodeSet::EMPTY,
            attention: Attention::new(timing, now),
            peers: PerNode::new(|| Peer::new(need)),
            carriers: PerLink::of(Carrier::Down),
            lines,
            answer_time,
            dark_since: Some(now),
            listening: None,
            next_beat_at: now.after(timing.keepalive),
            started: now,
        }
    }

    /// A turn of the loop that asked to be woken at `due`. Says how late it is, if that is a stall:
    /// then every live peer is asked at once.
    pub(crate) fn attend(&mut self, now: Instant, due: Instant) -> Option<Duration> {
        let late = self.attention.turn(now, due)?;
        self.void_absent();
        let mark = self.attention.now();
        for node in self.others() {
            if let Some(alive) = self.peers.at_mut(node).alive_mut() {
                alive.asked = Some(mark);
                self.asks = self.asks.with(node);
            }
        }
        Some(late)
    }

    /// The kernel's word about a link.
    pub(crate) fn on_carrier(
        &mut self,
        now: Instant,
        link: LinkId,
        carrier: Carrier,
        events: &mut Events,
    ) {
        if *self.carriers.at(link) == carrier {
            return;
        }
        *self.carriers.at_mut(link) = carrier;
        events.report(Event::LinkCarrier { link, carrier });
        match carrier {
            Carrier::Up => {
                self.listening.get_or_insert(self.attention.now());
                self.beat_due = true;
                self.dark_since = None;
            }
            Carrier::Down
                if self
                    .carriers
                    .iter()
                    .all(|(_, carrier)| *carrier == Carrier::Down) =>
            {
                self.dark_since.get_or_insert(now);
            }
            Carrier::Down => {}
        }
    }

    /// Everything that is due at `now`. Verdicts only when the sockets were read dry.
    pub(crate) fn on_timeout(&mut self, now: Instant, verdicts: bool, events: &mut Events) {
        if now >= self.next_beat_at {
            self.beat_due = true;
            let next = self.next_beat_at.after(self.timing.keepalive);
            self.next_beat_at = if next > now {
                next
            } else {
                now.after(self.timing.keepalive)
            };
        }
        let mark = self.attention.now();
        for node in NodeId::first(self.shape.nodes) {
            if verdicts
                && self
                    .verdict_mark(node)
                    .is_some_and(|verdict| mark >= verdict)
            {
                self.become_dead(now, node, events);
            }
            self.on_silence(node, mark, events);
            self.on_quiet_links(node, mark, events);
        }
    }

    /// A peer's beat came: one of ours that is nearly due leaves along with it, so that the two
    /// fall into step and cost one wake-up instead of two. Not on a slow line, where two that hurry
    /// each other would take more than their half of it.
    pub(crate) fn fall_in(&mut self, now: Instant, link: LinkId) {
        let nearly = self.timing.keepalive.scaled(1, 8);
        self.beat_due |= self.next_beat_at.since(now) <= nearly && !self.lines.contains(link);
    }

    /// A beat leaves on every link: the next is due one `keepalive` later.
    pub(crate) fn on_beat_sent(&mut self, now: Instant) {
        self.beat_due = false;
        self.next_beat_at = now.after(self.timing.keepalive);
    }

    /// When something here is due next.
    pub(crate) fn deadline(&self) -> Instant {
        let mut due = self.next_beat_at.min(self.attention.recovered_at());
        for node in NodeId::first(self.shape.nodes) {
            if let Some(verdict) = self.verdict_mark(node) {
                due = due.min(self.attention.instant(verdict));
            }
            let Some(alive) = self.peers.at(node).alive() else {
                continue;
            };
            due = due.min(self.attention.instant(self.ask_mark(alive)));
            let deaf = alive.committed.plus(self.patience());
            if alive.hearing == peer::Hearing::NotYet && deaf > self.attention.now() {
                due = due.min(self.attention.instant(deaf));
            }
            if !alive.warned {
                due = due.min(
                    self.attention
                        .instant(alive.heard.plus(self.timing.warntime)),
                );
            }
            for (_, delivery) in alive.links.iter().filter(|(_, delivery)| delivery.up) {
                let quiet = delivery
                    .heard
                    .unwrap_or_default()
                    .plus(self.timing.deadtime);
                due = due.min(self.attention.instant(quiet));
            }
        }
        due
    }

    /// Whether a Timeout at `now` would declare a peer dead.
    pub(crate) fn verdict_due(&self, now: Instant) -> bool {
        NodeId::first(self.shape.nodes)
            .filter_map(|node| self.verdict_mark(node))
            .any(|verdict| self.attention.instant(verdict) <= now)
    }

    fn become_dead(&mut self, now: Instant, node: NodeId, events: &mut Events) {
        let heard = self.peers.at(node).alive().map(|alive| alive.heard);
        let ended = self.end(now, node);
        self.void_absent();
        self.peers.at_mut(node).standing = Standing::Dead(ended);
        if node != self.me {
            let silence = self.attention.now().minus(heard.unwrap_or_default());
            events.report(Event::PeerDead { node, silence });
        }
    }

    fn become_left(&mut self, now: Instant, node: NodeId, events: &mut Events) {
        let mut ended = self.end(now, node);
        ended.off = true;
        self.peers.at_mut(node).standing = Standing::Left(ended);
        if node != self.me {
            events.report(Event::PeerLeft { node });
        }
    }

    /// What remains of a life; another has to prove itself anew.
    fn end(&mut self, now: Instant, node: NodeId) -> Ended {
        let peer = self.peers.at_mut(node);
        peer.need = Some(self.life.counter().saturating_add(1));
        self.asks = self.asks.without(node);
        self.beat_due = true;
        let Some(alive) = peer.alive() else {
            return Ended {
                since: now,
                life: None,
                stuck: GroupSet::EMPTY,
                watchdog: Duration::ZERO,
                off: false,
            };
        };
        Ended {
            since: now,
            life: Some(alive.low()),
            stuck: alive.stuck(),
            watchdog: alive.watchdog,
            off: false,
        }
    }

    /// A node is back, although not heard here: what was known of its last life is void. A goodbye
    /// reaches others later, and until then they say that they hear it.
    pub(crate) fn review_absent(&mut self, now: Instant) {
        for node in self.others() {
            if !self.is_heard_of(node) {
                continue;
            }
            match &mut self.peers.at_mut(node).standing {
                Standing::Dead(ended) => ended.off = false,
                Standing::Left(ended) => {
                    ended.off &= now.since(ended.since) <= self.timing.deadtime;
                }
                Standing::Unheard | Standing::Alive(_) => {}
            }
        }
    }

    /// Not everybody was listened to: a node that was off may have come, taken over from another
    /// one, and fallen silent again.
    fn void_absent(&mut self) {
        if self.shape.nodes <= 2 {
            return; // From this one nothing was taken.
        }
        for (_, peer) in self.peers.iter_mut() {
            match &mut peer.standing {
                Standing::Dead(ended) | Standing::Left(ended) => ended.off = false,
                Standing::Unheard | Standing::Alive(_) => {}
            }
        }
    }

    /// A dead node was switched off, by whatever a person or a fence trusts. Whether it was dead.
    pub(crate) fn on_fenced(&mut self, node: NodeId) -> bool {
        if self.is_heard_of(node) {
            return false;
        }
        match &mut self.peers.at_mut(node).standing {
            Standing::Dead(ended) | Standing::Left(ended) => {
                ended.off = true;
                ended.stuck = GroupSet::EMPTY;
                true
            }
            Standing::Unheard | Standing::Alive(_) => false,
        }
    }

    fn on_silence(&mut self, node: NodeId, mark: Duration, events: &mut Events) {
        let Some(alive) = self.peers.at(node).alive() else {
            return;
        };
        let ask = mark >= self.ask_mark(alive);
        let silence = mark.minus(alive.heard);
        let warn = !alive.warned && silence >= self.timing.warntime;
        if let Some(alive) = self.peers.at_mut(node).alive_mut() {
            if ask {
                alive.asked = Some(mark);
                self.asks = self.asks.with(node);
            }
            if warn {
                alive.warned = true;
                events.report(Event::PeerLate { node, silence });
            }
        }
    }

    fn on_quiet_links(&mut self, node: NodeId, mark: Duration, events: &mut Events) {
        let deadtime = self.timing.deadtime;
        let Some(alive) = self.peers.at_mut(node).alive_mut() else {
            return;
        };
        let heard = alive.heard;
        for (link, delivery) in alive.links.iter_mut().filter(|(_, delivery)| delivery.up) {
            let last = delivery.heard.unwrap_or_default();
            if mark.minus(last) >= deadtime {
                delivery.up = false;
                if heard > last {
                    events.report(Event::PeerLink {
                        node,
                        link,
                        up: false,
                    });
                }
            }
        }
    }

    /// The mark at which silence becomes a verdict; `None` where there is nothing to decide.
    fn verdict_mark(&self, node: NodeId) -> Option<Duration> {
        match &self.peers.at(node).standing {
            Standing::Alive(alive) => Some(
                self.attention
                    .verdict(alive.heard, self.patience_with(alive)),
            ),
            // Nobody waits for a clone.
            Standing::Unheard if node == self.me => None,
            Standing::Unheard => {
                let late = self.timing.initdead.scaled(2, 1);
                let from = self
                    .listening
                    .map_or(late, |since| since.plus(self.timing.initdead).min(late));
                Some(
                    self.attention
                        .verdict(from.minus(self.timing.initdead), self.timing.initdead),
                )
            }
            Standing::Dead(_) | Standing::Left(_) => None,
        }
    }

    /// Ask before you bury: half a beat after one is overdue, then every fifth of a beat.
    fn ask_mark(&self, alive: &Alive) -> Duration {
        let first = alive.heard.plus(self.timing.keepalive.scaled(3, 2));
        alive.asked.map_or(first, |asked| {
            first.max(asked.plus(self.timing.keepalive.scaled(1, 5)))
        })
    }

    /// How long a peer that has proved itself may take to hear us. It takes over `initdead` after its
    /// start, not before.
    fn patience(&self) -> Duration {
        let beats = self.timing.keepalive.scaled(3, 2);
        let slow = beats.plus(self.answer_time);
        beats.max(slow.min(self.timing.initdead.scaled(1, 2)))
    }

    /// max(1.5 k, D - L - 0.4 s): with refreshes ended then, the lease ends before a takeover.
    fn darkness(&self) -> Duration {
        let Timing {
            keepalive,
            deadtime,
            lease,
            ..
        } = self.timing;
        keepalive
            .scaled(3, 2)
            .max(deadtime.minus(lease).minus(Duration::from_millis(400)))
    }
}

//! A peer of another dialect: its life is its boot generation, its messages are signs of life by
//! their numbers alone, and the translation says what its beats would say.
//!
//! Heads up! Nothing here proves that a message is fresh, as an echo does: the dialect cannot.

use super::Membership;
use super::peer::Alive;
use crate::action::{Event, Events};
use crate::config::Dialect;
use crate::id::{LinkId, NodeId};
use crate::time::{Duration, Instant};
use crate::wire::{Beat, Header, Kind};

impl Membership {
    /// A life of it has begun, or is heard again after it was declared dead.
    pub(crate) fn greet(
        &mut self,
        now: Instant,
        link: LinkId,
        node: NodeId,
        generation: u32,
        events: &mut Events,
    ) {
        let incarnation = u64::from(generation);
        let beat = Beat {
            digests: self.digests,
            ..Beat::default()
        };
        // It cannot say that it does not hear this life.
        let restarted = self.begin(now, link, (node, incarnation, 0), &beat);
        events.report(Event::PeerAlive {
            node,
            incarnation,
            restarted,
        });
    }

    /// A message came by this link, new or a copy; `number` is its, where it has one.
    pub(crate) fn hear_link(
        &mut self,
        node: NodeId,
        link: LinkId,
        number: Option<u32>,
        events: &mut Events,
    ) {
        let mark = self.mark();
        let (keepalive, line) = (self.timing.keepalive, self.lines.contains(link));
        let Some(alive) = self.peer_mut(node).alive_mut() else {
            return;
        };
        if let Some(counter) = number {
            let header = Header {
                key: alive.key,
                kind: Kind::Beat,
                source: node,
                low: alive.low(),
                counter,
            };
            alive.measure(mark, link, header, keepalive, line);
        }
        let delivery = alive.links.at_mut(link);
        delivery.heard = Some(mark);
        if !delivery.up {
            delivery.up = true;
            events.report(Event::PeerLink {
                node,
                link,
                up: true,
            });
        }
    }

    /// A status: a sign of life, and by what silence its sender wants to be found dead.
    pub(crate) fn hear_status(&mut self, now: Instant, node: NodeId, deadtime: Option<Duration>) {
        let (mark, echo) = (self.mark(), self.life.counter());
        let own = self.timing.deadtime;
        if let Some(alive) = self.peer_mut(node).alive_mut() {
            alive.heard = mark;
            alive.asked = None;
            alive.warned = false;
            (alive.echo, alive.echo_left) = (echo, now);
            alive.deadtime = deadtime.unwrap_or(own);
        }
    }

    /// It said goodbye.
    pub(crate) fn see_off(&mut self, now: Instant, node: NodeId, events: &mut Events) {
        self.become_left(now, node, events);
    }

    /// After what silence a peer is dead: by its own word, where that is how the dialect has it.
    pub(super) fn patience_with(&self, alive: &Alive) -> Duration {
        match self.dialect {
            Dialect::Native => self.timing.deadtime,
            Dialect::LinuxHa => alive.deadtime,
        }
    }

    /// What its beats would say.
    pub(crate) fn beat_mut(&mut self, node: NodeId) -> Option<&mut Beat> {
        Some(&mut self.peer_mut(node).alive_mut()?.beat)
    }
}

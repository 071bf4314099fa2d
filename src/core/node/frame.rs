//! What leaves a node: state becomes frames, sealed under the signing key.

use super::{Departure, GOODBYES, Node};
use crate::action::Transmit;
use crate::id::{LinkId, LinkSet, NodeId, PerGroup, PerNode};
use crate::time::Instant;
use crate::wire::native;
use crate::wire::{Address, Beat, Body, Header, Hearing, Hello, Kind, Reference, Word};

impl Node {
    /// Writes the next frame into `buf`, which holds at least [`crate::MAX_FRAME`] bytes. Drain it
    /// after every [`Node::handle`]; what is said depends on the state at this moment.
    pub fn poll_transmit(&mut self, now: Instant, buf: &mut [u8]) -> Option<Transmit> {
        if self.linux_ha.is_some() {
            return self.poll_message(now, buf);
        }
        if let Departure::Goodbye { said, next_at } = self.departure
            && said < GOODBYES
            && now >= next_at
        {
            let next_at = now.after(self.members.timing.keepalive.scaled(1, 10));
            self.departure = Departure::Goodbye {
                said: said.saturating_add(1),
                next_at,
            };
            self.due = self.next_due();
            let body = Body::Leave(self.beat(now));
            return self.send(now, self.links, Kind::Leave, &body, buf);
        }
        if self.members.beat_due {
            return self.send_beat(now, buf);
        }
        if let Some((link, re)) = self.take_invitation() {
            let body = Body::Hello(self.beat(now), self.hello(re));
            return self.send(now, LinkSet::EMPTY.with(link), Kind::Hello, &body, buf);
        }
        while let Some(node) = self.members.asks.iter().next() {
            self.members.asks = self.members.asks.without(node);
            if let Some(alive) = self.members.peer(node).alive() {
                let body = Body::Ask(Address {
                    node,
                    low: alive.low(),
                });
                return self.send(now, self.links, Kind::Ask, &body, buf);
            }
        }
        let control = self.members.outbox.take()?;
        let body = Body::Control(self.beat(now), control);
        self.send(now, self.links, Kind::Control, &body, buf)
    }

    fn send_beat(&mut self, now: Instant, buf: &mut [u8]) -> Option<Transmit> {
        self.flags = self.present_flags(now);
        let beat = self.beat(now);
        let (kind, body) = if self.flags.want || self.guard.is_news(&self.members) {
            let re = self.members.newest_stranger(now);
            (Kind::Hello, Body::Hello(beat, self.hello(re)))
        } else {
            (Kind::Beat, Body::Beat(beat))
        };
        let transmit = self.send(now, self.links, kind, &body, buf);
        self.members.on_beat_sent(now);
        self.failover.on_beat_sent(self.members.life.counter());
        self.failover.connectivity.on_beat_sent(now);
        self.due = self.next_due();
        transmit
    }

    /// Numbers, encodes and signs a frame.
    fn send(
        &mut self,
        now: Instant,
        links: LinkSet,
        kind: Kind,
        body: &Body,
        buf: &mut [u8],
    ) -> Option<Transmit> {
        let counter = self.members.life.number(now);
        self.guard.on_sent(kind, counter);
        let header = Header {
            key: self.members.keyring.signing(),
            kind,
            source: self.members.me,
            low: self.members.life.low(),
            counter,
        };
        let len = native::encode(&header, body, self.members.shape, buf)?;
        let (covered, rest) = buf.split_at_mut_checked(len)?;
        let tag = self.members.keyring.sign(self.members.life.high(), covered);
        *rest.first_chunk_mut()? = tag;
        for link in links.iter() {
            let traffic = self.traffic.at_mut(link);
            traffic.sent = traffic.sent.saturating_add(1);
        }
        Some(Transmit {
            links,
            len: len.saturating_add(tag.len()),
            beat: kind != Kind::Ask,
        })
    }

    fn beat(&self, now: Instant) -> Beat {
        let mut groups = PerGroup::of(Word::IDLE);
        for id in self.failover.ids() {
            *groups.at_mut(id) = self.failover.word(id, &self.members);
        }
        let mut peers = PerNode::of(Hearing::default());
        for node in self.members.others() {
            *peers.at_mut(node) = self.members.hearing(node);
        }
        Beat {
            flags: self.present_flags(now),
            digests: self.members.digests,
            ping: self.failover.connectivity.score(),
            newest: self.members.outbox.newest(),
            groups,
            peers,
        }
    }

    fn hello(&self, re: Option<Reference>) -> Hello {
        let seconds = self.lease.millis().checked_div(1000).unwrap_or_default();
        Hello {
            high: self.members.life.high(),
            re,
            deadtime: u32::try_from(self.members.timing.deadtime.millis()).unwrap_or(u32::MAX),
            lease: u8::try_from(seconds).unwrap_or(u8::MAX),
            watchdog: self.guard.seconds(),
        }
    }

    fn take_invitation(&mut self) -> Option<(LinkId, Option<Reference>)> {
        NodeId::first(self.members.shape.nodes).find_map(|node| {
            let invitations = self.members.peer_mut(node).invitations.iter_mut();
            let (link, invitation) = invitations
                .into_iter()
                .find(|(_, invitation)| invitation.due)?;
            invitation.due = false;
            Some((link, invitation.re))
        })
    }
}

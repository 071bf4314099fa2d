//! What a frame proves (DESIGN 5.1): that its sender lives now, that another life of it wants to,
//! or nothing.
//!
//! Heads up! Everything that refuses comes before anything that changes: a refused frame leaves
//! only a doubt and an invitation behind, and, if it is the known life's, figures.

use super::Membership;
use super::control::{REXMIT_SPACING, after, is_newer, may_ask};
use super::difference::Differing;
use super::peer::Hearing;
use crate::action::{Event, Events, Reject};
use crate::id::{LinkId, LinkSet, MAX_GROUPS, NodeId};
use crate::time::Instant;
use crate::wire::native::{self, Envelope};
use crate::wire::{Address, Beat, Body, Control, ControlWord, Hello, Kind, Reference};

/// What an accepted frame brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// A second copy, or a question.
    Nothing,
    /// New state of a live peer.
    State(NodeId),
    /// The same, and a word for this node.
    Word(NodeId, ControlWord),
    /// The last of a peer that leaves in order, with our groups: the epochs of those that it leaves
    /// to this node, 0 for others.
    Leave([u8; MAX_GROUPS]),
}

impl Membership {
    /// Judges one datagram, and says on which lines it is to be passed on.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        link: LinkId,
        bytes: &[u8],
        events: &mut Events,
    ) -> Result<(Received, LinkSet), Reject> {
        let envelope = native::open(bytes, self.shape)?;
        let header = envelope.header;
        if !self.keyring.knows(header.key) {
            return Err(Reject::UnknownKey);
        }
        if header.source == self.me && header.low == self.life.low() {
            return Err(Reject::Own);
        }
        let others = self.other_lines(link, &header);
        let received = match self.peer(header.source).alive() {
            // It said goodbye, so whatever still comes from that life is late.
            None if self.peer(header.source).has_left(header.low) => Err(Reject::Stale),
            Some(alive) if alive.low() == header.low => {
                self.keyring
                    .verify(header.key, alive.high(), envelope.covered, envelope.tag)?;
                match &native::decode(&envelope, self.shape_of(&envelope)) {
                    Ok(body) => self.receive_known(now, link, &envelope, body, events),
                    Err(why) => Err(*why),
                }
            }
            Some(_) | None => self.receive_stranger(now, link, &envelope, events),
        }?;
        Ok((received, others))
    }

    /// A frame of the life that has proved itself.
    fn receive_known(
        &mut self,
        now: Instant,
        link: LinkId,
        envelope: &Envelope<'_>,
        body: &Body,
        events: &mut Events,
    ) -> Result<Received, Reject> {
        let source = envelope.header.source;
        let counter = envelope.header.counter;
        let mark = self.mark();
        let (me, low) = (self.me, self.life.low());
        let (ours, groups) = (self.told(), self.shape_of(envelope).groups);
        let alive = self.peer(source).alive().ok_or(Reject::Unproven)?;
        let (highest, incarnation) = (alive.highest, alive.incarnation);
        if counter <= alive.links.at(link).highest {
            return Err(Reject::Stale);
        }
        let (keepalive, line) = (self.timing.keepalive, self.lines.contains(link));
        if let Some(alive) = self.peer_mut(source).alive_mut() {
            // Whatever becomes of it, it came.
            alive.measure(mark, link, envelope.header, keepalive, line);
        }
        let (beat, hello, control) = match body {
            Body::Ask(to) if *to != (Address { node: me, low }) => return Err(Reject::Misdirected),
            Body::Ask(_) => return self.receive_question(source, counter),
            Body::Beat(beat) | Body::Leave(beat) => (beat, None, None),
            Body::Hello(beat, hello) => (beat, Some(hello), None),
            Body::Control(beat, control) => (beat, None, Some(control)),
        };
        let echo = self.echo(beat, hello);
        let hears = !beat.peers.at(me).links.is_empty();
        let fresh = echo.filter(|echo| self.life.is_fresh(*echo, now));
        let spacing = self.timing.keepalive.scaled(1, 4);
        let re = Reference {
            node: source,
            incarnation,
            counter,
        };
        if hears && fresh.is_none() {
            // It answers an earlier life of ours, or us too late: it may learn who we are now.
            self.peer_mut(source).invite(now, link, Some(re), spacing);
            return Err(Reject::Unproven);
        }
        let echo_left = fresh.and_then(|echo| self.life.left_at(echo));
        let peer = self.peer_mut(source);
        if fresh.is_some_and(|echo| peer.need.is_some_and(|need| echo >= need)) {
            peer.need = None;
        }
        if hello.is_some() && !hears {
            match fresh {
                // It answers us, so it is no replay and need not wait for its turn. A clone would
                // never hear us and go on for ever.
                Some(_) if source != me => peer.answer(now, link, re),
                Some(_) | None => peer.invite(now, link, Some(re), spacing),
            }
        }
        let Some(alive) = peer.alive_mut() else {
            return Err(Reject::Unproven);
        };
        let delivery = alive.links.at_mut(link);
        delivery.highest = counter;
        delivery.heard = Some(mark);
        if !delivery.up {
            delivery.up = true;
            events.report(Event::PeerLink {
                node: source,
                link,
                up: true,
            });
        }
        if counter <= highest {
            return Ok(Received::Nothing);
        }
        alive.highest = counter;
        // A frame that says it does not hear us cannot prove when it was made. It counts all the
        // same, because all that a deaf peer can do to this node is to make it give way.
        alive.heard = mark;
        alive.asked = None;
        alive.warned = false;
        if let (Some(echo), Some(left)) = (fresh, echo_left)
            && echo > alive.echo
        {
            (alive.echo, alive.echo_left) = (echo, left);
        }
        let hearing = match (hears, alive.hearing) {
            (true, _) => Hearing::Hears,
            (false, Hearing::NotYet) => Hearing::NotYet,
            (false, Hearing::Hears | Hearing::Deaf) => Hearing::Deaf,
        };
        if hearing != alive.hearing && (hearing == Hearing::Deaf || alive.hearing == Hearing::Deaf)
        {
            events.report(Event::PeerDeaf {
                node: source,
                deaf: hearing == Hearing::Deaf,
            });
        }
        alive.hearing = hearing;
        if let Some(hello) = hello {
            alive.announce(hello);
        }
        let before = Differing::between(ours, alive.told());
        let newest = beat.newest;
        alive.beat = beat.clone();
        (alive.groups, alive.key) = (groups, envelope.header.key);
        alive.compare(ours, before, source, events);
        if envelope.header.kind == Kind::Leave {
            let believed = alive.is_believed();
            self.become_left(now, source, events);
            return Ok(if believed {
                Received::Leave(beat.left_to(me))
            } else {
                Received::Nothing
            });
        }
        let word = control.and_then(|control| self.count(source, *control));
        self.ask_for_missing(now, source, newest);
        Ok(word.map_or(Received::State(source), |word| Received::Word(source, word)))
    }

    /// A question may have waited on its way: it is answered, but proves nothing. Its number is
    /// kept apart, so that one which overtakes a beat does not make that stale.
    fn receive_question(&mut self, source: NodeId, counter: u32) -> Result<Received, Reject> {
        let alive = self.peer_mut(source).alive_mut().ok_or(Reject::Unproven)?;
        if counter < alive.question {
            return Err(Reject::Stale);
        }
        let first = counter > alive.question;
        alive.question = counter;
        self.beat_due |= first;
        Ok(Received::Nothing)
    }

    /// A frame of a life that is not the proven one: only a Hello can prove itself, by naming a
    /// frame of ours that left lately and after the doubt began.
    fn receive_stranger(
        &mut self,
        now: Instant,
        link: LinkId,
        envelope: &Envelope<'_>,
        events: &mut Events,
    ) -> Result<Received, Reject> {
        let header = envelope.header;
        let spacing = self.timing.keepalive.scaled(1, 4);
        let next = self.life.counter().saturating_add(1);
        if header.kind != Kind::Hello {
            let peer = self.peer_mut(header.source);
            peer.need.get_or_insert(next);
            peer.stirred = Some(now);
            peer.invite(now, link, None, spacing);
            return Err(Reject::Unproven);
        }
        let high = native::high_half(envelope.body)?;
        self.keyring
            .verify(header.key, high, envelope.covered, envelope.tag)?;
        let shape = self.shape_of(envelope);
        let body = native::decode(envelope, shape);
        let (beat, hello) = match &body {
            Ok(Body::Hello(beat, hello)) => (beat, hello),
            Ok(Body::Ask(_) | Body::Beat(_) | Body::Leave(_) | Body::Control(..)) => {
                return Err(Reject::Malformed);
            }
            Err(why) => return Err(*why),
        };
        let incarnation = (u64::from(high) << 32) | u64::from(header.low);
        let re = Reference {
            node: header.source,
            incarnation,
            counter: header.counter,
        };
        let (me, own) = (self.me, self.life.incarnation());
        let proof = hello
            .re
            .filter(|re| {
                re.node == me && re.incarnation == own && self.life.is_fresh(re.counter, now)
            })
            .map(|re| re.counter);
        let peer = self.peer_mut(header.source);
        peer.stirred = Some(now);
        let need = *peer.need.get_or_insert(next);
        match proof {
            Some(counter) if counter >= need => {
                let told = (shape.groups, header.key);
                self.become_alive(now, link, re, beat, hello, counter, told, events);
                Ok(Received::State(header.source))
            }
            Some(_) | None => {
                self.peer_mut(header.source)
                    .invite(now, link, Some(re), spacing);
                Err(Reject::Unproven)
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one caller, and each is a fact of the frame that proved itself"
    )]
    fn become_alive(
        &mut self,
        now: Instant,
        link: LinkId,
        re: Reference,
        beat: &Beat,
        hello: &Hello,
        echo: u32,
        (groups, key): (usize, u8),
        events: &mut Events,
    ) {
        // It may still hear an earlier life of ours.
        let hearing = beat.peers.at(self.me);
        let hears =
            !hearing.links.is_empty() && self.life.is_fresh(self.life.expand(hearing.echo), now);
        let differing = Differing::between(self.told(), (beat.digests, groups));
        let echo_left = self.life.left_at(echo).unwrap_or(now);
        let clone = re.node == self.me;
        let beginning = (re.node, re.incarnation, re.counter);
        let restarted = self.begin(now, link, beginning, beat);
        let peer = self.peer_mut(re.node);
        if let Some(alive) = peer.alive_mut() {
            (alive.echo, alive.echo_left) = (echo, echo_left);
            if !hears {
                alive.hearing = Hearing::NotYet;
            }
            alive.mismatch = differing.gravest();
            (alive.groups, alive.key) = (groups, key);
            alive.announce(hello);
        }
        peer.answer(now, link, re);
        events.report(match clone {
            true => Event::Cloned,
            false => Event::PeerAlive {
                node: re.node,
                incarnation: re.incarnation,
                restarted,
            },
        });
        if !clone {
            differing.report(Differing::default(), re.node, events);
        }
    }

    /// The newest frame of this life that the sender says to have received.
    fn echo(&self, beat: &Beat, hello: Option<&Hello>) -> Option<u32> {
        let hearing = beat.peers.at(self.me);
        let steady = (!hearing.links.is_empty()).then(|| self.life.expand(hearing.echo));
        let named = hello
            .and_then(|hello| hello.re)
            .filter(|re| re.node == self.me && re.incarnation == self.life.incarnation())
            .map(|re| re.counter);
        steady.max(named)
    }

    /// Counts a control word; it is dealt with if it is for this life.
    fn count(&mut self, source: NodeId, control: Control) -> Option<ControlWord> {
        let to = Address {
            node: self.me,
            low: self.life.low(),
        };
        let alive = self.peer_mut(source).alive_mut()?;
        let from = Address {
            node: source,
            low: alive.low(),
        };
        let next = control.sequence != 0 && control.sequence == after(alive.sequence);
        if next {
            alive.sequence = control.sequence;
        }
        if control.to != to {
            return None;
        }
        match control.word {
            ControlWord::RexmitRequest { first } => {
                self.outbox.repeat(from, first);
                None
            }
            ControlWord::Gone { last } => {
                if is_newer(last, alive.sequence) {
                    alive.sequence = last;
                }
                None
            }
            // Each once, in turn: what is said again for somebody else may be long over.
            word @ (ControlWord::Move { .. } | ControlWord::Unmove { .. }) => next.then_some(word),
            word @ (ControlWord::IpRequest { .. } | ControlWord::IpRequestResp { .. }) => {
                Some(word)
            }
        }
    }

    fn ask_for_missing(&mut self, now: Instant, source: NodeId, newest: u8) {
        let Some(alive) = self.peer_mut(source).alive_mut() else {
            return;
        };
        if !is_newer(newest, alive.sequence) || !may_ask(now, alive.rexmit_at) {
            return;
        }
        alive.rexmit_at = now.after(REXMIT_SPACING);
        let (low, first) = (alive.low(), after(alive.sequence));
        self.outbox.ask(Address { node: source, low }, first);
    }
}

//! What the peer says: judged by its numbers, then understood.

use super::classes::Classes;
use super::dialogue::Dialogue;
use super::numbering::Verdict;
use super::say::Say;
use super::{LinuxHa, Phase};
use crate::action::{Events, Reject};
use crate::failover::Failover;
use crate::id::{GroupId, LinkId};
use crate::membership::{Membership, Standing};
use crate::time::{Duration, Instant};
use crate::wire::linux_ha::{self, Core, Hold, Info, State, Word};

impl LinuxHa {
    /// Judges one message; whether it is the news of a status.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        link: LinkId,
        bytes: &[u8],
        failover: &mut Failover,
        members: &mut Membership,
        events: &mut Events,
    ) -> Result<bool, Reject> {
        let mut message = Core::default();
        linux_ha::decode_core(bytes, &members.keyring, &mut message)?;
        if self.is_named(message.source, self.me) {
            return Err(Reject::Own);
        }
        if !self.is_named(message.source, self.peer) {
            return Err(Reject::UnknownNode);
        }
        let status = matches!(message.word, Word::Status { .. });
        let verdict = self
            .numbering
            .judge(message.generation, message.number, status);
        let said_goodbye = match &members.peer(self.peer).standing {
            Standing::Left(_) => message.generation == self.numbering.generation(),
            Standing::Unheard | Standing::Alive(_) | Standing::Dead(_) => false,
        };
        if verdict == Verdict::Old || said_goodbye {
            return Err(Reject::Stale);
        }
        self.numbering
            .count(now, message.generation, message.number);
        let alive = members.peer(self.peer).alive().is_some();
        let first = verdict == Verdict::NewLife || (status && !alive);
        if first {
            self.become_acquainted(now, link, message.generation, failover, members, events);
        } else {
            members.hear_link(self.peer, link, message.number, events);
        }
        let for_me = message.dest.is_none_or(|name| self.is_named(name, self.me));
        if verdict == Verdict::Copy || !for_me || !(alive || first) {
            return Ok(false);
        }
        Ok(self.understand(now, &message, failover, members, events))
    }

    /// While this node says goodbye: only what is missing is said again.
    pub(crate) fn receive_late(
        &mut self,
        bytes: &[u8],
        members: &Membership,
    ) -> Result<(), Reject> {
        let mut message = Core::default();
        linux_ha::decode_core(bytes, &members.keyring, &mut message)?;
        let for_me = message
            .dest
            .is_some_and(|name| self.is_named(name, self.me));
        if let Word::Rexmit { first, last } = message.word
            && for_me
            && self.is_named(message.source, self.peer)
        {
            self.history.on_request(first, last);
        }
        Ok(())
    }

    /// Another life of the peer; or the same one, after a silence that was taken for its end. Then it
    /// may have taken everything, and will restart if it has.
    fn become_acquainted(
        &mut self,
        now: Instant,
        link: LinkId,
        generation: u32,
        failover: &Failover,
        members: &mut Membership,
        events: &mut Events,
    ) {
        let returned = match &members.peer(self.peer).standing {
            Standing::Dead(ended) => ended.life == Some(generation),
            Standing::Unheard | Standing::Alive(_) | Standing::Left(_) => false,
        };
        members.greet(now, link, self.peer, generation, events);
        // A real one that hears anything else first believes for a moment that nobody is active.
        members.beat_due = true;
        self.theirs.forget();
        self.dialogue = Dialogue::NONE;
        (self.active, self.stable, self.departing) = (false, false, false);
        (self.ping, self.told) = (None, None);
        self.wished = Classes::NONE;
        (self.hints, self.newest) = (0, 0);
        if self.legacy {
            // It asks for what is its own; what it has of ours, from before this life, is asked for.
            if !self.is_active() {
                for id in failover.ids() {
                    self.theirs.become_single(id, true, failover);
                }
            }
        } else if returned {
            self.theirs.become_holding(now, Classes::ALL, failover);
            self.active = true;
        }
    }

    fn understand(
        &mut self,
        now: Instant,
        message: &Core<'_>,
        failover: &mut Failover,
        members: &mut Membership,
        events: &mut Events,
    ) -> bool {
        match message.word {
            Word::Status {
                state, deadtime, ..
            } => {
                let number = message.number.unwrap_or_default();
                if self.numbering.is_overtaken(number, message.time) {
                    return false;
                }
                self.numbering.note_status(number, message.time);
                let deadtime = deadtime.map(|span| Duration::from_millis(span.into()));
                members.hear_status(now, self.peer, deadtime);
                self.active = state == State::Active;
                return true;
            }
            Word::Reqnodes => {
                // With `auto_failback legacy` a real one that has not heard of this life when it has its
                // answer takes itself for alone, and starts what runs here.
                if self.is_active() {
                    self.say(Say::Status(State::Active));
                }
                self.say(Say::Repnodes);
            }
            // Whatever it lists: the nodes are those of our configuration.
            Word::Repnodes { .. } => {
                if let Phase::Up { .. } = self.phase {
                    self.become_active();
                }
            }
            Word::Starting => {
                self.stable = false;
                self.answer(failover);
            }
            Word::Resource {
                hold,
                full,
                stable,
                info,
            } => {
                let number = message.number.unwrap_or_default();
                if number > self.newest {
                    self.newest = number;
                    self.on_resource(now, (hold, full, stable, info), failover);
                }
            }
            Word::AskResources { hold, phase } => self.on_ask(now, hold, phase, failover, members),
            Word::IpRequest { key } => self.on_ip_request(key, failover),
            Word::IpRequestResp { key, ok, .. } => self.on_ip_response(key, ok, failover),
            Word::HbTakeover { hold } => {
                let wished = Classes::of_peer(hold);
                self.wished = self.wished.with(wished);
            }
            Word::Shutdone => self.on_goodbye(now, failover, members, events),
            Word::Rexmit { first, last } => self.history.on_request(first, last),
            Word::Nak { number } => self.numbering.give_up(number),
            Word::NumPing { count } => {
                let score = failover.connectivity.score();
                let theirs = u8::try_from(count).unwrap_or(u8::MAX);
                // What it gave away because it reached less may go back, as between two real ones.
                if self.ping.is_some_and(|before| before < score) && theirs >= score {
                    self.theirs.become_welcome(Classes::ALL);
                }
                self.ping = Some(theirs);
                if theirs < score {
                    self.say(Say::YouAreDead);
                } else if theirs == score {
                    self.say(Say::AbortGiveup);
                }
            }
            Word::AbortGiveup => self.ping = Some(failover.connectivity.score()),
            Word::YouAreDead => {
                let more = failover.connectivity.score().saturating_add(1);
                self.ping = Some(self.ping.unwrap_or_default().max(more));
            }
            // Its `ipfail` has come or gone: a new one is told how many ping nodes answer here.
            Word::ClientStatus { joined, .. } => {
                if joined {
                    self.told = None;
                } else {
                    self.ping = None;
                }
            }
            Word::Stonith { .. }
            | Word::Ack { .. }
            | Word::QueryCstatus { .. }
            | Word::RespondCstatus { .. }
            | Word::Unknown { .. } => {}
        }
        false
    }

    /// `resource`: what the peer has, in its own words.
    fn on_resource(
        &mut self,
        now: Instant,
        (hold, full, stable, info): (Hold, bool, Option<bool>, Option<Info>),
        failover: &Failover,
    ) {
        let mut has = Classes::of_peer(hold);
        let held = self.theirs.are(|their| their.has());
        if !full && hold != Hold::None {
            has = has.with(held);
        }
        match info {
            Some(Info::Shutdown) => {
                self.departing = true;
                self.theirs.become_giving(Classes::ALL);
            }
            Some(Info::Standby) => self.theirs.become_giving(held.without(has)),
            Some(Info::Acquired | Info::MachDown) | None => {
                let begins = stable != Some(true) && !self.stable && !self.theirs.is_known();
                self.theirs.become_holding(now, has, failover);
                let takes =
                    !has.has(Classes::FOREIGN) && !self.ours(failover).has(Classes::FOREIGN);
                if begins && takes {
                    // It will start its own as soon as it knows what is here.
                    let until = now.after(START);
                    self.theirs.become_taking(Classes::FOREIGN, until, failover);
                }
                if stable == Some(true) && !self.stable && !has.has(Classes::FOREIGN) {
                    self.theirs.become_passed_over(Classes::FOREIGN);
                }
            }
        }
        match stable {
            Some(true) if !self.stable => {
                self.stable = true;
                self.answer(failover);
            }
            Some(true) | None => {}
            Some(false) => self.stable = false,
        }
    }

    /// It has stopped everything, and what it had may be started here at once.
    fn on_goodbye(
        &mut self,
        now: Instant,
        failover: &mut Failover,
        members: &mut Membership,
        events: &mut Events,
    ) {
        if self.legacy {
            for id in failover.ids().filter(|id| !failover.has(*id)) {
                self.theirs.become_single(id, false, failover);
            }
        } else {
            self.theirs.become_given(Classes::ALL, failover);
        }
        let flags = crate::wire::Flags {
            leaving: true,
            ..Default::default()
        };
        if let Some(beat) = members.beat_mut(self.peer) {
            self.theirs.tell(beat, flags, 0, failover);
            failover.on_leave(&beat.left_to(self.me));
            members.see_off(now, self.peer, events);
        }
    }

    /// Says what is held here, to one that asks.
    pub(super) fn answer(&mut self, failover: &Failover) {
        if !self.is_active() {
            return;
        }
        let (ours, stable) = self.said.unwrap_or_default();
        self.say_resource(ours, stable, failover);
    }

    /// The group whose first resource that is.
    pub(super) fn group_of(&self, key: &str, failover: &Failover) -> Option<GroupId> {
        failover
            .ids()
            .find(|id| self.names.keys.at(*id).as_str() == key && !key.is_empty())
    }
}

/// How long a start of the peer may take: ten seconds until it is sure of itself, and its scripts.
const START: Duration = Duration::from_secs(60);

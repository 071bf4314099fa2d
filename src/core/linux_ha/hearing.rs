//! What the peer says: judged by its numbers, then understood.

use super::classes::Classes;
use super::dialogue::{Dialogue, Step};
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
        let is_newer = self.numbering.is_newest(message.number);
        self.numbering
            .count(now, message.generation, message.number);
        let alive = members.peer(self.peer).alive().is_some();
        // What was said before its silence says nothing of what came after.
        let returns = status && !alive && verdict == Verdict::News && is_newer;
        let first = verdict == Verdict::NewLife || returns;
        if first {
            self.become_acquainted(now, link, &message, failover, members, events);
        } else if members.hear_link(self.peer, link, message.number, events) && alive {
            // It may have missed what will not be said again; its `ipfail` is told then, as by a real one.
            self.told = None;
            self.answer(failover);
        }
        let for_me = message.dest.is_none_or(|name| self.is_named(name, self.me));
        // With `auto_failback legacy` what it takes it says to itself.
        let for_me = for_me || (self.legacy && matches!(message.word, Word::IpRequestResp { .. }));
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
        let (generation, number) = (message.generation, message.number);
        if self.numbering.judge(generation, number, false) == Verdict::Old {
            return Err(Reject::Stale);
        }
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
        message: &Core<'_>,
        failover: &Failover,
        members: &mut Membership,
        events: &mut Events,
    ) {
        let returned = match &members.peer(self.peer).standing {
            Standing::Dead(ended) => ended.life == Some(message.generation),
            Standing::Unheard | Standing::Alive(_) | Standing::Left(_) => false,
        };
        // It has been running for a while.
        let runs = matches!(
            message.word,
            Word::Status {
                state: State::Active,
                ..
            }
        );
        let apart = returned || (runs && members.peer(self.peer).alive().is_none());
        members.greet(now, link, self.peer, message.generation, events);
        self.numbering.forgive();
        // A real one that hears anything else first believes for a moment that nobody is active.
        members.beat_due = true;
        self.theirs.forget();
        self.dialogue = Dialogue::NONE;
        (self.active, self.stable, self.departing) = (false, false, false);
        (self.ping, self.told) = (None, None);
        self.wished = Classes::NONE;
        self.hints = 0;
        if self.legacy {
            // It asks for what is its own; what it has of ours, from before this life, is asked for.
            // What is at home there it starts by itself; what is here, it may have from before, or since
            // the silence.
            for id in failover.ids().filter(|id| !failover.claims(*id)) {
                if !failover.is_local(id) || apart || !self.is_active() {
                    self.theirs.become_single(id, true, failover);
                }
            }
            if apart {
                self.theirs.become_holding(now, Classes::FOREIGN, failover);
                self.recalled = Classes::LOCAL.groups(failover);
                self.tell_what_is_free(failover);
            }
        } else if returned {
            self.theirs.become_holding(now, Classes::ALL, failover);
            self.active = true;
            if self.phase == Phase::Active {
                // If it never missed this node it has less, and says so when it is asked.
                self.say(Say::Starting);
                self.answer(failover);
            }
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
        let of_ipfail = matches!(
            message.word,
            Word::NumPing { .. } | Word::AbortGiveup | Word::YouAreDead
        );
        if of_ipfail && !self.numbering.take_word(true, message.number) {
            return false;
        }
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
                    self.become_active(true, failover);
                }
            }
            Word::Starting => {
                // One that comes late says nothing of how stable it is by now.
                if self.numbering.take_word(false, message.number) {
                    self.stable = false;
                    self.theirs.become_interested();
                }
                self.answer(failover);
            }
            Word::Resource {
                hold,
                full,
                stable,
                info,
            } => {
                if self.numbering.take_word(false, message.number) {
                    self.on_resource(now, (hold, full, stable, info), failover);
                }
            }
            // With `auto_failback legacy` there is no such dialogue.
            Word::AskResources { hold, phase } if !self.legacy => {
                // A real one says the last word of a dialogue after the `resource` that follows it.
                let newer = self.numbering.take_word(false, message.number);
                let stands = match phase {
                    linux_ha::Phase::Me => newer && !self.numbering.is_forgotten(message.time),
                    linux_ha::Phase::Other => true,
                    // Of a giver that has taken it back since it is no word to start it.
                    linux_ha::Phase::Done => newer || self.dialogue.step != Step::Accepted,
                };
                if stands {
                    self.on_ask(now, hold, phase, failover, members);
                }
            }
            Word::IpRequest { key } => {
                self.numbering.take_word(false, message.number);
                self.on_ip_request(key, failover);
            }
            // One that comes late may have been given back since; whoever still needs it asks again.
            Word::IpRequestResp { key, ok: true, .. }
                if self.numbering.take_word(false, message.number) =>
            {
                let takes = message
                    .dest
                    .is_some_and(|name| !self.is_named(name, self.me));
                self.on_ip_response(now, key, takes, failover);
            }
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
            // What it answers to may be older than its own last word: then that one was less.
            Word::AbortGiveup => self.ping = self.ping.min(Some(failover.connectivity.score())),
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
            Word::AskResources { .. }
            | Word::IpRequestResp { .. }
            | Word::Stonith { .. }
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
        let (ours, stable) = self.said.unwrap_or((self.ours(failover), false));
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

#[cfg(test)]
mod tests;

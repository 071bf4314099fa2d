//! Words become messages: numbered, dated, signed.

use super::history::Entry;
use super::say::Say;
use super::{LinuxHa, Phase};
use crate::id::NodeId;
use crate::membership::Membership;
use crate::time::Instant;
use crate::wire::linux_ha::{self, Client, Message, State, Word};

impl LinuxHa {
    /// Whether a name is that of a node; case is of no account, as for the real one.
    #[inline(never)]
    pub(super) fn is_named(&self, name: &str, node: NodeId) -> bool {
        self.name(node).eq_ignore_ascii_case(name)
    }

    fn name(&self, node: NodeId) -> &str {
        self.names
            .nodes
            .get(node.index())
            .map_or("", |name| name.as_str())
    }

    /// The periodic word. The first of a life comes before anything else.
    pub(crate) fn say_status(
        &mut self,
        now: Instant,
        members: &Membership,
        buf: &mut [u8],
    ) -> Option<usize> {
        let state = match self.phase {
            Phase::Init => {
                self.phase = Phase::Up {
                    since: None,
                    ask_at: now,
                };
                self.say(Say::Status(State::Up));
                State::Init
            }
            Phase::Up { .. } => State::Up,
            Phase::Active => State::Active,
        };
        self.number(now, Say::Status(state), members, buf)
    }

    /// The goodbye: first that all is stopped, then a few beats, by which a lost one is missed.
    pub(crate) fn say_goodbye(
        &mut self,
        now: Instant,
        first: bool,
        members: &Membership,
        buf: &mut [u8],
    ) -> Option<usize> {
        let say = if first {
            Say::Shutdone
        } else {
            Say::Status(State::Active)
        };
        self.number(now, say, members, buf)
    }

    /// The next word that waits.
    pub(crate) fn poll(
        &mut self,
        now: Instant,
        members: &Membership,
        buf: &mut [u8],
    ) -> Option<usize> {
        if let Phase::Init = self.phase {
            return None; // A status opens a life.
        }
        if let Some(say) = self.due.pop_front() {
            return self.number(now, say, members, buf);
        }
        if let Some(say) = self.numbering.poll(now) {
            return self.encode(None, self.time(now), say, members, buf);
        }
        if let Some(number) = self.history.take_lost() {
            return self.encode(None, self.time(now), Say::Nak(number), members, buf);
        }
        let Entry {
            number, time, say, ..
        } = self.history.take(now)?;
        self.encode(Some(number), time, say, members, buf)
    }

    fn number(
        &mut self,
        now: Instant,
        say: Say,
        members: &Membership,
        buf: &mut [u8],
    ) -> Option<usize> {
        let time = self.time(now);
        let entry = self.history.say(now, time, say);
        self.encode(Some(entry.number), time, say, members, buf)
    }

    /// Wall clock, as far as this life knows it.
    fn time(&self, now: Instant) -> u32 {
        let elapsed = now.since(self.started).micros() / 1_000_000;
        let elapsed = u32::try_from(elapsed).unwrap_or(u32::MAX);
        self.own.clock.saturating_add(elapsed).max(1)
    }

    fn encode(
        &self,
        number: Option<u32>,
        time: u32,
        say: Say,
        members: &Membership,
        buf: &mut [u8],
    ) -> Option<usize> {
        let client = if say.is_of_ipfail() {
            Client {
                from: Some("ipfail"),
                to: Some("ipfail"),
                generation: Some(0),
            }
        } else {
            Client::default()
        };
        let mut message = Message {
            source: self.name(self.me),
            source_uuid: self.own.uuid,
            number,
            generation: self.own.generation,
            time,
            load: None,
            ttl: Some(TTL),
            dest: say.is_directed().then(|| self.name(self.peer)),
            dest_uuid: None,
            client,
            word: Word::default(),
        };
        self.fill_word(say, members, &mut message.word);
        linux_ha::encode_classic(&message, &members.keyring, buf).ok()
    }

    #[inline(never)]
    fn fill_word<'a>(&'a self, say: Say, members: &Membership, word: &mut Word<'a>) {
        let key = |id| self.names.keys.at(id).as_str();
        match say {
            Say::Status(state) => {
                *word = Word::Status {
                    state,
                    deadtime: u32::try_from(members.timing.deadtime.millis()).ok(),
                    protocol: Some(1),
                }
            }
            Say::Reqnodes => *word = Word::Reqnodes,
            Say::Repnodes => {
                *word = Word::Repnodes {
                    nodes: &self.names.list,
                }
            }
            Say::Starting => *word = Word::Starting,
            Say::Resource { hold, stable, info } => {
                *word = Word::Resource {
                    hold,
                    full: true,
                    stable: Some(stable),
                    info,
                }
            }
            Say::AskResources { hold, phase } => *word = Word::AskResources { hold, phase },
            Say::IpRequest(id) => *word = Word::IpRequest { key: key(id) },
            Say::IpRequestResp(id) => {
                *word = Word::IpRequestResp {
                    key: key(id),
                    ok: true,
                    owned: true,
                }
            }
            Say::HbTakeover(hold) => *word = Word::HbTakeover { hold },
            Say::Shutdone => *word = Word::Shutdone,
            Say::NumPing(count) => {
                *word = Word::NumPing {
                    count: count.into(),
                }
            }
            Say::AbortGiveup => *word = Word::AbortGiveup,
            Say::YouAreDead => *word = Word::YouAreDead,
            Say::Ack(number) => *word = Word::Ack { number },
            Say::Rexmit { first, last } => *word = Word::Rexmit { first, last },
            Say::Nak(number) => *word = Word::Nak { number },
        }
    }
}

/// `hopfudge` and two nodes; nothing forwards.
const TTL: u16 = 3;

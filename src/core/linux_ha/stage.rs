//! A stage for the tests of this room: node `a` beside a real heartbeat `b` whose words are written here.
//! The first group is at home on `a`, the second on `b`.
#![cfg(test)]

use std::vec::Vec;

use super::say::Say;
use super::{Heartbeat, LinuxHa};
use crate::action::{Action, Carrier, Command, Events, GroupState, Kept, Outcome, Reject};
use crate::auth::Keyring;
use crate::config::{Sources, read};
use crate::failover::Failover;
use crate::id::{GroupId, LinkId};
use crate::membership::Membership;
use crate::time::{Duration, Instant};
use crate::wire::linux_ha::{
    Client, Framing, Hold, MAX_FRAME, Message, Phase, State, Word, encode,
};

pub(super) struct Stage {
    pub(super) linux_ha: LinuxHa,
    pub(super) failover: Failover,
    pub(super) members: Membership,
    pub(super) events: Events,
    pub(super) now: Instant,
    /// `b`'s own boot generation, newest number and clock.
    pub(super) generation: u32,
    pub(super) number: u32,
    keys: Keyring,
}

/// Both are active, and `b` says every second that it is.
pub(super) fn beside(auto_failback: &str) -> Stage {
    let mut stage = Stage::new(auto_failback);
    stage.hear(status(State::Up));
    stage.hear(Word::Repnodes { nodes: "a b " });
    stage.hear(status(State::Active));
    stage
}

/// The same, both have told what is theirs, and have it.
pub(super) fn settled(auto_failback: &str) -> Stage {
    let mut stage = beside(auto_failback);
    stage.hear(resource(Hold::Local, true));
    stage.pass(1);
    stage.work();
    assert_eq!(stage.states(), [GroupState::Held, GroupState::Idle]);
    stage
}

pub(super) fn status(state: State) -> Word<'static> {
    let (deadtime, protocol) = (Some(5000), Some(1));
    Word::Status {
        state,
        deadtime,
        protocol,
    }
}

pub(super) fn resource(hold: Hold, stable: bool) -> Word<'static> {
    let (full, stable, info) = (true, Some(stable), None);
    Word::Resource {
        hold,
        full,
        stable,
        info,
    }
}

pub(super) fn ask(hold: Hold, phase: Phase) -> Word<'static> {
    Word::AskResources { hold, phase }
}

impl Stage {
    pub(super) fn new(auto_failback: &str) -> Self {
        let ha_cf = std::format!(
            "protocol linux-ha\nnode a b\nkeepalive 1\ndeadtime 5\ninitdead 10\n\
             auto_failback {auto_failback}\nbcast eth0\n"
        );
        let groups = "a 10.0.0.1\nb 10.0.0.2\n";
        let sources = Sources::new("a", &ha_cf, groups, "auth 1\n1 sha1 0123456789abcdef\n");
        let config = read(&sources, &mut |_| ()).unwrap();
        let now = Instant::from_micros(100_000_000);
        let own = Heartbeat {
            generation: 7,
            uuid: None,
            clock: 1_000_000,
        };
        let mut stage = Self {
            linux_ha: LinuxHa::new(&config, own, now),
            failover: Failover::new(&config, Kept::default()),
            members: Membership::new(&config, 1, 1, now),
            events: Events::default(),
            now,
            generation: 1,
            number: 0,
            keys: Keyring::new(&config.keys, ""),
        };
        let (link, carrier) = (LinkId::ZERO, Carrier::Up);
        stage
            .members
            .on_carrier(now, link, carrier, &mut stage.events);
        stage.decide();
        stage
    }

    /// `b` says this under its next number; what `a` says to that.
    pub(super) fn hear(&mut self, word: Word<'_>) -> Vec<Say> {
        self.number += u32::from(word.is_numbered());
        self.hear_from("b", self.number, None, word).unwrap();
        self.decide()
    }

    /// Somebody says it to somebody, under a number.
    pub(super) fn hear_from(
        &mut self,
        source: &str,
        number: u32,
        dest: Option<&str>,
        word: Word<'_>,
    ) -> Result<(), Reject> {
        let elapsed = self.now.micros() / 1_000_000;
        let message = Message {
            source,
            source_uuid: None,
            number: word.is_numbered().then_some(number),
            generation: self.generation,
            time: 1_000_000 + u32::try_from(elapsed).unwrap(),
            load: None,
            ttl: None,
            dest,
            dest_uuid: None,
            client: Client::default(),
            word,
        };
        let mut room = [0; MAX_FRAME];
        let len = encode(&message, Framing::Twofold, &self.keys, &mut room).unwrap();
        let heard = self.linux_ha.receive(
            self.now,
            LinkId::ZERO,
            &room[..len],
            &mut self.failover,
            &mut self.members,
            &mut self.events,
        );
        heard.map(|_| ())
    }

    /// Seconds in which `b` says that it is active; what `a` says meanwhile, but for its own status.
    pub(super) fn pass(&mut self, seconds: u32) -> Vec<Say> {
        let mut said = Vec::new();
        for _ in 0..seconds {
            said.extend(self.wait(1));
            said.extend(self.hear(status(State::Active)));
        }
        said
    }

    /// Seconds in which `b` says nothing.
    pub(super) fn wait(&mut self, seconds: u32) -> Vec<Say> {
        let mut said = Vec::new();
        for _ in 0..seconds * 10 {
            self.now = self.now.after(Duration::from_millis(100));
            self.members.attend(self.now, self.now);
            self.members.on_timeout(self.now, true, &mut self.events);
            said.extend(self.decide());
        }
        said
    }

    pub(super) fn tell(&mut self, command: Command) -> Vec<Say> {
        let (members, events) = (&mut self.members, &mut self.events);
        self.failover.on_command(self.now, command, members, events);
        if let Command::Standby(_) = command {
            self.linux_ha.on_standby(&self.failover);
        }
        self.decide()
    }

    /// The order of a node: the peer's side, what follows from it, and how that is said.
    pub(super) fn decide(&mut self) -> Vec<Say> {
        let mut said = Vec::new();
        for after in [false, true] {
            let (failover, members) = (&mut self.failover, &mut self.members);
            let events = &mut self.events;
            self.linux_ha
                .decide(self.now, after, failover, members, events);
            failover.decide(self.now, members, events);
            while let Some(say) = self.linux_ha.due.pop_front() {
                said.push(say);
            }
        }
        if self.members.beat_due {
            let (members, buf) = (&mut self.members, &mut [0; MAX_FRAME]);
            let counter = members.life.number(self.now);
            self.linux_ha.say_status(self.now, members, buf).unwrap();
            members.on_beat_sent(self.now);
            self.failover.on_beat_sent(counter);
        }
        said
    }

    /// What is to be started and stopped now.
    pub(super) fn actions(&mut self) -> Vec<Action> {
        core::iter::from_fn(|| self.failover.poll_action(&self.members))
            .filter(|action| !matches!(action, Action::Announce(_)))
            .collect()
    }

    /// Does all that is to be done, well; what `a` says to that.
    pub(super) fn work(&mut self) -> Vec<Say> {
        let mut said = Vec::new();
        for action in self.actions() {
            match action {
                Action::Start { group, .. } => said.extend(self.end(group, Outcome::Running)),
                Action::Stop(group) => said.extend(self.end(group, Outcome::Stopped)),
                _ => {}
            }
        }
        said
    }

    pub(super) fn end(&mut self, group: GroupId, outcome: Outcome) -> Vec<Say> {
        let events = &mut self.events;
        self.failover.on_done(self.now, group, outcome, events);
        self.decide()
    }

    pub(super) fn states(&self) -> [GroupState; 2] {
        [OWN, OTHER].map(|id| self.failover.word(id, &self.members).state)
    }
}

/// At home here, and there.
pub(super) const OWN: GroupId = GroupId::ZERO;
pub(super) const OTHER: GroupId = match GroupId::new(1) {
    Some(id) => id,
    None => GroupId::ZERO,
};

//! What it says: numbered, kept, signed.

use super::*;

impl Heartbeat {
    pub(super) fn status(&mut self, now: u64, state: State) {
        let deadtime = u32::try_from(self.deadtime / 1000).ok();
        let protocol = Some(1);
        self.say(
            now,
            Word::Status {
                state,
                deadtime,
                protocol,
            },
            false,
        );
    }

    pub(super) fn ask(&mut self, now: u64, hold: Hold, phase: Phase) {
        self.say(now, Word::AskResources { hold, phase }, false);
    }

    pub(super) fn resource(&mut self, now: u64, info: Option<Info>) {
        let stable = self.state == Start::Stable || info == Some(Info::Acquired);
        self.say_resource(now, self.mine, stable, info);
        if self.state == Start::Starting {
            (self.state, self.stable_at) = (Start::Received, now + 10 * SECOND);
        }
    }

    pub(super) fn say_resource(&mut self, now: u64, what: u8, stable: bool, info: Option<Info>) {
        let (hold, full, stable) = (hold(what), true, Some(stable));
        self.say(
            now,
            Word::Resource {
                hold,
                full,
                stable,
                info,
            },
            false,
        );
    }

    pub(super) fn say(&mut self, now: u64, word: Word<'_>, directed: bool) {
        self.say_to(now, word, directed.then_some("a"));
    }

    pub(super) fn say_to(&mut self, now: u64, word: Word<'_>, dest: Option<&str>) {
        let numbered = word.is_numbered();
        self.seq += u32::from(numbered);
        let message = Message {
            source: "b",
            source_uuid: None,
            number: numbered.then_some(self.seq),
            generation: self.hg,
            time: 1_000_000 + u32::try_from(now / SECOND).unwrap(),
            load: None,
            ttl: None,
            dest,
            dest_uuid: None,
            client: Client::default(),
            word,
        };
        let mut room = [0; MAX_FRAME];
        let len = encode(&message, Framing::Twofold, &self.keys, &mut room).unwrap();
        if numbered {
            self.said.push(room[..len].to_vec());
        }
        self.sent.push_back(room[..len].to_vec());
    }
}

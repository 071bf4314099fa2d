//! Whatever a peer says, in whatever order, under whatever number: a node goes on, and what one word draws
//! is bounded.

use crate::keys::{encoded, ring};
use crate::properties::word;
use proptest::prelude::*;
use twinbeat::action::{Action, Carrier, Command, Input, Kept, Outcome, Selection};
use twinbeat::auth::Keyring;
use twinbeat::config::{self, Method, Sources};
use twinbeat::id::LinkId;
use twinbeat::time::{Duration, Instant};
use twinbeat::wire::linux_ha::{Client, Framing, MAX_FRAME, Message, Word};
use twinbeat::{Boot, Heartbeat, Node};

const SECRET: &str = "0123456789abcdef";

/// What happens to the node.
#[derive(Clone, Debug)]
enum Step {
    /// The peer says a word: so much above its newest number, in so much above its first generation.
    Word(Word<'static>, i32, u32, bool),
    /// So many milliseconds pass.
    Pass(u64),
    /// A person wants something.
    Tell(Command),
}

fn step() -> impl Strategy<Value = Step> {
    let selections =
        prop::sample::select(&[Selection::All, Selection::Local, Selection::Foreign][..]);
    prop_oneof![
        12 => (word(), prop_oneof![6 => Just(1), 1 => -3..6_i32, 1 => Just(260)], prop_oneof![9 => Just(0_u32), 1 => 0..3_u32], any::<bool>())
            .prop_map(|(word, ahead, lives, directed)| Step::Word(word, ahead, lives, directed)),
        6 => prop_oneof![0..2_000_u64, Just(15_000), Just(70_000)].prop_map(Step::Pass),
        1 => selections.clone().prop_map(|which| Step::Tell(Command::Standby(which))),
        1 => selections.prop_map(|which| Step::Tell(Command::Takeover(which))),
        1 => any::<bool>().prop_map(|serves| Step::Tell(Command::Serve(serves))),
    ]
}

struct Talk {
    node: Node,
    now: Instant,
    keys: Keyring,
    number: u32,
    generation: u32,
}

impl Talk {
    fn new(failback: &str) -> Self {
        let ha_cf = format!(
            "protocol linux-ha\nnode a beta\nkeepalive 1\ndeadtime 5\ninitdead 10\n\
             auto_failback {failback}\nbcast eth0\nping 192.0.2.1\n"
        );
        let authkeys = format!("auth 1\n1 sha1 {SECRET}\n");
        let sources = Sources::new("a", &ha_cf, "a 10.0.0.1\nbeta 10.0.0.2\n", &authkeys);
        let config = config::read(&sources, &mut |_| ()).expect("a good one");
        let now = Instant::from_micros(100_000_000);
        let boot = Boot {
            incarnation: 1,
            counter: 1,
            kept: Kept::default(),
            heartbeat: Heartbeat {
                generation: 7,
                uuid: None,
                clock: 1_700_000_000,
            },
        };
        let keys = ring(1, &[(1, Method::Sha1, SECRET)]);
        let mut talk = Self {
            node: Node::new(&config, boot, now),
            now,
            keys,
            number: 0,
            generation: 1,
        };
        let (link, carrier) = (LinkId::ZERO, Carrier::Up);
        talk.tell(Input::Link { link, carrier });
        talk
    }

    /// One input and all that follows from it; scripts do what they are told.
    fn tell(&mut self, input: Input<'_>) {
        let _ = self.node.handle(self.now, input);
        let mut done = Vec::new();
        for _ in 0..8 {
            self.drain(&mut done);
            let Some((group, outcome)) = done.pop() else {
                break;
            };
            let ended = self.node.handle(self.now, Input::Done { group, outcome });
            ended.expect("it was asked for");
        }
        assert!(done.is_empty(), "actions without end: {done:?}");
    }

    fn drain(&mut self, done: &mut Vec<(twinbeat::id::GroupId, Outcome)>) {
        let (mut buf, mut frames, mut events) = ([0; MAX_FRAME], 0, 0);
        while let Some(transmit) = self.node.poll_transmit(self.now, &mut buf) {
            assert!(transmit.len <= MAX_FRAME);
            frames += 1;
            assert!(frames <= MOST, "one word drew {frames} frames");
        }
        while let Some(action) = self.node.poll_action() {
            match action {
                Action::Check(group) | Action::Stop(group) => done.push((group, Outcome::Stopped)),
                Action::Start { group, .. } | Action::Restart(group) => {
                    done.push((group, Outcome::Running))
                }
                Action::Announce(_) | Action::Remember(_) | Action::Fence(_) | Action::Exit => {}
            }
        }
        while self.node.poll_event().is_some() {
            events += 1;
            assert!(events <= 256, "events without end");
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Word(word, ahead, lives, directed) => {
                let numbered = word.is_numbered();
                if *lives > 0 {
                    (self.generation, self.number) = (self.generation + lives, 0);
                }
                let number = self.number.saturating_add_signed(*ahead).max(1);
                if numbered {
                    self.number = self.number.max(number);
                }
                let message = Message {
                    source: "beta",
                    source_uuid: None,
                    number: numbered.then_some(number),
                    generation: self.generation,
                    time: 1_700_000_000 + u32::try_from(self.now.micros() / 1_000_000).unwrap(),
                    load: None,
                    ttl: None,
                    dest: directed.then_some("a"),
                    dest_uuid: None,
                    client: Client::default(),
                    word: word.clone(),
                };
                let bytes = encoded(&message, Framing::Netstring, &self.keys);
                self.tell(Input::Frame {
                    link: LinkId::ZERO,
                    bytes: &bytes,
                });
            }
            Step::Pass(millis) => {
                let end = self.now.after(Duration::from_millis(*millis));
                while self.node.deadline() <= end {
                    self.now = self.node.deadline().max(self.now);
                    self.tell(Input::Timeout);
                    assert!(self.node.deadline() > self.now, "a deadline is left behind");
                }
                self.now = end;
            }
            Step::Tell(command) => self.tell(Input::Command(*command)),
        }
    }
}

/// A request has at most fifty messages said again, and a queue of words may be full.
const MOST: usize = 50 + 32 + 8;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_words_ends_a_node_or_draws_without_end(
        steps in prop::collection::vec(step(), 1..120), failback in prop::sample::select(&["on", "off", "legacy"][..]),
    ) {
        let mut talk = Talk::new(failback);
        steps.iter().for_each(|step| talk.step(step));
    }
}

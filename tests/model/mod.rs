//! One node beside the model of a real heartbeat: messages are lost, doubled and overtake each other, cables
//! are cut, both are killed, stopped and started, persons move what there is. The rules:
//! * While both have heard each other for 10 s within every `deadtime`, nothing is started on one before the
//!   other has stopped it: ours does not, and what ours said does not make the other do so.
//! * After the last fault and the times of both, each group runs on exactly one of them.
//! * What one input draws is bounded, and no deadline is left behind.

mod brief;
mod heartbeat;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use twinbeat::action::{Action, Carrier, Command, Input, Kept, Outcome, Selection};
use twinbeat::auth::Keyring;
use twinbeat::config::{AutoFailback, Config, Dialect};
use twinbeat::id::{GroupId, LinkId};
use twinbeat::time::Instant;
use twinbeat::{Boot, Node};

use crate::cluster::random::Random;
use crate::cluster::settings::{GroupSettings, Settings};
use brief::brief;
use heartbeat::Heartbeat;

const SECOND: u64 = 1_000_000;
/// How often the model looks at its clock.
const TICK: u64 = 50_000;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    ToNode(Vec<u8>),
    ToModel(Vec<u8>),
    /// A group, the outcome, and the life that hears of it.
    Ends(usize, bool, u32),
}

struct World {
    seed: u64,
    random: Random,
    config: Config,
    node: Option<Box<Node>>,
    life: u32,
    model: Heartbeat,
    /// What really is on the node's machine.
    truth: [bool; 2],
    now: u64,
    due: BinaryHeap<Reverse<(u64, u64, Due)>>,
    order: u64,
    loss: u64,
    cut: [bool; 2],
    heard_at: Option<u64>,
    /// Generation and number of the newest status that was heard.
    told: (Option<u32>, Option<u32>),
    joined_since: Option<u64>,
    tail: Vec<String>,
    moves: u64,
}

/// Plays one seed; how often something moved.
pub(crate) fn simulate(seed: u64) -> u64 {
    let mut random = Random::new(seed ^ 0x6d6f_6465);
    let (keepalive, deadtime) = random.pick(&[(SECOND, 5 * SECOND), (2 * SECOND, 10 * SECOND)]);
    let mut settings = Settings::new(2, keepalive, deadtime);
    settings.dialect = Dialect::LinuxHa;
    settings.initdead = 12 * SECOND;
    settings.failback = random.pick(&[AutoFailback::On, AutoFailback::Off, AutoFailback::Legacy]);
    for home in 0..2 {
        settings.groups.push(GroupSettings {
            home,
            resources: vec![format!("service{home}")],
            ..GroupSettings::default()
        });
    }
    let config = settings.config(0);
    let keys = Keyring::new(&config.keys, "simulated");
    let times = (keepalive, deadtime, settings.initdead);
    let mut world = World {
        seed,
        random,
        config,
        node: None,
        life: 0,
        model: Heartbeat::new(keys, times, settings.failback),
        truth: [false; 2],
        now: 100 * SECOND,
        due: BinaryHeap::new(),
        order: 0,
        loss: 0,
        cut: [false; 2],
        heard_at: None,
        told: (None, None),
        joined_since: None,
        tail: Vec::new(),
        moves: 0,
    };
    world.run();
    world.moves
}

impl World {
    fn run(&mut self) {
        for _ in 0..self.random.between(10, 30) {
            self.fault();
            let pause = self.random.pick(&[SECOND / 2, 5 * SECOND, 40 * SECOND]);
            let pause = self.random.below(pause);
            self.pass(pause);
        }
        (self.loss, self.cut) = (0, [false; 2]);
        self.pass(5 * SECOND);
        self.note("all is mended");
        self.boot();
        let now = self.now;
        self.model.start(now);
        // Each may have to bury the other, restart, and be greeted; a transfer takes a minute at most.
        self.pass(2 * 12 * SECOND + 180 * SECOND);
        for group in 0..2 {
            let there = self.model.truth & bit(group) != 0;
            if there == self.truth[group] {
                let where_ = if there { "both" } else { "none" };
                self.fail(&format!("group {group} is on {where_} of the two"));
            }
        }
    }

    fn fault(&mut self) {
        let now = self.now;
        let which = self
            .random
            .pick(&[Selection::All, Selection::Local, Selection::Foreign]);
        let what = self.random.pick(&[1, 2, 3]);
        let drawn = self.random.below(15);
        self.note(&format!("fault {drawn} {which:?} {what}"));
        match drawn {
            0 | 1 => self.boot(),
            2 | 3 => self.model.start(now),
            4 => self.kill(),
            5 => self.model.die(),
            6 => self.model.stop(now),
            7 => self.tell(Input::Command(Command::Shutdown)),
            // The shell refuses it.
            8 if self.config.auto_failback == AutoFailback::Legacy => {}
            8 => self.tell(Input::Command(Command::Standby(which))),
            9 => self.tell(Input::Command(Command::Takeover(which))),
            10 => self.model.give(now, what),
            11 => self.model.take(now, what),
            12 => {
                self.cut = self
                    .random
                    .pick(&[[true, true], [true, false], [false, true]])
            }
            13 => self.loss = self.random.pick(&[0, 100_000, 300_000]),
            _ => self.cut = [false; 2],
        }
    }

    fn boot(&mut self) {
        if self.node.is_some() {
            return;
        }
        self.life += 1;
        (self.heard_at, self.joined_since) = (None, None);
        let boot = Boot {
            incarnation: self.random.word(),
            counter: 1,
            kept: Kept::default(),
            heartbeat: twinbeat::Heartbeat {
                generation: self.life,
                uuid: None,
                clock: 1_000_000 + u32::try_from(self.now / SECOND).unwrap(),
            },
        };
        let now = Instant::from_micros(self.now);
        self.node = Some(Box::new(Node::new(&self.config, boot, now)));
        let (link, carrier) = (LinkId::ZERO, Carrier::Up);
        self.tell(Input::Timeout);
        self.tell(Input::Link { link, carrier });
    }

    /// Its power fails.
    fn kill(&mut self) {
        (self.node, self.truth) = (None, [false; 2]);
    }

    fn pass(&mut self, time: u64) {
        let end = self.now + time;
        while self.now < end {
            let deadline = self
                .node
                .as_ref()
                .map_or(u64::MAX, |node| node.deadline().micros());
            let next = self.due.peek().map_or(u64::MAX, |Reverse((at, ..))| *at);
            let tick = self.now / TICK * TICK + TICK;
            self.now = deadline.min(next).min(tick).max(self.now).min(end);
            while self
                .due
                .peek()
                .is_some_and(|Reverse((at, ..))| *at <= self.now)
            {
                let Some(Reverse((.., due))) = self.due.pop() else {
                    break;
                };
                self.happen(due);
            }
            if deadline <= self.now && self.node.is_some() {
                self.tell(Input::Timeout);
                let node = self.node.as_ref();
                if node.is_some_and(|node| node.deadline().micros() <= self.now) {
                    self.fail("a deadline was left behind");
                }
            }
            let before = self.model.truth;
            self.model.tick(self.now, &mut self.random);
            self.after_model(before);
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::ToNode(bytes) => {
                let link = LinkId::ZERO;
                let text = String::from_utf8_lossy(&bytes);
                let number = |name| {
                    let mut fields = text.split(',').filter_map(|field| field.split_once(')'));
                    let value = fields.find_map(|(_, field)| field.strip_prefix(name));
                    value.and_then(|digits| u32::from_str_radix(digits, 16).ok())
                };
                let told = (number("hg="), number("seq="));
                // One that is said again, later, is no sign of life.
                let status = text.contains("t=status") && told > self.told;
                let Some(node) = &mut self.node else { return };
                let input = Input::Frame {
                    link,
                    bytes: &bytes,
                };
                let heard = node.handle(Instant::from_micros(self.now), input).is_ok();
                if heard && status && self.model.runs {
                    (self.heard_at, self.told) = (Some(self.now), told);
                }
                self.drain();
            }
            Due::ToModel(bytes) => {
                let before = self.model.truth;
                self.model.hear(self.now, &bytes);
                self.after_model(before);
            }
            Due::Ends(group, runs, life) => {
                self.truth[group] = runs;
                let group = GroupId::new(group).unwrap();
                let outcome = if runs {
                    Outcome::Running
                } else {
                    Outcome::Stopped
                };
                if life == self.life && self.node.is_some() {
                    self.tell(Input::Done { group, outcome });
                }
            }
        }
        self.join();
    }

    fn join(&mut self) {
        let limit = self.model.deadtime;
        let fresh = |at: Option<u64>| at.is_some_and(|at| self.now - at < limit);
        let both = self.node.is_some() && self.model.runs;
        let joined = both && fresh(self.heard_at) && fresh(self.model.heard_at);
        self.joined_since = joined.then(|| self.joined_since.unwrap_or(self.now));
    }

    fn have_agreed(&mut self) -> bool {
        self.join();
        self.joined_since
            .is_some_and(|since| self.now - since >= 10 * SECOND)
    }

    fn after_model(&mut self, before: u8) {
        for group in 0..2 {
            let begun = self.model.truth & !before & bit(group) != 0;
            if begun {
                self.moves += 1;
                self.note(&format!("b starts {group}"));
                if self.truth[group] && self.have_agreed() {
                    self.fail("the other was led to start what runs here");
                }
            }
        }
        while let Some(bytes) = self.model.sent.pop_front() {
            self.note(&format!("b: {}", brief(&bytes)));
            if !self.cut[1] {
                self.send(bytes, Due::ToNode);
            }
        }
    }

    fn send(&mut self, bytes: Vec<u8>, due: fn(Vec<u8>) -> Due) {
        for chance in [1_000_000 - self.loss, 20_000] {
            if self.random.chance(chance) {
                let at = self.now + self.random.between(200, 3_000);
                self.plan(at, due(bytes.clone()));
            }
        }
    }

    fn plan(&mut self, at: u64, due: Due) {
        self.order += 1;
        self.due.push(Reverse((at, self.order, due)));
    }

    fn tell(&mut self, input: Input<'_>) {
        if let Some(node) = &mut self.node {
            let _ = node.handle(Instant::from_micros(self.now), input);
            self.drain();
        }
    }

    fn drain(&mut self) {
        let Some(mut node) = self.node.take() else {
            return;
        };
        let now = Instant::from_micros(self.now);
        let (mut buf, mut sent, mut gone) = ([0; twinbeat::MAX_FRAME], 0, false);
        while let Some(transmit) = node.poll_transmit(now, &mut buf) {
            sent += 1;
            self.note(&format!("a: {}", brief(&buf[..transmit.len])));
            if !self.cut[0] {
                self.send(buf[..transmit.len].to_vec(), Due::ToModel);
            }
        }
        if sent > 300 {
            self.fail("one input drew too much");
        }
        while let Some(action) = node.poll_action() {
            self.note(&format!("a is to {action:?}"));
            let time = self.random.below(SECOND);
            let at = self.now + time;
            match action {
                Action::Check(group) => {
                    let runs = self.truth[group.index()];
                    self.plan(at, Due::Ends(group.index(), runs, self.life));
                }
                Action::Start { group, .. } => {
                    self.moves += 1;
                    let there = self.model.truth & bit(group.index()) != 0;
                    self.node = Some(node.clone());
                    if there && self.have_agreed() {
                        self.fail("what runs at the other is started here");
                    }
                    self.truth[group.index()] = true;
                    self.plan(at, Due::Ends(group.index(), true, self.life));
                }
                Action::Stop(group) => self.plan(at, Due::Ends(group.index(), false, self.life)),
                Action::Exit => gone = true,
                Action::Restart(_)
                | Action::Announce(_)
                | Action::Remember(_)
                | Action::Fence(_) => {}
            }
        }
        while let Some(event) = node.poll_event() {
            self.note(&format!("a {event:?}"));
        }
        self.node = (!gone).then_some(node);
    }

    fn note(&mut self, what: &str) {
        if self.tail.len() > 400 {
            self.tail.drain(..200);
        }
        if !what.contains("status") && !what.contains("NS_ack") {
            let clock = self.now / 1000;
            self.tail.push(format!("{clock} {what}"));
        }
    }

    fn fail(&self, what: &str) -> ! {
        let from = self.tail.len().saturating_sub(100);
        let (clock, seed) = (self.now / 1000, self.seed);
        let tail = self.tail[from..].join("\n");
        panic!(
            "{tail}\n{clock} {what}\nseed {seed}: TWINBEAT_MODEL_SEED={seed} cargo test --test simulation"
        );
    }
}

/// The bit of a group at the model: what is at home at the node is foreign there.
fn bit(group: usize) -> u8 {
    2 >> group
}

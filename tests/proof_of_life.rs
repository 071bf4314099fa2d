//! Proof of life against an adversary that owns the network: it hears every frame and alone
//! decides which of them, of whatever age and life, a node receives, and when. It holds no key.
//! Two nodes start and crash at random.

use std::collections::HashMap;

use twinbeat::action::{Carrier, Input, Kept};
use twinbeat::config::{self, Config, Sources};
use twinbeat::id::{LinkId, NodeId};
use twinbeat::time::{Duration, Instant};
use twinbeat::wire::native::{self, Shape};
use twinbeat::wire::{Body, Kind};
use twinbeat::{Boot, Heartbeat, MAX_FRAME, Node};

const SHAPE: Shape = Shape {
    nodes: 2,
    groups: 1,
};
const BEAT: u64 = 1000; // ms
const DEADTIME: u64 = 8 * BEAT;

/// A frame as the adversary recorded it.
#[derive(Clone)]
struct Recorded {
    from: usize,
    made: u64,
    bytes: Vec<u8>,
}

struct Machine {
    config: Config,
    node: Option<Node>,
    life: u32,
    /// The latest life of the peer that proved itself to this life.
    proven: u32,
}

struct World {
    seed: u64,
    now: u64,
    machines: [Machine; 2],
    recorded: Vec<Recorded>,
    /// Which life has which incarnation.
    lives: HashMap<u64, u32>,
    accepted: u64,
    commits: u64,
    oldest: u64,
}

fn config(name: &str) -> Config {
    let ha_cf = "node a b\nkeepalive 1\ndeadtime 8\ninitdead 8\nbcast eth0\n";
    let authkeys = "auth 1\n1 sha1 a-secret-of-some-length\n";
    let sources = Sources::new(name, ha_cf, "a 10.0.0.1\n", authkeys);
    config::read(&sources, &mut |_| {}).expect("a good configuration")
}

impl World {
    fn new(seed: u64) -> Self {
        let machine = |name| Machine {
            config: config(name),
            node: None,
            life: 0,
            proven: 0,
        };
        let mut world = Self {
            seed: seed.wrapping_mul(2).wrapping_add(1),
            now: 0,
            machines: [machine("a"), machine("b")],
            recorded: Vec::new(),
            lives: HashMap::new(),
            accepted: 0,
            commits: 0,
            oldest: 0,
        };
        world.boot(0);
        world.boot(1);
        world
    }

    /// splitmix64.
    fn random(&mut self, below: u64) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    fn instant(&self) -> Instant {
        Instant::from_micros(self.now * 1000)
    }

    fn boot(&mut self, who: usize) {
        let (incarnation, counter) = (self.random(u64::MAX), self.random(1 << 31) as u32);
        let now = self.instant();
        let machine = &mut self.machines[who];
        machine.life += 1;
        machine.proven = 0;
        let kept = Kept::default();
        let mut node = Node::new(
            &machine.config,
            Boot {
                incarnation,
                counter,
                kept,
                heartbeat: Heartbeat::default(),
            },
            now,
        );
        let (link, carrier) = (LinkId::ZERO, Carrier::Up);
        node.handle(now, Input::Link { link, carrier }).unwrap();
        self.lives.insert(incarnation, machine.life);
        machine.node = Some(node);
        self.collect(who);
    }

    /// Lets the timers of a node run.
    fn tick(&mut self, who: usize) {
        let now = self.instant();
        if let Some(node) = &mut self.machines[who].node {
            node.handle(now, Input::Timeout).unwrap();
        }
        self.collect(who);
    }

    /// Records what a node says; returns how many frames.
    fn collect(&mut self, who: usize) -> usize {
        let now = self.instant();
        let machine = &mut self.machines[who];
        let Some(node) = &mut machine.node else {
            return 0;
        };
        let before = self.recorded.len();
        let mut buf = [0; MAX_FRAME];
        while let Some(transmit) = node.poll_transmit(now, &mut buf) {
            self.recorded.push(Recorded {
                from: who,
                made: self.now,
                bytes: buf[..transmit.len].to_vec(),
            });
        }
        while node.poll_action().is_some() || node.poll_event().is_some() {}
        self.recorded.len() - before
    }

    /// Delivers a frame and checks what it proved.
    fn deliver(&mut self, to: usize, frame: &Recorded) {
        let now = self.instant();
        let machine = &mut self.machines[to];
        let Some(node) = &mut machine.node else {
            return;
        };
        let peer = NodeId::new(1 - to).unwrap();
        let link = LinkId::ZERO;
        let result = node.handle(
            now,
            Input::Frame {
                link,
                bytes: &frame.bytes,
            },
        );
        let view = node.peer(now, peer);
        if let Some(incarnation) = view.incarnation {
            let life = self.lives[&incarnation];
            assert!(
                life >= machine.proven,
                "an earlier life is believed again: {life}"
            );
            self.commits += u64::from(life > machine.proven);
            machine.proven = life;
        }
        if result.is_ok() && proves_life(to, frame) {
            let age = self.now - frame.made;
            self.accepted += 1;
            self.oldest = self.oldest.max(age);
            assert_eq!(frame.from, 1 - to, "a node believed its own frame");
            assert!(age <= DEADTIME, "a frame {age} ms old was a sign of life");
        }
        self.collect(to);
    }

    /// One random step of the adversary's game.
    fn step(&mut self) {
        self.now += BEAT / 4;
        for who in 0..2 {
            if self.random(150) == 0 {
                match self.machines[who].node.take() {
                    Some(_) => {}
                    None => self.boot(who),
                }
            }
            self.tick(who);
        }
        let honest = self.random(2) == 0;
        for _ in 0..4 {
            let known = self.recorded.len() as u64;
            let window = if honest { known.min(4) } else { known };
            let pick = (known - 1 - self.random(window)) as usize;
            let frame = self.recorded[pick].clone();
            let to = self.random(2) as usize;
            self.deliver(to, &frame);
        }
    }

    /// From now on the network is honest, but floods both with nine old frames for each new one.
    /// How many beats until both have proved themselves again?
    fn recover(&mut self) -> Option<u64> {
        for who in 0..2 {
            if self.machines[who].node.is_none() {
                self.boot(who);
            }
        }
        self.boot(0);
        let old = self.recorded.clone();
        for beat in 0..60 {
            for _ in 0..4 {
                self.now += BEAT / 4;
                let mut fresh = self.recorded.len();
                self.tick(0);
                self.tick(1);
                while fresh < self.recorded.len() {
                    for _ in 0..9 {
                        let pick = self.random(old.len() as u64) as usize;
                        self.deliver(self.random_machine(pick), &old[pick]);
                    }
                    let frame = self.recorded[fresh].clone();
                    self.deliver(1 - frame.from, &frame);
                    fresh += 1;
                }
                if (0..2).all(|who| self.hears(who)) {
                    return Some(beat);
                }
            }
        }
        None
    }

    fn random_machine(&self, pick: usize) -> usize {
        pick % 2
    }

    /// Whether `who` believes the present life of the other, which hears it.
    fn hears(&self, who: usize) -> bool {
        let other = self.machines[1 - who].node.as_ref().map(Node::incarnation);
        let view = self.machines[who]
            .node
            .as_ref()
            .unwrap()
            .peer(self.instant(), NodeId::new(1 - who).unwrap());
        view.incarnation == other && view.hears_us
    }
}

/// Neither a question nor a word that the receiver is not heard.
fn proves_life(to: usize, frame: &Recorded) -> bool {
    let envelope = native::open(&frame.bytes, SHAPE).unwrap();
    match native::decode(&envelope, SHAPE).unwrap() {
        Body::Ask(_) => false,
        // A Hello names the frame it answers besides.
        Body::Hello(..) => true,
        Body::Beat(beat) | Body::Leave(beat) | Body::Control(beat, _) => {
            debug_assert_ne!(envelope.header.kind, Kind::Ask);
            !beat.peers.at(NodeId::new(to).unwrap()).links.is_empty()
        }
    }
}

#[test]
fn no_order_of_recorded_frames_makes_an_old_one_a_sign_of_life() {
    let (mut accepted, mut commits, mut oldest) = (0, 0, 0);
    for seed in 0..300 {
        let mut world = World::new(seed);
        for _ in 0..400 {
            world.step();
        }
        accepted += world.accepted;
        commits += world.commits;
        oldest = oldest.max(world.oldest);
    }
    println!("{accepted} accepted, {commits} lives proved, oldest sign of life {oldest} ms");
    assert!(commits > 300 && accepted > 3000, "the game must be played");
}

#[test]
fn a_restart_is_recognised_through_a_flood_of_replays() {
    let mut slowest = 0;
    for seed in 0..200 {
        let mut world = World::new(seed);
        for _ in 0..200 {
            world.step();
        }
        let beats = world
            .recover()
            .unwrap_or_else(|| panic!("seed {seed}: starved"));
        slowest = slowest.max(beats);
    }
    println!("slowest recovery: {slowest} beats");
    assert!(slowest <= Duration::from_millis(DEADTIME).millis() / BEAT);
}

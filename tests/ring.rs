//! What a node passes on from one serial line to another, and what not.

use twinbeat::action::{Carrier, Input, Kept, Reject};
use twinbeat::config::{self, Config, Medium, Sources, Text};
use twinbeat::id::{LinkId, LinkSet};
use twinbeat::time::Instant;
use twinbeat::wire::{Kind, native};
use twinbeat::{Boot, Heartbeat, MAX_FRAME, Node};

/// Links of each node: Ethernet, then two lines.
const ETHERNET: usize = 0;
const ONE: usize = 1;
const OTHER: usize = 2;

fn link(place: usize) -> LinkId {
    LinkId::new(place).unwrap()
}

fn config(nodes: &str, name: &str) -> Config {
    let ha_cf = format!("node {nodes}\nkeepalive 1\ndeadtime 8\nbcast eth0 eth1 eth2\n");
    let authkeys = "auth 1\n1 sha1 a-secret-of-some-length\n";
    let sources = Sources::new(name, &ha_cf, "a 10.0.0.1\n", authkeys);
    let mut config = config::read(&sources, &mut |_| {}).expect("a good configuration");
    for line in &mut config.links[ONE..] {
        line.medium = Medium::Serial {
            device: Text::default(),
            baud: 19_200,
            rtscts: false,
        };
    }
    config
}

/// Node b, and its neighbour a, which is at the other end of line [`ONE`].
struct World {
    now: u64,
    nodes: [Node; 2],
}

const A: usize = 0;
const B: usize = 1;

impl World {
    /// They have proved themselves to each other.
    fn new(nodes: &str) -> Self {
        let node = |name: &str, incarnation| {
            let boot = Boot {
                incarnation,
                counter: 1,
                kept: Kept::default(),
                heartbeat: Heartbeat::default(),
            };
            let mut node = Node::new(&config(nodes, name), boot, Instant::default());
            for link in LinkId::first(3) {
                let carrier = Carrier::Up;
                let input = Input::Link { link, carrier };
                assert_eq!(node.handle(Instant::default(), input), Ok(LinkSet::EMPTY));
            }
            node
        };
        let nodes = [node("a", 0x1111_2222), node("b", 0x3333_4444)];
        let mut world = Self { now: 0, nodes };
        for _ in 0..8 {
            for from in [A, B] {
                for frame in world.say(from) {
                    let _ = world.hear(1 - from, ONE, &frame);
                }
            }
            world.now += 250_000;
        }
        world
    }

    /// What a node has to say now.
    fn say(&mut self, from: usize) -> Vec<Vec<u8>> {
        let now = Instant::from_micros(self.now);
        let node = &mut self.nodes[from];
        assert_eq!(node.handle(now, Input::Timeout), Ok(LinkSet::EMPTY));
        let (mut frames, mut buf) = (Vec::new(), [0; MAX_FRAME]);
        while let Some(transmit) = node.poll_transmit(now, &mut buf) {
            frames.push(buf[..transmit.len].to_vec());
        }
        frames
    }

    /// The next beat of a.
    fn beat(&mut self) -> Vec<u8> {
        self.now += 1_000_000;
        for frame in self.say(B) {
            let _ = self.hear(A, ONE, &frame);
        }
        let said = self.say(A).pop();
        said.expect("it is due")
    }

    fn hear(&mut self, to: usize, place: usize, bytes: &[u8]) -> Result<LinkSet, Reject> {
        let now = Instant::from_micros(self.now);
        let link = link(place);
        self.nodes[to].handle(now, Input::Frame { link, bytes })
    }
}

#[test]
fn the_first_copy_that_comes_over_a_line_leaves_by_the_other_and_by_nothing_else() {
    let mut world = World::new("a b c");
    let other = LinkSet::EMPTY.with(link(OTHER));
    let beat = world.beat();
    assert_eq!(world.hear(B, ONE, &beat), Ok(other));
    assert_eq!(world.hear(B, OTHER, &beat), Ok(LinkSet::EMPTY), "once");
    assert_eq!(world.hear(B, ONE, &beat), Err(Reject::Stale));
    // The other way round, and whatever Ethernet brought before.
    let beat = world.beat();
    assert_eq!(world.hear(B, ETHERNET, &beat), Ok(LinkSet::EMPTY));
    let one = LinkSet::EMPTY.with(link(ONE));
    assert_eq!(world.hear(B, OTHER, &beat), Ok(one));
    assert_eq!(world.hear(B, ONE, &beat), Ok(LinkSet::EMPTY), "once");
}

#[test]
fn what_is_refused_is_not_passed_on_nor_is_a_question() {
    let mut world = World::new("a b c");
    let old = world.beat();
    for _ in 0..10 {
        let mut beat = world.beat();
        beat[20] ^= 1;
        assert_eq!(world.hear(B, ONE, &beat), Err(Reject::BadTag));
        beat[20] ^= 1;
        assert!(world.hear(B, ONE, &beat).is_ok());
        let replayed = world.hear(B, OTHER, &old).unwrap_or_default();
        assert_eq!(replayed, LinkSet::EMPTY);
        let own = world.say(B).pop();
        if let Some(own) = own {
            assert_eq!(world.hear(B, OTHER, &own), Err(Reject::Own));
        }
    }
    // b says nothing for a while, and is asked.
    let question = (0..8).find_map(|_| {
        world.now += 250_000;
        let asks = |frame: &Vec<u8>| native::kind(frame) == Some(Kind::Ask);
        world.say(A).into_iter().find(asks)
    });
    let question = question.expect("overdue");
    assert_eq!(world.hear(B, ONE, &question), Ok(LinkSet::EMPTY));
}

#[test]
fn two_nodes_have_nobody_to_pass_anything_on_to() {
    let mut world = World::new("a b");
    let beat = world.beat();
    assert_eq!(world.hear(B, ONE, &beat), Ok(LinkSet::EMPTY));
}

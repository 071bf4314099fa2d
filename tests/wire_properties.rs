//! Whatever comes from a wire: no panic, bounded work, and nothing believed without a tag.

use proptest::prelude::*;
use twinbeat::action::{Carrier, Input, Kept, Reject};
use twinbeat::config::{self, Config, Sources};
use twinbeat::id::LinkId;
use twinbeat::time::Instant;
use twinbeat::wire::native::{self, Shape};
use twinbeat::wire::{Header, TAG};
use twinbeat::{Boot, Heartbeat, MAX_FRAME, Node};

fn config(name: &str) -> Config {
    let ha_cf = "node a b c\nkeepalive 1\ndeadtime 3\nbcast eth0\n";
    let groups = "a 10.0.0.1\nb 10.0.0.2 web\n";
    let sources = Sources::new(name, ha_cf, groups, "auth 1\n1 sha256 secret\n");
    config::read(&sources, &mut |_| {}).expect("a good configuration")
}

fn node(name: &str, incarnation: u64) -> Node {
    let now = Instant::from_micros(0);
    let boot = Boot {
        incarnation,
        counter: 1000,
        kept: Kept::default(),
        heartbeat: Heartbeat::default(),
    };
    let mut node = Node::new(&config(name), boot, now);
    let (link, carrier) = (LinkId::ZERO, Carrier::Up);
    node.handle(now, Input::Link { link, carrier }).unwrap();
    node
}

fn frames(node: &mut Node) -> Vec<Vec<u8>> {
    let mut buf = [0; MAX_FRAME];
    let mut frames = Vec::new();
    while let Some(sent) = node.poll_transmit(Instant::from_micros(0), &mut buf) {
        frames.push(buf[..sent.len].to_vec());
    }
    frames
}

/// A node that has proved itself to another, and the frames that passed between them.
fn pair() -> (Node, Vec<Vec<u8>>) {
    let (mut a, mut b) = (
        node("a", 0x1111_2222_3333_4444),
        node("b", 0x5555_6666_7777_8888),
    );
    let now = Instant::from_micros(0);
    let link = LinkId::ZERO;
    let mut said = Vec::new();
    for _ in 0..6 {
        for bytes in frames(&mut a) {
            let _ = b.handle(
                now,
                Input::Frame {
                    link,
                    bytes: &bytes,
                },
            );
        }
        for bytes in frames(&mut b) {
            let _ = a.handle(
                now,
                Input::Frame {
                    link,
                    bytes: &bytes,
                },
            );
            said.push(bytes);
        }
    }
    assert!(
        a.peer(now, b.me()).hears_us,
        "the pair must know each other"
    );
    (a, said)
}

fn shape() -> impl Strategy<Value = Shape> {
    (1usize..=8, 0usize..=16).prop_map(|(nodes, groups)| Shape { nodes, groups })
}

proptest! {
    // A seed that fails is printed; it becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_taken_apart_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), shape in shape()) {
        if let Ok(envelope) = native::open(&bytes, shape) {
            let _ = native::high_half(envelope.body);
            let _ = native::decode(&envelope, shape);
        }
    }

    #[test]
    fn what_is_decoded_is_encoded_to_the_same_meaning(
        kind in 0u8..5, source in 0u8..8, body in prop::collection::vec(any::<u8>(), 0..120), shape in shape(),
    ) {
        let frame = [&[0x15, kind << 4 | source, 1, 2, 3, 4, 5, 6, 7, 8][..], &body[..], &[0; TAG]].concat();
        let Ok(envelope) = native::open(&frame, shape) else { return Ok(()) };
        let header: Header = envelope.header;
        let Ok(body) = native::decode(&envelope, shape) else { return Ok(()) };
        let mut buf = [0; MAX_FRAME];
        let len = native::encode(&header, &body, shape, &mut buf).expect("it fits");
        let again = [&buf[..len], &[0; TAG]].concat();
        let envelope = native::open(&again, shape).unwrap();
        prop_assert_eq!(native::decode(&envelope, shape), Ok(body));
        prop_assert_eq!(len + TAG, frame.len());
    }

    #[test]
    fn a_changed_frame_is_refused_and_changes_nothing(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), flip in 1u8..=255) {
        let (mut node, said) = pair();
        let now = Instant::from_micros(0);
        let mut bytes = which.get(&said).clone();
        let place = at.index(bytes.len());
        bytes[place] ^= flip;
        let before: Vec<_> = (0..2).map(|g| node.group(now, twinbeat::id::GroupId::new(g).unwrap())).collect();
        let link = LinkId::ZERO;
        let result = node.handle(now, Input::Frame { link, bytes: &bytes });
        prop_assert!(result.is_err(), "accepted with byte {place} changed");
        prop_assert!(node.rejected(result.unwrap_err()) > 0);
        let after: Vec<_> = (0..2).map(|g| node.group(now, twinbeat::id::GroupId::new(g).unwrap())).collect();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn noise_is_counted_and_forgotten(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (mut node, _) = pair();
        let now = Instant::from_micros(0);
        let link = LinkId::ZERO;
        let total = |node: &Node| Reject::ALL.iter().map(|why| node.rejected(*why)).sum::<u32>();
        let before = total(&node);
        let result = node.handle(now, Input::Frame { link, bytes: &bytes });
        prop_assert!(result.is_err());
        prop_assert_eq!(total(&node), before + 1);
    }
}

//! Golden bytes of the native dialect, both ways: two releases must talk to each other during an
//! upgrade, on boards of either byte order. A change here is a new version of the dialect.

use twinbeat::MAX_FRAME;
use twinbeat::action::{GroupState, Reject};
use twinbeat::auth::Keyring;
use twinbeat::config::{Key, Keys, Method, line};
use twinbeat::id::{GroupId, GroupSet, LinkSet, MAX_GROUPS, MAX_NODES, NodeId, PerGroup, PerNode};
use twinbeat::serial;
use twinbeat::wire::native::{self, Shape};
use twinbeat::wire::{
    Address, Beat, Body, Control, ControlWord, Flags, Header, Hearing, Hello, Kind, Reference, TAG,
    Word,
};

const SHAPE: Shape = Shape {
    nodes: 2,
    groups: 4,
};

fn node(n: usize) -> NodeId {
    NodeId::new(n).unwrap()
}

fn group(n: usize) -> GroupId {
    GroupId::new(n).unwrap()
}

/// Every field differs from every other, so that none can be swapped unseen.
fn beat() -> Beat {
    let words = [
        (GroupState::Held, true, Some(node(1)), 0xfe),
        (GroupState::Idle, false, None, 0x01),
        (GroupState::StopFailed, false, Some(node(0)), 0x80),
        (GroupState::Claiming, true, Some(node(1)), 0x7f),
    ];
    let mut groups = PerGroup::new(|| Word::IDLE);
    for (n, (state, home, owner, epoch)) in words.into_iter().enumerate() {
        *groups.at_mut(group(n)) = Word {
            state,
            home,
            owner,
            epoch,
        };
    }
    let mut peers = PerNode::new(Hearing::default);
    *peers.at_mut(node(0)) = Hearing {
        links: LinkSet(0b1000_0011),
        echo: 0xff_fe_fd,
    };
    Beat {
        flags: Flags {
            want: true,
            leaving: false,
            unable: true,
            maintenance: 0,
        },
        digests: [0xa1, 0xb2, 0xc3],
        ping: 0x05,
        newest: 0x09,
        groups,
        peers,
    }
}

fn hello() -> Hello {
    Hello {
        high: 0x1122_3344,
        re: Some(Reference {
            node: node(0),
            incarnation: 0x8877_6655_4433_2211,
            counter: 0xdead_beef,
        }),
        deadtime: 0x01_02_03,
        lease: 7,
        watchdog: 60,
    }
}

fn address() -> Address {
    Address {
        node: node(0),
        low: 0x0a0b_0c0d,
    }
}

fn control(word: ControlWord) -> Body {
    let control = Control {
        sequence: 9,
        to: address(),
        word,
    };
    Body::Control(beat(), control)
}

const BEAT: &str = "05 a1b2c3 05 09 1cfe f001 0780 1a7f 83 fdfeff";

/// Kind, body, and the bytes of header and body.
fn frames() -> Vec<(Kind, Body, String)> {
    let head = |second: &str| format!("15 {second} 78563412 ffffff7f");
    vec![
        (
            Kind::Beat,
            Body::Beat(beat()),
            format!("{} {BEAT}", head("01")),
        ),
        (
            Kind::Hello,
            Body::Hello(beat(), hello()),
            format!(
                "{} {BEAT} 44332211 00 1122334455667788 efbeadde 030201 07 3c",
                head("11")
            ),
        ),
        (
            Kind::Ask,
            Body::Ask(address()),
            format!("{} 00 0d0c0b0a", head("21")),
        ),
        (
            Kind::Control,
            control(ControlWord::IpRequest {
                group: group(3),
                epoch: 0x7f,
                operator: true,
            }),
            format!("{} {BEAT} 09 00 0d0c0b0a 00 03 7f 01", head("31")),
        ),
        (
            Kind::Control,
            control(ControlWord::IpRequestResp {
                group: group(2),
                granted: true,
            }),
            format!("{} {BEAT} 09 00 0d0c0b0a 01 02 01 00", head("31")),
        ),
        (
            Kind::Control,
            control(ControlWord::RexmitRequest { first: 0x42 }),
            format!("{} {BEAT} 09 00 0d0c0b0a 02 42 0000", head("31")),
        ),
        (
            Kind::Control,
            control(ControlWord::Gone { last: 0x43 }),
            format!("{} {BEAT} 09 00 0d0c0b0a 03 43 0000", head("31")),
        ),
        (
            Kind::Control,
            control(ControlWord::Move { group: group(3) }),
            format!("{} {BEAT} 09 00 0d0c0b0a 04 03 0000", head("31")),
        ),
        (
            Kind::Control,
            control(ControlWord::Unmove {
                groups: GroupSet(0x0a05),
            }),
            format!("{} {BEAT} 09 00 0d0c0b0a 05 050a 00", head("31")),
        ),
        (
            Kind::Beat,
            Body::Beat(Beat {
                flags: Flags {
                    maintenance: 0x9,
                    ..beat().flags
                },
                ..beat()
            }),
            format!("{} 95 {}", head("01"), &BEAT[3..]),
        ),
        (
            Kind::Leave,
            Body::Leave(beat()),
            format!("{} {BEAT}", head("41")),
        ),
    ]
}

fn header(kind: Kind) -> Header {
    Header {
        key: 5,
        kind,
        source: node(1),
        low: 0x1234_5678,
        counter: 0x7fff_ffff,
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    digits
        .chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

fn encoded(kind: Kind, body: &Body, shape: Shape) -> Vec<u8> {
    let mut buf = [0; MAX_FRAME];
    let len = native::encode(&header(kind), body, shape, &mut buf).unwrap();
    buf[..len].to_vec()
}

#[test]
fn a_beat_has_the_bytes_that_serial_lines_are_planned_for() {
    for nodes in 1..=MAX_NODES {
        for groups in 0..=MAX_GROUPS {
            let shape = Shape { nodes, groups };
            let header = Header {
                key: 1,
                kind: Kind::Beat,
                source: node(nodes - 1),
                low: 0,
                counter: 0,
            };
            let mut buf = [0; MAX_FRAME];
            let len = native::encode(&header, &Body::Beat(beat()), shape, &mut buf).unwrap();
            assert_eq!(len + TAG, line::beat(nodes, groups), "{shape:?}");
        }
    }
    assert_eq!(line::beat(2, 4) + line::FRAMING, 44);
}

#[test]
fn how_many_groups_a_frame_speaks_of_is_told_by_its_length() {
    for (kind, body, _) in frames() {
        for (nodes, groups) in [(2, 0), (2, 4), (3, 5), (8, 16)] {
            let shape = Shape { nodes, groups };
            let mut frame = encoded(kind, &body, shape);
            frame.extend([0; TAG]);
            let envelope = native::open(&frame, shape).unwrap();
            let expected = (kind != Kind::Ask).then_some(groups);
            assert_eq!(
                native::groups(&envelope, nodes),
                expected,
                "{kind:?} {shape:?}"
            );
        }
    }
}

#[test]
fn every_frame_has_its_golden_bytes_both_ways() {
    for (kind, body, hex) in frames() {
        let golden = bytes(&hex);
        assert_eq!(
            encoded(kind, &body, SHAPE),
            golden,
            "{kind:?} is written otherwise"
        );
        let frame = [&golden[..], &[0; TAG]].concat();
        let envelope = native::open(&frame, SHAPE).unwrap();
        assert_eq!(envelope.header, header(kind));
        assert_eq!(
            native::decode(&envelope, SHAPE),
            Ok(body),
            "{hex} is read otherwise"
        );
    }
}

#[test]
fn a_frame_cut_short_or_made_longer_is_malformed() {
    for (_, _, hex) in frames() {
        let golden = bytes(&hex);
        for len in 0..golden.len() {
            let frame = [&golden[..len], &[0; TAG]].concat();
            let result =
                native::open(&frame, SHAPE).and_then(|envelope| native::decode(&envelope, SHAPE));
            assert_eq!(result, Err(Reject::Malformed), "{len} bytes of {hex}");
        }
        let frame = [&golden[..], &[0; TAG + 1]].concat();
        let envelope = native::open(&frame, SHAPE).unwrap();
        assert_eq!(native::decode(&envelope, SHAPE), Err(Reject::Malformed));
    }
}

#[test]
fn another_version_is_a_foreign_dialect_and_a_source_beyond_the_nodes_unknown() {
    let mut frame = [&bytes(&frames()[0].2)[..], &[0; TAG]].concat();
    frame[1] = 0x02;
    assert_eq!(
        native::open(&frame, SHAPE).unwrap_err(),
        Reject::UnknownNode
    );
    frame[0] = 0x25;
    assert_eq!(
        native::open(&frame, SHAPE).unwrap_err(),
        Reject::ForeignDialect
    );
    assert_eq!(
        native::open(b"###\n4:abcd,%%%\n0123456789", SHAPE).unwrap_err(),
        Reject::ForeignDialect
    );
}

#[test]
fn frames_are_as_small_as_promised() {
    let size = |kind, body: Body, shape| encoded(kind, &body, shape).len() + TAG;
    assert_eq!(size(Kind::Beat, Body::Beat(beat()), SHAPE), 40);
    assert_eq!(size(Kind::Hello, Body::Hello(beat(), hello()), SHAPE), 62);
    assert_eq!(size(Kind::Ask, Body::Ask(address()), SHAPE), 27);
    let largest = Shape {
        nodes: 8,
        groups: 16,
    };
    assert_eq!(size(Kind::Beat, Body::Beat(beat()), largest), 88);
}

#[test]
fn a_frame_on_a_serial_line_is_golden_too() {
    let tag = bytes("000102030405060708090a0b");
    let frame = [&bytes(&frames()[0].2)[..], &tag].concat();
    // Computed apart: CRC-16/X-25 is 0xed85; the zero in the tag becomes a code.
    let line = format!(
        "1d {} 0e {} 85ed 00",
        frames()[0].2,
        "0102030405060708090a0b"
    );
    let golden = bytes(&line);
    assert_eq!(golden.len(), 44);
    let mut out = [0; serial::MAX_ENCODED];
    let len = serial::encode(&frame, &mut out).unwrap();
    assert_eq!(out[..len], golden);
    let mut decoder = serial::Decoder::new();
    assert_eq!(decoder.feed(&mut &golden[..]), Some(&frame[..]));
}

#[test]
fn tags_are_golden_too() {
    let tag = |method, secret: &[u8]| {
        let key = Key {
            number: 1,
            method,
            secret: heapless::Vec::from_slice(secret).unwrap(),
        };
        let keys = Keys {
            keys: heapless::Vec::from_iter([key]),
            signing: 1,
        };
        Keyring::new(&keys, "linux-ha").sign(0x1122_3344, b"abc")
    };
    // Computed apart: context = sha1("twinbeat native 1\0linux-ha")[..16], then high half, bytes.
    assert_eq!(
        tag(Method::Sha1, b"secret").to_vec(),
        bytes("57a7a9e822f16e35882a2c04")
    );
    assert_eq!(
        tag(Method::Sha256, b"secret").to_vec(),
        bytes("fa06240bf76602e847a3742c")
    );
    assert_eq!(
        tag(Method::Crc, b"").to_vec(),
        bytes("845cf5fd0000000000000000")
    );
}

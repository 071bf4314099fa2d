//! Whatever comes over a serial line: whole frames or nothing, bounded work, no panic.

use proptest::collection::vec;
use proptest::prelude::*;
use twinbeat::id::NodeId;
use twinbeat::serial::{Class, Decoder, Line, MAX_ENCODED, MAX_FRAME, encode};
use twinbeat::time::{Duration, Instant};

fn encoded(frame: &[u8]) -> Vec<u8> {
    let mut out = [0; MAX_ENCODED];
    let len = encode(frame, &mut out).unwrap();
    out[..len].to_vec()
}

/// Feeds bytes in pieces of these sizes, over and over.
fn read(bytes: &[u8], pieces: &[usize]) -> (Vec<Vec<u8>>, u32) {
    let (mut decoder, mut frames, mut rest) = (Decoder::new(), Vec::new(), bytes);
    let mut sizes = pieces.iter().cycle();
    while !rest.is_empty() {
        let size = sizes.next().copied().unwrap_or(1).clamp(1, rest.len());
        let (mut piece, tail) = rest.split_at(size);
        rest = tail;
        while let Some(frame) = decoder.feed(&mut piece) {
            frames.push(frame.to_vec());
        }
        assert!(piece.is_empty());
    }
    (frames, decoder.noise())
}

fn frame() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 1..=MAX_FRAME),
        vec(prop_oneof![Just(0_u8), Just(1), Just(255)], 1..=MAX_FRAME),
        vec(1..=255_u8, 240..=MAX_FRAME),
    ]
}

fn class() -> impl Strategy<Value = Class> {
    prop_oneof![
        Just(Class::Beat),
        Just(Class::Control),
        Just(Class::Ask),
        Just(Class::Answer),
        (0..8_usize).prop_map(|n| Class::Forward(NodeId::new(n).unwrap())),
        (0..8_usize).prop_map(|n| Class::Introduction(NodeId::new(n).unwrap())),
    ]
}

/// What may happen to a line.
#[derive(Clone, Debug)]
enum Step {
    Offer(Class, usize),
    /// The port is asked to take so many bytes.
    Write(usize),
    Holds(usize),
    Cut,
    Pass(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (class(), 0..=MAX_FRAME + 1).prop_map(|(class, len)| Step::Offer(class, len)),
        4 => (0..400_usize).prop_map(Step::Write),
        1 => (0..100_usize).prop_map(Step::Holds),
        1 => Just(Step::Cut),
        4 => (0..200_000_u64).prop_map(Step::Pass),
    ]
}

proptest! {
    #[test]
    fn every_frame_survives_any_chunking_with_garbage_around_it(
        frames in vec(frame(), 1..6),
        before in vec(1..=255_u8, 0..600),
        after in vec(any::<u8>(), 0..600),
        pieces in vec(1..70_usize, 1..9),
    ) {
        let mut line = before.clone();
        line.push(0);
        for frame in &frames {
            line.extend(encoded(frame));
        }
        line.extend(after);
        let (found, noise) = read(&line, &pieces);
        prop_assert_eq!(&found[..frames.len()], &frames[..]);
        prop_assert!(before.is_empty() || noise >= 1);
        // In pieces or byte for byte, it is the same.
        prop_assert_eq!((found, noise), read(&line, &[1]));
    }

    /// A frame that comes out has a right CRC, so encoding it gives what came in.
    #[test]
    fn no_frame_comes_out_that_was_not_encoded(
        bytes in vec(prop_oneof![4 => 0..6_u8, 1 => any::<u8>()], 0..2000),
        pieces in vec(1..70_usize, 1..9),
    ) {
        let (found, _) = read(&bytes, &pieces);
        for frame in found {
            prop_assert!(!frame.is_empty() && frame.len() <= MAX_FRAME);
            let came = encoded(&frame);
            prop_assert!(bytes.windows(came.len()).any(|window| window == came));
        }
    }

    /// CRC-16 finds every burst of up to 16 bits and all but one in 65536 of the others.
    #[test]
    fn a_frame_with_a_burst_of_errors_is_lost(
        frame in frame(),
        place in any::<prop::sample::Index>(),
        flips in 1..=255_u8,
    ) {
        let mut line = encoded(&frame);
        let place = place.index(line.len() - 1);
        line[place] ^= flips;
        let (found, _) = read(&line, &[64]);
        prop_assert!(!found.contains(&frame));
    }

    #[test]
    fn a_line_gives_whole_frames_in_order_never_two_at_once_and_never_spins(
        steps in vec(step(), 1..200),
    ) {
        let keepalive = Duration::from_millis(100);
        let start = Instant::from_micros(1_000_000);
        let mut line = Line::new(19200, keepalive);
        let (mut now, mut offered, mut number) = (start, Vec::new(), 0_u32);
        let (mut written, mut unfinished, mut free_at) = (Vec::new(), false, start);
        for step in steps {
            match step {
                Step::Offer(class, len) => {
                    number += 1;
                    let mut frame = number.to_be_bytes().to_vec();
                    frame.resize(len.max(4), 0);
                    line.offer(now, &frame, class);
                    offered.push((frame, class));
                }
                Step::Write(count) => {
                    unfinished &= !line.is_stalled(now);
                    if let Some(bytes) = line.poll(now) {
                        prop_assert!(!bytes.is_empty() && bytes.len() <= MAX_ENCODED + 1);
                        prop_assert!(unfinished || now >= free_at, "two frames at the port");
                        let count = count.min(bytes.len());
                        unfinished = (unfinished || count > 0) && count < bytes.len();
                        written.extend_from_slice(&bytes[..count]);
                        line.wrote(now, count);
                        let time = Duration::from_secs(10).scaled(count as u64, 19200);
                        free_at = free_at.max(now).after(time);
                    } else {
                        prop_assert!(line.deadline() > now);
                    }
                }
                Step::Holds(bytes) => line.holds(now, bytes),
                Step::Cut => {
                    line.cut();
                    unfinished = false;
                }
                Step::Pass(micros) => now = now.after(Duration::from_micros(micros)),
            }
        }
        let (found, _) = read(&written, &[64]);
        let mut newest = 0;
        let mut left = std::collections::BTreeSet::new();
        for frame in found {
            let class = offered.iter().find(|(other, _)| *other == frame).map(|(_, class)| *class);
            prop_assert!(class.is_some(), "never offered");
            let number = u32::from_be_bytes(frame[..4].try_into().unwrap());
            prop_assert!(left.insert(number), "twice");
            // What carries the state of this node never comes after a newer one, save an answer.
            if matches!(class, Some(Class::Beat | Class::Control)) {
                prop_assert!(number > newest, "stale");
                newest = number;
            }
        }
    }
}

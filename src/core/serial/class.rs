//! What a frame is to the line that carries it, and where it waits. The caller knows: a body is not
//! read here.

use core::ops::Range;

use super::MAX_FRAME;
use crate::id::{MAX_NODES, NodeId};

/// What a frame is to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The periodic word of this node: the newest takes the place of the one that waits.
    Beat,
    /// A frame with a control word: leaves first, in order. More than four and the oldest goes: each
    /// carries the whole state, and a missing word is asked for.
    Control,
    /// A question. One waits at most.
    Ask,
    /// A frame that proves a life to another. One waits at most.
    Answer,
    /// A frame of another node, passed on around a ring. One of each node waits at most.
    Forward(NodeId),
    /// The same, but one that proves a life: it takes turns with the answers of this node.
    Introduction(NodeId),
}

impl Class {
    /// Where such frames wait. Places lie in the order of their ranks.
    pub(super) fn places(self) -> Range<usize> {
        let first = match self {
            Self::Control => return 0..CONTROLS,
            Self::Beat => BEAT,
            Self::Forward(node) => FORWARDS.saturating_add(node.index()),
            Self::Introduction(node) => INTRODUCTIONS.saturating_add(node.index()),
            Self::Answer => ANSWER,
            Self::Ask => ASK,
        };
        first..first.saturating_add(1)
    }
}

/// Who goes first of those that may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Control,
    /// Own and forwarded alike: whoever has waited longest, or one would starve the other.
    Beats,
    /// Those of this node and of others alike.
    Answer,
    Ask,
}

/// The rank of whoever waits in a place.
pub(super) fn rank(place: usize) -> Rank {
    match place {
        ..CONTROLS => Rank::Control,
        BEAT..INTRODUCTIONS => Rank::Beats,
        INTRODUCTIONS..ASK => Rank::Answer,
        _ => Rank::Ask,
    }
}

/// Whether any frame in this place carries the whole state of this node.
pub(super) fn is_state(place: usize) -> bool {
    place <= BEAT || place == ANSWER
}

/// A place for a frame that has not begun to leave.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    /// Numbers those that wait in the order they were made; 0 for an empty place.
    pub(super) made: u32,
    /// The number it is served by: of the frame whose place it took, so that a beat keeps its turn.
    pub(super) turn: u32,
    pub(super) len: usize,
    pub(super) frame: [u8; MAX_FRAME],
}

impl Waiting {
    pub(super) const EMPTY: Self = Self {
        made: 0,
        turn: 0,
        len: 0,
        frame: [0; MAX_FRAME],
    };
}

/// Control words that wait at most.
const CONTROLS: usize = 4;
pub(super) const BEAT: usize = CONTROLS;
const FORWARDS: usize = BEAT + 1;
const INTRODUCTIONS: usize = FORWARDS + MAX_NODES;
const ANSWER: usize = INTRODUCTIONS + MAX_NODES;
pub(super) const ASK: usize = ANSWER + 1;
/// How many frames wait at most.
pub(super) const PLACES: usize = ASK + 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serial::Line;
    use crate::time::{Duration, Instant};

    /// What leaves a line of 10 000 bytes a second in a second, of beats each 20 ms and more.
    fn leaves(offered: &[(Class, usize)]) -> std::vec::Vec<usize> {
        let mut line = Line::new(100_000, Duration::from_millis(20));
        let mut counts = std::vec![0; offered.len()];
        for milli in 0..1000 {
            let now = Instant::from_micros(milli * 1000);
            if milli % 5 == 0 {
                for (name, (class, len)) in (1..).zip(offered) {
                    line.offer(now, &std::vec![name; *len], *class);
                }
            }
            let Some(bytes) = line.poll(now).map(<[u8]>::to_vec) else {
                continue;
            };
            line.wrote(now, bytes.len());
            counts[usize::from(bytes[bytes.len() - 4]) - 1] += 1;
        }
        counts
    }

    fn node(place: usize) -> NodeId {
        NodeId::new(place).unwrap()
    }

    #[test]
    fn long_beats_passed_on_do_not_starve_short_ones_of_this_node() {
        let counts = leaves(&[(Class::Beat, 40), (Class::Forward(node(1)), 88)]);
        assert!(counts[0].abs_diff(counts[1]) <= 1, "{counts:?}");
    }

    #[test]
    fn what_proves_others_takes_turns_with_answers_and_leaves_beats_their_half() {
        let counts = leaves(&[
            (Class::Beat, 40),
            (Class::Introduction(node(1)), 62),
            (Class::Introduction(node(2)), 62),
            (Class::Answer, 62),
        ]);
        assert!(counts[0] >= 80, "{counts:?}");
        assert!(counts[1..].iter().all(|count| *count >= 15), "{counts:?}");
    }
}

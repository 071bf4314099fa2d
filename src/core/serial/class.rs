//! What a frame is to the line that carries it. The caller knows: a body is not read here.

use crate::id::NodeId;

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
}

impl Class {
    /// Any such frame carries the whole state of this node.
    pub(super) fn is_state(self) -> bool {
        matches!(self, Self::Beat | Self::Control | Self::Answer)
    }

    /// Who goes first of those that may.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Control => 0,
            // Whoever has waited longest, or one would starve the other.
            Self::Beat | Self::Forward(_) => BEATS,
            Self::Answer => 2,
            Self::Ask => 3,
        }
    }
}

/// The rank of those that share the beats' half.
pub(super) const BEATS: u8 = 1;

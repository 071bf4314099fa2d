//! Who is right when two nodes hold one group: both compute the same winner from the same words.

use crate::id::NodeId;
use crate::wire::Word;

/// The right by which a node holds a group, fixed when claiming begins (DESIGN 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Groups go home, and this is the group's home.
    pub(crate) home: bool,
    /// One more than the highest ever seen; never 0.
    pub(crate) epoch: u8,
    pub(crate) node: NodeId,
}

impl Claim {
    /// The claim in a node's word, if the node means to keep the group.
    pub(crate) fn of(word: Word, node: NodeId) -> Option<Self> {
        word.state.competes().then_some(Self {
            home: word.home,
            epoch: word.epoch,
            node,
        })
    }

    /// Home first, then the newer epoch (RFC 1982; half way round is equal), then the lower index.
    pub(crate) fn beats(self, other: Self) -> bool {
        if self.home != other.home {
            return self.home;
        }
        match self.epoch.wrapping_sub(other.epoch) {
            0 | 128 => self.node < other.node,
            ahead => ahead < 128,
        }
    }
}

/// The epoch after `epoch`; 0 is "none yet" and is left out.
pub(crate) fn next(epoch: u8) -> u8 {
    epoch.checked_add(1).unwrap_or(1)
}

/// Whether `a` is a later epoch than `b`.
pub(crate) fn is_later(a: u8, b: u8) -> bool {
    a != 0 && (b == 0 || (1..128).contains(&a.wrapping_sub(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(home: bool, epoch: u8, node: usize) -> Claim {
        Claim {
            home,
            epoch,
            node: NodeId::new(node).unwrap(),
        }
    }

    #[test]
    fn of_two_claims_exactly_one_wins() {
        for a in [0u8, 1, 2, 127, 128, 129, 255] {
            for b in [0u8, 1, 2, 127, 128, 129, 255] {
                for (home_a, home_b) in [(true, false), (false, true), (false, false)] {
                    let (one, other) = (claim(home_a, a, 0), claim(home_b, b, 1));
                    assert_ne!(one.beats(other), other.beats(one), "{one:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn home_beats_epoch_and_epoch_beats_index() {
        assert!(claim(true, 1, 1).beats(claim(false, 9, 0)));
        assert!(claim(false, 2, 1).beats(claim(false, 1, 0)));
        assert!(claim(false, 1, 1).beats(claim(false, 255, 0)));
        assert!(claim(false, 5, 0).beats(claim(false, 5, 1)));
    }

    #[test]
    fn an_epoch_never_is_zero_again() {
        assert_eq!(next(255), 1);
        assert!(is_later(1, 0) && is_later(1, 255) && !is_later(0, 1) && !is_later(7, 7));
    }
}

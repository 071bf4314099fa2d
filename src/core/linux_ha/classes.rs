//! The two kinds of groups that heartbeat moves as a whole, as this node sees them.

use crate::failover::Failover;
use crate::id::{GroupId, GroupSet, NodeId};
use crate::membership::Membership;
use crate::wire::linux_ha::Hold;

/// A set of them: those at home here (`local`), and the others (`foreign`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Classes(u8);

impl Classes {
    pub(super) const NONE: Self = Self(0);
    pub(super) const LOCAL: Self = Self(1);
    pub(super) const FOREIGN: Self = Self(2);
    pub(super) const ALL: Self = Self(3);
    /// Each alone.
    pub(super) const EACH: [Self; 2] = [Self::LOCAL, Self::FOREIGN];

    /// Of what this node says of itself.
    pub(super) const fn of(hold: Hold) -> Self {
        Self(hold.local() as u8 | (hold.foreign() as u8) << 1)
    }

    /// Of what the peer says of itself: its local groups are foreign here.
    pub(super) const fn of_peer(hold: Hold) -> Self {
        Self::of(hold.seen_by_other())
    }

    /// In this node's words.
    pub(super) const fn hold(self) -> Hold {
        Hold::of(self.0 & 1 != 0, self.0 & 2 != 0)
    }

    /// In the peer's.
    pub(super) const fn hold_there(self) -> Hold {
        self.hold().seen_by_other()
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What a group belongs to.
    pub(super) fn of_group(id: GroupId, failover: &Failover) -> Self {
        if failover.is_local(id) {
            Self::LOCAL
        } else {
            Self::FOREIGN
        }
    }

    /// The groups that belong to them.
    #[inline(never)]
    pub(super) fn groups(self, failover: &Failover) -> GroupSet {
        let local = failover.those(Failover::is_local);
        let all = failover.those(Failover::exists);
        match (self.has(Self::LOCAL), self.has(Self::FOREIGN)) {
            (true, true) => all,
            (true, false) => local,
            (false, true) => GroupSet(all.0 & !local.0),
            (false, false) => GroupSet::EMPTY,
        }
    }

    /// Whether something is true of one of their groups.
    #[inline(never)]
    pub(super) fn any(self, failover: &Failover, is: fn(&Failover, GroupId) -> bool) -> bool {
        self.groups(failover).0 & failover.those(is).0 != 0
    }

    /// Whether one of their groups should be at a node.
    #[inline(never)]
    pub(super) fn is_wanted(self, at: NodeId, failover: &Failover, members: &Membership) -> bool {
        let mut groups = self.groups(failover).iter();
        groups.any(|id| failover.wanted_node(id, members) == Some(at))
    }

    /// Those of them for which it is so.
    #[inline(never)]
    pub(super) fn filter(self, is: &mut dyn FnMut(Self) -> bool) -> Self {
        let mut those = Self::NONE;
        for &class in &Self::EACH {
            if self.has(class) && is(class) {
                those = those.with(class);
            }
        }
        those
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_local_there_is_foreign_here() {
        assert_eq!(Classes::of_peer(Hold::Local), Classes::FOREIGN);
        assert_eq!(Classes::of_peer(Hold::All), Classes::ALL);
        for hold in [Hold::None, Hold::Local, Hold::Foreign, Hold::All] {
            assert_eq!(Classes::of(hold).hold(), hold);
            assert_eq!(Classes::of_peer(hold).hold(), hold.seen_by_other());
        }
    }
}

//! Names of things as small numbers, sets of them, and tables with one entry for each.
//!
//! The numbers are positions in the configuration: the order of `node` lines, of media, of
//! `haresources` lines. An id in hand is always below its capacity, so tables never miss.

/// Most nodes of one cluster; a node number travels in four bits, a set of nodes in one byte.
pub const MAX_NODES: usize = 8;
/// Most links of one node; a set of links travels in one byte.
pub const MAX_LINKS: usize = 8;
/// Most groups (`haresources` lines).
pub const MAX_GROUPS: usize = 16;
/// Most hosts to be pinged and interfaces to be tracked by one node.
pub const MAX_WITNESSES: usize = 16;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $set:ident, $bits:ty, $table:ident, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u8);

        impl $name {
            /// The first position.
            pub const ZERO: Self = Self(0);

            /// The id at a position; `None` at or above the capacity.
            pub const fn new(position: usize) -> Option<Self> {
                if position < $max {
                    // Below the capacity, which is far below 256.
                    Some(Self(position.to_le_bytes()[0]))
                } else {
                    None
                }
            }

            /// The position in the configuration, from zero.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The position as it travels on the wire.
            pub const fn wire(self) -> u8 {
                self.0
            }

            /// The first `count` ids, in order; at most the capacity.
            pub fn first(count: usize) -> impl DoubleEndedIterator<Item = Self> + Clone + use<> {
                // Below 256, as every capacity.
                (0..count.min($max).to_le_bytes()[0]).map(Self)
            }
        }

        #[doc = concat!("A set of [`", stringify!($name), "`], one bit each; position 0 is the lowest bit.")]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $set(pub $bits);

        impl $set {
            /// No member.
            pub const EMPTY: Self = Self(0);
            /// The first `count` ids.
            #[inline(never)]
            pub fn first(count: usize) -> Self {
                $name::first(count).fold(Self::EMPTY, Self::with)
            }
            /// The set and one more.
            pub const fn with(self, id: $name) -> Self {
                Self(self.0 | (1 << id.0))
            }
            /// The set without one.
            pub const fn without(self, id: $name) -> Self {
                Self(self.0 & !(1 << id.0))
            }
            /// Whether `id` is a member.
            pub const fn contains(self, id: $name) -> bool {
                self.0 & (1 << id.0) != 0
            }
            /// Whether nothing is in it.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }
            /// Members, lowest position first.
            pub fn iter(mut self) -> impl Iterator<Item = $name> {
                core::iter::from_fn(move || self.take_first())
            }
            /// The member of the lowest position, which is taken out.
            #[inline(never)]
            pub fn take_first(&mut self) -> Option<$name> {
                let lowest = $name(self.0.trailing_zeros().to_le_bytes()[0]);
                let more = self.0 != 0;
                self.0 &= self.0.wrapping_sub(1);
                more.then_some(lowest)
            }
        }

        #[doc = concat!("One `T` for every possible [`", stringify!($name), "`].")]
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $table<T> {
            entries: [T; $max],
        }

        impl<T> $table<T> {
            /// What is left of any number is a place: a look-up needs no check, no `Option`, no panic.
            /// On 32 bits it is out of line: the product that finds an entry is up to ten instructions.
            const MASK: usize = {
                assert!($max.is_power_of_two());
                $max - 1
            };

            /// Fills every place.
            pub fn new(mut fill: impl FnMut() -> T) -> Self {
                Self { entries: core::array::from_fn(|_| fill()) }
            }
            /// The same in every place.
            pub fn of(value: T) -> Self
            where
                T: Copy,
            {
                Self { entries: [value; $max] }
            }
            /// The entry of `id`.
            #[cfg_attr(target_pointer_width = "32", inline(never))]
            #[expect(clippy::indexing_slicing, reason = "below the capacity by the mask")]
            pub fn at(&self, id: $name) -> &T {
                &self.entries[id.index() & Self::MASK]
            }
            /// The entry of `id`, to change.
            #[cfg_attr(target_pointer_width = "32", inline(never))]
            #[expect(clippy::indexing_slicing, reason = "below the capacity by the mask")]
            pub fn at_mut(&mut self, id: $name) -> &mut T {
                &mut self.entries[id.index() & Self::MASK]
            }
            /// Every entry with its id, in order.
            pub fn iter(&self) -> impl Iterator<Item = ($name, &T)> {
                $name::first($max).zip(&self.entries)
            }
            /// Every entry with its id, in order, to change.
            pub fn iter_mut(&mut self) -> impl Iterator<Item = ($name, &mut T)> {
                $name::first($max).zip(&mut self.entries)
            }
        }
    };
}

id!(
    /// A member of the cluster: its position among the `node` names of `ha.cf`.
    NodeId, NodeSet, u8, PerNode, MAX_NODES
);
id!(
    /// One medium heartbeats travel on: its position among the media of `ha.cf`.
    LinkId, LinkSet, u8, PerLink, MAX_LINKS
);
id!(
    /// One line of `haresources`, from the top.
    GroupId, GroupSet, u16, PerGroup, MAX_GROUPS
);
id!(
    /// A host that is pinged or an interface that is tracked, in the order of `ha.cf`.
    WitnessId, WitnessSet, u16, PerWitness, MAX_WITNESSES
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_exists_only_below_the_capacity() {
        assert!(NodeId::new(MAX_NODES - 1).is_some());
        assert!(NodeId::new(MAX_NODES).is_none());
        assert!(GroupId::new(256).is_none());
    }

    #[test]
    fn every_id_has_its_own_place_in_a_table() {
        let mut count = 0;
        let mut table = PerNode::new(|| {
            count += 1;
            count
        });
        for (place, id) in NodeId::first(MAX_NODES).enumerate() {
            assert_eq!(*table.at(id), place + 1);
            *table.at_mut(id) += 10;
        }
        assert!(table.iter().all(|(id, entry)| *entry == id.index() + 11));
    }

    #[test]
    fn a_set_remembers_what_was_put_in() {
        let id = |n| LinkId::new(n).unwrap();
        let set = LinkSet::EMPTY.with(id(0)).with(id(7)).without(id(0));
        assert!(set.contains(id(7)) && !set.contains(id(0)));
        assert_eq!(set.iter().count(), 1);
        assert_eq!(LinkSet::first(3).0, 0b111);
    }
}

//! What of a peer's configuration is otherwise than here, by the digests in its beats.

use super::{Alive, Membership};
use crate::action::{Difference, Event, Events};
use crate::id::NodeId;
use crate::wire::native::{self, Envelope, Shape};

/// Which of the three digests differ, in the order in which beats carry them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Differing([bool; 3]);

/// The digests of a configuration, and how many groups it has.
pub(super) type Told = ([u8; 3], usize);

impl Differing {
    /// Between two nodes.
    pub(super) fn between(one: Told, other: Told) -> Self {
        let (([nodes, groups, timing], count), ([n, g, t], c)) = (one, other);
        Self([nodes != n, groups != g || count != c, timing != t])
    }

    /// What forbids most.
    pub(super) fn gravest(self) -> Option<Difference> {
        let mut all = self.0.iter().zip(KINDS);
        all.find(|(differs, _)| **differs).map(|(_, what)| what)
    }

    /// Tells what has come to differ since `before`, and when nothing does any more.
    pub(super) fn report(self, before: Self, node: NodeId, events: &mut Events) {
        for ((now, before), what) in self.0.iter().zip(before.0).zip(KINDS) {
            if *now && !before {
                events.report(Event::Mismatch { node, what });
            }
        }
        if before != self && self == Self::default() {
            events.report(Event::Agreed { node });
        }
    }
}

impl Alive {
    /// What its newest beat says that it was told.
    pub(super) fn told(&self) -> Told {
        (self.beat.digests, self.groups)
    }

    /// Compares it with what this node was told.
    pub(super) fn compare(
        &mut self,
        ours: Told,
        before: Differing,
        node: NodeId,
        events: &mut Events,
    ) {
        let differing = Differing::between(ours, self.told());
        self.mismatch = differing.gravest();
        differing.report(before, node, events);
    }
}

impl Membership {
    /// What this node was told.
    pub(super) fn told(&self) -> Told {
        (self.digests, self.shape.groups)
    }

    /// How a frame is to be read: its sender may have been told of more groups, or fewer. Of one
    /// that was told of other nodes nothing else can be read.
    pub(super) fn shape_of(&self, envelope: &Envelope<'_>) -> Shape {
        let [nodes, ..] = self.digests;
        let groups = match envelope.body.get(1) {
            Some(theirs) if *theirs == nodes => native::groups(envelope, self.shape.nodes),
            Some(_) | None => None,
        };
        Shape {
            groups: groups.unwrap_or(self.shape.groups),
            ..self.shape
        }
    }
}

const KINDS: [Difference; 3] = [Difference::Nodes, Difference::Groups, Difference::Timing];

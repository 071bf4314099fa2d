//! What lies ahead in the simulated world.

use std::rc::Rc;

use twinbeat::id::{GroupId, LinkId, NodeId, WitnessId};

use super::network::Frame;
use super::{serial, shell};

/// Something that will happen: when, in which order, what.
#[derive(Debug)]
pub(super) struct Planned(pub(super) u64, pub(super) u64, pub(super) Happening);

#[derive(Debug)]
pub(super) enum Happening {
    /// The loop of a machine wakes.
    Turn(usize),
    Arrives(usize, LinkId, Rc<Frame>),
    Bytes(serial::Bytes),
    /// A job of a group's scripts ends; the life that ordered it hears of it.
    Script {
        machine: usize,
        group: GroupId,
        job: u32,
        life: u32,
        end: shell::JobEnd,
    },
    /// A script that has ended is asked for its status, in this life of the machine.
    Found(usize, GroupId, u32),
    /// The lease of a group's addresses may have ended.
    Lapse(usize, GroupId),
    /// The watchdog of a machine fires, unless it was kicked after this moment.
    Bite(usize, u64),
    Boot(usize),
    /// A life's script that switches a node off ends.
    Fenced {
        machine: usize,
        life: u32,
        node: NodeId,
        off: bool,
    },
    /// A host answers a machine's ping.
    Answers(usize, WitnessId),
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}

impl Eq for Planned {}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

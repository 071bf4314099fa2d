//! What nodes say to each other, as values. How it becomes bytes is a dialect's: [`native`], [`linux_ha`].

pub mod linux_ha;
pub mod native;

use crate::action::GroupState;
use crate::id::{GroupId, GroupSet, LinkSet, MAX_GROUPS, NodeId, PerGroup, PerNode};

/// Bytes that the longest frame of any dialect needs; longer ones are refused.
pub const MAX_FRAME: usize = 768;

/// Bytes of a tag: HMAC truncated to 96 bits (RFC 2404), or a CRC-32 and eight zero bytes.
pub const TAG: usize = 12;

/// Who says it, and when in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The key that signed, 0 to 15.
    pub key: u8,
    /// What follows.
    pub kind: Kind,
    /// The sender.
    pub source: NodeId,
    /// Low half of the sender's incarnation.
    pub low: u32,
    /// Number of the frame in the sender's life.
    pub counter: u32,
}

/// What a frame is. The numbers are the wire's and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The periodic word: whole state.
    Beat = 0,
    /// A beat that also proves a life, and invites another to do so.
    Hello = 1,
    /// Are you there? Answered by a beat.
    Ask = 2,
    /// A beat with a numbered word for one node.
    Control = 3,
    /// The last beat of a life that ends in order.
    Leave = 4,
}

/// A decoded body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// [`Kind::Beat`].
    Beat(Beat),
    /// [`Kind::Hello`].
    Hello(Beat, Hello),
    /// [`Kind::Ask`].
    Ask(Address),
    /// [`Kind::Control`].
    Control(Beat, Control),
    /// [`Kind::Leave`].
    Leave(Beat),
}

/// The whole state of a node: any beat repairs a lost one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// What the node is up to.
    pub flags: Flags,
    /// One byte each of what must agree: nodes, groups, timing.
    pub digests: [u8; 3],
    /// How many ping nodes it reaches.
    pub ping: u8,
    /// The newest control word it has sent; 0 before the first.
    pub newest: u8,
    /// Per group what it does; places beyond the configured groups are idle.
    pub groups: PerGroup<Word>,
    /// Per other node what it hears of it; its own place is empty.
    pub peers: PerNode<Hearing>,
}

impl Beat {
    /// The epochs of the groups that whoever says it for the last time leaves to a node; 0 for others.
    pub(crate) fn left_to(&self, node: NodeId) -> [u8; MAX_GROUPS] {
        let mut left = [0; MAX_GROUPS];
        for (epoch, (_, word)) in left.iter_mut().zip(self.groups.iter()) {
            if word.owner == Some(node) && !word.state.holds() {
                *epoch = word.epoch;
            }
        }
        left
    }
}

impl Default for Beat {
    /// Of a node that does nothing and hears nobody.
    fn default() -> Self {
        Self {
            flags: Flags::default(),
            digests: [0; 3],
            ping: 0,
            newest: 0,
            groups: PerGroup::of(Word::IDLE),
            peers: PerNode::of(Hearing::default()),
        }
    }
}

/// What a node is up to, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// It misses a configured node and would like a Hello.
    pub want: bool,
    /// It is being stopped.
    pub leaving: bool,
    /// It cannot serve anything just now.
    pub unable: bool,
    /// The newest word on maintenance that it knows, 0 to 15: odd is on, even is off; 0 is none yet.
    pub maintenance: u8,
}

/// What one node does about one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its state there.
    pub state: GroupState,
    /// Holding: its claim has the home bit. Otherwise: it stands by for the group.
    pub home: bool,
    /// Who holds it, in this node's eyes; idle with `owner` and a new epoch is a grant.
    pub owner: Option<NodeId>,
    /// Holding: its claim's epoch. Otherwise the highest seen. 0 is none.
    pub epoch: u8,
}

/// What one node hears of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hearing {
    /// The links it was heard on lately; empty: it is not heard.
    pub links: LinkSet,
    /// Its newest accepted counter, low 24 bits.
    pub echo: u32,
}

/// What a Hello adds to a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// High half of the sender's incarnation.
    pub high: u32,
    /// The frame it answers, if it could be read.
    pub re: Option<Reference>,
    /// Its `deadtime` in milliseconds, at most 24 bits.
    pub deadtime: u32,
    /// Its lease in seconds.
    pub lease: u8,
    /// The time-out of its armed watchdog in seconds; 0 for none.
    pub watchdog: u8,
}

/// One frame of one life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Who sent it.
    pub node: NodeId,
    /// In which life.
    pub incarnation: u64,
    /// Its number.
    pub counter: u32,
}

/// One life of one node, to whom a frame is directed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The node.
    pub node: NodeId,
    /// Low half of its incarnation.
    pub low: u32,
}

/// A numbered word for one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// Its number, 1 to 255 and round again; every node counts all of them.
    pub sequence: u8,
    /// For whom.
    pub to: Address,
    /// What it says.
    pub word: ControlWord,
}

/// What a control word says. Nothing waits for one: state in beats decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlWord {
    /// I should have this group: please release it.
    IpRequest {
        /// Which.
        group: GroupId,
        /// The epoch of the holder's claim, so that an old request asks nothing of a new holder.
        epoch: u8,
        /// A person asked for it here: release it whatever placement says.
        operator: bool,
    },
    /// The answer. The lasting one is the state in the beats.
    IpRequestResp {
        /// Which.
        group: GroupId,
        /// Whether it will be released.
        granted: bool,
    },
    /// A person wants this group at the node that is told: it shall ask for it.
    Move {
        /// Which.
        group: GroupId,
    },
    /// These groups are no longer kept where a person moved them: at the node that is told.
    Unmove {
        /// Which; places beyond the configured groups mean nothing.
        groups: GroupSet,
    },
    /// Numbers from this one on are missing here. Itself not numbered.
    RexmitRequest {
        /// The first missing.
        first: u8,
    },
    /// Numbers up to this one are no longer kept. Itself not numbered.
    Gone {
        /// The last lost.
        last: u8,
    },
}

impl Word {
    /// Nothing known, nothing done.
    pub const IDLE: Self = Self {
        state: GroupState::Idle,
        home: false,
        owner: None,
        epoch: 0,
    };
}

impl GroupState {
    /// Every state, in the order of its number.
    pub const ALL: [Self; 8] = [
        Self::Idle,
        Self::Unknown,
        Self::Claiming,
        Self::Starting,
        Self::Held,
        Self::Stopping,
        Self::StartFailed,
        Self::StopFailed,
    ];

    /// Something of the group may run there, or soon will.
    pub const fn holds(self) -> bool {
        match self {
            Self::Idle | Self::StartFailed => false,
            Self::Unknown
            | Self::Claiming
            | Self::Starting
            | Self::Held
            | Self::Stopping
            | Self::StopFailed => true,
        }
    }

    /// The node means to keep it: its claim competes with others.
    pub const fn competes(self) -> bool {
        match self {
            Self::Claiming | Self::Starting | Self::Held => true,
            Self::Idle | Self::Unknown | Self::Stopping | Self::StartFailed | Self::StopFailed => {
                false
            }
        }
    }
}

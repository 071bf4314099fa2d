//! The whole vocabulary between the core and the world: what the shell tells the core (`Input`),
//! what it must do (`Transmit`, `Action`), what a person may want to know (`Event`), and why a
//! frame was refused (`Reject`).

mod event;

use crate::id::{GroupId, GroupSet, LinkId, LinkSet, NodeId, WitnessId};
use crate::time::Duration;

pub use event::{Difference, Event, Events, Reason};

/// Something that happened, told to [`crate::Node::handle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The shell woke and has read nothing yet: the first input of a turn that is later than the
    /// deadline. What may no longer be held is let go; nobody is declared dead.
    Wake,
    /// The deadline has come, or may have, and whatever lay in the sockets was read: peers may be
    /// declared dead. Early and repeated ones are harmless.
    Timeout,
    /// One datagram, whole and as it arrived.
    Frame {
        /// Where it was received.
        link: LinkId,
        /// Its payload.
        bytes: &'a [u8],
    },
    /// The kernel's word about a link; links begin as [`Carrier::Down`].
    Link {
        /// Which link.
        link: LinkId,
        /// What it can do now.
        carrier: Carrier,
    },
    /// How an [`Action::Check`], [`Action::Start`], [`Action::Restart`] or [`Action::Stop`] ended.
    Done {
        /// The group that was acted on.
        group: GroupId,
        /// How it went.
        outcome: Outcome,
    },
    /// How an [`Action::Fence`] ended: whether the node is off for sure.
    Fenced {
        /// Which node.
        node: NodeId,
        /// It runs nothing any more.
        off: bool,
    },
    /// A resource of a group that runs here was found not to run: a person, or a fault, ended it.
    Died(GroupId),
    /// The watchdog that is armed now, by the time-out its driver granted; `None` when none is, as
    /// every life begins.
    Watchdog(Option<Duration>),
    /// A host answered a ping (`up`; silence is found out here), or the kernel's word about a
    /// tracked interface; those begin as down.
    Witness {
        /// Which.
        witness: WitnessId,
        /// Whether it is there.
        up: bool,
    },
    /// A person's command.
    Command(Command),
}

/// Whether frames can leave by a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Present, up, with carrier, and a socket open on it.
    Up,
    /// Missing, down, without carrier, or its last send failed.
    Down,
}

/// How an action on a group ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `Check`: none of its scripts runs. `Stop`: everything is stopped.
    Stopped,
    /// `Check`: at least one script runs. `Start`, `Restart`: everything runs.
    Running,
    /// `Start` or `Restart` failed or took too long; the shell has stopped what had been started.
    StartFailed,
    /// `Stop` failed or took too long: something of it may still run.
    StopFailed,
    /// `Start` with `probe`: another machine answers for one of its addresses.
    Occupied,
}

/// What a person may ask of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Hand these groups over and prefer to leave them there (`hb_standby`).
    Standby(Selection),
    /// Ask for these groups, and no longer stand by for them (`hb_takeover`). What comes stays,
    /// wherever its home is.
    Takeover(Selection),
    /// The same, and the person vouches for every node that could not stop them or fell silent: it
    /// runs nothing of them.
    Force(Selection),
    /// Have a node ask for a group, as by [`Command::Takeover`] there.
    Move {
        /// Which.
        group: GroupId,
        /// Where to.
        to: NodeId,
    },
    /// No longer keep these where a person moved them, on whatever node they are.
    Unmove(Selection),
    /// Serve, or hand everything over and serve nothing, not even alone.
    Serve(bool),
    /// From now on, on every node, nothing moves, starts or stops by itself; or it does again.
    Maintenance(bool),
    /// What it stands by for among these groups outlives this life; where `None`, whether it serves.
    Keep(Option<Selection>),
    /// Forget what went wrong with these groups on this node: what waits to be tried again is tried
    /// at once, and what could not be stopped is free again if nothing of it runs.
    Clear(Selection),
    /// A node that is dead here was switched off for sure: it runs nothing any more.
    /// [`Reject::Misdirected`] if it is not dead, or if a live peer hears it.
    Fenced(NodeId),
    /// Release everything, hand over, say goodbye; [`Action::Exit`] follows.
    Shutdown,
}

/// Why a person's command would be refused; see [`crate::Node::refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is to be moved during maintenance.
    Maintenance,
    /// This node serves nothing.
    Disabled,
    /// That node is not heard, does not hear this one, or cannot serve.
    Unable(NodeId),
    /// A live node has the group in order: it can be asked for it.
    Held(GroupId, NodeId),
}

/// What a person said that outlives a life of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Groups it stands by for.
    pub standby: GroupSet,
    /// It serves nothing.
    pub disabled: bool,
}

/// Which groups a command means, in heartbeat's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every group.
    All,
    /// Groups whose home is this node.
    Local,
    /// Groups whose home is another node.
    Foreign,
    /// One group.
    Group(GroupId),
}

/// A frame that [`crate::Node::poll_transmit`] wrote into the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Transmit {
    /// Send the same bytes once on each of these.
    pub links: LinkSet,
    /// How many bytes of the buffer.
    pub len: usize,
    /// Every node takes it as a sign of life: leases may be refreshed with it. An Ask is for one.
    pub beat: bool,
}

/// Something the shell must do to the machine. At most one of `Check`, `Start`, `Restart`,
/// `Stop` is in flight per group; each is answered by one [`Input::Done`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Action {
    /// Find out whether any script of the group runs (status only, nothing is changed).
    Check(GroupId),
    /// Start everything from left to right: what runs already is left alone.
    Start {
        /// The group.
        group: GroupId,
        /// First ask the network for 200 ms whether somebody has its addresses.
        probe: bool,
    },
    /// What was found dead is started again: everything from the right down to it is stopped, then
    /// started. Ends like a start.
    Restart(GroupId),
    /// Stop everything from right to left.
    Stop(GroupId),
    /// Announce its addresses again: another may have done so meanwhile. No answer.
    Announce(GroupId),
    /// Switch this node off; answered by one [`Input::Fenced`].
    Fence(NodeId),
    /// Keep this for the next start. No answer.
    Remember(Kept),
    /// Everything is released and said: end the program. Last of all.
    Exit,
}

/// Why a frame was refused. It changed a counter and nothing else, except that an
/// [`Reject::Unproven`] sender may be invited to prove itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// Too short, too long, or a body that is none.
    Malformed,
    /// Another version or protocol, such as a real heartbeat's.
    ForeignDialect,
    /// Signed with a key number that `authkeys` does not have.
    UnknownKey,
    /// From a node number that the configuration does not have.
    UnknownNode,
    /// The tag does not match.
    BadTag,
    /// Sent by this node itself, come back.
    Own,
    /// Not newer than what this life of the sender already said.
    Stale,
    /// A life of the sender that has not proved to be its present one.
    Unproven,
    /// For another node, for an earlier life of this one, or too late for a life that said goodbye;
    /// about a node that is not dead.
    Misdirected,
    /// An input about a group, node or link that the configuration does not have.
    Unknown,
}

impl Reject {
    /// Every reason, in the order of its number, which is that of its counter.
    pub const ALL: [Self; 10] = [
        Self::Malformed,
        Self::ForeignDialect,
        Self::UnknownKey,
        Self::UnknownNode,
        Self::BadTag,
        Self::Own,
        Self::Stale,
        Self::Unproven,
        Self::Misdirected,
        Self::Unknown,
    ];
}

/// The state of a group on one node. Everything but `Idle` and `StartFailed` counts as holding.
/// The numbers are the wire's and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum GroupState {
    /// Nothing of it runs here.
    Idle = 0,
    /// A new life that has not yet found out what runs.
    Unknown = 1,
    /// Wants to start it and waits for every live peer to see that.
    Claiming = 2,
    /// Being started.
    Starting = 3,
    /// Runs here.
    Held = 4,
    /// Being stopped.
    Stopping = 5,
    /// Could not be started here.
    StartFailed = 6,
    /// Could not be stopped: something of it may run.
    StopFailed = 7,
}

/// How a peer stands, for `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// Never heard in this life of ours.
    Unheard,
    /// Heard lately.
    Alive,
    /// Alive, but silent for more than `warntime`.
    Late,
    /// Silent for `deadtime`.
    Dead,
    /// It said goodbye.
    Left,
}

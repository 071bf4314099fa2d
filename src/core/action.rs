//! The whole vocabulary between the core and the world: what the shell tells the core (`Input`),
//! what it must do (`Transmit`, `Action`), what a person may want to know (`Event`), and why a
//! frame was refused (`Reject`).

use crate::id::{GroupId, GroupSet, LinkId, LinkSet, NodeId};
use crate::time::Duration;

/// Events waiting to be read; the oldest goes when nobody reads.
#[derive(Clone, Debug, Default)]
pub struct Events(heapless::Deque<Event, 32>);

impl Events {
    /// Adds one.
    pub fn report(&mut self, event: Event) {
        if self.0.is_full() {
            self.0.pop_front();
        }
        // Space was made above.
        let _ = self.0.push_back(event);
    }

    /// Takes the oldest.
    pub fn take(&mut self) -> Option<Event> {
        self.0.pop_front()
    }
}

/// Something that happened, told to [`crate::Node::handle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The deadline has come, or may have: early and repeated ones are harmless. The first input
    /// of every turn in which the shell woke late, before any frame is read.
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
    /// How an [`Action::Check`], [`Action::Start`] or [`Action::Stop`] ended.
    Done {
        /// The group that was acted on.
        group: GroupId,
        /// How it went.
        outcome: Outcome,
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
    /// `Check`: at least one script runs. `Start`: everything runs.
    Running,
    /// `Start` failed or took too long; the shell has stopped what had been started.
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
    /// Ask for these groups, and no longer stand by for them (`hb_takeover`).
    Takeover(Selection),
    /// Release everything, hand over, say goodbye; [`Action::Exit`] follows.
    Shutdown,
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
}

/// Something the shell must do to the machine. At most one of `Check`, `Start`, `Stop` is in
/// flight per group; each is answered by one [`Input::Done`].
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
    /// Stop everything from right to left.
    Stop(GroupId),
    /// Announce its addresses again: another may have done so meanwhile. No answer.
    Announce(GroupId),
    /// Keep this for the next start: groups this node stands by for. No answer.
    Remember(GroupSet),
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
    /// For another node, or for an earlier life of this one.
    Misdirected,
    /// An input about a group, node or link that the configuration does not have.
    Unknown,
}

impl Reject {
    /// Every reason, in the order of its counter.
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

/// For people: log lines, hooks, status. Nothing waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A life of a peer has proved itself.
    PeerAlive {
        /// Which peer.
        node: NodeId,
        /// Its incarnation.
        incarnation: u64,
        /// An earlier life of it was still counted alive.
        restarted: bool,
    },
    /// Nothing accepted for `warntime`.
    PeerLate {
        /// Which peer.
        node: NodeId,
        /// Attentive time since its last accepted frame.
        silence: Duration,
    },
    /// Nothing accepted for `deadtime` (or `initdead` when it was never heard).
    PeerDead {
        /// Which peer.
        node: NodeId,
        /// Attentive time since its last accepted frame.
        silence: Duration,
    },
    /// It said goodbye.
    PeerLeft {
        /// Which peer.
        node: NodeId,
    },
    /// It says that it does not hear this node (`true`), or hears it again.
    PeerDeaf {
        /// Which peer.
        node: NodeId,
        /// Whether it is deaf for us.
        deaf: bool,
    },
    /// A link delivers from a peer again, or no longer while another still does.
    PeerLink {
        /// Which peer.
        node: NodeId,
        /// Which link.
        link: LinkId,
        /// Whether it delivers.
        up: bool,
    },
    /// The kernel's word about a link changed.
    LinkCarrier {
        /// Which link.
        link: LinkId,
        /// What it can do now.
        carrier: Carrier,
    },
    /// A peer was started from a different configuration.
    Mismatch {
        /// Which peer.
        node: NodeId,
        /// What differs.
        what: Difference,
    },
    /// Another machine runs under this node's name, with the key.
    Cloned,
    /// The state of a group on this node changed.
    Group {
        /// Which group.
        group: GroupId,
        /// Its state now.
        state: GroupState,
        /// Why.
        reason: Reason,
    },
    /// A peer asked for a group.
    Requested {
        /// Which group.
        group: GroupId,
        /// Who wants it.
        by: NodeId,
        /// Whether it will be released.
        agreed: bool,
    },
    /// This loop woke later than it asked to.
    Stalled {
        /// How much later.
        late: Duration,
    },
    /// This loop gets too little time to be relied on (`false`), or enough again.
    Health {
        /// Whether it is well.
        healthy: bool,
    },
    /// Addresses are no longer refreshed (`false`), or are again.
    Hold {
        /// Whether they may be held.
        held: bool,
        /// Why.
        reason: Reason,
    },
}

/// What of two configurations differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The nodes or their order.
    Nodes,
    /// The groups.
    Groups,
    /// keepalive, deadtime or `auto_failback`.
    Timing,
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

/// Why something happened, for the log and for `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing in particular: as it began.
    Start,
    /// This node is the group's home.
    Home,
    /// The only node that can serve it.
    Alone,
    /// The first able node in the order of `ha.cf`.
    FirstAble,
    /// It runs here and nobody has a better right.
    Stays,
    /// A peer holds it.
    HeldByPeer,
    /// Its holder handed it to this node.
    Granted,
    /// Its holder died.
    HolderDied,
    /// Its holder left.
    HolderLeft,
    /// Asked for by another node that has a better right.
    Requested,
    /// A person's command here.
    Operator,
    /// This program is being stopped.
    Shutdown,
    /// Another node's claim wins.
    BetterClaim,
    /// Its scripts did not start.
    StartFailed,
    /// Its scripts did not stop.
    StopFailed,
    /// A peer could not stop it.
    PeerStopFailed,
    /// Another machine answers for its address.
    Occupied,
    /// Scripts of it ran already.
    Running,
    /// None of its scripts runs.
    NotRunning,
    /// Waiting for peers never heard, until `initdead`.
    Initial,
    /// Waiting for live peers to see the claim.
    Claim,
    /// A live peer has another configuration.
    Mismatch,
    /// This node is not able: its loop gets too little time.
    Unhealthy,
    /// A live peer does not hear this node.
    Unheard,
    /// The newest beat that a peer confirmed is too old: it may have taken over.
    Stalled,
    /// No link could send.
    NoLink,
    /// Every peer's state is known again.
    Clear,
    /// Another machine has this node's name.
    Cloned,
    /// Nobody is able to serve it.
    NobodyAble,
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

//! For people: what happened, and why.

use super::{Carrier, GroupState};
use crate::id::{GroupId, LinkId, NodeId, WitnessId};
use crate::time::Duration;

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
    /// A target of this node is reached, or no longer.
    Reach {
        /// What was the last of it that changed.
        witness: WitnessId,
        /// Whether it is reached.
        up: bool,
        /// How many targets are.
        score: u8,
    },
    /// A live peer reaches another number of targets than before.
    PeerReach {
        /// Which peer.
        node: NodeId,
        /// How many.
        score: u8,
    },
    /// A peer has a different configuration; told once for each thing that differs.
    Mismatch {
        /// Which peer.
        node: NodeId,
        /// What differs.
        what: Difference,
    },
    /// Nothing of a live peer's configuration differs any more.
    Agreed {
        /// Which peer.
        node: NodeId,
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
    /// A silent node that may run what is wanted here.
    Fencing {
        /// Which node.
        node: NodeId,
        /// It is off, or is not; before that is known: it is being switched off.
        off: Option<bool>,
    },
    /// Maintenance began, or is over.
    Maintenance {
        /// Whether nothing moves by itself.
        on: bool,
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
    /// keepalive, deadtime, `auto_failback`, or what is pinged: scores are not compared.
    Timing,
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
    /// The first able node in the order of `ha.cf`; its home is not.
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
    /// Its holder stands by for it.
    HolderStandsBy,
    /// Asked for by another node that has a better right to it.
    Requested,
    /// A person's command here.
    Operator,
    /// This program is being stopped.
    Shutdown,
    /// A person had this node serve nothing.
    Disabled,
    /// The configuration is being reloaded, and this group goes or changes.
    Reload,
    /// Another node's claim wins.
    BetterClaim,
    /// Its scripts did not start.
    StartFailed,
    /// A resource of it was found dead: it is started again in place.
    Died,
    /// Once more, too often in a short time.
    DiedAgain,
    /// Its scripts did not stop.
    StopFailed,
    /// A peer could not start it.
    PeerStartFailed,
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
    /// A watchdog is required here and none is armed.
    NoWatchdog,
    /// An able node has reached more targets for long enough.
    BetterConnected,
    /// It may run on another node, which cannot be asked, and must not run twice.
    NotKnownOff,
    /// The group that it is started after is held nowhere.
    After,
    /// It goes where another group goes.
    With,
}

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

//! The core's vocabulary in a person's words: for the log and for `status`.
//!
//! The single words are part of `status --json` and do not change.

use twinbeat::action::PeerState;
use twinbeat::action::{Carrier, Difference, Event, GroupState, Reason, Reject};
use twinbeat::config::{Config, Medium, Sight};
use twinbeat::id::{LinkId, WitnessId};
use twinbeat::time::Duration;

use crate::address::AddressError;
use crate::interface::Mac;
use crate::journal::Level;

/// One event as one line: what happened to whom, and why.
pub(crate) fn event(config: &Config, event: Event) -> (Level, String) {
    let name = |node| config.node_name(node);
    let of_node = |level, node, what: &str| (level, format!("node {} {what}", name(node)));
    match event {
        Event::PeerAlive {
            node,
            incarnation,
            restarted,
        } => {
            let restarted = if restarted { ": restarted" } else { "" };
            let what = format!("is alive{restarted} (incarnation {incarnation:016x})");
            of_node(Level::Info, node, &what)
        }
        Event::PeerLate { node, silence } | Event::PeerDead { node, silence } => {
            let is_late = matches!(event, Event::PeerLate { .. });
            let state = if is_late { "late" } else { "dead" };
            let what = format!("is {state}: nothing heard for {}", coarse(silence));
            of_node(Level::Warn, node, &what)
        }
        Event::PeerLeft { node } => of_node(Level::Info, node, "has left"),
        Event::PeerDeaf { node, deaf: true } => {
            of_node(Level::Warn, node, "does not hear this node")
        }
        Event::PeerDeaf { node, deaf: false } => {
            of_node(Level::Info, node, "hears this node again")
        }
        Event::PeerLink { node, link, up } => (
            if up { Level::Info } else { Level::Warn },
            format!(
                "link {}: node {} {}",
                link_name(config, link),
                name(node),
                if up { "is heard" } else { "is no longer heard" }
            ),
        ),
        Event::LinkCarrier { link, carrier: now } => (
            match now {
                Carrier::Up => Level::Info,
                Carrier::Down => Level::Warn,
            },
            format!("link {}: {}", link_name(config, link), carrier(now)),
        ),
        Event::Reach { witness, up, score } => (
            if up { Level::Info } else { Level::Warn },
            format!(
                "{} {}: {score} of {} targets reached",
                target(config, witness),
                if up { "is reached" } else { "is not reached" },
                config.reach.targets
            ),
        ),
        Event::PeerReach { node, score } => {
            let what = format!("reaches {score} of {} targets", config.reach.targets);
            of_node(Level::Info, node, &what)
        }
        Event::Mismatch { node, what } => {
            let what = difference(what);
            let what =
                format!("has another configuration: {what} differ; nothing moves because of it");
            of_node(Level::Error, node, &what)
        }
        Event::Agreed { node } => of_node(Level::Info, node, "has the same configuration again"),
        Event::Cloned => (
            Level::Error,
            format!(
                "cloned node: another machine runs as {} with this key; holding nothing",
                name(config.me)
            ),
        ),
        Event::Group {
            group,
            state,
            reason: why,
        } => (
            match state {
                GroupState::StartFailed | GroupState::StopFailed => Level::Error,
                GroupState::Idle
                | GroupState::Unknown
                | GroupState::Claiming
                | GroupState::Starting
                | GroupState::Held
                | GroupState::Stopping => Level::Info,
            },
            format!(
                "group {}: {}: {}",
                config.group_key(group),
                group_state(state),
                reason(why)
            ),
        ),
        Event::Requested { group, by, agreed } => (
            Level::Info,
            format!(
                "group {}: node {} asks for it: {}",
                config.group_key(group),
                name(by),
                if agreed { "agreed" } else { "refused" }
            ),
        ),
        Event::Fencing { node, off } => match off {
            None => {
                let what = "may run what is wanted here: switching it off";
                of_node(Level::Warn, node, what)
            }
            Some(true) => of_node(Level::Warn, node, "is switched off"),
            Some(false) => {
                let what = "is not switched off: it is tried again";
                of_node(Level::Error, node, what)
            }
        },
        Event::Stalled { late } => (Level::Warn, format!("this loop woke {} late", coarse(late))),
        Event::Health { healthy: false } => (
            Level::Error,
            "unhealthy: this loop gets too little time".to_owned(),
        ),
        Event::Health { healthy: true } => (Level::Info, "healthy again".to_owned()),
        Event::Maintenance { on } => (
            Level::Info,
            if on {
                "maintenance: nothing moves by itself"
            } else {
                "maintenance is over"
            }
            .to_owned(),
        ),
        Event::Hold { held, reason: why } => (
            if held { Level::Info } else { Level::Warn },
            format!(
                "addresses are {}: {}",
                if held { "refreshed again" } else { "let go" },
                reason(why)
            ),
        ),
    }
}

/// Short enough to read: milliseconds from ten of them on, seconds from a minute on.
pub(crate) fn coarse(span: Duration) -> Duration {
    if span < Duration::from_millis(10) {
        span
    } else if span < Duration::from_secs(60) {
        Duration::from_millis(span.millis())
    } else {
        Duration::from_secs(span.millis() / 1000)
    }
}

/// Why, in a few words.
pub(crate) const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Start => "as it began",
        Reason::Home => "this node is its home",
        Reason::Alone => "the only node that can serve it",
        Reason::FirstAble => "the first able node",
        Reason::Stays => "stays where it is",
        Reason::HeldByPeer => "held by a peer",
        Reason::Granted => "handed over by its holder",
        Reason::HolderDied => "its holder died",
        Reason::HolderLeft => "its holder left",
        Reason::HolderStandsBy => "its holder stands by for it",
        Reason::Requested => "asked for by a node with a better right",
        Reason::Operator => "operator's command",
        Reason::Shutdown => "this program is being stopped",
        Reason::Reload => "the configuration is reloaded, in which it is no more or another",
        Reason::BetterClaim => "another node's claim wins",
        Reason::StartFailed => "it did not start",
        Reason::Died => "a resource of it was found dead",
        Reason::DiedAgain => "resources of it died too often",
        Reason::StopFailed => "it did not stop",
        Reason::PeerStartFailed => "a peer could not start it",
        Reason::PeerStopFailed => "a peer could not stop it",
        Reason::Occupied => "another machine answers for its address",
        Reason::Running => "it ran already",
        Reason::NotRunning => "nothing of it runs",
        Reason::Initial => "waiting for nodes never heard, until initdead",
        Reason::Claim => "waiting for live nodes to see the claim",
        Reason::Mismatch => "a live node has another configuration",
        Reason::Unhealthy => "this loop gets too little time",
        Reason::Unheard => "a live node does not hear this node",
        Reason::Stalled => "this loop was late: a peer may have taken over",
        Reason::NoLink => "no link could send",
        Reason::Clear => "every node's state is known again",
        Reason::Cloned => "another machine has this node's name",
        Reason::Disabled => "a person had this node serve nothing",
        Reason::NobodyAble => "nobody is able to serve it",
        Reason::NoWatchdog => "no watchdog is armed here and one is required",
        Reason::BetterConnected => "another node reaches more ping targets",
        Reason::NotKnownOff => "a silent node may still run it, and it may run once only",
        Reason::After => "the group it comes after is held nowhere",
        Reason::With => "it goes where another group goes",
    }
}

/// A group's state on a node.
pub(crate) const fn group_state(state: GroupState) -> &'static str {
    match state {
        GroupState::Idle => "idle",
        GroupState::Unknown => "unknown",
        GroupState::Claiming => "claiming",
        GroupState::Starting => "starting",
        GroupState::Held => "held",
        GroupState::Stopping => "stopping",
        GroupState::StartFailed => "start-failed",
        GroupState::StopFailed => "stop-failed",
    }
}

/// A peer's state.
pub(crate) const fn peer_state(state: PeerState) -> &'static str {
    match state {
        PeerState::Unheard => "unheard",
        PeerState::Alive => "alive",
        PeerState::Late => "late",
        PeerState::Dead => "dead",
        PeerState::Left => "left",
    }
}

/// A link's carrier.
pub(crate) const fn carrier(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Up => "up",
        Carrier::Down => "down",
    }
}

/// What of two configurations differs.
pub(crate) const fn difference(what: Difference) -> &'static str {
    match what {
        Difference::Nodes => "nodes",
        Difference::Groups => "groups",
        Difference::Timing => "timing",
    }
}

/// Why a frame was refused.
pub(crate) const fn reject(why: Reject) -> &'static str {
    match why {
        Reject::Malformed => "malformed",
        Reject::ForeignDialect => "another protocol or version",
        Reject::UnknownKey => "signed with a key this node does not have",
        Reject::UnknownNode => "from a node this configuration does not have",
        Reject::BadTag => "not signed with our key",
        Reject::Own => "sent by this node itself",
        Reject::Stale => "older than what was heard already",
        Reject::Unproven => "from a life of the sender that has not proved itself",
        Reject::Misdirected => "for another node or an earlier life",
        Reject::Unknown => "about something this configuration does not have",
    }
}

/// Why an address is not there.
pub(crate) fn address_error(error: AddressError) -> &'static str {
    match error {
        AddressError::Unknown => "is not in the configuration",
        AddressError::NoInterface => {
            "no interface for it: name one that exists, or give one an address of its subnet"
        }
        AddressError::Forbidden => "CAP_NET_ADMIN is missing",
        AddressError::Late => "took too long and was deleted again",
        AddressError::Refused(error) => errno(error),
    }
}

/// What the C library calls an error of the kernel. (nix has the texts as well, 10 kB of them.)
pub(crate) use crate::sys::words as errno;

/// An Ethernet address.
pub(crate) fn hardware(Mac([a, b, c, d, e, f]): Mac) -> String {
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

/// A target as in `ha.cf`: the name of a `ping_group`, an address, an interface.
pub(crate) fn target(config: &Config, id: WitnessId) -> String {
    match config.reach.witnesses.get(id.index()) {
        Some(witness) if witness.group.len > 0 => config.text(witness.group).to_owned(),
        Some(_) | None => host(config, id),
    }
}

/// What is looked at for a target: an address, or an interface.
pub(crate) fn host(config: &Config, id: WitnessId) -> String {
    match config.reach.witnesses.get(id.index()).map(|one| &one.sight) {
        Some(Sight::Host(address)) => address.to_string(),
        Some(Sight::Interface(name)) => name.as_str().to_owned(),
        None => "?".to_owned(),
    }
}

/// A link as in `ha.cf`, without the numbers that are the same on every node.
pub(crate) fn link_name(config: &Config, link: LinkId) -> String {
    let Some(link) = config.links.get(link.index()) else {
        return "?".to_owned();
    };
    let (medium, name, address) = match &link.medium {
        Medium::Broadcast => ("bcast", &*link.interface, None),
        Medium::Multicast { group, .. } => ("mcast", &*link.interface, Some(group)),
        Medium::Unicast { peer } => ("ucast", &*link.interface, Some(peer)),
        Medium::Serial { device, .. } => ("serial", config.text(*device), None),
    };
    match address {
        Some(address) => {
            let six = if address.is_ipv6() { "6" } else { "" };
            format!("{medium}{six} {name} {address}")
        }
        None => format!("{medium} {name}"),
    }
}

//! What there is, a row each: what it is, how it stands, and how bad that is. `status` and its
//! `--line` and `--json` say the same because all are made of this.

use std::fmt::Write as _;

use twinbeat::action::{Carrier, GroupState, PeerState};
use twinbeat::config::{Config, Resource};
use twinbeat::id::{GroupId, LinkId, NodeId};

use super::{Span, Status};
use crate::journal;
use crate::watchdog::View;

/// How bad; the number is the exit code of `status --line`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Ok,
    Warning,
    Critical,
}

/// One thing.
pub(super) struct Row {
    /// What it is, `link bcast eth0`; empty where the row before goes on.
    pub(super) head: String,
    /// How it stands.
    pub(super) text: String,
    pub(super) level: Level,
}

impl Level {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
        }
    }
}

impl Row {
    /// More about it.
    fn say(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// After a comma, unless it is the first.
    fn add(&mut self, text: &str) -> &mut Self {
        if !self.text.is_empty() {
            self.say(", ");
        }
        self.say(text)
    }

    fn mark(&mut self, level: Level) {
        self.level = self.level.max(level);
    }

    fn warn(&mut self, text: &str) {
        self.add(text).mark(Level::Warning);
    }
}

/// Everything.
pub(super) fn rows(status: &Status<'_>) -> Vec<Row> {
    let (config, mut rows) = (status.config, Vec::new());
    for id in config.node_ids() {
        let row = begin(&mut rows, "node ", config.node_name(id));
        if id == status.node.me() {
            this_node(status, row);
        } else {
            peer(status, id, row);
        }
    }
    for id in config.link_ids() {
        link(status, id, &mut rows);
    }
    for id in config.group_ids() {
        group(status, id, &mut rows);
    }
    for id in config.witness_ids() {
        let row = begin(&mut rows, "target ", &journal::target(config, id));
        match status.node.witness(status.now, id) {
            (true, None) => row.say("reached").mark(Level::Ok),
            (true, Some(age)) => row
                .say(&format!("reached {} ago", Span(age)))
                .mark(Level::Ok),
            (false, _) => row.warn("not reached"),
        }
    }
    watchdog(status, &mut rows);
    rows
}

fn begin<'a>(rows: &'a mut Vec<Row>, kind: &str, name: &str) -> &'a mut Row {
    rows.push(Row {
        head: format!("{kind}{name}"),
        text: String::new(),
        level: Level::Ok,
    });
    let last = rows.len() - 1;
    &mut rows[last]
}

fn this_node(status: &Status<'_>, row: &mut Row) {
    let Status {
        config, node, now, ..
    } = status;
    let mut states = config.group_ids().map(|id| node.group(*now, id).state);
    let stuck = states.any(|state| state == GroupState::StopFailed);
    let health = match (node.healthy(*now), stuck) {
        (true, _) => "healthy",
        (false, true) => "unhealthy: something did not stop",
        (false, false) => "unhealthy: its loop gets too little time",
    };
    let _ = write!(
        row.text,
        "this node, {health}, running for {}",
        Span(status.uptime())
    );
    reach(status, node.me(), row);
    if !node.healthy(*now) {
        row.mark(Level::Critical);
    }
    if node.peer(*now, node.me()).state == PeerState::Alive {
        row.add("another machine has its name")
            .mark(Level::Critical);
    }
}

fn peer(status: &Status<'_>, id: NodeId, row: &mut Row) {
    let peer = status.node.peer(status.now, id);
    row.say(journal::peer_state(peer.state));
    if peer.state != PeerState::Alive {
        row.mark(Level::Warning);
    }
    if peer.incarnation.is_some() {
        let _ = write!(row.text, ", heard {} ago", Span(peer.silence));
        if !peer.hears_us {
            row.warn("does not hear this node");
        }
    } else if let Some(ended) = peer.ended {
        let _ = write!(row.text, " for {}", Span(ended));
    }
    reach(status, id, row);
    if let Some(what) = peer.mismatch {
        row.warn("has another configuration: ");
        row.say(journal::difference(what)).say(" differ");
    }
}

fn reach(status: &Status<'_>, id: NodeId, row: &mut Row) {
    let all = status.config.reach.targets;
    if let Some(score) = status.node.score(id).filter(|_| all > 0) {
        let _ = write!(row.text, ", reaches {score} targets of {all}");
    }
}

fn link(status: &Status<'_>, id: LinkId, rows: &mut Vec<Row>) {
    let Status {
        config, node, now, ..
    } = status;
    let row = begin(rows, "link ", &journal::link_name(config, id));
    let carrier = status.links.carrier(id);
    row.say(journal::carrier(carrier));
    if carrier == Carrier::Down {
        row.mark(Level::Warning);
    }
    if let Some(noise) = status.noise(id).filter(|noise| *noise > 0) {
        let _ = write!(row.text, ", noise {noise}");
    }
    if let Some(trouble) = status.trouble(id) {
        row.warn(&trouble);
    }
    let mut first = true;
    for peer in config.node_ids() {
        let path = node.path(*now, peer, id);
        let live = node.peer(*now, peer).incarnation.is_some();
        // With more than two nodes not every link leads to every node.
        if !live || path.is_none() && (config.nodes.len() > 2 || rows_end(rows).level > Level::Ok) {
            continue;
        }
        if !first {
            begin(rows, "", "");
        }
        first = false;
        let row = rows_end(rows);
        row.add(config.node_name(peer));
        match path {
            None => row.say(" not heard here").mark(Level::Warning),
            Some(path) if !path.up => {
                let _ = write!(row.text, " not heard for {}", Span(path.age));
                row.mark(Level::Warning);
            }
            Some(path) => {
                let (loss, jitter) = (path.loss / 1000, path.jitter / 100);
                let _ = write!(
                    row.text,
                    " {} ago, loss {}.{} %, jitter {}.{} ms",
                    Span(path.age),
                    loss / 10,
                    loss % 10,
                    jitter / 10,
                    jitter % 10
                );
            }
        }
    }
}

fn rows_end(rows: &mut [Row]) -> &mut Row {
    let last = rows.len() - 1;
    &mut rows[last]
}

fn group(status: &Status<'_>, id: GroupId, rows: &mut Vec<Row>) {
    let Status {
        config,
        node,
        now,
        moves,
        ..
    } = status;
    let view = node.group(*now, id);
    let last = moves.last(id);
    let row = begin(rows, "group ", config.group_key(id));
    let (level, place, why) = match node.server(id) {
        Some((server, GroupState::Held)) => {
            let place = format!(
                "on {} for {}",
                config.node_name(server),
                Span(now.since(last.at))
            );
            (Level::Ok, place, moves.why(id, config))
        }
        Some((server, state)) => {
            let stuck = state == GroupState::StopFailed;
            let level = if stuck {
                Level::Critical
            } else {
                Level::Warning
            };
            let place = format!(
                "{} on {}",
                journal::group_state(state),
                config.node_name(server)
            );
            (level, place, journal::reason(view.reason).to_owned())
        }
        None => {
            let place = format!("on NO NODE for {}", Span(now.since(last.at)));
            (
                Level::Critical,
                place,
                journal::reason(view.reason).to_owned(),
            )
        }
    };
    row.say(&place).say(": ").say(&why).mark(level);
    let row = begin(rows, "", "");
    row.say(journal::group_state(view.state)).say(" here");
    if view.standby {
        row.add("this node stands by for it");
    }
    for other in config.node_ids().filter(|other| *other != node.me()) {
        if let Some(state) = node.state_on(other, id) {
            row.add(journal::group_state(state))
                .say(" on ")
                .say(config.node_name(other));
        }
    }
    for (nth, resource) in config.group_resources(id).iter().enumerate() {
        row.say(if nth == 0 { "; " } else { ", " });
        row.say(&word(config, resource)).say(" ");
        row.say(status.resources.standing(id, nth, view.state));
    }
    if view.state == GroupState::StartFailed {
        row.mark(Level::Warning);
    }
}

/// A resource as in `haresources`, but for what follows an address.
pub(super) fn word(config: &Config, resource: &Resource) -> String {
    match resource {
        Resource::Address(address) => address.address.to_string(),
        Resource::Network(word, _) | Resource::Script(word) => config.text(*word).to_owned(),
    }
}

fn watchdog(status: &Status<'_>, rows: &mut Vec<Row>) {
    let View {
        device,
        identity,
        timeout,
        kicked,
        trouble,
    } = &status.watchdog;
    if *timeout > 0 {
        let row = begin(rows, "watchdog ", device);
        let kicked = if *kicked { "kicked" } else { "" };
        let _ = write!(row.text, "{identity}, {timeout} s, {kicked}{trouble}");
        if !trouble.is_empty() {
            row.mark(Level::Critical);
        }
    } else if !trouble.is_empty() {
        begin(rows, "watchdog", "")
            .say("none is armed: ")
            .say(trouble)
            .mark(Level::Warning);
    }
}

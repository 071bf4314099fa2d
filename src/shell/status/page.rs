//! `twinbeat status`: what is wrong, the worst first, then everything, a row or two for each thing.
//! `--line`, and `level` and `problems` of `--json`, are made of the same rows.

use std::fmt::{Arguments, Write as _};

use twinbeat::action::{Carrier, GroupState, PeerState};
use twinbeat::config::{Config, Resource};
use twinbeat::id::{GroupId, LinkId, NodeId};

use super::{Span, Status};
use crate::journal;
use crate::watchdog::View;

/// Where the second column begins.
const COLUMN: usize = 24;

/// How bad; the number is the exit code of `status --line`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Ok,
    Warning,
    Critical,
}

/// All rows, and those again that are not well.
pub(super) struct Page {
    rows: String,
    warnings: String,
    criticals: String,
    /// What the present row is about, `link bcast eth0`, and how that stands.
    head: String,
    row: String,
    level: Level,
}

/// Lines that begin with `OK`, `WARNING` or `CRITICAL`, an empty one, and the rows.
pub(crate) fn text(status: &Status<'_>) -> String {
    let page = Page::new(status);
    let mut text = page.problems();
    if text.is_empty() {
        let config = status.config;
        let (groups, nodes, links) = (config.groups.len(), config.nodes.len(), config.links.len());
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "OK: {groups} groups are served, {nodes} nodes alive, {links} links up"
        );
    }
    text.push('\n');
    text + &page.rows
}

/// A resource as in `haresources`, but for what follows an address.
pub(super) fn word(config: &Config, resource: &Resource) -> String {
    match resource {
        Resource::Address(address) => address.address.to_string(),
        Resource::Network(word, _) | Resource::Script(word) => config.text(*word).to_owned(),
    }
}

impl Page {
    pub(super) fn new(status: &Status<'_>) -> Self {
        let config = status.config;
        let mut page = Self {
            rows: String::new(),
            warnings: String::new(),
            criticals: String::new(),
            head: String::new(),
            row: String::new(),
            level: Level::Ok,
        };
        for id in config.node_ids() {
            page.node(status, id);
        }
        for id in config.link_ids() {
            page.link(status, id);
        }
        for id in config.group_ids() {
            page.group(status, id);
        }
        for id in config.witness_ids() {
            let (up, age) = status.node.witness(status.now, id);
            if !up {
                page.warn(format_args!("not "));
            }
            page.say(format_args!("reached"));
            if let Some(age) = age {
                page.say(format_args!(", heard {} ago", Span(age)));
            }
            page.end("target ", &journal::target(config, id));
        }
        page.watchdog(&status.watchdog);
        page
    }

    /// A line for each, the worst first.
    pub(super) fn problems(&self) -> String {
        self.criticals.clone() + &self.warnings
    }

    /// 0 ok, 1 warning, 2 critical.
    pub(super) fn level(&self) -> u8 {
        if !self.criticals.is_empty() {
            2
        } else {
            u8::from(!self.warnings.is_empty())
        }
    }

    fn node(&mut self, status: &Status<'_>, id: NodeId) {
        let Status {
            config, node, now, ..
        } = status;
        let peer = node.peer(*now, id);
        if id == node.me() {
            let mut groups = config.group_ids();
            let failed = |group| node.group(*now, group).state == GroupState::StopFailed;
            let health = if node.healthy(*now) {
                "healthy"
            } else if groups.any(failed) {
                "unhealthy: something did not stop"
            } else {
                "unhealthy: its loop gets too little time"
            };
            let uptime = Span(status.uptime());
            self.say(format_args!("this node, {health}, up {uptime}"));
            if peer.state == PeerState::Alive {
                self.say(format_args!(", another machine has its name"));
            }
            if node.is_disabled() {
                self.warn(format_args!(", disabled: it serves nothing"));
            }
            if node.maintenance().0 {
                self.warn(format_args!(", maintenance: nothing moves by itself"));
            }
            if peer.state == PeerState::Alive || !node.healthy(*now) {
                self.level = Level::Critical;
            }
        } else {
            self.say(format_args!("{}", journal::peer_state(peer.state)));
            if peer.state != PeerState::Alive {
                self.level = Level::Warning;
            }
            if peer.incarnation.is_some() {
                self.say(format_args!(", heard {} ago", Span(peer.silence)));
                if !peer.hears_us {
                    self.warn(format_args!(", does not hear this node"));
                }
            }
            if let Some(ended) = peer.ended {
                self.say(format_args!(" for {}", Span(ended)));
            }
            if let Some(what) = peer.mismatch {
                let what = journal::difference(what);
                self.warn(format_args!(", has another configuration: {what} differ"));
            }
        }
        let all = config.reach.targets;
        if let Some(score) = node.score(id).filter(|_| all > 0) {
            self.say(format_args!(", reaches {score} targets of {all}"));
        }
        self.end("node ", config.node_name(id));
    }

    fn link(&mut self, status: &Status<'_>, id: LinkId) {
        let Status {
            config, node, now, ..
        } = status;
        let carrier = status.links.carrier(id);
        self.say(format_args!("{}", journal::carrier(carrier)));
        if carrier == Carrier::Down {
            self.level = Level::Warning;
        }
        if let Some(noise) = status.noise(id).filter(|noise| *noise > 0) {
            self.say(format_args!(", noise {noise}"));
        }
        if let Some(trouble) = status.trouble(id) {
            self.warn(format_args!(", {trouble}"));
        }
        let link = journal::link_name(config, id);
        let mut kind = "link ";
        for peer in config.node_ids() {
            let (path, name) = (node.path(*now, peer, id), config.node_name(peer));
            let Some(path) = path else {
                // With more than two nodes not every link leads to every node.
                let live = node.peer(*now, peer).incarnation.is_some();
                if live && config.nodes.len() == 2 && self.level == Level::Ok {
                    self.warn(format_args!(", {name} not heard here"));
                }
                continue;
            };
            if !self.row.is_empty() {
                self.say(format_args!(", "));
            }
            if path.up {
                let (loss, jitter) = (path.loss / 1000, path.jitter / 100);
                self.say(format_args!(
                    "{name} {} ago, loss {}.{} %, jitter {}.{} ms",
                    Span(path.age),
                    loss / 10,
                    loss % 10,
                    jitter / 10,
                    jitter % 10
                ));
            } else {
                self.warn(format_args!("{name} not heard for {}", Span(path.age)));
            }
            // A row of its own for each node.
            self.end(kind, &link);
            kind = "";
        }
        if !kind.is_empty() {
            self.end(kind, &link);
        }
    }

    fn group(&mut self, status: &Status<'_>, id: GroupId) {
        let Status {
            config,
            node,
            now,
            moves,
            ..
        } = status;
        let view = node.group(*now, id);
        let server = node.server(id);
        let name = server.map_or("NO NODE", |(server, _)| config.node_name(server));
        let why = match server {
            Some((_, GroupState::Held)) => moves.why(id, config),
            Some((_, state)) => {
                self.warn(format_args!("{} ", journal::group_state(state)));
                if state == GroupState::StopFailed {
                    self.level = Level::Critical;
                }
                journal::reason(view.reason).to_owned()
            }
            None => {
                self.level = Level::Critical;
                journal::reason(view.reason).to_owned()
            }
        };
        let since = Span(now.since(moves.last(id).at));
        self.say(format_args!("on {name} for {since}: {why}"));
        self.end("group ", config.group_key(id));
        self.say(format_args!("{} here", journal::group_state(view.state)));
        if view.failures > 0 {
            self.warn(format_args!(", failures here: {}", view.failures));
        }
        if let Some(wait) = view.retry {
            self.warn(format_args!(", tried again in {}", Span(wait)));
        }
        if view.standby {
            self.say(format_args!(", this node stands by for it"));
        }
        if view.moved {
            self.say(format_args!(", a person moved it there"));
        }
        for other in config.node_ids().filter(|other| *other != node.me()) {
            if let Some(state) = node.state_on(other, id) {
                let (state, name) = (journal::group_state(state), config.node_name(other));
                self.say(format_args!(", {state} on {name}"));
            }
        }
        let mut gap = "; ";
        for (nth, resource) in config.group_resources(id).iter().enumerate() {
            let state = status.resources.standing(id, nth, view.state);
            self.say(format_args!("{gap}{} {state}", word(config, resource)));
            gap = ", ";
        }
        self.end("", "");
    }

    fn watchdog(&mut self, view: &View<'_>) {
        let View {
            device,
            identity,
            timeout,
            kicked,
            trouble,
        } = view;
        if *timeout > 0 {
            let kicked = if *kicked { "kicked" } else { "" };
            self.say(format_args!("{identity}, {timeout} s, {kicked}"));
        }
        if !trouble.is_empty() {
            self.warn(format_args!("{trouble}"));
        }
        if !self.row.is_empty() {
            self.end("watchdog ", device);
        }
    }

    /// More in this row.
    #[inline(never)]
    fn say(&mut self, text: Arguments<'_>) {
        let _ = self.row.write_fmt(text);
    }

    /// More, which is not well.
    #[inline(never)]
    fn warn(&mut self, text: Arguments<'_>) {
        self.level = self.level.max(Level::Warning);
        self.say(text);
    }

    /// The row is about this; without a kind it goes on with the one before.
    #[inline(never)]
    fn end(&mut self, kind: &str, name: &str) {
        let mut head = "";
        if !kind.is_empty() {
            self.head = [kind, name].concat();
            head = &self.head;
        }
        let _ = writeln!(self.rows, "{head:COLUMN$} {}", self.row);
        let problem = match self.level {
            Level::Ok => None,
            Level::Warning => Some((&mut self.warnings, "WARNING")),
            Level::Critical => Some((&mut self.criticals, "CRITICAL")),
        };
        if let Some((problems, word)) = problem {
            let _ = writeln!(problems, "{word}: {}: {}", self.head, self.row);
        }
        self.row.clear();
        self.level = Level::Ok;
    }
}

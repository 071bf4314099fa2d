//! `twinbeat status`: what is wrong, the worst first, then everything, a row or two for each thing.
//! `--line`, and `level` and `problems` of `--json`, are made of the same rows.

use std::fmt::Write as _;

use twinbeat::action::{Carrier, GroupState, PeerState};
use twinbeat::config::{Config, Dialect, Resource};
use twinbeat::id::{GroupId, LinkId, NodeId};
use twinbeat::time::Duration;

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
            "OK: groups served: {groups}, nodes alive: {nodes}, links up: {links}"
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
                page.warn("not ");
            }
            page.say("reached");
            if let Some(age) = age {
                page.heard(age);
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
            self.say("this node, ");
            self.say(health);
            self.span(", up ", status.uptime());
            if config.dialect == Dialect::LinuxHa {
                self.say(", protocol linux-ha");
            }
            if peer.state == PeerState::Alive {
                self.say(", another machine has its name");
            }
            if node.is_disabled() {
                self.warn(", disabled: it serves nothing");
            }
            if node.maintenance().0 {
                self.warn(", maintenance: nothing moves by itself");
            }
            if peer.state == PeerState::Alive || !node.healthy(*now) {
                self.level = Level::Critical;
            }
        } else {
            self.say(journal::peer_state(peer.state));
            if peer.state != PeerState::Alive {
                self.level = Level::Warning;
            }
            if peer.incarnation.is_some() {
                if config.dialect == Dialect::LinuxHa {
                    self.say(", a heartbeat");
                }
                self.heard(peer.silence);
                if !peer.hears_us {
                    self.warn(", does not hear this node");
                }
            }
            if let Some(ended) = peer.ended {
                self.span(" for ", ended);
            }
            if let Some(what) = peer.mismatch {
                self.warn(", has another configuration: ");
                self.say(journal::difference(what));
                self.say(" differ");
            }
        }
        let all = config.reach.targets;
        if let Some(score) = node.score(id).filter(|_| all > 0) {
            self.count(", reaches ", score.into());
            self.count(" of ", all.into());
            self.say(" targets");
        }
        self.end("node ", config.node_name(id));
    }

    fn link(&mut self, status: &Status<'_>, id: LinkId) {
        let Status {
            config, node, now, ..
        } = status;
        let carrier = status.links.carrier(id);
        self.say(journal::carrier(carrier));
        if carrier == Carrier::Down {
            self.level = Level::Warning;
        }
        if let Some(noise) = status.noise(id).filter(|noise| *noise > 0) {
            self.count(", noise ", noise);
        }
        if let Some(trouble) = status.trouble(id) {
            self.warn(", ");
            self.say(&trouble);
        }
        let is_own = status.links.is_own(id);
        if is_own {
            self.say(", this node's own address");
        }
        let link = journal::link_name(config, id);
        let mut kind = "link ";
        for peer in config.node_ids() {
            let (path, name) = (node.path(*now, peer, id), config.node_name(peer));
            let Some(path) = path else {
                // With more than two nodes not every link leads to every node.
                let live = node.peer(*now, peer).incarnation.is_some();
                if live && config.nodes.len() == 2 && self.level == Level::Ok && !is_own {
                    self.warn(", ");
                    self.say(name);
                    self.say(" not heard here");
                }
                continue;
            };
            if !self.row.is_empty() {
                self.say(", ");
            }
            self.say(name);
            if path.up {
                self.span(" ", path.age);
                self.tenths(" ago, loss ", path.loss / 1000);
                self.tenths(" %, jitter ", path.jitter / 100);
                self.say(" ms");
            } else {
                self.warn("");
                self.span(" not heard for ", path.age);
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
                self.warn(journal::group_state(state));
                self.say(" ");
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
        self.say("on ");
        self.say(name);
        self.span(" for ", now.since(moves.last(id).at));
        self.say(": ");
        self.say(&why);
        self.end("group ", config.group_key(id));
        self.say(journal::group_state(view.state));
        self.say(" here");
        if view.failures > 0 {
            self.warn("");
            self.count(", failures here: ", view.failures.into());
        }
        if let Some(wait) = view.retry {
            self.warn("");
            self.span(", tried again in ", wait);
        }
        if view.standby {
            self.say(", this node stands by for it");
        }
        if view.moved {
            self.say(", a person moved it there");
        }
        for other in config.node_ids().filter(|other| *other != node.me()) {
            if let Some(state) = node.state_on(other, id) {
                self.say(", ");
                self.say(journal::group_state(state));
                self.say(" on ");
                self.say(config.node_name(other));
            }
        }
        let mut gap = "; ";
        for (nth, resource) in config.group_resources(id).iter().enumerate() {
            self.say(gap);
            self.say(&word(config, resource));
            self.say(" ");
            self.say(status.resources.standing(id, nth, view.state));
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
            self.say(identity);
            self.count(", ", (*timeout).into());
            self.say(if *kicked { " s, kicked" } else { " s, " });
        }
        if !trouble.is_empty() {
            self.warn(trouble);
        }
        if !self.row.is_empty() {
            self.end("watchdog ", if device.is_empty() { "none" } else { device });
        }
    }

    /// More in this row.
    #[inline(never)]
    fn say(&mut self, text: &str) {
        self.row.push_str(text);
    }

    /// More, which is not well.
    #[inline(never)]
    fn warn(&mut self, text: &str) {
        self.level = self.level.max(Level::Warning);
        self.say(text);
    }

    #[inline(never)]
    fn span(&mut self, before: &str, span: Duration) {
        let _ = write!(self.row, "{before}{}", Span(span));
    }

    fn heard(&mut self, ago: Duration) {
        self.span(", heard ", ago);
        self.say(" ago");
    }

    #[inline(never)]
    fn count(&mut self, before: &str, count: u64) {
        let _ = write!(self.row, "{before}{count}");
    }

    #[inline(never)]
    fn tenths(&mut self, before: &str, tenths: u32) {
        let _ = write!(self.row, "{before}{}.{}", tenths / 10, tenths % 10);
    }

    /// The row is about this; without a kind it goes on with the one before.
    #[inline(never)]
    fn end(&mut self, kind: &str, name: &str) {
        let mut head = "";
        if !kind.is_empty() {
            self.head.clear();
            self.head.push_str(kind);
            self.head.push_str(name);
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

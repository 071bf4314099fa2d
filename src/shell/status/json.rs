//! `twinbeat status --json`: one object on one line.
//!
//! ```text
//! version      1; another number when the meaning of a member changes. Members may be added.
//! program      the program's version
//! node         this node's name
//! protocol     native, or linux-ha: the others are heartbeats
//! incarnation  this start of it, 16 hexadecimal digits
//! uptime_ms    since then
//! healthy      false: this loop gets too little time and lets go, or something did not stop
//! level        0 ok, 1 warning, 2 critical: the exit code of `status --line`
//! problems[]   what is wrong, a text each, the worst first
//! disabled     a person had it serve nothing
//! maintenance  on every node nothing moves by itself
//! nodes[]      in the order of ha.cf: name, self, state (unheard alive late dead left),
//!              incarnation (null until proven), silence_ms (null for this node), links[] it is
//!              heard on, paths[] (see below), hears_us, score (targets it reaches; null if it does not live), mismatch
//!              (null nodes groups timing)
//! paths[]      one for each link that this life of the node was heard on: link, up, age_ms (since a
//!              frame was accepted from it), loss_ppm (of the last 256 to 512 frames), jitter_us
//!              (mean difference of the time between two beats from keepalive), longest_ms (time
//!              between two accepted frames), frames (that came), missed (that did not); while the
//!              link is down it counts for nothing but age_ms
//! links[]      in the order of ha.cf: name, interface, port, carrier (up down), sent, unsent,
//!              received, accepted, noise (runs of bytes on a serial line that were no frame),
//!              trouble (null or text)
//! groups[]     in the order of haresources: key, home, state (idle unknown claiming starting
//!              held stopping start-failed stop-failed) on this node, holder (name or null),
//!              wanted (name or null), reason (text), standby (this node stands by for it),
//!              moved (a person moved it to its holder), epoch, failures (here, since it last ran well),
//!              retry_s (until it is tried again here, or null),
//!              since_ms (since it last moved), from (where it was before, name or null), why (text:
//!              why it moved), resources[]: name, state (ok stopped starting waiting stopping asked unknown
//!              failed missing, or two words) on this node
//! watchdog     device, identity and timeout_s of the one that is armed (empty and 0 when none is),
//!              kicked, trouble (text, or empty)
//! ping[]       hosts and tracked interfaces in the order of ha.cf: host (address or interface),
//!              target (the same, or the name of its ping_group), reached, age_ms (since its last answer, or null)
//! rejected     refused frames by reason
//! ```

use std::fmt::Write as _;

use twinbeat::action::PeerState;
use twinbeat::action::Reject;
use twinbeat::id::{LinkSet, NodeId};
use twinbeat::time::Duration;

use super::Status;
use super::page::{Page, word};
use crate::journal;

/// Everything as one object.
pub(crate) fn json(status: &Status<'_>) -> String {
    let Status {
        config, node, now, ..
    } = status;
    let mut out = Json(String::new());
    out.object(|out| {
        out.number("version", 1_u8);
        out.text("program", env!("CARGO_PKG_VERSION"));
        out.text("node", config.node_name(node.me()));
        out.text("protocol", config.dialect.word());
        out.text("incarnation", &hexadecimal(node.incarnation()));
        out.number("uptime_ms", status.uptime().millis());
        out.flag("healthy", node.healthy(*now));
        let page = Page::new(status);
        out.number("level", page.level());
        out.array("problems");
        for line in page.problems().lines() {
            out.string(line);
        }
        out.put("]");
        out.flag("disabled", node.is_disabled());
        out.flag("maintenance", node.maintenance().0);
        out.list("nodes", config.node_ids(), |out, id| peer(out, status, id));
        out.list("links", config.link_ids(), |out, id| {
            let counters = status.links.counters(id);
            let link = config.links.get(id.index());
            out.text("name", &journal::link_name(config, id));
            out.optional("interface", link.map(|link| link.interface.as_str()));
            out.number("port", link.map_or(0, |link| link.port));
            out.text("carrier", journal::carrier(status.links.carrier(id)));
            out.number("sent", counters.sent);
            out.number("unsent", counters.unsent);
            out.number("received", counters.received);
            out.number("accepted", node.link(id).heard);
            out.number("noise", status.noise(id).unwrap_or(0));
            out.optional("trouble", status.trouble(id).as_deref());
        });
        out.list("groups", config.group_ids(), |out, id| {
            let view = node.group(*now, id);
            let name = |id: Option<NodeId>| id.map(|id| config.node_name(id));
            out.text("key", config.group_key(id));
            out.optional(
                "home",
                name(config.groups.get(id.index()).map(|group| group.home)),
            );
            out.text("state", journal::group_state(view.state));
            out.optional("holder", name(view.holder));
            out.optional("wanted", name(view.wanted));
            out.text("reason", journal::reason(view.reason));
            out.flag("standby", view.standby);
            out.flag("moved", view.moved);
            out.number("epoch", view.epoch);
            let last = status.moves.last(id);
            out.number("since_ms", now.since(last.at).millis());
            out.optional("from", name(last.from));
            out.text("why", &status.moves.why(id, config));
            let resources = config.group_resources(id).iter().enumerate();
            out.list("resources", resources, |out, (nth, resource)| {
                out.text("name", &word(config, resource));
                out.text("state", status.resources.standing(id, nth, view.state));
            });
            out.number("failures", view.failures);
            out.maybe("retry_s", view.retry.map(|wait| wait.millis() / 1000));
        });
        out.member("watchdog");
        let watchdog = &status.watchdog;
        out.object(|out| {
            out.text("device", watchdog.device);
            out.text("identity", watchdog.identity);
            out.number("timeout_s", watchdog.timeout);
            out.flag("kicked", watchdog.kicked);
            out.text("trouble", watchdog.trouble);
        });
        out.list("ping", config.witness_ids(), |out, id| {
            let (up, age) = node.witness(*now, id);
            out.text("host", &journal::host(config, id));
            out.text("target", &journal::target(config, id));
            out.flag("reached", up);
            out.maybe("age_ms", age.map(Duration::millis));
        });
        out.member("rejected");
        out.object(|out| {
            for why in Reject::ALL {
                out.number(journal::reject(why), node.rejected(why));
            }
        });
    });
    out.0.push('\n');
    out.0
}

fn peer(out: &mut Json, status: &Status<'_>, id: NodeId) {
    let Status {
        config, node, now, ..
    } = status;
    let own = id == node.me();
    let peer = node.peer(*now, id);
    let (state, incarnation, links) = if own {
        (PeerState::Alive, Some(node.incarnation()), LinkSet::EMPTY)
    } else {
        (peer.state, peer.incarnation, peer.links)
    };
    out.text("name", config.node_name(id));
    out.flag("self", own);
    out.text("state", journal::peer_state(state));
    out.optional("incarnation", incarnation.map(hexadecimal).as_deref());
    out.maybe("silence_ms", (!own).then(|| peer.silence.millis()));
    out.array("links");
    for link in links.iter() {
        out.string(&journal::link_name(config, link));
    }
    out.put("]");
    let path = |link| Some((link, node.path(*now, id, link)?));
    let paths = config.link_ids().filter_map(path);
    out.list("paths", paths.filter(|_| !own), |out, (link, path)| {
        out.text("link", &journal::link_name(config, link));
        out.flag("up", path.up);
        out.number("age_ms", path.age.millis());
        out.number("loss_ppm", path.loss);
        out.number("jitter_us", path.jitter);
        out.number("longest_ms", path.longest.millis());
        out.number("frames", path.frames);
        out.number("missed", path.missed);
    });
    out.flag("hears_us", own || peer.hears_us);
    out.maybe("score", node.score(id).map(u64::from));
    out.optional(
        "mismatch",
        peer.mismatch.filter(|_| !own).map(journal::difference),
    );
}

fn hexadecimal(incarnation: u64) -> String {
    format!("{incarnation:016x}")
}

/// A text under construction. Writing to a string does not fail.
pub(crate) struct Json(pub(crate) String);

impl Json {
    pub(crate) fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.open("{");
        members(self);
        self.put("}");
    }

    #[inline(never)]
    pub(crate) fn put(&mut self, bracket: &str) {
        self.0.push_str(bracket);
    }

    /// A value with more in it; what is in it and its end follow.
    #[inline(never)]
    fn open(&mut self, bracket: &str) {
        self.separate();
        self.put(bracket);
    }

    fn array(&mut self, name: &str) {
        self.member(name);
        self.open("[");
    }

    /// An array with an object for each item.
    fn list<T>(
        &mut self,
        name: &str,
        items: impl Iterator<Item = T>,
        mut members: impl FnMut(&mut Self, T),
    ) {
        self.array(name);
        for item in items {
            self.object(|out| members(out, item));
        }
        self.put("]");
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.member(name);
        self.string(value);
    }

    pub(crate) fn optional(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.word(name, "null"),
        }
    }

    pub(crate) fn number(&mut self, name: &str, value: impl Into<u64>) {
        self.whole(name, value.into());
    }

    #[inline(never)]
    fn whole(&mut self, name: &str, value: u64) {
        self.member(name);
        let _ = write!(self.0, "{value}");
    }

    fn flag(&mut self, name: &str, value: bool) {
        self.word(name, if value { "true" } else { "false" });
    }

    #[inline(never)]
    fn maybe(&mut self, name: &str, value: Option<u64>) {
        match value {
            Some(value) => self.whole(name, value),
            None => self.word(name, "null"),
        }
    }

    #[inline(never)]
    fn word(&mut self, name: &str, value: &str) {
        self.member(name);
        self.0.push_str(value);
    }

    /// A member's name; its value follows.
    fn member(&mut self, name: &str) {
        self.string(name);
        self.0.push(':');
    }

    /// A comma, except before the first and before the value of a member.
    fn separate(&mut self) {
        if !matches!(
            self.0.as_bytes().last(),
            None | Some(b'{' | b'[' | b':' | b'\n')
        ) {
            self.0.push(',');
        }
    }

    fn string(&mut self, value: &str) {
        self.separate();
        self.0.push('"');
        for character in value.chars() {
            match character {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\u{0}'..='\u{1f}' | '\u{7f}' => {
                    let _ = write!(self.0, "\\u{:04x}", u32::from(character));
                }
                _ => self.0.push(character),
            }
        }
        self.0.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_escaped_so_that_it_stays_a_string() {
        let mut out = Json(String::new());
        out.object(|out| {
            out.text("a\"b", "c\\d\n\u{1b}[");
            out.optional("none", None);
            out.list("list", [1_u8, 2].into_iter(), |out, n| out.number("n", n));
        });
        assert_eq!(
            out.0,
            r#"{"a\"b":"c\\d\u000a\u001b[","none":null,"list":[{"n":1},{"n":2}]}"#
        );
    }
}

//! What the dialect makes of the other directives, and what it asks of them.

use super::directive::{Name, RANDOM};
use super::value::{MAX_NAME, set_text};
use super::{Problem, Settings, device};
use crate::config::diagnostic::{File, Quoted, Report};
use crate::config::lexer::{Lines, Word, Words};
use crate::config::{Config, Dialect, group};

/// What `protocol` says, wherever it stands: what other lines mean depends on it.
pub(in crate::config) fn dialect(files: &[(File, Option<&[u8]>)]) -> Dialect {
    let is_heartbeat = |(first, mut values): (Word<'_>, Words<'_>)| {
        let value = values.next();
        first.bytes == b"protocol" && value.is_some_and(|value| value.bytes == b"linux-ha")
    };
    let mut files = files.iter();
    let found = files.any(|(file, text)| {
        let mut lines = Lines::new(*file, text.unwrap_or_default());
        lines.any(is_heartbeat)
    });
    match found {
        true => Dialect::LinuxHa,
        false => Dialect::Native,
    }
}

impl Settings {
    /// One of those that are about the dialect itself.
    pub(super) fn read_dialect(
        &mut self,
        name: Name,
        first: Word<'_>,
        value: Word<'_>,
        config: &mut Config,
        report: &mut Report<'_>,
    ) {
        let quoted = Quoted(value.bytes);
        let (dialect, bytes) = (config.dialect, value.bytes);
        let is_among = |words: &[&[u8]]| words.contains(&bytes);
        if name == Name::Cluster {
            if bytes.len() > MAX_NAME || !bytes.iter().all(u8::is_ascii_graphic) {
                return report.say(value.at, Problem::BadCluster(quoted));
            }
            let text = config.keep(bytes, value.at, report);
            set_text(config, name, text);
            if dialect == Dialect::LinuxHa {
                report.say(first.at, Problem::NoEffect("cluster", CLUSTER));
            }
        } else if name == Name::Heartbeatdir {
            let text = device::keep_path(name, value, config, report);
            set_text(config, name, text);
        } else if name == Name::Hbgenmethod {
            config.generation.by_clock = bytes == b"time";
            if !is_among(&[b"file", b"time"]) {
                report.say(value.at, Problem::Wrong(quoted, "must be file or time"));
            } else if dialect == Dialect::Native {
                report.say(first.at, Problem::NoEffect("hbgenmethod", RANDOM));
            }
        } else if !is_among(&[b"native", b"linux-ha"]) {
            // What `protocol` says was found before anything else.
            report.say(value.at, Problem::BadProtocol(quoted));
        }
    }

    /// Refuses what a real heartbeat cannot have; nodes must be known.
    pub(super) fn finish_dialect(&self, config: &Config, report: &mut Report<'_>) {
        let two = config.nodes.len() == 2 || !self.knows_nodes();
        if config.dialect == Dialect::LinuxHa && !two {
            report.say(self.node_place(), Problem::TwoNodes);
        }
    }
}

/// Reads a `group` line, and says which words of it a real heartbeat does not keep.
pub(super) fn read_group<'a>(
    first: Word<'a>,
    words: Words<'a>,
    complete: bool,
    config: &mut Config,
    report: &mut Report<'_>,
) {
    if let Err((word, what)) = group::read(first, words.clone(), complete, config) {
        return report.say(word.at, Problem::Wrong(Quoted(word.bytes), what));
    }
    if config.dialect == Dialect::Native {
        return;
    }
    for word in words {
        let known = KEPT_BY_ONE.iter().find(|(name, _)| *name == word.bytes);
        if let Some((_, what)) = known {
            report.say(word.at, Problem::Differs(Quoted(word.bytes), what));
        }
    }
}

const CLUSTER: &str = "a heartbeat does not sign it, so two clusters on one network need two keys";

/// What `check` says of options that a real heartbeat does not know.
const KEPT_BY_ONE: [(&[u8], &str); 3] = [
    (
        b"at-most-one",
        "holds for this node alone: in a partition a real heartbeat takes the group all the same, so \
         join the nodes by a second path",
    ),
    (
        b"failback",
        "does nothing with protocol linux-ha: heartbeat moves all groups of one home together, as \
         auto_failback says",
    ),
    (
        b"with",
        "holds with protocol linux-ha only among groups of one home: heartbeat moves those together \
         and no others",
    ),
];

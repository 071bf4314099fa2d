//! What a node knows, for people ([`text`]) and for programs ([`json`], of which [`metrics`] are made).

mod heartbeat;
mod json;
mod metrics;
mod moves;
mod page;
mod settled;
mod span;

use twinbeat::Node;
use twinbeat::config::Config;
use twinbeat::id::LinkId;
use twinbeat::time::{Duration, Instant};

use crate::journal;
use crate::link::Links;
use crate::resource::Resources;
use crate::watchdog;
pub(crate) use heartbeat::heartbeat;
pub(crate) use json::{Json, json};
pub(crate) use metrics::metrics;
pub(crate) use moves::Moves;
pub(crate) use page::text;
pub(crate) use settled::settled;
pub(crate) use span::Span;

/// Where everything that is told comes from.
pub(crate) struct Status<'a> {
    /// Names.
    pub(crate) config: &'a Config,
    /// What the core knows.
    pub(crate) node: &'a Node,
    /// What the kernel took.
    pub(crate) links: &'a Links,
    /// What is done with resources.
    pub(crate) resources: &'a Resources,
    /// How groups came to where they are.
    pub(crate) moves: &'a Moves,
    /// What guards this machine.
    pub(crate) watchdog: watchdog::View<'a>,
    /// The time it is told for.
    pub(crate) now: Instant,
    /// When this program was started.
    pub(crate) started: Instant,
}

/// Frames that may go unanswered before a link is called deaf: about as many beats as it takes a
/// peer that is just being started to answer.
const DEAF_AFTER: u64 = 10;

impl Status<'_> {
    fn uptime(&self) -> Duration {
        self.now.since(self.started)
    }

    /// What may be wrong with a link, in words.
    fn trouble(&self, link: LinkId) -> Option<String> {
        let counters = self.links.counters(link);
        let trouble = self.links.trouble(link);
        if !trouble.is_empty() {
            return Some(trouble.to_owned());
        }
        if let Some(error) = self.links.fault(link) {
            let hint = match error {
                nix::errno::Errno::EPERM => ": a firewall here drops what is sent?",
                _ => "",
            };
            return Some(journal::errno(error).to_owned() + hint);
        }
        let words = match (counters.received, self.is_serial(link)) {
            (0, true) if counters.unreceived > 0 => "heard nothing but noise: baud, wiring?",
            (0, true) => "never heard anything: cable, or the other end's program?",
            (0, false) => "never heard anything: firewall?",
            (_, true) => {
                "never heard a frame that could be accepted: key, cluster or nodes differ, or is it an echo?"
            }
            (_, false) => {
                "never heard a frame that could be accepted: key, cluster or nodes differ?"
            }
        };
        let deaf = counters.sent >= DEAF_AFTER
            && self.node.link(link).heard == 0
            && !self.links.is_own(link);
        deaf.then(|| words.to_owned())
    }

    /// Runs of bytes on a serial line that were no frame; none for other media.
    fn noise(&self, link: LinkId) -> Option<u64> {
        self.is_serial(link)
            .then(|| self.links.counters(link).unreceived)
    }

    fn is_serial(&self, link: LinkId) -> bool {
        let link = self.config.links.get(link.index());
        link.is_some_and(|link| link.rate().is_some())
    }
}

#[cfg(test)]
mod tests;

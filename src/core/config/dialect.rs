//! How the words of nodes are put on the wire.

use super::{Config, Text, line};

/// `protocol`: the language of a cluster, the same on every node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// `native`: our own, short and fresh. The default.
    #[default]
    Native,
    /// `linux-ha`: what heartbeat 3.0.6 speaks, with one peer.
    LinuxHa,
}

/// Where the boot generation comes from that a real heartbeat is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Generation {
    /// `hbgenmethod time`: it is the time on the wall, and no file is read.
    pub by_clock: bool,
    /// `heartbeatdir`: holds `hb_generation` and `hb_uuid`, heartbeat's own files.
    pub directory: Text,
}

impl Dialect {
    /// As it is written behind `protocol`.
    pub fn word(self) -> &'static str {
        self.of(["native", "linux-ha"])
    }

    /// The one of two, native first, that belongs to it.
    pub(super) fn of<T: Copy>(self, [native, linux_ha]: [T; 2]) -> T {
        match self {
            Self::Native => native,
            Self::LinuxHa => linux_ha,
        }
    }
}

impl Config {
    /// Bytes of what a node says periodically on each of so many serial lines in every keepalive, with
    /// [`line::FRAMING`] (none for text, where it counts as well).
    pub fn load(&self, lines: usize) -> usize {
        let names = self.node_ids().map(|node| self.node_name(node).len());
        match self.dialect {
            Dialect::Native => line::load(self.nodes.len(), self.groups.len(), lines),
            Dialect::LinuxHa => line::text_load(names.max().unwrap_or(0)),
        }
    }
}

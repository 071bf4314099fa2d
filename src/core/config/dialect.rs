//! How the words of nodes are put on the wire.

use super::Text;

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
    /// The one of two, native first, that belongs to it.
    pub(super) fn of<T: Copy>(self, [native, linux_ha]: [T; 2]) -> T {
        match self {
            Self::Native => native,
            Self::LinuxHa => linux_ha,
        }
    }
}

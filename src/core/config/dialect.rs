//! How the words of nodes are put on the wire.

/// `protocol`: the language of a cluster, the same on every node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// `native`: our own, short and fresh. The default.
    #[default]
    Native,
    /// `linux-ha`: what heartbeat 3.0.6 speaks, with one peer.
    LinuxHa,
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

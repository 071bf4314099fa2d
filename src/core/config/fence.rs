//! How nodes are switched off: `stonith`, `stonith_host`.

use super::{Config, Text};
use crate::id::NodeId;

/// Most fences.
pub const MAX_FENCES: usize = 8;

/// A script that switches a node off: `PATH off NODE`; exit code 0 says that it is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The node's name as written, or `*` for any.
    pub host: Text,
    /// The absolute path of the script.
    pub path: Text,
    /// Its parameters, which become its environment: `NAME=value`, one a line.
    pub parameters: Text,
}

impl Config {
    /// How a node is switched off, if there is a way: the first that is for it.
    pub fn fence_of(&self, node: NodeId) -> Option<&Fence> {
        let name = self.node_name(node);
        self.fences.iter().find(|fence| {
            let host = self.text(fence.host);
            host == "*" || host.eq_ignore_ascii_case(name)
        })
    }
}

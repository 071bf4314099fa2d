//! Programs that run beside the agent: `respawn`.

use super::{Config, Text};

/// Most companions.
pub const MAX_COMPANIONS: usize = 8;

/// A program that is started when a link has carrier, and again when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Companion {
    /// The name of the user it runs as.
    pub user: Text,
    /// An absolute path and what follows it on its line: words of a shell.
    pub command: Text,
}

impl Config {
    /// The path of a companion.
    pub fn companion_path(&self, companion: &Companion) -> &str {
        let mut words = self.text(companion.command).split_ascii_whitespace();
        words.next().unwrap_or_default()
    }
}

//! An adversary who has recorded what was said, and says it again.

use std::rc::Rc;

use twinbeat::config::Dialect;
use twinbeat::id::LinkId;

use super::{Cluster, Happening};

impl Cluster {
    /// The adversary puts one frame of his on a random link of a random machine.
    pub(crate) fn replay(&mut self) {
        if let Some(frame) = self.network.forge(&mut self.random) {
            let to = self.random.index(self.machines.len());
            // Of what was said before a life began heartbeat's dialect cannot know that it is old.
            let known = frame.sent_at >= self.rules.booted_at[to] || frame.forged;
            if self.settings.dialect == Dialect::LinuxHa && !known {
                return;
            }
            let link = LinkId::new(self.random.index(self.links(to))).unwrap();
            self.plan(self.now, Happening::Arrives(to, link, frame));
        }
    }

    /// The adversary sends everything that one machine ever said to every other one.
    pub(crate) fn replay_all(&mut self, from: usize, spacing: u64) {
        let mut at = self.now;
        for frame in self.network.recorded_from(from) {
            at += spacing;
            for to in 0..self.machines.len() {
                let link = LinkId::new(0).unwrap();
                self.plan(at, Happening::Arrives(to, link, Rc::clone(&frame)));
            }
        }
    }
}

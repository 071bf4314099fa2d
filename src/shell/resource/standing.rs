//! How each resource stands here, for `status`.

use twinbeat::action::GroupState;
use twinbeat::id::GroupId;

use super::{Resources, Work};

impl Resources {
    /// In a word or two; `state` is its group's, as the core was told.
    pub(crate) fn standing(
        &self,
        group: GroupId,
        position: usize,
        state: GroupState,
    ) -> &'static str {
        let (next, [before, there, behind]) = match *self.work.at(group) {
            Work::Checking { next } => (next, ["stopped", "asked", "unknown"]),
            Work::Starting { next, .. } => (next, ["ok", "starting", "waiting"]),
            Work::Stopping { next, .. } => (next, ["ok", "stopping", "stopped"]),
            Work::Nothing | Work::Probing { .. } => {
                let failed = *self.failed.at(group) == position;
                let word = match (self.holding.trouble(group, position), state) {
                    (Some(trouble), _) => trouble,
                    (None, GroupState::Held) => "ok",
                    (None, _) if self.ran(group, position) => "not stopped",
                    (None, GroupState::StartFailed) if failed => "failed",
                    (None, _) => "stopped",
                };
                (0, [word; 3])
            }
        };
        match position.cmp(&next) {
            std::cmp::Ordering::Less => before,
            std::cmp::Ordering::Equal => there,
            std::cmp::Ordering::Greater => behind,
        }
    }
}

//! How each resource stands here, for `status`.

use std::cmp::Ordering;

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
        let (next, before, there, behind) = match self.parts.at(group).work {
            Work::Checking { next } => (next, "stopped", "asked", "unknown"),
            Work::Starting { next, .. } => (next, "ok", "starting", "waiting"),
            Work::Stopping { next, .. } => (next, "ok", "stopping", "stopped"),
            Work::Dead { at } => (at, "ok", "died", "ok"),
            Work::Nothing | Work::Probing { .. } | Work::Running { .. } | Work::Watching { .. } => {
                if let Some(trouble) = self.holding.trouble(group, position) {
                    return trouble;
                }
                let failed = self.parts.at(group).failed == position;
                return if state == GroupState::Held {
                    "ok"
                } else if self.ran(group, position) {
                    "not stopped"
                } else if failed && state == GroupState::StartFailed {
                    "failed"
                } else {
                    "stopped"
                };
            }
        };
        match position.cmp(&next) {
            Ordering::Less => before,
            Ordering::Equal => there,
            Ordering::Greater => behind,
        }
    }
}

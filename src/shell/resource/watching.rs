//! What runs is asked now and then whether it still does. That begins with a beat, whose wake-up is
//! paid for: so an interval ends with the beat that is nearest to its end, and several groups share one.
//!
//! A status that says "stopped" is believed at once. One that tells nothing or takes too long, twice in
//! a row, counts as much; one that could not be run at all does not, for a new start could not either.
//! A script that answers with its usage cannot be asked.

use twinbeat::action::Outcome;
use twinbeat::id::GroupId;
use twinbeat::time::{Duration, Instant};

use super::{Ended, Part, Resources, Work};
use crate::interface::Interfaces;
use crate::script::{self, Exit, Verb};

/// The last look at what runs, and the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    running_since: Instant,
    before: Instant,
    at: Instant,
}

impl Resources {
    /// Asks what is due; with a beat.
    pub(crate) fn watch(&mut self, now: Instant) {
        for group in self.config.group_ids() {
            let Part { work, look, .. } = self.parts.at_mut(group);
            if let Work::Running { .. } = work {
                (look.before, look.at) = (look.at, now);
                self.watch_from(group, 0);
            }
        }
    }

    /// The next group of which something was found dead; the core says what becomes of it.
    pub(crate) fn poll_dead(&mut self) -> Option<GroupId> {
        for group in self.config.group_ids() {
            let work = &mut self.parts.at_mut(group).work;
            if let Work::Dead { at } = *work {
                *work = Work::Running { dead: at };
                return Some(group);
            }
        }
        None
    }

    /// Stops everything from the right down to what was found dead, then starts it again.
    pub(crate) fn restart(
        &mut self,
        now: Instant,
        group: GroupId,
        interfaces: &Interfaces,
    ) -> Option<Outcome> {
        let dead = match self.parts.at(group).work {
            Work::Running { dead } => dead,
            Work::Nothing
            | Work::Checking { .. }
            | Work::Probing { .. }
            | Work::Starting { .. }
            | Work::Stopping { .. }
            | Work::Watching { .. }
            | Work::Dead { .. } => 0,
        };
        self.stop_all(now, group, Some(dead), interfaces)
    }

    /// Nobody waits any more for the answer to what a group is being asked.
    pub(super) fn call_off(&mut self, group: GroupId) {
        let errand = self.errands.at(group);
        errand.number.set(errand.number.get().wrapping_add(1));
        script::end(errand.child.get());
    }

    /// All of it runs: from now on its scripts are asked.
    pub(super) fn become_running(&mut self, now: Instant, group: GroupId) -> Option<Outcome> {
        let part = self.parts.at_mut(group);
        part.work = Work::Running { dead: 0 };
        part.look = Look {
            running_since: now,
            before: now,
            at: now,
        };
        Some(Outcome::Running)
    }

    /// What a script said that was asked whether it still runs.
    pub(super) fn on_watched(&mut self, group: GroupId, at: usize, (finished, rule): &Ended) {
        let in_doubt = self.parts.at(group).doubted.has(at);
        let (dead, doubtful) = match (rule.runs(finished), &finished.exit) {
            (Some(true), _) => (false, false),
            (Some(false), _) if finished.is_usage() => (false, true),
            (Some(false), _) => (true, false),
            (None, Exit::NotBegun(_) | Exit::Missing(_)) => (false, true),
            (None, _) => (in_doubt, !in_doubt),
        };
        self.parts.at_mut(group).doubted.set(at, doubtful);
        if dead || doubtful && !in_doubt {
            self.complain(group, at, Verb::Status, finished);
        }
        if dead {
            self.parts.at_mut(group).work = Work::Dead { at };
        } else {
            self.watch_from(group, at + 1);
        }
    }

    fn watch_from(&mut self, group: GroupId, first: usize) {
        let look = self.parts.at(group).look;
        let half = self.config.timing.keepalive.scaled(1, 2);
        for next in first..self.config.group_resources(group).len() {
            if look.is_due(self.config.interval(group, next), half) {
                self.call(group, next, Verb::Status);
                self.parts.at_mut(group).work = Work::Watching { next };
                return;
            }
        }
        self.parts.at_mut(group).work = Work::Running { dead: 0 };
    }
}

impl Look {
    /// Whether an interval has ended since the one before; at the beat that is nearest.
    fn is_due(self, interval: Duration, half: Duration) -> bool {
        let ended = |at: Instant| {
            let span = at.since(self.running_since).plus(half);
            span.micros().checked_div(interval.micros())
        };
        ended(self.before) != ended(self.at)
    }
}

#[cfg(test)]
mod tests;

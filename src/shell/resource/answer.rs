//! How a sequence goes on after the answer it has been waiting for.

use twinbeat::action::Outcome;
use twinbeat::id::GroupId;
use twinbeat::time::Instant;

use super::{AGAIN, Ended, Resources, TRIES, Work};
use crate::interface::Interfaces;
use crate::script::{Exit, Verb};

impl Resources {
    /// The network has answered for one of its addresses.
    pub(super) fn on_probed(
        &mut self,
        now: Instant,
        group: GroupId,
        answered: bool,
        interfaces: &Interfaces,
    ) -> Option<Outcome> {
        let Work::Probing { open, occupied } = self.parts.at(group).work else {
            return None;
        };
        let (open, occupied) = (open.saturating_sub(1), occupied || answered);
        if open > 0 {
            self.go_on(group, Work::Probing { open, occupied })
        } else if occupied {
            self.end(group, Outcome::Occupied)
        } else {
            self.start_from(now, group, 0, interfaces)
        }
    }

    /// A script has ended.
    pub(super) fn on_ended(
        &mut self,
        now: Instant,
        group: GroupId,
        ended: &Ended,
        interfaces: &Interfaces,
    ) -> Option<Outcome> {
        let (finished, rule) = ended;
        let runs = rule.runs(finished);
        match self.parts.at(group).work {
            Work::Nothing | Work::Probing { .. } | Work::Running { .. } | Work::Dead { .. } => None,
            Work::Watching { next } => {
                self.on_watched(group, next, ended);
                None
            }
            Work::Checking { next } => match runs {
                Some(false) => self.check_from(group, next + 1),
                // A script that is not there has not been started either.
                None if finished.is_missing() => self.check_from(group, next + 1),
                Some(true) | None => {
                    if runs.is_none() {
                        self.complain(group, next, Verb::Status, finished);
                    }
                    self.note(group, next, true);
                    self.end(group, Outcome::Running)
                }
            },
            Work::Starting {
                next,
                verb: Verb::Status,
            } => match (runs, &finished.exit) {
                (Some(true), _) => {
                    self.note(group, next, true);
                    self.start_from(now, group, next + 1, interfaces)
                }
                (Some(false), _) | (None, Exit::Code(_)) => {
                    self.call(group, next, Verb::Start);
                    let verb = Verb::Start;
                    self.go_on(group, Work::Starting { next, verb })
                }
                (None, _) => {
                    self.complain(group, next, Verb::Status, finished);
                    self.abandon(now, group, next, false, interfaces)
                }
            },
            Work::Starting { next, .. } if finished.succeeded() => {
                self.note(group, next, true);
                self.start_from(now, group, next + 1, interfaces)
            }
            Work::Starting { next, .. } => {
                self.complain(group, next, Verb::Start, finished);
                let incomplete = matches!(finished.exit, Exit::Unkillable);
                self.abandon(now, group, next, incomplete, interfaces)
            }
            Work::Stopping {
                next,
                verb: Verb::Stop,
            } => {
                let never_ran = !self.ran(group, next);
                if finished.succeeded() || finished.is_missing() && never_ran {
                    self.note(group, next, false);
                    return self.stop_before(now, group, next, interfaces);
                }
                if self.parts.at(group).stop.tries == TRIES {
                    self.complain(group, next, Verb::Stop, finished);
                }
                // Heartbeat's rule: what says that it does not run has been stopped.
                self.call(group, next, Verb::Status);
                let verb = Verb::Status;
                self.go_on(group, Work::Stopping { next, verb })
            }
            Work::Stopping { next, .. } => {
                let stopped = runs == Some(false);
                let stop = &mut self.parts.at_mut(group).stop;
                if !stopped && stop.tries > 0 && now.after(AGAIN) < stop.until {
                    stop.tries -= 1;
                    self.call_after(group, next, Verb::Stop, AGAIN);
                    let verb = Verb::Stop;
                    return self.go_on(group, Work::Stopping { next, verb });
                }
                stop.incomplete |= !stopped;
                if stopped {
                    self.note(group, next, false);
                } else {
                    self.complain(group, next, Verb::Status, finished);
                }
                self.stop_before(now, group, next, interfaces)
            }
        }
    }
}

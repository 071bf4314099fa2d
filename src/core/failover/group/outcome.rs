//! How a group goes on after what was done for it, or happened to it, on this machine.

use super::{Flight, Group, State};
use crate::action::{Events, Outcome, Reason};
use crate::id::NodeSet;
use crate::time::Instant;

impl Group {
    /// The answer to the action in flight. Late or double answers change nothing.
    pub(crate) fn on_done(&mut self, now: Instant, outcome: Outcome, events: &mut Events) {
        let Some(flight) = self.flight.take() else {
            return;
        };
        match (flight, self.state) {
            (Flight::Check, State::Unknown { .. }) => match outcome {
                Outcome::Stopped => self.become_idle(None, Reason::NotRunning, events),
                Outcome::Running
                | Outcome::StartFailed
                | Outcome::StopFailed
                | Outcome::Occupied => {
                    self.become_state(State::Unknown { running: true }, Reason::Running, events);
                }
            },
            (Flight::Check, State::StopFailed { .. }) => match outcome {
                Outcome::Stopped => self.become_idle(None, Reason::NotRunning, events),
                Outcome::Running
                | Outcome::StartFailed
                | Outcome::StopFailed
                | Outcome::Occupied => self.become_state(self.state, Reason::StopFailed, events),
            },
            (Flight::Start, State::Starting { claim, .. }) => match outcome {
                Outcome::Running => {
                    self.failures.on_running(now);
                    self.request.operator_until = None;
                    let contested = NodeSet::EMPTY;
                    self.become_state(State::Held { claim, contested }, self.reason, events);
                }
                Outcome::StartFailed | Outcome::Stopped | Outcome::Occupied => {
                    let reason = match outcome {
                        Outcome::Occupied => Reason::Occupied,
                        Outcome::StartFailed
                        | Outcome::Stopped
                        | Outcome::Running
                        | Outcome::StopFailed => Reason::StartFailed,
                    };
                    self.become_start_failed(now, reason, events);
                }
                Outcome::StopFailed => {
                    self.become_stop_failed(now, claim, events);
                }
            },
            // It was told to stop while it started: the stop follows, unless nothing is left.
            (Flight::Start, State::Stopping { claim, to }) => match outcome {
                Outcome::Running => {}
                Outcome::StartFailed | Outcome::Stopped | Outcome::Occupied => {
                    self.become_idle(to, self.reason, events);
                }
                Outcome::StopFailed => {
                    self.become_stop_failed(now, claim, events);
                }
            },
            (Flight::Stop, State::Stopping { claim, to }) => match outcome {
                Outcome::Stopped if self.is_retiring() => self.become_retired(),
                // It goes where a start that failed sends it.
                Outcome::Stopped if self.reason == Reason::DiedAgain => {
                    self.become_start_failed(now, self.reason, events);
                }
                Outcome::Stopped => self.become_idle(to, self.reason, events),
                Outcome::Running
                | Outcome::StartFailed
                | Outcome::StopFailed
                | Outcome::Occupied => {
                    self.become_stop_failed(now, claim, events);
                }
            },
            // A check that was overtaken: the stop or start that follows makes sure anyway.
            (
                Flight::Check | Flight::Start | Flight::Stop,
                State::Idle { .. }
                | State::Unknown { .. }
                | State::Claiming { .. }
                | State::Starting { .. }
                | State::Held { .. }
                | State::Stopping { .. }
                | State::StartFailed { .. }
                | State::StopFailed { .. },
            ) => {}
        }
    }

    /// A resource of it was found dead: it is started again in place, or given up here.
    pub(crate) fn on_death(&mut self, events: &mut Events) {
        let State::Held { claim, .. } = self.state else {
            return;
        };
        if self.failures.on_death() {
            let state = State::Starting {
                claim,
                probe: false,
                again: true,
            };
            self.become_state(state, Reason::Died, events);
        } else {
            self.become_stopping(claim, None, Reason::DiedAgain, events);
        }
    }

    /// A person says that what went wrong has been seen to: a start that failed is tried again at
    /// once, and what did not stop is looked at again.
    pub(crate) fn clear(&mut self) {
        self.failures.forget();
        if let State::StopFailed { asked, .. } = &mut self.state {
            *asked = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::Action;
    use crate::failover::claim::Claim;
    use crate::id::{GroupId, NodeId};

    #[test]
    fn what_is_cleared_while_it_is_looked_at_is_looked_at_once_more() {
        let (now, node, mut events) = (Instant::default(), NodeId::ZERO, Events::default());
        let mut group = Group::new(GroupId::ZERO, node, true);
        let claim = Claim {
            home: true,
            epoch: 1,
            node,
        };
        group.become_stop_failed(now, claim, &mut events);
        assert_eq!(group.poll_action(), None);
        let look = Some(Action::Check(GroupId::ZERO));
        group.clear();
        assert_eq!(group.poll_action(), look);
        group.clear();
        group.on_done(now, Outcome::Running, &mut events);
        assert_eq!(group.poll_action(), look, "the second word is no older");
        group.on_done(now, Outcome::Running, &mut events);
        assert_eq!(group.poll_action(), None);
    }
}

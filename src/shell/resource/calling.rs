//! What is called for one resource: begun here, heard of by [`Resources::poll_done`].

use std::cell::Cell;
use std::rc::Rc;

use twinbeat::config::Resource;
use twinbeat::id::GroupId;
use twinbeat::time::Duration;

use super::call::{self, Call};
use super::{Ended, Resources, Work};
use crate::journal;
use crate::script::{Finished, Job, MOST, Rule, Series, Step, TURN, Verb};

/// How often a status of what runs looks whether it is its turn.
const IDLE_TURN: Duration = Duration::from_millis(500);

/// What everything that is run here has in common.
#[derive(Clone)]
pub(crate) struct Surroundings {
    /// Of the configuration.
    pub(crate) directory: String,
    /// Of every script.
    pub(crate) environment: Rc<[String]>,
    /// Children of ours.
    pub(crate) running: Rc<Cell<u8>>,
}

impl Resources {
    /// For what is run beside the groups.
    pub(crate) fn surroundings(&self) -> Surroundings {
        Surroundings {
            directory: self.directory.clone(),
            environment: Rc::clone(&self.environment),
            running: Rc::clone(&self.running),
        }
    }

    /// What all that is called is told.
    pub(crate) fn environment(&self) -> Rc<[String]> {
        Rc::clone(&self.environment)
    }

    /// Begins a call of what stands at a position; `false` if that is not called.
    pub(super) fn call(&self, group: GroupId, position: usize, verb: Verb) -> bool {
        self.call_after(group, position, verb, Duration::ZERO)
    }

    /// The same after a while.
    pub(super) fn call_after(
        &self,
        group: GroupId,
        position: usize,
        verb: Verb,
        delay: Duration,
    ) -> bool {
        let Some(word) = self.word(group, position) else {
            return false;
        };
        let (name, _) = call::cut(word, "::");
        let label = format!("group {}: {name}", self.config.group_key(group));
        journal::debug(format_args!("{label} {}", verb.word()));
        let limit = self.limit(group, position, verb);
        let place = self.place(group, position);
        let errand = Rc::clone(self.errands.at(group));
        let number = errand.number.get().wrapping_add(1);
        errand.number.set(number);
        // Those that only ask leave places for those that start and stop.
        let asks = matches!(
            self.parts.at(group).work,
            Work::Running { .. } | Work::Watching { .. }
        );
        let (most, turn) = if asks {
            (MOST / 2, IDLE_TURN)
        } else {
            (MOST, TURN)
        };
        let (job, rule, delay) = match call::find(&self.directory, place, word, verb) {
            Ok(Call::Program {
                path,
                arguments,
                rule,
            }) => {
                let job = Job {
                    path,
                    arguments,
                    limit,
                    level: verb.level(),
                    label,
                    environment: Rc::clone(&self.environment),
                };
                (Some(job), rule, delay)
            }
            // It says nothing, which is stopped.
            Ok(Call::Pause(_)) if verb == Verb::Stop && !self.ran(group, position) => {
                (None, Rule::Heartbeat, Duration::ZERO)
            }
            Ok(Call::Pause(pause)) => (None, Rule::Heartbeat, pause),
            Err(exit) => {
                let ended = (Finished::at_once(exit), Rule::Heartbeat);
                self.finished.borrow_mut().push((group, number, ended));
                return true;
            }
        };
        let finished = Rc::clone(&self.finished);
        let mut step = Some(Step { delay, job });
        let series = Series {
            reactor: self.reactor,
            running: Rc::clone(&self.running),
            most,
            turn,
            errand,
        };
        series.begin(Box::new(move |ended| {
            if let Some(end) = ended {
                finished.borrow_mut().push((group, number, (end, rule)));
            }
            step.take()
        }));
        true
    }

    /// The next call that has ended.
    pub(super) fn next_ended(&self) -> Option<(GroupId, Ended)> {
        let mut finished = self.finished.borrow_mut();
        while !finished.is_empty() {
            let (group, number, ended) = finished.remove(0);
            if number == self.errands.at(group).number.get() {
                return Some((group, ended));
            }
        }
        None
    }

    /// A number of its own, the same whatever other lines there are, before a reload or after it.
    pub(super) fn place(&self, group: GroupId, position: usize) -> usize {
        let key = self.config.group_key(group).bytes();
        key.fold(position, |number, byte| {
            (number.wrapping_mul(31) + usize::from(byte)) & 0xff_ffff
        })
    }

    /// The word at a position, if it is one that is called.
    fn word(&self, group: GroupId, position: usize) -> Option<&str> {
        match self.config.group_resources(group).get(position)? {
            Resource::Script(word) => Some(self.config.text(*word)),
            Resource::Address(_) | Resource::Network(..) => None,
        }
    }

    /// How long it may take.
    pub(super) fn limit(&self, group: GroupId, position: usize, verb: Verb) -> Duration {
        let limits = self.config.limits(group, position);
        match verb {
            Verb::Start => limits.start,
            Verb::Stop => limits.stop,
            Verb::Status => limits.status,
        }
    }

    /// Whether it is known to have run and not to have been stopped since.
    pub(super) fn ran(&self, group: GroupId, position: usize) -> bool {
        self.parts.at(group).ran.has(position)
    }

    /// Keeps whether it runs.
    pub(super) fn note(&mut self, group: GroupId, position: usize, runs: bool) {
        self.parts.at_mut(group).ran.set(position, runs);
    }

    /// Tells how a call ended that should have ended otherwise.
    #[inline(never)]
    pub(super) fn complain(
        &self,
        group: GroupId,
        position: usize,
        verb: Verb,
        finished: &Finished,
    ) {
        if let Some(word) = self.word(group, position) {
            let (name, _) = call::cut(word, "::");
            let key = self.config.group_key(group);
            journal::error(format_args!(
                "group {key}: {name} {}: {}",
                verb.word(),
                finished.exit
            ));
        }
    }
}

//! What is called for one resource: begun here, heard of by [`Resources::poll_done`].

use std::rc::Rc;

use twinbeat::config::{Limits, MAX_RESOURCES, Resource};
use twinbeat::id::GroupId;
use twinbeat::time::Duration;

use super::call::{self, Call};
use super::{Ended, Resources};
use crate::script::{self, Exit, Finished, Job, Rule, Verb};

/// Children at once.
const MOST: u8 = 8;
/// How often those who wait look whether it is their turn.
const TURN: Duration = Duration::from_millis(20);

impl Resources {
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
        log::debug!("{label} {}", verb.word());
        let limit = self.limit(group, verb);
        let first = self.config.groups.get(group.index());
        let place = first.map_or(0, |group| usize::from(group.resources.start)) + position;
        let (job, rule, delay) = match call::find(&self.directory, place, word, verb) {
            Ok(Call::Program {
                path,
                arguments,
                rule,
            }) => {
                let job = Job {
                    path: path.into(),
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
                self.finished.borrow_mut().push((group, ended));
                return true;
            }
        };
        let (reactor, running) = (Rc::clone(&self.reactor), Rc::clone(&self.running));
        let finished = Rc::clone(&self.finished);
        self.reactor.spawn(async move {
            let mut delay = delay;
            // At most so many children at once; others wait until it is their turn.
            while delay > Duration::ZERO || job.is_some() && running.get() >= MOST {
                let span = if delay > Duration::ZERO { delay } else { TURN };
                reactor.wait(&[], reactor.now().after(span)).await;
                delay = Duration::ZERO;
            }
            let end = match job {
                Some(job) => {
                    running.set(running.get() + 1);
                    let end = script::run(reactor, job).await;
                    running.set(running.get() - 1);
                    end
                }
                None => Finished::at_once(Exit::Code(0)),
            };
            finished.borrow_mut().push((group, (end, rule)));
        });
        true
    }

    /// The next call that has ended.
    pub(super) fn next_ended(&self) -> Option<(GroupId, Ended)> {
        let mut finished = self.finished.borrow_mut();
        (!finished.is_empty()).then(|| finished.remove(0))
    }

    /// The word at a position, if it is one that is called.
    fn word(&self, group: GroupId, position: usize) -> Option<&str> {
        match self.config.group_resources(group).get(position)? {
            Resource::Script(word) => Some(self.config.text(*word)),
            Resource::Address(_) | Resource::Network(..) => None,
        }
    }

    /// How long it may take.
    pub(super) fn limit(&self, group: GroupId, verb: Verb) -> Duration {
        let limits = self.config.groups.get(group.index());
        let limits = limits.map_or(Limits::default(), |group| group.limits);
        match verb {
            Verb::Start => limits.start,
            Verb::Stop => limits.stop,
            Verb::Status => limits.status,
        }
    }

    /// Whether it is known to have run and not to have been stopped since.
    pub(super) fn ran(&self, group: GroupId, position: usize) -> bool {
        *self.ran.at(group) & bit(position) != 0
    }

    /// Keeps whether it runs.
    pub(super) fn note(&mut self, group: GroupId, position: usize, runs: bool) {
        let ran = self.ran.at_mut(group);
        *ran = *ran & !bit(position) | if runs { bit(position) } else { 0 };
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
            log::error!("group {key}: {name} {}: {}", verb.word(), finished.exit);
        }
    }
}

/// As many bits as resources.
const fn bit(position: usize) -> u64 {
    1 << (position % MAX_RESOURCES)
}

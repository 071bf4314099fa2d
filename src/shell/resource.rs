//! What belongs to a group, done in order: addresses and scripts from left to right when it is
//! started, from right to left when it is stopped.
//!
//! A sequence goes on in the loop as far as it can at once; a script is a task, and the sequence
//! goes on when the loop hears of its end. A group of addresses alone is started and stopped
//! within the call.
//!
//! A stop that fails is tried again each second, ten times and no longer than one may take; what
//! says then that it runs, or does not say, is given up as not stopped.

mod answer;
mod call;
mod calling;
mod change;
mod holding;
mod mark;
mod network;
mod place;
mod rhythm;
mod route;
mod standing;
mod watching;

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

use twinbeat::action::Outcome;
use twinbeat::config::Config;
use twinbeat::id::{GroupId, PerGroup};
use twinbeat::time::{Duration, Instant};

use crate::files;
use crate::interface::Interfaces;
use crate::reactor::Reactor;
use crate::script::{Errand, Finished, Rule, Verb};
pub(crate) use call::{add, is_executable, is_there};
pub(crate) use calling::Surroundings;
pub(crate) use holding::Holding;
use mark::Marks;
use watching::Look;

/// Until a stop that has failed is tried again, and how often.
const AGAIN: Duration = Duration::from_secs(1);
const TRIES: u8 = 10;

/// Everything of every group.
pub(crate) struct Resources {
    config: Rc<Config>,
    directory: String,
    environment: Rc<[String]>,
    reactor: &'static Reactor,
    /// Children of ours.
    running: Rc<Cell<u8>>,
    holding: Holding,
    parts: PerGroup<Part>,
    finished: Rc<RefCell<Vec<(GroupId, u32, Ended)>>>,
    /// The call that is under way for each group; the end of one of an earlier number is not heard.
    errands: PerGroup<Rc<Errand>>,
}

/// What is known of a group.
#[derive(Clone, Copy, Default)]
struct Part {
    work: Work,
    /// Of the stop that is under way.
    stop: Stop,
    /// Resources that are known to have run and not to have been stopped since.
    ran: Marks,
    /// Which resource the last start failed at.
    failed: usize,
    /// When what runs is asked whether it still does.
    look: Look,
    /// Resources whose last answer to that told nothing.
    doubted: Marks,
}

/// The end of a call, and what its `status` means.
type Ended = (Finished, Rule);

/// What is being done with a group. `next` is the position among its resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Work {
    /// Nothing.
    #[default]
    Nothing,
    /// The script at `next` says whether it runs.
    Checking { next: usize },
    /// The network is asked; so many addresses have not answered.
    Probing { open: usize, occupied: bool },
    /// The script at `next` says whether it runs already, or is being started.
    Starting { next: usize, verb: Verb },
    /// Everything before `next` is still to be stopped; the script at `next` is being stopped, or
    /// says whether it runs after all.
    Stopping { next: usize, verb: Verb },
    /// Nothing: all of it runs. What was found dead last.
    Running { dead: usize },
    /// The script at `next` says whether it still runs.
    Watching { next: usize },
    /// The resource at `at` was found dead, which is still to be told.
    Dead { at: usize },
}

/// What a stop has come to so far.
#[derive(Clone, Copy, Default)]
struct Stop {
    /// It cleans up after a start that failed.
    start_failed: bool,
    /// Something of it may still run.
    incomplete: bool,
    /// Only down to this resource, and from there it is started again.
    again_from: Option<usize>,
    /// So often the script that is being stopped may be told again, ...
    tries: u8,
    /// ... so long.
    until: Instant,
}

impl Resources {
    /// Nothing runs as far as is known.
    pub(crate) fn new(
        config: &Rc<Config>,
        directory: PathBuf,
        reactor: &'static Reactor,
        holding: Holding,
    ) -> Self {
        let directory = files::shown(&directory);
        Self {
            config: Rc::clone(config),
            environment: call::environment(config, &directory),
            directory,
            reactor,
            running: Rc::default(),
            holding,
            parts: PerGroup::of(Part::default()),
            finished: Rc::default(),
            errands: PerGroup::new(Rc::default),
        }
    }

    /// Finds out whether any script of it runs.
    pub(crate) fn check(&mut self, group: GroupId) -> Option<Outcome> {
        self.check_from(group, 0)
    }

    /// Starts it; with `probe`, if nobody on the network answers for its addresses.
    pub(crate) fn start(
        &mut self,
        now: Instant,
        group: GroupId,
        probe: bool,
        interfaces: &Interfaces,
    ) -> Option<Outcome> {
        if probe {
            let open = self.holding.probe(now, group, interfaces);
            if open > 0 {
                let occupied = false;
                return self.go_on(group, Work::Probing { open, occupied });
            }
        }
        self.start_from(now, group, 0, interfaces)
    }

    /// Stops it, what was never started included.
    pub(crate) fn stop(
        &mut self,
        now: Instant,
        group: GroupId,
        interfaces: &Interfaces,
    ) -> Option<Outcome> {
        self.stop_all(now, group, None, interfaces)
    }

    /// Announces its addresses again.
    pub(crate) fn announce(&mut self, now: Instant, group: GroupId, interfaces: &Interfaces) {
        self.holding.announce(now, group, interfaces);
    }

    /// Goes on with what has been waiting for a script or the network, which has said something
    /// if `heard`; the next group that is done with it.
    pub(crate) fn poll_done(
        &mut self,
        now: Instant,
        heard: bool,
        interfaces: &Interfaces,
    ) -> Option<(GroupId, Outcome)> {
        while let Some((group, answered)) = self.holding.poll_probed(now, heard) {
            if let Some(outcome) = self.on_probed(now, group, answered, interfaces) {
                return Some((group, outcome));
            }
        }
        loop {
            let (group, ended) = self.next_ended()?;
            if let Some(outcome) = self.on_ended(now, group, &ended, interfaces) {
                return Some((group, outcome));
            }
        }
    }

    /// The addresses of all groups.
    pub(crate) fn holding(&mut self) -> &mut Holding {
        &mut self.holding
    }

    fn check_from(&mut self, group: GroupId, first: usize) -> Option<Outcome> {
        for next in first..self.config.group_resources(group).len() {
            if self.call(group, next, Verb::Status) {
                return self.go_on(group, Work::Checking { next });
            }
        }
        // What is built in may have been left behind, or stand as the machine started.
        for position in 0..self.config.group_resources(group).len() {
            self.holding.give_up(group, position);
        }
        self.end(group, Outcome::Stopped)
    }

    fn start_from(
        &mut self,
        now: Instant,
        group: GroupId,
        first: usize,
        interfaces: &Interfaces,
    ) -> Option<Outcome> {
        for next in first..self.config.group_resources(group).len() {
            if self.call(group, next, Verb::Status) {
                let verb = Verb::Status;
                return self.go_on(group, Work::Starting { next, verb });
            }
            if !self.holding.take(now, group, next, interfaces) {
                return self.abandon(now, group, next, false, interfaces);
            }
        }
        self.become_running(now, group)
    }

    /// A start has failed at `failed`: that and everything before it is stopped.
    fn abandon(
        &mut self,
        now: Instant,
        group: GroupId,
        failed: usize,
        incomplete: bool,
        interfaces: &Interfaces,
    ) -> Option<Outcome> {
        let part = self.parts.at_mut(group);
        part.failed = failed;
        part.stop = Stop {
            start_failed: true,
            incomplete,
            ..Stop::default()
        };
        self.stop_before(now, group, failed + 1, interfaces)
    }

    /// Down to the first, or to `again_from`, from where it is started again. Nothing waits for what
    /// the group is being asked.
    fn stop_all(
        &mut self,
        now: Instant,
        group: GroupId,
        again_from: Option<usize>,
        interfaces: &Interfaces,
    ) -> Option<Outcome> {
        self.call_off(group);
        self.parts.at_mut(group).stop = Stop {
            again_from,
            ..Stop::default()
        };
        let all = self.config.group_resources(group).len();
        self.stop_before(now, group, all, interfaces)
    }

    fn stop_before(
        &mut self,
        now: Instant,
        group: GroupId,
        end: usize,
        interfaces: &Interfaces,
    ) -> Option<Outcome> {
        let Stop {
            start_failed,
            incomplete,
            again_from,
            ..
        } = self.parts.at(group).stop;
        let again_from = again_from.filter(|_| !incomplete);
        for next in (again_from.unwrap_or(0)..end).rev() {
            if self.call(group, next, Verb::Stop) {
                let limit = self.limit(group, next, Verb::Stop);
                let until = self.reactor.now().after(limit);
                let stop = &mut self.parts.at_mut(group).stop;
                (stop.tries, stop.until) = (TRIES, until);
                let verb = Verb::Stop;
                return self.go_on(group, Work::Stopping { next, verb });
            }
            self.holding.give_up(group, next);
        }
        if let Some(first) = again_from {
            return self.start_from(now, group, first, interfaces);
        }
        let outcome = if incomplete {
            // After a start too: nobody else may start what may run here.
            Outcome::StopFailed
        } else if start_failed {
            Outcome::StartFailed
        } else {
            Outcome::Stopped
        };
        self.end(group, outcome)
    }

    fn go_on(&mut self, group: GroupId, work: Work) -> Option<Outcome> {
        self.parts.at_mut(group).work = work;
        None
    }

    fn end(&mut self, group: GroupId, outcome: Outcome) -> Option<Outcome> {
        self.parts.at_mut(group).work = Work::Nothing;
        Some(outcome)
    }
}

#[cfg(test)]
mod stage;
#[cfg(test)]
mod tests;

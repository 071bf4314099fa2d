//! What belongs to a group, done in order: addresses and scripts from left to right when it is
//! started, from right to left when it is stopped.
//!
//! A sequence goes on in the loop as far as it can at once; a script is a task, and the sequence
//! goes on when the loop hears of its end. A group of addresses alone is started and stopped
//! within the call.

mod holding;
mod rhythm;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use twinbeat::action::Outcome;
use twinbeat::config::{Config, Resource};
use twinbeat::id::{GroupId, PerGroup};
use twinbeat::time::Instant;

use crate::interface::Interfaces;
use crate::reactor::Reactor;
use crate::script::{self, Exit, Finished, Job, Verb};
pub(crate) use holding::Holding;

/// Everything of every group.
pub(crate) struct Resources {
    config: Rc<Config>,
    directory: PathBuf,
    environment: Rc<[(&'static str, String)]>,
    reactor: Rc<Reactor>,
    holding: Holding,
    work: PerGroup<Work>,
    finished: Rc<RefCell<VecDeque<(GroupId, Finished)>>>,
}

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
    Stopping {
        next: usize,
        verb: Verb,
        after: Stopped,
    },
}

/// What a stop has come to so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stopped {
    /// It cleans up after a start that failed.
    start_failed: bool,
    /// Something of it may still run.
    incomplete: bool,
}

impl Resources {
    /// Nothing runs as far as is known.
    pub(crate) fn new(
        config: &Rc<Config>,
        directory: PathBuf,
        reactor: &Rc<Reactor>,
        holding: Holding,
    ) -> Self {
        Self {
            config: Rc::clone(config),
            environment: environment(config, &directory),
            directory,
            reactor: Rc::clone(reactor),
            holding,
            work: PerGroup::new(Work::default),
            finished: Rc::default(),
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
                *self.work.at_mut(group) = Work::Probing {
                    open,
                    occupied: false,
                };
                return None;
            }
        }
        self.start_from(now, group, 0, interfaces)
    }

    /// Stops it, what was never started included.
    pub(crate) fn stop(&mut self, group: GroupId) -> Option<Outcome> {
        let all = self.config.group_resources(group).len();
        let after = Stopped {
            start_failed: false,
            incomplete: false,
        };
        self.stop_before(group, all, after)
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
            let (group, finished) = self.finished.borrow_mut().pop_front()?;
            if let Some(outcome) = self.on_finished(now, group, &finished, interfaces) {
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
                return self.abandon(group, next, false);
            }
        }
        self.end(group, Outcome::Running)
    }

    /// A start has failed at `failed`: that and everything before it is stopped.
    fn abandon(&mut self, group: GroupId, failed: usize, incomplete: bool) -> Option<Outcome> {
        let after = Stopped {
            start_failed: true,
            incomplete,
        };
        self.stop_before(group, failed + 1, after)
    }

    fn stop_before(&mut self, group: GroupId, end: usize, after: Stopped) -> Option<Outcome> {
        for next in (0..end).rev() {
            if self.call(group, next, Verb::Stop) {
                let verb = Verb::Stop;
                return self.go_on(group, Work::Stopping { next, verb, after });
            }
            self.holding.give_up(group, next);
        }
        let outcome = match after {
            // After a start too: nobody else may start what may run here.
            Stopped {
                incomplete: true, ..
            } => Outcome::StopFailed,
            Stopped {
                start_failed: true, ..
            } => Outcome::StartFailed,
            Stopped { .. } => Outcome::Stopped,
        };
        self.end(group, outcome)
    }

    fn on_probed(
        &mut self,
        now: Instant,
        group: GroupId,
        answered: bool,
        interfaces: &Interfaces,
    ) -> Option<Outcome> {
        let Work::Probing { open, occupied } = *self.work.at(group) else {
            return None;
        };
        let (open, occupied) = (open.saturating_sub(1), occupied || answered);
        if open > 0 {
            self.go_on(group, Work::Probing { open, occupied });
            return None;
        }
        if occupied {
            self.end(group, Outcome::Occupied)
        } else {
            self.start_from(now, group, 0, interfaces)
        }
    }

    fn on_finished(
        &mut self,
        now: Instant,
        group: GroupId,
        finished: &Finished,
        interfaces: &Interfaces,
    ) -> Option<Outcome> {
        match *self.work.at(group) {
            Work::Nothing | Work::Probing { .. } => None,
            Work::Checking { next } => match finished.runs() {
                Some(false) => self.check_from(group, next + 1),
                Some(true) => self.end(group, Outcome::Running),
                // A script that is not there has not been started either.
                None if is_missing(finished) => self.check_from(group, next + 1),
                None => {
                    self.complain(group, next, Verb::Status, finished);
                    self.end(group, Outcome::Running)
                }
            },
            Work::Starting {
                next,
                verb: Verb::Status,
            } => match finished.runs() {
                Some(true) => self.start_from(now, group, next + 1, interfaces),
                Some(false) => {
                    self.call(group, next, Verb::Start);
                    let verb = Verb::Start;
                    self.go_on(group, Work::Starting { next, verb })
                }
                None => {
                    self.complain(group, next, Verb::Status, finished);
                    self.abandon(group, next, false)
                }
            },
            Work::Starting { next, .. } if finished.succeeded() => {
                self.start_from(now, group, next + 1, interfaces)
            }
            Work::Starting { next, .. } => {
                self.complain(group, next, Verb::Start, finished);
                let incomplete = matches!(finished.exit, Exit::Unkillable);
                self.abandon(group, next, incomplete)
            }
            Work::Stopping {
                next,
                verb: Verb::Stop,
                after,
            } => {
                if finished.succeeded() || is_missing(finished) {
                    return self.stop_before(group, next, after);
                }
                self.complain(group, next, Verb::Stop, finished);
                // Heartbeat's rule: what says that it does not run has been stopped.
                self.call(group, next, Verb::Status);
                let verb = Verb::Status;
                self.go_on(group, Work::Stopping { next, verb, after })
            }
            Work::Stopping { next, after, .. } => {
                let incomplete = after.incomplete || finished.runs() != Some(false);
                self.stop_before(
                    group,
                    next,
                    Stopped {
                        incomplete,
                        ..after
                    },
                )
            }
        }
    }

    /// Begins a call of the script at a position; `false` if that is no script.
    fn call(&mut self, group: GroupId, position: usize, verb: Verb) -> bool {
        let resources = self.config.group_resources(group);
        let Some(Resource::Script(text)) = resources.get(position) else {
            return false;
        };
        let (name, mut arguments) = script::words(self.config.text(*text));
        arguments.push(verb.word().to_owned());
        let label = format!("group {}: {name}", self.config.group_key(group));
        log::debug!("{label} {}", verb.word());
        let finished = Rc::clone(&self.finished);
        match script::find(&self.directory, name) {
            Ok(path) => {
                let job = Job {
                    path,
                    arguments,
                    limit: verb.limit(),
                    level: verb.level(),
                    label,
                    environment: Rc::clone(&self.environment),
                };
                let reactor = Rc::clone(&self.reactor);
                self.reactor.spawn(async move {
                    let end = script::run(reactor, job).await;
                    finished.borrow_mut().push_back((group, end));
                });
            }
            Err(exit) => finished.borrow_mut().push_back((
                group,
                Finished {
                    exit,
                    said: String::new(),
                },
            )),
        }
        true
    }

    fn complain(&self, group: GroupId, position: usize, verb: Verb, finished: &Finished) {
        if let Some(Resource::Script(text)) = self.config.group_resources(group).get(position) {
            let (name, _) = script::words(self.config.text(*text));
            let key = self.config.group_key(group);
            log::error!("group {key}: {name} {}: {}", verb.word(), finished.exit);
        }
    }

    fn go_on(&mut self, group: GroupId, work: Work) -> Option<Outcome> {
        *self.work.at_mut(group) = work;
        None
    }

    fn end(&mut self, group: GroupId, outcome: Outcome) -> Option<Outcome> {
        *self.work.at_mut(group) = Work::Nothing;
        Some(outcome)
    }
}

fn is_missing(finished: &Finished) -> bool {
    match &finished.exit {
        Exit::Missing(_) => true,
        Exit::NotBegun(error) => error.raw_os_error() == Some(nix::libc::ENOENT),
        _ => false,
    }
}

/// What a script may read of its surroundings: heartbeat's names, as far as they mean something
/// here. Nothing of it comes from the wire.
fn environment(config: &Config, directory: &Path) -> Rc<[(&'static str, String)]> {
    let below = |name: &str| directory.join(name).to_string_lossy().into_owned();
    Rc::new([
        ("HA_CURHOST", config.node_name(config.me).to_owned()),
        ("HA_DIR", directory.to_string_lossy().into_owned()),
        ("HA_FUNCS", below("shellfuncs")),
        ("HA_RCDIR", below("rc.d")),
        ("HA_RESOURCEDIR", below("resource.d")),
    ])
}

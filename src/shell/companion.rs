//! Companions: programs of `respawn` lines, kept running beside the loop.
//!
//! Each is a child that begins as this program with a verb of its own, becomes its user, and then the
//! shell's `exec` of its line: one process all the time. It is heard of only when it prints or ends.

use std::cell::Cell;
use std::ffi::CString;
use std::path::Path;
use std::rc::Rc;

use nix::errno::Errno;
use nix::sys::signal::Signal;
use twinbeat::config::Config;
use twinbeat::time::{Duration, Instant};

use crate::reactor::Reactor;
use crate::resource::Resources;
use crate::run::upkeep::pass_time;
use crate::script::{self, Errand, Exit, Finished, Job, Series, Step};
use crate::{clock, files, journal, stream, sys};

/// The hidden verb ...
const VERB: &str = "respawn-as";
/// ... and what follows it.
pub(crate) const SYNOPSIS: &str = "respawn-as USER COMMAND";
/// The exit code of one that does not want to be started again, as with heartbeat.
const DONE: u8 = 100;
/// One that ends sooner has ended quickly ...
const QUICK: Duration = Duration::from_secs(30);
/// ... which it may so often, one time after another, as with heartbeat ...
const MOST: u32 = 10;
/// ... and is started again after a while.
const PAUSE: Duration = Duration::from_secs(1);
/// At the end: until the next is told to end, too.
const TURN: Duration = Duration::from_millis(500);
/// Much more than a list of users has on a small box.
const MAX_FILE: usize = 1024 * 1024;

/// Those that run.
#[derive(Default)]
pub(crate) struct Companions {
    /// In the order of their lines.
    errands: Vec<Rc<Errand>>,
    over: Rc<Cell<bool>>,
}

impl Companions {
    /// Starts all, once.
    pub(crate) fn begin(
        &mut self,
        reactor: &'static Reactor,
        config: &Config,
        resources: &Resources,
    ) {
        if !self.errands.is_empty() || self.over.get() {
            return;
        }
        for companion in &config.companions {
            let path = config.companion_path(companion);
            let slash = path.bytes().rposition(|byte| byte == b'/').unwrap_or(0);
            let name = path.get(slash + 1..).unwrap_or(path);
            let mut one = Companion {
                reactor,
                user: config.text(companion.user).to_owned(),
                command: config.text(companion.command).to_owned(),
                label: "respawn ".to_owned() + name,
                environment: resources.environment(),
                over: Rc::clone(&self.over),
                state: State::New,
                quick: 0,
            };
            let series = Series::new(reactor, Rc::default());
            self.errands.push(Rc::clone(&series.errand));
            series.begin(Box::new(move |ended| one.next(ended)));
        }
    }

    /// Ends all, the last one first; what still runs `until` then is killed.
    pub(crate) fn end(&self, reactor: &'static Reactor, until: Instant) {
        self.over.set(true);
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            for errand in self.errands.iter().rev() {
                let mut limit = until;
                if signal == Signal::SIGTERM {
                    script::signal(errand.child.get(), signal);
                    limit = limit.min(clock::now().after(TURN));
                }
                pass_time(reactor, limit, &|| errand.child.get() == 0);
                if signal == Signal::SIGKILL {
                    script::signal(errand.child.get(), signal);
                }
            }
        }
    }
}

struct Companion {
    reactor: &'static Reactor,
    user: String,
    command: String,
    label: String,
    environment: Rc<[String]>,
    over: Rc<Cell<bool>>,
    state: State,
    /// How often it has ended quickly, one time after another.
    quick: u32,
}

#[derive(Clone, Copy)]
enum State {
    New,
    Started { at: Instant },
    Paused,
}

impl Companion {
    /// Until it does not want to, ends too often, or is not wanted any more.
    fn next(&mut self, ended: Option<Finished>) -> Option<Step> {
        if self.over.get() {
            return None;
        }
        let now = self.reactor.now();
        if let (State::Started { at }, Some(Finished { exit, .. })) = (self.state, ended) {
            let label = &self.label;
            self.quick = if now.since(at) < QUICK {
                self.quick + 1
            } else {
                0
            };
            if matches!(exit, Exit::Code(code) if code == i32::from(DONE)) {
                journal::info(format_args!("{label}: {exit}: not started again"));
                return None;
            }
            let quick = self.quick;
            if quick > MOST {
                journal::error(format_args!(
                    "{label}: {exit}, too soon, for the {quick}th time: given up"
                ));
                return None;
            }
            journal::warn(format_args!("{label}: {exit}: started again"));
            if quick > 0 {
                self.state = State::Paused;
                return Some(Step {
                    delay: PAUSE,
                    job: None,
                });
            }
        }
        let words = [VERB, &self.user, &self.command];
        let mut job = Job::new("/proc/self/exe", &words, Duration::MAX, &self.label);
        job.environment = Rc::clone(&self.environment);
        journal::info(format_args!("{}: started as {}", self.label, self.user));
        self.state = State::Started { at: now };
        Step::now(job)
    }
}

/// Numbers of a user and of the user's groups, the main one first.
pub(crate) fn account(user: &str) -> Option<(u32, Vec<u32>)> {
    let mut uid = None;
    let mut groups = Vec::new();
    for (file, own) in [("/etc/passwd", true), ("/etc/group", false)] {
        let text = files::read_file(Path::new(file), MAX_FILE).unwrap_or_default();
        for line in text.split(|byte| *byte == b'\n') {
            let mut parts = line.split(|byte| *byte == b':');
            let name = parts.next().unwrap_or_default();
            let number = parts.nth(1).and_then(number);
            let last = parts.next().unwrap_or_default();
            if !own {
                let mut members = last.split(|byte| *byte == b',');
                if members.any(|member| member == user.as_bytes()) {
                    groups.extend(number);
                }
            } else if name == user.as_bytes() && uid.is_none() {
                uid = number;
                groups.extend(self::number(last));
            }
        }
    }
    // Without a main group there is no such user.
    uid.filter(|_| !groups.is_empty()).map(|uid| (uid, groups))
}

fn number(digits: &[u8]) -> Option<u32> {
    let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    number.try_into().ok()
}

/// What the child does: it becomes the user, and then the command. Comes back only with the exit code of
/// one that need not be tried again.
pub(crate) fn become_one(user: &str, command: &str) -> u8 {
    let why = match (account(user), CString::new("exec ".to_owned() + command)) {
        (Some((uid, groups)), Ok(command)) => sys::become_program(uid, &groups, &command),
        _ => Errno::ENOENT,
    };
    stream::complain(format_args!("not run as {user}: {}", journal::errno(why)));
    DONE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_has_its_number_and_nobody_is_made_up() {
        let (uid, groups) = account("root").unwrap();
        assert_eq!((uid, groups[0]), (0, 0));
        assert_eq!(account("no such user"), None);
        assert_eq!(account(""), None);
    }
}

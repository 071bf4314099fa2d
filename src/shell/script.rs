//! Runs one script to its end; what its `status` means is its kind's own rule.
//!
//! A script is a task: it never holds up the loop. It has its own process group, a time limit,
//! a small fixed environment and no descriptor of ours but its output, which goes to the log
//! line by line. A program that a script leaves running in the background should not keep the
//! script's output open: nobody reads it once the script has ended.

mod output;
mod rule;
mod series;

use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::rc::Rc;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal, kill, killpg};
use nix::unistd::{Pid, pipe2};
use twinbeat::time::{Duration, Instant};

use crate::journal::{self, Level};
use crate::reactor::Reactor;
use crate::{files, privilege, sys};
use output::Output;
pub(crate) use rule::Rule;
pub(crate) use series::{Errand, MOST, Series, Step, TURN};

/// The language of every script.
const LANG: &CStr = c"LANG=C";
/// The search path of every script.
const PATH: &CStr = c"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// From `SIGTERM` to `SIGKILL`, and from there until a process is given up.
const GRACE: Duration = Duration::from_secs(5);
/// For so long there may be so many lines in the log.
const MINUTE: Duration = Duration::from_secs(60);
/// How often a kernel without `pidfd_open` (before 5.3) is asked whether the script has ended.
const POLL: Duration = Duration::from_millis(50);

/// What a script is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Make it run; harmless when it runs.
    Start,
    /// Make it not run; harmless when it does not.
    Stop,
    /// Say whether it runs.
    Status,
}

/// One call of one script.
pub(crate) struct Job {
    /// The script itself.
    pub(crate) path: String,
    /// Its arguments, the verb included.
    pub(crate) arguments: Vec<String>,
    /// How long it may take.
    pub(crate) limit: Duration,
    /// How important its lines are.
    pub(crate) level: Level,
    /// What its lines in the log begin with.
    pub(crate) label: String,
    /// All of its environment but `PATH` and `LANG`: `NAME=value`.
    pub(crate) environment: Rc<[String]>,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By a signal that was not ours.
    Signal(i32),
    /// It took longer than its limit and was killed.
    TimedOut,
    /// It did not even die when it was killed, and may still run.
    Unkillable,
    /// It could not be begun.
    NotBegun(Errno),
    /// There is none; what is missing.
    Missing(&'static str),
}

/// How a call ended, and what it printed.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How it ended.
    pub(crate) exit: Exit,
    /// The beginning of its standard output.
    pub(crate) said: String,
}

impl Verb {
    /// The last argument.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Status => "status",
        }
    }

    /// How important its lines in the log are.
    pub(crate) const fn level(self) -> Level {
        match self {
            Self::Start | Self::Stop => Level::Info,
            Self::Status => Level::Debug,
        }
    }
}

impl Job {
    /// Without an environment of its own; its lines are as important as a start's.
    #[inline(never)]
    pub(crate) fn new(path: &str, words: &[&str], limit: Duration, label: &str) -> Self {
        Self {
            path: path.to_owned(),
            arguments: words.iter().map(|word| (*word).to_owned()).collect(),
            limit,
            level: Level::Info,
            label: label.to_owned(),
            environment: Rc::default(),
        }
    }
}

impl Finished {
    /// Ended without having been begun.
    pub(crate) const fn at_once(exit: Exit) -> Self {
        Self {
            exit,
            said: String::new(),
        }
    }

    /// Whether there is none, or nothing that could interpret it.
    pub(crate) fn is_missing(&self) -> bool {
        match &self.exit {
            Exit::Missing(_) => true,
            Exit::NotBegun(error) => *error == Errno::ENOENT,
            _ => false,
        }
    }

    /// Whether it said how to use it, because it does not know the verb.
    pub(crate) fn is_usage(&self) -> bool {
        rule::says(self.said.as_bytes(), &["Usage:", "usage:", "Syntax:"])
    }

    /// Whether `start` or `stop` did it.
    pub(crate) const fn succeeded(&self) -> bool {
        matches!(self.exit, Exit::Code(0))
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(number) => write!(f, "killed by signal {number}"),
            Self::TimedOut => f.write_str("took too long and was killed"),
            Self::Unkillable => f.write_str("took too long and does not die; given up"),
            Self::NotBegun(error) => write!(f, "cannot be run: {}", journal::errno(*error)),
            Self::Missing(why) => f.write_str(why),
        }
    }
}

/// Kills a script of a [`Series`], and all of its process group; nothing, if it is zero.
pub(crate) fn end(process: i32) {
    signal(process, Signal::SIGKILL);
}

/// The same with another signal; a script can leave its process group.
pub(crate) fn signal(process: i32, signal: Signal) {
    if process > 0 {
        let child = Pid::from_raw(process);
        let _ = killpg(child, signal);
        let _ = kill(child, signal);
    }
}

/// Runs a script to its end, whatever it does; meanwhile its process is in `process`, which is zero
/// otherwise.
async fn run_as(reactor: &'static Reactor, job: Job, process: &Cell<i32>) -> Finished {
    let (child, mut output) = match begin(&job) {
        Ok(begun) => begun,
        Err(error) => {
            return Finished::at_once(Exit::NotBegun(error));
        }
    };
    process.set(child.as_raw());
    let pidfd = sys::pidfd_open(child).ok();
    let mut killed = Killed::Not;
    let mut until = reactor.now().after(job.limit);
    let mut fresh_at = reactor.now().after(MINUTE);
    loop {
        if reactor.now() >= fresh_at {
            output.renew();
            fresh_at = reactor.now().after(MINUTE);
        }
        output.read();
        if let Some(status) = ended(child, killed) {
            process.set(0);
            output.read();
            return Finished {
                exit: exit(status, killed),
                said: output.finish(),
            };
        }
        if reactor.now() >= until {
            let (signal, next) = match killed {
                Killed::Not => (Signal::SIGTERM, Killed::Asked),
                Killed::Asked => (Signal::SIGKILL, Killed::Forced),
                // Nobody waits for it any more: it stays a zombie until this program ends.
                Killed::Forced => {
                    process.set(0);
                    return Finished {
                        exit: Exit::Unkillable,
                        said: output.finish(),
                    };
                }
            };
            // It may have ended by now.
            self::signal(child.as_raw(), signal);
            killed = next;
            until = reactor.now().after(GRACE);
        }
        wait(reactor, pidfd.as_ref(), &output, until).await;
    }
}

/// Begins a shell's command whose end nobody waits for, and whose output is its own affair. The
/// child is a zombie until it is reaped.
pub(crate) fn leave_alone(command: &str) -> Option<Pid> {
    let job = Job::new("/bin/sh", &["-c", command], Duration::ZERO, "");
    begin(&job).ok().map(|(child, _)| child)
}

/// How far the end of a script that takes too long has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Killed {
    Not,
    Asked,
    Forced,
}

/// Begins it; `std::process::Command` would be another 23 kB on MIPS. All descriptors of ours but
/// these three close themselves in the child, and signals caught here are not caught there;
/// `SIGPIPE`, which is ignored here, is given back.
fn begin(job: &Job) -> Result<(Pid, Output), Errno> {
    let (stdout, to_stdout) = pipe2(OFlag::O_CLOEXEC)?;
    let (stderr, to_stderr) = pipe2(OFlag::O_CLOEXEC)?;
    let output = Output::new(&job.label, job.level, stdout, stderr)?;
    let nothing = files::open(Path::new("/dev/null"), OFlag::O_RDONLY, 0)?;

    let mut files = PosixSpawnFileActions::init()?;
    files.add_dup2(nothing.as_raw_fd(), 0)?;
    files.add_dup2(to_stdout.as_raw_fd(), 1)?;
    files.add_dup2(to_stderr.as_raw_fd(), 2)?;
    let mut attributes = PosixSpawnAttr::init()?;
    let flags = PosixSpawnFlags::POSIX_SPAWN_SETPGROUP | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF;
    attributes.set_flags(flags)?;
    attributes.set_pgroup(Pid::from_raw(0))?;
    attributes.set_sigdefault(&SigSet::from(Signal::SIGPIPE))?;

    let mut arguments = Vec::new();
    add(&mut arguments, std::slice::from_ref(&job.path))?;
    add(&mut arguments, &job.arguments)?;
    let mut variables = vec![LANG.to_owned(), PATH.to_owned()];
    add(&mut variables, &job.environment)?;
    let path = arguments[0].as_c_str();
    let spawn = || posix_spawn(path, &files, &attributes, &arguments, &variables);
    Ok((privilege::as_ordinary(spawn)?, output))
}

#[inline(never)]
fn add(list: &mut Vec<CString>, words: &[String]) -> Result<(), Errno> {
    for word in words {
        list.push(CString::new(word.as_bytes()).map_err(|_| Errno::EINVAL)?);
    }
    Ok(())
}

async fn wait(reactor: &'static Reactor, pidfd: Option<&OwnedFd>, output: &Output, until: Instant) {
    let soon = |span: Duration| until.min(reactor.now().after(span));
    let until = match pidfd {
        Some(_) if !output.is_noisy() => until,
        _ => soon(POLL),
    };
    let mut watches = [sys::Watch::NOTHING; 3];
    if let Some(fd) = pidfd {
        watches[0] = sys::Watch::readable(fd.as_raw_fd());
    }
    if !output.is_noisy() {
        for (place, fd) in watches[1..].iter_mut().zip(output.descriptors()) {
            *place = sys::Watch::readable(fd);
        }
    }
    reactor.wait(&watches, until).await;
}

/// Whether it has ended. What is left of a killed script's process group goes with it, before
/// the group's number can be given to another.
fn ended(child: Pid, killed: Killed) -> Option<ExitStatus> {
    if !sys::has_ended(child) {
        return None;
    }
    if killed != Killed::Not {
        let _ = killpg(child, Signal::SIGKILL);
    }
    sys::reap(child)
}

fn exit(status: ExitStatus, killed: Killed) -> Exit {
    match (killed, status.code()) {
        (Killed::Asked | Killed::Forced, _) => Exit::TimedOut,
        (Killed::Not, Some(code)) => Exit::Code(code),
        (Killed::Not, None) => Exit::Signal(status.signal().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests;

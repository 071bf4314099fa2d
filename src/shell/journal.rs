//! The log: standard error, `logfile` and `debugfile`, syslog.
//!
//! A line is put into a bounded queue when it is said and written when the loop has done all that
//! is urgent ([`flush`]). Nothing of it ever waits: a reader that has stopped, a full disk, a dead
//! syslog cost lines, which are counted, and nothing else.

mod calendar;
mod syslog;
mod wording;

use std::fmt::{Arguments, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, TryLockError};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use twinbeat::config::Config;

use crate::{files, sys};
pub(crate) use calendar::date;
use syslog::Syslog;
pub(crate) use wording::{
    address_error, carrier, difference, errno, event, group_state, hardware, host, link_name,
    peer_state, reason, reject, target,
};

/// Lines that may wait to be written.
const MAX_WAITING: usize = 256;
/// Bytes of one line; longer ones are cut. Far below what a pipe takes at once (`PIPE_BUF`).
const MAX_LINE: usize = 1024;

/// How grave a line is, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

struct Journal {
    /// What is graver, or as grave, is written somewhere; `None` for nothing.
    most: Option<Level>,
    lines: Vec<(Level, String)>,
    /// Lines that found no room.
    lost: u64,
    sinks: Sinks,
}

/// Where lines go; opened once the configuration is known.
struct Sinks {
    /// How much goes to standard error.
    stderr: Option<Level>,
    log: Option<LogFile>,
    debug: Option<LogFile>,
    syslog: Option<Syslog>,
    node: String,
}

struct LogFile {
    file: OwnedFd,
    lost: u64,
}

static JOURNAL: Mutex<Journal> = Mutex::new(Journal {
    most: None,
    lines: Vec::new(),
    lost: 0,
    sinks: Sinks {
        stderr: None,
        log: None,
        debug: None,
        syslog: None,
        node: String::new(),
    },
});

/// Begins the log, or begins it anew with files that are opened again. On standard error `RUST_LOG`
/// decides if it is a level, else `info`, or `debug` when asked for.
pub(crate) fn begin(config: &Config) {
    let of = |is_debug| {
        if is_debug { Level::Debug } else { Level::Info }
    };
    let mut stderr = Some(of(config.log.debug > 0));
    if let Some(word) = sys::variable(c"RUST_LOG") {
        let is = |name: &str| word.eq_ignore_ascii_case(name);
        let level = Level::ALL.into_iter().find(|level| is(level.name()));
        if is("off") || level.is_some() {
            stderr = level;
        } else if is("trace") {
            stderr = Some(Level::Debug);
        }
    }
    held().most = stderr.max(Some(of(config.log.debug_file.is_some())));
    let path = |text: Option<_>| text.map(|text| config.text(text));
    // What cannot be opened is said, too.
    let sinks = Sinks {
        stderr,
        log: path(config.log.file).and_then(LogFile::open),
        debug: path(config.log.debug_file).and_then(LogFile::open),
        syslog: config.log.facility.map(Syslog::new),
        node: config.node_name(config.me).to_owned(),
    };
    held().sinks = sinks;
}

/// Writes what waits, as far as it can be written at once.
pub(crate) fn flush() {
    let journal = &mut *held();
    // The queue's memory is used again.
    for (level, text) in journal.lines.drain(..) {
        journal.sinks.write(level, &text);
    }
    if journal.lost > 0 {
        let text = format!("{} lines of the log were lost", journal.lost);
        journal.sinks.write(Level::Warn, &text);
        journal.lost = 0;
    }
}

/// Has a line written soon.
#[inline(never)]
pub(crate) fn say(level: Level, line: Arguments<'_>) {
    if Some(level) > held().most {
        return;
    }
    // Whoever shows something of his own may have something to say.
    let mut text = line.to_string();
    if text.len() > MAX_LINE {
        let cut = (0..=MAX_LINE).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(cut.unwrap_or_default());
    }
    let mut journal = held();
    if journal.lines.len() < MAX_WAITING {
        journal.lines.push((level, text));
    } else {
        journal.lost += 1;
    }
}

/// Says what keeps something from working.
pub(crate) fn error(line: Arguments<'_>) {
    say(Level::Error, line);
}

/// Says what somebody should look at.
pub(crate) fn warn(line: Arguments<'_>) {
    say(Level::Warn, line);
}

/// Says what happens.
pub(crate) fn info(line: Arguments<'_>) {
    say(Level::Info, line);
}

/// Says what only matters when something is looked for.
pub(crate) fn debug(line: Arguments<'_>) {
    say(Level::Debug, line);
}

/// Text of others made fit for a line: control characters are shown, not obeyed.
pub(crate) fn printable(bytes: &[u8]) -> String {
    let mut line = String::with_capacity(bytes.len());
    for character in files::text(bytes).chars() {
        if character.is_control() && character != '\t' {
            // Writing to a string does not fail.
            let _ = write!(line, "\\x{:02x}", u32::from(character));
        } else {
            line.push(character);
        }
    }
    line
}

impl Level {
    const ALL: [Self; 4] = [Self::Error, Self::Warn, Self::Info, Self::Debug];

    /// As lines have it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

impl Sinks {
    fn write(&mut self, level: Level, text: &str) {
        let name = level.name();
        if Some(level) <= self.stderr {
            write_to_stderr(format!("{name}: {text}\n").as_bytes());
        }
        // Debug lines go to `debugfile` alone, as heartbeat's do.
        let is_debug = level == Level::Debug;
        let files = [self.log.as_mut().filter(|_| !is_debug), self.debug.as_mut()];
        let mut line = String::new();
        for file in files.into_iter().flatten() {
            if line.is_empty() {
                let (at, pid) = (date(crate::clock::wall()), std::process::id());
                line = format!("{at} {} twinbeat: [{pid}]: {name}: {text}\n", self.node);
            }
            file.write(&line);
        }
        if let Some(syslog) = self.syslog.as_mut().filter(|_| !is_debug) {
            syslog.write(level, text);
        }
    }
}

impl LogFile {
    fn open(path: &str) -> Option<Self> {
        let flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT;
        match files::open(Path::new(path), flags, 0o640) {
            Ok(file) => Some(Self { file, lost: 0 }),
            Err(error) => {
                warn(format_args!("{path}: cannot be written: {}", errno(error)));
                None
            }
        }
    }

    fn write(&mut self, line: &str) {
        if self.lost > 0 {
            let note = format!("(lines lost: {})\n", self.lost);
            if files::write(self.file.as_fd(), note.as_bytes()).is_err() {
                self.lost += 1;
                return;
            }
            self.lost = 0;
        }
        if files::write(self.file.as_fd(), line.as_bytes()).is_err() {
            self.lost += 1;
        }
    }
}

/// To standard error, unless its reader would have to be waited for. The flag `O_NONBLOCK` would not
/// do: it belongs to everybody who has the same terminal or pipe open.
fn write_to_stderr(bytes: &[u8]) {
    let fd = sys::STDERR;
    let mut watch = [PollFd::new(fd, PollFlags::POLLOUT)];
    let ready = poll(&mut watch, PollTimeout::ZERO).is_ok_and(|count| count > 0);
    let writable = watch[0].revents() == Some(PollFlags::POLLOUT);
    if ready && writable && sys::send_at_once(fd, bytes) == Err(Errno::ENOTSOCK) {
        // A pipe that can be written takes a line whole; so does a terminal.
        let _ = nix::unistd::write(fd, bytes);
    }
}

/// There is one thread, but in tests. So what writes lines must say none: it would wait for itself.
fn held() -> MutexGuard<'static, Journal> {
    loop {
        match JOURNAL.try_lock() {
            Ok(journal) => return journal,
            Err(TryLockError::Poisoned(journal)) => return journal.into_inner(),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert_eq!(printable(b"a\x1b[2Jb\r\0"), "a\\x1b[2Jb\\x0d\\x00");
        assert_eq!(printable("caf\u{e9}\t1".as_bytes()), "caf\u{e9}\t1");
        assert_eq!(printable(&[b'a', 0xff]), "a\u{fffd}");
    }

    #[test]
    fn a_full_disk_costs_lines_and_nothing_else() {
        let mut full = LogFile {
            file: files::open(Path::new("/dev/full"), OFlag::O_WRONLY, 0).unwrap(),
            lost: 0,
        };
        full.write("one\n");
        full.write("two\n");
        assert_eq!(full.lost, 2);
    }

    #[test]
    fn debug_lines_go_to_the_debug_file_alone() {
        let folder = crate::testing::folder();
        let [log, debug] = ["log", "debug"].map(|name| folder.join(name));
        let open = |path: &Path| LogFile::open(path.to_str().unwrap());
        let mut sinks = Sinks {
            stderr: None,
            log: open(&log),
            debug: open(&debug),
            syslog: None,
            node: "alpha".into(),
        };
        sinks.write(Level::Debug, "small");
        sinks.write(Level::Warn, "large");
        let [log, debug] = [log, debug].map(|path| std::fs::read_to_string(path).unwrap());
        assert!(log.ends_with("WARN: large\n") && log.lines().count() == 1);
        assert!(debug.contains(" alpha twinbeat: [") && debug.lines().count() == 2);
    }
}

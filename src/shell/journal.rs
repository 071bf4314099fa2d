//! The log: standard error, `logfile` and `debugfile`, syslog.
//!
//! A line is put into a bounded queue when it is said and written when the loop has done all that
//! is urgent ([`flush`]). Nothing of it ever waits: a reader that has stopped, a full disk, a dead
//! syslog cost lines, which are counted, and nothing else.

mod calendar;
mod syslog;
mod wording;

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};
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

/// Where lines go.
struct Journal {
    waiting: Mutex<Waiting>,
    sinks: Mutex<Sinks>,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<(Level, String)>,
    lost: u64,
}

/// What is opened once the configuration is known.
struct Sinks {
    /// How much goes to standard error.
    stderr: Option<LevelFilter>,
    log: Option<LogFile>,
    debug: Option<LogFile>,
    syslog: Option<Syslog>,
    node: String,
}

struct LogFile {
    file: File,
    lost: u64,
}

static JOURNAL: Journal = Journal {
    waiting: Mutex::new(Waiting {
        lines: VecDeque::new(),
        lost: 0,
    }),
    sinks: Mutex::new(Sinks {
        stderr: None,
        log: None,
        debug: None,
        syslog: None,
        node: String::new(),
    }),
};

/// Begins the log, or begins it anew with files that are opened again. On standard error `RUST_LOG` decides if it is a level, else `info`, or `debug`
/// when asked for.
pub(crate) fn begin(config: &Config) {
    let default = if config.log.debug > 0 {
        LevelFilter::Debug
    } else {
        LevelFilter::Info
    };
    let stderr = sys::variable(c"RUST_LOG")
        .and_then(|level| level.parse().ok())
        .unwrap_or(default);
    let least = if config.log.debug_file.is_some() {
        LevelFilter::Debug
    } else {
        LevelFilter::Info
    };
    // Already done when it begins anew.
    let _ = log::set_logger(&JOURNAL);
    log::set_max_level(least.max(stderr));
    let path = |text: Option<_>| text.map(|text| config.text(text));
    let sinks = Sinks {
        stderr: Some(stderr),
        log: path(config.log.file).and_then(LogFile::open),
        debug: path(config.log.debug_file).and_then(LogFile::open),
        syslog: config.log.facility.map(Syslog::new),
        node: config.node_name(config.me).to_owned(),
    };
    *held(&JOURNAL.sinks) = sinks;
}

/// Writes what waits, as far as it can be written at once.
pub(crate) fn flush() {
    let mut waiting = std::mem::take(&mut *held(&JOURNAL.waiting));
    if waiting.lines.is_empty() {
        return;
    }
    if waiting.lost > 0 {
        let text = format!("{} lines of the log were lost", waiting.lost);
        waiting.lines.push_back((Level::Warn, text));
    }
    let mut sinks = held(&JOURNAL.sinks);
    for (level, text) in waiting.lines.drain(..) {
        if sinks.stderr.is_some_and(|most| level <= most) {
            write_to_stderr(format!("{}: {text}\n", level_name(level)).as_bytes());
        }
        sinks.write(level, &text);
    }
    // The queue's memory is used again.
    let mut queue = held(&JOURNAL.waiting);
    if queue.lines.is_empty() {
        queue.lines = waiting.lines;
    }
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

impl Log for Journal {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Other crates have nothing to say to our users.
        metadata.target().starts_with("twinbeat")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut text = record.args().to_string();
        if text.len() > MAX_LINE {
            let cut = (0..=MAX_LINE).rev().find(|at| text.is_char_boundary(*at));
            text.truncate(cut.unwrap_or_default());
        }
        let mut waiting = held(&self.waiting);
        if waiting.lines.len() < MAX_WAITING {
            waiting.lines.push_back((record.level(), text));
        } else {
            waiting.lost += 1;
        }
    }

    fn flush(&self) {
        flush();
    }
}

impl Sinks {
    fn write(&mut self, level: Level, text: &str) {
        // Debug lines go to `debugfile` alone, as heartbeat's do.
        let files = [
            (&mut self.log, Level::Info),
            (&mut self.debug, Level::Trace),
        ];
        let mut line = None;
        for (file, most) in files {
            if let Some(file) = file.as_mut().filter(|_| level <= most) {
                let line = line.get_or_insert_with(|| {
                    let (at, pid) = (date(crate::clock::wall()), std::process::id());
                    let level = level_name(level);
                    format!("{at} {} twinbeat: [{pid}]: {level}: {text}\n", self.node)
                });
                file.write(line);
            }
        }
        if let Some(syslog) = self.syslog.as_mut().filter(|_| level <= Level::Info) {
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
                log::warn!("{path}: cannot be written: {}", errno(error));
                None
            }
        }
    }

    fn write(&mut self, line: &str) {
        if self.lost > 0 {
            let note = format!("(lines lost: {})\n", self.lost);
            if self.file.write_all(note.as_bytes()).is_err() {
                self.lost += 1;
                return;
            }
            self.lost = 0;
        }
        if self.file.write_all(line.as_bytes()).is_err() {
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

fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As lines have it.
pub(crate) const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Error => "ERROR",
        Level::Warn => "WARN",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Trace => "trace",
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

//! `status --watch`: the whole screen, each second. Plain ANSI, and only lines that changed: a serial
//! console of 19200 baud takes a second for a screen.

use std::fmt::Write as _;
use std::os::fd::AsFd;
use std::path::Path;

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::read;
use twinbeat::time::Instant;

use super::{DONE, FAILED};
use crate::signal::Signals;
use crate::status::Span;
use crate::sys::{self, STDIN, STDOUT};
use crate::{clock, control, stream};

/// The screen of a program: nothing scrolls out, no cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// Of a terminal that does not tell.
const USUAL: (u16, u16) = (24, 80);
const PAUSE: u16 = 1000;
/// ^C, which is a key as any other while the terminal is raw.
const INTERRUPT: u8 = 3;
/// Bytes of events after which they begin anew.
const MOST_EVENTS: usize = 1 << 20;
const FOOT: &str = "twinbeat status, each second; q ends";

/// A terminal that is put back as it was.
struct Screen {
    before: libc::termios,
    /// A line for each row.
    shown: String,
    size: (u16, u16),
}

/// What was heard last.
#[derive(Default)]
struct Seen {
    text: String,
    events: String,
    /// The number of the next event.
    next: String,
    /// Since when nobody answers.
    lost: Option<Instant>,
}

/// Until `q`, ^C or a signal; the exit code.
pub(super) fn watch(rundir: &Path) -> u8 {
    let (Some(mut screen), Ok(mut signals)) = (Screen::open(), Signals::catch()) else {
        stream::complain(format_args!("twinbeat: --watch needs a terminal"));
        return FAILED;
    };
    let mut seen = Seen::default();
    loop {
        seen.ask(rundir);
        screen.draw(&seen);
        let mut watched = [STDIN, signals.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        let _ = poll(&mut watched, PollTimeout::from(PAUSE));
        let key = watched[0].any() == Some(true);
        if signals.next().is_some() {
            return DONE;
        }
        if key {
            let mut keys = [0; 16];
            let count = read(STDIN, &mut keys).unwrap_or(0);
            let ends = keys
                .iter()
                .any(|key| matches!(key, b'q' | b'Q' | &INTERRUPT));
            if count == 0 || ends {
                return DONE;
            }
            // Whoever presses a key may want to see it all anew.
            screen.shown.clear();
        }
    }
}

impl Seen {
    fn ask(&mut self, rundir: &Path) {
        let Ok(text) = control::ask(rundir, "status") else {
            self.lost.get_or_insert_with(clock::now);
            return;
        };
        (self.text, self.lost) = (text, None);
        self.next.insert_str(0, "events ");
        let reply = control::ask(rundir, &self.next).unwrap_or_default();
        let (next, events) = reply.split_once('\n').unwrap_or_default();
        self.next = next.to_owned();
        if self.events.len() > MOST_EVENTS {
            self.events.clear();
        }
        self.events.push_str(events);
    }

    /// A line for each row.
    fn page(&self, rows: usize) -> String {
        let (mut page, mut left) = (String::new(), rows - 1);
        let mut put = |line: &str| {
            if left > 0 {
                page.push_str(line);
                page.push('\n');
                left -= 1;
            }
            left
        };
        if let Some(since) = self.lost {
            let since = Span(clock::now().since(since));
            put(&format!("NOT RUNNING for {since}. Before that:"));
        }
        let mut room = 0;
        for line in self.text.lines() {
            room = put(line);
        }
        if room > 2 {
            room = put("") - 1;
            let spare = self.events.lines().count().saturating_sub(room);
            for line in self.events.lines().skip(spare) {
                // The uptime says less than the time, and the day is today as a rule.
                let (_, line) = line.split_once(' ').unwrap_or_default();
                put(line.split_once('T').map_or(line, |(_, time)| time));
            }
        }
        while put("") > 0 {}
        page + FOOT
    }
}

impl Screen {
    fn open() -> Option<Self> {
        let before = sys::set_raw(STDIN)?;
        stream::print(ENTER);
        Some(Self {
            before,
            shown: String::new(),
            size: USUAL,
        })
    }

    fn draw(&mut self, seen: &Seen) {
        let size = sys::window(STDOUT).unwrap_or(USUAL);
        if self.size != size {
            self.size = size;
            self.shown.clear();
        }
        let (rows, columns) = size;
        let page = seen.page(rows.into());
        let mut out = String::new();
        let mut heading = true;
        let mut shown = self.shown.lines();
        for (row, line) in (1..=rows).zip(page.lines()) {
            heading &= !line.is_empty();
            if shown.next() != Some(line) {
                let trouble = heading && !line.starts_with("OK");
                let inverse = if trouble { "\x1b[7m" } else { "" };
                // In the last column a terminal may begin a new line.
                let width = usize::from(columns) - 1;
                let _ = write!(out, "\x1b[{row};1H{inverse}{line:.width$}\x1b[m\x1b[K");
            }
        }
        self.shown = page;
        stream::print(&out);
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        stream::print(LEAVE);
        sys::set_mode(STDIN, &self.before);
    }
}

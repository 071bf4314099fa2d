//! `status --watch`: the whole screen, each second. Plain ANSI, and only lines that changed: a serial
//! console of 19200 baud takes a second for a screen.

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::path::Path;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::read;
use twinbeat::time::Instant;

use super::FAILED;
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
/// Events that are kept for when there is room.
const MOST_EVENTS: usize = 64;

/// A terminal that is put back as it was.
struct Screen {
    before: Termios,
    shown: Vec<String>,
    size: (u16, u16),
}

/// What was heard last.
struct Seen {
    text: String,
    events: VecDeque<String>,
    /// The number of the next event.
    next: String,
    /// Since when nobody answers.
    lost: Option<Instant>,
}

/// Until `q`, ^C or a signal; the error is an exit code.
pub(super) fn watch(rundir: &Path) -> Result<String, u8> {
    let (Ok(screen), Ok(mut signals)) = (Screen::open(), Signals::catch()) else {
        stream::complain(format_args!("twinbeat: --watch needs a terminal"));
        return Err(FAILED);
    };
    let mut screen = screen;
    let mut seen = Seen {
        text: String::new(),
        events: VecDeque::new(),
        next: String::new(),
        lost: None,
    };
    loop {
        seen.ask(rundir);
        screen.draw(&seen);
        let mut watched = [STDIN, signals.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        let _ = poll(&mut watched, PollTimeout::from(PAUSE));
        let key = watched[0].any() == Some(true);
        if signals.next().is_some() {
            return Ok(String::new());
        }
        if key {
            let mut keys = [0; 16];
            match read(STDIN, &mut keys) {
                Ok(count) if count > 0 && !keys[..count].iter().any(|key| is_end(*key)) => {
                    // Whoever presses a key may want to see it all anew.
                    screen.shown.clear();
                }
                Ok(_) | Err(_) => return Ok(String::new()),
            }
        }
    }
}

const fn is_end(key: u8) -> bool {
    matches!(key, b'q' | b'Q' | INTERRUPT)
}

impl Seen {
    fn ask(&mut self, rundir: &Path) {
        match control::ask(rundir, "status") {
            Ok(text) => (self.text, self.lost) = (text, None),
            Err(_) => {
                self.lost.get_or_insert_with(clock::now);
                return;
            }
        }
        if let Ok(reply) = control::ask(rundir, &format!("events {}", self.next)) {
            let mut lines = reply.lines();
            self.next = lines.next().unwrap_or_default().to_owned();
            self.events.extend(lines.map(str::to_owned));
            while self.events.len() > MOST_EVENTS {
                self.events.pop_front();
            }
        }
    }

    /// At most so many lines.
    fn lines(&self, rows: usize) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(since) = self.lost {
            let since = Span(clock::now().since(since));
            lines.push(format!("NOT RUNNING for {since}. Before that:"));
        }
        lines.extend(self.text.lines().map(str::to_owned));
        let room = rows.saturating_sub(lines.len() + 3).min(self.events.len());
        if room > 0 {
            lines.push(String::new());
            lines.extend(self.events.iter().skip(self.events.len() - room).cloned());
        }
        lines.truncate(rows - 1);
        lines.resize(rows - 1, String::new());
        lines.push("twinbeat status, each second; q ends".to_owned());
        lines
    }
}

impl Screen {
    fn open() -> nix::Result<Self> {
        let before = tcgetattr(STDIN)?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        tcsetattr(STDIN, SetArg::TCSANOW, &raw)?;
        stream::print(ENTER);
        Ok(Self {
            before,
            shown: Vec::new(),
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
        let lines = seen.lines(rows.into());
        let mut out = String::new();
        let mut heading = true;
        for (row, line) in lines.iter().enumerate() {
            heading &= !line.is_empty();
            if self.shown.get(row) != Some(line) {
                out.push_str(&format!("\x1b[{};1H", row + 1));
                let trouble = heading && !line.starts_with("OK");
                out.push_str(if trouble { "\x1b[7m" } else { "" });
                // In the last column a terminal may begin a new line.
                let fits = line.chars().take(usize::from(columns) - 1);
                out.extend(fits.map(|letter| if letter < ' ' { '?' } else { letter }));
                out.push_str("\x1b[m\x1b[K");
            }
        }
        self.shown = lines;
        stream::print(&out);
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        stream::print(LEAVE);
        let _ = tcsetattr(STDIN, SetArg::TCSANOW, &self.before);
    }
}

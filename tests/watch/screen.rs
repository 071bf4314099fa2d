//! As much of a terminal as `--watch` needs; anything else it sends is a fault.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::libc;
use nix::pty::Winsize;

pub(crate) struct Screen {
    columns: usize,
    cells: Vec<Vec<(char, bool)>>,
    row: usize,
    column: usize,
    inverse: bool,
    pub(crate) alternate: bool,
    pub(crate) cursor_hidden: bool,
    /// Letters that did not fit.
    pub(crate) outside: usize,
    pub(crate) bytes: usize,
    waiting: String,
}

nix::ioctl_write_ptr_bad!(set_size, libc::TIOCSWINSZ, Winsize);

/// Tells a terminal its size.
#[expect(unsafe_code, reason = "nix has this ioctl as a macro only")]
pub(crate) fn resize(master: &OwnedFd, size: &Winsize) {
    // SAFETY: an open terminal, and a structure that lives through the call.
    unsafe { set_size(master.as_raw_fd(), size) }.unwrap();
}

impl Screen {
    pub(crate) fn new(rows: usize, columns: usize) -> Self {
        Self {
            columns,
            cells: vec![vec![(' ', false); columns]; rows],
            row: 0,
            column: 0,
            inverse: false,
            alternate: false,
            cursor_hidden: false,
            outside: 0,
            bytes: 0,
            waiting: String::new(),
        }
    }

    pub(crate) fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        self.waiting.push_str(std::str::from_utf8(bytes).unwrap());
        while let Some(first) = self.waiting.chars().next() {
            if first != '\u{1b}' {
                self.put(first);
                self.waiting.remove(0);
                continue;
            }
            let is_end = |letter: char| letter.is_ascii_alphabetic();
            let Some(end) = self.waiting.find(is_end) else {
                return;
            };
            let rest = self.waiting.split_off(end + 1);
            let sequence = std::mem::replace(&mut self.waiting, rest);
            self.obey(&sequence[1..]);
        }
    }

    fn obey(&mut self, sequence: &str) {
        match sequence {
            "[?1049h" => self.alternate = true,
            "[?1049l" => self.alternate = false,
            "[?25l" => self.cursor_hidden = true,
            "[?25h" => self.cursor_hidden = false,
            "[2J" => self.cells.iter_mut().for_each(|row| row.fill((' ', false))),
            "[K" => {
                let column = self.column;
                self.cells[self.row][column..].fill((' ', false));
            }
            "[7m" => self.inverse = true,
            "[m" => self.inverse = false,
            _ => {
                let place = sequence
                    .strip_prefix('[')
                    .and_then(|s| s.strip_suffix(";1H"));
                let place = place.and_then(|row| row.parse::<usize>().ok());
                let row = place.unwrap_or_else(|| panic!("what is {sequence:?}?"));
                self.outside += usize::from(row > self.cells.len());
                (self.row, self.column) = ((row - 1).min(self.cells.len() - 1), 0);
            }
        }
    }

    fn put(&mut self, letter: char) {
        assert!(letter >= ' ', "{letter:?}");
        if self.column + 1 >= self.columns {
            self.outside += 1;
            return;
        }
        self.cells[self.row][self.column] = (letter, self.inverse);
        self.column += 1;
    }

    pub(crate) fn row(&self, row: usize) -> String {
        let row: String = self.cells[row].iter().map(|(letter, _)| letter).collect();
        row.trim_end().to_owned()
    }

    pub(crate) fn inverse(&self, row: usize) -> bool {
        self.cells[row][0].1
    }

    pub(crate) fn text(&self) -> String {
        let rows = (0..self.cells.len()).map(|row| self.row(row) + "\n");
        rows.collect()
    }
}

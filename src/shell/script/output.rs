//! What a script prints: read as it comes, bounded, made harmless, written to the log.

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::read;

use crate::files;
use crate::journal::printable;
use crate::journal::{self, Level};

/// Bytes of one line in the log; the rest of a longer one is its own line.
const MAX_LINE: usize = 240;
/// Lines of one call in the log, until [`Output::renew`].
const MAX_LINES: u32 = 100;
/// Bytes of standard output kept for the meaning of `status`.
const MAX_SAID: usize = 1024;
/// Bytes read in one go, so that a script that prints without end does not hold up a beat.
const MAX_READ: usize = 64 * 1024;

/// Both outputs of one call.
pub(super) struct Output {
    label: String,
    level: Level,
    /// Standard output, then standard error; `None` once it has ended.
    streams: [Option<OwnedFd>; 2],
    lines: [Vec<u8>; 2],
    said: Vec<u8>,
    written: u32,
}

impl Output {
    /// Reads from these pipes from now on.
    pub(super) fn new(
        label: &str,
        level: Level,
        stdout: OwnedFd,
        stderr: OwnedFd,
    ) -> Result<Self, Errno> {
        for pipe in [&stdout, &stderr] {
            fcntl(pipe.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        Ok(Self {
            label: label.to_owned(),
            level,
            streams: [Some(stdout), Some(stderr)],
            lines: [Vec::new(), Vec::new()],
            said: Vec::new(),
            written: 0,
        })
    }

    /// Reads what is there.
    pub(super) fn read(&mut self) {
        for index in 0..self.streams.len() {
            let mut left = MAX_READ;
            while left > 0 && self.read_some(index, &mut left) {}
        }
    }

    /// The end: the last lines, and the beginning of what standard output said.
    pub(super) fn finish(mut self) -> String {
        for index in 0..self.lines.len() {
            self.write_line(index);
        }
        files::text(&self.said)
    }

    /// As many lines as at first may follow.
    pub(super) const fn renew(&mut self) {
        self.written = 0;
    }

    /// It prints so much that it is read only now and then.
    pub(super) const fn is_noisy(&self) -> bool {
        self.written > MAX_LINES
    }

    /// What to wait for.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = RawFd> {
        self.streams.iter().flatten().map(AsRawFd::as_raw_fd)
    }

    /// One read of the stream at `index` (0 or 1); `false` when there is no more for now.
    fn read_some(&mut self, index: usize, left: &mut usize) -> bool {
        let mut bytes = [0; 4096];
        let Some(stream) = &self.streams[index] else {
            return false;
        };
        match read(stream, &mut bytes) {
            Ok(count @ 1..) => {
                *left = left.saturating_sub(count);
                self.take(index, &bytes[..count]);
                true
            }
            Err(Errno::EAGAIN) => false,
            Err(Errno::EINTR) => true,
            Ok(0) | Err(_) => {
                self.streams[index] = None;
                false
            }
        }
    }

    fn take(&mut self, index: usize, bytes: &[u8]) {
        if index == 0 {
            let room = MAX_SAID - self.said.len();
            self.said.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        for byte in bytes {
            if *byte != b'\n' {
                self.lines[index].push(*byte);
            }
            if *byte == b'\n' || self.lines[index].len() >= MAX_LINE {
                self.write_line(index);
            }
        }
    }

    fn write_line(&mut self, index: usize) {
        let line = printable(self.lines[index].trim_ascii_end());
        self.lines[index].clear();
        if line.is_empty() || self.is_noisy() {
            return;
        }
        self.written += 1;
        if self.is_noisy() {
            journal::say(
                self.level,
                format_args!(
                    "{}: more than {MAX_LINES} lines in a minute; the rest is left out",
                    self.label
                ),
            );
        } else {
            journal::say(self.level, format_args!("{}: {line}", self.label));
        }
    }
}

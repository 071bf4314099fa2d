//! A link over a serial line: the core's [`Line`] says what leaves and when, its [`Decoder`] makes
//! frames of what comes.

use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use twinbeat::serial::{self, Class, Decoder, Line};
use twinbeat::time::{Duration, Instant};

use super::tty::Tty;

/// An open line.
pub(super) struct Port {
    tty: Tty,
    line: Line,
    decoder: Decoder,
    /// What was read and not decoded yet: `came[from..to]`.
    came: [u8; 256],
    from: usize,
    to: usize,
}

impl Port {
    /// Opens the device.
    pub(super) fn open(
        now: Instant,
        path: &str,
        baud: u32,
        rtscts: bool,
        keepalive: Duration,
    ) -> Result<Self, Errno> {
        Ok(Self {
            tty: Tty::open(path, baud, rtscts)?,
            line: Line::new(now, baud, keepalive),
            decoder: Decoder::new(),
            came: [0; 256],
            from: 0,
            to: 0,
        })
    }

    /// Takes a frame; it leaves when it is its turn.
    pub(super) fn send(&mut self, now: Instant, frame: &[u8], class: Class) -> Result<(), Errno> {
        self.line.offer(now, frame, class);
        self.pump(now)
    }

    /// Writes what is due; at [`Self::deadline`].
    pub(super) fn pump(&mut self, now: Instant) -> Result<(), Errno> {
        self.line.holds(now, self.tty.holds());
        if self.line.is_stalled(now) {
            self.tty.forget();
        }
        serial::send(now, &mut self.line, &mut self.tty).map_err(|gone| gone.0)
    }

    /// When there may be something to write.
    pub(super) fn deadline(&self) -> Instant {
        self.line.deadline()
    }

    /// The next frame, cut off at the end of `buf`; `None` when there is none yet.
    pub(super) fn receive(&mut self, buf: &mut [u8]) -> Result<Option<usize>, Errno> {
        // As much as a tty keeps; a line that brings noise without end is left alone then.
        for _ in 0..16 {
            // Both are ends of what was read.
            let mut rest = &self.came[self.from..self.to];
            if let Some(frame) = self.decoder.feed(&mut rest) {
                let len = frame.len().min(buf.len());
                buf[..len].copy_from_slice(&frame[..len]);
                self.from = self.to - rest.len();
                return Ok(Some(len));
            }
            (self.from, self.to) = (0, 0);
            self.to = self.tty.read(&mut self.came).map_err(|gone| gone.0)?;
            if self.to == 0 {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Whether more was read than was handed over: no descriptor tells of it.
    pub(super) const fn has_more(&self) -> bool {
        self.from < self.to
    }

    /// Runs of bytes that were no frame.
    pub(super) fn noise(&self) -> u32 {
        self.decoder.noise()
    }
}

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tty.as_fd()
    }
}

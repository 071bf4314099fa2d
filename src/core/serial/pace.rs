//! How fast a line is, and whether it moves.

use crate::time::{Duration, Instant};

/// What is known of the way out.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    baud: u32,
    keepalive: Duration,
    /// When the last byte written will have left.
    pub(super) free_at: Instant,
    /// Since when bytes lie at the port or in it and do not move; `NEVER` if they do.
    stuck_at: Instant,
    /// What the port was last said to hold.
    held: usize,
    /// Nothing was taken since the last stall.
    pub(super) stalled: bool,
}

impl Pace {
    /// A free line of so many bits each second, which stands still after a keepalive without a move.
    pub(super) fn new(baud: u32, keepalive: Duration) -> Self {
        Self {
            baud,
            keepalive,
            free_at: Instant::default(),
            stuck_at: Instant::NEVER,
            held: 0,
            stalled: false,
        }
    }

    /// The port took so many bytes; whether they were the `last` of what leaves now.
    pub(super) fn took(&mut self, now: Instant, count: usize, last: bool) {
        self.free_at = self.free_at.max(now).after(self.time(count));
        (self.held, self.stalled) = (0, false);
        self.stuck_at = if last { Instant::NEVER } else { now };
    }

    /// The port took nothing.
    pub(super) fn refused(&mut self, now: Instant) {
        self.stuck_at = self.stuck_at.min(now);
    }

    /// The port holds so many bytes.
    pub(super) fn holds(&mut self, now: Instant, bytes: usize) {
        if bytes == 0 || bytes < self.held {
            self.stuck_at = Instant::NEVER;
        }
        if bytes > 0 {
            self.stuck_at = self.stuck_at.min(now);
            self.free_at = self.free_at.max(now.after(self.time(bytes)));
        }
        self.held = bytes;
    }

    /// What the port held is gone.
    pub(super) fn cut(&mut self) {
        (self.held, self.stalled, self.stuck_at) = (0, true, Instant::NEVER);
    }

    /// The port took nothing of what it was last given.
    pub(super) fn is_refused(&self) -> bool {
        self.stuck_at != Instant::NEVER && self.held == 0
    }

    /// When it will have stood still for too long.
    pub(super) fn stalls_at(&self) -> Instant {
        self.stuck_at.after(self.keepalive)
    }

    /// How long so many bytes are on the line.
    pub(super) fn time(&self, bytes: usize) -> Duration {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        TEN_BITS.scaled(bytes, self.baud.into())
    }
}

/// A byte with its start and stop bit, times the bits of a second.
const TEN_BITS: Duration = Duration::from_secs(10);

//! Messages of text that leave one after another, as a real heartbeat wants them: they are numbered,
//! so none takes the place of an older one, and one that is left out is asked for again.
//!
//! At most one lies in the kernel's buffer, the others wait here. What does not fit is dropped whole.
//! After a stall the newest alone is left: the others are too old to be news.

use heapless::Vec;

use super::pace::Pace;
use super::{Class, Outgoing};
use crate::time::{Duration, Instant};

/// One outgoing line of messages; used like a [`super::Line`].
#[derive(Clone, Debug)]
pub struct Queue {
    pace: Pace,
    /// Those that wait, oldest first: each behind its length in two bytes.
    waiting: Vec<u8, ROOM>,
    /// How much the port has of what leaves now: of [`END`], if `broken`, and the first that waits.
    written: usize,
    /// The other end may hold half a message: an end of its own ends it.
    broken: bool,
}

impl Queue {
    /// A free line of so many bits each second (ten for a byte), which stands still after a
    /// `keepalive` without a move.
    pub fn new(baud: u32, keepalive: Duration) -> Self {
        Self {
            pace: Pace::new(baud, keepalive),
            waiting: Vec::new(),
            written: 0,
            broken: true,
        }
    }

    /// The line was cut, or the port lost.
    pub fn cut(&mut self) {
        while let Some(len) = self.first().map(<[u8]>::len)
            && self.waiting.len() > len.saturating_add(LENGTH)
        {
            self.remove(len);
        }
        (self.written, self.broken) = (0, true);
        self.pace.cut();
    }

    /// The oldest that waits.
    fn first(&self) -> Option<&[u8]> {
        let (length, rest) = self.waiting.split_first_chunk::<LENGTH>()?;
        rest.get(..u16::from_le_bytes(*length).into())
    }

    /// The oldest, of so many bytes, goes.
    fn remove(&mut self, len: usize) {
        let start = len.saturating_add(LENGTH).min(self.waiting.len());
        self.waiting.copy_within(start.., 0);
        self.waiting
            .truncate(self.waiting.len().saturating_sub(start));
    }

    /// Bytes of [`END`] before the message that leaves now.
    fn lead(&self) -> usize {
        if self.broken { END.len() } else { 0 }
    }
}

impl Outgoing for Queue {
    /// One that is empty, or that does not fit, is forgotten; so are those before it while the line
    /// stands still.
    fn offer(&mut self, _: Instant, message: &[u8], _: Class) {
        if self.pace.stalled {
            self.waiting.clear();
            self.written = 0;
        }
        let len = message.len();
        let room = ROOM.saturating_sub(self.waiting.len());
        if let Ok(length) = u16::try_from(len)
            && len > 0
            && len.saturating_add(LENGTH) <= room
        {
            // There is room for both.
            let _ = self.waiting.extend_from_slice(&length.to_le_bytes());
            let _ = self.waiting.extend_from_slice(message);
        }
    }

    fn poll(&mut self, now: Instant) -> Option<&[u8]> {
        if self.is_stalled(now) {
            self.cut();
        }
        if self.written == 0 && now < self.pace.free_at {
            return None;
        }
        let lead = self.lead();
        let first = self.first()?;
        match self.written.checked_sub(lead) {
            Some(written) => first.get(written..),
            None => END.get(self.written..),
        }
    }

    fn wrote(&mut self, now: Instant, count: usize) {
        let Some(len) = self.first().map(<[u8]>::len) else {
            return;
        };
        if count == 0 {
            return self.pace.refused(now);
        }
        self.written = self.written.saturating_add(count);
        let last = self.written >= self.lead().saturating_add(len);
        self.pace.took(now, count, last);
        if last {
            self.remove(len);
            (self.written, self.broken) = (0, false);
        }
    }

    fn holds(&mut self, now: Instant, bytes: usize) {
        self.pace.holds(now, bytes);
    }

    fn is_stalled(&self, now: Instant) -> bool {
        now >= self.pace.stalls_at()
    }

    fn deadline(&self) -> Instant {
        let at = self.pace.stalls_at();
        if self.waiting.is_empty() || self.written > 0 || self.pace.is_refused() {
            at
        } else {
            at.min(self.pace.free_at)
        }
    }
}

/// Two seconds of 19200 baud: about twenty messages.
const ROOM: usize = 4096;
/// Bytes of a length.
const LENGTH: usize = 2;
/// The end of a message, whatever was on the line before it.
const END: &[u8] = b"\n<<<\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_micros(millis * 1000)
    }

    /// A line of 1000 bytes a second, one a millisecond, that may stand still for 500 ms.
    fn queue() -> Queue {
        Queue::new(10_000, Duration::from_millis(500))
    }

    fn offer(queue: &mut Queue, now: u64, text: &str) {
        queue.offer(at(now), text.as_bytes(), Class::Beat);
    }

    /// What leaves now, when the port takes so much at a time.
    fn leaves(queue: &mut Queue, now: u64, bite: usize) -> std::string::String {
        let mut all = std::vec![];
        while let Some(bytes) = queue.poll(at(now)) {
            let count = bytes.len().min(bite);
            all.extend_from_slice(&bytes[..count]);
            queue.wrote(at(now), count);
            if count == 0 {
                break;
            }
        }
        std::string::String::from_utf8(all).unwrap()
    }

    #[test]
    fn messages_leave_whole_in_their_order_one_at_a_time() {
        let mut queue = queue();
        for text in [">>>\none\n<<<\n", ">>>\ntwo\n<<<\n", ">>>\nthree\n<<<\n"] {
            offer(&mut queue, 0, text);
        }
        // What was on the line before ends first.
        assert_eq!(leaves(&mut queue, 0, 3), "\n<<<\n>>>\none\n<<<\n");
        assert_eq!(queue.deadline(), at(17));
        assert_eq!(leaves(&mut queue, 16, 99), "");
        // The port may know better.
        queue.holds(at(17), 4);
        assert_eq!(leaves(&mut queue, 17, 99), "");
        assert_eq!(queue.deadline(), at(21));
        queue.holds(at(21), 0);
        assert_eq!(leaves(&mut queue, 21, 99), ">>>\ntwo\n<<<\n");
        assert_eq!(leaves(&mut queue, 33, 99), ">>>\nthree\n<<<\n");
        assert_eq!(queue.deadline(), Instant::NEVER);
    }

    #[test]
    fn what_does_not_fit_is_left_out_whole_and_what_comes_later_is_not() {
        let mut queue = queue();
        let long = "x".repeat(2000);
        for text in [&long, &long, &"y".repeat(100), &"z".repeat(90 - 2)] {
            offer(&mut queue, 0, text);
        }
        let mut left = std::vec![];
        while queue.deadline() != Instant::NEVER {
            let now = queue.deadline().micros() / 1000;
            let text = leaves(&mut queue, now, 999);
            left.push(text.replace("\n<<<\n", ""));
        }
        assert_eq!(left, [long.clone(), long, "z".repeat(88)]);
        offer(&mut queue, 0, "");
        assert_eq!(queue.deadline(), Instant::NEVER);
    }

    #[test]
    fn after_a_stall_the_newest_leaves_alone_behind_an_end() {
        let mut queue = queue();
        offer(&mut queue, 0, "one");
        offer(&mut queue, 0, "two");
        assert_eq!(leaves(&mut queue, 0, 0), "");
        assert_eq!(queue.deadline(), at(500));
        assert!(!queue.is_stalled(at(499)) && queue.is_stalled(at(500)));
        offer(&mut queue, 499, "three");
        // Half of it, and then no more.
        let half = queue.poll(at(500)).map(<[u8]>::to_vec);
        assert_eq!(half.as_deref(), Some(END));
        queue.wrote(at(500), 4);
        assert!(queue.is_stalled(at(1000)));
        assert_eq!(queue.poll(at(1000)), Some(END));
        queue.wrote(at(1000), 0);
        offer(&mut queue, 1100, "four");
        offer(&mut queue, 1200, "five");
        assert_eq!(leaves(&mut queue, 1300, 99), "\n<<<\nfive");
        assert_eq!(queue.deadline(), Instant::NEVER);
    }
}

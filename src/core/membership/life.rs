//! This node's own life: its incarnation, the numbers of its frames, and when they left.
//!
//! Heads up! Read DESIGN 5.1 first. An echo proves that a frame of a peer is fresh only because
//! this room knows when the echoed frame left.

use crate::time::{Duration, Instant};

/// One start of this node's agent.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    incarnation: u64,
    counter: u32,
    /// (first counter, when it left): counters up to the next entry count as leaving then, so an
    /// age is never too small, and at most a 32nd of `deadtime` too large.
    departures: heapless::Deque<(u32, Instant), DEPARTURES>,
    deadtime: Duration,
}

impl Life {
    /// `counter` is where the numbers begin, below 2^31: a young counter must not look old.
    pub(crate) fn new(incarnation: u64, counter: u32, deadtime: Duration) -> Self {
        Self {
            incarnation,
            counter: counter & (u32::MAX >> 1),
            departures: heapless::Deque::new(),
            deadtime,
        }
    }

    /// Frames count as fresh for so long from now on.
    pub(crate) fn retime(&mut self, deadtime: Duration) {
        self.deadtime = deadtime;
    }

    /// The number of the frame that is built now.
    pub(crate) fn number(&mut self, now: Instant) -> u32 {
        if self.counter == u32::MAX {
            // After 2^31 frames: a life of its own, which peers will ask to prove itself.
            *self = Self::new(
                self.incarnation.wrapping_mul(SUCCESSOR).wrapping_add(1),
                0,
                self.deadtime,
            );
        }
        self.counter = self.counter.saturating_add(1);
        let spacing = self.deadtime.scaled(1, 32);
        if self
            .departures
            .back()
            .is_none_or(|(_, left)| now.since(*left) >= spacing)
        {
            if self.departures.is_full() {
                self.departures.pop_front();
            }
            // Space was made above.
            let _ = self.departures.push_back((self.counter, now));
        }
        self.counter
    }

    pub(crate) fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// The half that frames carry.
    pub(crate) fn low(&self) -> u32 {
        let [a, b, c, d, ..] = self.incarnation.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    /// The half that only a Hello carries.
    pub(crate) fn high(&self) -> u32 {
        let [.., a, b, c, d] = self.incarnation.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    /// The newest number given.
    pub(crate) fn counter(&self) -> u32 {
        self.counter
    }

    /// The newest own counter whose low 24 bits are `echo`.
    pub(crate) fn expand(&self, echo: u32) -> u32 {
        let back = self.counter.wrapping_sub(echo) & 0xff_ffff;
        self.counter.saturating_sub(back)
    }

    /// When frame `counter` left, or a little earlier; `None` if it did not, or too long ago to know.
    pub(crate) fn left_at(&self, counter: u32) -> Option<Instant> {
        if counter > self.counter {
            return None;
        }
        self.departures
            .iter()
            .rev()
            .find(|(first, _)| *first <= counter)
            .map(|(_, left)| *left)
    }

    /// Whether frame `counter` left within the last `deadtime`.
    pub(crate) fn is_fresh(&self, counter: u32, now: Instant) -> bool {
        self.left_at(counter)
            .is_some_and(|left| now.since(left) <= self.deadtime)
    }
}

/// Enough for `deadtime` and a half at a 32nd of it each.
const DEPARTURES: usize = 48;
/// Knuth's multiplier for 64 bits: an odd number, so that no two lives in a row are equal.
const SUCCESSOR: u64 = 6_364_136_223_846_793_005;

#[cfg(test)]
mod tests {
    use super::*;

    const D: Duration = Duration::from_secs(3);

    fn at(millis: u64) -> Instant {
        Instant::from_micros(millis * 1000)
    }

    #[test]
    fn an_echo_is_fresh_for_deadtime_and_never_longer() {
        let mut life = Life::new(1, 10, D);
        let first = life.number(at(0));
        for beat in 1..100 {
            life.number(at(beat * 50));
        }
        assert!(life.is_fresh(life.counter(), at(4950)));
        assert!(!life.is_fresh(first, at(3001)));
        let recent = first + 50; // left at 2500 ms
        assert!(life.is_fresh(recent, at(5400)) && !life.is_fresh(recent, at(5501)));
    }

    #[test]
    fn a_frame_that_never_left_is_not_fresh() {
        let mut life = Life::new(1, 10, D);
        let first = life.number(at(0));
        assert!(!life.is_fresh(first + 1, at(0)) && !life.is_fresh(first - 1, at(0)));
    }

    #[test]
    fn an_echo_of_24_bits_finds_the_newest_counter_it_can_mean() {
        let mut life = Life::new(1, 0x12ff_fffd, D);
        for _ in 0..5 {
            life.number(at(0));
        }
        assert_eq!(life.counter(), 0x1300_0002);
        assert_eq!(life.expand(0xff_ffff), 0x12ff_ffff);
        assert_eq!(life.expand(2), 0x1300_0002);
    }

    #[test]
    fn a_life_out_of_numbers_becomes_another() {
        let mut life = Life {
            counter: u32::MAX,
            ..Life::new(7, 0, D)
        };
        assert_eq!(life.number(at(0)), 1);
        assert_ne!(life.incarnation(), 7);
    }
}

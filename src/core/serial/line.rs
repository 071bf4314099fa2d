//! What leaves on one line, and when.
//!
//! A line is slow: a beat takes 23 ms at 19200 baud, and what lies in the kernel's buffer can be
//! neither taken back nor overtaken. So at most one frame is in there; the others wait here, where a
//! newer one takes the place of an older, and the line's own pace says when the next may leave.
//!
//! Control words go first. Beats, own and forwarded, may use half of the line over time. Answers may
//! use all that is left: they are said only while some life is unproven, each replaces the one before,
//! and one that waited for a share would be too old to prove anything when it arrives. A question leaves
//! only while everything together stays below half of the line, and only where it makes no beat late.

use super::class::{ASK, BEAT, Class, PLACES, Rank, Waiting, is_state, rank};
use super::pace::Pace;
use super::{MAX_ENCODED, MAX_FRAME, OVERHEAD, Outgoing, encode};
use crate::time::{Duration, Instant};

/// One outgoing line. Offer it frames as they are made, then [`Line::poll`] it, write what it gives
/// and tell it by [`Line::wrote`]; again until there is nothing, then sleep until [`Line::deadline`]
/// or, if the port did not take everything, until it takes more.
#[derive(Clone, Debug)]
pub struct Line {
    pace: Pace,
    keepalive: Duration,
    /// Those of higher rank first; see [`Class::places`].
    waiting: [Waiting; PLACES],
    /// The encoded form of the chosen one: `len` bytes, of which the port has `written`. Once it has
    /// one, the frame no longer waits.
    leaving: [u8; MAX_ENCODED + 1],
    chosen: usize,
    len: usize,
    written: usize,
    /// The other end may hold half a frame: a zero ends it.
    broken: bool,
    /// When beats have paid for what they used of their half.
    beats_at: Instant,
    /// The same for all there is and half of the line.
    everything_at: Instant,
    /// When the next beat of this node is expected.
    beat_at: Instant,
}

impl Line {
    /// A free line of so many bits each second (ten for a byte), for a node that beats once every
    /// `keepalive`.
    pub fn new(baud: u32, keepalive: Duration) -> Self {
        Self {
            pace: Pace::new(baud, keepalive),
            keepalive,
            waiting: [const { Waiting::EMPTY }; PLACES],
            leaving: [0; MAX_ENCODED + 1],
            chosen: 0,
            len: 0,
            written: 0,
            broken: true,
            beats_at: Instant::default(),
            everything_at: Instant::default(),
            beat_at: Instant::default(),
        }
    }

    /// Takes a frame to send. An empty one, or one above [`MAX_FRAME`], is forgotten; so is what is
    /// not this node's state while the line stands still.
    pub fn offer(&mut self, now: Instant, frame: &[u8], class: Class) {
        let places = class.places();
        if frame.is_empty() || frame.len() > MAX_FRAME {
            return;
        }
        if self.pace.stalled {
            if !is_state(places.start) {
                return;
            }
            self.keep(PLACES);
        }
        let newest = self.waiting.iter().map(|other| other.made).max();
        let Some(made) = newest.unwrap_or(0).checked_add(1) else {
            // Years without a pause: numbers begin again.
            return self.keep(PLACES);
        };
        let places = self.waiting.get_mut(places);
        let Some(place) =
            places.and_then(|places| places.iter_mut().min_by_key(|place| place.made))
        else {
            return;
        };
        if place.made == 0 || class == Class::Control {
            place.turn = made;
        }
        (place.made, place.len) = (made, frame.len());
        if let Some(bytes) = place.frame.get_mut(..frame.len()) {
            bytes.copy_from_slice(frame);
        }
        if class == Class::Ask {
            // It may not use what was left before.
            self.everything_at = self.everything_at.max(now);
        }
    }

    /// Bytes to write now, if any: the rest of the frame that leaves, or a frame whose turn it is.
    /// Write them at once and say how many by [`Line::wrote`], none included.
    pub fn poll(&mut self, now: Instant) -> Option<&[u8]> {
        if self.is_stalled(now) {
            self.cut();
        }
        if self.written == 0 {
            self.choose(now)?;
        }
        self.leaving.get(self.written..self.len)
    }

    /// How many of the bytes that [`Line::poll`] gave last the port took.
    pub fn wrote(&mut self, now: Instant, count: usize) {
        let count = count.min(self.len.saturating_sub(self.written));
        if count == 0 {
            if self.len > 0 {
                self.pace.refused(now);
            }
            return;
        }
        if self.written == 0 {
            self.begin(now);
        }
        self.written = self.written.saturating_add(count);
        let last = self.written >= self.len;
        self.pace.took(now, count, last);
        if last {
            (self.written, self.len, self.broken) = (0, 0, false);
        }
    }

    /// How many bytes the port still holds, where it can say so (`TIOCOUTQ`): told before
    /// [`Line::poll`], so that a line that is held up, by flow control or by an adapter, gets no more
    /// than one frame.
    pub fn holds(&mut self, now: Instant, bytes: usize) {
        self.pace.holds(now, bytes);
    }

    /// The line was cut, or the port lost: of all that waits the newest state of this node is kept, so
    /// that it is what leaves first afterwards, behind a zero that ends what was cut short.
    pub fn cut(&mut self) {
        let places = self.waiting.iter().enumerate();
        let newest = places
            .filter(|(place, _)| is_state(*place))
            .max_by_key(|(_, waiting)| waiting.made);
        self.keep(newest.map_or(PLACES, |(place, _)| place));
        (self.len, self.written, self.broken) = (0, 0, true);
        self.pace.cut();
    }

    /// Whether nothing has moved for a keepalive: what the port holds is worth nothing any more and
    /// should be thrown away (`TCOFLUSH`). The next [`Line::poll`] treats it as a cut.
    pub fn is_stalled(&self, now: Instant) -> bool {
        now >= self.pace.stalls_at()
    }

    /// When to poll it again, if nothing happens before: later than any instant at which poll gave
    /// nothing.
    pub fn deadline(&self) -> Instant {
        let mut at = self.pace.stalls_at();
        if !self.pace.is_refused() && self.written == 0 {
            for (place, waiting) in self.waiting.iter().enumerate() {
                at = at.min(self.ready_at(place, waiting));
            }
        }
        at
    }

    /// Empties every place but one.
    fn keep(&mut self, kept: usize) {
        for (place, waiting) in self.waiting.iter_mut().enumerate() {
            if place != kept {
                waiting.made = 0;
            }
        }
    }

    /// Encodes the one whose turn it is, if the line is free.
    fn choose(&mut self, now: Instant) -> Option<()> {
        self.len = 0;
        let mut best: Option<(usize, &Waiting)> = None;
        for (place, waiting) in self.waiting.iter().enumerate() {
            // Places lie in the order of their ranks.
            let first = best
                .is_none_or(|(other, best)| rank(other) == rank(place) && waiting.turn < best.turn);
            if first && self.ready_at(place, waiting) <= now {
                best = Some((place, waiting));
            }
        }
        let (place, next) = best?;
        let lead = usize::from(self.broken);
        if let Some(first) = self.leaving.first_mut() {
            *first = 0;
        }
        let frame = next.frame.get(..next.len)?;
        let len = encode(frame, self.leaving.get_mut(lead..)?)?;
        (self.chosen, self.len) = (place, len.saturating_add(lead));
        Some(())
    }

    /// The chosen one begins to leave, and pays for it.
    fn begin(&mut self, now: Instant) {
        let Some(chosen) = self.waiting.get_mut(self.chosen) else {
            return;
        };
        let made = core::mem::take(&mut chosen.made);
        if is_state(self.chosen) {
            self.beat_at = now.after(self.keepalive);
            // What was made before it and says less would be stale when it arrives.
            for place in [BEAT, ASK] {
                if let Some(other) = self
                    .waiting
                    .get_mut(place)
                    .filter(|other| other.made < made)
                {
                    other.made = 0;
                }
            }
        }
        let cost = self.cost(self.len);
        pay(&mut self.everything_at, now, cost);
        if rank(self.chosen) == Rank::Beats {
            pay(&mut self.beats_at, now, cost);
        }
    }

    /// When the line is free and the share of its class allows it to leave; `NEVER` for an empty place.
    fn ready_at(&self, place: usize, waiting: &Waiting) -> Instant {
        if waiting.made == 0 {
            return Instant::NEVER;
        }
        let cost = self.cost(waiting.len.saturating_add(OVERHEAD));
        let rank = rank(place);
        let at = match rank {
            Rank::Control | Rank::Answer => self.pace.free_at,
            // Some may follow each other: a change of state is said at once, and what it took need not
            // be saved where beats fill their half. The same for all, or the longer ones would go first.
            Rank::Beats => self.beats_at.before(self.keepalive.scaled(4, 1)),
            Rank::Ask => self.everything_at,
        };
        let at = at.max(self.pace.free_at);
        let late =
            rank == Rank::Ask && at < self.beat_at && at.after(cost.scaled(1, 2)) > self.beat_at;
        if late { self.beat_at.after(cost) } else { at }
    }

    /// What sending so many bytes takes of a half.
    fn cost(&self, bytes: usize) -> Duration {
        self.pace.time(bytes.saturating_mul(2))
    }
}

/// Moves an account on by what is used now.
fn pay(account: &mut Instant, now: Instant, cost: Duration) {
    *account = (*account).max(now).after(cost);
}

impl Outgoing for Line {
    fn offer(&mut self, now: Instant, frame: &[u8], class: Class) {
        Self::offer(self, now, frame, class);
    }

    fn poll(&mut self, now: Instant) -> Option<&[u8]> {
        Self::poll(self, now)
    }

    fn wrote(&mut self, now: Instant, count: usize) {
        Self::wrote(self, now, count);
    }

    fn holds(&mut self, now: Instant, bytes: usize) {
        Self::holds(self, now, bytes);
    }

    fn is_stalled(&self, now: Instant) -> bool {
        Self::is_stalled(self, now)
    }

    fn deadline(&self) -> Instant {
        Self::deadline(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::NodeId;

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    /// A line of 10 000 bytes a second, 100 us each, and beats every 100 ms.
    fn line() -> Line {
        Line::new(100_000, Duration::from_millis(100))
    }

    /// The first byte of the frame that is written now, whole.
    fn leaves(line: &mut Line, now: Instant) -> Option<u8> {
        let bytes = line.poll(now)?;
        let frame = bytes[bytes.iter().take_while(|byte| **byte == 0).count() + 1];
        let len = bytes.len();
        line.wrote(now, len);
        Some(frame)
    }

    #[test]
    fn a_newer_beat_takes_the_place_of_one_that_waits_and_control_words_go_first_in_order() {
        let mut line = line();
        for (n, class) in [
            (1, Class::Beat),
            (2, Class::Control),
            (3, Class::Beat),
            (4, Class::Control),
            (5, Class::Beat),
        ] {
            line.offer(at(0), &[n; 16], class);
        }
        let mut order = std::vec![];
        while line.deadline() < at(50_000) {
            let now = line.deadline();
            order.extend(leaves(&mut line, now));
        }
        assert_eq!(order, [2, 4, 5]);
    }

    #[test]
    fn of_more_than_four_control_words_the_oldest_goes() {
        let mut line = line();
        for n in 1..=6 {
            line.offer(at(0), &[n; 16], Class::Control);
        }
        let order: std::vec::Vec<_> = (0..6)
            .filter_map(|n| leaves(&mut line, at(n * 3000)))
            .collect();
        assert_eq!(order, [3, 4, 5, 6]);
    }

    #[test]
    fn after_a_cut_the_newest_state_leaves_and_nothing_that_waited_beside_it() {
        let mut line = line();
        for (n, class) in [
            (1, Class::Control),
            (2, Class::Forward(NodeId::ZERO)),
            (3, Class::Beat),
            (4, Class::Ask),
        ] {
            line.offer(at(0), &[n; 16], class);
        }
        line.cut();
        line.offer(at(1), &[5; 16], Class::Ask);
        assert_eq!(leaves(&mut line, at(1)), Some(3));
        assert_eq!(line.deadline(), Instant::NEVER);
        // The line moves again, so a question is one again.
        line.offer(at(2), &[6; 16], Class::Ask);
        assert_eq!(leaves(&mut line, at(90_000)), Some(6));
    }

    #[test]
    fn nothing_more_is_written_before_the_last_has_left() {
        let mut line = line();
        line.offer(at(0), &[1; 16], Class::Control);
        assert_eq!(leaves(&mut line, at(0)), Some(1));
        line.offer(at(0), &[2; 16], Class::Control);
        // 16 and 4, and the zero before the first.
        assert_eq!(line.deadline(), at(2100));
        assert_eq!(leaves(&mut line, at(2099)), None);
        // The port may know better.
        line.holds(at(2100), 10);
        assert_eq!(leaves(&mut line, at(2100)), None);
        assert_eq!(line.deadline(), at(3100));
        line.holds(at(3100), 0);
        assert_eq!(leaves(&mut line, at(3100)), Some(2));
    }
}

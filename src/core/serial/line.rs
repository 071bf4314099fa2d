//! What leaves on one line, and when.
//!
//! A line is slow: a beat takes 23 ms at 19200 baud, and what lies in the kernel's buffer can be
//! neither taken back nor overtaken. So at most one frame is in there; the others wait here, where a
//! newer one takes the place of an older, and the line's own pace says when the next may leave.
//!
//! Control words go first. Beats, own and forwarded, may use half of the line over time. Answers may
//! use the other half, as far as control words leave it. A question leaves only while everything
//! together stays below half of the line, and only where it makes no beat late.

use heapless::Vec;

use super::class::{BEATS, Class};
use super::{MAX_ENCODED, MAX_FRAME, encode};
use crate::id::MAX_NODES;
use crate::time::{Duration, Instant};

/// One outgoing line. Offer it frames as they are made, then [`Line::poll`] it, write what it gives
/// and tell it by [`Line::wrote`]; again until there is nothing, then sleep until [`Line::deadline`]
/// or, if the port did not take everything, until it takes more.
#[derive(Clone, Debug)]
pub struct Line {
    baud: u32,
    keepalive: Duration,
    /// In the order they were made.
    waiting: Vec<Waiting, WAITING>,
    /// The encoded form of the chosen one: `len` bytes, of which the port has `written`. Once it has
    /// one, the frame no longer waits.
    leaving: [u8; MAX_ENCODED + 1],
    chosen: usize,
    len: usize,
    written: usize,
    /// When the last byte written will have left.
    free_at: Instant,
    /// Since when bytes lie at the port or in it and do not move; `NEVER` if they do.
    stuck_at: Instant,
    /// What the port was last said to hold.
    held: usize,
    /// Nothing was taken since the last stall.
    stalled: bool,
    /// The other end may hold half a frame: a zero ends it.
    broken: bool,
    beats: Share,
    answers: Share,
    everything: Share,
    /// When the next beat of this node is expected.
    beat_at: Instant,
}

/// A frame that has not begun to leave.
#[derive(Clone, Debug)]
struct Waiting {
    class: Class,
    /// Since when it waits; a beat takes over from the one whose place it took, so that it keeps its turn.
    since: Instant,
    frame: Vec<u8, MAX_FRAME>,
}

/// Half of the line: when what used it so far has paid for itself.
#[derive(Clone, Copy, Debug)]
struct Share(Instant);

impl Line {
    /// A free line of so many bits each second (ten for a byte), for a node that beats once every
    /// `keepalive`.
    pub fn new(now: Instant, baud: u32, keepalive: Duration) -> Self {
        Self {
            baud,
            keepalive,
            waiting: Vec::new(),
            leaving: [0; MAX_ENCODED + 1],
            chosen: 0,
            len: 0,
            written: 0,
            free_at: now,
            stuck_at: Instant::NEVER,
            held: 0,
            stalled: false,
            broken: true,
            beats: Share(now),
            answers: Share(now),
            everything: Share(now),
            beat_at: now,
        }
    }

    /// Takes a frame to send. An empty one, or one above [`MAX_FRAME`], is forgotten; so is what is
    /// not this node's state while the line stands still.
    pub fn offer(&mut self, now: Instant, frame: &[u8], class: Class) {
        let Ok(bytes) = Vec::from_slice(frame) else {
            return;
        };
        if frame.is_empty() {
            return;
        }
        if self.stalled {
            if !class.is_state() {
                return;
            }
            self.waiting.clear();
        }
        let same = self.waiting.iter().filter(|other| other.class == class);
        let mut replaces = class != Class::Control || same.count() >= CONTROLS;
        let mut since = now;
        self.waiting.retain(|other| {
            let old = replaces && other.class == class;
            if old {
                replaces = false;
                if class.rank() == BEATS {
                    since = other.since;
                }
            }
            !old
        });
        // There is a place for each.
        let _ = self.waiting.push(Waiting {
            class,
            since,
            frame: bytes,
        });
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
                self.stuck_at = self.stuck_at.min(now);
            }
            return;
        }
        if self.written == 0 {
            self.begin(now);
        }
        self.written = self.written.saturating_add(count);
        self.free_at = self.free_at.max(now).after(self.time(count));
        (self.held, self.stalled, self.stuck_at) = (0, false, now);
        if self.written >= self.len {
            (self.written, self.len, self.broken) = (0, 0, false);
            self.stuck_at = Instant::NEVER;
        }
    }

    /// How many bytes the port still holds, where it can say so (`TIOCOUTQ`): told before
    /// [`Line::poll`], so that a line that is held up, by flow control or by an adapter, gets no more
    /// than one frame.
    pub fn holds(&mut self, now: Instant, bytes: usize) {
        if bytes == 0 || bytes < self.held {
            self.stuck_at = Instant::NEVER;
        }
        if bytes > 0 {
            self.stuck_at = self.stuck_at.min(now);
            self.free_at = self.free_at.max(now.after(self.time(bytes)));
        }
        self.held = bytes;
    }

    /// The line was cut, or the port lost: of all that waits the newest state of this node is kept, so
    /// that it is what leaves first afterwards, behind a zero that ends what was cut short.
    pub fn cut(&mut self) {
        while let Some(last) = self.waiting.pop() {
            if last.class.is_state() {
                self.waiting.clear();
                let _ = self.waiting.push(last);
                break;
            }
        }
        (self.len, self.written, self.held) = (0, 0, 0);
        (self.stalled, self.broken) = (true, true);
        self.stuck_at = Instant::NEVER;
    }

    /// Whether nothing has moved for a keepalive: what the port holds is worth nothing any more and
    /// should be thrown away (`TCOFLUSH`). The next [`Line::poll`] treats it as a cut.
    pub fn is_stalled(&self, now: Instant) -> bool {
        now >= self.stalls_at()
    }

    /// When to poll it again, if nothing happens before: later than any instant at which poll gave
    /// nothing.
    pub fn deadline(&self) -> Instant {
        let refused = self.stuck_at != Instant::NEVER && self.held == 0;
        if refused || self.written > 0 {
            return self.stalls_at();
        }
        self.waiting
            .iter()
            .map(|waiting| self.ready_at(waiting))
            .fold(self.stalls_at(), Instant::min)
    }

    fn stalls_at(&self) -> Instant {
        self.stuck_at.after(self.keepalive)
    }

    /// Encodes the one whose turn it is, if the line is free.
    fn choose(&mut self, now: Instant) -> Option<()> {
        self.len = 0;
        let ready = |(_, waiting): &(usize, &Waiting)| self.ready_at(waiting) <= now;
        let (place, next) = self
            .waiting
            .iter()
            .enumerate()
            .filter(ready)
            .min_by_key(|(_, waiting)| (waiting.class.rank(), waiting.since))?;
        let lead = usize::from(self.broken);
        if let Some(first) = self.leaving.first_mut() {
            *first = 0;
        }
        let len = encode(&next.frame, self.leaving.get_mut(lead..)?)?;
        (self.chosen, self.len) = (place, len.saturating_add(lead));
        Some(())
    }

    /// The chosen one begins to leave, and pays for it.
    fn begin(&mut self, now: Instant) {
        let chosen = self.chosen;
        let Some(class) = self.waiting.get(chosen).map(|waiting| waiting.class) else {
            return;
        };
        let mut place = 0_usize;
        self.waiting.retain(|other| {
            // What was made before it and says less would be stale when it arrives.
            let stale = class.is_state() && matches!(other.class, Class::Beat | Class::Ask);
            let keep = place > chosen || (place < chosen && !stale);
            place = place.saturating_add(1);
            keep
        });
        let cost = self.cost(self.len);
        self.everything.charge(now, cost);
        match class {
            Class::Beat | Class::Forward(_) => self.beats.charge(now, cost),
            Class::Control | Class::Answer => self.answers.charge(now, cost),
            Class::Ask => {}
        }
        if class.is_state() {
            self.beat_at = now.after(self.keepalive);
        }
    }

    /// When the line is free and the share of its class allows it to leave.
    fn ready_at(&self, waiting: &Waiting) -> Instant {
        let cost = self.cost(waiting.frame.len().saturating_add(super::OVERHEAD));
        let allowed = match waiting.class {
            Class::Control => self.free_at,
            // Two may follow each other: a change of state is said at once.
            Class::Beat | Class::Forward(_) => self.beats.0.before(cost),
            Class::Answer => self.answers.0,
            Class::Ask => self.everything.0,
        };
        let at = allowed.max(self.free_at);
        if waiting.class != Class::Ask {
            return at;
        }
        let at = at.max(waiting.since);
        let late = at < self.beat_at && at.after(cost.scaled(1, 2)) > self.beat_at;
        if late { self.beat_at.after(cost) } else { at }
    }

    /// What sending so many bytes takes of a half.
    fn cost(&self, bytes: usize) -> Duration {
        self.time(bytes).scaled(2, 1)
    }

    /// How long so many bytes are on the line.
    fn time(&self, bytes: usize) -> Duration {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        TEN_BITS.scaled(bytes, self.baud.into())
    }
}

impl Share {
    fn charge(&mut self, now: Instant, cost: Duration) {
        self.0 = self.0.max(now).after(cost);
    }
}

/// Control words that wait at most.
const CONTROLS: usize = 4;
/// A place for each: control words; one beat, question and answer; one of each other node.
const WAITING: usize = CONTROLS + 3 + MAX_NODES;
/// A byte with its start and stop bit, times the bits of a second.
const TEN_BITS: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Instant {
        Instant::from_micros(micros)
    }

    /// A line of 10 000 bytes a second, 100 us each, and beats every 100 ms.
    fn line() -> Line {
        Line::new(at(0), 100_000, Duration::from_millis(100))
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

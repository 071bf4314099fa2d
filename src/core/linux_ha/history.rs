//! What this node said: numbered, and kept to be said again (PROTOCOL 4.1, 4.3).

use super::say::Say;
use crate::time::{Duration, Instant};
use crate::wire::linux_ha::State;

/// The numbered messages of this life.
#[derive(Clone, Debug)]
pub(super) struct History {
    newest: u32,
    kept: [Entry; KEPT],
    /// Numbers to be said again, from the first to the last.
    again: heapless::Deque<(u32, u32), 8>,
    /// Numbers that are no longer kept.
    lost: Option<u32>,
}

/// One of them; said again it is the same but for its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) number: u32,
    /// Wall clock in seconds.
    pub(super) time: u32,
    pub(super) say: Say,
    said_at: Instant,
}

impl History {
    pub(super) fn new() -> Self {
        let none = Entry {
            number: 0,
            time: 1,
            say: Say::Starting,
            said_at: Instant::from_micros(0),
        };
        Self {
            newest: 0,
            kept: [none; KEPT],
            again: heapless::Deque::new(),
            lost: None,
        }
    }

    /// Numbers and keeps a message.
    pub(super) fn say(&mut self, now: Instant, time: u32, say: Say) -> Entry {
        self.newest = self.newest.saturating_add(1);
        let entry = Entry {
            number: self.newest,
            time,
            say,
            said_at: now,
        };
        if let Some(place) = self.place(self.newest) {
            *place = entry;
        }
        entry
    }

    /// What was said is no longer so: a number that was missed is said again without it.
    pub(super) fn take_back(&mut self, say: Say) {
        for entry in self.kept.iter_mut().filter(|entry| entry.say == say) {
            entry.say = Say::Status(State::Active);
        }
    }

    /// The peer misses these.
    pub(super) fn on_request(&mut self, first: u32, last: u32) {
        let oldest = self.newest.saturating_sub(MOST);
        if first <= oldest {
            self.lost = Some(oldest.min(last));
        }
        let first = first.max(oldest.saturating_add(1));
        let last = last
            .min(self.newest)
            .min(first.saturating_add(MOST_AT_ONCE));
        let known = self.again.iter().any(|range| *range == (first, last));
        if first <= last && !known {
            // What finds no place is asked for again.
            let _ = self.again.push_back((first, last));
        }
    }

    /// The number that a request asked for and that is gone: said once for each request.
    pub(super) fn take_lost(&mut self) -> Option<u32> {
        self.lost.take()
    }

    /// The next to be said again; not what was said a moment ago.
    pub(super) fn take(&mut self, now: Instant) -> Option<Entry> {
        while let Some((first, last)) = self.again.pop_front() {
            if first < last {
                // Its place has just become free.
                let _ = self.again.push_front((first.saturating_add(1), last));
            }
            let Some(place) = self.place(first) else {
                continue;
            };
            if place.number == first && now.since(place.said_at) >= SPACING {
                place.said_at = now;
                return Some(*place);
            }
        }
        None
    }

    fn place(&mut self, number: u32) -> Option<&mut Entry> {
        let index = usize::try_from(number).ok()?.checked_rem(KEPT)?;
        self.kept.get_mut(index)
    }
}

/// Messages kept. A real one keeps 500; it asks for nothing behind a gap of more than 250.
const KEPT: usize = 256;
const MOST: u32 = 256;

/// As many as a real one says again for one request.
const MOST_AT_ONCE: u32 = 49;

/// What was said less than this ago may still be on its way.
const SPACING: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_micros(0).after(Duration::from_millis(millis))
    }

    fn numbers(history: &mut History, now: Instant) -> std::vec::Vec<u32> {
        core::iter::from_fn(|| history.take(now))
            .map(|entry| entry.number)
            .collect()
    }

    #[test]
    fn what_is_asked_for_is_said_again_as_it_was() {
        let mut history = History::new();
        for n in 0..5_u32 {
            history.say(at(0), 100 + n, Say::NumPing(n.to_le_bytes()[0]));
        }
        history.on_request(2, 3);
        history.on_request(2, 3);
        let entry = history.take(at(1000)).unwrap();
        assert_eq!(
            (entry.number, entry.time, entry.say),
            (2, 101, Say::NumPing(1))
        );
        assert_eq!(numbers(&mut history, at(1000)), [3]);
    }

    #[test]
    fn a_request_that_comes_twice_at_once_is_answered_once() {
        let mut history = History::new();
        history.say(at(0), 1, Say::Starting);
        history.on_request(1, 1);
        assert_eq!(numbers(&mut history, at(10)), []);
        history.on_request(1, 1);
        assert_eq!(numbers(&mut history, at(100)), [1]);
        history.on_request(1, 1);
        assert_eq!(numbers(&mut history, at(120)), []);
    }

    #[test]
    fn what_is_no_longer_kept_is_said_to_be_gone_and_the_rest_is_said() {
        let mut history = History::new();
        for _ in 0..300 {
            history.say(at(0), 1, Say::Starting);
        }
        history.on_request(43, 46);
        assert_eq!(history.take_lost(), Some(44));
        assert_eq!(history.take_lost(), None);
        assert_eq!(numbers(&mut history, at(1000)), [45, 46]);
        history.on_request(301, 400);
        assert_eq!(history.take_lost(), None);
        assert_eq!(numbers(&mut history, at(2000)), []);
    }

    #[test]
    fn what_was_taken_back_is_not_said_again() {
        let mut history = History::new();
        for say in [Say::NumPing(1), Say::NumPing(2)] {
            history.say(at(0), 1, say);
        }
        history.take_back(Say::NumPing(1));
        history.on_request(1, 2);
        let said = core::iter::from_fn(|| history.take(at(1000))).map(|entry| entry.say);
        let said: std::vec::Vec<_> = said.collect();
        assert_eq!(said, [Say::Status(State::Active), Say::NumPing(2)]);
    }

    #[test]
    fn one_request_has_a_bounded_answer() {
        let mut history = History::new();
        for _ in 0..200 {
            history.say(at(0), 1, Say::Starting);
        }
        history.on_request(1, u32::MAX);
        assert_eq!(numbers(&mut history, at(1000)).len(), 50);
    }
}

//! The numbers of a peer's messages: which are new, which are missing, what is asked for again and what
//! is acknowledged (PROTOCOL 4).
//!
//! A real heartbeat says some messages in another order than it numbers them, so each is dealt with as
//! it comes, and a gap is asked for only after a while.

use super::say::Say;
use crate::time::{Duration, Instant};

/// What was heard of one life of the peer.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbering {
    /// The boot generation of that life; 0 before the first.
    generation: u32,
    /// The highest number that came.
    newest: u32,
    /// Which of those below it are missing: bit 0 is the one just below.
    missing: [u32; WORDS],
    /// When the oldest gap is asked for next; requests so far.
    ask_at: Option<Instant>,
    asked: u8,
    /// A number to be acknowledged.
    ack: Option<u32>,
    /// Number and wall clock of the newest status.
    status: (u32, u32),
    /// Numbers of the newest word about groups, and of the newest of `ipfail`.
    words: [u32; 2],
}

/// What a message is by its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The first of another life.
    NewLife,
    /// Heard for the first time.
    News,
    /// A further copy: the link works, and that is all.
    Copy,
    /// Of an earlier life, or not missing: recorded by somebody, or very late.
    Old,
}

impl Numbering {
    /// Judges a message by its generation and its number, which a status has and others may have.
    pub(super) fn judge(&self, generation: u32, number: Option<u32>, status: bool) -> Verdict {
        if generation < self.generation {
            return Verdict::Old;
        }
        let Some(number) = number else {
            return Verdict::News;
        };
        if self.newest == 0 || generation > self.generation {
            // Only a status opens a life: others may come before it, out of order.
            return if status {
                Verdict::NewLife
            } else {
                Verdict::Old
            };
        }
        match number.checked_sub(self.newest) {
            Some(0) => Verdict::Copy,
            Some(_) => Verdict::News,
            None if self.is_missing(number) => Verdict::News,
            None => Verdict::Old,
        }
    }

    /// Whether a status is older than the newest one by its number and by its clock, too.
    pub(super) fn is_overtaken(&self, number: u32, time: u32) -> bool {
        number < self.status.0 && time < self.status.1
    }

    /// Whether no later word about groups, or of `ipfail`, came before this one; notes it.
    pub(super) fn take_word(&mut self, of_ipfail: bool, number: Option<u32>) -> bool {
        let number = number.unwrap_or_default();
        let [groups, reach] = &mut self.words;
        let newest = if of_ipfail { reach } else { groups };
        let newer = number > *newest;
        *newest = number.max(*newest);
        newer
    }

    /// Whether a word was said so long ago, by the peer's own clock, that it has given it up.
    pub(super) fn is_forgotten(&self, time: u32) -> bool {
        time.saturating_add(OFFER) <= self.status.1
    }

    /// Whether a number is higher than that of any status before.
    pub(super) fn is_newest(&self, number: Option<u32>) -> bool {
        number.is_some_and(|number| number > self.status.0)
    }

    /// Takes a message down that [`Self::judge`] let in.
    pub(super) fn count(&mut self, now: Instant, generation: u32, number: Option<u32>) {
        let Some(number) = number else { return };
        if generation > self.generation || self.newest == 0 {
            *self = Self {
                generation,
                newest: number,
                ..Self::default()
            };
        } else if number > self.newest {
            let ahead = number.saturating_sub(self.newest);
            if ahead > MOST_MISSING {
                // Too many to be asked for: as the real one does, it begins anew.
                self.missing = [0; WORDS];
            } else {
                self.shift(ahead);
            }
            self.newest = number;
        } else if let Some((word, bit)) = self.place(number) {
            *word &= !bit;
        }
        if self.oldest_missing().is_none() {
            self.ask_at = None;
            self.asked = 0;
            // Every tenth; after a gap has closed the last such one.
            let due = number.max(self.newest).saturating_sub(ACK_AT);
            let last = due
                .checked_rem(10)
                .map_or(due, |over| self.newest.saturating_sub(over));
            let new = number == last || number < self.newest;
            if new && last % 10 == ACK_AT {
                self.ack = Some(last);
            }
        } else {
            let soon = now.after(PATIENCE);
            self.ask_at = Some(self.ask_at.map_or(soon, |at| at));
        }
    }

    /// What is missing will not be asked for: the silence before was too long.
    pub(super) fn forgive(&mut self) {
        self.missing = [0; WORDS];
        (self.ask_at, self.asked) = (None, 0);
    }

    /// Notes the newest status.
    pub(super) fn note_status(&mut self, number: u32, time: u32) {
        if number > self.status.0 {
            self.status = (number, time);
        }
    }

    /// A number that the peer no longer keeps.
    pub(super) fn give_up(&mut self, number: u32) {
        if let Some((word, bit)) = self.place(number) {
            *word &= !bit;
        }
    }

    /// What is to be said about numbers now.
    pub(super) fn poll(&mut self, now: Instant) -> Option<Say> {
        if let Some(number) = self.ack.take() {
            return Some(Say::Ack(number));
        }
        if self.ask_at.is_none_or(|at| now < at) {
            return None;
        }
        let Some(first) = self.oldest_missing() else {
            self.ask_at = None;
            return None;
        };
        if self.asked >= MOST_ASKED {
            // Whatever it was, the state that follows says it again.
            self.forgive();
            return None;
        }
        self.asked = self.asked.saturating_add(1);
        self.ask_at = Some(now.after(SPACING));
        let mut last = first;
        while last.saturating_sub(first) < MOST_AT_ONCE && self.is_missing(last.saturating_add(1)) {
            last = last.saturating_add(1);
        }
        Some(Say::Rexmit { first, last })
    }

    /// When [`Self::poll`] has something to say again.
    pub(super) fn deadline(&self) -> Instant {
        self.ask_at.unwrap_or(Instant::NEVER)
    }

    pub(super) fn generation(&self) -> u32 {
        self.generation
    }

    fn is_missing(&self, number: u32) -> bool {
        let mut copy = self.missing;
        place(&mut copy, self.newest, number).is_some_and(|(word, bit)| *word & bit != 0)
    }

    fn place(&mut self, number: u32) -> Option<(&mut u32, u32)> {
        place(&mut self.missing, self.newest, number)
    }

    /// `ahead` numbers follow: all but the last of them are missing.
    fn shift(&mut self, ahead: u32) {
        for step in 0..ahead {
            // What was the newest came; what lies between did not.
            let mut carry = u32::from(step != 0);
            for word in &mut self.missing {
                let next = *word >> 31;
                *word = (*word << 1) | carry;
                carry = next;
            }
        }
    }

    fn oldest_missing(&self) -> Option<u32> {
        let words = self.missing.iter().zip(WORD_NUMBERS);
        let (word, index) = words.rev().find(|(word, _)| **word != 0)?;
        let highest = 31_u32.saturating_sub(word.leading_zeros());
        let back = index.saturating_mul(32).saturating_add(highest);
        self.newest.checked_sub(back.saturating_add(1))
    }
}

fn place(missing: &mut [u32; WORDS], newest: u32, number: u32) -> Option<(&mut u32, u32)> {
    let back = newest.checked_sub(number)?.checked_sub(1)?;
    let word = missing.get_mut(usize::try_from(back >> 5).ok()?)?;
    Some((word, 1 << (back & 31)))
}

/// Seconds for which a real one waits for an answer to an offer.
const OFFER: u32 = 10;

const WORDS: usize = 8;
const WORD_NUMBERS: [u32; WORDS] = [0, 1, 2, 3, 4, 5, 6, 7];

/// A gap of more is none: the real one keeps about so many for others.
const MOST_MISSING: u32 = 250;

/// The real one acknowledges each number with one last digit, drawn by lot; ours is fixed.
const ACK_AT: u32 = 3;

/// Less than this after it, most gaps have closed by themselves.
const PATIENCE: Duration = Duration::from_millis(100);

/// The real one repeats nothing that it said less than 240 ms ago.
const SPACING: Duration = Duration::from_millis(300);

/// Numbers in one request; a real one says at most 50 again for one.
const MOST_AT_ONCE: u32 = 31;

/// Requests before a gap is given up: ten seconds at least.
const MOST_ASKED: u8 = 40;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_micros(1_000_000);

    fn hear(numbering: &mut Numbering, number: u32) -> Verdict {
        let verdict = numbering.judge(7, Some(number), true);
        if verdict != Verdict::Old {
            numbering.count(NOW, 7, Some(number));
        }
        verdict
    }

    fn polls(numbering: &mut Numbering, at: Instant) -> std::vec::Vec<Say> {
        core::iter::from_fn(|| numbering.poll(at)).collect()
    }

    #[test]
    fn a_life_begins_with_a_status_and_an_older_generation_is_refused() {
        let mut one = Numbering::default();
        assert_eq!(one.judge(7, Some(3), false), Verdict::Old);
        assert_eq!(hear(&mut one, 5), Verdict::NewLife);
        assert_eq!(one.judge(6, Some(9), true), Verdict::Old);
        assert_eq!(one.judge(6, None, false), Verdict::Old);
        assert_eq!(one.judge(8, Some(1), true), Verdict::NewLife);
        assert_eq!(one.judge(8, Some(1), false), Verdict::Old);
        assert_eq!(one.judge(7, None, false), Verdict::News);
    }

    #[test]
    fn each_number_counts_once_in_any_order() {
        let mut one = Numbering::default();
        for (number, verdict) in [
            (5, Verdict::NewLife),
            (5, Verdict::Copy),
            (8, Verdict::News),
            (6, Verdict::News),
            (6, Verdict::Old),
            (4, Verdict::Old),
            (7, Verdict::News),
            (7, Verdict::Old),
            (9, Verdict::News),
        ] {
            assert_eq!(hear(&mut one, number), verdict, "{number}");
        }
    }

    #[test]
    fn a_gap_is_asked_for_after_a_while_until_it_is_closed_or_given_up() {
        let mut one = Numbering::default();
        hear(&mut one, 1);
        hear(&mut one, 4);
        hear(&mut one, 6);
        assert_eq!(polls(&mut one, NOW.after(Duration::from_millis(50))), []);
        let at = NOW.after(PATIENCE);
        let (first, last) = (2, 3);
        assert_eq!(polls(&mut one, at), [Say::Rexmit { first, last }]);
        hear(&mut one, 2);
        one.give_up(3);
        let at = at.after(SPACING);
        assert_eq!(polls(&mut one, at), [Say::Rexmit { first: 5, last: 5 }]);
        hear(&mut one, 5);
        assert_eq!(polls(&mut one, at.after(SPACING)), [Say::Ack(3)]);
        assert_eq!(one.deadline(), Instant::NEVER);
    }

    #[test]
    fn what_never_comes_is_no_longer_asked_for() {
        let mut one = Numbering::default();
        hear(&mut one, 1);
        hear(&mut one, 3);
        let mut at = NOW;
        let mut asked = 0;
        for _ in 0..100 {
            at = at.after(SPACING);
            asked += polls(&mut one, at).len();
        }
        assert_eq!(asked, usize::from(MOST_ASKED));
        assert_eq!(one.deadline(), Instant::NEVER);
    }

    #[test]
    fn a_gap_too_wide_to_be_asked_for_is_passed_over() {
        let mut one = Numbering::default();
        hear(&mut one, 1);
        hear(&mut one, 252);
        assert_eq!(polls(&mut one, NOW.after(PATIENCE)), []);
        hear(&mut one, 502);
        let first = 253;
        let last = first + MOST_AT_ONCE;
        let at = NOW.after(PATIENCE);
        assert_eq!(polls(&mut one, at), [Say::Rexmit { first, last }]);
    }

    #[test]
    fn every_tenth_is_acknowledged_once_nothing_is_missing() {
        let mut one = Numbering::default();
        let mut acks = std::vec::Vec::new();
        for number in 1..=24 {
            if number != 22 {
                hear(&mut one, number);
            }
            acks.extend(polls(&mut one, NOW));
        }
        assert_eq!(acks, [Say::Ack(3), Say::Ack(13)]);
        hear(&mut one, 22);
        assert_eq!(polls(&mut one, NOW), [Say::Ack(23)]);
    }
}

//! Numbered words for one node. A gap is asked for and answered, even if only by "gone"; nothing
//! waits for it, because state in beats decides (DESIGN 5, promise 5).

use crate::time::{Duration, Instant};
use crate::wire::{Address, Control, ControlWord};

/// The control words of this life.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    newest: u8,
    kept: heapless::Deque<Control, KEPT>,
    due: heapless::Deque<Control, KEPT>,
}

impl Outbox {
    /// Numbers a word, keeps it and sends it.
    pub(crate) fn say(&mut self, to: Address, word: ControlWord) {
        self.newest = after(self.newest);
        let control = Control {
            sequence: self.newest,
            to,
            word,
        };
        if self.kept.is_full() {
            self.kept.pop_front();
        }
        // Space was made above.
        let _ = self.kept.push_back(control);
        self.push(control);
    }

    /// Asks a peer for its words from `first` on.
    pub(crate) fn ask(&mut self, to: Address, first: u8) {
        self.push(Control {
            sequence: 0,
            to,
            word: ControlWord::RexmitRequest { first },
        });
    }

    /// Says again what a peer missed, from `first` on, or that it is gone.
    pub(crate) fn repeat(&mut self, to: Address, first: u8) {
        let oldest = self
            .kept
            .front()
            .map_or(after(self.newest), |control| control.sequence);
        if is_newer(oldest, first) {
            let last = if oldest == 1 {
                u8::MAX
            } else {
                oldest.wrapping_sub(1)
            };
            self.push(Control {
                sequence: 0,
                to,
                word: ControlWord::Gone { last },
            });
        }
        for index in 0..self.kept.len() {
            let Some(control) = self.kept.iter().nth(index).copied() else {
                continue;
            };
            if !is_newer(first, control.sequence) {
                self.push(control);
            }
        }
    }

    /// Groups have other numbers now: what was said of them is gone.
    pub(crate) fn forget(&mut self) {
        self.kept.clear();
        self.due.clear();
    }

    /// The next word to put into a frame.
    pub(crate) fn take(&mut self) -> Option<Control> {
        self.due.pop_front()
    }

    /// The number that beats carry.
    pub(crate) fn newest(&self) -> u8 {
        self.newest
    }

    fn push(&mut self, control: Control) {
        if !self.due.is_full() {
            // Checked above; what does not fit is asked for again.
            let _ = self.due.push_back(control);
        }
    }
}

/// The number after `sequence`; 0 is "none yet" and is left out.
pub(crate) fn after(sequence: u8) -> u8 {
    sequence.checked_add(1).unwrap_or(1)
}

/// Whether `a` is newer than `b` (RFC 1982, 8 bits); half way round is not.
pub(crate) fn is_newer(a: u8, b: u8) -> bool {
    (1..128).contains(&a.wrapping_sub(b))
}

/// At most one request per peer within this.
pub(crate) const REXMIT_SPACING: Duration = Duration::from_secs(1);

/// Whether a request may be made, given when the last was.
pub(crate) fn may_ask(now: Instant, next_at: Instant) -> bool {
    now >= next_at
}

/// Words kept for peers that missed them.
const KEPT: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{GroupId, NodeId};

    fn to() -> Address {
        Address {
            node: NodeId::new(1).unwrap(),
            low: 7,
        }
    }

    fn word(n: usize) -> ControlWord {
        ControlWord::IpRequestResp {
            group: GroupId::new(n % 16).unwrap(),
            granted: true,
        }
    }

    fn drain(outbox: &mut Outbox) -> std::vec::Vec<(u8, ControlWord)> {
        core::iter::from_fn(|| outbox.take())
            .map(|control| (control.sequence, control.word))
            .collect()
    }

    #[test]
    fn what_is_kept_is_said_again_in_order() {
        let mut outbox = Outbox::default();
        for n in 0..3 {
            outbox.say(to(), word(n));
        }
        drain(&mut outbox);
        outbox.repeat(to(), 2);
        assert_eq!(drain(&mut outbox), [(2, word(1)), (3, word(2))]);
    }

    #[test]
    fn what_is_no_longer_kept_is_said_to_be_gone() {
        let mut outbox = Outbox::default();
        for n in 0..12 {
            outbox.say(to(), word(n));
            drain(&mut outbox);
        }
        outbox.repeat(to(), 2);
        let said = drain(&mut outbox);
        assert_eq!(said[0], (0, ControlWord::Gone { last: 4 }));
        assert_eq!(said[1].0, 5);
    }

    #[test]
    fn numbers_go_round_without_zero() {
        assert_eq!(after(255), 1);
        assert!(is_newer(1, 255) && is_newer(2, 1) && !is_newer(255, 1) && !is_newer(5, 5));
    }
}

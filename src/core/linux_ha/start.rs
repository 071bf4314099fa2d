//! The start of a life beside a real heartbeat: known to be alone, or answered by the peer.

use super::say::Say;
use super::{LinuxHa, Phase};
use crate::failover::Failover;
use crate::time::{Duration, Instant};
use crate::wire::linux_ha::State;

impl LinuxHa {
    /// From `init` over `up` to `active`, when the peer is known.
    pub(super) fn go_on(&mut self, now: Instant, alive: bool, gone: bool, failover: &Failover) {
        let Phase::Up { since, ask_at } = self.phase else {
            return;
        };
        let since = since.or(alive.then_some(now));
        let in_vain = since.is_some_and(|since| now >= since.after(ANSWER));
        if gone || in_vain {
            self.become_active(alive, failover);
            return;
        }
        let mut next_at = ask_at;
        if alive && now >= ask_at {
            next_at = now.after(Duration::from_secs(1));
            self.say(Say::Reqnodes);
        }
        self.phase = Phase::Up {
            since,
            ask_at: next_at,
        };
    }

    pub(super) fn become_active(&mut self, alive: bool, failover: &Failover) {
        self.phase = Phase::Active;
        self.say(Say::Status(State::Active));
        if !self.legacy {
            self.say(Say::Starting);
        } else if alive {
            self.tell_what_is_free(failover);
        }
    }
}

/// A live peer that does not answer for so long is a member all the same.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

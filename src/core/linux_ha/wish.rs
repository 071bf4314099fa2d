//! What this node would have of the groups that are at home there, and that nobody has.

use super::LinuxHa;
use super::classes::Classes;
use super::dialogue::OFFER;
use super::say::Say;
use crate::failover::Failover;
use crate::time::{Duration, Instant};

impl LinuxHa {
    /// What is at home there, and nobody has, the peer may start at any moment: it is asked to give it.
    /// If it does not offer it, and was stable all the time, it does not want it.
    pub(super) fn want(&mut self, now: Instant, failover: &Failover) {
        let class = Classes::FOREIGN;
        if !self.stable || !class.any(failover, Failover::is_claiming) {
            (self.wants_since, self.theirs.sure) = (None, false);
            return;
        }
        let asks = self.theirs.is_to_be_asked(class);
        match self.wants_since {
            None => {
                self.wants_since = Some(now);
                if asks && self.dialogue.is_none() {
                    self.say(Say::HbTakeover(class.hold()));
                }
            }
            Some(since) => {
                if asks && now >= since.after(OFFER) {
                    self.theirs.leave_alone(now, class);
                }
                self.theirs.sure = now >= since.after(CLAIM);
            }
        }
    }

    pub(super) fn wants_until(&self) -> Instant {
        let wait = match (
            self.theirs.sure,
            self.theirs.is_to_be_asked(Classes::FOREIGN),
        ) {
            (false, _) => CLAIM,
            (true, true) => OFFER,
            (true, false) => return Instant::NEVER,
        };
        self.wants_since
            .map_or(Instant::NEVER, |since| since.after(wait))
    }
}

/// For so long a claim on what is at home there is known to the peer before anything is started.
const CLAIM: Duration = Duration::from_secs(2);

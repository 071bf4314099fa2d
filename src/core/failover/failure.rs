//! What went wrong with a group on this node, and what follows. A resource that died is started
//! again in place, a few times; after that, and after a start that failed, the group is left to
//! others, for a time that doubles. Once it has run well for long enough all is forgotten.

use crate::config::Options;
use crate::time::{Duration, Instant};

/// The failures of a group since it last ran well here, or a person cleared them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failures {
    /// Resources that died and were started again in place.
    deaths: u8,
    /// Times the group as a whole was given up here.
    setbacks: u8,
    /// So many deaths are followed by a restart in place.
    restarts: u8,
    /// It has run well when it has run for so long.
    window: Duration,
    /// When that will be, if it runs.
    well_at: Instant,
}

impl Failures {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            restarts: options.restarts.unwrap_or(RESTARTS),
            window: options.window.unwrap_or(WINDOW),
            ..Self::default()
        }
    }

    /// Other limits apply from now on.
    pub(crate) fn take_limits(&mut self, configured: &Self) {
        (self.restarts, self.window) = (configured.restarts, configured.window);
    }

    /// A resource was found dead; whether it should be started again in place.
    pub(crate) fn on_death(&mut self) -> bool {
        let again = self.deaths < self.restarts;
        self.deaths = self.deaths.saturating_add(u8::from(again));
        again
    }

    /// The group is given up here for now.
    pub(crate) fn on_setback(&mut self) {
        self.setbacks = self.setbacks.saturating_add(1);
    }

    /// All of it runs from now on.
    pub(crate) fn on_running(&mut self, now: Instant) {
        self.well_at = now.after(self.window);
    }

    /// While it runs: forgets what is long ago.
    pub(crate) fn review(&mut self, now: Instant) {
        if now >= self.well_at {
            self.forget();
        }
    }

    /// When [`Self::review`] has something to do.
    pub(crate) fn review_at(&self) -> Instant {
        if self.count() == 0 {
            Instant::NEVER
        } else {
            self.well_at
        }
    }

    /// None of it happened.
    pub(crate) fn forget(&mut self) {
        (self.deaths, self.setbacks) = (0, 0);
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u16 {
        u16::from(self.deaths).saturating_add(self.setbacks.into())
    }

    /// How long it is left to others after a setback: 60 s x 2^n, at most 1 h. When no other could
    /// serve it, a sixth of that. Not at all once forgotten.
    pub(crate) fn wait(&self, alone: bool) -> Duration {
        let Some(doublings) = self.setbacks.checked_sub(1) else {
            return Duration::ZERO;
        };
        let doubled = 1_u64.checked_shl(doublings.into()).unwrap_or(u64::MAX);
        let wait = FIRST_WAIT.scaled(doubled, 1).min(LAST_WAIT);
        wait.scaled(1, if alone { 6 } else { 1 })
    }
}

/// Restarts in place where nothing else is written.
const RESTARTS: u8 = 3;
/// When failures are forgotten where nothing else is written.
const WINDOW: Duration = Duration::from_secs(600);
/// First wait after a setback.
const FIRST_WAIT: Duration = Duration::from_secs(60);
/// Longest wait.
const LAST_WAIT: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_an_hour_and_are_shorter_when_nobody_else_could_serve() {
        let mut failures = Failures::new(&Options::default());
        assert_eq!(failures.wait(false), Duration::ZERO);
        let mut waits = [0; 9].map(|_| {
            failures.on_setback();
            (
                failures.wait(false).millis() / 1000,
                failures.wait(true).millis() / 1000,
            )
        });
        assert_eq!(waits[..3], [(60, 10), (120, 20), (240, 40)]);
        assert_eq!(waits[6..], [(3600, 600); 3]);
        (0..300).for_each(|_| failures.on_setback());
        waits[0] = (failures.wait(false).millis() / 1000, 600);
        assert_eq!(waits[0], waits[8]);
        failures.forget();
        assert_eq!(
            (failures.wait(false), failures.count()),
            (Duration::ZERO, 0)
        );
    }

    #[test]
    fn deaths_are_followed_by_restarts_until_there_were_too_many_of_them() {
        let second = |n: u64| Instant::from_micros(n * 1_000_000);
        let mut failures = Failures::new(&Options {
            restarts: Some(2),
            window: Some(Duration::from_secs(100)),
            ..Options::default()
        });
        assert!(failures.on_death() && failures.on_death() && !failures.on_death());
        failures.on_setback();
        assert_eq!(failures.count(), 3);
        // When it comes back it is on probation.
        failures.on_running(second(1000));
        failures.review(second(1099));
        assert!(!failures.on_death() && failures.review_at() == second(1100));
        failures.review(second(1100));
        assert_eq!(
            (failures.count(), failures.review_at()),
            (0, Instant::NEVER)
        );
        assert!(failures.on_death());
    }

    #[test]
    fn a_group_need_not_be_restarted_in_place_at_all() {
        let options = Options {
            restarts: Some(0),
            ..Options::default()
        };
        assert!(!Failures::new(&options).on_death());
    }
}

//! When leases are refreshed: with a beat, and between beats where those alone do not keep a
//! lease alive (DESIGN 8.2).

use twinbeat::time::{Duration, Instant};

/// A lease of L seconds is refreshed no later than so much before its end.
const MARGIN: Duration = Duration::from_millis(300);
/// How late an extra refresh may come; the kernel's own lateness is reckoned with more generously.
const SLACK: Duration = Duration::from_millis(50);

/// When leases are refreshed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rhythm {
    lease: Duration,
    /// From a beat to the first of the extra refreshes, and between them; zero when the beats
    /// themselves are often enough.
    step: Duration,
    /// From a beat to the last refresh that may follow it.
    reach: Duration,
    beat_at: Instant,
    extra_at: Instant,
}

impl Rhythm {
    /// A lease that the beats alone do not keep alive is refreshed between them too, up to the
    /// moment from which on it would outlast the silence that a peer waits for (DESIGN 8.2).
    pub(super) fn new(keepalive: Duration, lease: Duration) -> Self {
        let reach = keepalive.plus(MARGIN).minus(lease);
        let longest = lease.minus(MARGIN).micros().max(1);
        let steps = reach.micros().div_ceil(longest);
        Self {
            lease,
            step: if steps == 0 {
                Duration::ZERO
            } else {
                reach.scaled(1, steps)
            },
            reach,
            beat_at: Instant::default(),
            extra_at: Instant::NEVER,
        }
    }

    /// Leases at least this old are refreshed now; `None`: none.
    pub(super) fn next_refresh(&mut self, now: Instant, beat: bool) -> Option<Duration> {
        if beat {
            self.beat_at = now;
            self.extra_at = self.extra_after(now);
            return Some(self.lease.scaled(1, 3));
        }
        if self.extra_at > now {
            return None;
        }
        self.extra_at = self.extra_after(self.extra_at);
        // Too late for it: it would outlast the silence that a peer waits for.
        (now.since(self.beat_at) <= self.reach.plus(SLACK)).then_some(Duration::ZERO)
    }

    /// How long a lease is.
    pub(super) const fn lease(&self) -> Duration {
        self.lease
    }

    /// The next extra refresh.
    pub(super) const fn deadline(&self) -> Instant {
        self.extra_at
    }

    fn extra_after(&self, at: Instant) -> Instant {
        let next = at.after(self.step);
        // The division left less than a microsecond for each step.
        let last = self.beat_at.after(self.reach);
        if self.step == Duration::ZERO || next > last {
            Instant::NEVER
        } else {
            next
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When a lease is refreshed by beats every `keepalive`, in milliseconds.
    fn refreshes(keepalive: u64, lease: u64, until: u64) -> Vec<u64> {
        let mut rhythm = Rhythm::new(
            Duration::from_millis(keepalive),
            Duration::from_millis(lease),
        );
        let mut refreshed: Vec<u64> = Vec::new();
        for millis in 0..until {
            let now = Instant::from_micros(millis * 1000);
            let beat = millis % keepalive == 0;
            if let Some(age) = rhythm.next_refresh(now, beat)
                && refreshed
                    .last()
                    .is_none_or(|last| (millis - last) * 1000 >= age.micros())
            {
                refreshed.push(millis);
            }
        }
        refreshed
    }

    #[test]
    fn a_lease_of_one_second_at_one_beat_a_second_gets_an_extra_refresh() {
        assert_eq!(
            refreshes(1000, 1000, 2500),
            [0, 300, 1000, 1300, 2000, 2300]
        );
    }

    #[test]
    fn fast_beats_refresh_every_third_of_the_lease() {
        assert_eq!(refreshes(100, 1000, 1000), [0, 400, 800]);
    }

    #[test]
    fn no_lease_ends_between_two_refreshes() {
        for keepalive in [10, 250, 500, 700, 1000, 1500, 2000, 3000, 5000] {
            for lease in [1000, 2000, 3000, 7000] {
                let times = refreshes(keepalive, lease, 30_000);
                let longest = times.windows(2).map(|w| w[1] - w[0]).max().unwrap();
                assert!(longest <= lease - 290, "{keepalive} {lease}: {longest}");
            }
        }
    }

    #[test]
    fn a_refresh_that_comes_too_late_after_its_beat_is_left_out() {
        let mut rhythm = Rhythm::new(Duration::from_secs(1), Duration::from_secs(1));
        let at = |millis: u64| Instant::from_micros(millis * 1000);
        assert!(rhythm.next_refresh(at(0), true).is_some());
        assert_eq!(rhythm.next_refresh(at(600), false), None);
        assert_eq!(rhythm.next_refresh(at(601), false), None);
    }
}

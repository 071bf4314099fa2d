//! How well this loop listens. Silence only counts while somebody listened for it.

use crate::config::Timing;
use crate::time::{Duration, Instant};

/// A clock that stands still while this loop is late.
#[derive(Clone, Debug)]
pub(crate) struct Attention {
    total: Duration,
    last: Instant,
    /// Attentive time at the end of the last stall; none before the first.
    resumed: Option<Duration>,
    healthy: bool,
    /// Attentive time within each quarter of `deadtime` of the last four.
    quarters: [Duration; QUARTERS],
    /// Number of the quarter that is being filled.
    quarter: u64,
    timing: Timing,
}

impl Attention {
    pub(crate) fn new(timing: Timing, now: Instant) -> Self {
        let mut attention = Self {
            total: Duration::ZERO,
            last: now,
            resumed: None,
            healthy: true,
            // A new node is trusted until it shows otherwise.
            quarters: [timing.deadtime.scaled(1, 4); QUARTERS],
            quarter: 0,
            timing,
        };
        attention.quarter = attention.quarter_of(now);
        attention
    }

    /// Other times count from now on; what was listened to so far is not counted again.
    pub(crate) fn retime(&mut self, timing: Timing, now: Instant) {
        if timing == self.timing {
            return;
        }
        let trusted = if self.healthy {
            timing.deadtime.scaled(1, 4)
        } else {
            Duration::ZERO
        };
        self.timing = timing;
        self.quarters = [trusted; QUARTERS];
        self.quarter = self.quarter_of(now);
    }

    /// A turn of the loop at `now`, which had asked to be woken at `due`. How late it is, if that
    /// is a stall.
    pub(crate) fn turn(&mut self, now: Instant, due: Instant) -> Option<Duration> {
        let due = due.max(self.last);
        let late = now.since(due);
        let forgiven = self.timing.keepalive.scaled(1, 8);
        let listened = if late <= forgiven {
            now.since(self.last)
        } else {
            due.since(self.last).plus(forgiven)
        };
        self.advance(now);
        if let Some(quarter) = self.quarters.first_mut() {
            *quarter = quarter.plus(listened);
        }
        self.total = self.total.plus(listened);
        self.last = self.last.max(now);
        // Only a late turn makes it unwell, so that it does not change by the clock alone.
        if self.lately() >= self.timing.deadtime {
            self.healthy = true;
        } else if late > forgiven {
            self.healthy = false;
        }
        let stalled = late > self.timing.keepalive.max(self.timing.deadtime.scaled(1, 4));
        if stalled {
            self.resumed = Some(self.total);
            Some(late)
        } else {
            None
        }
    }

    /// Attentive time at the last turn.
    pub(crate) fn now(&self) -> Duration {
        self.total
    }

    /// The last turn.
    pub(crate) fn turned(&self) -> Instant {
        self.last
    }

    /// The instant at which attentive time reaches `mark`, if nothing stalls before.
    pub(crate) fn instant(&self, mark: Duration) -> Instant {
        self.last.after(mark.minus(self.total))
    }

    /// Attentive time at which silence since `heard` becomes a verdict: `span` of silence, but
    /// after a stall not before one and a half beats could be heard, and at 2 `span` in any case.
    pub(crate) fn verdict(&self, heard: Duration, span: Duration) -> Duration {
        let patient = self.resumed.map_or(Duration::ZERO, |mark| {
            mark.plus(self.timing.keepalive.scaled(3, 2))
        });
        heard
            .plus(span)
            .max(patient.min(heard.plus(span.scaled(2, 1))))
    }

    /// Whether the loop got at least `deadtime` of attention within the last four.
    pub(crate) fn is_healthy(&self) -> bool {
        self.healthy
    }

    /// When [`Self::is_healthy`] may become true again.
    pub(crate) fn recovered_at(&self) -> Instant {
        if self.is_healthy() {
            Instant::NEVER
        } else {
            self.last.after(self.timing.deadtime.minus(self.lately()))
        }
    }

    fn lately(&self) -> Duration {
        self.quarters
            .iter()
            .fold(Duration::ZERO, |sum, quarter| sum.plus(*quarter))
    }

    fn advance(&mut self, now: Instant) {
        let quarter = self.quarter_of(now);
        let steps = quarter.saturating_sub(self.quarter).min(QUARTERS as u64);
        for _ in 0..steps {
            self.quarters.rotate_right(1);
            if let Some(first) = self.quarters.first_mut() {
                *first = Duration::ZERO;
            }
        }
        self.quarter = quarter;
    }

    fn quarter_of(&self, now: Instant) -> u64 {
        now.micros()
            .checked_div(self.timing.deadtime.scaled(1, 4).micros())
            .unwrap_or_default()
    }
}

/// Quarters of `deadtime` in four of them.
const QUARTERS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const TIMING: Timing = Timing {
        keepalive: Duration::from_secs(1),
        warntime: Duration::from_secs(2),
        deadtime: Duration::from_secs(3),
        initdead: Duration::from_secs(6),
        lease: Duration::from_secs(1),
    };

    fn at(millis: u64) -> Instant {
        Instant::from_micros(millis * 1000)
    }

    #[test]
    fn time_in_which_the_loop_was_late_is_not_counted() {
        let mut attention = Attention::new(TIMING, at(0));
        assert_eq!(attention.turn(at(1000), at(1000)), None);
        assert_eq!(
            attention.turn(at(12_000), at(2000)),
            Some(Duration::from_secs(10))
        );
        assert_eq!(attention.now(), Duration::from_millis(2125));
    }

    #[test]
    fn a_little_late_is_not_late() {
        let mut attention = Attention::new(TIMING, at(0));
        assert_eq!(attention.turn(at(1100), at(1000)), None);
        assert_eq!(attention.now(), Duration::from_millis(1100));
    }

    #[test]
    fn after_a_stall_the_verdict_waits_for_one_and_a_half_beats() {
        let mut attention = Attention::new(TIMING, at(0));
        let heard = attention.now();
        attention.turn(at(2900), at(2900));
        assert_eq!(
            attention.verdict(heard, TIMING.deadtime),
            Duration::from_secs(3)
        );
        attention.turn(at(9000), at(2950));
        let resumed = attention.now();
        assert_eq!(
            attention.verdict(heard, TIMING.deadtime),
            resumed.plus(Duration::from_millis(1500))
        );
    }

    #[test]
    fn a_verdict_falls_at_twice_the_span_however_often_the_loop_stalls() {
        let mut attention = Attention::new(TIMING, at(0));
        let heard = attention.now();
        let mut now = 0;
        while attention.now() < attention.verdict(heard, TIMING.deadtime) {
            now += 3000;
            attention.turn(at(now), at(now - 2000));
            assert!(now < 60_000);
        }
        assert!(attention.now() <= heard.plus(Duration::from_secs(8)));
    }

    #[test]
    fn a_loop_that_sleeps_most_of_the_time_is_unhealthy_until_it_has_listened_again() {
        let mut attention = Attention::new(TIMING, at(0));
        attention.turn(at(20_000), at(1000));
        assert!(!attention.is_healthy());
        for now in (20_250..23_500).step_by(250) {
            attention.turn(at(now), at(now));
        }
        assert!(attention.is_healthy());
    }
}

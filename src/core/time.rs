//! Time as the core sees it: microseconds of a clock that never steps.
//!
//! Wraparound is not a case: a `u64` of microseconds lasts 584 000 years. On 32 bits arithmetic stays
//! out of line: inlined, it is ten instructions in some two hundred places.

use core::fmt;

/// A point on the shell's monotonic clock (`CLOCK_BOOTTIME`), microseconds since an arbitrary start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

/// A span of time in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(u64);

impl Instant {
    /// Later than every instant a clock can show: "not asked for".
    pub const NEVER: Self = Self(u64::MAX);

    /// From microseconds since the start of the clock.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the start of the clock.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// `self + span`; saturates at [`Instant::NEVER`].
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub const fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// `self - span`; saturates at the start of the clock.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub const fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// The earlier of both.
    #[must_use]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub const fn min(self, other: Self) -> Self {
        if other.0 < self.0 { other } else { self }
    }

    /// The later of both.
    #[must_use]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub const fn max(self, other: Self) -> Self {
        if other.0 > self.0 { other } else { self }
    }

    /// How long ago `earlier` was; zero when it is not earlier.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than anything.
    pub const MAX: Self = Self(u64::MAX);

    /// From microseconds.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// From milliseconds; saturates.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// From seconds; saturates.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// The span in microseconds.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// The span in whole milliseconds, rounded down.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub const fn millis(self) -> u64 {
        self.0 / 1000
    }

    /// `self + other`; saturates.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// `self - other`; never below zero.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The shorter of both.
    #[must_use]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub const fn min(self, other: Self) -> Self {
        if other.0 < self.0 { other } else { self }
    }

    /// The longer of both.
    #[must_use]
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub const fn max(self, other: Self) -> Self {
        if other.0 > self.0 { other } else { self }
    }

    /// `self * numerator / denominator`, rounded down; saturates. A zero denominator counts as one.
    #[cfg_attr(target_pointer_width = "32", inline(never))]
    pub const fn scaled(self, numerator: u64, denominator: u64) -> Self {
        let denominator = if denominator == 0 { 1 } else { denominator };
        match self.0.saturating_mul(numerator).checked_div(denominator) {
            Some(micros) => Self(micros),
            None => Self::MAX,
        }
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Duration(self.0), f)
    }
}

impl fmt::Display for Duration {
    /// In the largest unit that keeps it exact: `3s`, `250ms`, `1500us`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut count, mut units) = (self.0, ["us", "ms", "s"].iter());
        let mut unit = units.next();
        while count.is_multiple_of(1000)
            && let Some(larger) = units.next()
        {
            (count, unit) = (count / 1000, Some(larger));
        }
        write!(f, "{count}{}", unit.unwrap_or(&""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        assert_eq!(Instant::NEVER.after(Duration::from_secs(1)), Instant::NEVER);
        assert_eq!(
            Instant::from_micros(5).since(Instant::from_micros(9)),
            Duration::ZERO
        );
        assert_eq!(
            Instant::from_micros(5).before(Duration::from_secs(1)),
            Instant::from_micros(0)
        );
        assert_eq!(Duration::from_micros(7).scaled(3, 2).micros(), 10);
        assert_eq!(Duration::from_micros(7).scaled(3, 0).micros(), 21);
    }

    #[test]
    fn a_span_is_printed_in_its_largest_exact_unit() {
        assert_eq!(Duration::from_secs(3).to_string(), "3s");
        assert_eq!(Duration::from_millis(250).to_string(), "250ms");
        assert_eq!(Duration::from_micros(1500).to_string(), "1500us");
    }
}

//! A time as a person says it.

use std::fmt;

use twinbeat::time::Duration;

/// `0.3 s`, `42 s`, `12 min`, `2 h 10 min`, `3 d 4 h`.
pub(crate) struct Span(pub(crate) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = u32::try_from(self.0.millis() / 100).unwrap_or(u32::MAX);
        let seconds = tenths / 10;
        let minutes = seconds / 60;
        let hours = minutes / 60;
        if seconds < 10 {
            write!(f, "{seconds}.{} s", tenths % 10)
        } else if minutes == 0 {
            write!(f, "{seconds} s")
        } else if hours == 0 {
            write!(f, "{minutes} min")
        } else if hours < 24 {
            write!(f, "{hours} h {} min", minutes % 60)
        } else {
            write!(f, "{} d {} h", hours / 24, hours % 24)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_as_many_digits_as_a_person_wants() {
        for (millis, said) in [
            (0, "0.0 s"),
            (349, "0.3 s"),
            (9999, "9.9 s"),
            (10_000, "10 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (7_800_000, "2 h 10 min"),
            (3_600_000 * 76, "3 d 4 h"),
            (u64::MAX / 1000, "4971 d 0 h"),
        ] {
            assert_eq!(Span(Duration::from_millis(millis)).to_string(), said);
        }
    }
}

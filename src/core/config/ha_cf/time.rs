//! Heartbeat's way to write times: seconds with decimals, or a number with `ms`, `us` or `usec`.

use crate::time::Duration;

/// Why a word is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotATime {
    /// It does not read as one.
    Malformed,
    /// Longer than allowed.
    TooLong,
}

/// The time a word stands for, if it is not above `longest`; what is below a microsecond is dropped.
pub(super) fn parse(word: &[u8], longest: Duration) -> Result<Duration, NotATime> {
    let end = word
        .iter()
        .position(|b| !b.is_ascii_digit() && *b != b'.')
        .unwrap_or(word.len());
    let (number, unit) = word.split_at_checked(end).ok_or(NotATime::Malformed)?;
    let micros_per_unit: u32 = match unit {
        b"" => 1_000_000,
        b"ms" => 1000,
        b"us" | b"usec" => 1,
        _ => return Err(NotATime::Malformed),
    };
    let mut parts = number.split(|b| *b == b'.');
    let whole = parts.next().unwrap_or_default();
    let decimals = parts.next().unwrap_or_default();
    if parts.next().is_some() || (whole.is_empty() && decimals.is_empty()) {
        return Err(NotATime::Malformed);
    }
    let value = |digit: &u8| u32::from(digit.saturating_sub(b'0'));
    let mut micros = 0_u64;
    for digit in whole {
        micros = micros
            .saturating_mul(10)
            .saturating_add(value(digit).into());
    }
    micros = micros.saturating_mul(micros_per_unit.into());
    let (mut weight, mut rest) = (micros_per_unit, 0_u32);
    for digit in decimals {
        weight = weight.checked_div(10).unwrap_or(0);
        rest = rest.saturating_add(value(digit).saturating_mul(weight));
    }
    match Duration::from_micros(micros.saturating_add(rest.into())) {
        time if time > longest => Err(NotATime::TooLong),
        time => Ok(time),
    }
}

/// Four hours: a deadtime travels as milliseconds in three bytes, which end at 4.6 hours.
pub(super) const LONGEST: Duration = Duration::from_secs(4 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_heartbeat_is_read() {
        let forms: [(&[u8], u64); 11] = [
            (b"2", 2_000_000),
            (b"1.5", 1_500_000),
            (b".25", 250_000),
            (b"3.", 3_000_000),
            (b"10ms", 10_000),
            (b"1.5ms", 1500),
            (b"750us", 750),
            (b"750usec", 750),
            (b"0", 0),
            (b"0.0000019", 1),
            (b"14400", 14_400_000_000),
        ];
        for (word, micros) in forms {
            assert_eq!(parse(word, LONGEST), Ok(Duration::from_micros(micros)));
        }
    }

    #[test]
    fn other_units_and_signs_are_no_times() {
        for word in [
            &b""[..],
            b".",
            b"ms",
            b"1s",
            b"1min",
            b"-1",
            b"+1",
            b"1.2.3",
            b"1 ms",
            b"1e3",
            b"1MS",
            b"0x10",
            b"1,5",
        ] {
            assert_eq!(parse(word, LONGEST), Err(NotATime::Malformed), "{word:?}");
        }
    }

    #[test]
    fn four_hours_are_the_longest() {
        assert_eq!(parse(b"14400.000001", LONGEST), Err(NotATime::TooLong));
        assert_eq!(parse(&[b'9'; 400], LONGEST), Err(NotATime::TooLong));
    }
}

//! Seconds as a date. UTC alone: a static binary does not know the zone where OpenWrt keeps it, and the
//! files of two boxes compare without one.

/// Seconds since 1970, as `2026-11-25T13:12:31Z` (RFC 3339).
pub(crate) fn date(seconds: u64) -> String {
    // Days fit for twelve million years.
    let (days, second) = ((seconds / 86_400) as u32, (seconds % 86_400) as u32);
    let (year, month, day) = day(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of the month, of a count of days since 1970.
const fn day(mut days: u32) -> (u32, u32, u32) {
    let mut year = 1970;
    while days >= 365 + leap(year) {
        days -= 365 + leap(year);
        year += 1;
    }
    let mut month = 1;
    while days >= length(year, month) {
        days -= length(year, month);
        month += 1;
    }
    (year, month, days + 1)
}

/// Days of a month, 1 to 12: from August on the long ones are the even ones.
const fn length(year: u32, month: u32) -> u32 {
    if month == 2 {
        28 + leap(year)
    } else {
        30 + (month + month / 8) % 2
    }
}

/// Days that this year has more than others.
const fn leap(year: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    leap as u32
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use nix::sys::memfd::{MFdFlags, memfd_create};

    use super::*;

    #[test]
    fn seconds_have_the_date_that_everybody_gives_them() {
        // By GNU date.
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (68_169_599, "1972-02-28T23:59:59Z"),
            (68_169_600, "1972-02-29T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_764_076_351, "2025-11-25T13:12:31Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
            (2_147_483_647, "2038-01-19T03:14:07Z"),
            (2_147_483_648, "2038-01-19T03:14:08Z"),
            (2_225_966_400, "2040-07-15T12:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (4_294_967_296, "2106-02-07T06:28:16Z"),
        ] {
            assert_eq!(date(seconds), expected);
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = (1969, 12, 31);
        for days in 0..60_000 {
            let (year, month, day) = day(days);
            let follows = match before {
                (_, 12, 31) => (year, month, day) == (before.0 + 1, 1, 1),
                _ if day == 1 => (year, month) == (before.0, before.1 + 1) && before.2 >= 28,
                _ => (year, month, day) == (before.0, before.1, before.2 + 1),
            };
            assert!(follows, "{before:?}, then {:?}", (year, month, day));
            before = (year, month, day);
        }
    }

    #[test]
    fn the_kernel_and_std_know_times_after_2038() {
        let time = UNIX_EPOCH + Duration::from_secs(2_225_966_400);
        let file = memfd_create("time", MFdFlags::empty()).unwrap();
        let file = std::fs::File::from(file);
        file.set_modified(time).unwrap();
        assert_eq!(file.metadata().unwrap().modified().unwrap(), time);
    }
}

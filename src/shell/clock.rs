//! The one clock: `CLOCK_BOOTTIME`, which never steps and counts suspend. (And one for the dates of the log.)
//!
//! A few times in a turn it is read by a system call: what musl needs to do without one is 1.5 kB on MIPS.

use nix::libc::{CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_REALTIME, clockid_t};
use twinbeat::time::Instant;

use crate::sys;

/// Now, in microseconds since the machine was started.
pub(crate) fn now() -> Instant {
    read(CLOCK_BOOTTIME)
        // Linux before 2.6.39 has no such clock; this one differs by the time in suspend.
        .or_else(|| read(CLOCK_MONOTONIC))
        .unwrap_or_default()
}

/// Seconds since 1970, as far as this machine knows: for people alone.
pub(crate) fn wall() -> u64 {
    read(CLOCK_REALTIME).unwrap_or_default().micros() / 1_000_000
}

fn read(clock: clockid_t) -> Option<Instant> {
    let (seconds, nanos) = sys::clock(clock)?;
    Some(Instant::from_micros(
        seconds * 1_000_000 + u64::from(nanos / 1000),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_goes_forward_at_the_pace_of_others() {
        let (mine, theirs) = (now(), std::time::Instant::now());
        std::thread::sleep(std::time::Duration::from_millis(20));
        let (mine, theirs) = (now().since(mine), theirs.elapsed());
        assert!(mine.micros().abs_diff(theirs.as_micros() as u64) < 5_000);
    }
}

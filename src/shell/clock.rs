//! The one clock: `CLOCK_BOOTTIME`, which never steps and counts suspend. (And one for the dates of the log.)
//!
//! Where the kernel offers a vDSO (x86-64 and arm64 always, 32-bit ARM and MIPS mostly) reading
//! it is no system call.

use nix::time::{ClockId, clock_gettime};
use twinbeat::time::Instant;

/// Now, in microseconds since the machine was started.
pub(crate) fn now() -> Instant {
    read(ClockId::CLOCK_BOOTTIME)
        // Linux before 2.6.39 has no such clock; this one differs by the time in suspend.
        .or_else(|| read(ClockId::CLOCK_MONOTONIC))
        .unwrap_or_default()
}

/// Seconds since 1970, as far as this machine knows: for people alone.
pub(crate) fn wall() -> u64 {
    read(ClockId::CLOCK_REALTIME).unwrap_or_default().micros() / 1_000_000
}

fn read(clock: ClockId) -> Option<Instant> {
    let time = clock_gettime(clock).ok()?;
    let seconds = u64::try_from(time.tv_sec()).ok()?;
    let nanos = u64::try_from(time.tv_nsec()).ok()?;
    Some(Instant::from_micros(seconds * 1_000_000 + nanos / 1000))
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

//! Watchdogs: what reboots a node that hangs, and whether it does so before others take over.

use super::{Text, Timing};
use crate::time::Duration;

/// Devices of `watchdog`.
pub const MAX_WATCHDOGS: usize = 4;
/// The longest time-out that every driver can be asked for, in whole seconds.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(65_535);

/// `watchdog DEV... [required]`, `watchdog_timeout`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watchdog {
    /// The devices in the order in which they are tried; none: no watchdog.
    pub devices: heapless::Vec<Text, MAX_WATCHDOGS>,
    /// Without one of them no groups are taken.
    pub required: bool,
    /// As written, in whole seconds; zero when it was not. See [`Self::asked`].
    pub timeout: Duration,
}

impl Watchdog {
    /// The time-out to ask a device for, in whole seconds: as written, otherwise the longest that
    /// protects scripts ([`protects_from`]), from 2 s (a short stall is no hang) to 60 s; 1 s where
    /// 2 s are not below `deadtime`.
    pub fn asked(&self, timing: &Timing) -> Duration {
        if self.timeout > Duration::ZERO {
            return self.timeout;
        }
        if timing.deadtime <= Duration::from_secs(2) {
            return Duration::from_secs(1);
        }
        let room = timing.deadtime.minus(protects_from(timing, Duration::ZERO));
        whole_seconds(room, 2, 60)
    }
}

/// The shortest deadtime with which a node that hangs has been reset before its groups are taken
/// over: two keepalives for the last kick after a beat, two seconds for the driver (softdog; one
/// would do for hardware).
pub fn protects_from(timing: &Timing, timeout: Duration) -> Duration {
    let twice = timing.keepalive.scaled(2, 1);
    timeout.plus(twice).plus(Duration::from_secs(2))
}

/// Rounded down, and to a limit where it is beyond one.
pub(super) fn whole_seconds(time: Duration, least: u64, most: u64) -> Duration {
    let seconds = time.micros().checked_div(1_000_000).unwrap_or(0);
    Duration::from_secs(seconds.clamp(least, most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::config::{Sources, read};

    fn asked(keepalive: u64, deadtime: u64) -> u64 {
        let timing = Timing {
            keepalive: Duration::from_millis(keepalive),
            warntime: Duration::ZERO,
            deadtime: Duration::from_millis(deadtime),
            initdead: Duration::ZERO,
            lease: Duration::ZERO,
        };
        let timeout = Watchdog::default().asked(&timing);
        let protected = protects_from(&timing, timeout) <= timing.deadtime;
        assert_eq!(protected, deadtime >= 2 * keepalive + 4000, "{deadtime}");
        assert!(timeout < timing.deadtime || deadtime <= 1000);
        timeout.millis()
    }

    #[test]
    fn a_timeout_left_out_protects_scripts_where_it_can() {
        assert_eq!(asked(1000, 6000), 2000);
        assert_eq!(asked(1000, 10_000), 6000);
        assert_eq!(asked(1000, 30_000), 26_000);
        assert_eq!(asked(1000, 14_400_000), 60_000);
    }

    #[test]
    fn it_is_below_deadtime_where_a_device_counts_so_finely() {
        assert_eq!(asked(1000, 3000), 2000);
        assert_eq!(asked(500, 2001), 2000);
        assert_eq!(asked(500, 2000), 1000);
        assert_eq!(asked(100, 300), 1000);
    }

    #[test]
    fn as_written_is_as_asked() {
        let watchdog = Watchdog {
            timeout: Duration::from_secs(9),
            ..Watchdog::default()
        };
        let timing = Config::empty().timing;
        assert_eq!(watchdog.asked(&timing), Duration::from_secs(9));
    }

    #[test]
    fn a_timeout_that_is_not_written_is_that_of_the_timing() {
        let ha_cf = "bcast eth0\nwatchdog /a\ndeadtime 10\nnode alpha beta\nauto_failback on\n";
        let sources = Sources::new("alpha", ha_cf, "", "auth 1\n1 sha1 0123456789abcdef\n");
        let config = read(&sources, &mut |_| {}).unwrap();
        let asked = config.watchdog.asked(&config.timing);
        assert_eq!(asked, Duration::from_secs(6));
    }
}

//! Advice about a configuration that is valid: it starts, but might be better.

use core::fmt;

use super::authkeys;
use super::diagnostic::{File, Position, Report};
use super::ha_cf::Settings;
use super::template::fill;
use super::watchdog::{protects_from, whole_seconds};
use super::{AutoFailback, Config, Dialect, Method, Resource};
use crate::time::Duration;

/// What might be better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// `deadtime` is below three `keepalive`.
    FewBeats {
        /// As configured.
        keepalive: Duration,
        /// As configured.
        deadtime: Duration,
    },
    /// Beats so frequent that they cost.
    FastBeats(Duration),
    /// No lease is short enough: two nodes may hold an address for so long.
    Overlap {
        /// For how long.
        overlap: Duration,
        /// The shortest deadtime without.
        enough: Duration,
    },
    /// `warntime` is not below `deadtime`.
    LateWarning(Duration, Duration),
    /// `initdead` below what a bridge or switch port needs.
    ShortInitdead(Duration),
    /// Auto-failback is left to its default.
    NoFailback,
    /// `auto_failback legacy`.
    LegacyFailback,
    /// The same, or none, beside a real heartbeat.
    LegacySpoken,
    /// A single node.
    OneNode,
    /// A single link.
    OneLink,
    /// No ping node.
    NoPing,
    /// A key with the `crc` method, and a better one.
    Crc(u8, Method),
    /// A key below 16 bytes.
    ShortSecret(u8),
    /// What follows for scripts from the watchdog.
    Watchdog {
        /// As configured or by default.
        timeout: Duration,
        /// The shortest deadtime with which a hung node is reset in time.
        enough: Duration,
        /// `deadtime` is so long.
        is_enough: bool,
    },
    /// Nothing to hold.
    NoGroups,
}

/// The longest lease that ends before a peer takes over, and for how long two nodes may hold an
/// address where even the shortest does not.
///
/// An agent killed just after a refresh leaves the address for the lease and 0.35 s more (the
/// kernel's rounding). Refreshes follow a beat by up to h = max(0, k - L + 0.3 s), one beat may have
/// been lost, and the peer takes over D after the last: h + k + L + 0.35 s <= D.
pub fn longest_lease(keepalive: Duration, deadtime: Duration) -> (Duration, Duration) {
    let end = |lease: Duration| {
        let after_beat = keepalive.plus(REFRESH).minus(lease);
        after_beat.plus(keepalive).plus(lease).plus(KERNEL)
    };
    let room = deadtime.minus(keepalive).minus(KERNEL);
    // Below k + 0.3 s the sum does not depend on L, above it grows with L: this is the largest.
    let lease = whole_seconds(room, 1, LONGEST_LEASE);
    if end(lease) <= deadtime {
        (lease, Duration::ZERO)
    } else {
        let lease = Duration::from_secs(1);
        (lease, end(lease).minus(deadtime))
    }
}

/// Says everything that might be better.
pub(super) fn advise(
    config: &Config,
    settings: &Settings,
    keys: &authkeys::Places,
    report: &mut Report<'_>,
) {
    let timing = &config.timing;
    let heartbeat = config.dialect == Dialect::LinuxHa;
    let (keepalive, deadtime) = (timing.keepalive, timing.deadtime);
    let place = settings.timing_place();
    if deadtime < keepalive.scaled(3, 1) {
        let advice = Advice::FewBeats {
            keepalive,
            deadtime,
        };
        report.say(place, advice);
    }
    if keepalive < FASTEST {
        report.say(place, Advice::FastBeats(keepalive));
    }
    let (_, overlap) = longest_lease(keepalive, deadtime);
    let (mut has_address, mut has_script) = (false, false);
    for resource in &config.resources {
        match resource {
            Resource::Address(_) => has_address = true,
            Resource::Script(_) | Resource::Network(..) => has_script = true,
        }
    }
    if overlap > Duration::ZERO && has_address {
        let enough = deadtime.plus(overlap);
        report.say(place, Advice::Overlap { overlap, enough });
    }
    if has_script && !config.watchdog.devices.is_empty() {
        let timeout = config.watchdog.asked(timing);
        let enough = protects_from(timing, timeout);
        let advice = Advice::Watchdog {
            timeout,
            enough,
            is_enough: deadtime >= enough,
        };
        report.say(settings.watchdog_place(), advice);
    }
    if timing.warntime >= deadtime {
        let advice = Advice::LateWarning(timing.warntime, deadtime);
        report.say(settings.warntime_place(), advice);
    }
    if timing.initdead < SETTLED {
        let advice = Advice::ShortInitdead(timing.initdead);
        report.say(settings.initdead_place(), advice);
    }
    match (settings.failback_place(), config.auto_failback) {
        (at, AutoFailback::Legacy) if heartbeat => {
            let at = at.unwrap_or(Position::start(File::HaCf));
            report.say(at, Advice::LegacySpoken);
        }
        (None, _) => report.say(Position::start(File::HaCf), Advice::NoFailback),
        (Some(at), AutoFailback::Legacy) => report.say(at, Advice::LegacyFailback),
        (Some(_), AutoFailback::On | AutoFailback::Off) => {}
    }
    if config.nodes.len() == 1 {
        report.say(settings.node_place(), Advice::OneNode);
    }
    if config.links.len() == 1 {
        report.say(settings.link_place(), Advice::OneLink);
    }
    if config.nodes.len() > 1 && config.reach.targets == 0 {
        report.say(settings.node_place(), Advice::NoPing);
    }
    if config.groups.is_empty() {
        report.say(Position::start(File::Haresources), Advice::NoGroups);
    }
    for key in &config.keys.keys {
        let at = keys.key(key.number);
        let at = at.unwrap_or(Position::start(File::Authkeys));
        match key.method {
            Method::Crc => {
                let better = config.dialect.of([Method::Sha256, Method::Sha1]);
                report.say(at, Advice::Crc(key.number, better));
            }
            Method::Md5 | Method::Sha1 | Method::Sha256 if key.secret.len() < MIN_SECRET => {
                report.say(at, Advice::ShortSecret(key.number));
            }
            Method::Md5 | Method::Sha1 | Method::Sha256 => {}
        }
    }
}

impl Advice {
    /// The sentence, with places for what it is about. (Inlined it would be no table.)
    #[inline(never)]
    fn template(&self) -> &'static str {
        match self {
            Self::FewBeats { .. } => {
                "deadtime {1} is below three times keepalive {0}: two lost beats are a death; deadtime \
                 {2} or more is calmer"
            }
            Self::FastBeats(_) => {
                "keepalive {0} is more than 200 beats a second: on a small board 10ms or more leaves time \
                 for work"
            }
            Self::Overlap { .. } => {
                "when this program is killed, two nodes may hold an address for up to {0} (a lease is at \
                 least 1s): with deadtime {1} or more they never do"
            }
            Self::LateWarning(..) => {
                "warntime {0} is not below deadtime {1}: nobody is ever warned; half of deadtime is usual"
            }
            Self::ShortInitdead(_) => {
                "initdead {0} is short: after a power failure switch ports and bridges often take 30s to \
                 forward, and until then both nodes believe to be alone; initdead 30 is safe"
            }
            Self::NoFailback => {
                "auto_failback is not given, which means legacy, here the same as on: groups go home when \
                 their node is back; write auto_failback on, or off to leave them"
            }
            Self::LegacyFailback => {
                "auto_failback legacy means on here: groups go home when their node is back; write on, or \
                 off to leave them"
            }
            Self::LegacySpoken => {
                "auto_failback legacy (heartbeat's default): groups go home when their node is back, and \
                 hb_standby is not known; with on or off, the same on both nodes, it is"
            }
            Self::OneNode => {
                "one node alone: nobody takes over when it dies; name the other machine in a node line"
            }
            Self::OneLink => {
                "one link alone: when it is cut each node takes everything; add a second one by another \
                 path"
            }
            Self::NoPing => {
                "no ping node: a node that is cut off cannot tell that from the death of its peer, and \
                 serves as well; name the router, for example \"ping 192.0.2.1\""
            }
            Self::Crc(..) => {
                "key {0} is crc, which protects against noise and nobody: whoever can send to this \
                 network can take the addresses, even when another key signs; write \"{0} {1} KEY\""
            }
            Self::ShortSecret(_) => {
                "key {0} is shorter than 16 bytes and may be guessed from recorded beats: \"head -c 24 \
                 /dev/urandom | base64\" makes a good one, the same on every node"
            }
            Self::Watchdog { .. } => {
                "watchdog_timeout {0}: when a node hangs its scripts {2} run twice (never: with deadtime {1} or more)"
            }
            Self::NoGroups => {
                "no groups: beats are sent, but nothing is served; write a line such as \"alpha \
                 IPaddr::192.0.2.10/24/eth0\""
            }
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: &[&dyn fmt::Display] = match self {
            Self::FewBeats {
                keepalive,
                deadtime,
            } => &[keepalive, deadtime, &keepalive.scaled(3, 1)],
            Self::FastBeats(time) | Self::ShortInitdead(time) => &[time],
            Self::Overlap { overlap, enough } => &[overlap, enough],
            Self::LateWarning(time, other) => &[time, other],
            Self::NoFailback
            | Self::LegacyFailback
            | Self::LegacySpoken
            | Self::OneNode
            | Self::OneLink
            | Self::NoPing
            | Self::NoGroups => &[],
            Self::Watchdog {
                timeout,
                enough,
                is_enough,
            } => &[timeout, enough, if *is_enough { &"never" } else { &"may" }],
            Self::Crc(number, method) => &[number, method],
            Self::ShortSecret(number) => &[number],
        };
        fill(f, self.template(), parts)
    }
}

/// How long a refresh may come after the beat beside it, beyond what the lease covers.
const REFRESH: Duration = Duration::from_millis(300);
/// How much later than asked the kernel ends a lease.
const KERNEL: Duration = Duration::from_millis(350);
/// A lease travels in one byte.
const LONGEST_LEASE: u64 = 255;
/// 128 bits, if they are random.
const MIN_SECRET: usize = 16;
/// Below it heartbeat warns too.
const SETTLED: Duration = Duration::from_secs(10);
const _: () = assert!(MIN_SECRET == 16, "as in words");
const FASTEST: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(keepalive: u64, deadtime: u64) -> (u64, u64) {
        let millis = Duration::from_millis;
        let (lease, overlap) = longest_lease(millis(keepalive), millis(deadtime));
        (lease.millis(), overlap.millis())
    }

    #[test]
    fn the_longest_lease_is_that_of_the_design() {
        assert_eq!(lease(1000, 3000), (1000, 0));
        assert_eq!(lease(2000, 10_000), (7000, 0));
        assert_eq!(lease(1000, 10_000), (8000, 0));
        assert_eq!(lease(1000, 3_600_000), (255_000, 0));
    }

    #[test]
    fn where_no_lease_is_short_enough_the_overlap_is_said() {
        assert_eq!(lease(100, 300), (1000, 1150));
        assert_eq!(lease(10, 30), (1000, 1330));
        assert_eq!(lease(1000, 2500), (1000, 150));
        assert_eq!(lease(2000, 4500), (1000, 150));
    }

    #[test]
    fn there_is_a_lease_exactly_from_the_designs_bound_on() {
        for keepalive in (10..3000).step_by(10) {
            let bound = (2 * keepalive + 650).max(keepalive + 1350);
            assert_eq!(lease(keepalive, bound).1, 0, "{keepalive}");
            assert_eq!(lease(keepalive, bound - 1).1, 1, "{keepalive}");
        }
    }

    #[test]
    fn the_longest_lease_agrees_with_a_search() {
        for keepalive in (50_u64..4000).step_by(50) {
            for deadtime in (2 * keepalive + 1..15_000).step_by(97) {
                let ends_in_time = |l: &u64| -> bool {
                    (keepalive + 300).saturating_sub(*l) + keepalive + l + 350 <= deadtime
                };
                let best = (1..60).map(|l| l * 1000).filter(ends_in_time).max();
                let (found, overlap) = lease(keepalive, deadtime);
                assert_eq!(best, (overlap == 0).then_some(found));
            }
        }
    }
}

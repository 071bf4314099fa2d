//! The times of `ha.cf`: defaults and what they must satisfy together.

use super::directive::Name;
use super::time::{self, NotATime};
use super::{Problem, Settings};
use crate::config::diagnostic::{Quoted, Report};
use crate::config::lexer::Word;
use crate::config::watchdog::LONGEST_TIMEOUT;
use crate::config::{Config, lint};
use crate::time::Duration;

/// What was written, each at most once; zero where nothing was.
#[derive(Default)]
pub(super) struct Times {
    keepalive: Duration,
    warntime: Duration,
    deadtime: Duration,
    deadping: Duration,
    initdead: Duration,
    lease: Duration,
    watchdog: Duration,
    /// Something was unreadable: comparisons would only mislead.
    doubtful: bool,
}

impl Times {
    pub(super) fn doubt(&mut self) {
        self.doubtful = true;
    }

    fn place(&mut self, name: Name) -> &mut Duration {
        if name == Name::Keepalive {
            &mut self.keepalive
        } else if name == Name::Warntime {
            &mut self.warntime
        } else if name == Name::Deadtime {
            &mut self.deadtime
        } else if name == Name::Deadping {
            &mut self.deadping
        } else if name == Name::Initdead {
            &mut self.initdead
        } else if name == Name::Lease {
            &mut self.lease
        } else {
            &mut self.watchdog
        }
    }

    pub(super) fn set(&mut self, name: Name, word: Word<'_>, report: &mut Report<'_>) {
        let quoted = Quoted(word.bytes);
        let longest = if name == Name::WatchdogTimeout {
            LONGEST_TIMEOUT
        } else {
            time::LONGEST
        };
        let problem = match (time::parse(word.bytes, longest), name) {
            (Ok(time), Name::Lease | Name::WatchdogTimeout)
                if time == Duration::ZERO || !time.micros().is_multiple_of(1_000_000) =>
            {
                Problem::NotWhole(quoted, name.example())
            }
            (Ok(time), _) if time == Duration::ZERO => Problem::ZeroTime(name.example()),
            (Ok(time), name) => {
                *self.place(name) = time;
                return;
            }
            (Err(NotATime::Malformed), _) => Problem::NotATime(quoted, name.example()),
            (Err(NotATime::TooLong), _) => Problem::LongTime(quoted, longest),
        };
        self.doubt();
        report.say(word.at, problem);
    }
}

/// Whether a directive's value is a time.
pub(super) fn is_time(name: Name) -> bool {
    matches!(
        name,
        Name::Keepalive
            | Name::Warntime
            | Name::Deadping
            | Name::Deadtime
            | Name::Initdead
            | Name::Lease
            | Name::WatchdogTimeout
    )
}

/// Fills in heartbeat's defaults and checks everything together.
pub(super) fn finish(settings: &Settings, config: &mut Config, report: &mut Report<'_>) {
    let times = &settings.times;
    if times.doubtful {
        return;
    }
    let or = |time: Duration, default: Duration| {
        if time == Duration::ZERO {
            default
        } else {
            time
        }
    };
    let keepalive = or(times.keepalive, Duration::from_secs(1));
    let deadtime = or(times.deadtime, Duration::from_secs(30));
    let usual = if deadtime > Duration::from_secs(10) {
        deadtime
    } else if deadtime < Duration::from_secs(6) {
        Duration::from_secs(12)
    } else {
        deadtime.scaled(2, 1)
    };
    let initdead = or(times.initdead, usual);
    let deadping = or(times.deadping, deadtime);
    if deadping <= keepalive.scaled(2, 1) && times.deadping > Duration::ZERO {
        let problem = Problem::ShortDead(Name::Deadping.word(), deadping, keepalive);
        report.say(settings.place_or_top(Name::Deadping), problem);
    }
    if deadtime <= keepalive.scaled(2, 1) {
        let problem = Problem::ShortDead(Name::Deadtime.word(), deadtime, keepalive);
        // A lease and the rest would only be measured by a wrong deadtime.
        return report.say(settings.timing_place(), problem);
    }
    if initdead < deadtime {
        let problem = Problem::ShortInitdead { initdead, deadtime };
        report.say(settings.initdead_place(), problem);
    }
    let (longest, _) = lint::longest_lease(keepalive, deadtime);
    let lease = or(times.lease, longest);
    if lease > longest {
        let problem = Problem::LongLease {
            lease,
            longest,
            keepalive,
            deadtime,
        };
        report.say(settings.place_or_top(Name::Lease), problem);
    }
    config.timing.keepalive = keepalive;
    config.timing.deadtime = deadtime;
    config.reach.deadping = deadping;
    config.timing.warntime = or(times.warntime, deadtime.scaled(1, 2));
    config.timing.initdead = initdead;
    config.timing.lease = lease;
    config.watchdog.timeout = times.watchdog;
}

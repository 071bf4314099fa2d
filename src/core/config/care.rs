//! How scripts are called and watched: how long a call may take, how often one is asked whether it
//! still runs, and what happens to a group whose resource does not.

use super::{Config, Resource};
use crate::id::GroupId;
use crate::time::Duration;

/// How long one call of one script may take; then it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `start`; 60 s by default.
    pub start: Duration,
    /// `stop`, its repetitions included; 60 s by default.
    pub stop: Duration,
    /// `status`; 20 s by default.
    pub status: Duration,
}

/// What was written for one resource, or for a whole group; `None` is as for the group, or for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Care {
    /// `timeout`, 1 s to 4 h: the limit of a start and of a stop; a status has a third of it.
    pub timeout: Option<Duration>,
    /// `monitor`, 1 s to 4 h, or zero for never: from one status of a running resource to the next.
    pub monitor: Option<Duration>,
}

impl Limits {
    /// Those that follow from one number.
    pub(super) const fn of(timeout: Duration) -> Self {
        Self {
            start: timeout,
            stop: timeout,
            status: timeout.scaled(1, 3),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::of(Duration::from_secs(60))
    }
}

impl Config {
    /// How long a call for the resource at this position of a group may take.
    pub fn limits(&self, group: GroupId, position: usize) -> Limits {
        let limits = self.groups.get(group.index()).map(|group| group.limits);
        let own = self.care_for(group, position).timeout;
        own.map_or(limits.unwrap_or_default(), Limits::of)
    }

    /// How often the resource at this position of a group is asked whether it still runs; zero for
    /// never. What is built in is not asked.
    pub fn interval(&self, group: GroupId, position: usize) -> Duration {
        let script = match self.group_resources(group).get(position) {
            Some(Resource::Script(word)) => self.text(*word),
            Some(Resource::Address(_) | Resource::Network(..)) | None => return Duration::ZERO,
        };
        // It does not run.
        if script == "Delay" || script.starts_with("Delay::") {
            return Duration::ZERO;
        }
        let of_group = self.groups.get(group.index());
        let of_group = of_group.and_then(|group| group.options.care.monitor);
        let own = self.care_for(group, position).monitor;
        own.or(of_group).unwrap_or(self.monitor)
    }

    fn care_for(&self, group: GroupId, position: usize) -> Care {
        let group = self.groups.get(group.index());
        let first = group.map_or(0, |group| usize::from(group.resources.start));
        let place = first.saturating_add(position);
        let own = self.care.iter().find(|own| usize::from(own.0) == place);
        own.map_or(Care::default(), |own| own.1)
    }
}

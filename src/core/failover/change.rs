//! Another configuration is taken up: groups go on under their new numbers.

use super::group::{Group, State};
use super::retirement::Retirement;
use super::{Failover, configured};
use crate::action::{Events, Reason};
use crate::config::{Change, Origin};

impl Failover {
    /// Takes it up. Nothing is being done with any group, and what is to be stopped is.
    pub(crate) fn reconfigure(&mut self, change: &Change<'_>, events: &mut Events) {
        let config = change.new;
        let old = core::mem::replace(&mut self.groups, configured(config));
        self.count = config.groups.len();
        for (id, group) in self.groups.iter_mut().take(self.count) {
            match change.origin(id) {
                Origin::New => {}
                Origin::Kept(from) => {
                    *group = old.at(from).under(group);
                    group.become_pinned(self.me, group.pinned);
                }
                Origin::Changed(from) => group.succeed(old.at(from), events),
            }
        }
        self.standby = change.carried(self.standby);
        let kept = change.carried(self.kept.standby);
        self.remember |= kept.iter().count() != self.kept.standby.iter().count();
        self.kept.standby = kept;
        self.required = config.watchdog.required;
        self.connectivity.reconfigure(change);
        self.fencing.able = super::fencing::fenceable(config);
    }
}

impl Group {
    /// Everything as it is, but for what `configured` has from the configuration.
    fn under(&self, configured: &Self) -> Self {
        let mut group = self.clone();
        group.id = configured.id;
        group.home = configured.home;
        group.failback = configured.failback;
        group.at_most_one = configured.at_most_one;
        (group.after, group.with) = (configured.after, configured.with);
        group.pinned &= group.with.is_none();
        group.failures.take_limits(&configured.failures);
        // Said of another number.
        group.wish = None;
        // Said in frames of another shape.
        group.shown = None;
        group
    }

    /// One of the same key had other resources. Where that ran it is started again: nobody else was
    /// asked to.
    fn succeed(&mut self, before: &Self, events: &mut Events) {
        self.epoch = before.epoch;
        let (State::Stopping { claim, .. }, Retirement::Stopped) =
            (before.state, before.retirement)
        else {
            return;
        };
        self.become_starting(claim, false, Reason::Reload, events);
    }
}

//! Another configuration is taken up by a node that lives: in order `judge`, `retire`, then, when
//! `busy` tells of nothing more, `reconfigure`.

use super::{Node, Traffic};
use crate::config::{Change, Refusal};
use crate::id::{GroupId, GroupSet, LinkSet};
use crate::time::Instant;

impl Node {
    /// Whether the configuration can be taken up by this life, as things are. Changes nothing.
    pub fn judge(&self, change: &Change<'_>) -> Result<(), Refusal> {
        self.failover.judge(change.stopped())?;
        self.members.judge(change)
    }

    /// Stops these groups for the sake of a configuration in which they are no more, or others;
    /// those of an earlier call that are not among them go on by the usual rules. To be followed, as
    /// [`Node::handle`] is, by draining.
    pub fn retire(&mut self, now: Instant, groups: GroupSet) {
        self.failover.retire(groups, &mut self.events);
        self.decide(now);
        self.due = self.next_due();
    }

    /// A group with which something is still being done: here, and where it is waited for
    /// (`patient`) on a live peer. Before that has ended nothing can be reconfigured.
    pub fn busy(&self, patient: bool) -> Option<GroupId> {
        self.failover.busy(patient, &self.members)
    }

    /// Takes up another configuration. Events, actions and frames were drained before: they tell of
    /// numbers that may be others now. A beat follows at once.
    ///
    /// Not before [`Node::judge`] agreed, the groups of [`Change::stopped`] were retired, and
    /// nothing is [`Node::busy`].
    pub fn reconfigure(&mut self, now: Instant, change: &Change<'_>) {
        let (old, new) = (&change.old.timing, &change.new.timing);
        if (old.deadtime, old.lease) != (new.deadtime, new.lease) {
            self.guard.become_news();
        }
        self.lease = new.lease;
        self.links = LinkSet::first(change.new.links.len());
        self.traffic = change.links_of(&self.traffic, Traffic::default());
        self.members.reconfigure(now, change, &mut self.events);
        self.failover.reconfigure(change, &mut self.events);
        self.members.beat_due = true;
        self.decide(now);
        self.due = self.next_due();
    }
}

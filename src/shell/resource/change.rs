//! Another configuration is taken up between two things that are done.

use std::rc::Rc;

use twinbeat::config::{Change, Config, Origin};
use twinbeat::id::PerGroup;

use super::{Resources, Work};
use crate::interface::Interfaces;

impl Resources {
    /// Something is being done with a group.
    pub(crate) fn is_busy(&self) -> bool {
        let idle = |work: &Work| {
            matches!(
                work,
                Work::Nothing | Work::Running { .. } | Work::Watching { .. }
            )
        };
        !self.work.iter().all(|(_, work)| idle(work))
    }

    /// Not while [`Self::is_busy`]; groups that are no more, or others, are stopped by now.
    pub(crate) fn reconfigure(
        &mut self,
        config: &Rc<Config>,
        change: &Change<'_>,
        interfaces: &Interfaces,
    ) {
        for group in change.old.group_ids() {
            if let Work::Watching { .. } = self.work.at(group) {
                // It is asked again when that is due.
                self.call_off(group);
                *self.work.at_mut(group) = Work::Running { dead: 0 };
            }
        }
        self.config = Rc::clone(config);
        self.work = carried(change, &self.work);
        self.ran = carried(change, &self.ran);
        self.failed = carried(change, &self.failed);
        self.looks = carried(change, &self.looks);
        self.doubted = carried(change, &self.doubted);
        // What was called off is not heard of by a number that means another group now.
        self.errands = PerGroup::new(Rc::default);
        self.finished = Rc::default();
        self.holding.reconfigure(config, change, interfaces);
    }
}

fn carried<T: Copy + Default>(change: &Change<'_>, old: &PerGroup<T>) -> PerGroup<T> {
    let mut all = PerGroup::new(T::default);
    for group in change.new.group_ids() {
        if let Origin::Kept(from) = change.origin(group) {
            *all.at_mut(group) = *old.at(from);
        }
    }
    all
}

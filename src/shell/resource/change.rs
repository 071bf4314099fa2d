//! Another configuration is taken up between two things that are done.

use std::rc::Rc;

use twinbeat::config::{Change, Config, Origin};
use twinbeat::id::{GroupId, MAX_GROUPS, PerGroup};

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
        let (work, ran, failed) = (self.work.clone(), self.ran.clone(), self.failed.clone());
        let (looks, doubted) = (self.looks.clone(), self.doubted.clone());
        for group in GroupId::first(MAX_GROUPS) {
            let known = if let Origin::Kept(from) = change.origin(group) {
                let (looks, doubted) = (*looks.at(from), *doubted.at(from));
                (
                    *work.at(from),
                    *ran.at(from),
                    *failed.at(from),
                    looks,
                    doubted,
                )
            } else {
                Default::default()
            };
            (
                *self.work.at_mut(group),
                *self.ran.at_mut(group),
                *self.failed.at_mut(group),
                *self.looks.at_mut(group),
                *self.doubted.at_mut(group),
            ) = known;
        }
        // What was called off is not heard of by a number that means another group now.
        self.errands = PerGroup::new(Rc::default);
        self.finished = Rc::default();
        self.holding.reconfigure(config, change, interfaces);
    }
}

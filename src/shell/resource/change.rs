//! Another configuration is taken up between two things that are done.

use std::rc::Rc;

use twinbeat::config::{Change, Config, Origin};
use twinbeat::id::PerGroup;

use super::{Part, Resources, Work};
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
        !self.parts.iter().all(|(_, part)| idle(&part.work))
    }

    /// Not while [`Self::is_busy`]; groups that are no more, or others, are stopped by now.
    pub(crate) fn reconfigure(
        &mut self,
        config: &Rc<Config>,
        change: &Change<'_>,
        interfaces: &Interfaces,
    ) {
        for group in change.old.group_ids() {
            if let Work::Watching { .. } = self.parts.at(group).work {
                // It is asked again when that is due.
                self.call_off(group);
                self.parts.at_mut(group).work = Work::Running { dead: 0 };
            }
        }
        self.config = Rc::clone(config);
        let old = self.parts.clone();
        for (group, part) in self.parts.iter_mut() {
            *part = match change.origin(group) {
                Origin::Kept(from) => *old.at(from),
                Origin::New | Origin::Changed(_) => Part::default(),
            };
        }
        // What was called off is not heard of by a number that means another group now.
        self.errands = PerGroup::new(Rc::default);
        self.finished = Rc::default();
        self.holding.reconfigure(config, change, interfaces);
    }
}

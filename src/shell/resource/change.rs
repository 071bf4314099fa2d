//! Another configuration is taken up between two things that are done.

use std::rc::Rc;

use twinbeat::config::{Change, Config, Origin};
use twinbeat::id::PerGroup;

use super::{Resources, Work, call};
use crate::interface::Interfaces;

impl Resources {
    /// Something is being done, or has just ended.
    pub(crate) fn is_busy(&self) -> bool {
        let idle = |work: &Work| *work == Work::Nothing;
        !self.finished.borrow().is_empty() || !self.work.iter().all(|(_, work)| idle(work))
    }

    /// Not while [`Self::is_busy`]; groups that are no more, or others, are stopped by now.
    pub(crate) fn reconfigure(
        &mut self,
        config: &Rc<Config>,
        change: &Change<'_>,
        interfaces: &Interfaces,
    ) {
        self.config = Rc::clone(config);
        self.environment = call::environment(config, &self.directory);
        let old = std::mem::replace(&mut self.ran, PerGroup::new(u64::default));
        for group in config.group_ids() {
            if let Origin::Kept(from) = change.origin(group) {
                *self.ran.at_mut(group) = *old.at(from);
            }
        }
        self.holding.reconfigure(config, change, interfaces);
    }
}

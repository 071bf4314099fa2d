//! `after` and `with`: the group that must be held before another is started, and the group whose node
//! another goes to.

use super::{Config, Options};
use crate::id::GroupId;

impl Config {
    /// The group whose home and failback count for a group: itself, or that which it goes with.
    #[inline(never)]
    pub fn leader(&self, mut id: GroupId) -> GroupId {
        // There are no circles.
        while let Some(with) = self.options(id).with {
            id = with;
        }
        id
    }

    /// The group of a key.
    #[inline(never)]
    pub(super) fn group_named(&self, key: &[u8]) -> Option<GroupId> {
        let is_meant = |id: &GroupId| self.group_key(*id).as_bytes() == key;
        self.group_ids().find(is_meant)
    }

    #[inline(never)]
    fn options(&self, id: GroupId) -> Options {
        let group = self.groups.get(id.index());
        group.map_or_else(Options::default, |group| group.options)
    }

    /// Whether a group is another, or waits for it or goes with it, by however many between.
    fn depends(&self, one: GroupId, on: GroupId) -> bool {
        let options = self.options(one);
        let mut others = [options.after, options.with].into_iter().flatten();
        one == on || others.any(|other| self.depends(other, on))
    }
}

/// Whether an option is one of these.
pub(super) fn is_meant(option: &[u8]) -> bool {
    option == b"after" || option == b"with"
}

/// Keeps `after KEY` or `with KEY` of a group; whether it is right. A key that is not known is wrong if
/// all keys are known.
pub(super) fn set(
    option: &[u8],
    key: &[u8],
    group: Option<GroupId>,
    complete: bool,
    config: &mut Config,
) -> bool {
    let other = config.group_named(key);
    let (Some(id), Some(other)) = (group, other) else {
        return !complete && !key.is_empty();
    };
    if config.depends(other, id) {
        return false;
    }
    config.groups.get_mut(id.index()).is_some_and(|group| {
        let place = if option == b"with" {
            &mut group.options.with
        } else {
            &mut group.options.after
        };
        place.replace(other).is_none()
    })
}

/// What is wrong where [`set`] says so.
pub(super) const WRONG: &str = "must name one other group, once, and none that depends on this one";

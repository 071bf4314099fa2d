//! `after` and `with`: the group that must be held before another is started, and the group whose node
//! another goes to.

use super::Config;
use crate::id::{GroupId, GroupSet};

impl Config {
    /// The group whose home and failback count for a group: itself, or that which it goes with.
    pub fn leader(&self, mut id: GroupId) -> GroupId {
        // There are no circles.
        while let Some(with) = self.options(id).with {
            id = with;
        }
        id
    }

    fn options(&self, id: GroupId) -> super::Options {
        self.groups
            .get(id.index())
            .map_or_else(Default::default, |group| group.options)
    }

    /// Whether a group is another, or waits for it or goes with it, by however many between.
    fn depends(&self, one: GroupId, on: GroupId) -> bool {
        let mut all = GroupSet::EMPTY.with(one);
        for _ in self.group_ids() {
            for id in all.iter() {
                let options = self.options(id);
                let more = [options.after, options.with].into_iter().flatten();
                all = more.fold(all, GroupSet::with);
            }
        }
        all.contains(on)
    }
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
    let is_meant = |id: &GroupId| config.group_key(*id).as_bytes() == key;
    let other = config.group_ids().find(is_meant);
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
pub(super) const WRONG: &str = "must name one other group, once, and not one that waits for this group or goes with it: \
                                write the first resource of its line in haresources";

//! One mark for each resource of a group.

use twinbeat::config::MAX_RESOURCES;

/// Which resources have it, one bit each, by their position.
#[derive(Clone, Copy, Default)]
pub(super) struct Marks(u64);

impl Marks {
    /// Whether the resource at a position has it.
    #[inline(never)]
    pub(super) const fn has(&self, position: usize) -> bool {
        self.0 & bit(position) != 0
    }

    /// Gives it the mark, or takes it.
    #[inline(never)]
    pub(super) const fn set(&mut self, position: usize, marked: bool) {
        self.0 &= !bit(position);
        if marked {
            self.0 |= bit(position);
        }
    }
}

/// As many bits as resources.
const fn bit(position: usize) -> u64 {
    1 << (position % MAX_RESOURCES)
}

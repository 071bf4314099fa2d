//! All flows, by what they are about.

mod attacks;
mod everyday;
mod faults;

use super::flow::Flow;

/// In the order in which they are begun.
pub(crate) fn all() -> impl Iterator<Item = &'static Flow> {
    let all: [&'static [Flow]; 3] = [everyday::FLOWS, faults::FLOWS, attacks::FLOWS];
    all.into_iter().flatten()
}

//! One virtual address among the resources of its group.

use twinbeat::id::GroupId;
use twinbeat::time::Instant;

use crate::address::AddressId;

/// One virtual address.
pub(super) struct Place {
    pub(super) id: AddressId,
    pub(super) group: GroupId,
    /// Its position among the resources of its group.
    pub(super) position: usize,
    pub(super) state: State,
}

/// Whether an address is wanted here, and is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its group does not run here.
    Unwanted,
    /// Installed.
    Held,
    /// Wanted, and to be put back; `told` once the log says why that failed.
    Away { retry_at: Instant, told: bool },
    /// Wanted, and must not be here for now.
    Suspended,
}

/// Not there, and the log does not know.
pub(super) const fn away(retry_at: Instant) -> State {
    State::Away {
        retry_at,
        told: false,
    }
}

//! What the announcer knows of an address.

use std::net::IpAddr;

use twinbeat::time::Instant;

use crate::interface::{Interface, Mac};

/// An address that is announced or asked for.
pub(super) struct Watched {
    pub(super) address: IpAddr,
    pub(super) interface: u32,
    /// Only announced there.
    pub(super) also: bool,
    pub(super) purpose: Purpose,
}

/// What for.
pub(super) enum Purpose {
    /// Held here: announced `left` more times, watched for ever.
    Held {
        reach: Reach,
        /// See [`super::Frame::announcement`].
        router: bool,
        left: u8,
        next_at: Instant,
        began_at: Instant,
    },
    /// Asked for.
    Asked {
        /// From whom; where there is none nobody can be asked.
        mac: Option<Mac>,
        again_at: Instant,
        until: Instant,
    },
}

/// What of an interface makes an earlier announcement void.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    pub(super) mac: Option<Mac>,
    pub(super) running: bool,
}

impl Reach {
    /// As it is now.
    pub(super) fn of(interface: &Interface) -> Self {
        Self {
            mac: interface.mac,
            running: interface.running,
        }
    }
}

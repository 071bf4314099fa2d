//! What a node should reach: hosts that it pings, alone or in groups, and interfaces that it tracks.

use core::net::IpAddr;

use super::{Interface, Text};
use crate::id::MAX_WITNESSES;
use crate::time::Duration;

/// Most targets: a host of `ping` is one, a whole `ping_group`, a tracked interface.
pub const MAX_TARGETS: u8 = 8;

/// `ping`, `ping6`, `ping_group`, `track`, `deadping`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Everything that is pinged or tracked, in the order of `ha.cf`.
    pub witnesses: heapless::Vec<Witness, MAX_WITNESSES>,
    /// How many targets they make up, at most [`MAX_TARGETS`].
    pub targets: u8,
    /// Silence after which a host is not reached: above twice `keepalive`. Default `deadtime`.
    pub deadping: Duration,
}

/// One host or interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// What it is.
    pub sight: Sight,
    /// Which target it belongs to, from zero.
    pub target: u8,
    /// The name of its `ping_group`; empty if it is a target by itself.
    pub group: Text,
}

/// How a witness is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// By ICMP echo.
    Host(IpAddr),
    /// The kernel is: whether it is up and has carrier.
    Interface(Interface),
}

//! What a serial line bears: beats get half of it, whatever else is said the other half.

use super::Config;
use crate::id::{MAX_GROUPS, MAX_NODES};
use crate::time::Duration;

/// Every rate of heartbeat, in bits a second.
pub const RATES: [u32; 7] = [9600, 19200, 38400, 57600, 115_200, 230_400, 460_800];
/// The rate when `baud` is not given.
pub const DEFAULT_RATE: u32 = 19200;
/// Bytes that framing adds to a frame: CRC-16, one of COBS (frames are below 253 bytes), a zero.
pub const FRAMING: usize = 4;

/// Bytes of a beat of the native dialect: header 10, body 6 and 2 for each group and 4 for each
/// other node, tag 12 (the layout of [`crate::wire::native`]; `tests/golden.rs` holds
/// them together).
pub const fn beat(nodes: usize, groups: usize) -> usize {
    24_usize
        .saturating_add(nodes.saturating_mul(4))
        .saturating_add(groups.saturating_mul(2))
}

/// The shortest keepalive for so many bytes of beats, with framing: 10 bits a byte, half of the
/// line.
pub fn shortest_keepalive(bytes: usize, rate: u32) -> Duration {
    let seconds = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(20);
    // What does not divide evenly is rounded up.
    let rest = Duration::from_micros(u64::from(rate.saturating_sub(1)));
    let whole = Duration::from_secs(seconds).plus(rest);
    whole.scaled(1, u64::from(rate))
}

impl Config {
    /// Bytes that beats take on a serial line in each keepalive, with framing. A node between two
    /// lines passes on the beats of all but the one at the other end.
    pub fn line_load(&self) -> usize {
        let nodes = self.nodes.len();
        let lines = self.links.iter().filter_map(super::Link::rate).count();
        let senders = if lines > 1 {
            nodes.saturating_sub(1)
        } else {
            1
        };
        beat(nodes, self.groups.len())
            .saturating_add(FRAMING)
            .saturating_mul(senders.max(1))
    }
}

const _: () = assert!(beat(MAX_NODES, MAX_GROUPS) < 253, "one byte of COBS");

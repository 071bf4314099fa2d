//! What a serial line bears: beats get half of it, whatever else is said the other half.

use crate::id::{MAX_GROUPS, MAX_NODES};
use crate::time::Duration;

/// Every rate of heartbeat, in bits a second.
pub const RATES: [u32; 7] = [9600, 19200, 38400, 57600, 115_200, 230_400, 460_800];
/// The rate when `baud` is not given.
pub const DEFAULT_RATE: u32 = 19200;
/// Bytes that framing adds to a frame: CRC-16, one of COBS (frames are below 253 bytes), a zero.
pub const FRAMING: usize = 4;

/// Bytes that a Hello has more than a beat.
const HELLO: usize = 22;

/// Bytes of a beat of the native dialect: header 10, body 6 and 2 for each group and 4 for each
/// other node, tag 12 (the layout of [`crate::wire::native`]; `tests/golden.rs` holds
/// them together).
pub const fn beat(nodes: usize, groups: usize) -> usize {
    24_usize
        .saturating_add(nodes.saturating_mul(4))
        .saturating_add(groups.saturating_mul(2))
}

/// Bytes of beats on one serial line in each keepalive, with framing. A node between two lines
/// passes on the beats of all but the one at the other end.
pub const fn load(nodes: usize, groups: usize, lines: usize) -> usize {
    let one = beat(nodes, groups).saturating_add(FRAMING);
    if lines > 1 && nodes > 2 {
        one.saturating_mul(nodes.saturating_sub(1))
    } else {
        one
    }
}

/// Bytes that a node says periodically in the dialect of heartbeat, which signs every line of text: a
/// status of 200 and its name, where a clock, a generation and a number have all their digits, and
/// every tenth time an acknowledgement of as many.
pub const fn text_load(name: usize) -> usize {
    235_usize.saturating_add(name)
}

/// How long a Hello and its answer may take on a line: each waits for one as long as itself, once more
/// for each node that passes them on.
pub fn answer_time(nodes: usize, groups: usize, rate: u32) -> Duration {
    let hello = beat(nodes, groups).saturating_add(HELLO + FRAMING);
    let hops = nodes.saturating_sub(1).saturating_mul(4);
    let bits = u64::try_from(hello.saturating_mul(hops).saturating_mul(10)).unwrap_or(u64::MAX);
    Duration::from_secs(bits).scaled(1, rate.into())
}

/// Whether so many bytes in each keepalive, 10 bits each, take at most half of a line.
pub fn fits(keepalive: Duration, load: usize, rate: u32) -> bool {
    let half = u64::try_from(load).unwrap_or(u64::MAX).saturating_mul(20);
    keepalive.scaled(rate.into(), 1) >= Duration::from_secs(half)
}

/// The shortest keepalive of whole milliseconds that [`fits`].
pub fn shortest_keepalive(load: usize, rate: u32) -> Duration {
    let half = u32::try_from(load)
        .unwrap_or(u32::MAX)
        .saturating_mul(20_000);
    let rounded_up = half.saturating_add(rate.saturating_sub(1));
    Duration::from_millis(rounded_up.checked_div(rate).unwrap_or(0).into())
}

const _: () = assert!(beat(MAX_NODES, MAX_GROUPS) < 253, "one byte of COBS");

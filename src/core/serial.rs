//! Frames on a serial line: a line carries bytes, one after another, slowly, and loses or invents some.
//!
//! [`encode`] and [`Decoder`] make frames of bytes again; [`Line`] decides which frame leaves next and
//! when, so that the line carries the present state and not a backlog; [`send`] and [`receive`] move
//! the bytes through any port with the traits of `embedded-io`, a tty as well as a bare UART.
//! One line has one of each; nothing here waits, and time is an argument. Beside a real heartbeat a line
//! carries text: then a [`Queue`] takes the place of the [`Line`], and the collector of that dialect
//! that of the [`Decoder`].

mod class;
mod ends;
mod framing;
mod line;
mod pace;
mod pump;
mod queue;

pub use class::Class;
pub use ends::{Incoming, Outgoing};
pub use framing::{Decoder, encode};
pub use line::Line;
pub use pump::{MOST, receive, send};
pub use queue::Queue;

/// The longest frame a line carries: what one block of COBS holds, and more than twice what any frame
/// of the native dialect needs.
pub const MAX_FRAME: usize = 252;

/// What framing adds: a COBS code, a CRC-16, the zero that ends it.
pub const OVERHEAD: usize = 4;

/// What a frame may become on the line.
pub const MAX_ENCODED: usize = MAX_FRAME + OVERHEAD;

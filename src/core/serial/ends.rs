//! The two ends of a line, whatever its framing.

use super::{Class, Decoder, MAX_ENCODED};
use crate::time::Instant;

/// What leaves on a line, and when: a [`super::Line`] of frames or a [`super::Queue`] of messages.
pub trait Outgoing {
    /// Takes a frame to send.
    fn offer(&mut self, now: Instant, frame: &[u8], class: Class);
    /// Bytes to write now, if any; then say how many by [`Outgoing::wrote`], none included.
    fn poll(&mut self, now: Instant) -> Option<&[u8]>;
    /// How many of the bytes that [`Outgoing::poll`] gave last the port took.
    fn wrote(&mut self, now: Instant, count: usize);
    /// How many bytes the port still holds; told before [`Outgoing::poll`].
    fn holds(&mut self, now: Instant, bytes: usize);
    /// Whether nothing has moved for so long that what the port holds should be thrown away.
    fn is_stalled(&self, now: Instant) -> bool;
    /// When to poll it again, if nothing happens before.
    fn deadline(&self) -> Instant;
}

/// What makes frames of the bytes of a line.
pub trait Incoming {
    /// Takes bytes from the front of `rest`, up to and including the end of one frame, which it
    /// returns: call it until it returns `None`, which is when all are taken.
    fn feed<'a>(&'a mut self, rest: &mut &[u8]) -> Option<&'a [u8]>;
    /// How much of what came was no frame, in pieces of any length.
    fn noise(&self) -> u32;
    /// Bytes that no frame reaches on the line.
    fn longest(&self) -> usize;
}

impl Incoming for Decoder {
    fn feed<'a>(&'a mut self, rest: &mut &[u8]) -> Option<&'a [u8]> {
        Self::feed(self, rest)
    }

    fn noise(&self) -> u32 {
        Self::noise(self)
    }

    fn longest(&self) -> usize {
        MAX_ENCODED
    }
}

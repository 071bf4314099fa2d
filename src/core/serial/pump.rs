//! Bytes between a port and its line, through the traits of `embedded-io`.
//!
//! A port that is not ready is left alone: [`embedded_io`] has no `WouldBlock`, it has `ReadReady` and
//! `WriteReady`. For a tty that is a `poll` of no time before a `read` or `write` that does not wait; if
//! that finds nothing to do all the same, `read` returns `Ok(0)` and `write` `Ok(0)` or `WriteZero`. A
//! port that has hung up says so by an error of its own.

use embedded_io::{Error, ErrorKind, Read, ReadReady, Write, WriteReady};

use super::{Incoming, Outgoing};
use crate::time::Instant;

/// Writes what is due, as far as the port takes it. After an error the port is gone: tell the line by
/// its `cut`.
pub fn send<P: Write + WriteReady>(
    now: Instant,
    line: &mut dyn Outgoing,
    port: &mut P,
) -> Result<(), P::Error> {
    while let Some(bytes) = line.poll(now) {
        let count = if port.write_ready()? {
            match port.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WriteZero => 0,
                result => result?,
            }
        } else {
            0
        };
        line.wrote(now, count);
        if count == 0 {
            break;
        }
    }
    Ok(())
}

/// Reads what has come, and hands over each good frame. How many bytes: at most [`MOST`] at a time,
/// so that a line that never ends cannot hold up its reader, who comes back when it is that many.
pub fn receive<P: Read + ReadReady>(
    port: &mut P,
    decoder: &mut dyn Incoming,
    on_frame: &mut dyn FnMut(&[u8]),
) -> Result<usize, P::Error> {
    let mut total = 0_usize;
    let mut buf = [0; 64];
    while total < MOST && port.read_ready()? {
        let count = port.read(&mut buf)?;
        if count == 0 {
            break;
        }
        total = total.saturating_add(count);
        let mut rest = buf.get(..count).unwrap_or_default();
        while let Some(frame) = decoder.feed(&mut rest) {
            on_frame(frame);
        }
    }
    Ok(total)
}

/// Bytes read in one go: a tty's buffer, or two seconds of 19200 baud.
pub const MOST: usize = 4096;

//! Signals as bytes of a pipe. Nothing is masked: children would inherit the mask.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::signal::Signal;
use nix::unistd::read;

use crate::sys;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// `SIGTERM`, `SIGINT`: release everything and leave.
    Shutdown,
    /// `SIGHUP`: heartbeat reads its files again.
    Reload,
    /// `SIGXCPU`: the loop ran for too long without sleeping and has lost its priority.
    Overrun,
}

/// The reading end.
pub(crate) struct Signals(OwnedFd);

impl Signals {
    /// Catches the signals of [`Request`]; `SIGPIPE` is ignored since the start.
    pub(crate) fn catch() -> Result<Self, Errno> {
        let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
        sys::catch_signals(
            writer,
            &[
                Signal::SIGTERM,
                Signal::SIGINT,
                Signal::SIGHUP,
                Signal::SIGXCPU,
            ],
        )?;
        Ok(Self(reader))
    }

    /// The next one that came.
    pub(crate) fn next(&mut self) -> Option<Request> {
        let mut byte = [0];
        loop {
            if read(&self.0, &mut byte) != Ok(1) {
                return None;
            }
            match i32::from(byte[0]) {
                libc::SIGTERM | libc::SIGINT => return Some(Request::Shutdown),
                libc::SIGHUP => return Some(Request::Reload),
                libc::SIGXCPU => return Some(Request::Overrun),
                _ => {}
            }
        }
    }
}

impl AsRawFd for Signals {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caught_signal_is_read_once_as_what_it_asks_for() {
        let mut signals = Signals::catch().unwrap();
        assert_eq!(signals.next(), None);
        nix::sys::signal::raise(Signal::SIGHUP).unwrap();
        assert_eq!(signals.next(), Some(Request::Reload));
        assert_eq!(signals.next(), None);
    }
}

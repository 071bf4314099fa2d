//! What a tty offers beside reading and writing.

use std::ffi::c_int;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

use nix::libc;

/// The descriptor of a port that some library opened.
pub(crate) fn owned(port: impl IntoRawFd) -> OwnedFd {
    // SAFETY: `into_raw_fd` gives up ownership of an open descriptor.
    unsafe { OwnedFd::from_raw_fd(port.into_raw_fd()) }
}

/// Bytes written that have not left (`TIOCOUTQ`); none where the driver does not say.
pub(crate) fn tty_holds(tty: BorrowedFd<'_>) -> usize {
    let mut count: c_int = 0;
    // SAFETY: one live integer, written during the call.
    let result = unsafe { libc::ioctl(tty.as_raw_fd(), libc::TIOCOUTQ as _, &raw mut count) };
    if result == 0 {
        usize::try_from(count).unwrap_or(0)
    } else {
        0
    }
}

/// Throws away what was neither sent nor read.
pub(crate) fn flush_tty(tty: BorrowedFd<'_>) {
    // SAFETY: integers only. An error means there is nothing to throw away.
    let _ = unsafe { libc::tcflush(tty.as_raw_fd(), libc::TCIOFLUSH) };
}

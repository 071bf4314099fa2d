//! What a tty offers beside reading and writing.

use std::ffi::c_int;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::libc;

/// Nobody opens it besides; root may all the same, so it is locked as well (`EBUSY`).
pub(crate) fn seize_tty(tty: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: integers only.
    let locked = unsafe { libc::flock(tty.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    // SAFETY: integers only.
    let exclusive = unsafe { libc::ioctl(tty.as_raw_fd(), libc::TIOCEXCL as _) };
    if locked == 0 && exclusive == 0 {
        Ok(())
    } else {
        Err(Errno::EBUSY)
    }
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

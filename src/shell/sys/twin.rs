//! A second process that goes on where this one is.

use std::ffi::c_long;

use nix::libc;

/// Goes on twice: `true` in the process that was there, or if there is still but one. The system call
/// itself: musl's `fork` has 2 kB for threads and locks, of which we have none.
pub(crate) fn become_two() -> bool {
    const NOTHING: c_long = 0;
    let flags = c_long::from(libc::SIGCHLD);
    // SAFETY: there is one thread, and no stack of its own is asked for: the child goes on with a copy of
    // everything the parent has. Where the order of the arguments differs, they are equal.
    let child =
        unsafe { libc::syscall(libc::SYS_clone, flags, NOTHING, NOTHING, NOTHING, NOTHING) };
    child != 0
}

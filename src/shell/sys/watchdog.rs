//! What a watchdog offers beside writing (`linux/watchdog.h`).

use std::ffi::c_int;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::libc;

/// `struct watchdog_info`.
#[repr(C)]
pub(crate) struct WatchdogInfo {
    /// What its driver can do.
    pub(crate) options: u32,
    firmware: u32,
    /// Its name, ended by a zero.
    pub(crate) identity: [u8; 32],
}

/// What a watchdog is (`WDIOC_GETSUPPORT`); `ENOTTY` of what is none.
pub(crate) fn watchdog_info(dog: BorrowedFd<'_>) -> Result<WatchdogInfo, Errno> {
    const GET_SUPPORT: libc::c_ulong = nix::request_code_read!(b'W', 0, 40) as _;
    let mut info = WatchdogInfo {
        options: 0,
        firmware: 0,
        identity: [0; 32],
    };
    // SAFETY: a live structure of the kernel's layout, 40 bytes, written during the call.
    let result = unsafe { libc::ioctl(dog.as_raw_fd(), GET_SUPPORT as _, &raw mut info) };
    Errno::result(result).map(|_| info)
}

/// Asks for a time-out in seconds (`WDIOC_SETTIMEOUT`). The driver may choose another, or refuse.
pub(crate) fn set_watchdog_timeout(dog: BorrowedFd<'_>, seconds: c_int) {
    const SET_TIMEOUT: libc::c_ulong = nix::request_code_readwrite!(b'W', 6, 4) as _;
    let mut seconds = seconds;
    // SAFETY: one live integer, read and written during the call.
    let _ = unsafe { libc::ioctl(dog.as_raw_fd(), SET_TIMEOUT as _, &raw mut seconds) };
}

/// Its time-out in seconds (`WDIOC_GETTIMEOUT`); 0 where the driver does not say.
pub(crate) fn watchdog_timeout(dog: BorrowedFd<'_>) -> c_int {
    const GET_TIMEOUT: libc::c_ulong = nix::request_code_read!(b'W', 7, 4) as _;
    let mut seconds: c_int = 0;
    // SAFETY: one live integer, written during the call.
    let _ = unsafe { libc::ioctl(dog.as_raw_fd(), GET_TIMEOUT as _, &raw mut seconds) };
    seconds
}

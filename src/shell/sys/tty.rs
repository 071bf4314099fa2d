//! What a tty offers beside reading and writing.

use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::libc;

/// Nobody opens it besides; root may all the same, so it is locked as well (`EBUSY`); `ENOTTY`
/// where it is no tty.
pub(crate) fn seize_tty(tty: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: integers only.
    let locked = unsafe { libc::flock(tty.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    if locked != 0 {
        return Err(Errno::EBUSY);
    }
    // SAFETY: integers only.
    let exclusive = unsafe { libc::ioctl(tty.as_raw_fd(), libc::TIOCEXCL as _) };
    Errno::result(exclusive).map(drop)
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

/// Rows and columns of a terminal; none where it does not say, as a serial console.
pub(crate) fn window(tty: BorrowedFd<'_>) -> Option<(u16, u16)> {
    let mut size = libc::winsize {
        ws_row: 0,
        ws_col: 0,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: one live structure, written during the call.
    let result = unsafe { libc::ioctl(tty.as_raw_fd(), libc::TIOCGWINSZ as _, &raw mut size) };
    (result == 0 && size.ws_row > 0 && size.ws_col > 0).then_some((size.ws_row, size.ws_col))
}

/// Every key is read as it is pressed, and nothing is shown by itself; the mode before. None where it is
/// no terminal. (nix's way is 0.4 kB larger.)
pub(crate) fn set_raw(tty: BorrowedFd<'_>) -> Option<libc::termios> {
    let (before, raw) = modes(tty).ok()?;
    set_mode(tty, &raw);
    Some(before)
}

/// Makes a tty a line of 8 bits, no parity and one stop bit, at `speed`, one of the C library's constants.
pub(crate) fn set_line(
    tty: BorrowedFd<'_>,
    speed: libc::speed_t,
    rtscts: bool,
) -> Result<(), Errno> {
    let (_, mut raw) = modes(tty)?;
    // Modem lines mean nothing on a cable of three wires.
    raw.c_cflag |= libc::CLOCAL | libc::CREAD | libc::CRTSCTS;
    raw.c_cflag &= !libc::CSTOPB;
    if !rtscts {
        raw.c_cflag &= !libc::CRTSCTS;
    }
    // SAFETY: live structures, of which one is read during the second call.
    let result = unsafe {
        libc::cfsetspeed(&raw mut raw, speed);
        libc::tcsetattr(tty.as_raw_fd(), libc::TCSANOW, &raw const raw)
    };
    Errno::result(result).map(drop)
}

/// The mode of a terminal, and the same made raw.
fn modes(tty: BorrowedFd<'_>) -> Result<(libc::termios, libc::termios), Errno> {
    let mut mode = MaybeUninit::uninit();
    // SAFETY: one live structure, written during the call, and looked at only if it was.
    let before = unsafe {
        Errno::result(libc::tcgetattr(tty.as_raw_fd(), mode.as_mut_ptr()))?;
        mode.assume_init()
    };
    let mut raw = before;
    // SAFETY: one live structure.
    unsafe { libc::cfmakeraw(&raw mut raw) };
    Ok((before, raw))
}

/// What [`set_raw`] found.
pub(crate) fn set_mode(tty: BorrowedFd<'_>, mode: &libc::termios) {
    // SAFETY: one live structure, read during the call. An error means that the terminal is gone.
    let _ = unsafe { libc::tcsetattr(tty.as_raw_fd(), libc::TCSANOW, mode) };
}

/// Closing it does not wait for what has not left (`closing_wait none` of `setserial(8)`): adapters on
/// USB throw nothing away before. Where it cannot be set there is nothing to wait for, or no right to.
pub(crate) fn close_at_once(tty: BorrowedFd<'_>) {
    const NEVER_WAIT: u16 = 65535;
    // `struct serial_struct` of `linux/serial.h`, 72 bytes at most, and `closing_wait` in it.
    let mut settings = [0_u16; 64];
    const CLOSING_WAIT: usize = 40 / 2;
    // SAFETY: a live array larger than the kernel's structure, written during the call.
    let known = unsafe {
        libc::ioctl(
            tty.as_raw_fd(),
            libc::TIOCGSERIAL as _,
            settings.as_mut_ptr(),
        )
    };
    if known == 0 && settings[CLOSING_WAIT] != NEVER_WAIT {
        settings[CLOSING_WAIT] = NEVER_WAIT;
        // SAFETY: a live array larger than the kernel's structure, read during the call.
        unsafe { libc::ioctl(tty.as_raw_fd(), libc::TIOCSSERIAL as _, settings.as_ptr()) };
    }
}

/// Where a symbolic link in `folder`, or of a whole path, leads, as far as it fits; none if it is none. (std's way and nix's are larger.)
pub(crate) fn read_link<'a>(
    folder: BorrowedFd<'_>,
    name: &CStr,
    buf: &'a mut [u8; 128],
) -> Option<&'a [u8]> {
    let (folder, to) = (folder.as_raw_fd(), buf.as_mut_ptr().cast());
    // SAFETY: a string that ends with a zero, and a live buffer of which the length is told.
    let count = unsafe { libc::readlinkat(folder, name.as_ptr(), to, buf.len()) };
    buf.get(..usize::try_from(count).ok()?)
}

/// Throws away what was neither sent nor read.
pub(crate) fn flush_tty(tty: BorrowedFd<'_>) {
    // SAFETY: integers only. An error means there is nothing to throw away.
    let _ = unsafe { libc::tcflush(tty.as_raw_fd(), libc::TCIOFLUSH) };
}

//! The tty of a serial line: raw, exclusive, and never waited for, neither when it is opened, nor
//! written, nor closed.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use embedded_io::{ErrorKind, ErrorType, ReadReady, Write, WriteReady};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::stat::{SFlag, fstat, major, minor};
use nix::unistd::{AccessFlags, access};

use super::owner::{self, Lock};
use crate::{files, sys};

/// An open one.
pub(super) struct Tty {
    tty: OwnedFd,
    /// Removed after the device is closed.
    _lock: Option<Lock>,
    /// Bytes written since [`Self::take_written`].
    written: usize,
}

/// Why it is of no use any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone(pub(super) Errno);

impl Tty {
    /// Opens a device: 8 bits, no parity, one stop bit. Refuses, in words, the console, what a login or
    /// another program has, and what is no tty.
    pub(super) fn open(path: &str, baud: u32, rtscts: bool) -> Result<Self, String> {
        let name = examine(path)?;
        Self::open_free(path, &name, baud, rtscts).map_err(said)
    }

    fn open_free(path: &str, name: &str, baud: u32, rtscts: bool) -> Result<Self, Errno> {
        let tty = files::open(Path::new(path), OFlag::O_RDWR, 0)?;
        sys::seize_tty(tty.as_fd())?;
        // Only now: a device by two names has one lock, and it is the first one's.
        let tty = Self {
            _lock: Lock::take(LOCKS, name)?,
            tty,
            written: 0,
        };
        sys::set_line(tty.as_fd(), rate(baud), rtscts)?;
        sys::close_at_once(tty.as_fd());
        tty.forget();
        Ok(tty)
    }

    /// What came, as far as it fits; 0 when there is nothing.
    pub(super) fn read(&mut self, buf: &mut [u8]) -> Result<usize, Gone> {
        match nix::unistd::read(&self.tty, buf) {
            // Not waiting, a tty says so otherwise: it was hung up.
            Ok(0) => Err(Gone(Errno::EIO)),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(0),
            result => result.map_err(Gone),
        }
    }

    /// Bytes written that have not left.
    pub(super) fn holds(&self) -> usize {
        sys::tty_holds(self.as_fd())
    }

    /// Throws away what has not left.
    pub(super) fn forget(&self) {
        sys::flush_tty(self.as_fd());
    }

    /// Bytes written since this was last asked.
    pub(super) fn take_written(&mut self) -> usize {
        std::mem::take(&mut self.written)
    }
}

impl AsFd for Tty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tty.as_fd()
    }
}

impl Drop for Tty {
    /// Closing waits for what has not left, up to 30 s.
    fn drop(&mut self) {
        self.forget();
    }
}

impl ErrorType for Tty {
    type Error = Gone;
}

impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Gone> {
        let count = match nix::unistd::write(&self.tty, bytes) {
            Err(Errno::EAGAIN | Errno::EINTR) => 0,
            result => result.map_err(Gone)?,
        };
        self.written += count;
        Ok(count)
    }

    fn flush(&mut self) -> Result<(), Gone> {
        Ok(())
    }
}

impl WriteReady for Tty {
    /// A write that cannot be done takes nothing, without waiting.
    fn write_ready(&mut self) -> Result<bool, Gone> {
        Ok(true)
    }
}

impl ReadReady for Tty {
    fn read_ready(&mut self) -> Result<bool, Gone> {
        Ok(true)
    }
}

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&said(self.0))
    }
}

impl std::error::Error for Gone {}

impl embedded_io::Error for Gone {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

/// What keeps a device from being used at present, in words; asked without touching it. A program of
/// our own that has it is in nobody's way: a second one would not get that far.
pub(crate) fn trouble(path: &str) -> Option<String> {
    let own = format!("{} (", owner::process_name(std::process::id() as i32));
    match examine(path) {
        Ok(_) => files::named(path)
            .and_then(|path| access(path.as_c_str(), AccessFlags::R_OK | AccessFlags::W_OK))
            .err()
            .map(said),
        Err(why) => Some(why).filter(|why| !why.starts_with(&own)),
    }
}

/// The name of its lock, if it is a device that nobody has.
fn examine(path: &str) -> Result<String, String> {
    let handle = files::open(Path::new(path), OFlag::O_PATH, 0).map_err(said)?;
    let found = fstat(&handle).map_err(said)?;
    let kind = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT;
    if kind != SFlag::S_IFCHR {
        return Err(said(Errno::ENOTTY));
    }
    let number = (major(found.st_rdev), minor(found.st_rdev));
    // Without the links that may be in it.
    let own = files::named(format!("/proc/self/fd/{}", handle.as_raw_fd())).map_err(said)?;
    let mut buf = [0; 128];
    let path = sys::read_link(handle.as_fd(), &own, &mut buf)
        .and_then(|path| std::str::from_utf8(path).ok())
        .unwrap_or(path);
    match owner::owner(LOCKS, path, number) {
        Some(owner) => Err(owner),
        None => Ok(owner::lock_name(path)),
    }
}

/// What an error means for a tty, and what to do.
pub(super) fn said(error: Errno) -> String {
    let words = match error {
        Errno::ENOENT | Errno::ENODEV | Errno::ENXIO => MISSING,
        Errno::EIO => "it was unplugged or hung up",
        Errno::ENOTTY | Errno::EINVAL => "it is no serial line: name another device",
        Errno::EBUSY | Errno::EEXIST => {
            "another program has it, or it stands twice by two names: end that program, or use another line"
        }
        Errno::EACCES | Errno::EPERM => "permission denied: run this as root",
        _ => return crate::journal::errno(error).to_owned(),
    };
    words.to_owned()
}

/// Those of `line::RATES`.
const fn rate(baud: u32) -> libc::speed_t {
    match baud {
        9600 => libc::B9600,
        38400 => libc::B38400,
        57600 => libc::B57600,
        115_200 => libc::B115200,
        230_400 => libc::B230400,
        460_800 => libc::B460800,
        _ => libc::B19200,
    }
}

/// What is said of a device that is not there.
pub(super) const MISSING: &str = "there is no such device at present";
/// Where lock files are.
const LOCKS: &str = "/var/lock";

//! The tty of a serial line: raw, exclusive, and never waited for, neither when it is opened, nor
//! written, nor closed.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use embedded_io::{ErrorKind, ErrorType, ReadReady, Write, WriteReady};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::{Mode, SFlag, major, minor, stat};
use nix::sys::termios::{
    BaudRate, ControlFlags, SetArg, cfmakeraw, cfsetspeed, tcgetattr, tcsetattr,
};

use crate::{files, sys};

/// An open one.
pub(super) struct Tty(OwnedFd);

/// Why it is of no use any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone(pub(super) Errno);

impl Tty {
    /// Opens a device: 8 bits, no parity, one stop bit. `EBUSY` when it is the console, or when a
    /// login or another program has it; `ENOTTY` when it is no tty.
    pub(super) fn open(path: &str, baud: u32, rtscts: bool) -> Result<Self, Errno> {
        let found = stat(path)?;
        let kind = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT;
        if kind != SFlag::S_IFCHR {
            return Err(Errno::ENOTTY);
        }
        let number = (major(found.st_rdev), minor(found.st_rdev));
        if is_console(number) || has_login(number) {
            return Err(Errno::EBUSY);
        }
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let tty = Self(open(path, flags, Mode::empty())?);
        sys::seize_tty(tty.as_fd())?;
        let mut settings = tcgetattr(&tty.0)?;
        cfmakeraw(&mut settings);
        // Modem lines mean nothing on a cable of three wires.
        settings.control_flags |= ControlFlags::CLOCAL | ControlFlags::CREAD;
        settings.control_flags.set(ControlFlags::CRTSCTS, rtscts);
        settings.control_flags.remove(ControlFlags::CSTOPB);
        cfsetspeed(&mut settings, rate(baud))?;
        tcsetattr(&tty.0, SetArg::TCSANOW, &settings)?;
        tty.forget();
        Ok(tty)
    }

    /// What came, as far as it fits; 0 when there is nothing.
    pub(super) fn read(&mut self, buf: &mut [u8]) -> Result<usize, Gone> {
        match nix::unistd::read(&self.0, buf) {
            // Not waiting, a tty says so otherwise: it was hung up.
            Ok(0) => Err(Gone(Errno::EIO)),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(0),
            result => result.map_err(Gone),
        }
    }

    /// Bytes written that have not left.
    pub(super) fn holds(&self) -> usize {
        sys::tty_holds(self.0.as_fd())
    }

    /// Throws away what has not left.
    pub(super) fn forget(&self) {
        sys::flush_tty(self.0.as_fd());
    }
}

impl AsFd for Tty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
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
        match nix::unistd::write(&self.0, bytes) {
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(0),
            result => result.map_err(Gone),
        }
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
        f.write_str(&crate::journal::errno(self.0))
    }
}

impl std::error::Error for Gone {}

impl embedded_io::Error for Gone {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

/// Kernel messages go to it: `/proc/consoles` ends each line with the device's number.
fn is_console((major, minor): (u64, u64)) -> bool {
    let number = format!("{major}:{minor}");
    files::read_kernel("/proc/consoles")
        .is_some_and(|text| text.lines().any(|line| line.ends_with(&number)))
}

/// A process has it as its controlling terminal (`proc_pid_stat(5)`, field 7).
fn has_login((major, minor): (u64, u64)) -> bool {
    let number = (minor & 0xff) | (major << 8) | ((minor & !0xff) << 12);
    let Ok(processes) = fs::read_dir("/proc") else {
        return false;
    };
    processes.flatten().any(|process| {
        let stat = process.path().join("stat");
        let stat = files::read_file(&stat, 4096).unwrap_or_default();
        // The name before may have spaces and brackets of its own.
        let fields = stat
            .iter()
            .rposition(|byte| *byte == b')')
            .unwrap_or(stat.len());
        stat[fields..]
            .split(|byte| *byte == b' ')
            .nth(5)
            .and_then(|field| std::str::from_utf8(field).ok()?.parse().ok())
            == Some(number)
    })
}

/// Those of `line::RATES`.
const fn rate(baud: u32) -> BaudRate {
    match baud {
        9600 => BaudRate::B9600,
        38400 => BaudRate::B38400,
        57600 => BaudRate::B57600,
        115_200 => BaudRate::B115200,
        230_400 => BaudRate::B230400,
        460_800 => BaudRate::B460800,
        _ => BaudRate::B19200,
    }
}

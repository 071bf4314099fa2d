//! One open watchdog.

use std::ffi::c_int;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};

use log::{error, info, warn};
use nix::errno::Errno;
use nix::libc;
use twinbeat::time::{Duration, Instant};

use crate::{files, journal, sys};

/// `WDIOF_MAGICCLOSE`: a close stops it only after a `V`.
const MAGIC_CLOSE: u32 = 0x0100;
/// What is wrong with one that is not kicked.
pub(super) const WITHHELD: &str = "no longer kicked, the node is not well: this machine is reset";

/// One that runs.
pub(super) struct Armed {
    file: File,
    pub(super) path: String,
    pub(super) identity: String,
    /// As granted, in whole seconds.
    pub(super) timeout: Duration,
    /// What it was before, for who has it next.
    before: c_int,
    closing: Closing,
    pub(super) kicked_at: Instant,
    /// The node is not healthy: it is not kicked.
    pub(super) withheld: bool,
}

/// What a close does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    /// Stops it after a `V`, and only then.
    Magic,
    /// Never stops it.
    Never,
    /// As `Magic`, unless it is `nowayout`, which this kernel does not tell.
    Untold,
    /// The driver knows no `V`: perhaps every close stops it, a killed program's too.
    Plain,
}

impl Armed {
    /// Opening starts it, so it is kicked by that.
    pub(super) fn open(path: &str, now: Instant, asked: Duration) -> Result<Self, Errno> {
        let errno = |error: io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(0));
        // A pipe or a line of that name must not hold the start up. std closes it in children.
        let mut file = OpenOptions::new()
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(path)
            .map_err(errno)?;
        let metadata = file.metadata().map_err(errno)?;
        let dog = file.as_fd();
        let found = sys::watchdog_info(dog).and_then(|info| {
            let before = sys::watchdog_timeout(dog)?;
            let asked = c_int::try_from(asked.millis() / 1000).unwrap_or(c_int::MAX);
            sys::set_watchdog_timeout(dog, asked);
            match u64::try_from(sys::watchdog_timeout(dog)?) {
                Ok(seconds) if seconds > 0 => Ok((info, before, seconds)),
                _ => Err(Errno::EOPNOTSUPP),
            }
        });
        let (info, before, seconds) = match found {
            Ok(found) => found,
            Err(errno) => {
                // It may run all the same. What is no device must not be written to.
                if metadata.file_type().is_char_device() {
                    let _ = file.write_all(b"V");
                }
                return Err(errno);
            }
        };
        let name = info.identity.split(|byte| *byte == 0).next();
        Ok(Self {
            file,
            path: path.to_owned(),
            identity: journal::printable(name.unwrap_or_default()),
            timeout: Duration::from_secs(seconds),
            before,
            closing: Closing::of(info.options & MAGIC_CLOSE != 0, no_way_out(metadata.rdev())),
            kicked_at: now,
            withheld: false,
        })
    }

    pub(super) fn tell(&self, deadtime: Duration) {
        let Self {
            path,
            identity,
            timeout,
            ..
        } = self;
        info!(
            "watchdog {path}: {identity}, armed with {timeout}{}",
            self.closing.warning()
        );
        if *timeout >= deadtime {
            warn!(
                "watchdog {path}: {timeout} is not below deadtime {deadtime}: when this node hangs, scripts run twice"
            );
        }
    }

    /// A turn that happens anyway kicks it from a quarter of its time-out on, so that the third is
    /// seldom a wake-up of its own.
    pub(super) fn tend(&mut self, now: Instant, healthy: bool) -> io::Result<()> {
        if self.withheld == healthy {
            self.withheld = !healthy;
            if healthy {
                info!("watchdog {} is kicked again", self.path);
            } else {
                error!("watchdog {}: {WITHHELD}", self.path);
            }
        }
        if healthy && now.since(self.kicked_at) >= self.timeout.scaled(1, 4) {
            self.kicked_at = now;
            self.file.write_all(b"k")?;
        }
        Ok(())
    }

    /// What peers may rely on: that it resets this machine also after this program was killed.
    pub(super) fn reliable_timeout(&self) -> Duration {
        match self.closing {
            Closing::Magic | Closing::Never | Closing::Untold => self.timeout,
            Closing::Plain => Duration::MAX,
        }
    }

    pub(super) fn close(self, released: bool) {
        let Self { path, timeout, .. } = &self;
        if !released {
            error!(
                "watchdog {path} stays armed, because something may still run here: this machine is reset within {timeout}"
            );
            return;
        }
        sys::set_watchdog_timeout(self.file.as_fd(), self.before);
        if let Err(error) = (&self.file).write_all(b"V") {
            error!("watchdog {path}: not stopped: {error}");
        } else if self.closing == Closing::Magic {
            info!("watchdog {path} is stopped");
        } else {
            warn!(
                "watchdog {path}{}: unless it stops or another kicks it, this machine is reset",
                self.closing.warning()
            );
        }
    }
}

impl Closing {
    /// By what its driver can do and whether it is `nowayout`, where that is known.
    fn of(magic: bool, no_way_out: Option<bool>) -> Self {
        match (magic, no_way_out) {
            (_, Some(true)) => Self::Never,
            (true, Some(false)) => Self::Magic,
            (true, None) => Self::Untold,
            (false, _) => Self::Plain,
        }
    }

    fn warning(self) -> &'static str {
        match self {
            Self::Magic => "",
            Self::Never => "; nowayout: it cannot be stopped",
            Self::Untold => "; whether it can be stopped (nowayout) is not known",
            Self::Plain => {
                "; without magic close: it may stop when this program is killed, or never"
            }
        }
    }
}

/// Whether a device of this number is `nowayout`; `None` where the kernel does not tell.
fn no_way_out(device: u64) -> Option<bool> {
    let number = (libc::major(device), libc::minor(device));
    let path = if number == (10, 130) {
        // `/dev/watchdog` is the first one under another number.
        "/sys/class/watchdog/watchdog0/nowayout".to_owned()
    } else {
        format!("/sys/dev/char/{}:{}/nowayout", number.0, number.1)
    };
    files::read_kernel(&path).map(|text| text.starts_with('1'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_close_does_is_known_or_said() {
        assert_eq!(Closing::of(true, Some(false)), Closing::Magic);
        assert_eq!(Closing::of(true, Some(true)), Closing::Never);
        assert_eq!(Closing::of(false, Some(true)), Closing::Never);
        assert_eq!(Closing::of(true, None), Closing::Untold);
        assert_eq!(Closing::of(false, Some(false)), Closing::Plain);
    }

    #[test]
    fn what_is_no_watchdog_is_neither_armed_nor_written_to() {
        let file = crate::testing::folder().join("file");
        std::fs::write(&file, "text").unwrap();
        let second = Duration::from_secs(1);
        let open = |path: &str| Armed::open(path, Instant::default(), second).err();
        assert_eq!(open(file.to_str().unwrap()), Some(Errno::ENOTTY));
        assert_eq!(std::fs::read(&file).unwrap(), b"text");
        assert_eq!(open("/dev/null"), Some(Errno::ENOTTY));
        assert_eq!(open("/dev/no-such-watchdog"), Some(Errno::ENOENT));
    }
}

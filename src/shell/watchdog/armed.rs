//! One open watchdog.

use std::ffi::c_int;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::write;
use twinbeat::config::Config;
use twinbeat::time::{Duration, Instant};

use super::say;
use crate::journal::{self, Level};
use crate::{files, sys};

/// `WDIOF_MAGICCLOSE`: a close stops it after a `V`, and only then.
const MAGIC_CLOSE: u32 = 0x0100;
/// What is wrong with one that is not kicked.
pub(super) const WITHHELD: &str = "no longer kicked, the node is not well: this machine is reset";

/// One that runs.
pub(super) struct Armed {
    file: OwnedFd,
    pub(super) path: String,
    /// Its driver's name for it.
    pub(super) identity: String,
    /// Its time-out, as granted.
    pub(super) seconds: u32,
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
    /// As `Magic`, if it is not `nowayout`, which this kernel does not tell.
    Untold,
    /// The driver knows no `V`: perhaps every close stops it, a killed program's too.
    Plain,
}

impl Armed {
    /// Opening starts it, so it is kicked by that. `ENOTTY` of what is no watchdog.
    pub(super) fn open(path: &str, now: Instant, config: &Config) -> Result<Self, Errno> {
        let file = files::open(Path::new(path), OFlag::O_WRONLY, 0)?;
        let dog = file.as_fd();
        let info = sys::watchdog_info(dog)?;
        let before = sys::watchdog_timeout(dog);
        let granted = ask(dog, config);
        if granted <= 0 {
            // Nobody could tell when to kick it.
            let _ = write(dog, b"V");
            return Err(Errno::EOPNOTSUPP);
        }
        let name = info.identity.split(|byte| *byte == 0).next();
        let armed = Self {
            path: path.to_owned(),
            identity: journal::printable(name.unwrap_or_default()),
            seconds: granted.unsigned_abs(),
            before,
            closing: Closing::of(info.options & MAGIC_CLOSE != 0, no_way_out(path)),
            kicked_at: now,
            withheld: false,
            file,
        };
        let (level, late) = if armed.timeout() < config.timing.deadtime {
            (Level::Info, "")
        } else {
            let late = ", not below deadtime: when this node hangs scripts may run twice";
            (Level::Warn, late)
        };
        let (name, seconds) = (&armed.identity, armed.seconds);
        let closing = armed.closing.warning();
        journal::say(
            level,
            format_args!("watchdog {path}: {name}, armed with {seconds}s{late}{closing}"),
        );
        Ok(armed)
    }

    /// Asks for another time-out.
    pub(super) fn retime(&mut self, config: &Config) {
        let granted = ask(self.file.as_fd(), config);
        if granted > 0 {
            self.seconds = granted.unsigned_abs();
        }
        say(Level::Info, &self.path, &format!("{}s now", self.seconds));
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }

    /// The same as far as peers may rely on it: also when this program is killed.
    pub(super) fn reliable_timeout(&self) -> Duration {
        match self.closing {
            Closing::Magic | Closing::Never | Closing::Untold => self.timeout(),
            Closing::Plain => Duration::MAX,
        }
    }

    /// Whether it could be kicked, if it had to be. A turn that happens anyway kicks it from a
    /// quarter of its time-out on, so that the third is seldom a wake-up of its own.
    pub(super) fn tend(&mut self, now: Instant, healthy: bool) -> bool {
        if self.withheld == healthy {
            self.withheld = !healthy;
            let what = if healthy { "kicked again" } else { WITHHELD };
            say(Level::Error, &self.path, what);
        }
        if !healthy || now.since(self.kicked_at) < self.timeout().scaled(1, 4) {
            return true;
        }
        self.kicked_at = now;
        self.write(b"k")
    }

    pub(super) fn close(self, released: bool) {
        let (level, what) = if !released {
            (Level::Error, LEFT_ARMED)
        } else {
            sys::set_watchdog_timeout(self.file.as_fd(), self.before);
            if !self.write(b"V") {
                return;
            }
            match self.closing {
                Closing::Magic => (Level::Info, "stopped"),
                Closing::Never | Closing::Untold | Closing::Plain => (Level::Warn, MAY_GO_ON),
            }
        };
        say(level, &self.path, what);
    }

    fn write(&self, byte: &[u8]) -> bool {
        let result = write(&self.file, byte);
        if let Err(errno) = result {
            say(Level::Error, &self.path, journal::errno(errno));
        }
        result.is_ok()
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
            Self::Untold => "; nowayout is not known",
            Self::Plain => "; no magic close: it may stop when this program is killed",
        }
    }
}

/// Asks for the time-out of the configuration; what was granted.
fn ask(dog: BorrowedFd<'_>, config: &Config) -> c_int {
    let asked = config.watchdog.asked(&config.timing).millis() / 1000;
    sys::set_watchdog_timeout(dog, c_int::try_from(asked).unwrap_or(1));
    sys::watchdog_timeout(dog)
}

/// Whether `/dev/watchdog` (the first) or `/dev/watchdogN` is `nowayout`; `None` where the kernel
/// does not tell.
fn no_way_out(path: &str) -> Option<bool> {
    let name = path.strip_prefix("/dev/")?;
    let first = if name == "watchdog" { "0" } else { "" };
    let file = format!("/sys/class/watchdog/{name}{first}/nowayout");
    files::read_kernel(&file).map(|text| text.starts_with('1'))
}

const LEFT_ARMED: &str = "left armed: something may still run here, so this machine is reset";
const MAY_GO_ON: &str = "closed: if it goes on and nobody kicks it, this machine is reset";

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
        assert_eq!(no_way_out("/dev/no-such-watchdog"), None);
    }

    #[test]
    fn what_is_no_watchdog_is_neither_armed_nor_written_to() {
        let file = crate::testing::folder().join("file");
        std::fs::write(&file, "text").unwrap();
        let config = crate::testing::config(1);
        let open = |path: &str| Armed::open(path, Instant::default(), &config).err();
        assert_eq!(open(file.to_str().unwrap()), Some(Errno::ENOTTY));
        assert_eq!(std::fs::read(&file).unwrap(), b"text");
        assert_eq!(open("/dev/null"), Some(Errno::ENOTTY));
        assert_eq!(open("/dev/no-such-watchdog"), Some(Errno::ENOENT));
    }
}

//! The watchdog device: armed at the start, kicked from the loop while the node is healthy, closed
//! last of all.
//!
//! Heads up! An open watchdog resets this machine when it is not kicked. Whatever ends this
//! program otherwise than in order (a panic, `SIGKILL`) leaves it armed, and that is wanted.

mod armed;

use std::rc::Rc;

use nix::errno::Errno;
use nix::unistd::Pid;
use twinbeat::config::Config;
use twinbeat::time::{Duration, Instant};

use crate::journal::{self, Level};
use crate::{script, sys};
use armed::Armed;

/// Until the devices are tried again when none could be armed.
const RETRY: Duration = Duration::from_secs(60);
/// How long procd may take to close its watchdog, on a slow board that is just starting.
const PATIENCE: Duration = Duration::from_secs(3);
/// Has procd close its watchdog, and open it again (the object `system` on its bus). One that is
/// too old to close it goes on by the second as well.
const STOP: &str = r#"exec ubus call system watchdog '{"magicclose":true,"stop":true}' >/dev/null"#;
const GO_ON: &str = r#"exec ubus call system watchdog '{"stop":false}' >/dev/null"#;

/// The watchdogs of `ha.cf`, one of which is armed.
pub(crate) struct Watchdog {
    config: Rc<Config>,
    armed: Option<Armed>,
    /// Why the last one tried is not.
    trouble: Option<Errno>,
    /// The log has it.
    said: bool,
    /// When they are tried again.
    retry_at: Instant,
    procd: Procd,
}

/// procd holds `/dev/watchdog` on OpenWrt.
#[derive(Clone, Copy)]
enum Procd {
    NotAsked,
    /// To close it, by this child.
    Asked(Pid),
    /// There is none, or it has its watchdog back.
    Done,
}

/// For `status`; everything empty where the configuration has none.
pub(crate) struct View<'a> {
    /// The armed one.
    pub(crate) device: &'a str,
    /// Its driver's name for it.
    pub(crate) identity: &'a str,
    /// In seconds.
    pub(crate) timeout: u32,
    /// It is kicked.
    pub(crate) kicked: bool,
    /// What is wrong.
    pub(crate) trouble: &'static str,
}

impl Watchdog {
    /// None is armed before the first [`Self::tend`].
    pub(crate) fn new(config: &Rc<Config>) -> Self {
        let none = config.watchdog.devices.is_empty();
        Self {
            config: Rc::clone(config),
            armed: None,
            trouble: None,
            said: false,
            retry_at: if none {
                Instant::NEVER
            } else {
                Instant::default()
            },
            procd: Procd::NotAsked,
        }
    }

    /// Kicks it when it is time, and the node is healthy; tries others where none is armed.
    /// Whether the core has to be told what is armed now.
    pub(crate) fn tend(&mut self, now: Instant, healthy: bool) -> bool {
        let before = self.armed.is_some();
        let kept = (self.armed.as_mut()).is_none_or(|armed| armed.tend(now, healthy));
        if !kept {
            // To close and to open it kicks it, too, if it is still there.
            (self.armed, self.retry_at) = (None, now);
        }
        if self.armed.is_none() && now >= self.retry_at {
            self.arm(now);
        }
        !kept || before != self.armed.is_some()
    }

    /// Whether it runs on a device that another configuration does not name: to close one that
    /// cannot be stopped would reset this machine.
    pub(crate) fn is_bound(&self, config: &Config) -> bool {
        let named = |path: &str| {
            let mut devices = config.watchdog.devices.iter();
            devices.any(|device| config.text(*device) == path)
        };
        self.armed.as_ref().is_some_and(|armed| !named(&armed.path))
    }

    /// Takes up another configuration, with its time-out.
    pub(crate) fn reconfigure(&mut self, now: Instant, config: &Rc<Config>) {
        let old = std::mem::replace(&mut self.config, Rc::clone(config));
        let asked = |config: &Config| config.watchdog.asked(&config.timing);
        if let Some(armed) = &mut self.armed {
            if asked(&old) != asked(config) {
                armed.retime(config);
            }
        } else if config.watchdog.devices.is_empty() {
            self.retry_at = Instant::NEVER;
        } else if old.watchdog.devices.is_empty() {
            self.retry_at = now;
        }
    }

    /// The time-out of the armed one, as the core wants to know it.
    pub(crate) fn armed(&self) -> Option<Duration> {
        self.armed.as_ref().map(Armed::reliable_timeout)
    }

    /// The loop must run then.
    pub(crate) fn deadline(&self) -> Instant {
        match &self.armed {
            // Whatever makes the node healthy again is a turn of the loop anyway.
            Some(armed) if armed.withheld => Instant::NEVER,
            Some(armed) => armed.kicked_at.after(armed.timeout().scaled(1, 3)),
            None => self.retry_at,
        }
    }

    /// The end of this program. It is disarmed if nothing of any group can run here any more, be it
    /// that everything was stopped or that a second SIGTERM came when it was. Otherwise peers will
    /// start what may still run here: then nothing but the reset makes sure that it runs once.
    pub(crate) fn close(&mut self, released: bool) {
        if let Some(armed) = self.armed.take() {
            armed.close(released);
        }
        if released && let Procd::Asked(_) = self.procd {
            // It need not be waited for: it goes on when this program has ended.
            script::leave_alone(GO_ON);
        }
    }

    /// How it stands.
    pub(crate) fn view(&self) -> View<'_> {
        let mut view = View {
            device: "",
            identity: "",
            timeout: 0,
            kicked: false,
            trouble: self.trouble.map_or("", journal::errno),
        };
        if let Some(armed) = &self.armed {
            (view.device, view.identity) = (&armed.path, &armed.identity);
            (view.timeout, view.kicked) = (armed.seconds, !armed.withheld);
            view.trouble = if armed.withheld { armed::WITHHELD } else { "" };
        }
        view
    }

    /// Arms the first that can be.
    fn arm(&mut self, now: Instant) {
        let config = Rc::clone(&self.config);
        // Said once; it may last for ever.
        let level = if self.said { Level::Debug } else { Level::Warn };
        let mut busy = false;
        if let Procd::Asked(child) = self.procd {
            sys::reap(child);
        }
        for device in &config.watchdog.devices {
            let path = config.text(*device);
            match Armed::open(path, now, &config) {
                Ok(armed) => {
                    self.armed = Some(armed);
                    self.said = false;
                    return;
                }
                Err(errno) => {
                    say(level, path, journal::errno(errno));
                    self.trouble = Some(errno);
                    busy |= errno == Errno::EBUSY;
                }
            }
        }
        self.retry_at = now.after(RETRY);
        match self.procd {
            Procd::NotAsked if busy => {
                if let Some(child) = script::leave_alone(STOP) {
                    self.procd = Procd::Asked(child);
                    self.retry_at = now.after(PATIENCE);
                    return;
                }
            }
            // It was of no use, or could not be closed: then procd must kick it again.
            Procd::Asked(_) => {
                script::leave_alone(GO_ON);
                self.procd = Procd::Done;
            }
            Procd::NotAsked | Procd::Done => {}
        }
        let what = if config.watchdog.required {
            "is armed, but one is required: no groups are taken"
        } else {
            "is armed: nothing resets this machine when it hangs"
        };
        say(level, "none", what);
        self.said = true;
    }
}

/// One line of the log.
fn say(level: Level, which: &str, what: &str) {
    journal::say(level, format_args!("watchdog {which}: {what}"));
}

//! The watchdog device: armed at the start, kicked from the loop while the node is healthy, closed
//! last of all.
//!
//! Heads up! An open watchdog resets this machine when it is not kicked. Whatever ends this
//! program otherwise than in order (a panic, `SIGKILL`) leaves it armed, and that is wanted.

mod armed;

use std::cell::Cell;
use std::rc::Rc;

use log::{Level, error, warn};
use nix::errno::Errno;
use twinbeat::config::Config;
use twinbeat::time::{Duration, Instant};

use crate::reactor::Reactor;
use crate::script::{self, Job};
use crate::{clock, journal};
use armed::{Armed, WITHHELD};

/// Until the devices are tried again when none could be armed.
const RETRY: Duration = Duration::from_secs(60);
/// How long the end of this program waits for procd.
const PATIENCE: Duration = Duration::from_secs(2);
/// Has procd close its watchdog, and open it again (its object `system`; OpenWrt since 2016). One
/// that cannot close it yet goes on by the second.
const STOP: &str = r#"exec ubus call system watchdog '{"magicclose":true,"stop":true}'"#;
const GO_ON: &str = r#"exec ubus call system watchdog '{"stop":false}'"#;

/// The watchdogs of `ha.cf`, one of which is armed.
pub(crate) struct Watchdog {
    config: Rc<Config>,
    reactor: Rc<Reactor>,
    armed: Option<Armed>,
    /// Why others are not, as last said.
    trouble: String,
    /// When they are tried again.
    retry_at: Instant,
    procd: Rc<Cell<Procd>>,
    /// What the core was told.
    told: Option<Duration>,
}

/// procd holds `/dev/watchdog` on OpenWrt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Procd {
    NotAsked,
    Asking,
    /// It has closed it.
    Gave,
    /// There is no procd, or it has its watchdog back.
    Done,
}

/// For `status`.
pub(crate) struct View<'a> {
    /// Device, name and time-out of the armed one.
    pub(crate) armed: Option<(&'a str, &'a str, Duration)>,
    /// It is kicked.
    pub(crate) kicked: bool,
    /// What is wrong.
    pub(crate) trouble: Option<&'a str>,
}

impl Watchdog {
    /// None is armed before the first [`Self::tend`].
    pub(crate) fn new(config: &Rc<Config>, reactor: &Rc<Reactor>) -> Self {
        let any = !config.watchdog.devices.is_empty();
        Self {
            config: Rc::clone(config),
            reactor: Rc::clone(reactor),
            armed: None,
            trouble: String::new(),
            retry_at: if any {
                Instant::default()
            } else {
                Instant::NEVER
            },
            procd: Rc::new(Cell::new(Procd::NotAsked)),
            told: None,
        }
    }

    /// Kicks it when it is time, and the node is healthy; tries others where none is armed. What
    /// the core has to know, if that is new.
    pub(crate) fn tend(&mut self, now: Instant, healthy: bool) -> Option<Option<Duration>> {
        if let Some(armed) = &mut self.armed
            && let Err(error) = armed.tend(now, healthy)
        {
            error!("watchdog {}: not kicked: {error}", armed.path);
            // To close and to open it kicks it, too, if it is still there.
            (self.armed, self.retry_at) = (None, now);
        }
        if self.armed.is_none() && now >= self.retry_at && self.procd.get() != Procd::Asking {
            self.arm(now);
        }
        let armed = self.armed.as_ref().map(Armed::reliable_timeout);
        if armed == self.told {
            return None;
        }
        self.told = armed;
        Some(armed)
    }

    /// The loop must run then.
    pub(crate) fn deadline(&self) -> Instant {
        match &self.armed {
            // Whatever makes the node healthy again is a turn of the loop anyway.
            Some(armed) if armed.withheld => Instant::NEVER,
            Some(armed) => armed.kicked_at.after(armed.timeout.scaled(1, 3)),
            None if self.procd.get() == Procd::Asking => Instant::NEVER,
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
        if released && self.procd.get() == Procd::Gave {
            self.ask_procd(GO_ON, Procd::Done);
            let until = clock::now().after(PATIENCE);
            while self.procd.get() == Procd::Asking && clock::now() < until {
                self.reactor.run_tasks();
                self.reactor.sleep(&[], until);
            }
        }
    }

    /// How it stands; `None` where the configuration has none.
    pub(crate) fn view(&self) -> Option<View<'_>> {
        if self.config.watchdog.devices.is_empty() {
            return None;
        }
        let armed = self.armed.as_ref();
        let withheld = armed.is_some_and(|armed| armed.withheld);
        let trouble = Some(self.trouble.as_str()).filter(|text| !text.is_empty());
        Some(View {
            armed: armed.map(|one| (one.path.as_str(), one.identity.as_str(), one.timeout)),
            kicked: armed.is_some() && !withheld,
            trouble: if withheld { Some(WITHHELD) } else { trouble },
        })
    }

    /// Arms the first that can be.
    fn arm(&mut self, now: Instant) {
        let (mut trouble, mut busy) = (String::new(), false);
        let config = Rc::clone(&self.config);
        let asked = config.watchdog.asked(&config.timing);
        for device in &config.watchdog.devices {
            let path = config.text(*device);
            match Armed::open(path, now, asked) {
                Ok(armed) => {
                    self.complain(trouble);
                    armed.tell(config.timing.deadtime);
                    self.armed = Some(armed);
                    return;
                }
                Err(errno) => {
                    let gap = if trouble.is_empty() { "" } else { "; " };
                    trouble = trouble + gap + path + ": " + &journal::errno(errno);
                    if errno == Errno::EBUSY {
                        trouble += " (procd or systemd has it?)";
                        busy = true;
                    }
                }
            }
        }
        match self.procd.get() {
            Procd::NotAsked if busy => return self.ask_procd(STOP, Procd::Gave),
            // It was of no use, or could not be closed: then it must be kicked by procd again.
            Procd::Gave => self.ask_procd(GO_ON, Procd::Done),
            Procd::NotAsked | Procd::Asking | Procd::Done => {}
        }
        self.retry_at = now.after(RETRY);
        if self.complain(trouble) {
            let required = if config.watchdog.required {
                ", and no groups are taken: one is required"
            } else {
                ""
            };
            error!("no watchdog is armed: nothing resets this machine when it hangs{required}");
        }
    }

    /// Says what is wrong, if that is new.
    fn complain(&mut self, trouble: String) -> bool {
        let news = trouble != self.trouble;
        if news && !trouble.is_empty() {
            warn!("watchdog {trouble}");
        }
        self.trouble = trouble;
        news
    }

    fn ask_procd(&self, what: &'static str, then: Procd) {
        let (procd, reactor) = (Rc::clone(&self.procd), Rc::clone(&self.reactor));
        procd.set(Procd::Asking);
        let job = Job {
            path: "/bin/sh".into(),
            arguments: vec!["-c".to_owned(), what.to_owned()],
            limit: Duration::from_secs(5),
            level: Level::Debug,
            label: "watchdog".to_owned(),
            environment: Rc::new([]),
        };
        self.reactor.spawn(async move {
            let done = script::run(reactor, job).await.succeeded();
            procd.set(if done { then } else { Procd::Done });
        });
    }
}

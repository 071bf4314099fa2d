//! `ha.cf` and `twinbeat.cf`: one directive a line, in any order, in either file.

mod companion;
mod device;
mod dialect;
mod directive;
mod fence;
mod medium;
mod problem;
mod reach;
mod time;
mod timing;
mod value;

pub(super) use dialect::dialect;
pub use problem::Problem;

use super::diagnostic::{File, Position, Quoted, Report};
use super::lexer::{Lines, Word, Words};
use super::line::{DEFAULT_RATE, RATES};
use super::{AutoFailback, Config, Medium};
use crate::id::{MAX_LINKS, MAX_NODES, MAX_WITNESSES};
use directive::{Fate, Name};
use value::{MAX_NAME, facility, set_text};
pub(super) use value::{boolean, is_node_name, number, span};

/// What can be decided only when both files have been read, and where everything stood.
#[derive(Default)]
pub(super) struct Settings {
    seen: heapless::Vec<(Name, Position), SINGLES>,
    nodes: heapless::Vec<Position, MAX_NODES>,
    links: heapless::Vec<Position, MAX_LINKS>,
    witnesses: heapless::Vec<Position, MAX_WITNESSES>,
    fences: fence::Places,
    companions: companion::Places,
    /// A `node` or medium line was there, even if it was wrong.
    tried_node: bool,
    tried_link: bool,
    /// A name was refused or did not fit: the list is not what was meant.
    nodes_doubtful: bool,
    links_full: bool,
    port: Option<u16>,
    devices: device::Devices,
    times: timing::Times,
}

impl Settings {
    /// Reads one of the two files into `config`; with `groups`, the lines about groups alone, which
    /// are all known if it is true.
    pub(super) fn read(
        &mut self,
        file: File,
        text: &[u8],
        groups: Option<bool>,
        config: &mut Config,
        report: &mut Report<'_>,
    ) {
        for (first, values) in Lines::new(file, text) {
            if let Some(complete) = groups {
                if first.bytes == b"group" {
                    dialect::read_group(first, values, complete, config, report);
                }
                continue;
            }
            if let Some(stray) = values.clone().find(|word| word.bytes == b"\\") {
                report.say(stray.at, super::diagnostic::Problem::Backslash);
                continue;
            }
            match directive::find(first.bytes) {
                Some((_, Fate::Works(name))) => {
                    if name.is_single() {
                        self.read_single(name, first, values, config, report);
                    } else {
                        self.read_several(name, first, values, config, report);
                    }
                }
                Some((word, Fate::NoEffect(why))) => {
                    report.say(first.at, Problem::NoEffect(word, why));
                }
                Some((word, Fate::ByDialect(whys))) => {
                    report.say(first.at, Problem::NoEffect(word, config.dialect.of(whys)));
                }
                Some((word, Fate::NotYet(remedy))) => {
                    report.say(first.at, Problem::NotYet(word, remedy));
                }
                Some((_, Fate::Obsolete)) => report.say(first.at, Problem::NiceFailback),
                None => report.say(first.at, Problem::Unknown(Quoted(first.bytes))),
            }
        }
    }

    /// Fills in what was not said, and checks what belongs together.
    pub(super) fn finish(&mut self, config: &mut Config, report: &mut Report<'_>) {
        let top = Position::start(File::HaCf);
        if !self.tried_node {
            report.say(top, Problem::NoNodes);
        }
        if !self.tried_link {
            report.say(top, Problem::NoMedium);
        }
        for link in &mut config.links {
            if let Medium::Serial { baud, rtscts, .. } = &mut link.medium {
                *baud = self.devices.rate.unwrap_or(DEFAULT_RATE);
                *rtscts = self.devices.rtscts;
            } else if link.port == 0 {
                link.port = self.port.unwrap_or(DEFAULT_PORT);
            }
        }
        for (name, default) in [
            (Name::Cluster, "linux-ha"),
            (Name::Heartbeatdir, "/var/lib/heartbeat"),
            (Name::Rundir, "/run/twinbeat"),
            (Name::Statedir, "/var/lib/twinbeat"),
        ] {
            if self.place(name).is_none() {
                let text = config.keep(default.as_bytes(), top, report);
                set_text(config, name, text);
            }
        }
        self.finish_dialect(config, report);
        timing::finish(self, config, report);
    }

    /// Whether names may be compared with the list of nodes.
    pub(super) fn knows_nodes(&self) -> bool {
        !self.nodes.is_empty() && !self.nodes_doubtful
    }

    /// Where a directive stood.
    fn place(&self, name: Name) -> Option<Position> {
        self.seen.iter().find(|s| s.0 == name).map(|s| s.1)
    }

    /// Where a directive stood, or the top of `ha.cf`, where it might stand.
    fn place_or_top(&self, name: Name) -> Position {
        self.place(name).unwrap_or(Position::start(File::HaCf))
    }

    /// Where what is said about keepalive and deadtime belongs.
    pub(super) fn timing_place(&self) -> Position {
        self.place(Name::Deadtime)
            .unwrap_or(self.place_or_top(Name::Keepalive))
    }

    /// Where `initdead` stood.
    pub(super) fn initdead_place(&self) -> Position {
        self.place_or_top(Name::Initdead)
    }

    /// Where `warntime` stood.
    pub(super) fn warntime_place(&self) -> Position {
        self.place_or_top(Name::Warntime)
    }

    /// Where `auto_failback` stood, if it did.
    pub(super) fn failback_place(&self) -> Option<Position> {
        self.place(Name::AutoFailback)
    }

    /// Where the first `node` is.
    pub(super) fn node_place(&self) -> Position {
        let first = self.nodes.first().copied();
        first.unwrap_or(Position::start(File::HaCf))
    }

    /// Where the first medium is.
    pub(super) fn link_place(&self) -> Position {
        let first = self.links.first().copied();
        first.unwrap_or(Position::start(File::HaCf))
    }

    #[inline(never)]
    fn read_single(
        &mut self,
        name: Name,
        first: Word<'_>,
        mut values: Words<'_>,
        config: &mut Config,
        report: &mut Report<'_>,
    ) {
        let earlier = self.place(name);
        if let Some(earlier) = earlier {
            return report.say(first.at, Problem::Repeated(name.word(), earlier));
        }
        // As many places as directives.
        let _ = self.seen.push((name, first.at));
        let Some(value) = values.next() else {
            return report.say(first.at, Problem::NoValue(name.example()));
        };
        let quoted = Quoted(value.bytes);
        if let Some(more) = values.next() {
            self.times.doubt();
            let units = ["ms", "us", "usec", "s", "sec", "min"];
            let is = |unit: &&str| unit.as_bytes() == more.bytes;
            let problem = if units.iter().any(is) && timing::is_time(name) {
                Problem::BlankBeforeUnit(quoted, Quoted(more.bytes))
            } else {
                Problem::TooMany(Quoted(more.bytes), name.example())
            };
            return report.say(more.at, problem);
        }
        match name {
            Name::Keepalive
            | Name::Warntime
            | Name::Deadping
            | Name::Deadtime
            | Name::Initdead
            | Name::Lease
            | Name::WatchdogTimeout => {
                self.times.set(name, value, report);
            }
            Name::Monitor => match span(value.bytes, true) {
                Some(time) => config.monitor = time,
                None => {
                    let words = "must be a time from 1 to 14400 s, or 0: never";
                    report.say(value.at, Problem::Wrong(quoted, words));
                }
            },
            Name::Udpport => {
                if let Some(port) = medium::udp_port(value, report) {
                    self.port = Some(port);
                }
            }
            Name::Baud => {
                let rate = number(value.bytes).filter(|rate| RATES.contains(rate));
                self.devices.rate = rate.or(Some(0));
                if rate.is_none() {
                    let rates =
                        "must be 9600, 19200 (usual), 38400, 57600, 115200, 230400 or 460800";
                    report.say(value.at, Problem::Wrong(quoted, rates));
                }
            }
            Name::Rtscts => match boolean(value.bytes) {
                Some(on) => self.devices.rtscts = on,
                None => {
                    let words = "must be on (only with a cable that has the wires) or off";
                    report.say(value.at, Problem::Wrong(quoted, words));
                }
            },
            Name::AutoFailback => {
                config.auto_failback = match (boolean(value.bytes), value.bytes) {
                    (Some(true), _) => AutoFailback::On,
                    (Some(false), _) => AutoFailback::Off,
                    (None, b"legacy") => AutoFailback::Legacy,
                    (None, _) => return report.say(value.at, Problem::BadFailback(quoted)),
                }
            }
            Name::Cluster | Name::Heartbeatdir | Name::Hbgenmethod | Name::Protocol => {
                self.read_dialect(name, first, value, config, report);
            }
            Name::Logfile | Name::Debugfile | Name::Rundir | Name::Statedir => {
                let text = device::keep_path(name, value, config, report);
                set_text(config, name, text);
            }
            Name::Logfacility => match facility(value.bytes) {
                Some(facility) => config.log.facility = facility,
                None => report.say(value.at, Problem::BadFacility(quoted)),
            },
            Name::Debug => {
                let level = number(value.bytes).and_then(|level| u8::try_from(level).ok());
                match level {
                    Some(level) => config.log.debug = level,
                    None => report.say(value.at, Problem::BadDebug(quoted)),
                }
            }
            Name::Crm => match boolean(value.bytes) {
                Some(false) => report.say(first.at, Problem::NoEffect("crm", "it is never there")),
                Some(true) | None => report.say(value.at, Problem::CrmOn),
            },
            Name::Autojoin => match value.bytes {
                b"none" => {
                    let why = "nodes never join by themselves";
                    report.say(first.at, Problem::NoEffect("autojoin", why));
                }
                _ => report.say(value.at, Problem::AutojoinOn),
            },
            // These take several values.
            Name::Bcast | Name::Mcast | Name::Mcast6 | Name::Serial => {}
            Name::Node | Name::Ucast | Name::Ucast6 | Name::Watchdog => {}
            Name::Stonith | Name::StonithHost | Name::Respawn => {}
            Name::Group | Name::Ping | Name::Ping6 | Name::PingGroup | Name::Track => {}
        }
    }

    #[inline(never)]
    fn read_several(
        &mut self,
        name: Name,
        first: Word<'_>,
        mut values: Words<'_>,
        config: &mut Config,
        report: &mut Report<'_>,
    ) {
        if matches!(name, Name::Stonith | Name::StonithHost | Name::Respawn) {
            if let Err((word, what)) = self.read_program(name, first, values, config, report) {
                report.say(word.at, Problem::Wrong(Quoted(word.bytes), what));
            }
            return;
        }
        if reach::is_meant(name) {
            return self.read_reach(name, first.at, values, config, report);
        }
        if name == Name::Node {
            self.tried_node = true;
        } else if name != Name::Watchdog {
            self.tried_link = true;
        }
        let Some(word) = values.next() else {
            return report.say(first.at, Problem::NoValue(name.example()));
        };
        let needed = if matches!(name, Name::Mcast | Name::Mcast6) {
            5
        } else if matches!(name, Name::Ucast | Name::Ucast6) {
            2
        } else {
            1
        };
        let mut words = [word; 5];
        for place in words.iter_mut().take(needed).skip(1) {
            let Some(word) = values.next() else {
                return report.say(first.at, Problem::NoValue(name.example()));
            };
            *place = word;
        }
        if needed > 1
            && let Some(more) = values.next()
        {
            let problem = Problem::TooMany(Quoted(more.bytes), name.example());
            return report.say(more.at, problem);
        }
        let link = if needed == 5 {
            medium::multicast(name, words, report)
        } else if needed == 2 {
            medium::unicast(name, words, report)
        } else {
            // Any number of nodes, interfaces or devices, each for itself.
            let mut word = Some(word);
            while let Some(one) = word {
                if name == Name::Node {
                    self.add_node(one, config, report);
                } else if name == Name::Watchdog {
                    self.add_watchdog(one, config, report);
                } else {
                    let link = if name == Name::Serial {
                        device::serial(one, config, report)
                    } else {
                        medium::broadcast(one, report)
                    };
                    if let Some(link) = link {
                        self.add_link(link, one.at, config, report);
                    }
                }
                word = values.next();
            }
            return;
        };
        if let Some(link) = link {
            self.add_link(link, first.at, config, report);
        }
    }

    #[inline(never)]
    fn add_node(&mut self, word: Word<'_>, config: &mut Config, report: &mut Report<'_>) {
        let quoted = Quoted(word.bytes);
        if !is_node_name(word.bytes) {
            self.nodes_doubtful = true;
            return report.say(word.at, Problem::BadNode(quoted));
        }
        if let Some(earlier) = config.node_named(word.bytes) {
            let earlier = self.nodes.get(earlier.index()).copied();
            let problem = Problem::SameNode(quoted, earlier.unwrap_or(word.at));
            return report.say(word.at, problem);
        }
        if config.nodes.is_full() {
            if !core::mem::replace(&mut self.nodes_doubtful, true) {
                report.say(word.at, Problem::TooManyNodes); // Said once.
            }
            return;
        }
        let mut folded = [0_u8; MAX_NAME];
        let folded = folded.get_mut(..word.bytes.len()).unwrap_or_default();
        folded.copy_from_slice(word.bytes);
        folded.make_ascii_lowercase();
        if let Some(name) = config.keep(folded, word.at, report) {
            // There was room.
            let _ = config.nodes.push(name);
            let _ = self.nodes.push(word.at);
        }
    }
}

/// The port of heartbeat, `ha-cluster` in `/etc/services`.
const DEFAULT_PORT: u16 = 694;
/// At least as many as there are directives with one value.
const SINGLES: usize = 24;

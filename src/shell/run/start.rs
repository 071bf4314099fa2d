//! From a configuration to everything the loop needs, in an order in which a refusal leaves the
//! machine as it was: nothing is changed before the lock is taken.

use std::fmt::Arguments;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use nix::errno::Errno;
use nix::unistd::{chdir, getcwd};
use twinbeat::config::{Config, Dialect};
use twinbeat::id::PerLink;
use twinbeat::time::Instant;
use twinbeat::{Boot, Node};

use super::reload::Reload;
use super::upkeep::{Refusals, Writer};
use super::{Program, RECEIVE_BUFFER, Reading, clock};
use crate::address::Addresses;
use crate::announce::Announcer;
use crate::companion::Companions;
use crate::control::Control;
use crate::fence::Fences;
use crate::history::History;
use crate::hook::Hooks;
use crate::interface::Interfaces;
use crate::link::Links;
use crate::ping::Pings;
use crate::reactor::Reactor;
use crate::resource::{Holding, Resources};
use crate::signal::Signals;
use crate::state::State;
use crate::status::Moves;
use crate::supervisor::Supervisor;
use crate::watchdog::Watchdog;
use crate::{boot, journal, privilege, stream, sys};

/// Ready for the first turn, or the program ends and has said why.
pub(super) fn start(directory: &Path, config: Rc<Config>) -> Box<Program> {
    let missing = privilege::missing(&config);
    if !missing.is_empty() {
        refuse(format_args!(
            "not permitted: {missing} missing; run as root"
        ));
    }
    // Scripts are found however the directory was named, and no mount is held by ours.
    let mut path = sound("working directory", getcwd()).into_os_string();
    if directory.has_root() {
        path.clear();
    } else {
        path.push("/");
    }
    path.push(directory);
    let directory = PathBuf::from(path);
    let rundir = PathBuf::from(config.text(config.rundir));
    let statedir = PathBuf::from(config.text(config.statedir));
    let control = match Control::open(&rundir) {
        Ok(control) => control,
        Err(why) => refuse(format_args!("{why}")),
    };
    sys::pass_on_nothing();
    let signals = sound("signals", Signals::catch());
    sound("/", chdir("/"));

    journal::begin(&config);
    let state = State::read(&statedir, &config);
    let boot = boot::boot(&config, &state);
    tell(&config, &boot);
    let interfaces = sound("interfaces", Interfaces::open());
    let mut addresses = sound("addresses", Addresses::open(&config));
    let announcer = sound("announcements", Announcer::open());
    let left = addresses.remove_leftovers(&[], &interfaces);
    let count = sound("addresses of an earlier run", left);
    if count > 0 {
        journal::info(format_args!(
            "{count} addresses left by an earlier run are removed"
        ));
    }

    let reactor = Reactor::new();
    let holding = Holding::new(&config, addresses, announcer);
    let resources = Resources::new(&config, directory.clone(), reactor, holding);
    let hooks = Hooks::new(resources.surroundings(), reactor);
    let writer = Writer::new(reactor, statedir);
    writer.count(state.generation.saturating_add(1));
    let now = clock::now();
    Box::new(Program {
        node: node(&config, boot, now),
        links: Links::new(&config),
        pings: Pings::open(&config),
        reading: PerLink::of(Reading::default()),
        buffer: [0; RECEIVE_BUFFER],
        watchdog: Watchdog::new(&config),
        config,
        directory,
        reactor,
        signals,
        interfaces,
        resources,
        control,
        writer,
        refusals: Refusals::new(),
        moves: Moves::new(now),
        reload: Reload::default(),
        history: History::new(boot.counter),
        hooks,
        fences: Fences::new(),
        companions: Companions::default(),
        supervisor: Supervisor::found(),
        started: now,
        realtime_at: Instant::NEVER,
        stopping: false,
        over: false,
    })
}

/// Made where it stays: it is 15 kB, which one frame with all the rest could not reach at once.
#[inline(never)]
fn node(config: &Config, boot: Boot, now: Instant) -> Box<Node> {
    Box::new(Node::new(config, boot, now))
}

/// What is needed, or the end.
fn sound<T>(what: &str, result: Result<T, Errno>) -> T {
    match result {
        Ok(sound) => sound,
        Err(error) => fail(what, error),
    }
}

#[inline(never)]
fn fail(what: &str, error: Errno) -> ! {
    refuse(format_args!("{what}: {}", journal::errno(error)))
}

/// Ends the program before it has begun. (Handed up, an error would take apart all that was opened,
/// which is 1 kB of code; so it ends with the process.)
#[inline(never)]
fn refuse(why: Arguments<'_>) -> ! {
    journal::flush();
    stream::complain(format_args!("twinbeat: {why}"));
    sys::leave(1)
}

fn tell(config: &Config, boot: &Boot) {
    let timing = config.timing;
    journal::info(format_args!(
        "twinbeat {} on node {} begins, incarnation {:016x}",
        env!("TWINBEAT_VERSION"),
        config.node_name(config.me),
        boot.incarnation
    ));
    journal::info(format_args!(
        "keepalive {}, deadtime {}, initdead {}, lease {}",
        timing.keepalive, timing.deadtime, timing.initdead, timing.lease
    ));
    if config.dialect == Dialect::LinuxHa {
        let uuid = if boot.heartbeat.uuid.is_some() {
            "a"
        } else {
            "no"
        };
        let generation = boot.heartbeat.generation;
        journal::info(format_args!(
            "protocol linux-ha, boot generation {generation}, {uuid} uuid of heartbeat's"
        ));
    }
}

//! From a configuration to everything the loop needs, in an order in which a refusal leaves the
//! machine as it was: nothing is changed before the lock is taken.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use log::{info, warn};
use twinbeat::config::Config;
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
use crate::watchdog::Watchdog;
use crate::{boot, journal, privilege, sys};

/// Ready for the first turn; the error is a sentence.
pub(super) fn start(directory: &Path, config: Rc<Config>) -> Result<Program, String> {
    let missing = privilege::missing(&config);
    if !missing.is_empty() {
        return Err(format!(
            "not permitted: {} {} missing; run as root, or with {}",
            missing.join(", "),
            if missing.len() == 1 { "is" } else { "are" },
            if missing.len() == 1 { "it" } else { "them" },
        ));
    }
    // Scripts are found however the directory was named, and no mount is held by ours.
    let directory = std::env::current_dir()
        .map_err(|error| failed("working directory", journal::wrapped(&error)))?
        .join(directory);
    let rundir = PathBuf::from(config.text(config.rundir));
    let statedir = PathBuf::from(config.text(config.statedir));
    let control = Control::open(&rundir)?;
    sys::pass_on_nothing();
    let signals = Signals::catch().map_err(|error| failed("signals", error))?;
    if std::env::set_current_dir("/").is_err() {
        warn!("the working directory cannot be left");
    }

    journal::begin(&config);
    let state = State::read(&statedir, &config);
    let boot = boot::boot(&config, &state);
    tell(&config, &boot);
    let interfaces = Interfaces::open().map_err(|error| failed("interfaces", error))?;
    let mut addresses = Addresses::open(&config).map_err(|error| failed("addresses", error))?;
    let announcer = Announcer::open().map_err(|error| failed("announcements", error))?;
    match addresses.remove_leftovers(&[], &interfaces) {
        Ok(0) => {}
        Ok(count) => info!("{count} addresses left by an earlier run are removed"),
        Err(error) => return Err(failed("addresses of an earlier run", error)),
    }

    let reactor = Reactor::new();
    let holding = Holding::new(&config, addresses, announcer);
    let resources = Resources::new(&config, directory.clone(), &reactor, holding);
    let hooks = Hooks::new(resources.surroundings(), &reactor);
    let writer = Writer::new(&reactor, statedir);
    writer.count(state.generation.saturating_add(1));
    let now = clock::now();
    Ok(Program {
        node: Node::new(&config, boot, now),
        links: Links::new(&config),
        pings: Pings::open(&config),
        reading: PerLink::new(Reading::default),
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
        fences: Fences::default(),
        companions: Companions::default(),
        started: now,
        realtime_at: Instant::NEVER,
        stopping: false,
        over: false,
    })
}

#[inline(never)]
fn failed(what: &str, error: nix::errno::Errno) -> String {
    format!("{what}: {}", journal::errno(error))
}

fn tell(config: &Config, boot: &Boot) {
    let timing = config.timing;
    info!(
        "twinbeat {} on node {} begins, incarnation {:016x}",
        env!("CARGO_PKG_VERSION"),
        config.node_name(config.me),
        boot.incarnation
    );
    info!(
        "keepalive {}, deadtime {}, initdead {}, lease {}",
        timing.keepalive, timing.deadtime, timing.initdead, timing.lease
    );
}

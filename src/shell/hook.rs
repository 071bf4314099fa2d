//! Hooks: what others want to run when something has happened.
//!
//! Every executable of `hook.d`, in the order of names, and heartbeat's `rc.d/status` and
//! `rc.d/ip-request-resp` where they are: one at a time, beside the loop, never waited for. What they
//! are told is made of the configuration's own words and of the log's; nothing of it comes from the wire.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use log::{Level, warn};
use twinbeat::action::{Carrier, Event, GroupState};
use twinbeat::config::Config;
use twinbeat::id::GroupSet;
use twinbeat::time::Duration;

use crate::reactor::Reactor;
use crate::resource::Surroundings;
use crate::script::{self, Job};
use crate::{files, journal};

/// How long one hook may take.
const LIMIT: Duration = Duration::from_secs(30);
/// Events that may wait for their turn.
const MOST: usize = 32;
/// As much of a script as is looked at.
const MAX_SCRIPT: usize = 64 * 1024;

/// Who is told what happened.
pub(crate) struct Hooks {
    around: Surroundings,
    reactor: Rc<Reactor>,
    queue: Rc<RefCell<Queue>>,
    /// Groups whose takeover was told.
    held: GroupSet,
}

#[derive(Default)]
struct Queue {
    /// What each event is called, heartbeat's script for it, and its variables.
    waiting: VecDeque<(&'static str, &'static str, Rc<[String]>)>,
    busy: bool,
}

impl Hooks {
    /// Nothing is waiting.
    pub(crate) fn new(around: Surroundings, reactor: &Rc<Reactor>) -> Self {
        Self {
            around,
            reactor: Rc::clone(reactor),
            queue: Rc::default(),
            held: GroupSet::EMPTY,
        }
    }

    /// Whether every hook has ended.
    pub(crate) fn is_idle(&self) -> bool {
        !self.queue.borrow().busy
    }

    /// Something happened; `text` is how the log says it.
    pub(crate) fn on_event(&mut self, config: &Config, event: Event, text: &str) {
        let (mut group, mut state, mut reason, mut peer) = ("", "", "", "");
        let mut link_name = String::new();
        let (mut script, mut heartbeat) = ("", "");
        let up_or_down = |up, names: [&'static str; 2]| names[usize::from(up)];
        let name = match event {
            Event::Group {
                group: id,
                state: now,
                reason: why,
            } => {
                (group, state, reason) = (
                    config.group_key(id),
                    journal::group_state(now),
                    journal::reason(why),
                );
                let held = self.held.contains(id);
                match now {
                    GroupState::Held if !held => {
                        self.held = self.held.with(id);
                        (script, heartbeat) = ("ip-request-resp", "HA_ok=yes");
                        "takeover"
                    }
                    GroupState::Idle if held => {
                        self.held = self.held.without(id);
                        "release"
                    }
                    GroupState::StartFailed | GroupState::StopFailed => state,
                    _ => return,
                }
            }
            Event::PeerAlive { node, .. } => {
                (script, heartbeat) = ("status", "HA_st=active");
                peer = config.node_name(node);
                "node-up"
            }
            Event::PeerDead { node, .. } | Event::PeerLeft { node } => {
                (script, heartbeat) = ("status", "HA_st=dead");
                peer = config.node_name(node);
                "node-down"
            }
            Event::PeerLink { node, link, up } => {
                peer = config.node_name(node);
                link_name = journal::link_name(config, link);
                up_or_down(up, ["link-down", "link-up"])
            }
            Event::LinkCarrier { link, carrier } => {
                link_name = journal::link_name(config, link);
                up_or_down(carrier == Carrier::Up, ["link-down", "link-up"])
            }
            _ => return,
        };
        let mut variables = self.around.environment.to_vec();
        for (variable, value) in [
            ("TWINBEAT_EVENT=", name),
            ("TWINBEAT_NODE=", config.node_name(config.me)),
            ("TWINBEAT_PEER=", peer),
            ("TWINBEAT_LINK=", &link_name),
            ("TWINBEAT_GROUP=", group),
            ("TWINBEAT_STATE=", state),
            ("TWINBEAT_REASON=", reason),
            ("TWINBEAT_TEXT=", text),
            ("HA_t=", script),
            ("HA_src=", peer),
            ("HA_rsc=", group),
            (heartbeat, ""),
        ] {
            if !variable.is_empty() {
                let mut whole = variable.to_owned();
                whole.push_str(value);
                variables.push(whole);
            }
        }
        self.add(name, script, variables.into());
    }

    fn add(&self, name: &'static str, script: &'static str, variables: Rc<[String]>) {
        let mut queue = self.queue.borrow_mut();
        if queue.waiting.len() >= MOST {
            return warn!("hooks: {name} is left out: {MOST} events wait for their turn");
        }
        queue.waiting.push_back((name, script, variables));
        if queue.busy {
            return;
        }
        queue.busy = true;
        let (reactor, queue) = (Rc::clone(&self.reactor), Rc::clone(&self.queue));
        let (directory, running) = (
            self.around.directory.clone(),
            Rc::clone(&self.around.running),
        );
        self.reactor.spawn(async move {
            loop {
                let next = queue.borrow_mut().waiting.pop_front();
                let Some((name, script, variables)) = next else {
                    break;
                };
                for (path, word) in found(&directory, name, script) {
                    let file = path.file_name().unwrap_or_default();
                    let label = format!("hook {}", journal::printable(file.as_bytes()));
                    let job = Job {
                        arguments: vec![word.to_owned()],
                        limit: LIMIT,
                        level: Level::Info,
                        label: label.clone(),
                        environment: Rc::clone(&variables),
                        path,
                    };
                    let end = script::run_in_turn(&reactor, &running, job).await;
                    if !end.succeeded() {
                        warn!("{label} {word}: {}", end.exit);
                    }
                }
            }
            queue.borrow_mut().busy = false;
        });
    }
}

/// What is run for an event, in order.
fn found(
    directory: &str,
    name: &'static str,
    script: &'static str,
) -> Vec<(PathBuf, &'static str)> {
    let folder = Path::new(directory).join("hook.d");
    let mut paths = Vec::new();
    if is_ours(&folder) {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        paths.extend(entries.map(|entry| (entry.path(), name)));
    }
    // By their bytes: a path is compared by its parts, in 1 kB.
    paths.sort_unstable_by(|(one, _), (other, _)| one.as_os_str().cmp(other.as_os_str()));
    if !script.is_empty() {
        let path = Path::new(directory).join("rc.d").join(script);
        if !serves(&path) {
            paths.push((path, script));
        }
    }
    paths.retain(|(path, _)| path.is_file() && is_ours(path));
    paths
}

/// Heartbeat's own scripts start what this program has started already.
fn serves(path: &Path) -> bool {
    let text = files::read_file(path, MAX_SCRIPT).unwrap_or_default();
    ["mach_down", "ResourceManager"].iter().any(|word| {
        let mut parts = text.windows(word.len());
        parts.any(|part| part == word.as_bytes())
    })
}

/// It can be executed, and nobody but root can change it; one of others is complained of.
fn is_ours(path: &Path) -> bool {
    let Ok(data) = fs::metadata(path) else {
        return false;
    };
    if data.mode() & 0o111 == 0 {
        return false;
    }
    let ours = data.uid() == 0 && data.mode() & 0o022 == 0;
    if !ours {
        let path = journal::printable(path.as_os_str().as_bytes());
        warn!("{path} is not run: others than root may change it");
    }
    ours
}

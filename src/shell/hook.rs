//! Hooks: what others want to run when something has happened.
//!
//! One event after another is told to every executable of `hook.d`, in the order of names, and to
//! heartbeat's `rc.d/status` or `rc.d/ip-request-resp`: beside the loop, never waited for. What they are
//! told is made of the configuration's own words and of the log's; nothing of it comes from the wire.
//! A shell looks for them: that is a tenth of the code.

use std::cell::RefCell;
use std::rc::Rc;

use twinbeat::action::{Carrier, Event, GroupState, Reason};
use twinbeat::config::Config;
use twinbeat::id::GroupSet;
use twinbeat::time::Duration;

use crate::journal;
use crate::reactor::Reactor;
use crate::resource::Surroundings;
use crate::script::{Job, Series, Step};

/// How long all hooks of one event may take.
const LIMIT: Duration = Duration::from_secs(30);
/// Events that may wait for their turn.
const MOST: usize = 32;
/// Runs them: `$0` is the folder, the event and its words follow. Only what nobody but root can change;
/// and not what heartbeat brings, which would start once more what this program has started.
const HOOKS: &str = "export TWINBEAT_EVENT=\"$1\" TWINBEAT_NODE=\"$2\" TWINBEAT_GROUP=\"$3\" \
TWINBEAT_PEER=\"$4\" TWINBEAT_LINK=\"$5\" TWINBEAT_STATE=\"$6\" TWINBEAT_REASON=\"$7\" TWINBEAT_TEXT=\"$8\" \
HA_rsc=\"$3\" HA_src=\"$4\"
case $1 in
takeover) export HA_t=ip-request-resp HA_ok=yes;;
node-up) export HA_t=status HA_st=active;;
node-down) export HA_t=status HA_st=dead;;
esac
ours() {
set -- $(ls -ldLn \"$1\")
case $1:$3 in ?????-??-*:0) ;; *) false; esac
}
for f in \"$0\"/hook.d/* \"$0\"/rc.d/$HA_t; do
[ -f \"$f\" ] && [ -x \"$f\" ] || continue
w=$1
case $f in \"$0\"/rc.d/*) w=$HA_t; grep -q -e mach_down -e ResourceManager \"$f\" && continue; esac
if ours \"$f\"; then \"$f\" $w || echo \"$f $w: exit code $?\"
else echo \"$f is not run: others than root may change it\"; fi
done";

/// Who is told what happened.
pub(crate) struct Hooks {
    around: Surroundings,
    reactor: &'static Reactor,
    queue: &'static RefCell<Queue>,
    /// Groups whose takeover was told.
    held: GroupSet,
}

#[derive(Default)]
struct Queue {
    /// The call of the shell for each event.
    waiting: Vec<Job>,
    busy: bool,
}

impl Hooks {
    /// Nothing is waiting.
    pub(crate) fn new(around: Surroundings, reactor: &'static Reactor) -> Self {
        Self {
            around,
            reactor,
            queue: Box::leak(Box::default()),
            held: GroupSet::EMPTY,
        }
    }

    /// Whether every hook has ended.
    pub(crate) fn is_idle(&self) -> bool {
        !self.queue.borrow().busy
    }

    /// Something happened; `text` is how the log says it.
    pub(crate) fn on_event(&mut self, config: &Config, event: Event, text: &str) {
        let (mut group, mut state, mut reason) = ("", "", "");
        let (mut node, mut link) = (None, None);
        let name = match event {
            Event::Group {
                group: id,
                state: now,
                reason: why,
            } => {
                group = config.group_key(id);
                state = journal::group_state(now);
                reason = journal::reason(why);
                let held = self.held.contains(id);
                match now {
                    GroupState::Held if !held => {
                        self.held = self.held.with(id);
                        "takeover"
                    }
                    GroupState::Idle if held => {
                        self.held = self.held.without(id);
                        "release"
                    }
                    GroupState::Starting if why == Reason::Died => "restart",
                    GroupState::StartFailed => {
                        self.held = self.held.without(id);
                        state
                    }
                    GroupState::StopFailed => state,
                    _ => return,
                }
            }
            Event::PeerAlive { node: id, .. } => {
                node = Some(id);
                "node-up"
            }
            Event::PeerDead { node: id, .. } | Event::PeerLeft { node: id } => {
                node = Some(id);
                "node-down"
            }
            Event::PeerLink {
                node: id,
                link: way,
                up,
            } => {
                (node, link) = (Some(id), Some(way));
                if up { "link-up" } else { "link-down" }
            }
            Event::LinkCarrier { link: id, carrier } => {
                link = Some(id);
                match carrier {
                    Carrier::Up => "link-up",
                    Carrier::Down => "link-down",
                }
            }
            _ => return,
        };
        let mut queue = self.queue.borrow_mut();
        if queue.waiting.len() >= MOST {
            return journal::warn(format_args!(
                "hooks: {name} is left out: {MOST} events wait for their turn"
            ));
        }
        let link = link.map_or(String::new(), |link| journal::link_name(config, link));
        let words = [
            "-c",
            HOOKS,
            &self.around.directory,
            name,
            config.node_name(config.me),
            group,
            node.map_or("", |node| config.node_name(node)),
            &link,
            state,
            reason,
            text,
        ];
        let mut job = Job::new("/bin/sh", &words, LIMIT, "hook");
        job.environment = Rc::clone(&self.around.environment);
        queue.waiting.push(job);
        if std::mem::replace(&mut queue.busy, true) {
            return;
        }
        let queue = self.queue;
        let running = Rc::clone(&self.around.running);
        Series::new(self.reactor, running).begin(Box::new(move |ended| {
            if let Some(end) = ended
                && !end.succeeded()
            {
                journal::warn(format_args!("hooks: {}", end.exit));
            }
            let mut queue = queue.borrow_mut();
            queue.busy = !queue.waiting.is_empty();
            if queue.busy {
                Step::now(queue.waiting.remove(0))
            } else {
                None
            }
        }));
    }
}

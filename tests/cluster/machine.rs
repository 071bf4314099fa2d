//! One simulated machine: a real [`Node`], what its kernel holds and what its scripts do. The
//! agent may die; kernel and scripts go on without it.

use std::collections::VecDeque;
use std::rc::Rc;

use twinbeat::Node;
use twinbeat::action::{Carrier, Command, GroupState, Kept, Outcome};
use twinbeat::config::{Config, Refusal};
use twinbeat::id::{GroupId, LinkId, LinkSet, NodeId, WitnessId, WitnessSet};
use twinbeat::time::{Duration, Instant};

use super::dog::Dog;
use super::network::Frame;
use super::plan::Plan;
use super::reload::Pending;
use super::serial::Port;

/// A machine of the cluster.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) name: String,
    pub(crate) me: NodeId,
    pub(crate) config: Config,
    /// What its agent has read.
    pub(crate) plan: Plan,
    pub(crate) planned_at: u64,
    /// What its files say.
    pub(crate) files: Plan,
    pub(crate) pending: Option<Pending>,
    pub(crate) refused: Option<Refusal>,
    /// Groups that this reload starts again in place.
    pub(crate) restarting: Vec<usize>,
    /// The agent, while its process lives.
    pub(crate) node: Option<Box<Node>>,
    /// Which start of the agent this is; zero before the first.
    pub(crate) life: u32,
    pub(crate) groups: Vec<Group>,
    /// What waits to be read: sockets and pipes.
    pub(crate) inbox: VecDeque<Arrival>,
    /// Built-in actions that ended at once.
    pub(crate) done: VecDeque<(GroupId, Outcome)>,
    pub(crate) carrier: LinkSet,
    /// Its ends of serial cables.
    pub(crate) ports: Vec<Port>,
    /// Hosts that do not answer it.
    pub(crate) lost: WitnessSet,
    /// Since when its agent has been told that no link can send.
    pub(crate) dark_since: Option<u64>,
    /// How far its clock is behind: it stood still at times.
    pub(crate) behind: u64,
    /// Until then the loop does not run.
    pub(crate) stalled_until: u64,
    /// What the node asked for after its last input.
    pub(crate) deadline: Instant,
    /// When the loop runs next.
    pub(crate) turn_at: u64,
    /// When it last sent something.
    pub(crate) beat_at: u64,
    /// What [`twinbeat::action::Action::Remember`] left on its flash.
    pub(crate) remembered: Kept,
    pub(crate) dog: Option<Dog>,
    /// How its script that switches others off does.
    pub(crate) fence: Behaviour,
    /// Frames built since `window_at`: storms are looked for.
    pub(crate) built: u64,
    pub(crate) window_at: u64,
}

/// Something its loop will read in its next turn.
#[derive(Clone, Debug)]
pub(crate) enum Arrival {
    Frame(LinkId, Rc<Frame>),
    Link(LinkId, Carrier),
    Done(GroupId, Outcome),
    Died(GroupId),
    Witness(WitnessId, bool),
    Command(Command),
    Watchdog(Option<Duration>),
    Fenced(NodeId, bool),
}

/// Frames that wait in a socket at most; later ones are lost.
pub(crate) const SOCKET: usize = 200;

/// What a machine holds of one group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) has_address: bool,
    pub(crate) has_scripts: bool,
    /// The agent has begun to start it and has not finished stopping it.
    pub(crate) started: bool,
    /// The agent wants its addresses on the machine.
    pub(crate) wanted: bool,
    /// The kernel takes its addresses away then; zero: they are not there.
    pub(crate) installed_until: u64,
    pub(crate) refreshed_at: u64,
    /// A lapse of the lease is looked for then; zero: no look is planned.
    pub(crate) look_at: u64,
    pub(crate) scripts: Scripts,
    /// The last life here died with it stop-failed: without a watchdog nobody may start it.
    pub(crate) stuck: bool,
    /// When a stop last failed.
    pub(crate) stuck_at: u64,
    /// Outdates what earlier jobs of the scripts would still do.
    pub(crate) job: u32,
    pub(crate) on_start: Behaviour,
    pub(crate) on_stop: Behaviour,
}

/// What the scripts of a group are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripts {
    Stopped,
    Starting,
    Running,
    Stopping,
}

/// How a script answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Works,
    Fails,
    Hangs,
    /// It does it in the last moment: what prints megabytes is read slowly.
    Crawls,
    /// It does not even die: what it began may go on.
    Sticks,
}

impl Machine {
    pub(crate) fn new(name: &str, config: Config, plan: Plan, groups: Vec<Group>) -> Self {
        Self {
            name: name.to_owned(),
            me: config.me,
            carrier: LinkSet::first(config.links.len()),
            lost: WitnessSet::EMPTY,
            dark_since: None,
            config,
            files: plan.clone(),
            plan,
            planned_at: 0,
            pending: None,
            refused: None,
            restarting: Vec::new(),
            node: None,
            life: 0,
            groups,
            ports: Vec::new(),
            inbox: VecDeque::new(),
            done: VecDeque::new(),
            behind: 0,
            stalled_until: 0,
            deadline: Instant::NEVER,
            turn_at: u64::MAX,
            beat_at: 0,
            remembered: Kept::default(),
            dog: None,
            fence: Behaviour::Works,
            built: 0,
            window_at: 0,
        }
    }

    pub(crate) fn runs(&self) -> bool {
        self.node.is_some()
    }

    /// The agent's process is gone; kernel and scripts are not.
    pub(crate) fn lose_agent(&mut self) {
        if let Some(node) = self.node.take() {
            for (id, group) in GroupId::first(self.groups.len()).zip(&mut self.groups) {
                let mut all = self.plan.groups.iter();
                let local = all
                    .position(|one| *one == id.index())
                    .and_then(GroupId::new);
                let view = local.map(|local| node.group(Instant::default(), local));
                group.stuck = view.is_some_and(|view| view.state == GroupState::StopFailed);
            }
        }
        self.pending = None;
        self.inbox.clear();
        self.done.clear();
        self.stalled_until = 0;
        self.dark_since = None;
        self.turn_at = u64::MAX;
        for group in &mut self.groups {
            group.started = false;
            group.wanted = false;
        }
    }

    /// Everything is gone.
    pub(crate) fn lose_power(&mut self) {
        self.lose_agent();
        for group in &mut self.groups {
            group.installed_until = 0;
            group.scripts = Scripts::Stopped;
            group.job += 1;
        }
    }

    /// Something arrived for the loop; a full socket drops it.
    pub(crate) fn receive(&mut self, arrival: Arrival) {
        if self.inbox.len() < SOCKET || !matches!(arrival, Arrival::Frame(..)) {
            self.inbox.push_back(arrival);
        }
    }
}

impl Group {
    pub(crate) fn new(has_address: bool, has_scripts: bool) -> Self {
        Self {
            has_address,
            has_scripts,
            started: false,
            wanted: false,
            installed_until: 0,
            refreshed_at: 0,
            look_at: 0,
            scripts: Scripts::Stopped,
            stuck: false,
            stuck_at: u64::MAX,
            job: 0,
            on_start: Behaviour::Works,
            on_stop: Behaviour::Works,
        }
    }

    /// Whether something of it runs, or is being started or stopped.
    pub(crate) fn active(&self) -> bool {
        self.started || self.scripts != Scripts::Stopped
    }

    /// Whether the kernel has its addresses.
    pub(crate) fn installed(&self, now: u64) -> bool {
        self.installed_until > now
    }

    /// Whether clients are served.
    pub(crate) fn served(&self, now: u64) -> bool {
        (!self.has_address || self.installed(now))
            && (!self.has_scripts || self.scripts == Scripts::Running)
    }
}

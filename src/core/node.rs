//! STAND-IN for the real node, with the same face: beats, and serves the groups whose home this
//! node is. To be replaced whole.

use crate::action::{
    Action, Carrier, Command, Difference, Event, GroupState, Input, Outcome, Reason, Reject,
    Selection, Transmit,
};
use crate::config::Config;
use crate::id::{GroupId, GroupSet, LinkId, LinkSet, NodeId, PerGroup, PerLink};
use crate::time::{Duration, Instant};

/// What a new life is given.
#[derive(Clone, Copy, Debug)]
pub struct Boot {
    /// Random.
    pub incarnation: u64,
    /// Random.
    pub counter: u32,
    /// Groups this node stands by for.
    pub standby: GroupSet,
}

/// A peer's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// Never heard.
    Unheard,
    /// Heard within `warntime`.
    Alive,
    /// Silent for `warntime`.
    Late,
    /// Silent for `deadtime`.
    Dead,
    /// Said goodbye.
    Left,
}

/// A peer as this node sees it.
#[derive(Clone, Copy, Debug)]
pub struct PeerView {
    /// Its state.
    pub state: PeerState,
    /// Its proven life.
    pub incarnation: Option<u64>,
    /// Since its last frame.
    pub silence: Duration,
    /// Where it is heard.
    pub links: LinkSet,
    /// Whether it hears us.
    pub hears_us: bool,
    /// What of its configuration differs.
    pub mismatch: Option<Difference>,
}

/// A group as this node sees it.
#[derive(Clone, Copy, Debug)]
pub struct GroupView {
    /// Its state here.
    pub state: GroupState,
    /// Its epoch.
    pub epoch: u8,
    /// Who holds it.
    pub holder: Option<NodeId>,
    /// Who should.
    pub wanted: Option<NodeId>,
    /// Why.
    pub reason: Reason,
    /// Whether this node stands by for it.
    pub standby: bool,
}

/// A link as this node sees it.
#[derive(Clone, Copy, Debug)]
pub struct LinkView {
    /// The kernel's word.
    pub carrier: Carrier,
    /// Frames sent.
    pub sent: u32,
    /// Frames accepted.
    pub heard: u32,
}

/// The stand-in.
#[derive(Clone, Debug)]
pub struct Node {
    me: NodeId,
    boot: Boot,
    keepalive: Duration,
    deadtime: Duration,
    beat_at: Instant,
    beat_due: bool,
    links: LinkSet,
    groups: GroupSet,
    own: GroupSet,
    state: PerGroup<GroupState>,
    asked: GroupSet,
    leaving: bool,
    left: bool,
    told: bool,
    carrier: PerLink<Option<Carrier>>,
    sent: u32,
    heard: u32,
    event: Option<Event>,
}

impl Node {
    /// A new life.
    pub fn new(config: &Config, boot: Boot, now: Instant) -> Self {
        let own = config.group_ids().filter(|g| {
            config.groups.get(g.index()).is_some_and(|g| g.home == config.me)
        });
        Self {
            me: config.me,
            boot,
            keepalive: config.timing.keepalive,
            deadtime: config.timing.deadtime,
            beat_at: now,
            beat_due: false,
            links: LinkSet::first(config.links.len()),
            groups: GroupSet::first(config.groups.len()),
            own: own.fold(GroupSet::EMPTY, GroupSet::with),
            state: PerGroup::new(|| GroupState::Idle),
            asked: GroupSet::EMPTY,
            leaving: false,
            left: false,
            told: false,
            carrier: PerLink::new(|| None),
            sent: 0,
            heard: 0,
            event: None,
        }
    }

    /// Something happened.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) -> Result<(), Reject> {
        match input {
            Input::Timeout => {
                if now >= self.beat_at {
                    self.beat_due = true;
                    self.beat_at = now.after(self.keepalive);
                }
            }
            Input::Frame { bytes, .. } => {
                if bytes.len() < 12 {
                    return Err(Reject::Malformed);
                }
                self.heard = self.heard.saturating_add(1);
            }
            Input::Link { link, carrier } => *self.carrier.at_mut(link) = Some(carrier),
            Input::Done { group, outcome } => {
                self.asked = self.asked.without(group);
                let state = match outcome {
                    Outcome::Stopped | Outcome::Occupied => GroupState::Idle,
                    Outcome::Running => GroupState::Held,
                    Outcome::StartFailed => GroupState::StartFailed,
                    Outcome::StopFailed => GroupState::StopFailed,
                };
                self.become_state(group, state);
            }
            Input::Command(Command::Shutdown) => self.leaving = true,
            Input::Command(Command::Standby(Selection::Group(group))) => {
                self.own = self.own.without(group);
            }
            Input::Command(Command::Takeover(Selection::Group(group))) => {
                self.own = self.own.with(group);
            }
            Input::Command(Command::Standby(_)) => self.own = GroupSet::EMPTY,
            Input::Command(Command::Takeover(_)) => self.own = self.groups,
        }
        Ok(())
    }

    fn become_state(&mut self, group: GroupId, state: GroupState) {
        *self.state.at_mut(group) = state;
        self.event = Some(Event::Group { group, state, reason: Reason::Home });
    }

    /// What to send.
    pub fn poll_transmit(&mut self, _now: Instant, buf: &mut [u8]) -> Option<Transmit> {
        if !core::mem::take(&mut self.beat_due) {
            return None;
        }
        buf.get_mut(..40)?.fill(7);
        self.sent = self.sent.saturating_add(1);
        Some(Transmit { links: self.links, len: 40 })
    }

    /// What to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        if !self.told {
            self.told = true;
            return Some(Action::Remember(self.boot.standby));
        }
        for group in self.groups.iter().filter(|g| !self.asked.contains(*g)) {
            let wanted = self.own.contains(group) && !self.leaving;
            let state = *self.state.at(group);
            if wanted && state == GroupState::Idle {
                self.asked = self.asked.with(group);
                self.become_state(group, GroupState::Starting);
                return Some(Action::Start { group, probe: false });
            }
            if !wanted && state == GroupState::Held {
                self.asked = self.asked.with(group);
                self.become_state(group, GroupState::Stopping);
                return Some(Action::Stop(group));
            }
        }
        if self.leaving && self.asked.is_empty() && !self.left {
            self.left = true;
            return Some(Action::Exit);
        }
        None
    }

    /// What to tell.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.event.take()
    }

    /// When to come back.
    pub fn deadline(&self) -> Instant {
        self.beat_at
    }

    /// Whether addresses may be held.
    pub fn may_hold(&self, _now: Instant, _group: GroupId) -> bool {
        true
    }

    /// Whether the loop is well.
    pub fn healthy(&self, _now: Instant) -> bool {
        true
    }

    /// Whether to read everything first.
    pub fn verdict_due(&self, _now: Instant) -> bool {
        false
    }

    /// This node.
    pub fn me(&self) -> NodeId {
        self.me
    }

    /// This life.
    pub fn incarnation(&self) -> u64 {
        self.boot.incarnation
    }

    /// A peer.
    pub fn peer(&self, _now: Instant, _node: NodeId) -> PeerView {
        PeerView {
            state: PeerState::Unheard,
            incarnation: None,
            silence: Duration::ZERO,
            links: LinkSet::EMPTY,
            hears_us: false,
            mismatch: None,
        }
    }

    /// A group.
    pub fn group(&self, _now: Instant, group: GroupId) -> GroupView {
        let state = *self.state.at(group);
        GroupView {
            state,
            epoch: 0,
            holder: (state == GroupState::Held).then_some(self.me),
            wanted: self.own.contains(group).then_some(self.me),
            reason: Reason::Home,
            standby: !self.own.contains(group),
        }
    }

    /// A link.
    pub fn link(&self, link: LinkId) -> LinkView {
        LinkView {
            carrier: self.carrier.at(link).unwrap_or(Carrier::Down),
            sent: self.sent,
            heard: self.heard,
        }
    }

    /// Refused frames.
    pub fn rejected(&self, _why: Reject) -> u32 {
        0
    }

    /// The smallest deadtime announced.
    pub fn shortest_deadtime(&self) -> Duration {
        self.deadtime
    }
}

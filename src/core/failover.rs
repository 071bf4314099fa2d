//! Which groups this node holds: placement, claims, transfer (DESIGN 7). It decides from what
//! beats carry; lost control words only cost time.

mod change;
mod claim;
mod connectivity;
mod decision;
mod dialogue;
mod failure;
mod fencing;
mod group;
mod order;
mod person;
mod placement;
mod retirement;
mod transfer;
mod view;

use crate::action::{Action, Event, Events, Kept, Outcome, Reason};
use crate::config::{Config, Dialect, Resource};
use crate::id::{GroupId, GroupSet, NodeId, PerGroup};
use crate::membership::{Alive, Membership};
use crate::time::{Duration, Instant};
use crate::wire::{ControlWord, Word};

use connectivity::Connectivity;
use failure::Failures;
use fencing::Fencing;
use group::{Group, State};
use transfer::Wish;

/// All groups of this node.
#[derive(Clone, Debug)]
pub(crate) struct Failover {
    me: NodeId,
    count: usize,
    groups: PerGroup<Group>,
    /// Groups this node stands by for: preferred last.
    standby: GroupSet,
    /// A person had this node serve nothing.
    disabled: bool,
    /// The newest word on maintenance, as beats carry it.
    pub(crate) maintenance: u8,
    /// What of this should outlive a restart, and that it changed.
    kept: Kept,
    remember: bool,
    leaving: bool,
    /// Since a stall nothing may be held: a peer may have taken over.
    suspension: Option<Suspension>,
    /// Some peer was alive once in this life.
    met: bool,
    /// Beside a real heartbeat: nothing is handed over unless it agreed.
    by_dialogue: bool,
    /// `watchdog ... required`.
    required: bool,
    armed: bool,
    /// Something did not stop here, and everything else was handed over; or a peer that saw this
    /// may believe this node dead, and will start the group when its watchdog must have fired. It
    /// waits for `deadtime` more than that, for this node may notice so much later.
    doomed: bool,
    pub(crate) connectivity: Connectivity,
    fencing: Fencing,
}

/// After a stall: until every live peer has echoed a frame of after it.
#[derive(Clone, Copy, Debug)]
struct Suspension {
    counter: u32,
    /// Attentive time until which at least this node listens.
    until: Duration,
}

impl Failover {
    pub(crate) fn new(config: &Config, kept: Kept) -> Self {
        let groups = configured(config);
        Self {
            me: config.me,
            count: config.groups.len(),
            standby: kept.standby,
            groups,
            disabled: kept.disabled,
            maintenance: 0,
            kept,
            remember: false,
            leaving: false,
            suspension: None,
            met: false,
            by_dialogue: config.dialect == Dialect::LinuxHa,
            required: config.watchdog.required,
            armed: false,
            doomed: false,
            connectivity: Connectivity::new(config),
            fencing: Fencing::new(config),
        }
    }

    /// This loop was late by `late`: what it holds is let go if a peer may have taken over.
    pub(crate) fn on_stall(
        &mut self,
        now: Instant,
        late: Duration,
        members: &Membership,
        events: &mut Events,
    ) {
        let deadtime = members.timing.deadtime;
        let limit = deadtime.minus(Duration::from_millis(100).min(deadtime.scaled(1, 4)));
        let age = members.newest_echo().map_or(late, |left| now.since(left));
        if age <= limit {
            return;
        }
        if self.suspension.is_none() {
            events.report(Event::Hold {
                held: false,
                reason: Reason::Stalled,
            });
        }
        self.suspension = Some(Suspension {
            counter: members.life.counter(),
            until: members.mark().plus(members.timing.keepalive.scaled(3, 2)),
        });
    }

    /// A peer's word for this node.
    pub(crate) fn on_word(
        &mut self,
        now: Instant,
        by: NodeId,
        word: ControlWord,
        members: &Membership,
    ) {
        // Of other groups it says nothing about ours.
        if !members.peer(by).alive().is_some_and(Alive::is_believed) {
            return;
        }
        match word {
            ControlWord::IpRequest {
                group,
                epoch,
                operator,
            } => {
                let group = self.groups.at_mut(group);
                if group.claim().is_some_and(|claim| claim.epoch == epoch) {
                    group.wish = Some(Wish { by, operator });
                }
            }
            ControlWord::IpRequestResp { group, granted } => {
                if !granted {
                    let request = &mut self.groups.at_mut(group).request;
                    request.next_at = now.after(members.timing.deadtime);
                    request.operator_until = None;
                }
            }
            ControlWord::Move { group } => self.take(now, group, false, true, members),
            ControlWord::Unmove { groups } => self.unpin(groups),
            ControlWord::RexmitRequest { .. } | ControlWord::Gone { .. } => {}
        }
    }

    /// A peer has left: what it leaves to this node, each with an epoch, may be started at once.
    pub(crate) fn on_leave(&mut self, epochs: &[u8]) {
        let groups = self.groups.iter_mut().take(self.count);
        for ((_, group), epoch) in groups.zip(epochs) {
            if claim::is_later(*epoch, group.epoch) {
                group.bequest = Some(*epoch);
            }
        }
    }

    pub(crate) fn on_done(
        &mut self,
        now: Instant,
        id: GroupId,
        outcome: Outcome,
        events: &mut Events,
    ) {
        self.groups.at_mut(id).on_done(now, outcome, events);
    }

    /// A resource of a group that runs here was found dead.
    pub(crate) fn on_death(&mut self, id: GroupId, events: &mut Events) {
        // In maintenance it is left as it is; it will be found again.
        if !person::is_on(self.maintenance) {
            self.groups.at_mut(id).on_death(events);
        }
    }

    /// A watchdog is armed, or none is.
    pub(crate) fn on_watchdog(&mut self, armed: bool) {
        self.armed = armed;
    }

    /// The beat numbered `counter` carries everything as it is now.
    pub(crate) fn on_beat_sent(&mut self, counter: u32) {
        for (_, group) in self.groups.iter_mut().take(self.count) {
            group.on_beat_sent(counter);
        }
    }

    pub(crate) fn poll_action(&mut self, members: &Membership) -> Option<Action> {
        if self.remember {
            self.remember = false;
            return Some(Action::Remember(self.kept));
        }
        if let Some(node) = self.fencing.poll() {
            return Some(Action::Fence(node));
        }
        let (count, withheld) = (self.count, self.withheld(members));
        self.groups
            .iter_mut()
            .take(count)
            .filter(|(id, _)| !withheld.contains(*id))
            .find_map(|(_, group)| group.poll_action())
    }

    /// When something here is due next.
    pub(crate) fn deadline(&self, members: &Membership) -> Instant {
        let suspended = self
            .suspension
            .map_or(Instant::NEVER, |held| members.instant(held.until));
        // Once it has passed, only a frame or a verdict can end a suspension.
        let due = self.connectivity.deadline(members);
        let mut due = due.min(self.fencing.deadline());
        if suspended > members.turned() {
            due = due.min(suspended);
        }
        if members.dark_at() > members.turned() {
            due = due.min(members.dark_at());
        }
        for id in self.ids() {
            let group = self.groups.at(id);
            if let Some(until) = group.request.operator_until {
                due = due.min(until);
            }
            if group.is_retiring() {
                continue; // Nothing begins with it.
            }
            match group.state {
                State::StartFailed { .. } => {
                    due = due.min(group.retry_at(self.is_alone(id, members)));
                }
                State::Idle { .. } => {
                    if group.request.asking {
                        due = due.min(group.request.next_at);
                    }
                    due = due.min(self.unstuck_at(id, members));
                }
                State::Unknown { .. } => due = due.min(self.unstuck_at(id, members)),
                State::Held { .. } => due = due.min(group.failures.review_at()),
                State::Claiming { .. }
                | State::Starting { .. }
                | State::Stopping { .. }
                | State::StopFailed { .. } => {}
            }
        }
        due
    }

    /// Whether addresses of a group may be held (rule R3).
    pub(crate) fn may_hold(&self, now: Instant, id: GroupId, members: &Membership) -> bool {
        let group = self.groups.at(id);
        // What nobody takes over at its own judgement need not be let go for fear of that.
        let alarming = !group.at_most_one && (self.is_unheard(members) || members.is_dark(now));
        let leaves = group.stops_in_order();
        (group.is_served() || leaves.is_some_and(|claim| !self.is_beaten(id, claim, members)))
            && self.suspension.is_none()
            && !members.is_cloned()
            && !alarming
    }

    /// What beats say of a group.
    pub(crate) fn word(&self, id: GroupId, members: &Membership) -> Word {
        let seen = self.seen(id, members);
        self.groups
            .at(id)
            .word(self.me, seen, self.standby.contains(id))
    }

    /// Whether a group's state changed since the last beat.
    pub(crate) fn changed(&self) -> bool {
        self.groups
            .iter()
            .take(self.count)
            .any(|(_, group)| group.shown.is_none())
    }

    /// Nothing of any group can run here any more, as far as stopping goes.
    pub(crate) fn is_released(&self) -> bool {
        self.ids().all(|id| match self.groups.at(id).state {
            State::Idle { .. } | State::StartFailed { .. } | State::StopFailed { .. } => true,
            State::Unknown { .. }
            | State::Claiming { .. }
            | State::Starting { .. }
            | State::Held { .. }
            | State::Stopping { .. } => false,
        })
    }

    /// A group could not be stopped here.
    pub(crate) fn is_stuck(&self) -> bool {
        self.ids()
            .any(|id| matches!(self.groups.at(id).state, State::StopFailed { .. }))
    }

    /// The watchdog should reset this machine.
    pub(crate) fn is_doomed(&self) -> bool {
        self.doomed
    }

    /// No group is taken for want of a watchdog.
    pub(crate) fn is_unguarded(&self) -> bool {
        self.required && !self.armed
    }

    /// A person had this node serve nothing.
    pub(crate) fn is_disabled(&self) -> bool {
        self.disabled
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving
    }

    pub(crate) fn group(&self, id: GroupId) -> &Group {
        self.groups.at(id)
    }

    pub(crate) fn stands_by(&self, id: GroupId) -> bool {
        self.standby.contains(id)
    }

    /// Whether there is such a group.
    pub(crate) fn exists(&self, id: GroupId) -> bool {
        id.index() < self.count
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = GroupId> + use<> {
        GroupId::first(self.count)
    }
}

/// Every group as a new life finds it.
fn configured(config: &Config) -> PerGroup<Group> {
    let mut ids = GroupId::first(crate::id::MAX_GROUPS);
    let first = config.me; // a place that no group has needs a home, too
    let is_script = |resource: &Resource| matches!(resource, Resource::Script(_));
    PerGroup::new(|| {
        let id = ids.next().unwrap_or(GroupId::ZERO);
        let scripts = config.group_resources(id).iter().any(is_script);
        let leader = config.groups.get(config.leader(id).index());
        let mut made = Group::new(id, leader.map_or(first, |group| group.home), scripts);
        made.failback = leader.is_some_and(|group| config.fails_back(group));
        if let Some(group) = config.groups.get(id.index()) {
            made.failures = Failures::new(&group.options);
            made.at_most_one = group.options.at_most_one();
            (made.after, made.with) = (group.options.after, group.options.with);
        }
        made
    })
}

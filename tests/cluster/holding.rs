//! The rules about who holds what, each looked at in the step in which it could be broken.

use twinbeat::action::{GroupState, Reason};
use twinbeat::config::Dialect;
use twinbeat::id::GroupId;
use twinbeat::time::Instant;

use super::machine::Scripts;
use super::words::Note;
use super::{Cluster, Happening};

impl Cluster {
    /// R1: nothing is started here while a machine that hears this one, and is heard, has it.
    pub(super) fn check_start(&mut self, machine: usize, group: GroupId) {
        self.check_order_of_start(machine, group);
        let restarting = &mut self.machines[machine].restarting;
        if let Some(place) = restarting.iter().position(|one| *one == group.index()) {
            // It ran here a moment ago: what was so before is as it was.
            restarting.swap_remove(place);
            return;
        }
        for other in 0..self.machines.len() {
            if other != machine
                && self.machines[other].runs()
                && self.machines[other].groups[group.index()].active()
                && self.have_agreed(machine, other)
            {
                self.fail(format!(
                    "R1: {} starts {} while {} has it",
                    self.machines[machine].name,
                    self.key(group),
                    self.machines[other].name
                ));
            }
        }
        if self.is_disabled(machine) {
            self.fail(format!(
                "{} starts something and is disabled",
                self.machines[machine].name
            ));
        }
        // In maintenance only a person, or a node that leaves or has to let go, moves anything.
        if let Some(node) = &self.machines[machine].node
            && node.maintenance().0
        {
            let local = self.machines[machine].local(group).unwrap();
            let why = node.group(self.clock(machine), local).reason;
            let given = matches!(
                why,
                Reason::Granted
                    | Reason::HolderLeft
                    | Reason::HolderStandsBy
                    | Reason::PeerStartFailed
                    | Reason::With
            );
            if !given && !matches!(why, Reason::Operator | Reason::Running) {
                self.fail(format!(
                    "{} is started in maintenance: {why:?}",
                    self.key(group)
                ));
            }
        }
        // What is known not to have stopped is started when a watchdog has ended it, or never.
        for other in 0..self.machines.len() {
            let runs = self.machines[other].groups[group.index()].scripts != Scripts::Stopped;
            if runs && self.rules.knows_stuck(machine, other, group) {
                self.fail(format!(
                    "{} starts {}, which did not stop on {}",
                    self.machines[machine].name,
                    self.key(group),
                    self.machines[other].name
                ));
            }
        }
        let held = |one: &super::machine::Machine| {
            let held = &one.groups[group.index()];
            held.active() || held.installed(self.now)
        };
        let mut others = (0..self.machines.len()).filter(|other| *other != machine);
        if self.settings.groups[group.index()].at_most_one
            && let Some(other) = others.find(|other| held(&self.machines[*other]))
        {
            self.fail(format!(
                "R1: {} starts {}, which may run once, while {} has it",
                self.machines[machine].name,
                self.key(group),
                self.machines[other].name
            ));
        }
        let starter = &mut self.rules.starter[group.index()];
        if starter.is_some_and(|before| before != machine) {
            self.rules.takeovers += 1;
        }
        *starter = Some(machine);
        self.rules.starts += 1;
    }

    /// Two hear each other; where a word of one may have to be said again, for a while.
    fn have_agreed(&self, one: usize, other: usize) -> bool {
        let since = self.rules.joined(one, other, self.now);
        since.is_some_and(|since| self.now - since >= self.settings.contest())
    }

    /// R1 and R4 after a heal: two that hear each other do not both go on.
    pub(super) fn check_groups(&mut self, machine: usize) {
        // One may have to wait for others to stop.
        let scripts = 2 * self.script_limit * (1 + self.chain());
        let long = self.settings.deadtime + 2 * self.settings.keepalive + scripts;
        let long = long + self.settings.contest();
        for other in 0..self.machines.len() {
            let joined = self.rules.joined(machine, other, self.now);
            // Nothing stops because two differ.
            let agreed =
                joined.and_then(|since| Some(since.max(self.agreed_since(machine, other)?)));
            if other == machine || agreed.is_none_or(|since| self.now - since < long) {
                continue;
            }
            for group in GroupId::first(self.settings.groups.len()) {
                let both = [machine, other].iter().all(|one| {
                    self.machines[*one].groups[group.index()].active()
                        && self.state(*one, group) != Some(GroupState::StopFailed)
                });
                if both {
                    self.fail(format!("R4: two go on with {}", self.key(group)));
                }
            }
        }
    }

    /// R3: after a stall nothing is held that a peer may have taken over.
    pub(super) fn check_late(&self, machine: usize, deadline: Instant) {
        let one = &self.machines[machine];
        let deadtime = self.settings.deadtime;
        if self.settings.dialect == Dialect::LinuxHa {
            return; // Whether a peer hears this node is taken for granted.
        }
        let Some(node) = &one.node else {
            return;
        };
        let late = self.clock(machine).since(deadline).micros();
        let oldest = deadtime - (deadtime / 4).min(100_000);
        let unconfirmed = self.now - self.rules.confirmed_at[machine].min(self.now) > oldest;
        let mut peers = one.config.node_ids().filter(|peer| *peer != one.me);
        let hearing = peers.any(|peer| node.peer(self.clock(machine), peer).hears_us);
        let stalled = late > self.settings.keepalive.max(deadtime / 4);
        let held = |group: &super::machine::Group| group.installed(self.now);
        if stalled && unconfirmed && hearing && one.groups.iter().any(held) {
            self.fail(format!("R3: {} holds an address after a stall", one.name));
        }
    }

    /// R3: nothing is held by a node that could tell nobody for so long that a live peer may take
    /// over.
    pub(super) fn check_dark(&mut self, machine: usize) {
        let (now, instant) = (self.now, self.clock(machine));
        let dark = self.settings.deadtime.saturating_sub(self.lease + 400_000);
        let dark = dark.max(self.settings.keepalive * 3 / 2) + self.wake_delay;
        let one = &mut self.machines[machine];
        let Some(node) = one.node.as_ref().filter(|_| one.carrier.is_empty()) else {
            one.dark_since = None;
            return;
        };
        let since = *one.dark_since.get_or_insert(now);
        let me = one.me;
        let heard =
            (one.config.node_ids()).any(|peer| peer != me && node.peer(instant, peer).hears_us);
        // Nobody takes over what may be held once only.
        let mut groups = one.groups.iter().zip(&self.settings.groups);
        let held = groups.any(|(group, settings)| !settings.at_most_one && group.installed(now));
        if heard && held && now - since >= dark {
            let name = one.name.clone();
            self.fail(format!("R3: {name} holds an address without any link"));
        }
    }

    /// The lease of a group's addresses may have ended.
    pub(super) fn lapse(&mut self, machine: usize, group: GroupId) {
        let now = self.now;
        let one = self.group(machine, group);
        one.look_at = 0;
        if one.installed(now) {
            let until = one.installed_until;
            one.look_at = until;
            self.plan(until, Happening::Lapse(machine, group));
        } else if one.installed_until > 0 {
            one.installed_until = 0;
            self.note(machine, Note::Lapses(group));
            self.check_lapse(machine, group);
        }
    }

    /// A lease does not end under a loop that works.
    fn check_lapse(&self, machine: usize, group: GroupId) {
        let one = &self.machines[machine];
        let held = &one.groups[group.index()];
        if one.runs() && held.wanted && one.stalled_until < held.refreshed_at {
            self.fail(format!(
                "the lease of {} ended on {}",
                self.key(group),
                one.name
            ));
        }
    }

    /// An address appears: for how long will another machine still have it?
    pub(super) fn check_address(&mut self, machine: usize, group: GroupId) {
        for (other, one) in self.machines.iter().enumerate() {
            let until = one.groups[group.index()].installed_until;
            if other != machine && until > self.now {
                self.rules.both = self.rules.both.max(until - self.now);
            }
        }
    }

    /// A node that leaves has released what it could.
    pub(super) fn check_exit(&self, machine: usize) {
        for id in GroupId::first(self.settings.groups.len()) {
            let stuck = self.state(machine, id) == Some(GroupState::StopFailed);
            if self.machines[machine].groups[id.index()].active() && !stuck {
                self.fail(format!(
                    "{} left with {}",
                    self.machines[machine].name,
                    self.key(id)
                ));
            }
        }
    }

    /// Beats, questions and answers are bounded.
    pub(super) fn check_storm(&mut self, machine: usize) {
        let window = 4 * self.settings.keepalive;
        let peers = self.machines.len() as u64;
        let groups = self.settings.groups.len() as u64;
        let now = self.now;
        let one = &mut self.machines[machine];
        if now - one.window_at >= window {
            (one.window_at, one.built) = (now, 0);
        }
        one.built += 1;
        // With heartbeat's dialect all that is kept may be asked for again.
        if one.built > 100 * peers + 40 * groups + self.settings.repeated(window) {
            let (name, built) = (one.name.clone(), one.built);
            self.fail(format!("{name} sent {built} frames in 4 k"));
        }
    }
}

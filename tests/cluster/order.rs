//! The rules about groups that come after others or go with them.

use twinbeat::action::GroupState;
use twinbeat::id::{GroupId, GroupSet};

use super::Cluster;

impl Cluster {
    /// The group that one is started after, and the one that it goes with, in the files of a machine.
    fn others(&self, machine: usize, group: GroupId) -> [Option<GroupId>; 2] {
        let one = &self.machines[machine];
        let Some(local) = one.local(group) else {
            return [None; 2];
        };
        let options = one.config.groups[local.index()].options;
        [options.after, options.with].map(|other| Some(one.world(other?)))
    }

    pub(super) fn goes_with_another(&self, machine: usize, group: GroupId) -> bool {
        self.others(machine, group)[1].is_some()
    }

    /// The set and everything that depends on it.
    pub(super) fn with_dependents(&self, machine: usize, mut groups: GroupSet) -> GroupSet {
        for _ in 0..self.settings.groups.len() {
            for id in GroupId::first(self.settings.groups.len()) {
                let mut others = self.others(machine, id).into_iter().flatten();
                if others.any(|other| groups.contains(other)) {
                    groups = groups.with(id);
                }
            }
        }
        groups
    }

    /// How many have to wait for each other at most.
    pub(crate) fn chain(&self) -> u64 {
        let groups = self.settings.groups.iter();
        let depends = groups.filter(|group| (group.after, group.with) != (None, None));
        depends.count() as u64
    }

    /// Remembers what runs.
    pub(super) fn note_held(&mut self, machine: usize) {
        if self.chain() == 0 {
            return;
        }
        for group in GroupId::first(self.settings.groups.len()) {
            let state = self.state(machine, group);
            if state == Some(GroupState::Held) {
                self.rules.held_at[group.index()] = Some(self.now);
            }
            if state.is_some_and(GroupState::holds) {
                self.rules.claimed_at[group.index()] = Some(self.now);
            }
        }
    }

    /// A group is started when the one it comes after is held, as the node knows it: by beats, which
    /// may be as old as a stall is long and a deadtime on top. Of a node out of its hearing it learns only
    /// that it has it, or wants it.
    pub(super) fn check_order_of_start(&self, machine: usize, group: GroupId) {
        let Some(other) = self.others(machine, group)[0] else {
            return;
        };
        let all = || (0..self.machines.len()).filter(|one| *one != machine);
        let unheard = all().any(|one| self.rules.joined(machine, one, self.now).is_none());
        let lately = match unheard {
            true => self.rules.claimed_at[other.index()],
            false => self.rules.held_at[other.index()],
        };
        let held = |one| self.state(one, other) == Some(GroupState::Held);
        let now = held(machine) || all().any(held);
        if !now && lately.is_none_or(|at| self.now - at > 6 * self.settings.deadtime) {
            self.fail(format!(
                "{} starts {} while nobody holds {}",
                self.machines[machine].name,
                self.key(group),
                self.key(other)
            ));
        }
    }

    /// Where both are stopped, what comes after another has stopped before.
    pub(super) fn check_order_of_stop(&self, machine: usize, other: GroupId) {
        for group in GroupId::first(self.settings.groups.len()) {
            let stopping = self.is_stopping(machine, group);
            if self.others(machine, group)[0] == Some(other) && stopping {
                self.fail(format!(
                    "{} stops {} before {}",
                    self.machines[machine].name,
                    self.key(other),
                    self.key(group)
                ));
            }
        }
    }

    fn is_stopping(&self, machine: usize, group: GroupId) -> bool {
        // One that waits for other files says so when it has stopped.
        self.machines[machine].groups[group.index()].active()
            && self.state(machine, group) == Some(GroupState::Stopping)
    }

    /// By the files of one machine, in the end a group is where the one is that it goes with. If it failed to start there it is
    /// nowhere; then nothing more is asked of it.
    pub(super) fn check_together(
        &self,
        files: usize,
        group: GroupId,
        serving: &dyn Fn(usize) -> bool,
    ) -> bool {
        let Some(other) = self.others(files, group)[1] else {
            return true;
        };
        let held = |one: &usize| self.state(*one, other) == Some(GroupState::Held);
        let Some(place) = (0..self.machines.len()).find(held) else {
            return false;
        };
        for one in (0..self.machines.len()).filter(|one| *one != place) {
            if serving(one) {
                self.fail(format!(
                    "{} has {} but {} has {}",
                    self.machines[one].name,
                    self.key(group),
                    self.machines[place].name,
                    self.key(other)
                ));
            }
        }
        self.state(place, group) != Some(GroupState::StartFailed)
    }
}

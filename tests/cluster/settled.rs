//! What must be true in the end, when the world has been without faults for long enough.

use twinbeat::action::GroupState;
use twinbeat::config::Dialect;
use twinbeat::id::{GroupId, GroupSet};

use super::Cluster;
use super::machine::Machine;

impl Cluster {
    /// R2 and R4, in a world without faults: every group on exactly one able node, and all agree.
    /// Groups that failed to start somewhere may be on their way.
    pub(crate) fn check_settled(&self, failed: GroupSet) {
        let running: Vec<usize> = (0..self.machines.len())
            .filter(|machine| self.machines[*machine].runs())
            .collect();
        // All have the same files by then.
        let Some(files) = running.first().copied() else {
            return;
        };
        let planned = |group: &GroupId| self.machines[files].local(*group).is_some();
        let groups = || GroupId::first(self.settings.groups.len()).filter(planned);
        let is_unsure = |group: &GroupId| {
            let mut class = self.settings.class(*group).iter();
            class.any(|one| self.is_unsure(one, failed, &running))
        };
        let unsure = groups().filter(is_unsure);
        let unsure = unsure.fold(GroupSet::EMPTY, GroupSet::with);
        let dependents = self.with_dependents(files, GroupSet(failed.0 | unsure.0));
        let unsure = GroupSet((dependents.0 & !failed.0) | unsure.0);
        for group in groups().filter(|group| !unsure.contains(*group)) {
            let able = |one: &usize| self.takes(*one, group);
            let serving = |one: &&usize| {
                let held = &self.machines[**one].groups[group.index()];
                self.state(**one, group) == Some(GroupState::Held) && held.served(self.now)
            };
            if !self.check_together(files, group, &|one| serving(&&one)) {
                continue;
            }
            let holders: Vec<&usize> = running.iter().filter(serving).collect();
            let [holder] = holders[..] else {
                self.fail(format!("R2: {} is served by {holders:?}", self.key(group)));
            };
            if !self.goes_with_another(files, group) {
                self.check_connected(*holder, group, &able);
            }
            for (other, one) in self.machines.iter().enumerate() {
                let held = &one.groups[group.index()];
                let also = held.installed(self.now) || (one.runs() && held.active());
                if other != *holder && also {
                    self.fail(format!("R2: {} has {} too", one.name, self.key(group)));
                }
                let now = self.instant();
                let node = one.node.as_ref().zip(one.local(group));
                let seen = node.map(|(node, local)| node.group(now, local).holder);
                if seen.is_some_and(|seen| seen != Some(self.machines[*holder].me)) {
                    self.fail(format!(
                        "R4: {} sees {} at {seen:?}",
                        one.name,
                        self.key(group)
                    ));
                }
            }
        }
    }

    /// Nothing is known for sure of where a group has to be.
    fn is_unsure(&self, group: GroupId, failed: GroupSet, running: &[usize]) -> bool {
        let states = || running.iter().filter_map(|one| self.state(*one, group));
        let left_stuck = |one: &Machine| one.groups[group.index()].stuck;
        let stuck = states().any(|state| state == GroupState::StopFailed)
            || self.machines.iter().any(left_stuck);
        let able = running.iter().any(|one| self.is_able(*one, group));
        let resting = |state| matches!(state, GroupState::Idle | GroupState::Held);
        let moving = failed.contains(group) && !states().all(resting);
        // Whoever is missing, or not heard, may be on it.
        let all = || 0..self.machines.len();
        let met = |one: usize| all().all(|other| one == other || self.network.joined(one, other));
        let settings = &self.settings.groups[group.index()];
        let unknown = settings.at_most_one && !(running.len() == all().len() && all().all(met));
        stuck || !able || moving || unknown
    }

    /// In heartbeat's dialect an offer is of all that should move: one group that failed keeps the others
    /// away.
    fn takes(&self, machine: usize, group: GroupId) -> bool {
        let together = self.settings.dialect == Dialect::LinuxHa;
        let mut groups = GroupId::first(self.settings.groups.len());
        groups.all(|one| self.is_able(machine, one) || !(together || one == group))
    }

    /// A node that could not stop something gives everything else away and takes nothing.
    fn is_able(&self, machine: usize, group: GroupId) -> bool {
        let failed = self.state(machine, group) == Some(GroupState::StartFailed);
        !failed && !self.is_stuck(machine) && !self.is_disabled(machine)
    }

    /// Nobody who hears the holder and could serve the group reaches more than the holder does.
    fn check_connected(&self, holder: usize, group: GroupId, able: &dyn Fn(&usize) -> bool) {
        let lost = |machine: usize| self.machines[machine].lost.iter().count();
        for other in 0..self.machines.len() {
            let candidate =
                self.machines[other].runs() && able(&other) && self.network.joined(holder, other);
            if candidate && lost(other) < lost(holder) {
                self.fail(format!(
                    "R2: {} is better connected than the holder of {}",
                    self.machines[other].name,
                    self.key(group)
                ));
            }
        }
    }

    pub(super) fn is_disabled(&self, machine: usize) -> bool {
        let node = self.machines[machine].node.as_ref();
        node.is_some_and(|node| node.is_disabled())
    }

    fn is_stuck(&self, machine: usize) -> bool {
        let mut groups = GroupId::first(self.settings.groups.len());
        groups.any(|group| self.state(machine, group) == Some(GroupState::StopFailed))
    }
}

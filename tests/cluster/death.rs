//! What ends a resource that runs, how its monitor finds that, and its start in place.

use twinbeat::action::{GroupState, Outcome};
use twinbeat::id::GroupId;

use super::machine::{Arrival, Behaviour, Scripts};
use super::planned::Happening;
use super::shell::JobEnd;
use super::{Cluster, words};

impl Cluster {
    /// A script's program ends without having been told to.
    pub(crate) fn die(&mut self, machine: usize, group: usize) {
        let one = &mut self.machines[machine].groups[group];
        if one.scripts == Scripts::Running {
            one.scripts = Scripts::Stopped;
            self.note(machine, words::Note::Fault("loses a resource"));
            let id = GroupId::new(group).unwrap();
            self.watch(machine, id);
        }
    }

    /// A status says "stopped" of what runs.
    pub(crate) fn cry_wolf(&mut self, machine: usize, group: usize) {
        if self.machines[machine].runs() {
            let died = Arrival::Died(GroupId::new(group).unwrap());
            self.machines[machine].receive(died);
            self.wake(machine, self.now);
        }
    }

    /// The next status is some time ahead.
    fn watch(&mut self, machine: usize, group: GroupId) {
        let life = self.machines[machine].life;
        let found = Happening::Found(machine, group, life);
        self.plan(self.now + self.monitor, found);
    }

    /// A status is asked for.
    pub(super) fn find(&mut self, machine: usize, group: GroupId, life: u32) {
        let one = &self.machines[machine];
        let held = &one.groups[group.index()];
        let dead = held.scripts == Scripts::Stopped && held.started;
        if !one.runs() || one.life != life || !dead {
            return;
        }
        if self.state(machine, group) == Some(GroupState::Held) {
            self.machines[machine].receive(Arrival::Died(group));
            self.turn(machine);
        }
        // Whoever is not told to start it again looks again.
        self.watch(machine, group);
    }

    /// Everything from the right down to what died is stopped, then started.
    pub(super) fn restart(&mut self, machine: usize, group: GroupId) {
        let (limit, time) = (self.script_limit, self.random.below(self.script_time));
        self.rules.restarts += 1;
        let one = &mut self.machines[machine].groups[group.index()];
        if !one.has_scripts {
            return self.done(machine, group, Outcome::Running);
        }
        let stops = one.scripts == Scripts::Stopped || one.on_stop == Behaviour::Works;
        let (how, end) = match stops {
            true => (one.on_start, JobEnd::StartFailed),
            false => (one.on_stop, JobEnd::StopFailed),
        };
        one.scripts = Scripts::Starting;
        match how {
            Behaviour::Works => self.job(machine, group, time, JobEnd::Started),
            Behaviour::Fails => self.job(machine, group, time, end),
            Behaviour::Hangs => self.job(machine, group, limit, end),
            Behaviour::Crawls => self.job(machine, group, limit - 1, JobEnd::Started),
            Behaviour::Sticks => self.job(machine, group, limit, JobEnd::StopFailed),
        }
    }

    /// How long a call takes, and how it ends.
    pub(super) fn course(
        &mut self,
        behaviour: Behaviour,
        well: JobEnd,
        ill: JobEnd,
    ) -> (u64, JobEnd) {
        match behaviour {
            Behaviour::Works => (self.random.below(self.script_time), well),
            Behaviour::Fails => (self.random.below(self.script_time), ill),
            Behaviour::Hangs => (self.script_limit, ill),
            Behaviour::Crawls => (self.script_limit - 1, well),
            Behaviour::Sticks => (self.script_limit, JobEnd::StopFailed),
        }
    }
}

//! Switching a silent node off: the script of a simulated machine.

use twinbeat::id::NodeId;

use super::machine::{Arrival, Behaviour};
use super::{Cluster, Happening};

impl Cluster {
    /// The power is cut at once and the script says so later; or it fails, or hangs and may have cut it.
    pub(super) fn begin_fence(&mut self, machine: usize, node: NodeId) {
        self.check_fence(machine, node);
        let how = self.machines[machine].fence;
        let (time, off) = match how {
            Behaviour::Works | Behaviour::Crawls => (self.random.below(self.script_time), true),
            Behaviour::Fails => (self.random.below(self.script_time), false),
            Behaviour::Hangs | Behaviour::Sticks => (self.script_limit, false),
        };
        if off || (how == Behaviour::Hangs && self.random.chance(500_000)) {
            self.power_off(node.index());
            self.rules.fenced += 1;
        }
        let ends = Happening::Fenced {
            machine,
            life: self.machines[machine].life,
            node,
            off,
        };
        self.plan(self.now + time, ends);
    }

    pub(super) fn fence_ends(&mut self, machine: usize, life: u32, node: NodeId, off: bool) {
        if self.machines[machine].runs() && self.machines[machine].life == life {
            self.machines[machine].receive(Arrival::Fenced(node, off));
            self.wake(machine, self.now);
        }
    }

    /// Nobody is switched off who is heard, nor for nothing.
    fn check_fence(&self, machine: usize, node: NodeId) {
        let other = node.index();
        let [one, name] = [machine, other].map(|one| &self.machines[one].name);
        if self.machines[other].runs() && self.rules.joined(machine, other, self.now).is_some() {
            self.fail(format!("{one} switches {name} off, which it hears"));
        }
        let single = self.settings.groups.iter().any(|group| group.at_most_one);
        if !single && !self.rules.knows_any_stuck(machine, other) {
            self.fail(format!("{one} switches {name} off for nothing"));
        }
    }
}

//! Other files, on one machine after another, in the midst of everything.

use super::Faults;
use crate::cluster::Cluster;
use crate::cluster::plan::Plan;
use crate::cluster::random::Random;

/// What is to be on every machine in the end.
pub(super) struct Rollout {
    target: Plan,
    /// Every plan so far: two that peers could not tell apart by chance are not both used.
    plans: Vec<Plan>,
    /// In how many of a million pauses something is reloaded.
    rate: u64,
}

impl Rollout {
    pub(super) fn new(cluster: &Cluster, random: &mut Random) -> Self {
        let target = Plan::of(&cluster.settings);
        Self {
            plans: vec![target.clone()],
            target,
            rate: random.pick(&[0, 100_000, 500_000]),
        }
    }

    /// The files stay as they are.
    pub(super) fn none(cluster: &Cluster) -> Self {
        let target = Plan::of(&cluster.settings);
        Self {
            plans: vec![target.clone()],
            target,
            rate: 0,
        }
    }

    /// Some groups, in some order, some with a resource more, signed by one of two keys.
    fn draw(&mut self, cluster: &Cluster, random: &mut Random) {
        let mut plan = Plan::of(&cluster.settings);
        for place in (1..plan.groups.len()).rev() {
            plan.groups.swap(place, random.index(place + 1));
        }
        plan.groups.retain(|_| random.chance(850_000));
        let all = plan.groups.iter();
        plan.longer = all.copied().filter(|_| random.chance(150_000)).collect();
        (plan.keys, plan.signing) = (vec![1, 2], random.pick(&[1, 2]));
        // In the order of numbers: a set.
        plan.longer.sort_unstable();
        if !self.plans.iter().any(|one| cluster.are_alike(one, &plan)) {
            self.plans.push(plan.clone());
            self.target = plan;
        }
    }
}

impl Faults {
    /// Sometimes one machine gets what all are to have, sometimes all are to have something new.
    pub(super) fn reload_one(&mut self) {
        let random = &mut self.reload_random;
        if !random.chance(self.rollout.rate) {
            return;
        }
        if random.chance(400_000) {
            self.rollout.draw(&self.cluster, random);
        }
        let machine = random.index(self.cluster.machines.len());
        self.cluster.reload(machine, self.rollout.target.clone());
    }

    /// Every machine has it in the end. What cannot be taken up is, by a restart.
    pub(super) fn reload_all(&mut self) {
        let machines = 0..self.cluster.machines.len();
        for round in 0..3 {
            for machine in machines.clone() {
                if !self.cluster.is_reloaded(machine)
                    || self.cluster.machines[machine].files != self.rollout.target
                {
                    if round == 2 {
                        self.cluster.kill(machine);
                    }
                    self.cluster.reload(machine, self.rollout.target.clone());
                    if round == 2 {
                        self.cluster.boot(machine);
                    }
                }
            }
            if round < 2 && !machines.clone().all(|one| self.cluster.is_reloaded(one)) {
                self.pass(100_000_000);
            }
        }
    }
}

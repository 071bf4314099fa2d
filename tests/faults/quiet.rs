//! The end of a seed: everything is mended, and all is served again.

use twinbeat::action::{Carrier, GroupState};
use twinbeat::config::Dialect;
use twinbeat::id::{GroupId, GroupSet, NodeId, NodeSet};

use super::{Faults, LONGEST_DOG};
use crate::cluster::machine::Behaviour;
use crate::cluster::network::Quality;
use crate::cluster::settings::Settings;

impl Faults {
    /// Everything is mended; after the time of R2 all is served, by one node each, and stays so.
    pub(super) fn quiet(&mut self) {
        let Settings {
            keepalive,
            deadtime,
            initdead,
            ..
        } = self.cluster.settings;
        // A cable that was never there: the node in the middle hears both ends.
        self.adversary &= self.cluster.settings.dialect == Dialect::Native;
        let line = self.cluster.machines.len() == 3 && self.random.chance(500_000);
        if line {
            self.cluster.network.join();
        } else {
            self.cluster.network.heal();
        }
        self.cluster.network.quality = Quality::GOOD;
        self.plug_in();
        self.mend_scripts();
        self.cluster.end_stalls();
        // Nodes that were told to leave have left.
        let scripts = 100_000 + 2 * self.cluster.script_limit;
        self.pass(scripts + deadtime);
        if self.dogs {
            // Loops that were tired are reset, and back.
            self.pass((LONGEST_DOG + 6) * 1_000_000);
        }
        // Of a ring of four two may lie between the others, whose ends nothing else joins.
        let all = line || self.cluster.settings.links == 0;
        let mut back = NodeSet::EMPTY;
        for (machine, node) in NodeId::first(self.cluster.machines.len()).enumerate() {
            if all || machine == 0 || self.random.chance(800_000) {
                self.cluster.boot(machine);
                back = back.with(node);
            }
        }
        self.reload_all();
        // Those that booted may have missed what was said before.
        self.pass(keepalive);
        // Before it was heard one may have been switched off for what it was.
        back.iter().for_each(|node| self.cluster.boot(node.index()));
        self.end_maintenance();
        let failed = self.failed();
        // A difference in connectivity has to be found, and to last.
        let reach = match self.cluster.settings.hosts {
            0 => 0,
            _ => 2 * self.cluster.settings.deadping + 6 * keepalive + scripts,
        };
        // One waits for another, or follows it.
        let order = self.cluster.chain() * (2 * scripts + 4 * keepalive);
        let most = 2 * deadtime.max(initdead) + 4 * keepalive + 200_000 + scripts + reach + order;
        self.pass(most + self.dialogue());
        let failed = GroupSet(failed.0 | self.failed().0);
        self.cluster.check_settled(failed);
        let starts = self.cluster.rules.starts;
        self.pass(3 * deadtime + self.dialogue());
        self.cluster.check_settled(failed);
        if failed.is_empty() && self.cluster.rules.starts != starts {
            self.cluster
                .fail("something moved in a world without faults");
        }
    }

    pub(super) fn plug_in(&mut self) {
        for machine in 0..self.cluster.machines.len() {
            for link in 0..self.cluster.links(machine) {
                self.cluster.set_carrier(machine, link, Carrier::Up);
            }
        }
    }

    pub(super) fn mend_scripts(&mut self) {
        for machine in &mut self.cluster.machines {
            for group in &mut machine.groups {
                (group.on_start, group.on_stop) = (Behaviour::Works, Behaviour::Works);
            }
        }
    }

    /// Groups that failed somewhere: they are tried again some time.
    fn failed(&self) -> GroupSet {
        let now = self.cluster.instant();
        let machines = &self.cluster.machines;
        GroupId::first(self.cluster.settings.groups.len())
            .filter(|group| {
                machines.iter().any(|one| {
                    let state = one.view(now, *group).map(|(state, ..)| state);
                    matches!(
                        state,
                        Some(GroupState::StartFailed | GroupState::StopFailed)
                    )
                })
            })
            .fold(GroupSet::EMPTY, |failed, group| {
                GroupSet(failed.0 | self.cluster.settings.class(group).0)
            })
    }
}

//! What a person does while faults go on: moves, disables, calls maintenance, vouches for a node.

use twinbeat::action::{Command, GroupState, Selection};
use twinbeat::id::{GroupId, NodeId};

use super::{Faults, selection};

impl Faults {
    /// Drawn apart, so that the rest of a seed's story is as it was.
    pub(super) fn person(&mut self) {
        let random = &mut self.person_random;
        let machines = self.cluster.machines.len();
        let machine = random.index(machines);
        let count = self.cluster.settings.groups.len();
        let group = GroupId::new(random.index(count)).unwrap();
        let command = match random.below(24) {
            0 | 1 => Command::Move {
                group,
                to: NodeId::new(random.index(machines)).unwrap(),
            },
            2 => Command::Unmove(selection(random, count)),
            3 => Command::Serve(random.chance(700_000)),
            4 => Command::Maintenance(random.chance(400_000)),
            5 => Command::Keep(Some(selection(random, count))),
            6 => Command::Keep(None),
            7 => return self.vouch(machine, group),
            _ => return,
        };
        self.order(machine, command);
    }

    /// Forces a group, and tells the truth: every other machine is off, or is heard and was cleared
    /// of what it could not stop.
    fn vouch(&mut self, machine: usize, group: GroupId) {
        let cluster = &mut self.cluster;
        let now = cluster.now;
        let others = || (0..cluster.machines.len()).filter(|other| *other != machine);
        let off = |other: usize| !cluster.machines[other].runs();
        let stuck = |other| cluster.state(other, group) == Some(GroupState::StopFailed);
        let known = |other| off(other) || cluster.rules.joined(machine, other, now).is_some();
        if off(machine) || cluster.machines[machine].stalled_until > now || !others().all(known) {
            return;
        }
        let cleared: Vec<usize> = others()
            .filter(|other| off(*other) || stuck(*other))
            .collect();
        for other in cleared {
            cluster.clear_by_hand(other, group.index());
        }
        cluster.command(machine, Command::Force(Selection::Group(group)));
    }

    /// In the end nothing is held back, but some nodes stay disabled.
    pub(super) fn end_maintenance(&mut self) {
        for machine in 0..self.cluster.machines.len() {
            self.cluster.command(machine, Command::Maintenance(false));
        }
    }
}

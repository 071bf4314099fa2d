//! A machine's files change, and its agent takes them up as the real shell does: what goes is
//! stopped first, nothing is under way, and what did not change is not touched.

use twinbeat::Node;
use twinbeat::action::{Action, Difference, GroupState, Kept};
use twinbeat::config::{Change, Origin, Refusal};
use twinbeat::id::GroupSet;
use twinbeat::time::Instant;

use super::Cluster;
use super::machine::Scripts;
use super::outputs::Outputs;
use super::plan::Plan;
use super::words::Note;

/// A reload that waits.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    plan: Plan,
    until: u64,
}

/// How long it waits for what is under way here, and on peers.
const LIMIT: u64 = 90_000_000;
const PATIENCE: u64 = 10_000_000;

impl Cluster {
    /// Writes new files, and tells the agent; one that does not run reads them at its start.
    pub(crate) fn reload(&mut self, machine: usize, plan: Plan) {
        self.note(machine, Note::Fault("is told to reload"));
        self.machines[machine].files = plan.clone();
        self.machines[machine].refused = None;
        let one = &self.machines[machine];
        // A loop that stands still is told nothing.
        if !one.runs() || one.stalled_until > self.now {
            return;
        }
        let new = plan.config(&self.settings, self.machines[machine].me.index());
        let one = &self.machines[machine];
        let judged = Change::between(&one.config, &new).and_then(|change| {
            let node = one.node.as_ref().unwrap();
            node.judge(&change)?;
            Ok(change.stopped())
        });
        match judged {
            Ok(stopped) => {
                let until = self.now + LIMIT;
                self.machines[machine].pending = Some(Pending { plan, until });
                self.step_by(machine, |node, now| node.retire(now, stopped));
                self.try_reload(machine);
                // A beat that left counts for leases, too.
                self.wake(machine, self.now);
            }
            Err(why) => self.refuse(machine, why),
        }
    }

    /// Whether an agent that runs has what its files say.
    pub(crate) fn is_reloaded(&self, machine: usize) -> bool {
        let one = &self.machines[machine];
        !one.runs() || one.plan == one.files
    }

    /// Takes it up if nothing is in the way.
    pub(super) fn try_reload(&mut self, machine: usize) {
        let one = &self.machines[machine];
        let (Some(pending), Some(node)) = (one.pending.clone(), &one.node) else {
            return;
        };
        let left = pending.until.saturating_sub(self.now);
        let waited = LIMIT - left;
        let new = pending.plan.config(&self.settings, one.me.index());
        let change = Change::between(&one.config, &new).unwrap();
        let refused = node.judge(&change).err();
        let busy = node.busy(waited < PATIENCE).is_some();
        if refused.is_some() || (busy && left == 0) {
            self.machines[machine].pending = None;
            self.step_by(machine, |node, now| node.retire(now, GroupSet::EMPTY));
            if let Some(why) = refused {
                self.refuse(machine, why);
            } else {
                self.note(machine, Note::Fault("is too busy to reload"));
            }
            return;
        }
        if busy {
            let next = self.now + (PATIENCE - waited.min(PATIENCE)).min(left).max(1_000);
            self.wake(machine, next);
            return;
        }
        let of = |wanted: &dyn Fn(Origin) -> bool| -> Vec<usize> {
            let ids = new.group_ids().filter(|id| wanted(change.origin(*id)));
            ids.map(|id| pending.plan.groups[id.index()]).collect()
        };
        let changed = of(&|origin| matches!(origin, Origin::Changed(_)));
        let kept = of(&|origin| matches!(origin, Origin::Kept(_)));
        let before = one.clone_views(self.clock(machine));
        let old = one.config.clone();
        self.note(machine, Note::Fault("takes up its new files"));
        let now = self.now;
        let one = &mut self.machines[machine];
        one.pending = None;
        (one.plan, one.planned_at) = (pending.plan, now);
        one.config = new;
        one.restarting = changed;
        let new = one.config.clone();
        let outputs = self.step_by(machine, |node, now| {
            let change = Change::between(&old, &new).unwrap();
            node.reconfigure(now, &change);
        });
        self.rules.reloads += 1;
        self.check_kept(machine, &kept, &before, &outputs);
        // What comes after another waits for that.
        let groups = &self.settings.groups;
        let restarting = &mut self.machines[machine].restarting;
        restarting.retain(|group| groups[*group].after.is_some());
    }

    /// A start reads what the files say. What is no longer there was stopped by who wrote them.
    pub(super) fn read_files(&mut self, machine: usize) {
        let now = self.now;
        let one = &mut self.machines[machine];
        one.pending = None;
        if one.plan == one.files {
            return;
        }
        for group in one.plan.groups.iter().filter(|group| {
            !one.files.groups.contains(group)
                || one.files.longer.contains(group) != one.plan.longer.contains(group)
        }) {
            let group = &mut one.groups[*group];
            group.scripts = Scripts::Stopped;
            group.stuck = false;
            group.job += 1;
        }
        (one.plan, one.planned_at) = (one.files.clone(), now);
        one.config = one.plan.config(&self.settings, one.me.index());
    }

    /// Since when two machines have had the same groups.
    pub(super) fn agreed_since(&self, one: usize, other: usize) -> Option<u64> {
        let (one, other) = (&self.machines[one], &self.machines[other]);
        let same = (&one.plan.groups, &one.plan.longer) == (&other.plan.groups, &other.plan.longer);
        same.then_some(one.planned_at.max(other.planned_at))
    }

    /// What did not change is neither stopped nor started, and its lease goes on. Where another
    /// machine has these files, as far as it knows, it may be better off there: then it moves as usual.
    fn check_kept(&self, machine: usize, kept: &[usize], before: &Views, outputs: &Outputs) {
        let one = &self.machines[machine];
        // Who is not heard lets go, unless it is known to reach more than those.
        let node = one.node.as_ref().unwrap();
        let mut others = self.machines.iter().filter(|other| other.name != one.name);
        let moves = |other: &super::machine::Machine| {
            let peer = node.peer(self.clock(machine), other.me);
            let agrees = !matches!(peer.mismatch, Some(Difference::Nodes | Difference::Groups));
            peer.incarnation.is_some() && (agrees || !peer.hears_us)
        };
        if others.any(moves) {
            return;
        }
        for group in kept {
            let id = twinbeat::id::GroupId::new(*group).unwrap();
            let (state, epoch, standby, may_hold) = before[*group].unwrap();
            let local = one.local(id).unwrap();
            let acted = outputs.actions.iter().any(|action| {
                matches!(action, Action::Stop(group) if *group == local)
                    || (state == GroupState::Held
                        && matches!(action, Action::Start { group, .. } if *group == local))
            });
            let also = (0..self.machines.len())
                .any(|other| other != machine && self.machines[other].groups[*group].active());
            let after = one.view(self.clock(machine), id).unwrap();
            let held = state == GroupState::Held;
            let same = (after.0, after.3) == (state, may_hold) || !held;
            // Where it goes now, another one decides.
            let stands_by = after.2 == standby || self.goes_with_another(machine, id);
            if !also && (acted || !same || !stands_by || (held && after.1 != epoch)) {
                self.fail(format!(
                    "{}: a reload touched {}: {:?} became {after:?}, {:?}",
                    one.name,
                    self.key(id),
                    before[*group],
                    outputs.actions
                ));
            }
        }
    }

    /// Something else is done with the node, and what it says to that.
    fn step_by(&mut self, machine: usize, what: impl FnOnce(&mut Node, Instant)) -> Outputs {
        let now = self.clock(machine);
        let one = &mut self.machines[machine];
        let node = one.node.as_mut().unwrap();
        what(node, now);
        let outputs = Outputs::of(node, now);
        one.deadline = outputs.deadline;
        self.carry_out(machine, &outputs);
        self.hear_ends(machine);
        outputs
    }

    fn refuse(&mut self, machine: usize, why: Refusal) {
        self.machines[machine].refused = Some(why);
        self.note(machine, Note::Refused(why));
    }

    /// Whether peers could not tell two plans apart, by chance.
    pub(crate) fn are_alike(&self, one: &Plan, other: &Plan) -> bool {
        let [one, other] = [one, other].map(|plan| plan.config(&self.settings, 0));
        let boot = twinbeat::Boot {
            incarnation: 1,
            counter: 1,
            kept: Kept::default(),
            heartbeat: twinbeat::Heartbeat::default(),
        };
        let node = Node::new(&one, boot, self.instant());
        let change = Change::between(&one, &other).unwrap();
        node.judge(&change) == Err(Refusal::Alike)
    }
}

pub(super) type View = (GroupState, u8, bool, bool);
pub(super) type Views = Vec<Option<View>>;

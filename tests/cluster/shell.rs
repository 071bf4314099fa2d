//! The shell of a simulated machine, in the order of the real one: clock, read, decide, send,
//! leases; and what the kernel and the scripts make of it.

use twinbeat::Node;
use twinbeat::action::{Action, Outcome};
use twinbeat::id::{GroupId, LinkSet, WitnessId};

use super::machine::{Arrival, Behaviour, Group, Scripts};
use super::outputs::{Outputs, input};
use super::words::Note;
use super::{Cluster, Happening};

/// How a job of a group's scripts ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum JobEnd {
    Checked,
    Probed,
    Started,
    StartFailed,
    Stopped,
    StopFailed,
}

impl Cluster {
    /// A new life speaks before it listens.
    pub(super) fn first_turn(&mut self, machine: usize) {
        self.deliver(machine, None);
        self.turn(machine);
    }

    /// One turn of a machine's loop.
    pub(super) fn turn(&mut self, machine: usize) {
        let now = self.clock(machine);
        let one = &mut self.machines[machine];
        one.turn_at = u64::MAX;
        let stalled_until = one.stalled_until;
        let Some(node) = &one.node else {
            return;
        };
        if stalled_until > self.now {
            self.wake(machine, stalled_until);
            return;
        }
        let deadline = one.deadline;
        if now > deadline {
            // Woke late: what may not be held is let go before any frame is believed. But nobody
            // is declared dead before everything was read, unless a stall asks for patience.
            let stall = self.settings.keepalive.max(self.settings.deadtime / 4);
            if now.since(deadline).micros() > stall || !node.verdict_due(now) {
                self.deliver(machine, None);
            }
            self.let_go(machine);
            self.check_late(machine, deadline);
        }
        self.hear_ends(machine);
        self.read_lines(machine);
        while let Some(arrival) = self.machines[machine].inbox.pop_front() {
            self.deliver(machine, Some(&arrival));
        }
        if !self.machines[machine].runs() {
            return;
        }
        if now >= self.machines[machine].deadline {
            self.deliver(machine, None);
        }
        self.write_lines(machine);
        // Before the leases: a beat of it puts the next one off.
        self.try_reload(machine);
        self.let_go(machine);
        self.refresh(machine);
        self.check_dark(machine);
        self.sleep(machine);
    }

    /// One input, everything the node says to it, and the ends of built-in actions.
    fn deliver(&mut self, machine: usize, arrival: Option<&Arrival>) {
        self.step(machine, arrival);
        self.hear_ends(machine);
    }

    pub(super) fn hear_ends(&mut self, machine: usize) {
        while let Some((group, outcome)) = self.machines[machine].done.pop_front() {
            self.step(machine, Some(&Arrival::Done(group, outcome)));
        }
    }

    fn step(&mut self, machine: usize, arrival: Option<&Arrival>) {
        let now = self.clock(machine);
        let local = arrival.map(|arrival| self.machines[machine].localized(arrival));
        if matches!(local, Some(None)) {
            return;
        }
        let local = local.flatten();
        let before = self.before_step(machine, local.as_ref());
        let one = &mut self.machines[machine];
        let Some(node) = &mut one.node else {
            return;
        };
        let result = node.handle(now, input(local.as_ref()));
        let outputs = Outputs::of(node, now);
        one.deadline = outputs.deadline;
        if let Some(Arrival::Done(group, outcome)) = arrival {
            let group = &mut one.groups[group.index()];
            if *outcome == Outcome::StopFailed {
                group.stuck_at = self.now;
            }
            group.wanted = group.started && *outcome == Outcome::Running;
            group.started = group.wanted || (group.started && *outcome == Outcome::StopFailed);
        }
        self.after_step(machine, local.as_ref(), before, result, &outputs);
        if let (Some(Arrival::Frame(_, frame)), Ok(others)) = (arrival, result) {
            self.pass_on(machine, others, frame);
        }
        self.carry_out(machine, &outputs);
    }

    pub(super) fn carry_out(&mut self, machine: usize, outputs: &Outputs) {
        for (links, bytes) in &outputs.frames {
            self.send(machine, *links, bytes);
        }
        if outputs.pings {
            self.ping(machine);
        }
        for action in &outputs.actions {
            let action = self.machines[machine].worldly(*action);
            self.act(machine, action);
        }
        for event in &outputs.events {
            let event = self.machines[machine].told(*event);
            self.note(machine, Note::Event(event));
        }
        self.check_groups(machine);
        self.note_held(machine);
    }

    fn send(&mut self, machine: usize, links: LinkSet, bytes: &[u8]) {
        let one = &mut self.machines[machine];
        one.beat_at = self.now;
        let (life, carrier) = (one.life, one.carrier);
        self.check_storm(machine);
        let record = self.recording.then_some(&mut self.random);
        let frame = self.network.frame(machine, life, self.now, bytes, record);
        for link in links.iter().filter(|link| carrier.contains(*link)) {
            if link.index() >= self.settings.links {
                self.offer(machine, link, &frame, Node::class(bytes));
                continue;
            }
            for to in 0..self.machines.len() {
                let copies = self
                    .network
                    .copies(&mut self.random, machine, to, link.index());
                for delay in copies.into_iter().flatten() {
                    let at = self.now + delay;
                    self.plan(at, Happening::Arrives(to, link, frame.clone()));
                }
            }
        }
    }

    /// Every host that can be reached answers, unless the answer is lost.
    fn ping(&mut self, machine: usize) {
        for host in WitnessId::first(self.settings.hosts) {
            if !self.machines[machine].lost.contains(host) {
                let copies = self.network.answers(&mut self.random);
                for delay in copies.into_iter().flatten() {
                    self.plan(self.now + delay, Happening::Answers(machine, host));
                }
            }
        }
    }

    fn act(&mut self, machine: usize, action: Action) {
        self.note(machine, Note::Action(action));
        match action {
            Action::Check(group) => {
                if self.group(machine, group).has_scripts {
                    let time = self.random.between(1_000, 100_000);
                    self.job(machine, group, time, JobEnd::Checked);
                } else {
                    self.done(machine, group, Outcome::Stopped);
                }
            }
            Action::Start { group, probe } => {
                self.check_start(machine, group);
                self.group(machine, group).started = true;
                if probe {
                    self.job(machine, group, 200_000, JobEnd::Probed);
                } else {
                    self.begin(machine, group);
                }
            }
            Action::Stop(group) => {
                self.check_order_of_stop(machine, group);
                let one = self.group(machine, group);
                if one.scripts == Scripts::Stopped {
                    one.job += 1;
                    one.wanted = false;
                    self.remove(machine, group);
                    self.done(machine, group, Outcome::Stopped);
                    return;
                }
                one.scripts = Scripts::Stopping;
                let on_stop = one.on_stop;
                let (time, end) = self.course(on_stop, JobEnd::Stopped, JobEnd::StopFailed);
                self.job(machine, group, time, end);
            }
            Action::Fence(node) => self.begin_fence(machine, node),
            Action::Restart(group) => self.restart(machine, group),
            Action::Announce(_) => self.rules.announced += 1,
            Action::Remember(kept) => self.machines[machine].remembered = kept,
            Action::Exit => {
                self.check_exit(machine);
                let node = self.machines[machine].node.as_ref();
                if node.is_some_and(|node| node.is_released()) {
                    self.disarm(machine);
                }
                self.machines[machine].lose_agent();
                self.rules.forget(machine);
            }
        }
    }

    /// The addresses at once, the scripts in their time.
    fn begin(&mut self, machine: usize, group: GroupId) {
        let one = self.group(machine, group);
        if !one.has_scripts {
            self.done(machine, group, Outcome::Running);
            return;
        }
        let on_start = if one.scripts == Scripts::Running {
            Behaviour::Works
        } else {
            one.scripts = Scripts::Starting;
            one.on_start
        };
        let (time, end) = self.course(on_start, JobEnd::Started, JobEnd::StartFailed);
        self.job(machine, group, time, end);
    }

    pub(super) fn job(&mut self, machine: usize, group: GroupId, time: u64, end: JobEnd) {
        let life = self.machines[machine].life;
        let one = self.group(machine, group);
        one.job += 1;
        let job = one.job;
        let happening = Happening::Script {
            machine,
            group,
            job,
            life,
            end,
        };
        self.plan(self.now + time, happening);
    }

    pub(super) fn script_ends(
        &mut self,
        machine: usize,
        group: GroupId,
        job: u32,
        life: u32,
        end: JobEnd,
    ) {
        let heard = self.machines[machine].runs() && self.machines[machine].life == life;
        let occupied = (0..self.machines.len()).any(|other| {
            self.machines[other].groups[group.index()].installed(self.now)
                && self.network.joined(machine, other)
        });
        let one = self.group(machine, group);
        if one.job != job {
            return;
        }
        let outcome = match end {
            JobEnd::Probed if heard && !occupied => {
                self.begin(machine, group);
                self.turn(machine);
                return;
            }
            JobEnd::Probed => Outcome::Occupied,
            JobEnd::Checked if one.scripts == Scripts::Stopped => Outcome::Stopped,
            JobEnd::Checked => Outcome::Running,
            JobEnd::Started => {
                one.scripts = Scripts::Running;
                Outcome::Running
            }
            JobEnd::StartFailed => {
                // Nobody is left to stop what a dead agent half started.
                one.scripts = if heard {
                    Scripts::Stopped
                } else {
                    Scripts::Running
                };
                Outcome::StartFailed
            }
            JobEnd::Stopped => {
                one.scripts = Scripts::Stopped;
                Outcome::Stopped
            }
            JobEnd::StopFailed => {
                one.scripts = Scripts::Running;
                Outcome::StopFailed
            }
        };
        if heard {
            if matches!(end, JobEnd::Stopped | JobEnd::StopFailed) {
                // The address stands left of the scripts.
                self.group(machine, group).wanted = false;
                self.remove(machine, group);
            }
            self.machines[machine].receive(Arrival::Done(group, outcome));
            self.turn(machine);
        }
    }

    /// Removes at once what may not be held.
    fn let_go(&mut self, machine: usize) {
        for group in GroupId::first(self.settings.groups.len()) {
            if !self.may_hold(machine, group) {
                self.remove(machine, group);
            }
        }
    }

    /// Puts back what is missing and refreshes what is due.
    fn refresh(&mut self, machine: usize) {
        let lease = self.machines[machine].config.timing.lease.micros();
        let after = self.settings.after_beat(lease);
        for id in GroupId::first(self.settings.groups.len()) {
            let group = &self.machines[machine].groups[id.index()];
            let beat_at = self.machines[machine].beat_at;
            let regular = beat_at == self.now && self.now - group.refreshed_at >= lease / 3;
            let extra = after > 0 && self.now >= beat_at + after && group.refreshed_at <= beat_at;
            let missing = !group.installed(self.now);
            if !(group.wanted && group.has_address) || !(regular || extra || missing) {
                continue;
            }
            if self.may_hold(machine, id) {
                if missing {
                    self.note(machine, Note::Takes(id));
                    self.check_address(machine, id);
                }
                let until = self.now + lease + self.random.below(330_000);
                let now = self.now;
                let group = self.group(machine, id);
                group.installed_until = until;
                group.refreshed_at = now;
                if group.look_at == 0 {
                    group.look_at = until;
                    self.plan(until, Happening::Lapse(machine, id));
                }
            }
        }
    }

    fn sleep(&mut self, machine: usize) {
        if !self.machines[machine].runs() {
            return;
        }
        if let Some(at) = self.kick(machine) {
            self.wake(machine, at);
        }
        let one = &self.machines[machine];
        let due = one.deadline.micros().min(one.lines_due());
        let deadline = due.saturating_add(one.behind);
        let after = (self.settings).after_beat(one.config.timing.lease.micros());
        let extra = one.beat_at + after;
        let refreshes = |group: &Group| group.wanted && group.refreshed_at <= one.beat_at;
        if after > 0 && extra > self.now && one.groups.iter().any(refreshes) {
            self.wake(machine, extra);
        }
        let late = self.random.below(self.wake_delay + 1);
        self.wake(machine, deadline.max(self.now) + late);
    }

    fn remove(&mut self, machine: usize, group: GroupId) {
        let now = self.now;
        let one = self.group(machine, group);
        if one.installed(now) {
            one.installed_until = 0;
            self.note(machine, Note::Drops(group));
        }
    }

    fn may_hold(&self, machine: usize, group: GroupId) -> bool {
        let one = &self.machines[machine];
        let node = one.node.as_ref().zip(one.local(group));
        node.is_some_and(|(node, local)| node.may_hold(self.clock(machine), local))
    }

    pub(super) fn group(&mut self, machine: usize, group: GroupId) -> &mut Group {
        &mut self.machines[machine].groups[group.index()]
    }

    pub(super) fn done(&mut self, machine: usize, group: GroupId, outcome: Outcome) {
        self.machines[machine].done.push_back((group, outcome));
    }
}

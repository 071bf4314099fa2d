//! The rules that always hold (DESIGN 7.3), looked at after every step. What counts as hearing
//! each other is computed here from the deliveries, never from what the nodes believe.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use twinbeat::Node;
use twinbeat::action::{GroupState, Reject};
use twinbeat::config::Dialect;
use twinbeat::id::{GroupId, GroupSet, LinkSet, NodeId};

use twinbeat::time::Instant;
use twinbeat::wire::Kind;

use super::Cluster;
use super::machine::Arrival;
use super::network::Frame;
use super::outputs::{Outputs, input};
use super::settings::Settings;

/// What was counted and what must be remembered to check the rules.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) seed: u64,
    /// Delivered inputs.
    pub(crate) steps: u64,
    /// Frames that counted, and frames that were refused.
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) starts: u64,
    /// Starts in place, after a death.
    pub(crate) restarts: u64,
    /// Starts on another machine than the one before.
    pub(crate) takeovers: u64,
    pub(crate) announced: u64,
    /// Machines reset by their watchdogs.
    pub(crate) resets: u64,
    /// Machines switched off by others.
    pub(crate) fenced: u64,
    /// Configurations taken up by a life.
    pub(crate) reloads: u64,
    /// Steps in which a node wanted something done.
    pub(crate) news: u64,
    /// Checks of R6 and of the timer on a clone.
    pub(crate) twins: u64,
    /// Everything that was said, as one number (FNV-1a).
    pub(crate) trace: u64,
    /// The longest time an address was on two machines.
    pub(crate) both: u64,
    /// By receiver, the generations and numbers of messages of heartbeat's that its present life heard.
    pub(super) messages: Vec<BTreeSet<(u32, u32)>>,
    deadtime: u64,
    machines: usize,
    /// By receiver and sender, in the present lives of both.
    heard: Vec<Option<u64>>,
    /// Life and serial of the newest frame accepted in the present life of the receiver, and of
    /// the newest question.
    newest: [Vec<(u32, u64)>; 2],
    /// Since when both of a pair heard each other within every deadtime.
    joined_since: Vec<Option<u64>>,
    /// By receiver and sender, the groups that the sender's present life said it could not stop, and
    /// those that it may have said that of.
    stuck: Vec<GroupSet>,
    perhaps_stuck: Vec<GroupSet>,
    pub(super) booted_at: Vec<u64>,
    /// When the newest frame left that anybody accepted.
    pub(super) confirmed_at: Vec<u64>,
    pub(super) starter: Vec<Option<usize>>,
    /// When each group was last seen held anywhere.
    pub(super) held_at: Vec<Option<u64>>,
    /// The same, or wanted.
    pub(super) claimed_at: Vec<Option<u64>>,
}

/// What a node was like before an input.
#[derive(Debug)]
pub(crate) struct Before {
    views: Option<Views>,
    /// Something was due anyway.
    due: bool,
    twin: Option<Box<Node>>,
}

type Views = Vec<(GroupState, u8, Option<NodeId>, bool)>;

/// How often a twin is made: rarely, for it costs; a prime, so that every kind of input gets one.
const TWIN_EVERY: u64 = 251;

impl Rules {
    pub(crate) fn new(settings: &Settings, machines: usize, seed: u64) -> Self {
        Self {
            seed,
            steps: 0,
            accepted: 0,
            refused: 0,
            starts: 0,
            restarts: 0,
            takeovers: 0,
            twins: 0,
            announced: 0,
            resets: 0,
            fenced: 0,
            reloads: 0,
            news: 0,
            trace: 0xcbf2_9ce4_8422_2325,
            both: 0,
            messages: vec![BTreeSet::new(); machines],
            deadtime: settings.deadtime,
            machines,
            heard: vec![None; machines * machines],
            newest: [(); 2].map(|()| vec![(0, 0); machines * machines]),
            joined_since: vec![None; machines * machines],
            stuck: vec![GroupSet::EMPTY; machines * machines],
            perhaps_stuck: vec![GroupSet::EMPTY; machines * machines],
            booted_at: vec![0; machines],
            confirmed_at: vec![0; machines],
            starter: vec![None; settings.groups.len()],
            held_at: vec![None; settings.groups.len()],
            claimed_at: vec![None; settings.groups.len()],
        }
    }

    /// A life began.
    pub(crate) fn begin(&mut self, machine: usize, now: u64) {
        self.forget(machine);
        self.booted_at[machine] = now;
        self.messages[machine].clear();
        for from in 0..self.machines {
            let pair = self.pair(machine, from);
            (self.newest[0][pair], self.newest[1][pair]) = ((0, 0), (0, 0));
            let back = self.pair(from, machine);
            (self.stuck[pair], self.stuck[back]) = (GroupSet::EMPTY, GroupSet::EMPTY);
            // Others may hear of the new life later.
            self.perhaps_stuck[pair] = GroupSet::EMPTY;
        }
    }

    /// A life ended: what it heard and said counts no more.
    pub(crate) fn forget(&mut self, machine: usize) {
        for other in 0..self.machines {
            for pair in [self.pair(machine, other), self.pair(other, machine)] {
                self.heard[pair] = None;
                self.joined_since[pair] = None;
            }
        }
        self.confirmed_at[machine] = 0;
    }

    /// Since when two machines have heard each other within every deadtime up to now.
    pub(crate) fn joined(&self, one: usize, other: usize, now: u64) -> Option<u64> {
        let fresh = |to, from| {
            self.heard[self.pair(to, from)].is_some_and(|heard| now - heard < self.deadtime)
        };
        let since = self.joined_since[self.pair(one.min(other), one.max(other))];
        since.filter(|_| fresh(one, other) && fresh(other, one))
    }

    /// When the last frame that counted came.
    pub(crate) fn heard_at(&self, to: usize, from: usize) -> Option<u64> {
        self.heard[self.pair(to, from)]
    }

    /// Whether one was told by another that it could not stop a group.
    pub(super) fn knows_stuck(&self, one: usize, other: usize, group: GroupId) -> bool {
        self.stuck[self.pair(one, other)].contains(group)
    }

    /// The same of any group, if only by a frame of the moment in which that was found.
    pub(super) fn knows_any_stuck(&self, one: usize, other: usize) -> bool {
        !self.perhaps_stuck[self.pair(one, other)].is_empty()
    }

    pub(super) fn accept(&mut self, to: usize, frame: &Frame, now: u64) {
        let since = self.joined(to, frame.from, now);
        let pair = self.pair(to, frame.from);
        self.heard[pair] = Some(now);
        let back = self.heard[self.pair(frame.from, to)];
        let fresh = back.is_some_and(|heard| now - heard < self.deadtime);
        let pair = self.pair(to.min(frame.from), to.max(frame.from));
        self.joined_since[pair] = since.or_else(|| fresh.then_some(now));
        let newest = &mut self.confirmed_at[frame.from];
        *newest = frame.sent_at.max(*newest);
        self.accepted += 1;
    }

    fn pair(&self, to: usize, from: usize) -> usize {
        to * self.machines + from
    }

    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.trace = (self.trace ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

impl std::fmt::Write for Rules {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.mix(text.as_bytes());
        Ok(())
    }
}

impl Cluster {
    pub(super) fn before_step(&mut self, machine: usize, arrival: Option<&Arrival>) -> Before {
        self.rules.steps += 1;
        let now = self.clock(machine);
        let deadline = self.machines[machine].deadline;
        let Some(node) = &self.machines[machine].node else {
            return Before {
                views: None,
                due: false,
                twin: None,
            };
        };
        let frame = matches!(arrival, Some(Arrival::Frame(..)));
        let twinned = self.rules.steps.is_multiple_of(TWIN_EVERY);
        if twinned && now < deadline && self.rules.booted_at[machine] < self.now {
            // An early timeout changes nothing that can be seen.
            let mut early = node.clone();
            let views = self.views(node, now);
            let result = early.handle(now, input(None));
            let outputs = Outputs::of(&mut early, now);
            // When a tired loop will have recovered is an estimate.
            let same = outputs.deadline == deadline || !node.healthy(now);
            if result.is_err() || !outputs.is_silent() || !same {
                self.fail(format!("an early timeout, due {deadline}: {outputs:?}"));
            }
            if self.views(&early, now) != views {
                self.fail("an early timeout changed a group");
            }
        }
        Before {
            due: now >= deadline,
            views: frame.then(|| self.views(node, now)),
            twin: twinned.then(|| node.clone()),
        }
    }

    pub(super) fn after_step(
        &mut self,
        machine: usize,
        arrival: Option<&Arrival>,
        before: Before,
        result: Result<LinkSet, Reject>,
        outputs: &Outputs,
    ) {
        let now = self.clock(machine);
        let Some(node) = &self.machines[machine].node else {
            return;
        };
        if let Some(mut twin) = before.twin {
            // R6: the same input makes the same outputs.
            let twins_result = twin.handle(now, input(arrival));
            let twins = Outputs::of(&mut twin, now);
            if twins_result != result || twins != *outputs {
                self.fail(format!("R6: {outputs:?} but a clone said {twins:?}"));
            }
            if arrival.is_none() {
                let result = twin.handle(now, input(None));
                let again = Outputs::of(&mut twin, now);
                let known4 = again.actions == [twinbeat::action::Action::Exit]; // KNOWN 4
                if !known4
                    && (result.is_err() || !again.is_silent() || again.deadline != outputs.deadline)
                {
                    self.fail(format!("a repeated timeout was answered by {again:?}"));
                }
            }
            self.rules.twins += 1;
        }
        if arrival.is_none() && outputs.deadline <= now {
            self.fail(format!(
                "after a timeout the deadline is {}",
                outputs.deadline
            ));
        }
        if let Some(Arrival::Frame(_, frame)) = arrival {
            match result {
                Ok(_) if self.settings.dialect == Dialect::LinuxHa => {
                    let changed = before.views != Some(self.views(node, now));
                    let moves = !before.due && (changed || !outputs.actions.is_empty());
                    self.check_heard(machine, frame, moves);
                }
                Ok(_) => self.check_accepted(machine, frame),
                Err(reject) => {
                    // R5: it changed a counter and nothing else.
                    let (old, new) = (before.views, Some(self.views(node, now)));
                    if old != new || !outputs.actions.is_empty() {
                        self.fail(format!("R5: refused as {reject:?}: {old:?} became {new:?}"));
                    }
                    let invites = matches!(reject, Reject::Unproven | Reject::Own);
                    if !invites && !before.due && !outputs.frames.is_empty() {
                        self.fail(format!("a frame refused as {reject:?} was answered"));
                    }
                    self.rules.refused += 1;
                }
            }
        }
        self.rules.news += u64::from(!outputs.actions.is_empty());
        self.rules.mix(&self.now.to_le_bytes());
        self.rules.mix(&machine.to_le_bytes());
        for (_, bytes) in &outputs.frames {
            self.rules.mix(bytes);
        }
        if !outputs.actions.is_empty() || !outputs.events.is_empty() {
            let said = write!(self.rules, "{:?}{:?}", outputs.actions, outputs.events);
            said.unwrap();
        }
    }

    /// Promise 3 of DESIGN 5: no forged frame, no recorded one.
    fn check_accepted(&mut self, machine: usize, frame: &Frame) {
        let now = self.now;
        if frame.forged {
            self.fail("a forged frame was accepted");
        }
        // A question proves nothing: it may have waited on its way, or overtaken a beat.
        let asks = frame.bytes[1] >> 4 == Kind::Ask as u8;
        let pair = self.rules.pair(machine, frame.from);
        let newest = &mut self.rules.newest[usize::from(asks)][pair];
        if (frame.life, frame.serial) <= *newest {
            // A first copy on another link says something about that link only; a question that
            // is repeated is answered once.
            if self.machines[machine].config.links.len() == 1 && !asks {
                self.fail("a frame was accepted after a newer one");
            }
            return;
        }
        *newest = (frame.life, frame.serial);
        if asks {
            return;
        }
        if frame.sent_at < self.rules.booted_at[machine] {
            self.fail("a frame from before this life was accepted");
        }
        let sender = self.machines[frame.from].me;
        let hears = (self.machines[machine].node.as_ref())
            .is_some_and(|node| node.peer(self.clock(machine), sender).hears_us);
        let age = now - frame.sent_at;
        // Where the clock stood still nobody can know.
        let known = self.machines[machine].behind == 0;
        if hears && known && age > self.settings.deadtime {
            self.fail(format!("a frame sent {age} us ago was accepted"));
        }
        // What a life said that is over tells nothing about the present one.
        if self.machines[frame.from].life == frame.life && self.machines[frame.from].runs() {
            self.rules.accept(machine, frame, now);
            for group in GroupId::first(self.settings.groups.len()) {
                let stuck = self.state(frame.from, group) == Some(GroupState::StopFailed);
                let since = self.machines[frame.from].groups[group.index()].stuck_at;
                let rules = &mut self.rules;
                let ways = [
                    (&mut rules.stuck[pair], since < frame.sent_at),
                    (&mut rules.perhaps_stuck[pair], since <= frame.sent_at),
                ];
                for (known, says) in ways {
                    *known = match stuck {
                        true if says => known.with(group),
                        true => *known,
                        // A person has seen to it.
                        false => known.without(group),
                    };
                }
            }
        }
    }

    pub(crate) fn state(&self, machine: usize, group: GroupId) -> Option<GroupState> {
        let view = self.machines[machine].view(self.clock(machine), group);
        view.map(|(state, ..)| state)
    }

    fn views(&self, node: &Node, now: Instant) -> Views {
        GroupId::first(self.settings.groups.len())
            .map(|id| {
                let view = node.group(now, id);
                (view.state, view.epoch, view.holder, node.may_hold(now, id))
            })
            .collect()
    }
}

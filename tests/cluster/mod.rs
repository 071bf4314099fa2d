//! A cluster of real [`Node`]s in virtual time: machines, a network that loses and an adversary
//! that replays, and the rules of the design looked at after every step.

mod adversary;
mod death;
mod dog;
mod fence;
mod heard;
mod holding;
pub(crate) mod machine;
pub(crate) mod network;
mod order;
mod outputs;
pub(crate) mod plan;
mod planned;
pub(crate) mod random;
pub(crate) mod reload;
pub(crate) mod rules;
pub(crate) mod serial;
pub(crate) mod settings;
mod settled;
mod shell;
mod words;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt::Display;

use twinbeat::action::{Carrier, Command, Kept};
use twinbeat::id::{LinkId, NodeId, WitnessId};
use twinbeat::time::Instant;
use twinbeat::{Boot, Heartbeat, Node};

use machine::{Arrival, Group, Machine};
use network::Network;
use plan::Plan;
use planned::{Happening, Planned};
use random::Random;
use rules::Rules;
use settings::Settings;

/// The simulated world at one moment.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) settings: Settings,
    pub(crate) machines: Vec<Machine>,
    pub(crate) network: Network,
    pub(crate) random: Random,
    pub(crate) rules: Rules,
    /// Microseconds since the world began.
    pub(crate) now: u64,
    /// The adversary keeps every frame.
    pub(crate) recording: bool,
    /// A loop wakes up to this much later than asked.
    pub(crate) wake_delay: u64,
    /// Scripts take at most this long when they work, and are given up after `script_limit`.
    pub(crate) script_time: u64,
    pub(crate) script_limit: u64,
    /// From one status of a script that runs to the next.
    pub(crate) monitor: u64,
    /// Lines of a story, when one is told.
    pub(crate) story: Option<Vec<String>>,
    lease: u64,
    queue: BinaryHeap<Reverse<Planned>>,
    planned: u64,
    tail: VecDeque<(u64, usize, words::Note)>,
}

impl Cluster {
    pub(crate) fn new(settings: Settings, seed: u64) -> Self {
        let count = settings.names.len();
        let machines = (0..count)
            .map(|me| Self::machine(&settings, &settings.names[me], me))
            .collect();
        let links = settings.most_links();
        Self {
            network: Network::new(count, links, settings.links),
            rules: Rules::new(&settings, count, seed),
            machines,
            random: Random::new(seed),
            now: 1_000_000_000,
            recording: false,
            wake_delay: 0,
            script_time: 500_000,
            script_limit: 2_000_000,
            monitor: 1_000_000,
            story: None,
            lease: settings.lease(),
            queue: BinaryHeap::new(),
            planned: 0,
            tail: VecDeque::new(),
            settings,
        }
    }

    /// One more machine with another's identity and keys: a clone.
    pub(crate) fn add_clone(&mut self, of: usize, name: &str) -> usize {
        let machine = Self::machine(&self.settings, name, of);
        self.machines.push(machine);
        let count = self.machines.len();
        self.network = Network::new(count, self.settings.links, self.settings.links);
        self.rules = Rules::new(&self.settings, count, self.rules.seed);
        count - 1
    }

    fn machine(settings: &Settings, name: &str, me: usize) -> Machine {
        let groups = settings
            .groups
            .iter()
            .map(|group| Group::new(group.has_address(), group.has_scripts()))
            .collect();
        let mut machine = Machine::new(
            name,
            Plan::of(settings).config(settings, me),
            Plan::of(settings),
            groups,
        );
        machine.ports = serial::ports(settings, me);
        machine
    }

    /// Starts the agent of a machine: a new life.
    pub(crate) fn boot(&mut self, machine: usize) {
        if self.machines[machine].runs() {
            return;
        }
        self.note(machine, words::Note::Fault("starts"));
        self.read_files(machine);
        let boot = Boot {
            incarnation: self.random.word(),
            counter: u32::try_from(self.random.below(1 << 31)).unwrap(),
            kept: Kept {
                standby: self.machines[machine]
                    .local_set(self.machines[machine].remembered.standby),
                ..self.machines[machine].remembered
            },
            heartbeat: Heartbeat {
                generation: self.machines[machine].life + 1,
                uuid: None,
                clock: 1_000_000 + u32::try_from(self.now / 1_000_000).unwrap(),
            },
        };
        let now = self.clock(machine);
        let one = &mut self.machines[machine];
        one.life += 1;
        for group in &mut one.groups {
            // Leftovers are removed before the first beat.
            group.installed_until = 0;
            group.stuck = false;
        }
        one.node = Some(Box::new(Node::new(&one.config, boot, now)));
        one.turn_at = u64::MAX;
        one.ports.iter_mut().for_each(serial::Port::open);
        self.arm(machine);
        let one = &mut self.machines[machine];
        for link in one.config.link_ids() {
            if one.carrier.contains(link) {
                one.inbox.push_back(Arrival::Link(link, Carrier::Up));
            }
        }
        self.rules.begin(machine, self.now);
        self.first_turn(machine);
    }

    /// The agent is killed.
    pub(crate) fn kill(&mut self, machine: usize) {
        self.note(machine, words::Note::Fault("is killed"));
        self.machines[machine].lose_agent();
        self.rules.forget(machine);
    }

    /// The machine loses its power.
    pub(crate) fn power_off(&mut self, machine: usize) {
        self.note(machine, words::Note::Fault("loses power"));
        self.lose_power(machine);
    }

    fn lose_power(&mut self, machine: usize) {
        self.disarm(machine);
        self.machines[machine].lose_power();
        self.rules.forget(machine);
    }

    /// The machine is switched off for sure, and every other agent is told.
    pub(crate) fn fence(&mut self, machine: usize) {
        self.power_off(machine);
        for other in (0..self.machines.len()).filter(|other| *other != machine) {
            self.command(other, Command::Fenced(NodeId::new(machine).unwrap()));
        }
    }

    /// A person stops what is left of a group, behind the agent's back.
    pub(crate) fn clear_by_hand(&mut self, machine: usize, group: usize) {
        self.note(machine, words::Note::Fault("is cleared by hand"));
        let group = &mut self.machines[machine].groups[group];
        group.scripts = machine::Scripts::Stopped;
        group.installed_until = 0;
        group.job += 1;
        group.started = false;
    }

    /// A host answers a machine, or does not.
    pub(crate) fn set_host(&mut self, machine: usize, host: usize, answers: bool) {
        let host = WitnessId::new(host).unwrap();
        let one = &mut self.machines[machine];
        one.lost = match answers {
            true => one.lost.without(host),
            false => one.lost.with(host),
        };
    }

    /// The loop does not run for a while.
    pub(crate) fn stall(&mut self, machine: usize, time: u64) {
        self.note(machine, words::Note::Fault("stalls"));
        let until = self.now + time;
        let one = &mut self.machines[machine];
        one.stalled_until = one.stalled_until.max(until);
        let until = one.stalled_until;
        self.wake(machine, until);
    }

    /// The whole machine stands still for a while, its clock with it.
    pub(crate) fn freeze(&mut self, machine: usize, time: u64) {
        let one = &mut self.machines[machine];
        one.behind += time;
        for group in &mut one.groups {
            if group.installed(self.now) {
                group.installed_until += time;
            }
        }
        self.stall(machine, time);
    }

    /// Every loop runs again.
    pub(crate) fn end_stalls(&mut self) {
        for machine in 0..self.machines.len() {
            self.machines[machine].stalled_until = 0;
            self.wake(machine, self.now);
        }
    }

    /// A person's command to the agent of a machine.
    pub(crate) fn command(&mut self, machine: usize, command: Command) {
        self.note(machine, words::Note::Command(command));
        if self.machines[machine].runs() {
            self.machines[machine].receive(Arrival::Command(command));
            self.wake(machine, self.now);
        }
    }

    /// The kernel's word about one of a machine's links.
    pub(crate) fn set_carrier(&mut self, machine: usize, link: usize, carrier: Carrier) {
        self.note(machine, words::Note::Fault("sees a carrier change"));
        let link = LinkId::new(link).unwrap();
        let one = &mut self.machines[machine];
        one.carrier = match carrier {
            Carrier::Up => one.carrier.with(link),
            Carrier::Down => one.carrier.without(link),
        };
        if let Some(port) = link.index().checked_sub(self.settings.links) {
            one.ports[port].open();
        }
        if one.runs() {
            one.receive(Arrival::Link(link, carrier));
            self.wake(machine, self.now);
        }
    }

    /// Lets the world go on until a moment, which then is now.
    pub(crate) fn run_until(&mut self, end: u64) {
        while let Some(Reverse(Planned(at, ..))) = self.queue.peek() {
            if *at > end {
                break;
            }
            let Some(Reverse(Planned(at, _, happening))) = self.queue.pop() else {
                break;
            };
            self.now = at;
            self.happen(at, happening);
        }
        self.now = end;
    }

    pub(crate) fn run_for(&mut self, time: u64) {
        self.run_until(self.now + time);
    }

    pub(crate) fn instant(&self) -> Instant {
        Instant::from_micros(self.now)
    }

    /// What the clock of a machine shows.
    pub(crate) fn clock(&self, machine: usize) -> Instant {
        Instant::from_micros(self.now - self.machines[machine].behind)
    }

    /// A rule is broken: says which, how to see it again, and what happened last.
    pub(crate) fn fail(&self, what: impl Display) -> ! {
        let mut tail = String::new();
        for (at, machine, note) in &self.tail {
            tail.push_str(&self.line(*at, *machine, note));
            tail.push('\n');
        }
        let seed = self.rules.seed;
        panic!(
            "{tail}{} {what}\nseed {seed}: {}={seed} cargo test --test simulation\n{:?}",
            words::clock(self.now),
            self.settings.seed_variable(),
            self.settings
        );
    }

    fn happen(&mut self, at: u64, happening: Happening) {
        match happening {
            Happening::Turn(machine) => {
                // An earlier turn may have replaced this one.
                if self.machines[machine].turn_at == at {
                    self.turn(machine);
                }
            }
            Happening::Arrives(to, link, frame) => {
                let machine = &mut self.machines[to];
                if machine.runs() && machine.carrier.contains(link) {
                    machine.receive(Arrival::Frame(link, frame));
                    self.turn(to);
                }
            }
            Happening::Bytes(bytes) => self.bytes_arrive(bytes),
            Happening::Script {
                machine,
                group,
                job,
                life,
                end,
            } => self.script_ends(machine, group, job, life, end),
            Happening::Found(machine, group, life) => self.find(machine, group, life),
            Happening::Lapse(machine, group) => self.lapse(machine, group),
            Happening::Bite(machine, kicked_at) => self.bite(machine, kicked_at),
            Happening::Boot(machine) => self.boot(machine),
            Happening::Fenced {
                machine,
                life,
                node,
                off,
            } => self.fence_ends(machine, life, node, off),
            Happening::Answers(machine, host) => {
                if self.machines[machine].runs() {
                    self.machines[machine].receive(Arrival::Witness(host, true));
                    self.turn(machine);
                }
            }
        }
    }

    fn wake(&mut self, machine: usize, at: u64) {
        let at = at.max(self.machines[machine].stalled_until).max(self.now);
        if at < self.machines[machine].turn_at {
            self.machines[machine].turn_at = at;
            self.plan(at, Happening::Turn(machine));
        }
    }

    fn plan(&mut self, at: u64, happening: Happening) {
        self.planned += 1;
        self.queue
            .push(Reverse(Planned(at, self.planned, happening)));
    }

    fn note(&mut self, machine: usize, note: words::Note) {
        if self.story.is_some() && note.is_told() {
            let line = self.line(self.now, machine, &note);
            if let Some(story) = &mut self.story {
                story.push(line);
            }
        }
        if self.tail.len() == 120 {
            self.tail.pop_front();
        }
        self.tail.push_back((self.now, machine, note));
    }
}

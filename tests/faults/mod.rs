//! One seed: a cluster drawn by chance, faults by chance, then quiet, and the rules throughout.

pub(crate) mod dialect;
mod person;
mod quiet;
mod rollout;
mod world;

use twinbeat::action::{Carrier, Command, Selection};
use twinbeat::id::GroupId;

use crate::cluster::Cluster;
use crate::cluster::machine::Behaviour;
use crate::cluster::network::Quality;
use crate::cluster::random::Random;
use crate::cluster::settings::Settings;
use rollout::Rollout;

/// What happened, over one seed or many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) seeds: u64,
    pub(crate) steps: u64,
    pub(crate) with_takeover: u64,
    takeovers: u64,
    starts: u64,
    restarts: u64,
    pub(crate) accepted: u64,
    refused: u64,
    twins: u64,
    resets: u64,
    fenced: u64,
    reloads: u64,
    trace: u64,
}

impl Summary {
    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self {
            seeds: self.seeds + other.seeds,
            steps: self.steps + other.steps,
            with_takeover: self.with_takeover + other.with_takeover,
            takeovers: self.takeovers + other.takeovers,
            starts: self.starts + other.starts,
            restarts: self.restarts + other.restarts,
            accepted: self.accepted + other.accepted,
            refused: self.refused + other.refused,
            twins: self.twins + other.twins,
            resets: self.resets + other.resets,
            fenced: self.fenced + other.fenced,
            reloads: self.reloads + other.reloads,
            trace: self.trace ^ other.trace,
        }
    }
}

/// The longest time-out of a watchdog, in seconds.
const LONGEST_DOG: u64 = 10;

/// Runs one seed; panics when a rule is broken.
pub(crate) fn simulate(seed: u64) -> Summary {
    let mut random = Random::new(seed ^ 0x7477_696e);
    let mut reach_random = Random::new(seed ^ 0x7069_6e67);
    let mut death_random = death(seed);
    let mut settings = world::settings(&mut random);
    if let Some(random) = &mut death_random {
        settings.restarts = random.pick(&[0, 1, 3]);
    }
    world::reach(&mut settings, &mut reach_random);
    world::order(&mut settings, &mut Random::new(seed ^ 0x6f72_6465));
    let mut cluster = Cluster::new(settings, seed);
    let adversary = random.chance(400_000);
    cluster.recording = adversary;
    cluster.wake_delay = random.pick(&[0, 300, 2_000]);
    cluster.script_time = random.pick(&[10_000, 200_000, 1_000_000]);
    world::topology(&mut cluster, &mut random);
    let dogs = random.chance(500_000);
    for machine in 0..cluster.machines.len() {
        if dogs && random.chance(800_000) {
            cluster.give_dog(machine, random.pick(&[1, 2, LONGEST_DOG]) * 1_000_000);
        }
    }
    let mut reload_random = Random::new(seed ^ 0x7265_6c64);
    let rollout = Rollout::new(&cluster, &mut reload_random);
    let faults = Faults {
        rollout,
        reload_random,
        good: world::quality(&cluster, &mut random),
        cluster,
        random,
        reach_random,
        person_random: Random::new(seed ^ 0x7065_7273),
        death_random,
        script_random: odd_scripts(seed),
        adversary,
        dogs,
    };
    faults.tell()
}

/// What dies, and when; nothing in some worlds.
fn death(seed: u64) -> Option<Random> {
    (!seed.is_multiple_of(3)).then(|| Random::new(seed ^ 0x6465_6174))
}

/// Some seeds have scripts of odder behaviour, too.
fn odd_scripts(seed: u64) -> Option<Random> {
    seed.is_multiple_of(5)
        .then(|| Random::new(seed ^ 0x7363_7270))
}

struct Faults {
    cluster: Cluster,
    random: Random,
    reach_random: Random,
    person_random: Random,
    death_random: Option<Random>,
    reload_random: Random,
    script_random: Option<Random>,
    rollout: Rollout,
    good: Quality,
    adversary: bool,
    /// Some machine has a watchdog.
    dogs: bool,
}

impl Faults {
    /// The whole story of a seed.
    fn tell(mut self) -> Summary {
        self.cluster.network.quality = self.good;
        self.run();
        let rules = &self.cluster.rules;
        Summary {
            seeds: 1,
            steps: rules.steps,
            with_takeover: u64::from(rules.takeovers > 0),
            takeovers: rules.takeovers,
            starts: rules.starts,
            restarts: rules.restarts,
            accepted: rules.accepted,
            refused: rules.refused,
            twins: rules.twins,
            resets: rules.resets,
            fenced: rules.fenced,
            reloads: rules.reloads,
            trace: rules.trace,
        }
    }

    fn run(&mut self) {
        let deadtime = self.cluster.settings.deadtime;
        for machine in 0..self.cluster.machines.len() {
            self.cluster.boot(machine);
            let pause = self.random.pick(&[0, 1000, deadtime / 2, deadtime * 3]);
            let pause = self.random.below(pause + 1);
            self.pass(pause);
        }
        for _ in 0..self.random.between(15, 50) {
            self.fault();
            self.lose_or_find_hosts();
            self.person();
            self.end_or_clear();
            self.reload_one();
            let longest = deadtime * 3 + self.dialogue();
            let pause = self
                .random
                .pick(&[deadtime / 20, deadtime, deadtime * 2, longest]);
            let pause = self.random.below(pause);
            if self.random.chance(400_000) {
                self.pass_until_news(pause);
            } else {
                self.pass(pause);
            }
        }
        self.quiet();
    }

    /// Time passes until a group moves, and a little more: the next fault falls into the middle.
    fn pass_until_news(&mut self, time: u64) {
        let end = self.cluster.now + time;
        let (delay, news) = (self.good.delay + self.good.jitter, self.cluster.rules.news);
        while self.cluster.now < end && self.cluster.rules.news == news {
            self.pass(delay / 2 + 1);
        }
        let more = self.random.below(4 * delay);
        self.pass(more);
    }

    /// Time passes; the adversary is at work.
    fn pass(&mut self, time: u64) {
        let end = self.cluster.now + time;
        while self.adversary && self.cluster.now < end {
            let keepalive = self.cluster.settings.keepalive;
            let slice = (self.random.below(keepalive) + 1).min(end - self.cluster.now);
            self.cluster.run_for(slice);
            // Some seven in a beat, however short the slices are.
            for _ in 0..self.random.below(14 * slice) / keepalive {
                self.cluster.replay();
            }
        }
        self.cluster.run_until(end);
    }

    fn fault(&mut self) {
        let Settings {
            keepalive,
            deadtime,
            ..
        } = self.cluster.settings;
        let random = &mut self.random;
        let machine = random.index(self.cluster.machines.len());
        let other = random.index(self.cluster.machines.len());
        let links = self.cluster.links(machine);
        let link = random.index(links);
        let cluster = &mut self.cluster;
        match random.below(26) {
            0 | 1 => cluster.kill(machine),
            2 => cluster.power_off(machine),
            3..=6 => (0..cluster.machines.len()).for_each(|one| cluster.boot(one)),
            7 => {
                let time = random.below(keepalive);
                cluster.stall(machine, time);
            }
            8 => {
                let time = random.between(keepalive, deadtime);
                cluster.stall(machine, time);
            }
            9 => {
                let time = random.between(deadtime, 4 * deadtime);
                cluster.stall(machine, time);
            }
            10 | 11 => cluster.network.set_cut_between(machine, other, true),
            12 => (0..links).for_each(|link| cluster.network.set_cut(machine, other, link, true)),
            13 => cluster.network.set_cut(machine, other, link, true),
            14 => {
                for other in 0..cluster.machines.len() {
                    cluster.network.set_cut_between(machine, other, true);
                }
            }
            15..=17 => cluster.network.join(),
            18 => cluster.set_carrier(machine, link, Carrier::Down),
            19 => self.plug_in(),
            20 => {
                let behaviours = [Behaviour::Works, Behaviour::Fails, Behaviour::Hangs];
                let group = random.index(cluster.settings.groups.len());
                let group = &mut cluster.machines[machine].groups[group];
                group.on_start = random.pick(&behaviours);
                if random.chance(200_000) {
                    group.on_stop = random.pick(&behaviours);
                }
                if let Some(random) = &mut self.script_random {
                    let odd = [Behaviour::Crawls, Behaviour::Sticks];
                    group.on_start = random.pick(&[group.on_start, odd[0], odd[1]]);
                    if group.on_stop != Behaviour::Works {
                        group.on_stop = random.pick(&[group.on_stop, odd[0], odd[1]]);
                    }
                }
            }
            21 => self.mend_scripts(),
            22 => {
                let which = selection(random, cluster.settings.groups.len());
                self.order(machine, Command::Standby(which));
            }
            23 => {
                let which = selection(random, cluster.settings.groups.len());
                self.order(machine, Command::Takeover(which));
            }
            24 if random.chance(500_000) => cluster.command(machine, Command::Shutdown),
            _ => {
                let lossy = Quality {
                    loss: random.pick(&[0, 100_000, 500_000]),
                    ..self.good
                };
                cluster.network.quality = random.pick(&[self.good, lossy]);
            }
        }
    }

    /// Hosts fall silent for one machine or for all, and answer again; a dead machine is fenced.
    fn lose_or_find_hosts(&mut self) {
        let Settings { hosts, .. } = self.cluster.settings;
        let random = &mut self.reach_random;
        let machine = random.index(self.cluster.machines.len());
        match random.below(10) {
            0..=2 if hosts > 0 => {
                let answers = random.chance(500_000);
                self.cluster.set_host(machine, random.index(hosts), answers);
            }
            3 if hosts > 0 => {
                let (host, answers) = (random.index(hosts), random.chance(500_000));
                for machine in 0..self.cluster.machines.len() {
                    self.cluster.set_host(machine, host, answers);
                }
            }
            4 if !self.cluster.machines[machine].runs() => self.cluster.fence(machine),
            5 if self.cluster.settings.fence => {
                let how = random.pick(&[Behaviour::Works, Behaviour::Fails, Behaviour::Hangs]);
                self.cluster.machines[machine].fence = how;
            }
            _ => {}
        }
    }

    /// A program ends, a status lies, a person clears what failed.
    fn end_or_clear(&mut self) {
        let Some(random) = &mut self.death_random else {
            return;
        };
        let machine = random.index(self.cluster.machines.len());
        let group = random.index(self.cluster.settings.groups.len());
        self.cluster.monitor = random.between(10_000, 1_000_000);
        match random.below(12) {
            0..=3 => self.cluster.die(machine, group),
            4 => self.cluster.cry_wolf(machine, group),
            5 => {
                let which = selection(random, self.cluster.settings.groups.len());
                self.cluster.command(machine, Command::Clear(which));
            }
            _ => {}
        }
    }
}

fn selection(random: &mut Random, groups: usize) -> Selection {
    match random.below(6) {
        0 => Selection::All,
        1 => Selection::Local,
        2 => Selection::Foreign,
        _ => Selection::Group(GroupId::new(random.index(groups)).unwrap()),
    }
}

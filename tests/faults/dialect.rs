//! Two nodes that speak heartbeat's language (`protocol linux-ha`) under the same faults.
//!
//! Two of us are no real heartbeat: after a heal nobody restarts. What has to hold is of DESIGN 7.3 and the
//! table "Beside a real heartbeat" of the manual:
//! * R1: while both run, and for 10 s each heard a status of the other within every `deadtime`, no group is
//!   started on one before the other has stopped it. A verdict of one alone voids what they agreed to.
//! * R2: after the last fault and 2 max(deadtime, initdead) + 90 s, and what scripts take, every group is
//!   held by exactly one able node, both know by which, and then nothing starts any more.
//! * R4: two that hear each other both go on with a group for 10 s at most, and while scripts stop.
//! * R5: a message of an earlier generation is refused, and one that was heard before changes nothing; a
//!   recorded one of this life that was missed counts, because the dialect cannot know.
//!   So an adversary is at work while faults go on, and rests after the last.
//! * R6: the same inputs make the same outputs; an early or repeated timeout says nothing.

use twinbeat::action::{Command, Selection};
use twinbeat::config::{AutoFailback, Dialect};
use twinbeat::id::GroupId;

use super::rollout::Rollout;
use super::{Faults, Summary, death, odd_scripts, world};
use crate::TIMINGS;
use crate::cluster::Cluster;
use crate::cluster::random::Random;
use crate::cluster::settings::{GroupSettings, Settings};

/// Runs one seed; panics when a rule is broken.
pub(crate) fn simulate(seed: u64) -> Summary {
    let mut random = Random::new(seed ^ 0x6c69_6e75);
    let mut cluster = Cluster::new(settings(&mut random), seed);
    let adversary = random.chance(300_000);
    cluster.recording = adversary;
    cluster.wake_delay = random.pick(&[0, 300, 2_000]);
    cluster.script_time = random.pick(&[10_000, 200_000, 1_000_000]);
    Faults {
        rollout: Rollout::none(&cluster),
        reload_random: Random::new(seed),
        good: world::quality(&cluster, &mut random),
        cluster,
        random,
        reach_random: Random::new(seed ^ 0x7069_6e67),
        person_random: Random::new(seed ^ 0x7065_7273),
        death_random: death(seed),
        script_random: odd_scripts(seed),
        adversary,
        dogs: false,
    }
    .tell()
}

fn settings(random: &mut Random) -> Settings {
    let (keepalive, deadtime) = random.pick(&TIMINGS);
    let mut settings = Settings::new(2, keepalive, deadtime);
    settings.dialect = Dialect::LinuxHa;
    settings.links = random.pick(&[1, 1, 2]);
    settings.initdead = deadtime * random.pick(&[1, 2]);
    settings.failback = random.pick(&[AutoFailback::On, AutoFailback::Off, AutoFailback::Legacy]);
    // With `legacy` there is no `ipfail`, and nothing moves because of what answers.
    settings.hosts = match settings.failback {
        AutoFailback::Legacy => 0,
        AutoFailback::On | AutoFailback::Off => random.pick(&[0, 0, 1, 2]),
    };
    settings.restarts = random.pick(&[0, 1, 3]);
    for group in 0..random.between(1, 4) {
        let address = format!("10.0.0.{}", group + 1);
        let script = format!("service{group}");
        settings.groups.push(GroupSettings {
            home: random.index(2),
            resources: match random.below(4) {
                0 => vec![script],
                1 => vec![address, script],
                _ => vec![address],
            },
            ..GroupSettings::default()
        });
    }
    settings
}

impl Faults {
    /// A person's order, as far as the dialect has words for it: the shell refuses the others.
    pub(super) fn order(&mut self, machine: usize, command: Command) {
        let settings = &self.cluster.settings;
        let legacy = settings.failback == AutoFailback::Legacy;
        let alone = |group: GroupId| {
            let home = settings.groups[group.index()].home;
            let groups = settings.groups.iter();
            !legacy && groups.filter(|group| group.home == home).count() == 1
        };
        let sayable = settings.dialect == Dialect::Native
            || match command {
                Command::Standby(Selection::Group(group)) => alone(group),
                Command::Takeover(Selection::Group(group))
                | Command::Unmove(Selection::Group(group)) => legacy || alone(group),
                Command::Move { group, to } => alone(group) || (legacy && to.index() == machine),
                Command::Standby(_) => !legacy,
                _ => true,
            };
        if sayable {
            self.cluster.command(machine, command);
        }
    }

    /// How long a transfer may take that both have to agree to; nothing in the native dialect.
    pub(super) fn dialogue(&self) -> u64 {
        match self.cluster.settings.dialect {
            Dialect::Native => 0,
            Dialect::LinuxHa => 90_000_000,
        }
    }
}

//! The world that a seed draws before anything happens in it.

use twinbeat::config::AutoFailback;

use crate::TIMINGS;
use crate::cluster::Cluster;
use crate::cluster::network::Quality;
use crate::cluster::random::Random;
use crate::cluster::settings::{GroupSettings, Settings};

/// Drawn apart, so that the rest of a seed's story is as it was.
pub(super) fn reach(settings: &mut Settings, random: &mut Random) {
    settings.hosts = random.pick(&[0, 0, 1, 2, 3]);
    settings.deadping = settings.deadtime * random.pick(&[1, 1, 2]);
    // By another chance still: a seed without it has the story that it had.
    settings.fence = Random::new(random.clone().word()).chance(400_000);
    for group in &mut settings.groups {
        group.at_most_one = random.chance(200_000);
    }
}

/// Drawn apart, too, and for some only: in the seeds that are kept by their numbers no group depends on
/// another.
pub(super) fn order(settings: &mut Settings, random: &mut Random) {
    if !random.chance(400_000) {
        return;
    }
    let count = settings.groups.len();
    // Either way round: who is decided upon first must not matter.
    let upwards = random.chance(500_000);
    for one in 0..count {
        let lower = if upwards { count - 1 - one } else { one };
        let mut other = || {
            let further = random.index(lower.max(1));
            let other = if upwards {
                count - 1 - further
            } else {
                further
            };
            (lower > 0 && random.chance(500_000)).then_some(other)
        };
        settings.groups[one].after = other();
        settings.groups[one].with = other();
    }
}

pub(super) fn settings(random: &mut Random) -> Settings {
    let nodes = random.pick(&[2, 2, 2, 3, 3, 4]);
    let (keepalive, deadtime) = random.pick(&TIMINGS);
    let mut settings = Settings::new(nodes, keepalive, deadtime);
    settings.links = random.pick(&[1, 1, 2]);
    wire(&mut settings, random);
    settings.initdead = deadtime * random.pick(&[1, 2]);
    settings.failback = random.pick(&[AutoFailback::On, AutoFailback::Off, AutoFailback::Legacy]);
    for group in 0..random.between(1, 4) {
        let address = format!("10.0.0.{}", group + 1);
        let script = format!("service{group}");
        settings.groups.push(GroupSettings {
            home: random.index(nodes),
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

/// Sometimes serial lines, beside Ethernet or instead: one cable for two nodes, a ring for more.
fn wire(settings: &mut Settings, random: &mut Random) {
    let nodes = settings.names.len();
    match random.below(6) {
        0 => settings.links = 0,
        1 => {}
        _ => return,
    }
    if nodes == 2 {
        settings.join(0, 1);
    } else {
        (0..nodes).for_each(|one| settings.join(one, (one + 1) % nodes));
    }
    // What `check` accepts.
    if nodes > 2 && settings.keepalive < 500_000 {
        settings.baud = 115_200;
    }
}

pub(super) fn quality(cluster: &Cluster, random: &mut Random) -> Quality {
    let keepalive = cluster.settings.keepalive;
    let delay = keepalive / random.pick(&[10, 50, 50, 1000]);
    Quality {
        delay: random.between(50, delay),
        jitter: keepalive / random.pick(&[5, 20, 50, 1000]),
        loss: random.pick(&[0, 0, 0, 20_000, 200_000]),
        duplication: random.pick(&[0, 0, 50_000]),
        noise: random.pick(&[0, 0, 1_000, 20_000]),
    }
}

/// Sometimes a line, or one cable missing.
pub(super) fn topology(cluster: &mut Cluster, random: &mut Random) {
    let nodes = cluster.machines.len();
    match random.below(5) {
        0 => {
            for one in 0..nodes {
                for other in one + 2..nodes {
                    cluster.network.remove_edge(one, other);
                }
            }
        }
        1 if nodes > 2 => cluster
            .network
            .remove_edge(random.index(nodes - 1), nodes - 1),
        _ => {}
    }
}

//! Clusters over serial lines in virtual time: real nodes, the core's own lines, bytes at their pace.
//!
//! `TWINBEAT_NOISE=1 cargo test --test lines noise -- --nocapture` prints how much of it is too much.

#[expect(
    dead_code,
    reason = "chance and the stories use what is not needed here"
)]
mod cluster;

use cluster::Cluster;
use cluster::settings::{GroupSettings, Settings};
use twinbeat::config::AutoFailback;
use twinbeat::id::{GroupSet, NodeId};

const MS: u64 = 1000;
const SECOND: u64 = 1_000_000;
/// The budget's shortest, and the one for power cuts.
const TIMINGS: [(u64, u64); 2] = [(50 * MS, 150 * MS), (100 * MS, 300 * MS)];

/// One line between two nodes with four groups, which stay where they are.
fn pair(keepalive: u64, deadtime: u64, seed: u64) -> Cluster {
    cluster(Settings::serial(keepalive, deadtime), seed)
}

/// Three nodes, each with a line to each of the others.
fn ring(keepalive: u64, deadtime: u64, seed: u64) -> Cluster {
    let mut settings = Settings::new(3, keepalive, deadtime);
    settings.links = 0;
    settings.cables = vec![[(0, 0), (1, 1)], [(1, 0), (2, 1)], [(2, 0), (0, 1)]];
    cluster(settings, seed)
}

fn cluster(mut settings: Settings, seed: u64) -> Cluster {
    settings.failback = AutoFailback::Off;
    for number in 0..4 {
        settings.groups.push(GroupSettings {
            home: 0,
            resources: vec![format!("10.0.0.{}", number + 1)],
            ..GroupSettings::default()
        });
    }
    let mut cluster = Cluster::new(settings, seed);
    cluster.story = Some(Vec::new());
    // A loop that is up to so late, for its timer and for what it reads.
    cluster.wake_delay = 4 * MS;
    cluster
}

/// The nodes are started so long after one another.
fn start(cluster: &mut Cluster, apart: u64) {
    for machine in 0..cluster.machines.len() {
        cluster.boot(machine);
        if machine == 0 {
            cluster.run_for(apart);
        }
    }
    cluster.run_for(20 * cluster.settings.deadtime);
    cluster.check_settled(GroupSet::EMPTY);
    cluster.story = Some(Vec::new());
}

/// Lines of the story since it was last asked for that have a word in them.
fn told(cluster: &mut Cluster, word: &str) -> Vec<String> {
    let story = cluster.story.replace(Vec::new()).unwrap();
    story
        .into_iter()
        .filter(|line| line.contains(word))
        .collect()
}

/// Every node hears every other one, which says so.
fn all_hear(cluster: &Cluster) -> bool {
    let now = cluster.instant();
    let nodes = || NodeId::first(cluster.machines.len());
    nodes().all(|one| {
        let node = cluster.machines[one.index()].node.as_ref();
        let mut others = nodes().filter(|other| *other != one);
        node.is_some_and(|node| others.all(|other| node.peer(now, other).hears_us))
    })
}

fn till_all_hear(cluster: &mut Cluster) -> u64 {
    let from = cluster.now;
    while !all_hear(cluster) && cluster.now < from + 10 * SECOND {
        cluster.run_for(MS);
    }
    cluster.now - from
}

/// Of a thousand, how much of each direction was used while time passes.
fn used(cluster: &mut Cluster, time: u64) -> Vec<u64> {
    let written = |cluster: &Cluster| -> Vec<u64> {
        let ports = cluster.machines.iter().flat_map(|one| &one.ports);
        ports.map(|port| port.written).collect()
    };
    let before = written(cluster);
    cluster.run_for(time);
    let whole = u64::from(cluster.settings.baud) / 10 * time / SECOND;
    let bytes = written(cluster).into_iter().zip(before);
    bytes
        .map(|(after, before)| (after - before) * 1000 / whole)
        .collect()
}

fn holder(cluster: &Cluster) -> usize {
    let serves = |one: &cluster::machine::Machine| one.groups[0].served(cluster.now);
    cluster.machines.iter().position(serves).unwrap()
}

#[test]
fn at_50_and_150_ms_a_minute_is_steady_and_the_line_half_used_at_most() {
    for (apart, delay) in [(0, 0), (0, 10), (20, 20), (200, 1), (1000, 10)] {
        for seed in 0..6 {
            let mut cluster = pair(50 * MS, 150 * MS, seed);
            cluster.network.quality.delay = delay * MS;
            start(&mut cluster, apart * MS + seed * 777);
            let takeovers = cluster.rules.takeovers;
            let used = used(&mut cluster, 60 * SECOND);
            assert!(
                used.iter().all(|used| (400..=500).contains(used)),
                "{used:?}"
            );
            let said = told(&mut cluster, "");
            assert!(said.is_empty(), "seed {seed}, {delay} ms: {said:?}");
            assert_eq!(cluster.rules.takeovers, takeovers);
        }
    }
}

#[test]
fn a_node_that_is_restarted_is_known_again_and_nothing_moves() {
    for (keepalive, deadtime) in TIMINGS {
        for seed in 0..40 {
            let mut cluster = pair(keepalive, deadtime, seed);
            start(&mut cluster, 0);
            let takeovers = cluster.rules.takeovers;
            let standby = 1 - holder(&cluster);
            cluster.kill(standby);
            cluster.run_for(seed * 17 * MS);
            cluster.boot(standby);
            let time = till_all_hear(&mut cluster);
            assert!(time <= 400 * MS, "seed {seed}: {time} us");
            cluster.run_for(2 * SECOND);
            let name = cluster.machines[1 - standby].name.clone();
            let said = told(&mut cluster, &format!("{name} may not hold"));
            assert!(said.is_empty(), "seed {seed}: {said:?}");
            assert_eq!(cluster.rules.takeovers, takeovers, "seed {seed}");
        }
    }
}

#[test]
fn after_a_cut_they_know_each_other_again_within_a_few_frames() {
    for (keepalive, deadtime) in TIMINGS {
        for (cut, seed) in (0..30).map(|seed| ([SECOND, 60 * SECOND][(seed % 2) as usize], seed)) {
            let mut cluster = pair(keepalive, deadtime, seed);
            cluster.network.quality.delay = seed % 3 * 5 * MS;
            start(&mut cluster, 0);
            cluster.network.set_cut_between(0, 1, true);
            cluster.run_for(cut + seed * 3 * MS);
            cluster.network.join();
            let time = till_all_hear(&mut cluster);
            // A beat, a Hello, and two that answer it; each may have to wait for another.
            assert!(time <= 350 * MS, "seed {seed}: {time} us");
            cluster.run_for(2 * SECOND);
            cluster.check_settled(GroupSet::EMPTY);
            let _ = told(&mut cluster, "");
            cluster.run_for(10 * SECOND);
            assert_eq!(told(&mut cluster, ""), Vec::<String>::new());
        }
    }
}

#[test]
fn with_one_direction_cut_the_node_that_is_not_heard_gives_way_once() {
    for (keepalive, deadtime) in TIMINGS {
        for seed in 0..10 {
            let mut cluster = pair(keepalive, deadtime, seed);
            start(&mut cluster, 0);
            let takeovers = cluster.rules.takeovers;
            let active = holder(&cluster);
            cluster.network.set_cut(active, 1 - active, 0, true);
            cluster.run_for(20 * deadtime);
            assert_eq!(holder(&cluster), 1 - active, "seed {seed}");
            assert!(!cluster.machines[active].groups[0].active(), "seed {seed}");
            cluster.network.join();
            cluster.run_for(20 * deadtime);
            cluster.check_settled(GroupSet::EMPTY);
            assert_eq!(
                cluster.rules.takeovers,
                takeovers + 4,
                "one move: seed {seed}"
            );
        }
    }
}

#[test]
fn a_power_cut_is_noticed_a_deadtime_after_the_last_frame_and_not_later() {
    for (keepalive, deadtime) in TIMINGS {
        for seed in 0..20 {
            let mut cluster = pair(keepalive, deadtime, seed);
            start(&mut cluster, 0);
            cluster.wake_delay = 0;
            cluster.run_for(SECOND + seed * 1234);
            let active = holder(&cluster);
            let last = cluster.rules.heard_at(1 - active, active).unwrap();
            cluster.power_off(active);
            while !cluster.machines[1 - active].groups[0].served(cluster.now) {
                cluster.run_for(100);
                assert!(
                    cluster.now < last + 2 * deadtime,
                    "seed {seed}: nobody serves"
                );
            }
            let over = cluster.now - last;
            assert!(over.abs_diff(deadtime) <= 200, "seed {seed}: {over} us");
        }
    }
}

#[test]
fn one_byte_in_a_thousand_changed_makes_no_false_takeover_in_a_minute() {
    let minutes = |noise, seeds: u64| -> u64 {
        let minute = |seed| {
            let mut cluster = pair(100 * MS, 500 * MS, seed);
            start(&mut cluster, 0);
            let before = cluster.rules.takeovers;
            cluster.network.quality.noise = noise;
            cluster.run_for(60 * SECOND);
            cluster.rules.takeovers - before
        };
        (0..seeds).map(minute).sum()
    };
    assert_eq!(minutes(1000, 30), 0);
    if std::env::var_os("TWINBEAT_NOISE").is_some() {
        for noise in [2000, 3000, 4000, 5000, 6000, 8000, 10_000, 15_000, 20_000] {
            let takeovers = minutes(noise, 60);
            println!(
                "{} % of bytes: {takeovers} in 60 minutes",
                noise as f64 / 1e4
            );
        }
    }
}

#[test]
fn a_ring_with_one_cable_cut_stays_as_it_is_and_takes_over_after_a_power_cut() {
    for (keepalive, deadtime) in [(100 * MS, 500 * MS), (200 * MS, 600 * MS)] {
        for seed in 0..10 {
            let mut cluster = ring(keepalive, deadtime, seed);
            start(&mut cluster, seed * 10 * MS);
            let active = holder(&cluster);
            let (next, last) = ((active + 1) % 3, (active + 2) % 3);
            let cut = [(active, last), (active, next), (next, last)][(seed % 3) as usize];
            cluster.network.set_cut_between(cut.0, cut.1, true);
            let takeovers = cluster.rules.takeovers;
            let used = used(&mut cluster, 60 * SECOND);
            // At 100 ms the beats of two fill their half; what follows a change may be a little ahead.
            assert!(used.iter().all(|used| *used <= 504), "{used:?}");
            let dead = told(&mut cluster, "dead");
            assert!(
                dead.is_empty() && all_hear(&cluster),
                "seed {seed}: {dead:?}"
            );
            assert_eq!(cluster.rules.takeovers, takeovers, "seed {seed}");
            // Where it stands between the two, they lose each other as well.
            cluster.power_off(active);
            cluster.run_for(2 * deadtime);
            let dead = told(&mut cluster, "dead");
            assert!(dead.len() >= 2, "seed {seed}: {dead:?}");
            if cut != (next, last) {
                cluster.check_settled(GroupSet::EMPTY);
                assert_eq!(cluster.rules.takeovers, takeovers + 4, "seed {seed}");
            }
        }
    }
}

#[test]
fn old_bytes_read_after_a_pause_are_no_sign_of_life() {
    for (keepalive, deadtime) in TIMINGS {
        for seed in 0..20 {
            // The standby is away while the holder says more than a tty keeps, and dies.
            let mut cluster = pair(keepalive, deadtime, seed);
            start(&mut cluster, 0);
            let active = holder(&cluster);
            cluster.stall(1 - active, 10 * SECOND);
            cluster.run_for(SECOND + seed * 200 * MS);
            cluster.power_off(active);
            cluster.run_until(cluster.machines[1 - active].stalled_until - 1);
            let unread = cluster.unread(1 - active);
            assert!(unread > 400, "{unread} bytes");
            // No older frame than `deadtime` was believed: the rules look. A loop that slept is not able
            // before it has listened for `deadtime`.
            cluster.run_for(deadtime + 10 * MS);
            assert_eq!(holder(&cluster), 1 - active, "seed {seed}");
        }
    }
}

#[test]
fn where_the_clock_stood_still_old_bytes_cost_a_deadtime_and_nothing_is_held_against_them() {
    for (keepalive, deadtime) in TIMINGS {
        for seed in 0..20 {
            // The holder stands still and its peer takes over: what that said is read before all else.
            let mut cluster = pair(keepalive, deadtime, seed);
            start(&mut cluster, 0);
            let active = holder(&cluster);
            cluster.freeze(active, SECOND + seed * 50 * MS);
            let thaw = cluster.machines[active].stalled_until;
            cluster.run_until(thaw - 1);
            let both = |cluster: &Cluster| {
                let held = |one: &cluster::machine::Machine| one.groups[0].installed(cluster.now);
                cluster.machines.iter().all(held)
            };
            assert!(both(&cluster), "seed {seed}");
            cluster.run_for(1);
            assert!(!both(&cluster), "seed {seed}");
            let time = till_all_hear(&mut cluster);
            assert!(time <= 500 * MS, "seed {seed}: {time} us");
            cluster.run_for(2 * SECOND);
            cluster.check_settled(GroupSet::EMPTY);
            // The standby stands still and the holder dies.
            let active = holder(&cluster);
            cluster.freeze(1 - active, 10 * SECOND);
            cluster.run_for(SECOND + seed * 200 * MS);
            cluster.power_off(active);
            cluster.run_until(cluster.machines[1 - active].stalled_until + deadtime + 5 * MS);
            assert_eq!(holder(&cluster), 1 - active, "seed {seed}");
        }
    }
}

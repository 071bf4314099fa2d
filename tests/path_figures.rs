//! Loss, jitter and the longest silence of a path, in virtual time, against what the network really
//! did to it. An adversary's frames are in no figure.

#[expect(dead_code, reason = "the stories use what these figures do not")]
mod cluster;

use cluster::Cluster;
use cluster::settings::Settings;
use twinbeat::PathView;
use twinbeat::id::{LinkId, NodeId};
use twinbeat::time::Duration;

const SECOND: u64 = 1_000_000;
/// keepalive, deadtime
const PACE: (u64, u64) = (SECOND / 10, SECOND);

fn started(settings: Settings, seed: u64) -> Cluster {
    let mut cluster = Cluster::new(settings, seed);
    for machine in 0..cluster.machines.len() {
        cluster.boot(machine);
    }
    cluster.run_for(20 * SECOND);
    cluster
}

fn pair(links: usize, seed: u64) -> Cluster {
    let settings = Settings {
        links,
        ..Settings::new(2, PACE.0, PACE.1)
    };
    started(settings, seed)
}

/// What machine `to` says of the path from machine `from`.
fn path(cluster: &Cluster, from: usize, to: usize, link: usize) -> PathView {
    let node = cluster.machines[to].node.as_deref().expect("it runs");
    let (from, link) = (NodeId::new(from).unwrap(), LinkId::new(link).unwrap());
    node.path(cluster.clock(to), from, link)
        .expect("it was heard")
}

/// Every path of a cluster.
fn paths(cluster: &Cluster) -> Vec<PathView> {
    let (nodes, links) = (cluster.machines.len(), cluster.settings.links);
    let ends = (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to)));
    ends.filter(|(from, to)| from != to)
        .flat_map(|(from, to)| (0..links).map(move |link| path(cluster, from, to, link)))
        .collect()
}

#[test]
fn a_quiet_network_loses_nothing_and_has_no_jitter() {
    for nodes in [2, 3] {
        let settings = Settings {
            links: 2,
            ..Settings::new(nodes, PACE.0, PACE.1)
        };
        let mut cluster = started(settings, 1);
        cluster.run_for(100 * SECOND);
        for path in paths(&cluster) {
            assert!(path.up && path.age <= Duration::from_micros(PACE.0));
            assert_eq!((path.loss, path.missed), (0, 0), "{nodes} nodes: {path:?}");
            assert!(path.frames > 1000 && path.jitter < 100, "{path:?}");
            assert!(path.longest <= Duration::from_millis(101), "{path:?}");
        }
    }
}

#[test]
fn a_fifth_that_is_lost_is_seen_on_both_sides() {
    for links in [1, 2] {
        for seed in 0..5 {
            let mut cluster = pair(links, seed);
            cluster.network.quality.loss = 200_000;
            cluster.run_for(400 * SECOND);
            for path in paths(&cluster) {
                // 256 frames or more: four times their standard deviation.
                let off = path.loss.abs_diff(200_000);
                assert!(off < 100_000, "links {links}, seed {seed}: {path:?}");
                let (missed, frames) = (u64::from(path.missed), u64::from(path.frames));
                let all = missed * 1_000_000 / (missed + frames);
                assert!(all.abs_diff(200_000) < 30_000, "{links} {seed}: {path:?}");
            }
        }
    }
}

#[test]
fn loss_in_one_direction_is_not_laid_to_the_other() {
    let ethernet = Settings::new(2, PACE.0, PACE.1);
    let serial = Settings::serial(PACE.0 / 2, PACE.1 / 2);
    for settings in [ethernet, serial] {
        let mut cluster = started(settings, 3);
        for _ in 0..600 {
            let keepalive = cluster.settings.keepalive;
            cluster.network.set_cut(0, 1, 0, true);
            cluster.run_for(2 * keepalive);
            cluster.network.set_cut(0, 1, 0, false);
            cluster.run_for(4 * keepalive);
        }
        let (there, back) = (path(&cluster, 0, 1, 0), path(&cluster, 1, 0, 0));
        assert!(there.loss > 200_000, "{there:?}");
        assert!(back.loss < 5000 && back.missed < 5, "{back:?}");
    }
}

#[test]
fn jitter_is_what_the_network_adds() {
    for jitter in [2000, 20_000] {
        let mut cluster = pair(1, jitter);
        cluster.network.quality.jitter = jitter;
        cluster.run_for(200 * SECOND);
        for path in paths(&cluster) {
            // The mean difference of two draws is a third of their range; falling in step adds some.
            let jitter = u32::try_from(jitter).unwrap();
            assert!(path.jitter > jitter / 6, "{jitter}: {path:?}");
            assert!(path.jitter < jitter, "{jitter}: {path:?}");
            assert_eq!(path.loss, 0, "{path:?}");
        }
    }
}

#[test]
fn an_outage_is_neither_loss_nor_a_silence_of_the_link() {
    let mut cluster = pair(2, 5);
    cluster.network.set_cut(0, 1, 1, true);
    cluster.run_for(60 * SECOND);
    let cut = path(&cluster, 0, 1, 1);
    assert!(!cut.up && cut.age >= Duration::from_secs(59), "{cut:?}");
    cluster.network.join();
    cluster.run_for(5 * SECOND);
    let healed = path(&cluster, 0, 1, 1);
    assert!(healed.up && healed.loss == 0, "{healed:?}");
    assert!(healed.longest < Duration::from_micros(PACE.1), "{healed:?}");
}

#[test]
fn the_longest_silence_is_the_one_that_was() {
    let mut cluster = pair(2, 6);
    cluster.network.set_cut(0, 1, 0, true);
    cluster.run_for(4 * PACE.0 + PACE.0 / 2);
    cluster.network.join();
    cluster.run_for(100 * SECOND);
    let longest = path(&cluster, 0, 1, 0).longest.millis();
    assert!((400..=600).contains(&longest), "{longest}");
    assert!(path(&cluster, 0, 1, 1).longest <= Duration::from_millis(101));
}

#[test]
fn replayed_and_forged_frames_change_no_figure() {
    let mut cluster = pair(2, 7);
    cluster.recording = true;
    cluster.kill(1);
    cluster.run_for(10 * SECOND);
    cluster.boot(1);
    cluster.run_for(60 * SECOND);
    let before = paths(&cluster);
    for _ in 0..2000 {
        cluster.replay();
        cluster.replay();
        cluster.run_for(SECOND / 100);
    }
    for (path, before) in paths(&cluster).into_iter().zip(before) {
        // Its own frames went on coming.
        assert!(path.frames >= before.frames + 190, "{path:?}");
        assert_eq!((path.loss, path.missed), (0, 0), "{path:?}");
        assert!(path.longest <= Duration::from_millis(110), "{path:?}");
        assert!(path.jitter < 2000, "{path:?}");
    }
}

#[test]
fn a_serial_line_that_is_full_loses_nothing() {
    let settings = Settings::serial(SECOND / 20, 3 * SECOND / 20);
    let mut cluster = started(settings, 8);
    cluster.run_for(60 * SECOND);
    for (from, to) in [(0, 1), (1, 0)] {
        let path = path(&cluster, from, to, 0);
        assert!(path.loss < 5000, "{path:?}");
        assert!(path.frames > 1000, "{path:?}");
    }
}

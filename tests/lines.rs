//! Clusters over serial lines in virtual time: real nodes, the core's own lines, bytes at their pace.

#[expect(dead_code, reason = "the stories use what is not needed here")]
mod cluster;

use cluster::Cluster;
use cluster::settings::{GroupSettings, Settings};
use twinbeat::config::AutoFailback;

const MS: u64 = 1000;
const SECOND: u64 = 1_000_000;

fn four_groups(mut settings: Settings) -> Settings {
    settings.failback = AutoFailback::Off;
    for number in 0..4 {
        settings.groups.push(GroupSettings {
            home: number % 2,
            resources: vec![format!("10.0.0.{}", number + 1)],
        });
    }
    settings
}

fn mutual(cluster: &Cluster) -> bool {
    (0..2).all(|one| {
        let peer = twinbeat::id::NodeId::new(1 - one).unwrap();
        let node = cluster.machines[one].node.as_ref();
        node.is_some_and(|node| node.peer(cluster.instant(), peer).hears_us)
    })
}

fn till_mutual(cluster: &mut Cluster) -> u64 {
    let from = cluster.now;
    while !mutual(cluster) && cluster.now - from < 20 * SECOND {
        cluster.run_for(MS);
    }
    (cluster.now - from) / MS
}

#[test]
fn ring() {
    for (k, d) in [(100, 300), (100, 500), (200, 600), (250, 750)] {
        let mut settings = four_groups(Settings::new(3, k * MS, d * MS));
        settings.links = 0;
        settings.cables = vec![[(0, 0), (1, 0)], [(1, 1), (2, 0)]];
        let mut cluster = Cluster::new(settings, 1);
        cluster.story = Some(Vec::new());
        cluster.wake_delay = 3 * MS;
        for one in 0..3 {
            cluster.boot(one);
        }
        cluster.run_for(10 * SECOND);
        let bytes = cluster.machines[1].ports[0].written;
        cluster.run_for(60 * SECOND);
        let used = (cluster.machines[1].ports[0].written - bytes) * 1000 / (1920 * 60);
        for line in cluster.story.take().unwrap().iter().take(80) {
            println!("{line}");
        }
        println!("{k}/{d} ring: used {used}");
    }
}

#[test]
fn survey() {
    for (k, d) in [(50, 150), (100, 300)] {
        for (delay, wake, apart) in [
            (0, 3, 0),
            (10, 3, 0),
            (20, 3, 0),
            (30, 3, 0),
            (0, 8, 10),
            (0, 15, 10),
            (0, 20, 10),
            (5, 5, 300),
            (10, 10, 300),
        ] {
            let (mut worst, mut deaths, mut unheard, mut takeovers, mut used, mut again, mut heal) =
                (0, 0, 0, 0, 0, 0, 0);
            for seed in 0..10 {
                let mut cluster = Cluster::new(four_groups(Settings::serial(k * MS, d * MS)), seed);
                cluster.story = Some(Vec::new());
                cluster.wake_delay = wake * MS;
                cluster.network.quality.delay = delay * MS;
                cluster.boot(0);
                cluster.run_for(apart * MS + seed * 777);
                cluster.boot(1);
                worst = worst.max(till_mutual(&mut cluster));
                cluster.run_for(2 * SECOND);
                cluster.story = Some(Vec::new());
                let before = cluster.rules.takeovers;
                let bytes = cluster.machines[0].ports[0].written;
                cluster.run_for(60 * SECOND);
                used =
                    used.max((cluster.machines[0].ports[0].written - bytes) * 1000 / (1920 * 60));
                for line in cluster.story.take().unwrap() {
                    deaths += u64::from(line.contains("dead"));
                    unheard += u64::from(line.contains("may not"));
                }
                takeovers += cluster.rules.takeovers - before;
                cluster.kill(1);
                cluster.run_for(seed * 50 * MS);
                cluster.boot(1);
                again = again.max(till_mutual(&mut cluster));
                cluster.run_for(2 * SECOND);
                cluster.network.set_cut_between(0, 1, true);
                cluster.run_for(SECOND + seed * 3 * MS);
                cluster.network.join();
                heal = heal.max(till_mutual(&mut cluster));
            }
            println!(
                "{k}/{d} delay {delay} wake {wake} apart {apart}: mutual {worst} ms, deaths {deaths}, unheard {unheard}, takeovers {takeovers}, used {used} permille, restart {again}, heal {heal}"
            );
        }
    }
}

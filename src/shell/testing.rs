//! What several tests need.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use twinbeat::config::{
    AutoFailback, Config, Dialect, Generation, Group, Key, Keys, Limits, Link, Log, Medium, Method,
    Options, Reach, Resource, Text, Timing, Watchdog,
};
use twinbeat::id::NodeId;
use twinbeat::time::Duration;

/// A new folder of the test's own.
pub(crate) fn folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("twinbeat-test-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Nodes alpha (this one) and beta, a broadcast on lo, and so many groups `group0` ... of one
/// script each, at home on alpha and beta in turn.
pub(crate) fn config(groups: u16) -> Config {
    let mut arena = heapless::String::new();
    let mut text = |word: &str| {
        let start = u16::try_from(arena.len()).unwrap();
        arena.push_str(word).unwrap();
        let len = u16::try_from(word.len()).unwrap();
        Text { start, len }
    };
    let cluster = text("linux-ha");
    let nodes = [text("alpha"), text("beta")].into_iter().collect();
    let keys: Vec<Text> = (0..groups).map(|n| text(&format!("group{n}"))).collect();
    let (rundir, statedir) = (text("/run/twinbeat"), text("/var/lib/twinbeat"));
    Config {
        cluster,
        dialect: Dialect::Native,
        generation: Generation::default(),
        nodes,
        me: NodeId::new(0).unwrap(),
        timing: Timing {
            keepalive: Duration::from_secs(1),
            warntime: Duration::from_secs(2),
            deadtime: Duration::from_secs(3),
            initdead: Duration::from_secs(12),
            lease: Duration::from_secs(1),
        },
        links: [Link {
            medium: Medium::Broadcast,
            interface: "lo".try_into().unwrap(),
            port: 694,
        }]
        .into_iter()
        .collect(),
        groups: (0..groups)
            .zip(&keys)
            .map(|(n, key)| Group {
                home: NodeId::new(usize::from(n % 2)).unwrap(),
                key: *key,
                resources: n..n + 1,
                limits: Limits::default(),
                options: Options::default(),
            })
            .collect(),
        resources: keys.iter().map(|key| Resource::Script(*key)).collect(),
        care: heapless::Vec::new(),
        monitor: Duration::ZERO,
        auto_failback: AutoFailback::On,
        keys: Keys {
            keys: [Key {
                number: 1,
                method: Method::Sha1,
                secret: heapless::Vec::from_slice(b"secret").unwrap(),
            }]
            .into_iter()
            .collect(),
            signing: 1,
        },
        watchdog: Watchdog::default(),
        reach: Reach::default(),
        fences: heapless::Vec::new(),
        companions: heapless::Vec::new(),
        log: Log::default(),
        rundir,
        statedir,
        fingerprint: [0; 32],
        arena,
    }
}

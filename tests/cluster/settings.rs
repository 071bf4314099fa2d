//! What the simulated machines are configured to do, and the [`Config`] that says it.

use std::fmt::Write as _;
use std::net::IpAddr;

use twinbeat::config::{
    Address, AutoFailback, Config, Group, Key, Keys, Link, Log, Medium, Method, Options, Policy,
    Reach, Resource, Sight, Text, Timing, Watchdog, Witness,
};
use twinbeat::id::NodeId;
use twinbeat::time::Duration;

/// One cluster's three files, in short.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) names: Vec<String>,
    pub(crate) links: usize,
    /// Microseconds, as every time here.
    pub(crate) keepalive: u64,
    pub(crate) deadtime: u64,
    pub(crate) warntime: u64,
    pub(crate) initdead: u64,
    pub(crate) failback: AutoFailback,
    pub(crate) groups: Vec<GroupSettings>,
    /// Hosts that are pinged, each a target.
    pub(crate) hosts: usize,
    pub(crate) deadping: u64,
}

/// One line of `haresources`: an address is an address, every other word a script.
#[derive(Clone, Debug)]
pub(crate) struct GroupSettings {
    pub(crate) home: usize,
    pub(crate) resources: Vec<String>,
    pub(crate) at_most_one: bool,
}

impl Settings {
    /// Nodes called a, b, c ... on one link, with no group yet.
    pub(crate) fn new(nodes: usize, keepalive: u64, deadtime: u64) -> Self {
        Self {
            names: ["a", "b", "c", "d", "e", "f", "g", "h"][..nodes]
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
            links: 1,
            keepalive,
            deadtime,
            warntime: deadtime / 2,
            initdead: deadtime * 2,
            failback: AutoFailback::On,
            groups: Vec::new(),
            hosts: 0,
            deadping: deadtime,
        }
    }

    /// The longest lease after which a killed agent has lost its address before anyone takes it
    /// (DESIGN 8.2); 1 s where there is none.
    pub(crate) fn lease(&self) -> u64 {
        (1..=60)
            .map(|seconds| seconds * 1_000_000)
            .rfind(|lease| {
                self.after_beat(*lease) + self.keepalive + lease + 350_000 <= self.deadtime
            })
            .unwrap_or(1_000_000)
    }

    /// How long after a beat a lease may be refreshed: `h` of DESIGN 8.2.
    pub(crate) fn after_beat(&self, lease: u64) -> u64 {
        (self.keepalive + 300_000).saturating_sub(lease)
    }

    /// How long a killed agent's address may be on two nodes when at most one beat was lost.
    pub(crate) fn both_hold(&self) -> u64 {
        let lease = self.lease();
        (self.after_beat(lease) + self.keepalive + lease + 330_000).saturating_sub(self.deadtime)
    }

    /// The parsed configuration of one node.
    pub(crate) fn config(&self, me: usize) -> Config {
        let mut config = Config {
            arena: heapless::String::new(),
            cluster: Text::default(),
            nodes: heapless::Vec::new(),
            me: NodeId::new(me).unwrap(),
            timing: Timing {
                keepalive: Duration::from_micros(self.keepalive),
                warntime: Duration::from_micros(self.warntime),
                deadtime: Duration::from_micros(self.deadtime),
                initdead: Duration::from_micros(self.initdead),
                lease: Duration::from_micros(self.lease()),
            },
            links: heapless::Vec::new(),
            groups: heapless::Vec::new(),
            resources: heapless::Vec::new(),
            auto_failback: self.failback,
            keys: Keys {
                keys: heapless::Vec::new(),
                signing: 1,
            },
            watchdog: Watchdog::default(),
            reach: Reach::default(),
            log: Log::default(),
            rundir: Text::default(),
            statedir: Text::default(),
        };
        config.cluster = text(&mut config, "simulated");
        for name in &self.names {
            let name = text(&mut config, name);
            config.nodes.push(name).unwrap();
        }
        for position in 0..self.links {
            let mut interface = heapless::String::new();
            write!(interface, "eth{position}").unwrap();
            let link = Link {
                medium: Medium::Broadcast,
                interface,
                port: 694,
            };
            config.links.push(link).unwrap();
        }
        config.reach.deadping = Duration::from_micros(self.deadping);
        for target in 0..u8::try_from(self.hosts).unwrap() {
            let witness = Witness {
                sight: Sight::Host(IpAddr::from([192, 0, 2, target])),
                target,
                group: Text::default(),
            };
            config.reach.witnesses.push(witness).unwrap();
            config.reach.targets = target + 1;
        }
        for group in &self.groups {
            add_group(&mut config, group);
        }
        let key = Key {
            number: 1,
            method: Method::Sha1,
            secret: heapless::Vec::from_slice(b"a secret of the simulation").unwrap(),
        };
        config.keys.keys.push(key).unwrap();
        config
    }
}

impl GroupSettings {
    /// Whether the kernel holds something of it.
    pub(crate) fn has_address(&self) -> bool {
        self.resources.iter().any(|word| is_address(word))
    }

    /// Whether a program has to be run for it.
    pub(crate) fn has_scripts(&self) -> bool {
        self.resources.iter().any(|word| !is_address(word))
    }
}

fn is_address(word: &str) -> bool {
    word.parse::<IpAddr>().is_ok()
}

fn text(config: &mut Config, word: &str) -> Text {
    let start = u16::try_from(config.arena.len()).unwrap();
    config.arena.push_str(word).unwrap();
    Text {
        start,
        len: u16::try_from(word.len()).unwrap(),
    }
}

fn add_group(config: &mut Config, group: &GroupSettings) {
    let start = u16::try_from(config.resources.len()).unwrap();
    let key = text(config, &group.resources[0]);
    for word in &group.resources {
        let resource = match word.parse() {
            Ok(address) => Resource::Address(Address {
                address,
                prefix: None,
                interface: None,
                label: None,
                broadcast: None,
            }),
            Err(_) => Resource::Script(text(config, word)),
        };
        config.resources.push(resource).unwrap();
    }
    let end = u16::try_from(config.resources.len()).unwrap();
    config
        .groups
        .push(Group {
            home: NodeId::new(group.home).unwrap(),
            key,
            resources: start..end,
            options: Options {
                policy: group.at_most_one.then_some(Policy::AtMostOne),
                failback: None,
            },
        })
        .unwrap();
}

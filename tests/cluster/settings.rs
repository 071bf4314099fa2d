//! What the simulated machines are configured to do, and the [`Config`] that says it.

use std::fmt::Write as _;
use std::net::IpAddr;

use twinbeat::config::{
    Address, AutoFailback, Config, Dialect, Fence, Generation, Group, Key, Keys, Limits, Link, Log,
    Medium, Method, Options, Policy, Reach, Resource, Sight, Text, Timing, Watchdog, Witness,
};
use twinbeat::id::{GroupId, GroupSet, NodeId};
use twinbeat::time::Duration;

/// One cluster's three files, in short.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) names: Vec<String>,
    /// Those of Ethernet; those of serial lines follow.
    pub(crate) links: usize,
    /// Cables between serial ports, each end a machine and its port; ports count from zero.
    pub(crate) cables: Vec<[(usize, usize); 2]>,
    pub(crate) baud: u32,
    /// Microseconds, as every time here.
    pub(crate) keepalive: u64,
    pub(crate) deadtime: u64,
    pub(crate) warntime: u64,
    pub(crate) initdead: u64,
    pub(crate) failback: AutoFailback,
    pub(crate) dialect: Dialect,
    pub(crate) groups: Vec<GroupSettings>,
    /// No groups without a watchdog.
    pub(crate) required: bool,
    /// How often a group is restarted in place.
    pub(crate) restarts: u8,
    /// Hosts that are pinged, each a target.
    pub(crate) hosts: usize,
    pub(crate) deadping: u64,
    /// Any node can be switched off by any other.
    pub(crate) fence: bool,
}

/// One line of `haresources`: an address is an address, every other word a script.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupSettings {
    pub(crate) home: usize,
    pub(crate) resources: Vec<String>,
    pub(crate) at_most_one: bool,
    /// The positions of others.
    pub(crate) after: Option<usize>,
    pub(crate) with: Option<usize>,
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
            cables: Vec::new(),
            baud: 19_200,
            keepalive,
            deadtime,
            warntime: deadtime / 2,
            initdead: deadtime * 2,
            failback: AutoFailback::On,
            dialect: Dialect::Native,
            groups: Vec::new(),
            required: false,
            restarts: 3,
            hosts: 0,
            deadping: deadtime,
            fence: false,
        }
    }

    /// One serial line between two nodes, and nothing else.
    pub(crate) fn serial(keepalive: u64, deadtime: u64) -> Self {
        Self {
            links: 0,
            cables: vec![[(0, 0), (1, 0)]],
            ..Self::new(2, keepalive, deadtime)
        }
    }

    /// The groups that move with one.
    pub(crate) fn class(&self, group: GroupId) -> GroupSet {
        let by_class = self.dialect == Dialect::LinuxHa && self.failback != AutoFailback::Legacy;
        let home = self.groups[group.index()].home;
        let all = GroupId::first(self.groups.len());
        all.filter(|other| *other == group || (by_class && self.groups[other.index()].home == home))
            .fold(GroupSet::EMPTY, GroupSet::with)
    }

    /// Messages that are said again in a time, when they are asked for, at most.
    pub(crate) fn repeated(&self, time: u64) -> u64 {
        match self.dialect {
            Dialect::Native => 0,
            Dialect::LinuxHa => 256 * (1 + time / 1_000_000),
        }
    }

    /// For how long two go on with one group because one of them may be about to restart.
    pub(crate) fn contest(&self) -> u64 {
        match self.dialect {
            Dialect::Native => 0,
            Dialect::LinuxHa => 10_000_000,
        }
    }

    /// What tells one seed of worlds like this again.
    pub(crate) fn seed_variable(&self) -> &'static str {
        match self.dialect {
            Dialect::Native => "TWINBEAT_SEED",
            Dialect::LinuxHa => "TWINBEAT_DIALECT_SEED",
        }
    }

    /// One more cable between the next free ports of two machines.
    pub(crate) fn join(&mut self, one: usize, other: usize) {
        let ends = [one, other].map(|machine| (machine, self.ports(machine)));
        self.cables.push(ends);
    }

    /// Serial ports of a machine.
    pub(crate) fn ports(&self, machine: usize) -> usize {
        let ends = self.cables.iter().flatten();
        let ports = ends.filter(|(one, _)| *one == machine);
        ports.map(|(_, port)| port + 1).max().unwrap_or(0)
    }

    /// Links of the machine that has most.
    pub(crate) fn most_links(&self) -> usize {
        let ports = (0..self.names.len()).map(|one| self.ports(one));
        self.links + ports.max().unwrap_or(0)
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
            dialect: self.dialect,
            generation: Generation::default(),
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
            care: heapless::Vec::new(),
            monitor: Duration::ZERO,
            auto_failback: self.failback,
            keys: Keys {
                keys: heapless::Vec::new(),
                signing: 1,
            },
            watchdog: Watchdog {
                required: self.required,
                ..Watchdog::default()
            },
            reach: Reach::default(),
            fences: heapless::Vec::new(),
            companions: heapless::Vec::new(),
            log: Log::default(),
            rundir: Text::default(),
            statedir: Text::default(),
            fingerprint: [0; 20],
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
        for port in 0..self.ports(me) {
            let device = text(&mut config, &format!("/dev/ttyS{port}"));
            let medium = Medium::Serial {
                device,
                baud: self.baud,
                rtscts: false,
            };
            let link = Link {
                medium,
                interface: heapless::String::new(),
                port: 0,
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
        if self.fence {
            let host = text(&mut config, "*");
            let fence = Fence {
                host,
                path: host,
                parameters: host,
            };
            config.fences.push(fence).unwrap();
        }
        for group in &self.groups {
            add_group(&mut config, group, self.restarts);
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

fn add_group(config: &mut Config, group: &GroupSettings, restarts: u8) {
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
            limits: Limits::default(),
            options: Options {
                policy: group.at_most_one.then_some(Policy::AtMostOne),
                after: group.after.and_then(GroupId::new),
                with: group.with.and_then(GroupId::new),
                restarts: Some(restarts),
                ..Options::default()
            },
        })
        .unwrap();
}

//! What the three files of heartbeat, and our own `twinbeat.cf`, say: text becomes a [`Config`]
//! once, at the door. Inside nothing is checked twice.
//!
//! Capacities are the numbers here and in [`crate::id`]; what does not fit is an error with file,
//! line and the limit.

pub mod authkeys;
pub mod care;
mod change;
pub mod companion;
pub mod diagnostic;
mod dialect;
pub mod fence;
mod fingerprint;
pub mod group;
pub mod ha_cf;
pub mod haresources;
pub mod interface;
mod keys;
mod lexer;
pub mod line;
pub mod lint;
mod order;
mod quoted;
pub mod reach;
mod sources;
mod template;
pub mod watchdog;

use core::net::{IpAddr, Ipv4Addr};
use core::ops::Range;

pub use care::{Care, Limits};
pub use change::{Change, Origin, Refusal};
pub use companion::Companion;
use diagnostic::{Position, Report};
pub use dialect::{Dialect, Generation};
pub use fence::Fence;
pub use group::{Options, Policy};
pub use haresources::{Network, Route};
pub use keys::{Key, Keys, Method};
pub use reach::{Reach, Sight, Witness};
pub use sources::{LocalName, Machine, Source, Sources, fill, read};
pub use watchdog::Watchdog;

use crate::id::{GroupId, LinkId, MAX_GROUPS, MAX_LINKS, MAX_NODES, NodeId, WitnessId};
use crate::time::Duration;

/// Bytes of all names, script words and paths together.
pub const MAX_TEXT: usize = 6144;
/// Resources of all groups together.
pub const MAX_RESOURCES: usize = 64;
/// Keys of `authkeys`, numbers 0 to 15.
pub const MAX_KEYS: usize = 16;
/// Bytes of one key; longer than HMAC's block would be hashed first and gain nothing.
pub const MAX_SECRET: usize = 64;

/// The name of a network interface: 1 to 15 bytes (`IFNAMSIZ` of `linux/if.h` less the zero).
pub type Interface = heapless::String<15>;

/// A piece of [`Config::text`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// First byte.
    pub start: u16,
    /// Number of bytes.
    pub len: u16,
}

/// A whole, checked configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Arena of every string; read it by [`Config::text`].
    pub arena: heapless::String<MAX_TEXT>,
    /// `cluster`: the name that is mixed into every tag; `linux-ha` when not given.
    pub cluster: Text,
    /// `protocol`: how this node speaks to its peers.
    pub dialect: Dialect,
    /// `hbgenmethod`, `heartbeatdir`.
    pub generation: Generation,
    /// `node` names in order, lower case, 1 to 63 bytes.
    pub nodes: heapless::Vec<Text, MAX_NODES>,
    /// Which of them this machine is.
    pub me: NodeId,
    /// `keepalive` and what is measured by it.
    pub timing: Timing,
    /// `bcast`, `mcast`, `ucast`, `serial` ... in the order of `ha.cf`; at least one.
    pub links: heapless::Vec<Link, MAX_LINKS>,
    /// Lines of `haresources`; may be empty.
    pub groups: heapless::Vec<Group, MAX_GROUPS>,
    /// Resources of all groups; a group owns a range.
    pub resources: heapless::Vec<Resource, MAX_RESOURCES>,
    /// What was written for single resources, by their places in [`Config::resources`].
    pub care: heapless::Vec<(u16, Care), MAX_RESOURCES>,
    /// `monitor`: for groups that say nothing else; zero for never, the default.
    pub monitor: Duration,
    /// `auto_failback`.
    pub auto_failback: AutoFailback,
    /// `authkeys`.
    pub keys: Keys,
    /// `watchdog`, `watchdog_timeout`.
    pub watchdog: Watchdog,
    /// `ping`, `ping6`, `ping_group`, `track`, `deadping`.
    pub reach: Reach,
    /// `stonith`, `stonith_host`.
    pub fences: heapless::Vec<Fence, { fence::MAX_FENCES }>,
    /// `respawn`, in the order of their lines.
    pub companions: heapless::Vec<Companion, { companion::MAX_COMPANIONS }>,
    /// Where log lines go besides standard error.
    pub log: Log,
    /// `rundir`: holds `control.sock`.
    pub rundir: Text,
    /// `statedir`: holds what should outlive a restart.
    pub statedir: Text,
    /// Of all words of the files: two of the same, for the same node, were read from the same.
    pub fingerprint: [u8; 20],
}

/// Times, with heartbeat's defaults and checks (FEATURES 1) in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Between two beats; above zero. Default 1 s.
    pub keepalive: Duration,
    /// Silence after which a peer is late. Default half of `deadtime`.
    pub warntime: Duration,
    /// Silence after which a peer is dead; above twice `keepalive`. Default 30 s.
    pub deadtime: Duration,
    /// `deadtime` for peers never heard; not below `deadtime`.
    pub initdead: Duration,
    /// Kernel lifetime of a held address, whole seconds, at least 1 (DESIGN 8.2).
    pub lease: Duration,
}

/// One medium, bound to its interface if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// How frames travel.
    pub medium: Medium,
    /// The interface it is bound to, which need not exist yet; empty for a serial line.
    pub interface: Interface,
    /// UDP port, both ways; 0 for a serial line.
    pub port: u16,
}

/// How frames travel on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Medium {
    /// `bcast IF`: IPv4 limited broadcast.
    Broadcast,
    /// `mcast IF GROUP PORT TTL LOOP`, `mcast6 IF GROUP PORT HOPS LOOP`.
    Multicast {
        /// The group address.
        group: IpAddr,
        /// TTL or hop limit, 0 to 255.
        hops: u8,
        /// Whether this machine hears itself.
        looped: bool,
    },
    /// `ucast IF ADDR`, `ucast6 IF ADDR`.
    Unicast {
        /// The peer's address.
        peer: IpAddr,
    },
    /// `serial DEV...`, one link for each device.
    Serial {
        /// The absolute path of the device, which need not exist yet.
        device: Text,
        /// `baud`, one of [`line::RATES`].
        baud: u32,
        /// `rtscts`: the line has the wires for flow control and uses them.
        rtscts: bool,
    },
}

/// One line of `haresources`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The node it prefers.
    pub home: NodeId,
    /// Its name: the first resource as written.
    pub key: Text,
    /// Its resources in [`Config::resources`], in starting order.
    pub resources: Range<u16>,
    /// What its `group` line says.
    pub options: Options,
    /// How long one call for one of its resources may take, unless it has limits of its own.
    pub limits: Limits,
}

/// One resource of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `IPaddr`, `IPaddr2`, `IPv6addr`, or an address alone: built in.
    Address(Address),
    /// `IPsrcaddr`, `SendArp`, `Route`, `Link`: built in; the word as written.
    Network(Text, Network),
    /// Anything else, the word as written: `NAME::arg1::arg2` is `resource.d/NAME` or `/etc/init.d/NAME`;
    /// `systemd::UNIT`, `ocf:PROVIDER:AGENT::name=value`, `OCF::AGENT::INSTANCE`, and `Delay::SECONDS`.
    Script(Text),
}

/// A virtual address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address itself.
    pub address: IpAddr,
    /// Prefix length as written; picks the interface when none is named.
    pub prefix: Option<u8>,
    /// The interface as written; otherwise found by route.
    pub interface: Option<Interface>,
    /// Interface label of `IPaddr2`, `eth0:0`; IPv4 only.
    pub label: Option<Interface>,
    /// Broadcast address as written; IPv4 only.
    pub broadcast: Option<Ipv4Addr>,
}

/// `auto_failback`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoFailback {
    /// A group goes home as soon as its home can serve it.
    On,
    /// A group stays where it is.
    Off,
    /// Heartbeat's default; means `On` in the native dialect.
    Legacy,
}

/// Where log lines go besides standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// `logfile`.
    pub file: Option<Text>,
    /// `debugfile`.
    pub debug_file: Option<Text>,
    /// `logfacility` as the number of `<syslog.h>` (`LOG_DAEMON` is 3); `None` for `none`.
    pub facility: Option<u8>,
    /// `debug`, 0 to 255; above zero debug lines are written.
    pub debug: u8,
}

impl Config {
    /// Nothing yet: filled while the files are read.
    pub fn empty() -> Self {
        Self {
            arena: heapless::String::new(),
            cluster: Text::default(),
            dialect: Dialect::Native,
            generation: Generation::default(),
            nodes: heapless::Vec::new(),
            me: NodeId::ZERO,
            timing: Timing {
                keepalive: Duration::ZERO,
                warntime: Duration::ZERO,
                deadtime: Duration::ZERO,
                initdead: Duration::ZERO,
                lease: Duration::ZERO,
            },
            links: heapless::Vec::new(),
            groups: heapless::Vec::new(),
            resources: heapless::Vec::new(),
            care: heapless::Vec::new(),
            monitor: Duration::ZERO,
            auto_failback: AutoFailback::Legacy,
            keys: Keys {
                keys: heapless::Vec::new(),
                signing: 0,
            },
            watchdog: Watchdog::default(),
            reach: Reach::default(),
            fences: heapless::Vec::new(),
            companions: heapless::Vec::new(),
            log: Log::default(),
            rundir: Text::default(),
            statedir: Text::default(),
            fingerprint: [0; 20],
        }
    }

    /// Keeps a string; says so when there is no room.
    fn keep(&mut self, word: &[u8], at: Position, report: &mut Report<'_>) -> Option<Text> {
        let start = u16::try_from(self.arena.len());
        // Whoever keeps a word has checked its characters.
        let word = core::str::from_utf8(word).unwrap_or_default();
        match (start, u16::try_from(word.len()), self.arena.push_str(word)) {
            (Ok(start), Ok(len), Ok(())) => Some(Text { start, len }),
            _ => {
                report.say_text_full(at);
                None
            }
        }
    }

    /// The node of a name, in upper or lower case.
    fn node_named(&self, name: &[u8]) -> Option<NodeId> {
        self.node_ids()
            .find(|node| self.node_name(*node).as_bytes().eq_ignore_ascii_case(name))
    }

    /// The string a [`Text`] stands for; empty if it is of another configuration.
    pub fn text(&self, text: Text) -> &str {
        let start = usize::from(text.start);
        self.arena
            .get(start..start.saturating_add(usize::from(text.len)))
            .unwrap_or_default()
    }

    /// A node's name.
    pub fn node_name(&self, node: NodeId) -> &str {
        self.nodes
            .get(node.index())
            .map_or("?", |name| self.text(*name))
    }

    /// A group's key.
    pub fn group_key(&self, group: GroupId) -> &str {
        self.groups
            .get(group.index())
            .map_or("?", |group| self.text(group.key))
    }

    /// A group's resources in starting order.
    pub fn group_resources(&self, group: GroupId) -> &[Resource] {
        self.groups
            .get(group.index())
            .and_then(|g| {
                self.resources
                    .get(usize::from(g.resources.start)..usize::from(g.resources.end))
            })
            .unwrap_or_default()
    }

    /// Every node, in order.
    pub fn node_ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + Clone + use<> {
        NodeId::first(self.nodes.len())
    }

    /// Every link, in order.
    pub fn link_ids(&self) -> impl DoubleEndedIterator<Item = LinkId> + Clone + use<> {
        LinkId::first(self.links.len())
    }

    /// Every group, in order.
    pub fn group_ids(&self) -> impl DoubleEndedIterator<Item = GroupId> + Clone + use<> {
        GroupId::first(self.groups.len())
    }

    /// Every witness, in order.
    pub fn witness_ids(&self) -> impl DoubleEndedIterator<Item = WitnessId> + Clone + use<> {
        WitnessId::first(self.reach.witnesses.len())
    }

    /// Whether a group goes home by itself.
    pub fn fails_back(&self, group: &Group) -> bool {
        let general = self.auto_failback != AutoFailback::Off;
        group.options.failback.unwrap_or(general)
    }
}

impl Link {
    /// The rate of a serial line, in bits a second; none of other media.
    pub fn rate(&self) -> Option<u32> {
        match self.medium {
            Medium::Serial { baud, .. } => Some(baud),
            Medium::Broadcast | Medium::Multicast { .. } | Medium::Unicast { .. } => None,
        }
    }
}

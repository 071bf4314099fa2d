//! What can be wrong with `ha.cf` and `twinbeat.cf`.

use core::fmt;
use core::net::IpAddr;

use super::directive;
use super::time;
use super::value::MAX_NAME;
use crate::config::diagnostic::{Position, Quoted, Severity};
use crate::config::interface::InterfaceProblem;
use crate::id::{MAX_LINKS, MAX_NODES};
use crate::time::Duration;

/// What is wrong with `ha.cf` or `twinbeat.cf`. An example is a whole directive as it might be.
#[derive(Clone, Copy, Debug)]
pub enum Problem<'a> {
    /// No such directive.
    Unknown(Quoted<'a>),
    /// A directive that changes nothing here, and why. A warning.
    NoEffect(&'static str, &'static str),
    /// A directive that would be dangerous to ignore, and what to do.
    NotYet(&'static str, &'static str),
    /// `nice_failback`.
    NiceFailback,
    /// A directive with one value, a second time; where the first is.
    Repeated(&'static str, Position),
    /// Too few values; an example.
    NoValue(&'static str),
    /// The first value too many; an example.
    TooMany(Quoted<'a>, &'static str),
    /// `100 ms`: the number and the unit.
    BlankBeforeUnit(Quoted<'a>, Quoted<'a>),
    /// No time; an example.
    NotATime(Quoted<'a>, &'static str),
    /// A time above the longest.
    LongTime(Quoted<'a>, Duration),
    /// A time of zero; an example.
    ZeroTime(&'static str),
    /// `deadtime` is not above twice `keepalive`.
    ShortDeadtime {
        /// As written or by default.
        deadtime: Duration,
        /// As written or by default.
        keepalive: Duration,
    },
    /// `initdead` is below `deadtime`.
    ShortInitdead {
        /// As written.
        initdead: Duration,
        /// As written or by default.
        deadtime: Duration,
    },
    /// A lease or time-out that is not one or more whole seconds; an example.
    NotWhole(Quoted<'a>, &'static str),
    /// A lease that outlives the takeover.
    LongLease {
        /// As written.
        lease: Duration,
        /// The longest that does not.
        longest: Duration,
        /// As written or by default.
        keepalive: Duration,
        /// As written or by default.
        deadtime: Duration,
    },
    /// No node name.
    BadNode(Quoted<'a>),
    /// One node twice; where the first is.
    SameNode(Quoted<'a>, Position),
    /// More than [`MAX_NODES`].
    TooManyNodes,
    /// No `node` line.
    NoNodes,
    /// No medium.
    NoMedium,
    /// More than [`MAX_LINKS`].
    TooManyLinks,
    /// One medium or device twice; where the first is.
    Same(Position),
    /// Beats that take more than half of a serial line: its rate, the bytes of beats in each
    /// keepalive, the shortest keepalive in whole milliseconds that fits.
    FullLine(u32, usize, Duration),
    /// What keeps a serial line from being used at present. A warning.
    Line(&'a str),
    /// A deadtime in which no life can be proved over a serial line, and the shortest in which it can.
    SlowLine(Duration),
    /// A word, and what is wrong with it.
    Wrong(Quoted<'a>, &'static str),
    /// No interface name.
    Interface(Quoted<'a>, InterfaceProblem),
    /// No literal address.
    NotAPeer(Quoted<'a>),
    /// An address that is not one machine's.
    NotOnePeer(IpAddr),
    /// An IPv4 address in a directive for IPv6.
    FamilyFour(Quoted<'a>, &'static str),
    /// An IPv6 address in a directive for IPv4.
    FamilySix(Quoted<'a>, &'static str),
    /// No IPv4 multicast address.
    NotAGroup(Quoted<'a>),
    /// No IPv6 multicast address.
    NotAGroupSix(Quoted<'a>),
    /// An IPv6 group that never leaves the machine.
    ShortScope(Quoted<'a>),
    /// No TTL or hop limit.
    BadHops(Quoted<'a>),
    /// Neither 0 nor 1.
    BadLoop(Quoted<'a>),
    /// No UDP port.
    BadPort(Quoted<'a>),
    /// Not on, off or legacy.
    BadFailback(Quoted<'a>),
    /// No syslog facility.
    BadFacility(Quoted<'a>),
    /// No debug level.
    BadDebug(Quoted<'a>),
    /// No cluster name.
    BadCluster(Quoted<'a>),
    /// No absolute path; an example.
    BadPath(Quoted<'a>, &'static str),
    /// A path of so many bytes; how many it may have.
    LongPath(usize, usize),
    /// `protocol linux-ha`.
    LinuxHa,
    /// No protocol.
    BadProtocol(Quoted<'a>),
    /// `crm` with anything but off.
    CrmOn,
    /// `autojoin` with anything but none.
    AutojoinOn,
}

impl Problem<'_> {
    /// How grave it is.
    pub fn severity(&self) -> Severity {
        if matches!(self, Self::NoEffect(..) | Self::Line(_)) {
            Severity::Warning
        } else {
            Severity::Error
        }
    }
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(word) => match directive::meant(word.0) {
                Some(name) => write!(f, "unknown directive {word}: did you mean {name}?"),
                None => write!(
                    f,
                    "unknown directive {word}: correct it, remove the line, or put a # in front"
                ),
            },
            Self::NoEffect(name, why) => write!(
                f,
                "{name} is accepted but has no effect: {why}; the line may stay"
            ),
            Self::NotYet(name, remedy) => write!(f, "{name} is not yet supported: {remedy}"),
            Self::NiceFailback => f.write_str(
                "nice_failback is obsolete: write \"auto_failback off\" for nice_failback on, \
                 \"auto_failback on\" for nice_failback off",
            ),
            Self::Repeated(name, first) => write!(
                f,
                "{name} is given a second time, the first is {first}: keep one of them"
            ),
            Self::NoValue(example) => write!(f, "a value is missing: write for example \"{example}\""),
            Self::TooMany(word, example) => write!(
                f,
                "{word} is one value too many: write for example \"{example}\""
            ),
            Self::BlankBeforeUnit(value, unit) => write!(
                f,
                "a blank between {value} and {unit}: times are seconds (2, 0.5), or ms and us without a blank (100ms)"
            ),
            Self::NotATime(word, example) => write!(
                f,
                "{word} is not a time: seconds (2, 0.5) without a unit, or ms and us without a blank (100ms), \
                 for example \"{example}\""
            ),
            Self::LongTime(word, longest) => write!(
                f,
                "{word} is too long: at most {longest}; a number without a unit is seconds"
            ),
            Self::ZeroTime(example) => write!(
                f,
                "the time must be above zero, at least 1us: write for example \"{example}\""
            ),
            Self::ShortDeadtime {
                deadtime,
                keepalive,
            } => write!(
                f,
                "deadtime {deadtime} is not above twice keepalive {keepalive}, one late beat would look like a death: \
                 write deadtime {} or more, or shorten keepalive",
                keepalive.scaled(3, 1)
            ),
            Self::ShortInitdead { initdead, deadtime } => write!(
                f,
                "initdead {initdead} is below deadtime {deadtime}: write initdead {deadtime} or more, or leave it out"
            ),
            Self::NotWhole(word, example) => write!(
                f,
                "{word} is not whole seconds, 1 or more, which the kernel counts: write for example \"{example}\", \
                 or leave it out, then the best is used"
            ),
            Self::LongLease {
                lease,
                longest,
                keepalive,
                deadtime,
            } => write!(
                f,
                "lease {lease} is above {longest}, the longest that keepalive {keepalive} and deadtime {deadtime} allow: \
                 a dead node would keep its addresses when they are taken over; write lease {longest} or less, leave \
                 it out, or lengthen deadtime"
            ),
            Self::BadNode(word) => write!(
                f,
                "{word} is no node name: 1 to {MAX_NAME} letters, digits, \".\", \"-\" or \"_\", as uname -n shows it"
            ),
            Self::SameNode(word, first) => write!(
                f,
                "node {word} stands twice (upper and lower case are the same), the first is {first}: remove one; \
                 each machine needs its own name"
            ),
            Self::TooManyNodes => write!(f, "more than {MAX_NODES} nodes: a cluster has at most {MAX_NODES}"),
            Self::NoNodes => f.write_str(
                "no node line: name every machine of the cluster as its uname -n shows it, for example \"node alpha beta\"",
            ),
            Self::NoMedium => f.write_str(
                "no medium to send beats on: add at least one, for example \"bcast eth0\"",
            ),
            Self::TooManyLinks => write!(
                f,
                "more than {MAX_LINKS} media (each word behind bcast or serial counts): remove some"
            ),
            Self::Same(first) => write!(f, "the same stands already at {first}: remove one of them"),
            Self::FullLine(rate, bytes, shortest) => write!(
                f,
                "keepalive is too short for a serial line of {rate} baud: beats take {bytes} bytes each time and may fill half of \
                 it: write keepalive {shortest} or more, or raise baud"
            ),
            Self::Line(why) => write!(f, "this link would be down: {why}"),
            Self::SlowLine(shortest) => write!(
                f,
                "deadtime is too short for a serial line: write deadtime {shortest} or more, or raise baud"
            ),
            Self::Wrong(word, what) => write!(f, "{word} {what}"),
            Self::Interface(word, why) => write!(f, "{word} {why}"),
            Self::NotAPeer(word) => write!(
                f,
                "{word} is not an address: write the peer's address itself, such as 192.0.2.2 or fe80::2 (without %zone); \
                 names are not looked up, because beats must go out when the name server is down"
            ),
            Self::NotOnePeer(address) => write!(
                f,
                "{address} is not the address of one machine: write the peer's own, or use bcast or mcast"
            ),
            Self::FamilyFour(word, name) => write!(
                f,
                "{word} is an IPv4 address and {name} is for IPv6: write {} instead of {name}",
                if *name == "ucast6" { "ucast" } else { "mcast" }
            ),
            Self::FamilySix(word, name) => write!(
                f,
                "{word} is an IPv6 address and {name} is for IPv4: write {name}6 instead of {name}"
            ),
            Self::NotAGroup(word) => write!(
                f,
                "{word} is no multicast address: choose one from 224.0.0.0 to 239.255.255.255, for example 239.0.0.42"
            ),
            Self::NotAGroupSix(word) => write!(
                f,
                "{word} is no IPv6 multicast address: choose one that begins with ff02:, for example ff02::694"
            ),
            Self::ShortScope(word) => write!(
                f,
                "{word} never leaves this machine: choose one that begins with ff02:, for example ff02::694"
            ),
            Self::BadHops(word) => write!(f, "{word} is no TTL: write 1 (this network only), at most 255"),
            Self::BadLoop(word) => write!(f, "{word} must be 0 or 1: write 0 (this machine need not hear itself)"),
            Self::BadPort(word) => write!(f, "{word} is no port: a number from 1 to 65535, usually 694"),
            Self::BadFailback(word) => write!(
                f,
                "{word} must be on (groups go home when their node is back), off (they stay) or legacy (as on)"
            ),
            Self::BadFacility(word) => write!(
                f,
                "{word} is no syslog facility: daemon, user, local0 to local7 and the like, or none"
            ),
            Self::BadDebug(word) => write!(f, "{word} is no debug level: a number from 0 (none) to 255"),
            Self::BadCluster(word) => write!(
                f,
                "{word} is no cluster name: 1 to {MAX_NAME} visible ASCII characters, the same on every node"
            ),
            Self::BadPath(word, example) => write!(
                f,
                "{word} is no absolute path: it begins with \"/\" and has no control characters, for example \"{example}\""
            ),
            Self::LongPath(len, most) => write!(f, "a path of {len} bytes: at most {most}; shorten it"),
            Self::LinuxHa => f.write_str(
                "protocol linux-ha (together with a real heartbeat) is not yet supported: write protocol native, \
                 on every node, or leave it out",
            ),
            Self::BadProtocol(word) => write!(f, "{word} is no protocol: write native, or leave it out"),
            Self::CrmOn => f.write_str(
                "there is no resource manager here, groups come from haresources: write crm off, or remove the line",
            ),
            Self::AutojoinOn => f.write_str(
                "nodes never join by themselves, which heartbeat with haresources refuses too: name them all in node \
                 lines and write autojoin none, or remove the line",
            ),
        }
    }
}

const _: () = assert!(time::LONGEST.millis() < 1 << 24, "travels in three bytes");

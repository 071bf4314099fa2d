//! What can be wrong with `ha.cf` and `twinbeat.cf`.

use core::fmt;
use core::net::IpAddr;

use super::directive;
use super::time;
use super::value::MAX_NAME;
use crate::config::diagnostic::{Position, Quoted, Severity};
use crate::config::template::fill;
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
    /// `deadtime` or `deadping` (which), as written or by default, is not above twice `keepalive`.
    ShortDead(&'static str, Duration, Duration),
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
    /// A word that means less beside a real heartbeat, and what. A warning.
    Differs(Quoted<'a>, &'static str),
    /// `protocol linux-ha` with another number of nodes than two.
    TwoNodes,
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
        if matches!(self, Self::NoEffect(..) | Self::Line(_) | Self::Differs(..)) {
            Severity::Warning
        } else {
            Severity::Error
        }
    }
}

impl Problem<'_> {
    /// The sentence, with places for what it is about. (Inlined it would be no table.)
    #[inline(never)]
    fn template(&self) -> &'static str {
        match self {
            Self::Unknown(_) => {
                "unknown directive {0}: correct it, remove the line, or put a # in front"
            }
            Self::NoEffect(..) => "{0} is accepted but has no effect: {1}; the line may stay",
            Self::NotYet(..) => "{0} is not yet supported: {1}",
            Self::NiceFailback => {
                "nice_failback is obsolete: write \"auto_failback off\" for nice_failback on, \
                 \"auto_failback on\" for nice_failback off"
            }
            Self::Repeated(..) => "{0} is given a second time, the first is {1}: keep one of them",
            Self::NoValue(_) => "a value is missing: write for example \"{0}\"",
            Self::TooMany(..) => "{0} is one value too many: write for example \"{1}\"",
            Self::BlankBeforeUnit(..) => {
                "a blank between {0} and {1}: times are seconds (2, 0.5), or ms and us without a blank \
                 (100ms)"
            }
            Self::NotATime(..) => {
                "{0} is not a time: seconds (2, 0.5) without a unit, or ms and us without a blank \
                 (100ms), for example \"{1}\""
            }
            Self::LongTime(..) => {
                "{0} is too long: at most {1}; a number without a unit is seconds"
            }
            Self::ZeroTime(_) => {
                "the time must be above zero, at least 1us: write for example \"{0}\""
            }
            Self::ShortDead(..) => {
                "{0} {1} is not above twice keepalive {2}, one late beat would look like a death: write \
                 {0} {3} or more, or shorten keepalive"
            }
            Self::ShortInitdead { .. } => {
                "initdead {0} is below deadtime {1}: write initdead {1} or more, or leave it out"
            }
            Self::NotWhole(..) => {
                "{0} is not whole seconds, 1 or more, which the kernel counts: write for example \"{1}\", \
                 or leave it out, then the best is used"
            }
            Self::LongLease { .. } => {
                "lease {0} is above {1}, the longest that keepalive {2} and deadtime {3} allow: a dead \
                 node would keep its addresses when they are taken over; write lease {1} or less, leave it \
                 out, or lengthen deadtime"
            }
            Self::BadNode(_) => {
                "{0} is no node name: 1 to 63 letters, digits, \".\", \"-\" or \"_\", as uname -n shows it"
            }
            Self::SameNode(..) => {
                "node {0} stands twice (upper and lower case are the same), the first is {1}: remove one; \
                 each machine needs its own name"
            }
            Self::TooManyNodes => "more than 8 nodes: a cluster has at most 8",
            Self::NoNodes => {
                "no node line: name every machine of the cluster as its uname -n shows it, for example \
                 \"node alpha beta\""
            }
            Self::NoMedium => {
                "no medium to send beats on: add at least one, for example \"bcast eth0\""
            }
            Self::TooManyLinks => {
                "more than 8 media (each word behind bcast or serial counts): remove some"
            }
            Self::Same(_) => "the same stands already at {0}: remove one of them",
            Self::FullLine(..) => {
                "keepalive is too short for a serial line of {0} baud: beats take {1} bytes each time and \
                 may fill half of it: write keepalive {2} or more, or raise baud"
            }
            Self::Line(_) => "this link would be down: {0}",
            Self::SlowLine(_) => {
                "deadtime is too short for a serial line: write deadtime {0} or more, or raise baud"
            }
            Self::Wrong(..) | Self::Differs(..) => "{0} {1}",
            Self::TwoNodes => {
                "protocol linux-ha is for two nodes, because heartbeat hands groups over between two: name two, \
                 or write protocol native on all of them"
            }
            Self::NotAPeer(_) => {
                "{0} is not an address: write the address itself, such as 192.0.2.2 or fe80::2 (without \
                 %zone); names are not looked up, because this must work when the name server is down"
            }
            Self::NotOnePeer(_) => {
                "{0} is not the address of one machine: write its own; beats to several go by bcast or \
                 mcast"
            }
            Self::FamilyFour(..) => {
                "{0} is an IPv4 address and {1} is for IPv6: write {2} instead of {1}"
            }
            Self::FamilySix(..) => {
                "{0} is an IPv6 address and {1} is for IPv4: write {1}6 instead of {1}"
            }
            Self::NotAGroup(_) => {
                "{0} is no multicast address: choose one from 224.0.0.0 to 239.255.255.255, for example \
                 239.0.0.42"
            }
            Self::NotAGroupSix(_) => {
                "{0} is no IPv6 multicast address: choose one that begins with ff02:, for example ff02::694"
            }
            Self::ShortScope(_) => {
                "{0} never leaves this machine: choose one that begins with ff02:, for example ff02::694"
            }
            Self::BadHops(_) => "{0} is no TTL: write 1 (this network only), at most 255",
            Self::BadLoop(_) => "{0} must be 0 or 1: write 0 (this machine need not hear itself)",
            Self::BadPort(_) => "{0} is no port: a number from 1 to 65535, usually 694",
            Self::BadFailback(_) => {
                "{0} must be on (groups go home when their node is back), off (they stay) or legacy (as on)"
            }
            Self::BadFacility(_) => {
                "{0} is no syslog facility: daemon, user, local0 to local7 and the like, or none"
            }
            Self::BadDebug(_) => "{0} is no debug level: a number from 0 (none) to 255",
            Self::BadCluster(_) => {
                "{0} is no cluster name: 1 to 63 visible ASCII characters, the same on every node"
            }
            Self::BadPath(..) => {
                "{0} is no absolute path: it begins with \"/\" and has no control characters, for example \
                 \"{1}\""
            }
            Self::LongPath(..) => "a path of {0} bytes: at most {1}; shorten it",
            Self::BadProtocol(_) => {
                "{0} is no protocol: write native (or leave it out), or linux-ha beside a real heartbeat"
            }
            Self::CrmOn => {
                "there is no resource manager here, groups come from haresources: write crm off, or \
                 remove the line"
            }
            Self::AutojoinOn => {
                "nodes never join by themselves, which heartbeat with haresources refuses too: name them \
                 all in node lines and write autojoin none, or remove the line"
            }
        }
    }
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Unknown(word) = self
            && let Some(name) = directive::meant(word.0)
        {
            let template = "unknown directive {0}: did you mean {1}?";
            return fill(f, template, &[word, &name]);
        }
        let parts: &[&dyn fmt::Display] = match self {
            Self::NoEffect(text, other) | Self::NotYet(text, other) => &[text, other],
            Self::NiceFailback
            | Self::NoNodes
            | Self::NoMedium
            | Self::TwoNodes
            | Self::CrmOn
            | Self::AutojoinOn
            | Self::TooManyNodes
            | Self::TooManyLinks => &[],
            Self::Repeated(text, place) => &[text, place],
            Self::NoValue(text) | Self::ZeroTime(text) => &[text],
            Self::TooMany(word, text)
            | Self::NotATime(word, text)
            | Self::NotWhole(word, text)
            | Self::Wrong(word, text)
            | Self::Differs(word, text)
            | Self::FamilySix(word, text)
            | Self::BadPath(word, text) => &[word, text],
            Self::BlankBeforeUnit(word, other) => &[word, other],
            Self::LongTime(word, time) => &[word, time],
            Self::ShortDead(name, time, keepalive) => {
                &[name, time, keepalive, &keepalive.scaled(3, 1)]
            }
            Self::ShortInitdead { initdead, deadtime } => &[initdead, deadtime],
            Self::LongLease {
                lease,
                longest,
                keepalive,
                deadtime,
            } => &[lease, longest, keepalive, deadtime],
            Self::Unknown(word)
            | Self::BadNode(word)
            | Self::NotAPeer(word)
            | Self::NotAGroup(word)
            | Self::NotAGroupSix(word)
            | Self::ShortScope(word)
            | Self::BadHops(word)
            | Self::BadLoop(word)
            | Self::BadPort(word)
            | Self::BadFailback(word)
            | Self::BadFacility(word)
            | Self::BadDebug(word)
            | Self::BadCluster(word)
            | Self::BadProtocol(word) => &[word],
            Self::SameNode(word, place) => &[word, place],
            Self::Same(place) => &[place],
            Self::FullLine(rate, count, time) => &[rate, count, time],
            Self::Line(why) => &[why],
            Self::SlowLine(time) => &[time],
            Self::NotOnePeer(address) => &[address],
            Self::FamilyFour(word, name) => &[word, name, &name.strip_suffix('6').unwrap_or(name)],
            Self::LongPath(count, other) => &[count, other],
        };
        fill(f, self.template(), parts)
    }
}

const _: () = assert!(
    MAX_NAME == 63 && MAX_NODES == 8 && MAX_LINKS == 8,
    "as in words"
);
const _: () = assert!(time::LONGEST.millis() < 1 << 24, "travels in three bytes");

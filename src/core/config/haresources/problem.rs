//! What can be wrong with `haresources`.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::MAX_WORD;
use crate::config::MAX_RESOURCES;
use crate::config::diagnostic::{NodeNames, Position, Quoted, escape};
use crate::config::interface::InterfaceProblem;
use crate::id::MAX_GROUPS;

/// What is wrong with `haresources`.
#[derive(Clone, Copy, Debug)]
pub enum Problem<'a> {
    /// The first word of a line is no node of `ha.cf`.
    UnknownHome(Quoted<'a>, NodeNames<'a>),
    /// A node with nothing behind it.
    NoResources(Quoted<'a>),
    /// The key is a word that means many groups.
    Selection(Quoted<'a>),
    /// Two groups begin with the same resource.
    SameKey(Quoted<'a>, Position),
    /// One address twice.
    SameAddress(IpAddr, Position),
    /// More lines than [`MAX_GROUPS`].
    TooManyGroups,
    /// More resources than [`MAX_RESOURCES`].
    TooManyResources,
    /// A resource longer than 200 bytes.
    LongWord(usize),
    /// A byte that is no visible ASCII character.
    BadByte(Quoted<'a>, u8),
    /// No name of a script.
    BadScript(Quoted<'a>),
    /// A built-in resource in other letters; the right ones.
    Case(Quoted<'a>, &'static str),
    /// Something built in or called that is written otherwise; how.
    Form(Quoted<'a>, &'static str),
    /// `Link` with an interface that heartbeats leave by.
    HeartbeatLink(Quoted<'a>),
    /// Nothing between or behind `::`.
    EmptyArgument(Quoted<'a>),
    /// `IPaddr` without an address.
    NoAddress(Quoted<'a>),
    /// Not an address.
    NotAnAddress(Quoted<'a>),
    /// `IPv6addr` with an IPv4 address.
    WantsSix(Quoted<'a>),
    /// `IPaddr` with an IPv6 address.
    WantsFour(Quoted<'a>),
    /// Multicast, loopback and the like.
    NotUnicast(IpAddr),
    /// No prefix length.
    BadPrefix(Quoted<'a>, IpAddr),
    /// The first or last address of its subnet.
    EndOfSubnet(Ipv4Addr, u8),
    /// No interface name.
    Interface(Quoted<'a>, InterfaceProblem),
    /// No broadcast address.
    BadBroadcast(Quoted<'a>),
    /// A label or broadcast address beside an IPv6 address.
    FourOnly(Quoted<'a>),
    /// A link-local address without an interface.
    LinkLocal(Ipv6Addr),
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownHome(name, nodes) => write!(
                f,
                "a line begins with the node the group prefers, and {name} is no node of ha.cf: write one of {nodes}, \
                 or end the line before with \"\\\" if this one continues it"
            ),
            Self::NoResources(node) => write!(
                f,
                "nothing behind {node}: write what shall run there, for example \"IPaddr::192.0.2.10/24/eth0 dnsmasq\", \
                 or remove the line"
            ),
            Self::SameKey(key, first) => write!(
                f,
                "a second group that begins with {key}, the first is {first}: a group is known by its first resource; \
                 begin with another, or put both into one line"
            ),
            Self::Selection(key) => write!(
                f,
                "{key} cannot name a group: `standby` and `takeover` mean many groups by it; rename the script"
            ),
            Self::SameAddress(address, first) => write!(
                f,
                "the address {address} is already at {first}: an address belongs to one group; remove one of them"
            ),
            Self::TooManyGroups => write!(
                f,
                "more than {MAX_GROUPS} groups: put what always moves together into one line"
            ),
            Self::TooManyResources => write!(
                f,
                "more than {MAX_RESOURCES} resources in all: let one script start several services"
            ),
            Self::LongWord(len) => write!(
                f,
                "a resource of {len} bytes: at most {MAX_WORD}; let the script read its settings from a file"
            ),
            Self::BadByte(word, byte) => write!(
                f,
                "the byte 0x{byte:02x} in {word}: resources are visible ASCII characters; what needs others belongs \
                 into a file the script reads"
            ),
            Self::BadScript(name) => write!(
                f,
                "{name} is neither an address nor the name of a script: write the bare name of a file in resource.d \
                 or /etc/init.d (no \"/\", no \":\", no \".\" in front), arguments behind \"::\""
            ),
            Self::Case(name, right) => write!(f, "{name} is written {right}"),
            Self::Form(word, form) => write!(f, "{word}: write {form}"),
            Self::HeartbeatLink(word) => write!(
                f,
                "{word} would take an interface down that heartbeats leave by: name another, or remove the link from ha.cf"
            ),
            Self::EmptyArgument(word) => write!(
                f,
                "an empty argument in {word}: heartbeat would drop it and shift the others; write a word, \
                 or leave out the \"::\""
            ),
            Self::NoAddress(name) => write!(
                f,
                "{name} needs an address: write for example IPaddr2::192.0.2.10/24/eth0 or IPv6addr::2001:db8::10/64/eth0"
            ),
            Self::NotAnAddress(word) => write!(
                f,
                "{word} is not an address: four numbers 0 to 255 without leading zeros, such as 192.0.2.10, or an IPv6 \
                 address without %zone, such as 2001:db8::10; names are not looked up"
            ),
            Self::WantsSix(word) => write!(
                f,
                "{word} is an IPv4 address: IPv6addr takes IPv6, write IPaddr2::{}",
                Bare(*word)
            ),
            Self::WantsFour(word) => write!(
                f,
                "{word} is an IPv6 address: IPaddr takes IPv4, write IPv6addr::{}",
                Bare(*word)
            ),
            Self::NotUnicast(address) => write!(
                f,
                "{address} is no address that one machine can have on a network (loopback, multicast, reserved): \
                 write the address that clients use"
            ),
            Self::BadPrefix(word, address) => write!(
                f,
                "{word} is no prefix length: write a number from 1 to {}, such as {address}/{}",
                if address.is_ipv4() { 32 } else { 128 },
                if address.is_ipv4() {
                    "24 (which is 255.255.255.0)"
                } else {
                    "64"
                }
            ),
            Self::EndOfSubnet(address, bits) => write!(
                f,
                "{address} is the first or last address of its subnet /{bits}, which no machine may have: \
                 correct the address or the prefix length"
            ),
            Self::Interface(word, why) => write!(f, "{word} {why}"),
            Self::BadBroadcast(word) => write!(
                f,
                "{word} is no IPv4 broadcast address: write for example /192.0.2.255, or leave it out"
            ),
            Self::FourOnly(word) => write!(
                f,
                "{word}: labels and broadcast addresses are for IPv4; write ADDRESS/BITS/INTERFACE alone"
            ),
            Self::LinkLocal(address) => write!(
                f,
                "{address} is link-local and exists on every interface: say on which one, {address}/64/eth0"
            ),
        }
    }
}

/// A quoted word without its quotes, for the example that corrects it.
struct Bare<'a>(Quoted<'a>);

impl fmt::Display for Bare<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only ever a word that parsed as an address, at most 45 bytes.
        escape(self.0.0, f)
    }
}

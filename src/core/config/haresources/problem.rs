//! What can be wrong with `haresources`.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::MAX_WORD;
use crate::config::MAX_RESOURCES;
use crate::config::diagnostic::{NodeNames, Position, Quoted};
use crate::config::quoted::escape;
use crate::config::template::fill;
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
    /// No interface name; why not.
    Interface(Quoted<'a>, &'static str),
    /// No broadcast address.
    BadBroadcast(Quoted<'a>),
    /// A label or broadcast address beside an IPv6 address.
    FourOnly(Quoted<'a>),
    /// A link-local address without an interface.
    LinkLocal(Ipv6Addr),
}

impl Problem<'_> {
    /// The sentence, with places for what it is about. (Inlined it would be no table.)
    #[inline(never)]
    fn template(&self) -> &'static str {
        match self {
            Self::UnknownHome(..) => {
                "a line begins with the node the group prefers, and {0} is no node of ha.cf: write one of \
                 {1}, or end the line before with \"\\\" if this one continues it"
            }
            Self::NoResources(_) => {
                "nothing behind {0}: write what shall run there, for example \"IPaddr::192.0.2.10/24/eth0 \
                 dnsmasq\", or remove the line"
            }
            Self::SameKey(..) => {
                "a second group that begins with {0}, the first is {1}: a group is known by its first \
                 resource; begin with another, or put both into one line"
            }
            Self::Selection(_) => {
                "{0} cannot name a group: `standby` and `takeover` mean many groups by it; rename the \
                 script"
            }
            Self::SameAddress(..) => {
                "the address {0} is already at {1}: an address belongs to one group; remove one of them"
            }
            Self::TooManyGroups => {
                "more than 16 groups: put what always moves together into one line"
            }
            Self::TooManyResources => {
                "more than 64 resources in all: let one script start several services"
            }
            Self::LongWord(_) => {
                "a resource of {0} bytes: at most 200; let the script read its settings from a file"
            }
            Self::BadByte(..) => {
                "the byte {1} in {0}: resources are visible ASCII characters; what needs \
                 others belongs into a file the script reads"
            }
            Self::BadScript(_) => {
                "{0} is neither an address nor the name of a script: write the bare name of a file in \
                 resource.d or /etc/init.d (no \"/\", no \":\", no \".\" in front), arguments behind \"::\""
            }
            Self::Case(..) => "{0} is written {1}",
            Self::Form(..) => "{0}: write {1}",
            Self::HeartbeatLink(_) => {
                "{0} would take an interface down that heartbeats leave by: name another, or remove the \
                 link from ha.cf"
            }
            Self::EmptyArgument(_) => {
                "an empty argument in {0}: heartbeat would drop it and shift the others; write a word, or \
                 leave out the \"::\""
            }
            Self::NoAddress(_) => {
                "{0} needs an address: write for example IPaddr2::192.0.2.10/24/eth0 or \
                 IPv6addr::2001:db8::10/64/eth0"
            }
            Self::NotAnAddress(_) => {
                "{0} is not an address: four numbers 0 to 255 without leading zeros, such as 192.0.2.10, \
                 or an IPv6 address without %zone, such as 2001:db8::10; names are not looked up"
            }
            Self::WantsSix(_) => "{0} is an IPv4 address: IPv6addr takes IPv6, write IPaddr2::{1}",
            Self::WantsFour(_) => "{0} is an IPv6 address: IPaddr takes IPv4, write IPv6addr::{1}",
            Self::NotUnicast(_) => {
                "{0} is no address that one machine can have on a network (loopback, multicast, \
                 reserved): write the address that clients use"
            }
            Self::BadPrefix(..) => {
                "{0} is no prefix length: write a number from 1 to {2}, such as {1}/{3}"
            }
            Self::EndOfSubnet(..) => {
                "{0} is the first or last address of its subnet /{1}, which no machine may have: correct \
                 the address or the prefix length"
            }
            Self::Interface(..) => "{0} {1}",
            Self::BadBroadcast(_) => {
                "{0} is no IPv4 broadcast address: write for example /192.0.2.255, or leave it out"
            }
            Self::FourOnly(_) => {
                "{0}: labels and broadcast addresses are for IPv4; write ADDRESS/BITS/INTERFACE alone"
            }
            Self::LinkLocal(_) => {
                "{0} is link-local and exists on every interface: say on which one, {0}/64/eth0"
            }
        }
    }
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: &[&dyn fmt::Display] = match self {
            Self::UnknownHome(word, nodes) => &[word, nodes],
            Self::NoResources(word)
            | Self::Selection(word)
            | Self::BadScript(word)
            | Self::HeartbeatLink(word)
            | Self::EmptyArgument(word)
            | Self::NoAddress(word)
            | Self::NotAnAddress(word)
            | Self::BadBroadcast(word)
            | Self::FourOnly(word) => &[word],
            Self::SameKey(word, place) => &[word, place],
            Self::SameAddress(address, place) => &[address, place],
            Self::TooManyGroups | Self::TooManyResources => &[],
            Self::LongWord(count) => &[count],
            Self::BadByte(word, byte) => &[word, &format_args!("0x{:02x}", *byte)],
            Self::Case(word, text) | Self::Form(word, text) | Self::Interface(word, text) => {
                &[word, text]
            }
            Self::WantsSix(word) | Self::WantsFour(word) => &[word, &Bare(*word)],
            Self::NotUnicast(address) => &[address],
            Self::BadPrefix(word, address) => {
                if address.is_ipv4() {
                    &[word, address, &"32", &"24 (which is 255.255.255.0)"]
                } else {
                    &[word, address, &"128", &"64"]
                }
            }
            Self::EndOfSubnet(address, number) => &[address, number],
            Self::LinkLocal(address) => &[address],
        };
        fill(f, self.template(), parts)
    }
}

const _: () = assert!(
    MAX_GROUPS == 16 && MAX_RESOURCES == 64 && MAX_WORD == 200,
    "as in words"
);

/// A quoted word without its quotes, for the example that corrects it.
struct Bare<'a>(Quoted<'a>);

impl fmt::Display for Bare<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only ever a word that parsed as an address, at most 45 bytes.
        escape(self.0.0, f)
    }
}

//! The media of `ha.cf` on a network: `bcast`, `mcast`, `mcast6`, `ucast`, `ucast6`.

use core::net::{IpAddr, Ipv4Addr};

use super::directive::Name;
use super::{Problem, Settings, value::number};
use crate::config::diagnostic::{Position, Quoted, Report};
use crate::config::haresources::literal;
use crate::config::lexer::Word;
use crate::config::{Config, Interface, Link, Medium, interface};

impl Settings {
    /// One link more.
    #[inline(never)]
    pub(super) fn add_link(
        &mut self,
        link: Link,
        at: Position,
        config: &mut Config,
        report: &mut Report<'_>,
    ) {
        let mut pairs = config.links.iter().zip(&self.links);
        if let Some((_, earlier)) = pairs.find(|(other, _)| is_same(config, &link, other)) {
            return report.say(at, Problem::Same(*earlier));
        }
        if config.links.push(link).is_ok() {
            let _ = self.links.push(at);
        } else if !core::mem::replace(&mut self.links_full, true) {
            // Said once.
            report.say(at, Problem::TooManyLinks);
        }
    }
}

impl Report<'_> {
    /// Says why something is missing now.
    pub(super) fn refuse<T>(&mut self, at: Position, problem: Problem<'_>) -> Option<T> {
        self.say(at, problem);
        None
    }
}

/// A broadcast link. Its port is set when `udpport` is known for sure, at the end.
pub(super) fn broadcast(name: Word<'_>, report: &mut Report<'_>) -> Option<Link> {
    Some(Link {
        medium: Medium::Broadcast,
        interface: on(name, report)?,
        port: 0,
    })
}

/// `IF ADDR`.
pub(super) fn unicast(name: Name, values: [Word<'_>; 5], report: &mut Report<'_>) -> Option<Link> {
    let [nic, address, ..] = values;
    Some(Link {
        interface: on(nic, report)?,
        medium: Medium::Unicast {
            peer: machine(name, address, report)?,
        },
        port: 0,
    })
}

/// The address of one machine, of the family of the directive.
pub(super) fn machine(name: Name, address: Word<'_>, report: &mut Report<'_>) -> Option<IpAddr> {
    let quoted = Quoted(address.bytes);
    let mut flaw = |problem| report.refuse(address.at, problem);
    let peer = match (literal(address.bytes), name) {
        (Some(peer), Name::PingGroup) => peer,
        (Some(peer @ IpAddr::V4(_)), Name::Ucast | Name::Ping)
        | (Some(peer @ IpAddr::V6(_)), Name::Ucast6 | Name::Ping6) => peer,
        (Some(IpAddr::V4(_)), _) => return flaw(Problem::FamilyFour(quoted, name.word())),
        (Some(IpAddr::V6(_)), _) => return flaw(Problem::FamilySix(quoted, name.word())),
        (None, _) => return flaw(Problem::NotAPeer(quoted)),
    };
    let odd = match peer {
        IpAddr::V4(peer) => {
            peer.is_unspecified() || peer.is_multicast() || peer == Ipv4Addr::BROADCAST
        }
        IpAddr::V6(peer) => {
            peer.is_unspecified() || peer.is_multicast() || peer.to_ipv4_mapped().is_some()
        }
    };
    if odd {
        return flaw(Problem::NotOnePeer(peer));
    }
    Some(peer)
}

/// `IF GROUP PORT TTL LOOP`.
pub(super) fn multicast(
    name: Name,
    values: [Word<'_>; 5],
    report: &mut Report<'_>,
) -> Option<Link> {
    let [nic, group, port, hops, looped] = values;
    let interface = on(nic, report)?;
    let quoted = Quoted(group.bytes);
    let address = match (literal(group.bytes), name) {
        (Some(IpAddr::V4(address)), Name::Mcast) if address.is_multicast() => address.into(),
        (Some(IpAddr::V6(address)), Name::Mcast6) if address.is_multicast() => {
            // The second byte's low half is the scope; 0 and 1 never leave the machine.
            if address.octets().get(1).is_some_and(|b| b & 0x0f < 2) {
                return report.refuse(group.at, Problem::ShortScope(quoted));
            }
            address.into()
        }
        (Some(IpAddr::V4(address)), Name::Mcast6) if address.is_multicast() => {
            return report.refuse(group.at, Problem::FamilyFour(quoted, name.word()));
        }
        (Some(IpAddr::V6(address)), Name::Mcast) if address.is_multicast() => {
            return report.refuse(group.at, Problem::FamilySix(quoted, name.word()));
        }
        (_, Name::Mcast6) => return report.refuse(group.at, Problem::NotAGroupSix(quoted)),
        _ => return report.refuse(group.at, Problem::NotAGroup(quoted)),
    };
    let Some(hop_count) = number(hops.bytes).and_then(|hops| u8::try_from(hops).ok()) else {
        return report.refuse(hops.at, Problem::BadHops(Quoted(hops.bytes)));
    };
    let looped = match looped.bytes {
        b"0" => false,
        b"1" => true,
        other => return report.refuse(looped.at, Problem::BadLoop(Quoted(other))),
    };
    Some(Link {
        medium: Medium::Multicast {
            group: address,
            hops: hop_count,
            looped,
        },
        interface,
        port: udp_port(port, report)?,
    })
}

/// A port from 1 to 65535.
pub(super) fn udp_port(word: Word<'_>, report: &mut Report<'_>) -> Option<u16> {
    number(word.bytes)
        .and_then(|port| u16::try_from(port).ok())
        .filter(|port| *port > 0)
        .or_else(|| report.refuse(word.at, Problem::BadPort(Quoted(word.bytes))))
}

/// Whether two links would send the same frames the same way.
pub(super) fn is_same(config: &Config, one: &Link, other: &Link) -> bool {
    let same_way = match (&one.medium, &other.medium) {
        (Medium::Multicast { group: a, .. }, Medium::Multicast { group: b, .. })
        | (Medium::Unicast { peer: a }, Medium::Unicast { peer: b }) => a == b,
        (Medium::Broadcast, Medium::Broadcast) => true,
        (Medium::Serial { device: a, .. }, Medium::Serial { device: b, .. }) => {
            config.text(*a) == config.text(*b)
        }
        (
            Medium::Broadcast
            | Medium::Multicast { .. }
            | Medium::Unicast { .. }
            | Medium::Serial { .. },
            _,
        ) => false,
    };
    same_way && one.interface == other.interface && one.port == other.port
}

pub(super) fn on(word: Word<'_>, report: &mut Report<'_>) -> Option<Interface> {
    match interface::parse(word.bytes) {
        Ok(name) => Some(name),
        Err(why) => report.refuse(word.at, Problem::Wrong(Quoted(word.bytes), why)),
    }
}

//! The media of `ha.cf` on a network: `bcast`, `mcast`, `mcast6`, `ucast`, `ucast6`.

use core::net::{IpAddr, Ipv4Addr};

use super::directive::Name;
use super::{Problem, Settings, value::number};
use crate::config::diagnostic::{Position, Quoted};
use crate::config::haresources::literal;
use crate::config::lexer::Word;
use crate::config::{Config, Interface, Link, Medium, interface};

/// A problem and where.
pub(super) type Flaw<'a> = (Position, Problem<'a>);

impl Settings {
    /// One link more, if it was understood.
    #[inline(never)]
    pub(super) fn add_link<'a>(
        &mut self,
        link: Result<Link, Flaw<'a>>,
        at: Position,
        config: &mut Config,
    ) -> Result<(), Flaw<'a>> {
        let link = link?;
        let mut pairs = config.links.iter().zip(&self.links);
        if let Some((_, earlier)) = pairs.find(|(other, _)| is_same(config, &link, other)) {
            return Err((at, Problem::Same(*earlier)));
        }
        if config.links.push(link).is_err() {
            // Said once.
            return match core::mem::replace(&mut self.links_full, true) {
                false => Err((at, Problem::TooManyLinks)),
                true => Ok(()),
            };
        }
        let _ = self.links.push(at);
        Ok(())
    }
}

/// A broadcast link. Its port is set when `udpport` is known for sure, at the end.
pub(super) fn broadcast(name: Word<'_>) -> Result<Link, Flaw<'_>> {
    Ok(Link {
        medium: Medium::Broadcast,
        interface: on(name)?,
        port: 0,
    })
}

/// `IF ADDR`.
pub(super) fn unicast<'a>(name: Name, values: [Word<'a>; 5]) -> Result<Link, Flaw<'a>> {
    let [nic, address, ..] = values;
    Ok(Link {
        interface: on(nic)?,
        medium: Medium::Unicast {
            peer: machine(name, address)?,
        },
        port: 0,
    })
}

/// The address of one machine, of the family of the directive.
pub(super) fn machine<'a>(name: Name, address: Word<'a>) -> Result<IpAddr, Flaw<'a>> {
    let quoted = Quoted(address.bytes);
    let flaw = |problem| (address.at, problem);
    let peer = match (literal(address.bytes), name) {
        (Some(peer), Name::PingGroup) => peer,
        (Some(peer @ IpAddr::V4(_)), Name::Ucast | Name::Ping)
        | (Some(peer @ IpAddr::V6(_)), Name::Ucast6 | Name::Ping6) => peer,
        (Some(IpAddr::V4(_)), _) => return Err(flaw(Problem::FamilyFour(quoted, name.word()))),
        (Some(IpAddr::V6(_)), _) => return Err(flaw(Problem::FamilySix(quoted, name.word()))),
        (None, _) => return Err(flaw(Problem::NotAPeer(quoted))),
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
        return Err(flaw(Problem::NotOnePeer(peer)));
    }
    Ok(peer)
}

/// `IF GROUP PORT TTL LOOP`.
pub(super) fn multicast<'a>(name: Name, values: [Word<'a>; 5]) -> Result<Link, Flaw<'a>> {
    let [nic, group, port, hops, looped] = values;
    let interface = on(nic)?;
    let quoted = Quoted(group.bytes);
    let address = match (literal(group.bytes), name) {
        (Some(IpAddr::V4(address)), Name::Mcast) if address.is_multicast() => address.into(),
        (Some(IpAddr::V6(address)), Name::Mcast6) if address.is_multicast() => {
            // The second byte's low half is the scope; 0 and 1 never leave the machine.
            if address.octets().get(1).is_some_and(|b| b & 0x0f < 2) {
                return Err((group.at, Problem::ShortScope(quoted)));
            }
            address.into()
        }
        (Some(IpAddr::V4(address)), Name::Mcast6) if address.is_multicast() => {
            return Err((group.at, Problem::FamilyFour(quoted, name.word())));
        }
        (Some(IpAddr::V6(address)), Name::Mcast) if address.is_multicast() => {
            return Err((group.at, Problem::FamilySix(quoted, name.word())));
        }
        (_, Name::Mcast6) => return Err((group.at, Problem::NotAGroupSix(quoted))),
        _ => return Err((group.at, Problem::NotAGroup(quoted))),
    };
    let hop_count = number(hops.bytes)
        .and_then(|hops| u8::try_from(hops).ok())
        .ok_or((hops.at, Problem::BadHops(Quoted(hops.bytes))))?;
    let looped = match looped.bytes {
        b"0" => false,
        b"1" => true,
        other => return Err((looped.at, Problem::BadLoop(Quoted(other)))),
    };
    Ok(Link {
        medium: Medium::Multicast {
            group: address,
            hops: hop_count,
            looped,
        },
        interface,
        port: udp_port(port)?,
    })
}

/// A port from 1 to 65535.
pub(super) fn udp_port(word: Word<'_>) -> Result<u16, Flaw<'_>> {
    number(word.bytes)
        .and_then(|port| u16::try_from(port).ok())
        .filter(|port| *port > 0)
        .ok_or((word.at, Problem::BadPort(Quoted(word.bytes))))
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

pub(super) fn on(word: Word<'_>) -> Result<Interface, Flaw<'_>> {
    interface::parse(word.bytes)
        .map_err(|why| (word.at, Problem::Interface(Quoted(word.bytes), why)))
}

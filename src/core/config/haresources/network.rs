//! Built-in resources that are neither an address nor called: a preferred source, announcements,
//! routes and interfaces that are there on the holder only.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Problem, literal};
use crate::config::diagnostic::Quoted;
use crate::config::{Interface, interface};

/// What the holder of a group does to its network, besides addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// `IPsrcaddr::ADDRESS`: what goes out by a default route has this source.
    Source(IpAddr),
    /// `SendArp::ADDRESS/INTERFACE`: announced there, and not installed.
    Announced {
        /// What is announced.
        address: IpAddr,
        /// Where.
        interface: Interface,
    },
    /// `Route::DESTINATION::via::GATEWAY`.
    Route(Route),
    /// `Link::INTERFACE`: up on the holder, down elsewhere; no interface of a heartbeat.
    Link(Interface),
}

/// `Route::DESTINATION[::via::GATEWAY][::dev::INTERFACE][::src::ADDRESS][::metric::NUMBER]`, all
/// addresses of one family; `via` or `dev` is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where to; `default` is the unspecified address.
    pub destination: IpAddr,
    /// Its prefix length; no bit behind it is set.
    pub prefix: u8,
    /// By which router.
    pub via: Option<IpAddr>,
    /// By which interface.
    pub interface: Option<Interface>,
    /// The preferred source.
    pub source: Option<IpAddr>,
    /// As written; the least wins.
    pub metric: Option<u32>,
}

impl Network {
    /// The interface it names.
    pub fn interface(&self) -> Option<&Interface> {
        match self {
            Self::Source(_) => None,
            Self::Announced { interface, .. } | Self::Link(interface) => Some(interface),
            Self::Route(route) => route.interface.as_ref(),
        }
    }
}

/// A word that begins with one of the four names.
pub(super) fn parse<'a>(
    word: &'a [u8],
    name: &[u8],
    argument: Option<&[u8]>,
) -> Result<Network, Problem<'a>> {
    let argument = argument.unwrap_or_default();
    let (found, form) = match name {
        b"IPsrcaddr" => (
            literal(argument).map(Network::Source),
            "IPsrcaddr::ADDRESS, such as IPsrcaddr::192.0.2.10",
        ),
        b"SendArp" => (announced(argument), "SendArp::ADDRESS/INTERFACE"),
        b"Link" => (
            interface::parse(argument).ok().map(Network::Link),
            "Link::INTERFACE",
        ),
        _ => (
            route(argument).map(Network::Route),
            "Route::DESTINATION::via::GATEWAY::dev::INTERFACE::src::ADDRESS::metric::NUMBER, in this order, with via or \
             dev at least; DESTINATION is \"default\" or such as 10.8.0.0/16",
        ),
    };
    found.ok_or(Problem::Form(Quoted(word), form))
}

fn announced(argument: &[u8]) -> Option<Network> {
    let slash = argument.iter().position(|byte| *byte == b'/')?;
    let (address, rest) = argument.split_at_checked(slash)?;
    Some(Network::Announced {
        address: literal(address)?,
        interface: interface::parse(rest.get(1..)?).ok()?,
    })
}

fn route(mut text: &[u8]) -> Option<Route> {
    // An IPv6 address has "::" too, and the letters of no keyword.
    let metric = match cut(&mut text, b"::metric::") {
        Some(number) => Some(core::str::from_utf8(number).ok()?.parse().ok()?),
        None => None,
    };
    let source = match cut(&mut text, b"::src::") {
        Some(address) => Some(literal(address)?),
        None => None,
    };
    let interface = match cut(&mut text, b"::dev::") {
        Some(name) => Some(interface::parse(name).ok()?),
        None => None,
    };
    let via = match cut(&mut text, b"::via::") {
        Some(address) => Some(literal(address)?),
        None => None,
    };
    let (destination, prefix) = if text == b"default" {
        match via.or(source) {
            Some(IpAddr::V6(_)) => (IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0),
            Some(IpAddr::V4(_)) | None => (IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
        }
    } else {
        let prefix = match cut(&mut text, b"/") {
            Some(bits) => Some(core::str::from_utf8(bits).ok()?.parse::<u8>().ok()?),
            None => None,
        };
        let destination = literal(text)?;
        let (bits, full) = match destination {
            IpAddr::V4(address) => (u128::from(address.to_bits()).rotate_right(32), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        let prefix = prefix.unwrap_or(full);
        let behind = bits.checked_shl(prefix.into()).unwrap_or(0);
        ((prefix <= full) && behind == 0).then_some((destination, prefix))?
    };
    let same =
        |other: &Option<IpAddr>| other.is_none_or(|other| other.is_ipv4() == destination.is_ipv4());
    let sound = (via.is_some() || interface.is_some()) && same(&via) && same(&source);
    sound.then_some(Route {
        destination,
        prefix,
        via,
        interface,
        source,
        metric,
    })
}

/// What is behind the first `key`, which with all behind it is taken off.
fn cut<'a>(text: &mut &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at = text.windows(key.len()).position(|part| part == key)?;
    let (before, behind) = text.split_at_checked(at)?;
    *text = before;
    behind.get(key.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;

    fn show(word: &str) -> String {
        let (name, argument) = super::super::script_name(word.as_bytes());
        match parse(word.as_bytes(), name, argument) {
            Ok(Network::Route(route)) => format!(
                "{}/{} {:?} {:?} {:?} {:?}",
                route.destination,
                route.prefix,
                route.via,
                route.interface.as_deref(),
                route.source,
                route.metric
            ),
            Ok(other) => format!("{other:?}"),
            Err(problem) => format!("{problem}"),
        }
    }

    #[test]
    fn routes_of_both_families_are_read() {
        for (word, read) in [
            (
                "Route::default::via::192.0.2.1",
                "0.0.0.0/0 Some(192.0.2.1) None None None",
            ),
            (
                "Route::default::via::fe80::1::dev::eth0",
                "::/0 Some(fe80::1) Some(\"eth0\") None None",
            ),
            (
                "Route::10.8.0.0/16::dev::tun0::src::192.0.2.9::metric::50",
                "10.8.0.0/16 None Some(\"tun0\") Some(192.0.2.9) Some(50)",
            ),
            (
                "Route::2001:db8::/32::via::2001:db8::1::metric::7",
                "2001:db8::/32 Some(2001:db8::1) None None Some(7)",
            ),
            (
                "Route::::/0::via::fe80::1::dev::eth0",
                "::/0 Some(fe80::1) Some(\"eth0\") None None",
            ),
            (
                "Route::192.0.2.7::dev::wan",
                "192.0.2.7/32 None Some(\"wan\") None None",
            ),
        ] {
            assert_eq!(show(word), read);
        }
    }

    #[test]
    fn what_no_kernel_would_take_is_refused_with_the_right_form() {
        for word in [
            "Route",
            "Route::default",
            "Route::default::metric::5",
            "Route::default::via::nowhere",
            "Route::10.8.0.1/16::dev::eth0",
            "Route::10.8.0.0/33::dev::eth0",
            "Route::10.8.0.0/::dev::eth0",
            "Route::10.0.0.0/8::via::fe80::1",
            "Route::default::dev::a/b",
            "Route::default::dev::eth0::via::192.0.2.1",
            "Link",
            "Link::eth0::eth1",
            "Link::../eth0",
            "SendArp::192.0.2.1",
            "SendArp::eth0/192.0.2.1",
            "SendArp::192.0.2.1/",
            "IPsrcaddr",
            "IPsrcaddr::192.0.2.1/24",
        ] {
            assert!(show(word).contains(": write "), "{word}: {}", show(word));
        }
    }

    #[test]
    fn the_other_three_are_read() {
        assert_eq!(show("IPsrcaddr::192.0.2.9"), "Source(192.0.2.9)");
        assert!(show("SendArp::192.0.2.9/eth1").starts_with("Announced"));
        assert_eq!(show("Link::wan"), "Link(\"wan\")");
    }
}

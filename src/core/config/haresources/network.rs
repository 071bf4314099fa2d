//! Built-in resources that are neither an address nor called: a preferred source, announcements,
//! routes and interfaces that are there on the holder only.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{address, cut, literal};
use crate::config::{Interface, Resource, Text, interface};

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

/// `Route::DESTINATION[::via::GATEWAY][::dev::INTERFACE][::src::ADDRESS]`, all
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

/// One of the four by its name.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Source,
    Announced,
    Route,
    Link,
}

/// What is behind one of the four names. The error is how it is written.
pub(super) fn parse(argument: &[u8], kind: Kind, found: &mut Resource) -> Result<(), &'static str> {
    let mut set = |network| *found = Resource::Network(Text::default(), network);
    let (sound, form) = match kind {
        Kind::Source => (
            literal(argument).map(|address| set(Network::Source(address))),
            "IPsrcaddr::ADDRESS, such as IPsrcaddr::192.0.2.10",
        ),
        Kind::Announced => (
            announced(argument).map(|(address, interface)| {
                set(Network::Announced { address, interface });
            }),
            "SendArp::ADDRESS/INTERFACE",
        ),
        Kind::Link => (
            interface(argument).map(|interface| set(Network::Link(interface))),
            "Link::INTERFACE",
        ),
        Kind::Route => (
            route(argument).map(|route| set(Network::Route(route))),
            "Route::DESTINATION::via::GATEWAY::dev::INTERFACE::src::ADDRESS, in this order, with via or \
             dev at least; DESTINATION is \"default\" or such as 10.8.0.0/16",
        ),
    };
    sound.ok_or(form)
}

fn announced(mut argument: &[u8]) -> Option<(IpAddr, Interface)> {
    let interface = interface(take_after(&mut argument, b"/")?)?;
    let address = literal(argument)?;
    Some((address, interface))
}

fn route(mut text: &[u8]) -> Option<Route> {
    // An IPv6 address has "::" too, and the letters of no keyword.
    let source = address_after(&mut text, b"::src::")?;
    let interface = match take_after(&mut text, b"::dev::") {
        Some(name) => Some(interface(name)?),
        None => None,
    };
    let via = address_after(&mut text, b"::via::")?;
    let mut destination = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let mut prefix = 0;
    if text != b"default" {
        let bits = take_after(&mut text, b"/");
        destination = literal(text)?;
        prefix = match bits {
            Some(bits) => address::prefix(bits, destination)?,
            None if destination.is_ipv4() => 32,
            None => 128,
        };
    } else if via.or(source).is_some_and(|known| known.is_ipv6()) {
        destination = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    }
    let same =
        |other: Option<IpAddr>| other.is_none_or(|other| other.is_ipv4() == destination.is_ipv4());
    let sound = (via.is_some() || interface.is_some())
        && same(via)
        && same(source)
        && ends_with_prefix(destination, prefix);
    sound.then_some(Route {
        destination,
        prefix,
        via,
        interface,
        source,
    })
}

/// Whether no bit is set behind the prefix.
fn ends_with_prefix(address: IpAddr, prefix: u8) -> bool {
    let (four, six);
    let octets: &[u8] = match address {
        IpAddr::V4(address) => {
            four = address.octets();
            &four
        }
        IpAddr::V6(address) => {
            six = address.octets();
            &six
        }
    };
    let mut left = prefix;
    octets.iter().all(|octet| {
        let behind = octet.checked_shl(left.into()).unwrap_or(0);
        left = left.saturating_sub(8);
        behind == 0
    })
}

/// The address behind `key`, if that is there; `None` if it is no address.
#[inline(never)]
fn address_after(text: &mut &[u8], key: &[u8]) -> Option<Option<IpAddr>> {
    match take_after(text, key) {
        Some(address) => literal(address).map(Some),
        None => Some(None),
    }
}

#[inline(never)]
fn interface(name: &[u8]) -> Option<Interface> {
    interface::parse(name).ok()
}

/// What is behind the first `key`, which with all behind it is taken off.
fn take_after<'a>(text: &mut &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let (before, behind) = cut(text, key);
    *text = before;
    behind
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::haresources;
    use std::format;
    use std::string::String;

    fn show(word: &str) -> String {
        let mut found = Resource::Script(Text::default());
        match (haresources::parse(word.as_bytes(), &mut found), found) {
            (Ok(()), Resource::Network(_, Network::Route(route))) => format!(
                "{}/{} {:?} {:?} {:?}",
                route.destination,
                route.prefix,
                route.via,
                route.interface.as_deref(),
                route.source
            ),
            (Ok(()), Resource::Network(_, other)) => format!("{other:?}"),
            (Ok(()), Resource::Address(_) | Resource::Script(_)) => String::from("of another kind"),
            (Err(problem), _) => format!("{problem}"),
        }
    }

    #[test]
    fn routes_of_both_families_are_read() {
        for (word, read) in [
            (
                "Route::default::via::192.0.2.1",
                "0.0.0.0/0 Some(192.0.2.1) None None",
            ),
            (
                "Route::default::via::fe80::1::dev::eth0",
                "::/0 Some(fe80::1) Some(\"eth0\") None",
            ),
            (
                "Route::10.8.0.0/16::dev::tun0::src::192.0.2.9",
                "10.8.0.0/16 None Some(\"tun0\") Some(192.0.2.9)",
            ),
            (
                "Route::2001:db8::/32::via::2001:db8::1",
                "2001:db8::/32 Some(2001:db8::1) None None",
            ),
            (
                "Route::192.0.2.7::dev::wan",
                "192.0.2.7/32 None Some(\"wan\") None",
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
            "Route::default::src::192.0.2.1",
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

//! Virtual addresses: `ADDRESS[/BITS[/INTERFACE[:LABEL][/BROADCAST]]]`, or `ADDRESS/BITS/BROADCAST`.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Problem, cut};
use crate::config::diagnostic::Quoted;
use crate::config::ha_cf::number;
use crate::config::{Address, Resource, interface};

/// Which families a resource takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// `IPaddr`.
    Four,
    /// `IPv6addr`.
    Six,
    /// `IPaddr2`, or an address alone.
    Both,
}

/// Whether a bare word is meant as an address: then it is no script, however misspelt.
pub(super) fn is_meant(word: &[u8]) -> bool {
    let (head, _) = split(word);
    // What would be the script's name if it were one.
    let (name, end) = cut(head, b"::");
    let hex = |b: &u8| b.is_ascii_hexdigit() || *b == b':';
    let digit = name.first().is_some_and(u8::is_ascii_digit);
    literal(head).is_some()
        || (digit && name.iter().all(|b| b.is_ascii_digit() || *b == b'.'))
        || (name.iter().all(hex) && name.contains(&b':'))
        || (name.iter().all(hex) && digit && name.len() <= 4 && end.is_some())
        || (name.eq_ignore_ascii_case(b"fe80") && end.is_some())
}

/// The address a word stands for, put into `found`.
pub(super) fn parse<'a>(
    word: &'a [u8],
    family: Family,
    found: &mut Resource,
) -> Result<(), Problem<'a>> {
    let (head, rest) = split(word);
    let address = literal(head).ok_or(Problem::NotAnAddress(Quoted(head)))?;
    match (address, family) {
        (IpAddr::V4(_), Family::Four | Family::Both)
        | (IpAddr::V6(_), Family::Six | Family::Both) => {}
        (IpAddr::V4(_), Family::Six) => return Err(Problem::WantsSix(Quoted(head))),
        (IpAddr::V6(_), Family::Four) => return Err(Problem::WantsFour(Quoted(head))),
    }
    if !is_unicast(address) {
        return Err(Problem::NotUnicast(address));
    }
    *found = Resource::Address(Address {
        address,
        prefix: None,
        interface: None,
        label: None,
        broadcast: None,
    });
    let Resource::Address(found) = found else {
        return Ok(());
    };
    if let Some(rest) = rest {
        let (bits, rest) = split(rest);
        let bits = prefix(bits, address).ok_or(Problem::BadPrefix(Quoted(bits), address))?;
        found.prefix = Some(bits);
        if let Some(rest) = rest {
            on_interface(found, rest)?;
        }
        if let IpAddr::V4(address) = address
            && bits < 31
        {
            let host = u32::MAX.checked_shr(u32::from(bits)).unwrap_or(0);
            let own = address.to_bits() & host;
            if own == 0 || own == host {
                return Err(Problem::EndOfSubnet(address, bits));
            }
        }
    }
    if let IpAddr::V6(address) = address
        && address.is_unicast_link_local()
        && found.interface.is_none()
    {
        return Err(Problem::LinkLocal(address));
    }
    Ok(())
}

/// `INTERFACE[:LABEL][/BROADCAST]`, or a broadcast address alone.
fn on_interface<'a>(found: &mut Address, rest: &'a [u8]) -> Result<(), Problem<'a>> {
    if let Some(broadcast) = literal(rest) {
        return set_broadcast(found, broadcast, rest);
    }
    let (nic, rest) = split(rest);
    let (name, _) = cut(nic, b":");
    let named = |why| Problem::Interface(Quoted(nic), why);
    found.interface = Some(interface::parse(name).map_err(named)?);
    if name.len() < nic.len() {
        if found.address.is_ipv6() {
            return Err(Problem::FourOnly(Quoted(nic)));
        }
        found.label = Some(interface::label(nic).map_err(named)?);
    }
    if let Some(word) = rest {
        let broadcast = literal(word).ok_or(Problem::BadBroadcast(Quoted(word)))?;
        set_broadcast(found, broadcast, word)?;
    }
    Ok(())
}

fn set_broadcast<'a>(
    found: &mut Address,
    broadcast: IpAddr,
    word: &'a [u8],
) -> Result<(), Problem<'a>> {
    match (found.address, broadcast) {
        (IpAddr::V4(_), IpAddr::V4(broadcast)) => {
            found.broadcast = Some(broadcast);
            Ok(())
        }
        (IpAddr::V4(_), IpAddr::V6(_)) => Err(Problem::BadBroadcast(Quoted(word))),
        (IpAddr::V6(_), _) => Err(Problem::FourOnly(Quoted(word))),
    }
}

/// Up to the first `/`, and what is behind it.
fn split(word: &[u8]) -> (&[u8], Option<&[u8]>) {
    cut(word, b"/")
}

pub(in crate::config) fn literal(word: &[u8]) -> Option<IpAddr> {
    core::str::from_utf8(word).ok()?.parse().ok()
}

pub(super) fn prefix(word: &[u8], address: IpAddr) -> Option<u8> {
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = u8::try_from(number(word)?).ok()?;
    (1..=most).contains(&bits).then_some(bits)
}

/// Whether an address can belong to one machine on a network.
fn is_unicast(address: IpAddr) -> bool {
    match address {
        // 0/8, 127/8, and from 224 on multicast, reserved and broadcast.
        IpAddr::V4(address) => {
            let [first, ..] = address.octets();
            first != 0 && first != Ipv4Addr::LOCALHOST.octets()[0] && first < 224
        }
        IpAddr::V6(address) => {
            !address.is_multicast()
                && !address.is_unspecified()
                && address != Ipv6Addr::LOCALHOST
                && address.to_ipv4_mapped().is_none()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Text;

    #[test]
    fn a_misspelt_address_is_still_meant_as_one_and_a_script_is_not() {
        for word in [
            "10.0.0.300",
            "2001:db8::g",
            "2001::g/64",
            "fe80::%eth0",
            "2001:db8:::1",
            "10.0.0",
        ] {
            assert!(is_meant(word.as_bytes()), "{word}");
        }
        for word in [
            "dnsmasq",
            "add::beefy",
            "6to4::tun0",
            "ad::10",
            "x::a:b",
            "../x",
            "/x",
            "::",
            "",
        ] {
            let literal = literal(word.as_bytes()).is_some();
            assert_eq!(is_meant(word.as_bytes()), literal, "{word}");
        }
    }
    use std::format;
    use std::string::String;

    fn show(word: &str) -> String {
        let mut found = Resource::Script(Text::default());
        match (parse(word.as_bytes(), Family::Both, &mut found), &found) {
            (Ok(()), Resource::Address(a)) => format!(
                "{} {} {} {} {}",
                a.address,
                a.prefix.map_or("-".into(), |p| format!("{p}")),
                a.interface.as_deref().unwrap_or("-"),
                a.label.as_deref().unwrap_or("-"),
                a.broadcast.map_or("-".into(), |b| format!("{b}")),
            ),
            (Err(problem), _) => format!("{problem}"),
            (Ok(()), _) => panic!("no address"),
        }
    }

    #[test]
    fn every_form_of_heartbeat_is_read() {
        let forms = [
            ("10.0.0.5", "10.0.0.5 - - - -"),
            ("10.0.0.5/24", "10.0.0.5 24 - - -"),
            ("10.0.0.5/24/eth0", "10.0.0.5 24 eth0 - -"),
            ("10.0.0.5/24/eth0:2", "10.0.0.5 24 eth0 eth0:2 -"),
            (
                "10.0.0.5/24/eth0/10.0.0.255",
                "10.0.0.5 24 eth0 - 10.0.0.255",
            ),
            ("10.0.0.5/24/10.0.0.255", "10.0.0.5 24 - - 10.0.0.255"),
            ("2001:db8::5/64/br-lan", "2001:db8::5 64 br-lan - -"),
            ("fe80::1/64/br-lan", "fe80::1 64 br-lan - -"),
        ];
        for (word, read) in forms {
            assert_eq!(show(word), read);
        }
    }

    #[test]
    fn what_no_machine_can_have_is_refused() {
        for word in [
            "0.0.0.0",
            "127.0.0.1",
            "224.0.0.18",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "ff02::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(show(word).contains("no address that one machine"), "{word}");
        }
        for word in ["10.0.0.0/24", "10.0.0.255/24"] {
            assert!(show(word).contains("subnet"), "{word}");
        }
        assert!(show("fe80::1/64").contains("link-local"));
    }

    #[test]
    fn each_part_is_checked() {
        for (word, part) in [
            ("10.0.0.300", "\"10.0.0.300\""),
            ("10.0.0.5/33", "\"33\""),
            ("10.0.0.5/0", "\"0\""),
            ("10.0.0.5/+8", "\"+8\""),
            ("10.0.0.5/", "\"\""),
            ("10.0.0.5/255.255.255.0", "\"255.255.255.0\""),
            ("10.0.0.5/24/abcdefghijklmnop", "\"abcdefghijklmnop\""),
            ("10.0.0.5/24/eth0/nonsense", "\"nonsense\""),
            ("2001:db8::5/64/eth0/10.0.0.255", "\"10.0.0.255\""),
            ("2001:db8::5/64/eth0:1", "\"eth0:1\""),
        ] {
            assert!(show(word).contains(part), "{word}: {}", show(word));
        }
    }
}

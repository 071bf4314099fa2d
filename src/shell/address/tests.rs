//! Against the kernel of this machine, in namespaces.

use std::net::Ipv4Addr;

use nix::poll::{PollFd, PollFlags, poll};

use super::*;
use crate::sandbox::{self, cable, ip, ip_says, now, within};

const VIRTUAL: &str = "192.0.2.100";

fn wanted(address: &str) -> config::Address {
    config::Address {
        address: address.parse().unwrap(),
        prefix: None,
        interface: Some(name("eth0")),
        label: None,
        broadcast: None,
    }
}

fn name(name: &str) -> config::Interface {
    config::Interface::try_from(name).unwrap()
}

fn addresses(lease: u64, wanted: impl IntoIterator<Item = config::Address>) -> Addresses {
    let resources = wanted
        .into_iter()
        .map(Resource::Address)
        .collect::<Vec<_>>();
    Addresses::for_resources(&resources, Duration::from_secs(lease)).unwrap()
}

/// `eth0`, up and with carrier, on which 192.0.2.1/24 and 2001:db8::1/64 are.
fn base() -> Interfaces {
    bare();
    ip("addr add 192.0.2.1/24 dev eth0");
    ip("addr add 2001:db8::1/64 dev eth0 nodad");
    Interfaces::open().unwrap()
}

fn bare() -> Interfaces {
    cable("eth0");
    Interfaces::open().unwrap()
}

fn install(addresses: &mut Addresses, place: usize, interfaces: &Interfaces) -> u32 {
    addresses
        .install(now(), AddressId(place), interfaces, &mut punctual)
        .unwrap()
}

/// A clock for turns that take no time: other tests keep the kernel's lock for long.
fn punctual() -> Instant {
    Instant::from_micros(0)
}

fn present(address: &str) -> bool {
    ip_says(&format!("-o addr show to {address}")).contains("eth0")
}

#[test]
fn a_lease_that_is_not_refreshed_ends_by_itself() {
    sandbox::run(|| {
        let interfaces = base();
        let mut addresses = addresses(1, [wanted(VIRTUAL), wanted("2001:db8::100")]);
        install(&mut addresses, 0, &interfaces);
        install(&mut addresses, 1, &interfaces);
        let begun = now();
        assert!(present(VIRTUAL) && present("2001:db8::100"));
        let limit = Duration::from_millis(3000);
        assert!(within(limit, || !present(VIRTUAL)));
        let lasted = now().since(begun).millis();
        assert!(within(limit, || !present("2001:db8::100")));
        let both = now().since(begun).millis();
        eprintln!("a lease of 1000 ms lasted {lasted} ms, with IPv6 {both} ms");
        assert!((980..=1500).contains(&lasted), "{lasted}");
        assert!((980..=2500).contains(&both), "{both}");
        assert!(present("192.0.2.1"), "and took nothing with it");
    });
}

#[test]
fn a_refreshed_lease_goes_on_without_a_change_of_state() {
    sandbox::run(|| {
        let mut interfaces = base();
        let mut addresses = addresses(1, [wanted(VIRTUAL), wanted("2001:db8::100")]);
        install(&mut addresses, 0, &interfaces);
        install(&mut addresses, 1, &interfaces);
        interfaces.update();
        let until = now().after(Duration::from_millis(3000));
        while now() < until {
            std::thread::sleep(std::time::Duration::from_millis(300));
            for id in [AddressId(0), AddressId(1)] {
                addresses.refresh(now(), id, &mut punctual).unwrap();
            }
            interfaces.update();
            assert_eq!(addresses.vanished(&interfaces).count(), 0);
        }
        for id in [AddressId(0), AddressId(1)] {
            addresses.refresh(now(), id, &mut punctual).unwrap();
        }
        let mut fds = [PollFd::new(interfaces.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut fds, 20_u8), Ok(0), "a refresh does not wake us");
        addresses.remove(AddressId(0)).unwrap();
        addresses.remove(AddressId(1)).unwrap();
        assert!(!present(VIRTUAL) && !present("2001:db8::100"));
        addresses
            .refresh(now(), AddressId(0), &mut punctual)
            .unwrap();
        assert!(!present(VIRTUAL), "what is not held is not refreshed");
    });
}

#[test]
fn what_takes_too_long_is_undone() {
    sandbox::run(|| {
        let mut interfaces = base();
        let mut addresses = addresses(1, [wanted(VIRTUAL)]);
        let id = AddressId(0);
        let woken = |first: Instant| move || first.after(Duration::from_millis(201));
        let first = now();
        let late = addresses.install(first, id, &interfaces, &mut woken(first));
        assert_eq!(late, Err(AddressError::Late));
        assert!(!present(VIRTUAL) && addresses.interface(id).is_none());
        install(&mut addresses, 0, &interfaces);
        let late = addresses.refresh(first, id, &mut woken(first));
        assert_eq!(late, Err(AddressError::Late));
        assert!(!present(VIRTUAL));
        interfaces.update();
        assert_eq!(addresses.vanished(&interfaces).collect::<Vec<_>>(), [id]);
    });
}

#[test]
fn it_is_installed_alone_with_what_was_asked_for() {
    sandbox::run(|| {
        let interfaces = base();
        let mut address = wanted(VIRTUAL);
        address.prefix = Some(24);
        address.label = Some(name("eth0:0"));
        address.broadcast = Some(Ipv4Addr::new(192, 0, 2, 255));
        let mut addresses = addresses(5, [address, wanted("2001:db8::100")]);
        install(&mut addresses, 0, &interfaces);
        install(&mut addresses, 1, &interfaces);
        let shown = ip_says("addr show eth0");
        assert!(
            shown.contains("192.0.2.100/32 brd 192.0.2.255 scope global"),
            "{shown}"
        );
        assert!(
            shown.contains("eth0:0") && shown.contains("2001:db8::100/128"),
            "{shown}"
        );
        assert!(!shown.contains("tentative"), "{shown}");
        let routes = ip_says("route") + &ip_says("-6 route");
        assert!(
            !routes.contains("::100") && !routes.contains(".100"),
            "{routes}"
        );
    });
}

#[test]
fn a_subnet_without_another_address_gets_a_route_while_it_is_held() {
    sandbox::run(|| {
        let interfaces = bare();
        let in_subnet = |address: &str, prefix| config::Address {
            prefix: Some(prefix),
            ..wanted(address)
        };
        let mut addresses = addresses(
            5,
            [
                in_subnet("192.0.2.100", 24),
                in_subnet("192.0.2.101", 24),
                in_subnet("2001:db8::100", 64),
                in_subnet("2001:db8::101", 64),
            ],
        );
        let v4 = || ip_says("route").contains("192.0.2.0/24 dev eth0");
        let v6 = || ip_says("-6 route").contains("2001:db8::/64 dev eth0");
        for place in 0..4 {
            install(&mut addresses, place, &interfaces);
        }
        assert!(v4() && v6());
        addresses.remove(AddressId(0)).unwrap();
        addresses.remove(AddressId(2)).unwrap();
        assert!(v4() && v6(), "still needed");
        addresses.remove(AddressId(1)).unwrap();
        addresses.remove(AddressId(3)).unwrap();
        assert!(
            !v4() && !v6(),
            "{} {}",
            ip_says("route"),
            ip_says("-6 route")
        );
    });
}

#[test]
fn a_subnet_that_loses_its_base_address_gets_a_route() {
    sandbox::run(|| {
        let mut interfaces = base();
        let mut address = wanted(VIRTUAL);
        address.prefix = Some(24);
        let mut addresses = addresses(5, [address]);
        let id = AddressId(0);
        install(&mut addresses, 0, &interfaces);
        interfaces.update();
        assert_eq!(addresses.vanished(&interfaces).count(), 0);
        ip("addr del 192.0.2.1/24 dev eth0");
        assert!(present(VIRTUAL), "its own subnet is not the base address's");
        interfaces.update();
        assert_eq!(addresses.vanished(&interfaces).collect::<Vec<_>>(), [id]);
        install(&mut addresses, 0, &interfaces);
        assert!(ip_says("route").contains("192.0.2.0/24 dev eth0"));
        assert_eq!(addresses.vanished(&interfaces).count(), 0);
    });
}

#[test]
fn leftovers_are_removed_whatever_their_prefix_and_place() {
    sandbox::run(|| {
        bare();
        cable("eth1");
        ip("addr add 192.0.2.100/24 dev eth0");
        ip("addr add 192.0.2.100/32 dev eth1");
        ip("addr add 192.0.2.7/24 dev eth1");
        ip("addr add 2001:db8::100/64 dev eth0 nodad");
        let interfaces = Interfaces::open().unwrap();
        let mut addresses = addresses(5, [wanted(VIRTUAL), wanted("2001:db8::100")]);
        assert_eq!(addresses.remove_leftovers(&[], &interfaces), Ok(3));
        let left = ip_says("-o addr");
        assert!(
            !left.contains("100/") && left.contains("192.0.2.7/24"),
            "{left}"
        );
    });
}

#[test]
fn an_address_that_somebody_takes_away_is_told_and_put_back() {
    sandbox::run(|| {
        let mut interfaces = base();
        let mut addresses = addresses(5, [wanted(VIRTUAL)]);
        let id = AddressId(0);
        install(&mut addresses, 0, &interfaces);
        interfaces.update();
        assert_eq!(addresses.vanished(&interfaces).count(), 0);
        ip("addr flush dev eth0");
        // Even if a refresh brings it back before the news is read.
        addresses.refresh(now(), id, &mut punctual).unwrap();
        interfaces.update();
        assert_eq!(addresses.vanished(&interfaces).collect::<Vec<_>>(), [id]);
        install(&mut addresses, 0, &interfaces);
        interfaces.update();
        assert_eq!(addresses.vanished(&interfaces).count(), 0);
        assert!(present(VIRTUAL));
    });
}

#[test]
fn an_address_follows_its_interface_into_its_next_life() {
    sandbox::run(|| {
        let mut interfaces = base();
        let mut addresses = addresses(5, [wanted(VIRTUAL)]);
        let id = AddressId(0);
        install(&mut addresses, 0, &interfaces);
        ip("link del eth0");
        interfaces.update();
        assert_eq!(addresses.vanished(&interfaces).collect::<Vec<_>>(), [id]);
        let gone = addresses.install(now(), id, &interfaces, &mut punctual);
        assert_eq!(gone, Err(AddressError::NoInterface));
        assert_eq!(
            addresses.refresh(now(), id, &mut punctual),
            Err(AddressError::NoInterface)
        );
        let mut interfaces = base();
        assert_eq!(addresses.vanished(&interfaces).collect::<Vec<_>>(), [id]);
        install(&mut addresses, 0, &interfaces);
        interfaces.update();
        assert!(present(VIRTUAL) && addresses.vanished(&interfaces).count() == 0);
    });
}

#[test]
fn routes_from_it_are_put_back_with_it() {
    sandbox::run(|| {
        let interfaces = base();
        let mut addresses = addresses(5, [wanted(VIRTUAL), wanted("2001:db8::100")]);
        let routes = || ip_says("route") + &ip_says("-6 route");
        let v4 = "default via 192.0.2.254 dev eth0 src 192.0.2.100 metric 7 mtu 1400";
        let v6 = "default via 2001:db8::254 dev eth0 src 2001:db8::100 metric 8";
        for (place, route) in [v4, v6].iter().enumerate() {
            install(&mut addresses, place, &interfaces);
            ip(&format!("route add {route}"));
            let away = |addresses: &mut Addresses| {
                addresses.remove(AddressId(place)).unwrap();
                routes().replace("proto static ", "")
            };
            let shown = away(&mut addresses);
            assert!(
                !shown.contains("src 192.0.2.100") && !shown.contains("::100"),
                "{shown}"
            );
            install(&mut addresses, place, &interfaces);
            assert!(routes().contains(route), "{}", routes());
            // A program that deletes it means it.
            ip(&format!("route del {route}"));
            away(&mut addresses);
            install(&mut addresses, place, &interfaces);
            assert!(!routes().contains("default"), "{}", routes());
        }
    });
}

#[test]
fn routes_from_it_follow_their_interface_into_its_next_life() {
    sandbox::run(|| {
        let mut interfaces = base();
        let mut addresses = addresses(5, [wanted(VIRTUAL)]);
        install(&mut addresses, 0, &interfaces);
        ip("route add default via 192.0.2.254 dev eth0 src 192.0.2.100");
        ip("link del eth0");
        base();
        interfaces.update();
        install(&mut addresses, 0, &interfaces);
        assert!(ip_says("route").contains("default via 192.0.2.254 dev eth0"));
    });
}

#[test]
fn routes_of_an_earlier_life_are_put_back_too() {
    sandbox::run(|| {
        bare();
        ip("addr add 192.0.2.100/24 dev eth0");
        ip("route add default via 192.0.2.254 src 192.0.2.100");
        ip("addr add 192.0.2.1/24 dev eth0");
        let mut interfaces = Interfaces::open().unwrap();
        let mut addresses = addresses(5, [wanted(VIRTUAL)]);
        addresses.remove_leftovers(&[], &interfaces).unwrap();
        ip("addr replace 192.0.2.1/24 dev eth0");
        assert!(!ip_says("route").contains("default"));
        interfaces.update();
        install(&mut addresses, 0, &interfaces);
        assert!(ip_says("route").contains("default via 192.0.2.254 dev eth0 src 192.0.2.100"));
    });
}

#[test]
fn the_interface_is_found_by_prefix_or_by_route() {
    sandbox::run(|| {
        base();
        cable("eth1");
        ip("addr add 192.0.2.2/25 dev eth1");
        ip("route add 198.51.100.0/24 dev eth1");
        ip("route add default via 192.0.2.254");
        let interfaces = Interfaces::open().unwrap();
        let (eth0, eth1) = (
            interfaces.named("eth0").unwrap().index,
            interfaces.named("eth1").unwrap().index,
        );
        let place = |address: &str, prefix| {
            let wanted = config::Address {
                prefix,
                interface: None,
                ..wanted(address)
            };
            addresses(5, [wanted]).place(AddressId(0), &interfaces)
        };
        assert_eq!(place("192.0.2.9", None), Ok(eth1), "the longer prefix");
        assert_eq!(
            place("192.0.2.9", Some(24)),
            Ok(eth0),
            "the one of this length"
        );
        assert_eq!(place("192.0.2.200", None), Ok(eth0));
        assert_eq!(place("2001:db8::9", None), Ok(eth0));
        assert_eq!(place("198.51.100.9", None), Ok(eth1));
        let none = Err(AddressError::NoInterface);
        assert_eq!(
            place("203.0.113.9", None),
            none,
            "only a gateway leads there"
        );
        assert_eq!(place("127.0.0.9", None), none);
        assert_eq!(place("fe80::9", None), none);
    });
}

//! Against the kernel of this machine, in namespaces: this machine, and another one at the other
//! end of the cables.

use std::net::UdpSocket;

use super::*;
use crate::sandbox::{self, Elsewhere, ip, now, within};

const SOON: Duration = Duration::from_millis(5000);

fn link(interface: &str, medium: Medium) -> config::Link {
    config::Link {
        medium,
        interface: config::Interface::try_from(interface).unwrap(),
        port: 694,
    }
}

fn multicast(interface: &str, group: &str) -> config::Link {
    let medium = Medium::Multicast {
        group: group.parse().unwrap(),
        hops: 1,
        looped: false,
    };
    link(interface, medium)
}

fn unicast(interface: &str, peer: &str) -> config::Link {
    let medium = Medium::Unicast {
        peer: peer.parse().unwrap(),
    };
    link(interface, medium)
}

/// One machine's links and what it knows of its interfaces.
struct Side {
    links: Links,
    interfaces: Interfaces,
}

impl Side {
    fn new(list: impl IntoIterator<Item = config::Link>) -> Self {
        Self::speaking(Dialect::Native, list)
    }

    fn speaking(dialect: Dialect, list: impl IntoIterator<Item = config::Link>) -> Self {
        let mut config = crate::testing::config(0);
        config.dialect = dialect;
        let links = list.into_iter().map(|link| Link::new(&link, &config));
        let links = links.collect();
        let mut side = Self {
            links: Links { links },
            interfaces: Interfaces::open().unwrap(),
        };
        side.update();
        side
    }

    fn update(&mut self) {
        self.interfaces.update();
        self.links.update(now(), &self.interfaces);
    }

    fn send(&mut self, place: usize, bytes: &[u8]) -> Result<(), SendError> {
        self.links.send(now(), id(place), bytes)
    }

    fn carrier(&self, place: usize) -> Carrier {
        self.links.carrier(id(place))
    }

    /// The payloads that come to a link, soon: IPv6 first asks for its neighbours.
    fn hears(&mut self, place: usize) -> Vec<Vec<u8>> {
        let mut heard = Vec::new();
        within(SOON, || {
            heard.extend(self.heard(place));
            !heard.is_empty()
        });
        heard
    }

    /// The payloads that wait on a link.
    fn heard(&mut self, place: usize) -> Vec<Vec<u8>> {
        let mut buf = [0; twinbeat::MAX_FRAME + 1];
        let mut next = || {
            self.links
                .receive(now(), id(place), &mut buf)
                .map(|len| buf[..len].to_vec())
        };
        std::iter::from_fn(&mut next).collect()
    }
}

/// Two machines on one cable, `eth0`; here is 192.0.2.1, there is 192.0.2.2.
fn two() -> Elsewhere {
    let there = Elsewhere::new();
    there.cable("eth0");
    ip("addr add 192.0.2.1/24 dev eth0");
    there.run(|| ip("addr add 192.0.2.2/24 dev eth0"));
    there
}

fn id(place: usize) -> LinkId {
    LinkId::new(place).unwrap()
}

#[test]
fn every_frame_belongs_to_exactly_one_link() {
    for dialect in [Dialect::Native, Dialect::LinuxHa] {
        sandbox::run(move || belongs_to_one(dialect));
    }
}

fn belongs_to_one(dialect: Dialect) {
    let there = two();
    there.cable("eth1");
    let numbered = |n| {
        ip(&format!("addr add 198.51.100.{n}/24 dev eth1"));
        for device in ["eth0", "eth1"] {
            ip(&format!("addr add fe80::{n}/64 dev {device} nodad"));
        }
    };
    let settled = || !sandbox::ip_says("addr show tentative").contains("fe80");
    numbered(1);
    assert!(within(SOON, settled));
    there.run(|| numbered(2));
    assert!(within(SOON, || there.run(settled)));
    let list = |peer| {
        [
            link("eth0", Medium::Broadcast),
            link("eth1", Medium::Broadcast),
            multicast("eth0", "239.0.0.1"),
            multicast("eth1", "239.0.0.1"),
            multicast("eth0", "ff02::694"),
            unicast("eth0", &format!("192.0.2.{peer}")),
            unicast("eth0", &format!("fe80::{peer}")),
            unicast("eth1", &format!("198.51.100.{peer}")),
        ]
    };
    let mut near = Side::speaking(dialect, list(2));
    let mut far = there.run(|| Side::speaking(dialect, list(1)));
    for place in 0..8 {
        let told = near.links.poll_change();
        let fault = near.links.fault(id(place));
        assert_eq!(told, Some((id(place), Carrier::Up)), "{fault:?}");
        near.send(place, &[place as u8, 1]).unwrap();
        far.send(place, &[place as u8, 2]).unwrap();
    }
    assert_eq!(near.links.poll_change(), None);
    for place in 0..8 {
        assert_eq!(
            far.hears(place),
            [[place as u8, 1]],
            "link {place} {dialect:?}"
        );
        assert_eq!(near.hears(place), [[place as u8, 2]], "link {place}");
        assert_eq!(far.links.counters(id(place)).received, 1);
    }
}

#[test]
fn broadcast_and_local_multicast_need_no_address() {
    sandbox::run(|| {
        let there = Elsewhere::new();
        there.cable("eth0");
        let list = || {
            [
                link("eth0", Medium::Broadcast),
                multicast("eth0", "224.0.0.69"),
            ]
        };
        let mut near = Side::new(list());
        let mut far = there.run(|| Side::new(list()));
        for place in 0..2 {
            near.send(place, b"beat").unwrap();
            assert_eq!(far.heard(place), [b"beat"]);
            assert!(near.heard(place).is_empty(), "its own");
        }
    });
}

#[test]
fn a_link_waits_for_its_interface_and_outlives_it() {
    sandbox::run(|| {
        let there = Elsewhere::new();
        let list = || {
            [
                link("eth0", Medium::Broadcast),
                multicast("eth0", "ff02::694"),
            ]
        };
        let mut near = Side::new(list());
        let mut far = there.run(|| Side::new(list()));
        for life in 0..3 {
            near.update();
            there.run(|| far.update());
            assert_eq!(near.carrier(0), Carrier::Down, "life {life}");
            assert_eq!(near.send(0, b"beat"), Err(SendError::NoCarrier));
            assert!(near.links.fd(id(0)).is_none());
            assert_eq!(near.links.deadline(), Instant::NEVER);
            there.cable("eth0");
            ip("addr add fe80::1/64 dev eth0 nodad");
            let settled = || !sandbox::ip_says("addr show tentative").contains("fe80");
            assert!(within(SOON, settled));
            assert!(within(SOON, || {
                near.update();
                there.run(|| far.update());
                far.carrier(1) == Carrier::Up && near.carrier(0) == Carrier::Up
            }));
            for place in 0..2 {
                near.send(place, &[life]).unwrap();
                assert_eq!(far.hears(place), [[life]]);
            }
            assert_eq!(near.links.poll_change(), Some((id(0), Carrier::Up)));
            there.run(|| ip("link set eth0 down"));
            assert!(within(SOON, || {
                near.update();
                near.links.poll_change() == Some((id(0), Carrier::Down))
            }));
            assert_eq!(
                near.send(0, b"beat"),
                Err(SendError::NoCarrier),
                "no carrier"
            );
            while near.links.poll_change().is_some() {}
            ip("link del eth0");
        }
    });
}

#[test]
fn unicast_follows_the_addresses_of_its_interface() {
    sandbox::run(|| {
        let there = two();
        ip("addr flush dev eth0");
        let mut near = Side::new([unicast("eth0", "192.0.2.2")]);
        assert_eq!(near.carrier(0), Carrier::Down);
        assert!(near.links.fault(id(0)).is_some());
        let deadline = near.links.deadline();
        assert!(deadline > now() && deadline != Instant::NEVER);
        for own in ["192.0.2.1", "192.0.2.7"] {
            ip("addr flush dev eth0");
            ip(&format!("addr add {own}/24 dev eth0"));
            near.update();
            assert_eq!(near.carrier(0), Carrier::Up, "{own}");
            let mut far = there.run(|| Side::new([unicast("eth0", own)]));
            near.send(0, b"near").unwrap();
            far.send(0, b"far").unwrap();
            assert_eq!(far.heard(0), [b"near"]);
            assert_eq!(near.heard(0), [b"far"]);
        }
    });
}

#[test]
fn what_waits_is_kept_when_an_address_changes_nothing_for_the_link() {
    sandbox::run(|| {
        let there = two();
        let mut near = Side::new([unicast("eth0", "192.0.2.2")]);
        let mut far = there.run(|| Side::new([unicast("eth0", "192.0.2.1")]));
        far.send(0, b"waiting").unwrap();
        ip("addr add 192.0.2.100/32 dev eth0");
        near.update();
        assert_eq!(near.heard(0), [b"waiting"]);
    });
}

#[test]
fn a_peer_that_does_not_listen_yet_does_not_cost_a_frame() {
    sandbox::run(|| {
        let there = two();
        let mut near = Side::new([unicast("eth0", "192.0.2.2")]);
        // Refused by the port, and told to the socket.
        near.send(0, b"early").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let mut far = there.run(|| Side::new([unicast("eth0", "192.0.2.1")]));
        near.send(0, b"beat").unwrap();
        assert_eq!(far.heard(0), [b"beat"]);
        assert_eq!(near.carrier(0), Carrier::Up);
    });
}

#[test]
fn strangers_do_not_reach_a_unicast_link() {
    sandbox::run(|| {
        let there = two();
        there.run(|| ip("addr add 192.0.2.3/24 dev eth0"));
        let mut near = Side::new([unicast("eth0", "192.0.2.2")]);
        for (from, heard) in [
            ("192.0.2.3:694", false),
            ("192.0.2.2:695", false),
            ("192.0.2.2:694", true),
        ] {
            let other = there.run(|| UdpSocket::bind(from).unwrap());
            other.send_to(b"beat", "192.0.2.1:694").unwrap();
            assert_eq!(!near.heard(0).is_empty(), heard, "{from}");
        }
    });
}

/// It sends from any port, to the broadcast address of its subnet, and hears everything on one port;
/// both nodes list both addresses.
#[test]
fn a_real_heartbeat_is_heard_by_the_link_it_means_and_hears_each() {
    sandbox::run(|| {
        let there = two();
        let list = [
            link("eth0", Medium::Broadcast),
            multicast("eth0", "239.0.0.1"),
            unicast("eth0", "192.0.2.1"),
            unicast("eth0", "192.0.2.2"),
        ];
        let mut near = Side::speaking(Dialect::LinuxHa, list);
        let (any, heard) = there.run(|| {
            ip("route add 239.0.0.0/8 dev eth0");
            let heard = UdpSocket::bind("0.0.0.0:694").unwrap();
            let group = [[239, 0, 0, 1], [192, 0, 2, 2]].map(std::net::Ipv4Addr::from);
            heard.join_multicast_v4(&group[0], &group[1]).unwrap();
            let soon = Some(std::time::Duration::from_secs(2));
            heard.set_read_timeout(soon).unwrap();
            let any = UdpSocket::bind("0.0.0.0:0").unwrap();
            any.set_broadcast(true).unwrap();
            (any, heard)
        });
        for (place, to) in [(0, "192.0.2.255"), (1, "239.0.0.1"), (3, "192.0.2.1")] {
            any.send_to(&[place as u8], (to, 694)).unwrap();
            assert_eq!(near.hears(place), [[place as u8]], "{to}");
            near.send(place, &[place as u8 + 9]).unwrap();
            let mut buf = [0; 16];
            // It hears its own broadcasts, too.
            let from = std::iter::repeat_with(|| heard.recv_from(&mut buf).unwrap().1)
                .find(|from| from.to_string() == "192.0.2.1:694");
            assert!(from.is_some() && buf[0] == place as u8 + 9, "{to}");
        }
        // It does not talk to itself.
        near.send(2, b"own").unwrap();
        assert!(near.links.is_own(id(2)) && !near.links.is_own(id(3)));
        for place in 0..4 {
            assert!(near.heard(place).is_empty(), "link {place}");
        }
        // A long one is not cut off.
        let long = [7; twinbeat::MAX_FRAME];
        any.send_to(&long, "192.0.2.1:694").unwrap();
        assert_eq!(near.hears(3), [long]);
    });
}

#[test]
fn a_firewall_that_forbids_sending_is_named() {
    assert_eq!(SendError::from(Errno::EPERM), SendError::Forbidden);
    assert_eq!(SendError::from(Errno::ENOBUFS), SendError::Full);
    assert_eq!(SendError::from(Errno::ENETUNREACH), SendError::Unreachable);
}

#[test]
fn a_firewall_that_drops_what_leaves_takes_the_link_down_until_it_lets_go() {
    sandbox::run(|| {
        let there = two();
        let nft = |words: &str| {
            let status = std::process::Command::new("nft").arg(words).status();
            status.is_ok_and(|status| status.success())
        };
        let rules = "table inet t { chain c { type filter hook output priority 0; \
                     udp dport 694 drop; }; }";
        let mut near = Side::new([link("eth0", Medium::Broadcast)]);
        let mut far = there.run(|| Side::new([link("eth0", Medium::Broadcast)]));
        assert_eq!(near.links.poll_change(), Some((id(0), Carrier::Up)));
        if !nft(rules) {
            eprintln!("SKIPPED: no nftables here");
            return;
        }
        assert_eq!(near.send(0, b"beat"), Err(SendError::Forbidden));
        assert_eq!(near.links.poll_change(), Some((id(0), Carrier::Down)));
        assert_eq!(near.links.fault(id(0)), Some(Errno::EPERM));
        assert_eq!(near.links.counters(id(0)).unsent, 1);
        assert!(nft("delete table inet t"));
        near.send(0, b"beat").unwrap();
        assert_eq!(near.links.poll_change(), Some((id(0), Carrier::Up)));
        assert_eq!(far.hears(0), [b"beat"]);
    });
}

#[test]
fn an_interface_that_was_replaced_between_two_looks_is_opened_again() {
    sandbox::run(|| {
        let there = two();
        let mut near = Side::new([link("eth0", Medium::Broadcast)]);
        ip("link del eth0");
        there.cable("eth0");
        near.update();
        let mut far = there.run(|| Side::new([link("eth0", Medium::Broadcast)]));
        near.send(0, b"beat").unwrap();
        assert_eq!(far.hears(0), [b"beat"]);
    });
}

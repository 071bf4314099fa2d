//! Against the kernel of this machine, in namespaces: this machine, and another one at the other
//! end of the cable.

use super::*;
use crate::sandbox::{self, Elsewhere, ip, now, try_ip, within};
use crate::sys::{Watch, poll};

const VIRTUAL: &str = "192.0.2.100";
const VIRTUAL6: &str = "2001:db8::100";
const STRANGER: Mac = Mac([2, 0, 0, 0, 0, 9]);
/// Until what must come has come, on whatever machine.
const LONG: Duration = Duration::from_secs(10);
/// Milliseconds without an event that are believed.
const QUIET: u64 = 100;

/// Here 192.0.2.1 and 2001:db8::1, there .2 and ::2, on one cable named `eth0`.
struct World {
    there: Elsewhere,
    interfaces: Interfaces,
    index: u32,
    mac: Mac,
    announcer: Announcer,
}

impl World {
    fn new() -> Self {
        let there = Elsewhere::new();
        there.cable("eth0");
        ip("addr add 192.0.2.1/24 dev eth0");
        ip("addr add 2001:db8::1/64 dev eth0 nodad");
        there.run(|| {
            ip("addr add 192.0.2.2/24 dev eth0");
            ip("addr add 2001:db8::2/64 dev eth0 nodad");
        });
        let interfaces = Interfaces::open().unwrap();
        let eth0 = interfaces.named("eth0").unwrap().clone();
        Self {
            there,
            index: eth0.index,
            mac: eth0.mac.unwrap(),
            announcer: Announcer::open().unwrap(),
            interfaces,
        }
    }

    fn announce(&mut self, address: &str) {
        let address = address.parse().unwrap();
        self.announcer
            .announce(now(), address, self.index, &self.interfaces);
    }

    fn probe(&mut self, address: &str) {
        let address = address.parse().unwrap();
        self.announcer
            .probe(now(), address, self.index, &self.interfaces);
    }

    /// What the announcer says until nothing is due any more.
    fn notices(&mut self) -> Vec<Notice> {
        let mut notices = Vec::new();
        let rests = within(LONG, || {
            notices.extend(self.announcer.poll_notice(now()));
            self.announcer.deadline() == Instant::NEVER
        });
        assert!(rests, "it never ends");
        notices
    }

    /// The next notice.
    fn notice(&mut self) -> Option<Notice> {
        let mut notice = None;
        within(LONG, || {
            notice = self.announcer.poll_notice(now());
            notice.is_some()
        });
        notice
    }

    /// Whether an event wakes the loop within a time in milliseconds.
    fn wakes(&self, millis: u64) -> bool {
        let mut watches = self.announcer.descriptors().map(Watch::readable);
        poll(&mut watches, millis * 1000);
        watches.into_iter().any(Watch::fired)
    }

    /// A tap there on one Ethernet type.
    fn tap(&self, protocol: u16) -> Packets {
        self.there.run(|| {
            let tap = Packets::open().unwrap();
            tap.hear(protocol).unwrap();
            tap
        })
    }

    /// Sends a frame from there.
    fn say(&self, frame: &Frame) {
        self.there.run(|| {
            let index = Interfaces::open().unwrap().named("eth0").unwrap().index;
            Packets::open().unwrap().send(index, frame);
        });
    }
}

/// Frames that came to a tap and tell of this address; at least so many are waited for, because the
/// kernel of a loaded machine carries them to the other end later.
fn tapped(tap: &Packets, address: &str, least: usize) -> Vec<Vec<u8>> {
    let mut buf = [0; 200];
    let address: IpAddr = address.parse().unwrap();
    let mut frames = Vec::new();
    within(LONG, || {
        let came = std::iter::from_fn(|| tap.receive(&mut buf).map(|(len, _)| buf[..len].to_vec()));
        let tells = |frame: &Vec<u8>| frame::sender(frame).is_some_and(|(of, _)| of == address);
        frames.extend(came.filter(tells));
        frames.len() >= least
    });
    frames
}

fn announcement(address: &str, mac: Mac) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut say = |frame: &Frame| frames.push(frame.clone());
    Frame::announcement(address.parse().unwrap(), mac, false, &mut say);
    frames
}

fn from_stranger(address: &str) -> Vec<Frame> {
    announcement(address, STRANGER)
}

#[test]
fn an_address_is_announced_five_times_by_request_and_reply() {
    sandbox::run(|| {
        let mut world = World::new();
        let tap = world.tap(frame::ETHERTYPE_ARP);
        let before = now();
        world.announce(VIRTUAL);
        let after = now();
        let Mac([a, b, c, d, e, f]) = world.mac;
        let frame = |operation, target| {
            [
                &[0xff; 6][..],
                &[a, b, c, d, e, f, 8, 6, 0, 1, 8, 0, 6, 4, 0, operation],
                &[a, b, c, d, e, f, 192, 0, 2, 100],
                &[target; 6],
                &[192, 0, 2, 100],
            ]
            .concat()
        };
        let once = [frame(1, 0), frame(2, 0xff)];
        assert_eq!(tapped(&tap, VIRTUAL, 2), once, "the first at once");
        let next = world.announcer.deadline();
        assert!((before.after(INTERVAL)..=after.after(INTERVAL)).contains(&next));
        assert_eq!(world.notices(), []);
        assert!(now().since(before) >= INTERVAL.scaled(4, 1));
        assert_eq!(
            tapped(&tap, VIRTUAL, 8),
            [once.clone(), once.clone(), once.clone(), once].concat()
        );
        world.announce(VIRTUAL);
        assert_eq!(tapped(&tap, VIRTUAL, 2).len(), 2, "and anew");
        world.announcer.release(VIRTUAL.parse().unwrap());
        assert_eq!(world.announcer.deadline(), Instant::NEVER);
    });
}

#[test]
fn neighbours_believe_an_announcement() {
    sandbox::run(|| {
        let mut world = World::new();
        world.there.run(|| {
            for address in [VIRTUAL, VIRTUAL6] {
                ip(&format!(
                    "neigh add {address} lladdr 02:00:00:00:00:01 dev eth0 nud stale"
                ));
            }
        });
        let tap = world.tap(frame::ETHERTYPE_IPV6);
        world.announce(VIRTUAL);
        world.announce(VIRTUAL6);
        let mac = world.mac.0.map(|byte| format!("{byte:02x}")).join(":");
        let advertisement = tapped(&tap, VIRTUAL6, 1).remove(0);
        assert_eq!(advertisement[..6], [0x33, 0x33, 0, 0, 0, 1]);
        assert_eq!(
            advertisement[54..62],
            [136, 0, advertisement[56], advertisement[57], 0x20, 0, 0, 0]
        );
        let known = || world.there.run(|| sandbox::ip_says("neigh show dev eth0"));
        let believed = || known().matches(&mac).count() == 2;
        assert!(within(LONG, believed), "{mac}: {}", known());
    });
}

#[test]
fn a_router_says_that_it_is_one() {
    sandbox::run(|| {
        let mut world = World::new();
        let path = "/proc/sys/net/ipv6/conf/eth0/forwarding";
        if std::fs::write(path, "1").is_err() {
            eprintln!("SKIPPED: {path} may not be written");
            return;
        }
        let tap = world.tap(frame::ETHERTYPE_IPV6);
        world.announce(VIRTUAL6);
        assert_eq!(tapped(&tap, VIRTUAL6, 1).remove(0)[58], 0xa0);
    });
}

#[test]
fn a_conflict_is_told_and_announced_against() {
    sandbox::run(|| {
        let mut world = World::new();
        for (address, protocol) in [
            (VIRTUAL, frame::ETHERTYPE_ARP),
            (VIRTUAL6, frame::ETHERTYPE_IPV6),
        ] {
            world.announce(address);
            assert_eq!(world.notices(), []);
            let tap = world.tap(protocol);
            world.say(&from_stranger(address)[0]);
            let conflict = Notice::Conflict {
                address: address.parse().unwrap(),
                mac: STRANGER,
            };
            assert_eq!(world.notice(), Some(conflict));
            // In the same moment, and before anything else is due.
            let own = if address == VIRTUAL { 2 } else { 1 };
            assert_eq!(tapped(&tap, address, own).len(), own);
            // Insisting does not make us shout: at most one new beginning in 200 ms.
            let began = now();
            let mut told = Vec::new();
            for _ in 0..50 {
                world.say(&from_stranger(address)[0]);
                told.extend(world.announcer.poll_notice(now()));
            }
            let rounds = usize::try_from(now().since(began).millis()).unwrap() / 200 + 1;
            assert!(told.len() <= rounds && told.iter().all(|notice| *notice == conflict));
            assert!(tapped(&tap, address, 0).len() <= 4 * rounds);
            world.announcer.release(address.parse().unwrap());
        }
    });
}

#[test]
fn nothing_but_a_conflict_wakes_us() {
    sandbox::run(|| {
        let mut world = World::new();
        world.announce(VIRTUAL);
        world.announce(VIRTUAL6);
        world.notices();
        let v4 = |address: &str| from_stranger(address).remove(0);
        // Ordinary traffic: other addresses, questions for ours, our own frames come back.
        world.say(&v4("192.0.2.9"));
        world.say(&v4("2001:db8::9"));
        world.say(&Frame::question(VIRTUAL.parse().unwrap(), STRANGER));
        world.say(&Frame::question(VIRTUAL6.parse().unwrap(), STRANGER));
        for frame in announcement(VIRTUAL, world.mac) {
            world.say(&frame);
        }
        world.there.run(|| {
            for address in ["192.0.2.1", "2001:db8::1"] {
                let _ = std::net::UdpSocket::bind(("::", 0))
                    .or_else(|_| std::net::UdpSocket::bind(("0.0.0.0", 0)))
                    .and_then(|socket| socket.send_to(b"x", (address, 9)));
            }
        });
        assert!(!world.wakes(QUIET));
        world.say(&v4(VIRTUAL));
        assert!(world.wakes(10_000));
        assert!(world.notice().is_some());
        assert!(!world.wakes(QUIET));
        world.say(&v4(VIRTUAL6));
        assert!(world.wakes(10_000));
        assert!(world.notice().is_some());
        world.announcer.release(VIRTUAL.parse().unwrap());
        world.announcer.release(VIRTUAL6.parse().unwrap());
        world.say(&v4(VIRTUAL));
        world.say(&v4(VIRTUAL6));
        assert!(!world.wakes(QUIET), "what is not held is not watched");
    });
}

#[test]
fn a_probe_finds_who_has_the_address() {
    sandbox::run(|| {
        let mut world = World::new();
        for (address, length) in [(VIRTUAL, 24), (VIRTUAL6, 64)] {
            let probed = |occupied| Notice::Probed {
                address: address.parse().unwrap(),
                occupied,
            };
            let before = now();
            world.probe(address);
            assert_eq!(world.notice(), Some(probed(None)));
            assert!(now().since(before) >= PROBE);
            let mac = world.there.run(|| {
                ip(&format!("addr add {address}/{length} dev eth0"));
                Interfaces::open().unwrap().named("eth0").unwrap().mac
            });
            assert!(within(Duration::from_secs(3), || {
                let tentative = world.there.run(|| sandbox::ip_says("addr show tentative"));
                !tentative.contains("inet6")
            }));
            // On a loaded machine an answer may come too late for one question.
            let found = (0..20).any(|_| {
                let before = now();
                world.probe(address);
                let notice = world.notice();
                let early = now().since(before) < PROBE;
                assert!(notice == Some(probed(mac)) || notice == Some(probed(None)));
                notice == Some(probed(mac)) && early
            });
            assert!(found, "{address} is there");
            assert_eq!(world.announcer.deadline(), Instant::NEVER);
        }
    });
}

#[test]
fn what_is_held_is_announced_anew_when_carrier_comes_back() {
    sandbox::run(|| {
        let mut world = World::new();
        world.announce(VIRTUAL);
        world.notices();
        let state = |world: &mut World| {
            world.interfaces.update();
            world.announcer.learn(now(), &world.interfaces);
            world.interfaces.named("eth0").unwrap().running
        };
        world.there.run(|| ip("link set eth0 down"));
        assert!(within(LONG, || !state(&mut world)));
        assert_eq!(world.announcer.deadline(), Instant::NEVER);
        world.there.run(|| ip("link set eth0 up"));
        assert!(within(LONG, || state(&mut world)));
        assert_ne!(world.announcer.deadline(), Instant::NEVER);
        if !try_ip("link set eth0 address 02:00:00:00:00:77") {
            eprintln!("SKIPPED: the Ethernet address cannot be changed");
            return;
        }
        let tap = world.tap(frame::ETHERTYPE_ARP);
        state(&mut world);
        world.announcer.poll_notice(now());
        assert_eq!(tapped(&tap, VIRTUAL, 1)[0][6..12], [2, 0, 0, 0, 0, 0x77]);
    });
}

proptest::proptest! {
    #[test]
    fn whatever_comes_by_the_cable_is_read_or_ignored(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..120),
        arp in proptest::prelude::any::<bool>(),
    ) {
        let mut bytes = bytes;
        if let Some(kind) = bytes.get_mut(12..14) {
            kind.copy_from_slice(if arp { &[0x08, 0x06] } else { &[0x86, 0xdd] });
        }
        if let Some((address, _)) = frame::sender(&bytes) {
            assert_eq!(address.is_ipv4(), arp);
        }
    }
}

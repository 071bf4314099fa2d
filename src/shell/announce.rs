//! Announcements: who has a virtual address now. Gratuitous ARP (requests and replies) and
//! unsolicited neighbour advertisements, five times; again against every conflict that is seen.
//! Also the question before a lone start: does anybody have it?

use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, RawFd};

use nix::errno::Errno;
use twinbeat::time::{Duration, Instant};

use crate::files;
use crate::interface::{Interface, Interfaces, Mac};
use frame::Frame;
use packet::Packets;
use watched::{Purpose, Reach, Watched};

mod frame;
mod packet;
mod watched;

/// Announces, watches and asks. Drain [`Self::poll_notice`] at [`Self::deadline`] and when one of
/// [`Self::fds`] is readable.
pub(crate) struct Announcer {
    arp: Packets,
    /// Only while there is an IPv6 address to watch: every IPv6 packet passes its filter.
    neighbour: Option<Packets>,
    watched: Vec<Watched>,
    /// Every Ethernet address of this machine: what comes from one of them is no conflict.
    own: Vec<Mac>,
}

/// What the network said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Another machine announced or used a held address; it is being announced against. Told
    /// and done at most every 200 ms for each address.
    Conflict {
        /// Which address.
        address: IpAddr,
        /// The other machine.
        mac: Mac,
    },
    /// A probe ended.
    Probed {
        /// Which address.
        address: IpAddr,
        /// Who answered, if anybody did within 200 ms.
        occupied: Option<Mac>,
    },
}

impl Announcer {
    /// Needs `CAP_NET_RAW`.
    pub(crate) fn open() -> Result<Self, Errno> {
        let arp = Packets::open()?;
        // Before the first packet.
        frame::arp_filter(std::iter::empty(), &[]).attach(arp.as_fd())?;
        arp.hear(frame::ETHERTYPE_ARP)?;
        Ok(Self {
            arp,
            neighbour: None,
            watched: Vec::new(),
            own: Vec::new(),
        })
    }

    /// Announces an address that is on the interface with this index from now on: the first time
    /// at once, then every 200 ms, five in all; watches for conflicts until [`Self::release`].
    /// An announcement under way begins anew.
    pub(crate) fn announce(
        &mut self,
        now: Instant,
        address: IpAddr,
        interface: u32,
        interfaces: &Interfaces,
    ) {
        if ethernet(interface, interfaces).is_none() {
            return self.release(address); // A tunnel, a modem: there is nobody to tell.
        }
        self.begin(now, address, interface, interfaces, false);
    }

    /// The same for an address that is on no interface, or on another; until
    /// [`Self::release_also`], or [`Self::release`] of the address.
    pub(crate) fn announce_also(
        &mut self,
        now: Instant,
        address: IpAddr,
        interface: u32,
        interfaces: &Interfaces,
    ) {
        self.begin(now, address, interface, interfaces, true);
    }

    fn begin(
        &mut self,
        now: Instant,
        address: IpAddr,
        interface: u32,
        interfaces: &Interfaces,
        also: bool,
    ) {
        let Some((interface, _)) = ethernet(interface, interfaces) else {
            return;
        };
        self.watch(Watched {
            address,
            interface: interface.index,
            also,
            purpose: held(now, address, interface),
        });
        self.send_due(now);
        self.learn(now, interfaces);
    }

    /// Asks the network whether somebody has the address; [`Notice::Probed`] follows within 200 ms.
    pub(crate) fn probe(
        &mut self,
        now: Instant,
        address: IpAddr,
        interface: u32,
        interfaces: &Interfaces,
    ) {
        let mac = ethernet(interface, interfaces).map(|(_, mac)| mac);
        self.watch(Watched {
            address,
            interface,
            also: false,
            purpose: Purpose::Asked {
                mac,
                again_at: now,
                // Where nobody can be asked, nobody will answer.
                until: mac.map_or(now, |_| now.after(PROBE)),
            },
        });
        self.learn(now, interfaces); // Before the answer.
        self.send_due(now);
    }

    /// The address is no longer held here, or not asked for: neither announced nor watched.
    pub(crate) fn release(&mut self, address: IpAddr) {
        self.forget(&|watched| watched.address == address);
    }

    /// The same, where it is announced besides.
    pub(crate) fn release_also(&mut self, address: IpAddr) {
        self.forget(&|watched| watched.also && watched.address == address);
    }

    fn forget(&mut self, which: &dyn Fn(&Watched) -> bool) {
        let before = self.watched.len();
        self.watched.retain(|watched| !which(watched));
        if self.watched.len() != before {
            let _ = self.filter();
        }
    }

    /// Takes in what has changed of this machine's interfaces: what is held where carrier came
    /// back, or where the Ethernet address is another, is announced anew.
    pub(crate) fn learn(&mut self, now: Instant, interfaces: &Interfaces) {
        self.own.clear();
        for mac in interfaces.iter().filter_map(|interface| interface.mac) {
            if !self.own.contains(&mac) {
                self.own.push(mac);
            }
        }
        for watched in &mut self.watched {
            if let (Purpose::Held { reach, .. }, Some((interface, _))) = (
                &mut watched.purpose,
                ethernet(watched.interface, interfaces),
            ) {
                let (before, after) = (*reach, Reach::of(interface));
                *reach = after;
                if after != before && after.running {
                    watched.purpose = held(now, watched.address, interface);
                }
            }
        }
        // Refused for want of memory, the old filter stays and this program looks itself.
        let _ = self.filter();
    }

    /// Sends what is due and tells what came.
    pub(crate) fn poll_notice(&mut self, now: Instant) -> Option<Notice> {
        self.send_due(now);
        self.read(now).or_else(|| {
            let over = self.watched.iter().position(
                |watched| matches!(watched.purpose, Purpose::Asked { until, .. } if until <= now),
            )?;
            self.conclude(over, None)
        })
    }

    /// The next announcement, or end of a probe.
    pub(crate) fn deadline(&self) -> Instant {
        let mut deadline = Instant::NEVER;
        for watched in &self.watched {
            match watched.purpose {
                Purpose::Held {
                    left: 1.., next_at, ..
                } => deadline = deadline.min(next_at),
                Purpose::Held { left: 0, .. } => {}
                Purpose::Asked {
                    again_at, until, ..
                } => deadline = deadline.min(again_at).min(until),
            }
        }
        deadline
    }

    /// What to wait for, -1 where there is none; others after [`Self::announce`], [`Self::probe`] and
    /// [`Self::release`].
    pub(crate) fn descriptors(&self) -> [RawFd; 2] {
        let six = self.neighbour.as_ref();
        let six = six.map_or(-1, |socket| socket.as_fd().as_raw_fd());
        [self.arp.as_fd().as_raw_fd(), six]
    }

    fn watch(&mut self, new: Watched) {
        let same = |known: &&mut Watched| {
            known.address == new.address
                && known.also == new.also
                && (!new.also || known.interface == new.interface)
        };
        match self.watched.iter_mut().find(same) {
            Some(known) => *known = new,
            None => self.watched.push(new),
        }
    }

    fn send_due(&mut self, now: Instant) {
        for watched in &mut self.watched {
            let mut say = |frame: &Frame| self.arp.send(watched.interface, frame);
            match &mut watched.purpose {
                Purpose::Held {
                    reach: Reach { mac: Some(mac), .. },
                    router,
                    left: left @ 1..,
                    next_at,
                    ..
                } if *next_at <= now => {
                    *left -= 1;
                    *next_at = now.after(INTERVAL);
                    Frame::announcement(watched.address, *mac, *router, &mut say);
                }
                Purpose::Asked {
                    mac: Some(mac),
                    again_at,
                    ..
                } if *again_at <= now => {
                    *again_at = now.after(PROBE_INTERVAL);
                    say(&Frame::question(watched.address, *mac));
                }
                Purpose::Held { .. } | Purpose::Asked { .. } => {}
            }
        }
    }

    /// The next packet that means something.
    fn read(&mut self, now: Instant) -> Option<Notice> {
        let mut buf = [0; frame::LONGEST];
        for place in 0..2 {
            for _ in 0..PACKETS_AT_ONCE {
                let received = self
                    .socket(place)
                    .and_then(|socket| socket.receive(&mut buf));
                let Some((len, interface)) = received else {
                    break;
                };
                let packet = buf.get(..len).unwrap_or_default();
                if let Some((address, mac)) = frame::sender(packet)
                    && let Some(notice) = self.on_sender(now, address, mac, interface)
                {
                    return Some(notice);
                }
            }
        }
        None
    }

    /// Somebody says that it has an address.
    fn on_sender(
        &mut self,
        now: Instant,
        address: IpAddr,
        mac: Mac,
        interface: u32,
    ) -> Option<Notice> {
        let place = self
            .watched
            .iter()
            .position(|w| w.address == address && w.interface == interface)?;
        if self.own.contains(&mac) {
            return None;
        }
        let watched = self.watched.get_mut(place)?;
        match &mut watched.purpose {
            Purpose::Held {
                left,
                next_at,
                began_at,
                ..
            } => {
                // A flood of conflicts must become a flood neither of announcements nor of log.
                if now.since(*began_at) < INTERVAL {
                    return None;
                }
                (*left, *next_at, *began_at) = (ANNOUNCEMENTS, now, now);
                self.send_due(now);
                Some(Notice::Conflict { address, mac })
            }
            Purpose::Asked { .. } => self.conclude(place, Some(mac)),
        }
    }

    fn conclude(&mut self, place: usize, occupied: Option<Mac>) -> Option<Notice> {
        if place >= self.watched.len() {
            return None;
        }
        let address = self.watched.remove(place).address;
        let _ = self.filter();
        Some(Notice::Probed { address, occupied })
    }

    fn socket(&self, place: usize) -> Option<&Packets> {
        match place {
            0 => Some(&self.arp),
            _ => self.neighbour.as_ref(),
        }
    }

    fn filter(&mut self) -> Result<(), Errno> {
        let watched = || self.watched.iter().map(|watched| watched.address);
        frame::arp_filter(watched(), &self.own).attach(self.arp.as_fd())?;
        let mut filter = frame::neighbour_filter(watched(), &self.own);
        match (watched().any(|address| address.is_ipv6()), &self.neighbour) {
            (false, _) => self.neighbour = None,
            (true, Some(socket)) => filter.attach(socket.as_fd())?,
            (true, None) => {
                let socket = Packets::open()?;
                filter.attach(socket.as_fd())?;
                socket.hear(frame::ETHERTYPE_IPV6)?;
                self.neighbour = Some(socket);
            }
        }
        Ok(())
    }
}

/// The interface and its Ethernet address, if it has one to announce.
fn ethernet(index: u32, interfaces: &Interfaces) -> Option<(&Interface, Mac)> {
    let interface = interfaces.at(index).filter(|i| !i.loopback)?;
    Some((interface, interface.mac?))
}

/// Announced from now on, by an interface that has an Ethernet address.
fn held(now: Instant, address: IpAddr, interface: &Interface) -> Purpose {
    Purpose::Held {
        reach: Reach::of(interface),
        router: is_router(address, interface),
        left: ANNOUNCEMENTS,
        next_at: now,
        began_at: now,
    }
}

/// Whether this machine forwards IPv6 from there: a router that does not say so in its
/// advertisement is dropped from its neighbours' lists of routers (RFC 4861 7.2.5).
fn is_router(address: IpAddr, interface: &Interface) -> bool {
    let path = format!("/proc/sys/net/ipv6/conf/{}/forwarding", interface.name);
    address.is_ipv6() && files::read_kernel(&path).is_some_and(|text| text.starts_with('1'))
}

const ANNOUNCEMENTS: u8 = 5;
const INTERVAL: Duration = Duration::from_millis(200);
/// How long a lone start waits for an answer (DESIGN 4).
const PROBE: Duration = Duration::from_millis(200);
/// Asked twice, in case one is lost.
const PROBE_INTERVAL: Duration = Duration::from_millis(100);
const PACKETS_AT_ONCE: usize = 64;

#[cfg(test)]
mod tests;

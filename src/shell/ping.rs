//! ICMP echo (RFC 792, RFC 4443): the core says when to ask, and hears of every answer.
//!
//! The kernel's own ping sockets where it grants them (`net.ipv4.ping_group_range`), otherwise raw
//! ones with a filter, so that nobody else's ICMP wakes this program.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage, recvfrom, sendto,
    socket,
};
use twinbeat::config::{Config, Sight};
use twinbeat::id::WitnessId;

use crate::filter::Filter;
use crate::{journal, link, sys};

/// Pings every host of the configuration.
pub(crate) struct Pings {
    hosts: Vec<(WitnessId, IpAddr)>,
    /// Of IPv4, of IPv6.
    sockets: [Option<Socket>; 2],
    /// Identifier and payload of this run: random, so that answers to others are not taken for ours.
    secret: [u8; SECRET],
    /// Sequence number of the newest round.
    round: u16,
}

struct Socket {
    fd: OwnedFd,
    /// The kernel leaves the IPv4 header in place.
    raw: bool,
}

impl Pings {
    /// Opens what the hosts need. A family that cannot be had is said once; its hosts never answer.
    pub(crate) fn open(config: &Config) -> Self {
        let mut secret = [0; SECRET];
        // Without randomness answers can be guessed, but hosts are still told apart.
        sys::random(&mut secret);
        let mut pings = Self {
            hosts: Vec::new(),
            sockets: [None, None],
            secret,
            round: 0,
        };
        for (id, witness) in config.witness_ids().zip(&config.reach.witnesses) {
            if let Sight::Host(address) = witness.sight {
                pings.hosts.push((id, address));
                let place = &mut pings.sockets[usize::from(address.is_ipv6())];
                if place.is_none() {
                    *place = Socket::open(address, identifier(&secret))
                        .inspect_err(|error| {
                            journal::warn(format_args!("ping: {}", journal::errno(*error)))
                        })
                        .ok();
                }
            }
        }
        pings
    }

    /// What to wait for; -1 where there is nothing.
    pub(crate) fn descriptors(&self) -> [RawFd; 2] {
        let descriptor = |socket: &Option<Socket>| socket.as_ref().map_or(-1, |s| s.fd.as_raw_fd());
        let [four, six] = &self.sockets;
        [descriptor(four), descriptor(six)]
    }

    /// Asks every host once. What cannot be sent is not answered, and that is all.
    pub(crate) fn send(&mut self) {
        self.round = self.round.wrapping_add(1);
        for (_, address) in &self.hosts {
            let Some(socket) = &self.sockets[usize::from(address.is_ipv6())] else {
                continue;
            };
            let to = SockaddrStorage::from(SocketAddr::new(*address, 0));
            let request = self.request(*address);
            let fd = socket.fd.as_raw_fd();
            let _ = sendto(fd, &request, &to, MsgFlags::MSG_DONTWAIT);
        }
    }

    /// The next host that answered; `None` when nothing waits. What is no answer to one of the last
    /// rounds is dropped, so much of it at once.
    pub(crate) fn receive(&self) -> Option<WitnessId> {
        let mut buffer = [0; LONGEST];
        for socket in self.sockets.iter().flatten() {
            for _ in 0..DROPPED_AT_ONCE {
                let fd = socket.fd.as_raw_fd();
                let Ok((len, Some(from))) = recvfrom::<SockaddrStorage>(fd, &mut buffer) else {
                    break;
                };
                let packet = buffer.get(..len).unwrap_or_default();
                let id = link::host(&from).and_then(|from| self.answered(socket, from, packet));
                if id.is_some() {
                    return id;
                }
            }
        }
        None
    }

    /// Type 8 or 128, code 0, checksum, identifier, sequence number, payload.
    fn request(&self, to: IpAddr) -> [u8; PACKET] {
        let mut packet = [0; PACKET];
        packet[0] = if to.is_ipv4() { 8 } else { 128 };
        packet[4..6].copy_from_slice(&self.secret[..2]);
        packet[6..8].copy_from_slice(&self.round.to_be_bytes());
        packet[8..].copy_from_slice(&self.secret[2..]);
        // RFC 1071; the kernel writes that of ICMPv6 itself, which covers addresses.
        let halves = packet.as_chunks::<2>().0.iter();
        let sum: u32 = halves
            .map(|half| u32::from(u16::from_be_bytes(*half)))
            .sum();
        let sum = (sum & 0xffff) + (sum >> 16);
        let sum = !((sum & 0xffff) + (sum >> 16));
        packet[2..4].copy_from_slice(&sum.to_be_bytes()[2..]);
        packet
    }

    /// Whose answer to one of the last rounds it is.
    fn answered(&self, socket: &Socket, from: IpAddr, packet: &[u8]) -> Option<WitnessId> {
        let header = match packet.first() {
            Some(first) if socket.raw && from.is_ipv4() => usize::from(first & 0x0f) * 4,
            _ => 0,
        };
        let [kind, code, _, _, i0, i1, s0, s1, payload @ ..] = packet.get(header..)? else {
            return None;
        };
        let reply = if from.is_ipv4() { 0 } else { 129 };
        // A ping socket has an identifier of its own.
        let ours = !socket.raw || [*i0, *i1] == self.secret[..2];
        let age = self.round.wrapping_sub(u16::from_be_bytes([*s0, *s1]));
        let fresh = age < ROUNDS.min(self.round);
        if (*kind, *code) != (reply, 0) || !ours || !fresh || *payload != self.secret[2..] {
            return None;
        }
        let mut hosts = self.hosts.iter();
        hosts
            .find(|(_, address)| *address == from)
            .map(|(id, _)| *id)
    }
}

impl Socket {
    fn open(like: IpAddr, identifier: u16) -> Result<Self, Errno> {
        let (family, protocol) = match like {
            IpAddr::V4(_) => (AddressFamily::Inet, SockProtocol::Icmp),
            IpAddr::V6(_) => (AddressFamily::Inet6, SockProtocol::IcmpV6),
        };
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let open = |kind| socket(family, kind, flags, protocol);
        if let Ok(fd) = open(SockType::Datagram) {
            return Ok(Self { fd, raw: false });
        }
        let fd = open(SockType::Raw)?;
        Filter::echo_replies(like.is_ipv4(), identifier).attach(fd.as_fd())?;
        Ok(Self { fd, raw: true })
    }
}

fn identifier(secret: &[u8; SECRET]) -> u16 {
    u16::from_be_bytes([secret[0], secret[1]])
}

/// Two bytes of identifier, the payload.
const SECRET: usize = 10;
const PACKET: usize = 16;
/// An IPv4 header with options, and what was sent.
const LONGEST: usize = 60 + PACKET + 1;
/// An answer may be slower than the next request; a recorded one of long ago is none.
const ROUNDS: u16 = 16;
const DROPPED_AT_ONCE: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn pings() -> Pings {
        let mut config = crate::testing::config(0);
        for (target, address) in ["127.0.0.1", "::1"].into_iter().enumerate() {
            let witness = twinbeat::config::Witness {
                sight: Sight::Host(address.parse().unwrap()),
                target: u8::try_from(target).unwrap(),
                group: twinbeat::config::Text::default(),
            };
            config.reach.witnesses.push(witness).unwrap();
        }
        Pings {
            hosts: config
                .witness_ids()
                .zip(["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()])
                .collect(),
            sockets: [None, None],
            secret: *b"id-payload",
            round: 0,
        }
    }

    fn socket(raw: bool) -> Socket {
        let fd = std::io::pipe().unwrap().0.into();
        Socket { fd, raw }
    }

    #[test]
    fn an_ipv4_request_has_a_sum_that_makes_zero() {
        let mut pings = pings();
        for _ in 0..1000 {
            pings.round = pings.round.wrapping_add(7919);
            let packet = pings.request("127.0.0.1".parse().unwrap());
            let halves = packet.as_chunks::<2>().0.iter();
            let sum: u32 = halves
                .map(|half| u32::from(u16::from_be_bytes(*half)))
                .sum();
            assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
        }
    }

    #[test]
    fn only_an_answer_of_that_host_to_a_late_round_counts() {
        let mut pings = pings();
        let host: IpAddr = "127.0.0.1".parse().unwrap();
        pings.send();
        let mut reply = pings.request(host);
        reply[0] = 0;
        let other: IpAddr = "127.0.0.2".parse().unwrap();
        let says =
            |pings: &Pings, from, packet: &[u8]| pings.answered(&socket(false), from, packet);
        assert_eq!(says(&pings, host, &reply), Some(WitnessId::ZERO));
        assert_eq!(says(&pings, other, &reply), None);
        assert_eq!(says(&pings, host, &pings.request(host)), None);
        for place in [0, 1, 6, 7, 8, 15] {
            let mut wrong = reply;
            wrong[place] ^= 0x40;
            assert_eq!(says(&pings, host, &wrong), None, "{place}");
        }
        for len in 0..PACKET {
            assert_eq!(says(&pings, host, &reply[..len]), None, "{len}");
        }
        // Late, and too late.
        for _ in 1..ROUNDS {
            pings.send();
        }
        assert_eq!(says(&pings, host, &reply), Some(WitnessId::ZERO));
        pings.send();
        assert_eq!(says(&pings, host, &reply), None);
    }

    #[test]
    fn a_raw_socket_has_the_header_and_the_identifier() {
        let mut pings = pings();
        let host: IpAddr = "127.0.0.1".parse().unwrap();
        pings.send();
        let mut reply = pings.request(host);
        reply[0] = 0;
        let mut packet = vec![0x46; 24];
        packet.extend(reply);
        assert_eq!(
            pings.answered(&socket(true), host, &packet),
            Some(WitnessId::ZERO)
        );
        packet[28] ^= 1;
        assert_eq!(pings.answered(&socket(true), host, &packet), None);
    }
}

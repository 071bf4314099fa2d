//! The Ethernet frames of ARP (RFC 826, 5227) and neighbour discovery (RFC 4861), written, read,
//! and picked out by the kernel for us.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::filter::Filter;
use crate::interface::Mac;

/// One frame to send.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Frame {
    /// "I have it", to everybody: a request and a reply, as not everybody believes both; or one
    /// advertisement.
    pub(super) fn announcement(
        address: IpAddr,
        mac: Mac,
        router: bool,
        say: &mut dyn FnMut(&Self),
    ) {
        match address {
            IpAddr::V4(address) => {
                say(&Self::arp(ARP_REQUEST, mac, address, Mac([0; 6]), address));
                say(&Self::arp(ARP_REPLY, mac, address, EVERYBODY, address));
            }
            IpAddr::V6(address) => {
                let router = if router { ROUTER } else { 0 };
                let flags = [OVERRIDE | router, 0, 0, 0];
                let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
                let option = Some((TARGET_OPTION, mac));
                say(&Self::neighbour(
                    ADVERTISEMENT,
                    flags,
                    mac,
                    address,
                    group,
                    address,
                    option,
                ));
            }
        }
    }

    /// "Who has it?", from nobody, so that no cache learns of it.
    pub(super) fn question(address: IpAddr, mac: Mac) -> Self {
        match address {
            IpAddr::V4(address) => Self::arp(
                ARP_REQUEST,
                mac,
                Ipv4Addr::UNSPECIFIED,
                Mac([0; 6]),
                address,
            ),
            IpAddr::V6(address) => {
                let [.., x, y, z] = address.octets();
                let mut group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00, 0).octets();
                let [.., a, b, c] = &mut group;
                (*a, *b, *c) = (x, y, z);
                let nobody = Ipv6Addr::UNSPECIFIED;
                let group = Ipv6Addr::from(group);
                Self::neighbour(SOLICITATION, [0; 4], mac, nobody, group, address, None)
            }
        }
    }

    /// The whole frame.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Its Ethernet type.
    pub(super) fn protocol(&self) -> u16 {
        let [.., high, low] = *self.bytes.first_chunk::<14>().unwrap_or(&[0; 14]);
        u16::from_be_bytes([high, low])
    }

    fn new(to: Mac, from: Mac, protocol: u16) -> Self {
        let mut frame = Self {
            bytes: [0; LONGEST],
            len: 0,
        };
        frame.append(&to.0);
        frame.append(&from.0);
        frame.append(&protocol.to_be_bytes());
        frame
    }

    fn arp(operation: u8, from: Mac, sender: Ipv4Addr, to: Mac, target: Ipv4Addr) -> Self {
        let mut frame = Self::new(EVERYBODY, from, ETHERTYPE_ARP);
        frame.append(&ARP_ETHERNET_IPV4);
        frame.append(&[0, operation]);
        frame.append(&from.0);
        frame.append(&sender.octets());
        frame.append(&to.0);
        frame.append(&target.octets());
        frame
    }

    fn neighbour(
        kind: u8,
        flags: [u8; 4],
        from: Mac,
        source: Ipv6Addr,
        group: Ipv6Addr,
        target: Ipv6Addr,
        option: Option<(u8, Mac)>,
    ) -> Self {
        let [.., a, b, c, d] = group.octets();
        let mut frame = Self::new(Mac([0x33, 0x33, a, b, c, d]), from, ETHERTYPE_IPV6);
        let len = if option.is_some() { 32 } else { 24 };
        // Version 6, network control; a hop limit of 255 proves that no router was between.
        frame.append(&[0x6c, 0, 0, 0, 0, len, ICMPV6, 255]);
        frame.append(&source.octets());
        frame.append(&group.octets());
        frame.append(&[kind, 0, 0, 0]);
        frame.append(&flags);
        frame.append(&target.octets());
        if let Some((option, mac)) = option {
            frame.append(&[option, 1]);
            frame.append(&mac.0);
        }
        let sum = checksum(frame.bytes(), len);
        if let Some(place) = frame.bytes.get_mut(56..58) {
            place.copy_from_slice(&sum);
        }
        frame
    }

    fn append(&mut self, bytes: &[u8]) {
        let end = self.len.saturating_add(bytes.len());
        if let Some(place) = self.bytes.get_mut(self.len..end) {
            place.copy_from_slice(bytes);
            self.len = end;
        }
    }
}

/// Who says in a received frame that it has which address.
pub(super) fn sender(frame: &[u8]) -> Option<(IpAddr, Mac)> {
    let (ethernet, packet) = frame.split_first_chunk::<14>()?;
    let [_, _, _, _, _, _, from @ .., t0, t1] = ethernet;
    match u16::from_be_bytes([*t0, *t1]) {
        ETHERTYPE_ARP => {
            let (fixed, rest) = packet.split_first_chunk::<8>()?;
            let (mac, rest) = rest.split_first_chunk::<6>()?;
            let (address, _) = rest.split_first_chunk::<4>()?;
            fixed
                .starts_with(&ARP_ETHERNET_IPV4)
                .then_some((IpAddr::from(*address), Mac(*mac)))
        }
        ETHERTYPE_IPV6 => {
            let (ip, icmp) = packet.split_first_chunk::<40>()?;
            let [version, _, _, _, _, _, next, hops, ..] = *ip;
            let (fixed, rest) = icmp.split_first_chunk::<8>()?;
            let (target, _) = rest.split_first_chunk::<16>()?;
            let valid = version >> 4 == 6 && next == ICMPV6 && hops == 255;
            let [kind, ..] = *fixed;
            (valid && kind == ADVERTISEMENT).then_some((IpAddr::from(*target), Mac(*from)))
        }
        _ => None,
    }
}

/// Passes ARP whose sender has one of these addresses and is none of us.
pub(super) fn arp_filter(addresses: impl Iterator<Item = IpAddr>, own: &[Mac]) -> Filter {
    let mut filter = Filter::new();
    reject_own(&mut filter, 22, own);
    filter.load_word(28);
    for address in addresses {
        if let IpAddr::V4(address) = address {
            filter.accept_if(address.to_bits());
        }
    }
    filter
}

/// Passes neighbour advertisements of these addresses that none of us sent.
pub(super) fn neighbour_filter(addresses: impl Iterator<Item = IpAddr>, own: &[Mac]) -> Filter {
    let mut filter = Filter::new();
    filter
        .load_byte(14 + 6)
        .reject_unless(ICMPV6.into())
        .load_byte(14 + 40)
        .reject_unless(ADVERTISEMENT.into());
    reject_own(&mut filter, 6, own);
    filter.load_word(62 + 12);
    for address in addresses {
        if let IpAddr::V6(address) = address {
            // The end of an address is what differs; `sender` is compared in whole.
            let [.., a, b, c, d] = address.octets();
            filter.accept_if(u32::from_be_bytes([a, b, c, d]));
        }
    }
    filter
}

/// Drops what has one of these Ethernet addresses at this offset.
fn reject_own(filter: &mut Filter, at: u32, own: &[Mac]) {
    for Mac([a, b, c, d, e, f]) in own.iter().take(MAX_FILTERED) {
        filter
            .load_word(at)
            .skip_unless(u32::from_be_bytes([*a, *b, *c, *d]), 3)
            .load_half(at + 4)
            .reject_if(u16::from_be_bytes([*e, *f]).into());
    }
}

/// ICMPv6's, with the pseudo-header of RFC 8200 8.1, over a frame whose sum is still zero.
fn checksum(frame: &[u8], len: u8) -> [u8; 2] {
    let addresses_and_message = frame.get(22..).unwrap_or_default();
    let pairs = addresses_and_message.chunks(2).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        _ => 0,
    });
    let mut sum = pairs.sum::<u32>() + u32::from(len) + u32::from(ICMPV6);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let [_, _, high, low] = (!sum).to_be_bytes();
    [high, low]
}

pub(super) const ETHERTYPE_ARP: u16 = 0x0806;
pub(super) const ETHERTYPE_IPV6: u16 = 0x86dd;
/// A neighbour advertisement with its option.
pub(super) const LONGEST: usize = 14 + 40 + 24 + 8;

const EVERYBODY: Mac = Mac([0xff; 6]);
/// Hardware 1, protocol 0x0800, lengths 6 and 4.
const ARP_ETHERNET_IPV4: [u8; 6] = [0, 1, 8, 0, 6, 4];
const ARP_REQUEST: u8 = 1;
const ARP_REPLY: u8 = 2;
const ICMPV6: u8 = 58;
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
const TARGET_OPTION: u8 = 2;
const ROUTER: u8 = 0x80;
const OVERRIDE: u8 = 0x20;
/// Own Ethernet addresses that the kernel looks at; of more, we look ourselves.
const MAX_FILTERED: usize = 64;

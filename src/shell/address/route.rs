//! Routes around a virtual address: which interface leads to it, the on-link route of a subnet
//! that has no other address, and other people's routes that use it as their source. These last
//! disappear with the address (PITFALLS, kernel facts), so they are remembered and put back.

use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::libc;

use crate::filter::Filter;
use crate::interface::subnet;
use crate::netlink::{self, Answer, Attributes, Netlink, Request};

/// Routes whose source is one of ours, as far as they have been seen.
pub(super) struct Routes {
    monitor: Netlink,
    sources: Vec<IpAddr>,
    remembered: Vec<Route>,
}

/// A route as the kernel told it, with what it would not take back left out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Route {
    source: IpAddr,
    /// `struct rtmsg`.
    fixed: [u8; 12],
    /// All of them, as they came.
    attributes: Vec<u8>,
}

impl Routes {
    /// Hears of routes with these sources only: a router's other thousands never wake us.
    pub(super) fn open(sources: Vec<IpAddr>) -> Result<Self, Errno> {
        let monitor = Netlink::open(&[libc::RTNLGRP_IPV4_ROUTE, libc::RTNLGRP_IPV6_ROUTE])?;
        let routes = Self {
            monitor,
            sources,
            remembered: Vec::new(),
        };
        routes.listen()?;
        Ok(routes)
    }

    /// Hears of routes with these sources from now on; those remembered of others are forgotten.
    pub(super) fn follow(&mut self, sources: Vec<IpAddr>) -> Result<(), Errno> {
        self.update();
        self.remembered
            .retain(|route| sources.contains(&route.source));
        self.sources = sources;
        self.listen()
    }

    fn listen(&self) -> Result<(), Errno> {
        let sources = &self.sources;
        let mut filter = Filter::new();
        filter
            .find_attribute(16 + 12, libc::RTA_PREFSRC)
            .load_attribute_word(0);
        for source in sources {
            if let IpAddr::V4(source) = source {
                filter.accept_if(source.to_bits());
            }
        }
        filter
            .load_byte(16)
            .reject_unless(netlink::AF_INET6.into())
            .load_attribute_word(12);
        for source in sources {
            if let IpAddr::V6(source) = source {
                let [.., a, b, c, d] = source.octets();
                filter.accept_if(u32::from_be_bytes([a, b, c, d]));
            }
        }
        filter.attach(self.monitor.as_fd())
    }

    /// Asks for all there are now.
    pub(super) fn learn(&mut self, netlink: &mut Netlink) -> Result<(), Errno> {
        if self.sources.is_empty() {
            return Ok(());
        }
        let mut request = Request::new(libc::RTM_GETROUTE, libc::NLM_F_DUMP, &[0; 12]);
        netlink.exchange(&mut request, |answer| self.apply(answer))
    }

    /// Reads what the monitor heard.
    pub(super) fn update(&mut self) {
        let (sources, remembered) = (&self.sources, &mut self.remembered);
        // A loss is a route not remembered: the next change of it is.
        let _ = self
            .monitor
            .notifications(&mut |answer| apply(sources, remembered, answer));
    }

    /// Puts back those that use `source`, which has just come back on `interface`. A route that
    /// has a replacement meanwhile stays away; one over a gateway follows the address when its
    /// own interface is no more (`gone`).
    pub(super) fn put_back(
        &mut self,
        source: IpAddr,
        interface: u32,
        gone: impl Fn(u32) -> bool,
        netlink: &mut Netlink,
    ) {
        self.update();
        for route in self.remembered.iter().filter(|r| r.source == source) {
            let flags = match source {
                IpAddr::V4(_) => libc::NLM_F_CREATE | libc::NLM_F_EXCL,
                // The kernel has kept the route and only taken the source out of it.
                IpAddr::V6(_) => libc::NLM_F_CREATE | libc::NLM_F_REPLACE,
            };
            let flags = flags | libc::NLM_F_ACK;
            let mut request = Request::new(libc::RTM_NEWROUTE, flags, &route.fixed);
            let gateway = route.attribute(libc::RTA_GATEWAY).is_some();
            for (kind, value) in Attributes(&route.attributes) {
                if gateway && kind == libc::RTA_OIF && netlink::number(value).is_some_and(&gone) {
                    request.attribute(kind, &interface.to_ne_bytes());
                } else if RESTORED.contains(&kind) {
                    request.attribute(kind, value);
                }
            }
            let _ = netlink.order(&mut request);
        }
    }

    fn apply(&mut self, answer: Answer<'_>) {
        apply(&self.sources, &mut self.remembered, answer);
    }
}

impl AsFd for Routes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.monitor.as_fd()
    }
}

/// Which interface the kernel would reach `address` by, directly and not through a gateway.
pub(super) fn interface_toward(address: IpAddr, netlink: &mut Netlink) -> Option<u32> {
    let fixed = header(address, full(address), 0, 0);
    let mut request = Request::new(libc::RTM_GETROUTE, libc::NLM_F_ACK, &fixed);
    request.address(libc::RTA_DST, address);
    let mut found = None;
    let asked = netlink.exchange(&mut request, |answer| {
        if let Some(([.., kind, _, _, _, _], mut attributes)) = answer.parts::<12>()
            && kind == libc::RTN_UNICAST
            && !attributes.any(|(kind, _)| matches!(kind, libc::RTA_GATEWAY | RTA_VIA))
            && let Some((_, mut attributes)) = answer.parts::<12>()
        {
            found = attributes
                .find(|(kind, _)| *kind == libc::RTA_OIF)
                .and_then(|(_, value)| netlink::number(value));
        }
    });
    asked.ok().and(found)
}

/// Makes the subnet of a virtual address reachable by its interface, if nothing else does. An IPv4 route goes with its address by itself: it has it as its source.
pub(super) fn add_on_link(
    address: IpAddr,
    prefix: u8,
    interface: u32,
    netlink: &mut Netlink,
) -> Result<(), Errno> {
    // Beside a route of the same subnet, of another virtual address for one; the higher metric
    // lets the kernel's own route win when a base address comes.
    let flags = match address {
        IpAddr::V4(_) => libc::NLM_F_CREATE | libc::NLM_F_APPEND,
        IpAddr::V6(_) => libc::NLM_F_CREATE | libc::NLM_F_EXCL,
    };
    let mut request = on_link(libc::RTM_NEWROUTE, flags, address, prefix);
    request.attribute(libc::RTA_OIF, &interface.to_ne_bytes());
    request.attribute(libc::RTA_PRIORITY, &ON_LINK_METRIC.to_ne_bytes());
    if address.is_ipv4() {
        request.address(libc::RTA_PREFSRC, address);
    }
    match netlink.order(&mut request) {
        // With the address as its source it can only be ours.
        Err(Errno::EEXIST) if address.is_ipv4() => Ok(()),
        result => result,
    }
}

/// Takes an on-link route of ours away again, or one that an earlier run left behind.
pub(super) fn remove_on_link(address: IpAddr, prefix: u8, netlink: &mut Netlink) {
    let mut request = on_link(libc::RTM_DELROUTE, 0, address, prefix);
    let _ = netlink.order(&mut request);
}

/// The longest prefix of a family.
pub(super) fn full(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn on_link(kind: u16, flags: i32, address: IpAddr, prefix: u8) -> Request {
    let fixed = header(address, prefix, OURS, libc::RTN_UNICAST);
    let mut request = Request::new(kind, flags | libc::NLM_F_ACK, &fixed);
    request.address(libc::RTA_DST, subnet(address, prefix));
    request
}

/// `struct rtmsg`.
pub(crate) fn header(address: IpAddr, prefix: u8, protocol: u8, kind: u8) -> [u8; 12] {
    let mut fixed = [0; 12];
    fixed[0] = netlink::family(address);
    fixed[1] = prefix;
    fixed[4] = libc::RT_TABLE_MAIN;
    fixed[5] = protocol;
    fixed[6] = match address {
        IpAddr::V4(_) => libc::RT_SCOPE_LINK,
        IpAddr::V6(_) => libc::RT_SCOPE_UNIVERSE,
    };
    fixed[7] = kind;
    fixed
}

/// Leaves of the flags of a `struct rtmsg` only those that the kernel takes back.
pub(crate) fn keep_flags(fixed: &mut [u8; 12]) {
    let [.., f0, f1, f2, f3] = fixed;
    let flags = u32::from_ne_bytes([*f0, *f1, *f2, *f3]) & RTNH_F_ONLINK;
    [*f0, *f1, *f2, *f3] = flags.to_ne_bytes();
}

fn apply(sources: &[IpAddr], remembered: &mut Vec<Route>, answer: Answer<'_>) {
    let Some(route) = Route::parse(answer) else {
        return;
    };
    if !sources.contains(&route.source) {
        return;
    }
    let known = remembered.iter().position(|known| known.is_same(&route));
    match (answer.kind, known) {
        (libc::RTM_NEWROUTE, Some(place)) => {
            if let Some(known) = remembered.get_mut(place) {
                *known = route;
            }
        }
        (libc::RTM_NEWROUTE, None) if remembered.len() < MAX_REMEMBERED => remembered.push(route),
        // Taken out by the kernel itself (`port` 0) it went with its address; by a program, it
        // is no longer wanted.
        (libc::RTM_DELROUTE, Some(place)) if answer.port != 0 => {
            remembered.remove(place);
        }
        _ => {}
    }
}

impl Route {
    fn parse(answer: Answer<'_>) -> Option<Self> {
        let (mut fixed, Attributes(attributes)) = answer.parts::<12>()?;
        let [_, _, _, _, _, protocol, _, _, f0, f1, f2, f3] = fixed;
        let flags = u32::from_ne_bytes([f0, f1, f2, f3]);
        if matches!(protocol, libc::RTPROT_KERNEL | OURS) || flags & RTM_F_CLONED != 0 {
            return None; // Comes and goes with its address, or is ours to make.
        }
        keep_flags(&mut fixed);
        let (_, source) = Attributes(attributes).find(|(kind, _)| *kind == libc::RTA_PREFSRC)?;
        Some(Self {
            source: netlink::address(source)?,
            fixed,
            attributes: attributes.to_vec(),
        })
    }

    /// By what the kernel tells routes apart: family, destination, type of service, table, metric.
    fn is_same(&self, other: &Self) -> bool {
        let header = |route: &Self| {
            let [family, prefix, _, service, ..] = route.fixed;
            [family, prefix, service]
        };
        let told_apart_by = [libc::RTA_DST, libc::RTA_TABLE, libc::RTA_PRIORITY];
        let is_equal = |kind: &u16| self.attribute(*kind) == other.attribute(*kind);
        header(self) == header(other) && told_apart_by.iter().all(is_equal)
    }

    #[inline(never)]
    fn attribute(&self, kind: u16) -> Option<&[u8]> {
        let found = Attributes(&self.attributes).find(|(known, _)| *known == kind);
        found.map(|(_, value)| value)
    }
}

/// What of a route is said again; counters and ages are not.
pub(crate) const RESTORED: [u16; 14] = [
    libc::RTA_DST,
    libc::RTA_OIF,
    libc::RTA_GATEWAY,
    libc::RTA_PRIORITY,
    libc::RTA_PREFSRC,
    libc::RTA_METRICS,
    libc::RTA_MULTIPATH,
    libc::RTA_FLOW,
    libc::RTA_TABLE,
    RTA_VIA,
    20, // RTA_PREF
    21, // RTA_ENCAP_TYPE
    22, // RTA_ENCAP
    30, // RTA_NH_ID
];
const RTA_VIA: u16 = 18;
const RTNH_F_ONLINK: u32 = 4;
const RTM_F_CLONED: u32 = 0x200;
/// `rtm_protocol` of routes we make; unassigned in `linux/rtnetlink.h`.
pub(crate) const OURS: u8 = 84;
const ON_LINK_METRIC: u32 = 1024;
const MAX_REMEMBERED: usize = 64;

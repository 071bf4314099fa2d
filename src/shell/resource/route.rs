//! Routes that are there on the holder only, and a preferred source for the default routes.
//!
//! Both stand beside the routes that others made and win over them: IPv4 routes before those of the
//! same metric, IPv6 routes by a lower one. What was there is not touched, so nothing has to be
//! restored, and a node that dies while it holds an address loses with it only our route.

use std::net::IpAddr;

use nix::errno::Errno;
use nix::libc;
use twinbeat::config::Route;

use crate::address::route::{self, OURS, RESTORED};
use crate::netlink::{self, Netlink, Request};
use crate::sys;

/// How a route is made, as the machine is now.
pub(super) fn addition(wanted: &Route) -> Result<Request, Errno> {
    build(libc::RTM_NEWROUTE, libc::NLM_F_CREATE, wanted)
}

/// Adds it; it is no matter if it is there.
pub(super) fn add(request: &mut Request) -> Result<(), Errno> {
    match ask(request) {
        Err(Errno::EEXIST) => Ok(()),
        result => result,
    }
}

/// Takes it away, if it is there.
pub(super) fn remove(wanted: &Route) {
    let _ = build(libc::RTM_DELROUTE, 0, wanted).and_then(|mut request| ask(&mut request));
}

/// How the default routes there are now are made once more, with this source. `ENETUNREACH`: there
/// is none.
pub(super) fn defaults_from(source: IpAddr) -> Result<Vec<Request>, Errno> {
    let mut netlink = Netlink::open(&[])?;
    let mut found = Vec::new();
    for _ in 0..DUMP_ATTEMPTS {
        found.clear();
        let mut fixed = [0; 12];
        fixed[0] = netlink::family(source);
        let mut request = Request::new(libc::RTM_GETROUTE, libc::NLM_F_DUMP, &fixed);
        let asked = netlink.exchange(&mut request, |answer| {
            let Some((mut fixed, attributes)) = answer.parts::<12>() else {
                return;
            };
            let [_, prefix, _, _, table, protocol, _, kind, ..] = fixed;
            let own = |(kind, value): (u16, &[u8])| {
                kind == libc::RTA_PREFSRC && netlink::address(value) == Some(source)
            };
            if prefix != 0
                || table != libc::RT_TABLE_MAIN
                || kind != libc::RTN_UNICAST
                || protocol == libc::RTPROT_REDIRECT
                || attributes.clone().any(own)
                || found.len() >= MOST
            {
                return;
            }
            fixed[5] = OURS;
            route::keep_flags(&mut fixed);
            let flags = libc::NLM_F_CREATE | libc::NLM_F_ACK;
            let mut request = Request::new(libc::RTM_NEWROUTE, flags, &fixed);
            for (kind, value) in attributes {
                match kind {
                    libc::RTA_PREFSRC => {}
                    libc::RTA_PRIORITY if source.is_ipv6() => {
                        let metric = netlink::number(value).unwrap_or(1);
                        request.attribute(kind, &metric.saturating_sub(1).max(1).to_ne_bytes());
                    }
                    _ if RESTORED.contains(&kind) => request.attribute(kind, value),
                    _ => {}
                }
            }
            request.address(libc::RTA_PREFSRC, source);
            found.push(request);
        });
        match asked {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
            Ok(()) if found.is_empty() => return Err(Errno::ENETUNREACH),
            Ok(()) => break,
        }
    }
    Ok(found)
}

/// Takes the default routes of ours with this source away.
pub(super) fn remove_defaults_from(source: IpAddr) {
    let mut fixed = [0; 12];
    fixed[0] = netlink::family(source);
    fixed[4] = libc::RT_TABLE_MAIN;
    fixed[5] = OURS;
    fixed[6] = libc::RT_SCOPE_NOWHERE;
    let mut request = Request::new(libc::RTM_DELROUTE, libc::NLM_F_ACK, &fixed);
    request.address(libc::RTA_PREFSRC, source);
    // One at a time.
    for _ in 0..MOST {
        if ask(&mut request).is_err() {
            break;
        }
    }
}

/// Asks the kernel for one thing. It is rare, so no socket is kept for it.
#[inline(never)]
pub(super) fn ask(request: &mut Request) -> Result<(), Errno> {
    Netlink::open(&[])?.order(request)
}

fn build(kind: u16, flags: i32, wanted: &Route) -> Result<Request, Errno> {
    let Route {
        destination,
        prefix,
        via,
        interface,
        source,
    } = wanted;
    let mut fixed = route::header(*destination, *prefix, OURS, libc::RTN_UNICAST);
    if via.is_some() {
        fixed[6] = libc::RT_SCOPE_UNIVERSE;
    }
    let mut request = Request::new(kind, flags | libc::NLM_F_ACK, &fixed);
    if *prefix > 0 {
        request.address(libc::RTA_DST, *destination);
    }
    if let Some(via) = via {
        request.address(libc::RTA_GATEWAY, *via);
    }
    if let Some(name) = interface {
        let index = sys::interface_index(name.as_str())?;
        request.attribute(libc::RTA_OIF, &index.to_ne_bytes());
    }
    if let Some(source) = source {
        request.address(libc::RTA_PREFSRC, *source);
    }
    if destination.is_ipv6() {
        request.attribute(libc::RTA_PRIORITY, &IPV6_METRIC.to_ne_bytes());
    }
    Ok(request)
}

/// Default routes that get a preferred source.
const MOST: usize = 4;
/// Before everybody's.
const IPV6_METRIC: u32 = 1;
const DUMP_ATTEMPTS: usize = 3;

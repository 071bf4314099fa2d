//! The messages that begin and end a lease (`struct ifaddrmsg`, `IFA_...`, `linux/if_addr.h`).

use std::net::IpAddr;

use nix::errno::Errno;
use nix::libc;
use twinbeat::config;
use twinbeat::time::{Duration, Instant};

use super::AddressError;
use super::route::full;
use crate::netlink::{self, Netlink, Request};

/// Installs or refreshes: for the kernel both are one message.
pub(super) fn begin(
    wanted: &config::Address,
    interface: u32,
    lease: Duration,
    now: Instant,
    clock: &mut dyn FnMut() -> Instant,
    netlink: &mut Netlink,
) -> Result<(), AddressError> {
    let address = wanted.address;
    let flags = libc::NLM_F_CREATE | libc::NLM_F_REPLACE | libc::NLM_F_ACK;
    let mut request = request(libc::RTM_NEWADDR, flags, address, full(address), interface);
    let seconds = u32::try_from(lease.millis() / 1000).unwrap_or(u32::MAX);
    // struct ifa_cacheinfo: preferred, valid, and two that only the kernel sets. Zero would be
    // refused.
    let seconds = seconds.max(1).to_ne_bytes();
    request.attribute(
        libc::IFA_CACHEINFO,
        [seconds, seconds, [0; 4], [0; 4]].as_flattened(),
    );
    if address.is_ipv6() {
        let flags = libc::IFA_F_NODAD | libc::IFA_F_NOPREFIXROUTE;
        request.attribute(libc::IFA_FLAGS, &flags.to_ne_bytes());
    }
    if let (IpAddr::V4(_), Some(label)) = (address, &wanted.label) {
        let mut text = [0; 16];
        for (place, byte) in text.iter_mut().zip(label.bytes()) {
            *place = byte;
        }
        request.attribute(libc::IFA_LABEL, &text);
    }
    if let (IpAddr::V4(_), Some(broadcast)) = (address, wanted.broadcast) {
        request.attribute(libc::IFA_BROADCAST, &broadcast.octets());
    }
    netlink.order(&mut request)?;
    if clock().since(now) > LATEST {
        let mut request = deletion(address, full(address), interface);
        let _ = netlink.order(&mut request);
        return Err(AddressError::Late);
    }
    Ok(())
}

/// Takes an address away, however long its prefix.
pub(super) fn deletion(address: IpAddr, prefix: u8, interface: u32) -> Request {
    request(
        libc::RTM_DELADDR,
        libc::NLM_F_ACK,
        address,
        prefix,
        interface,
    )
}

/// `struct ifaddrmsg` and the address.
fn request(kind: u16, flags: i32, address: IpAddr, prefix: u8, interface: u32) -> Request {
    let [i0, i1, i2, i3] = interface.to_ne_bytes();
    let family = netlink::family(address);
    let mut request = Request::new(kind, flags, &[family, prefix, 0, 0, i0, i1, i2, i3]);
    request.address(libc::IFA_LOCAL, address);
    request.address(libc::IFA_ADDRESS, address);
    request
}

/// What the kernel says of an address, or an interface, that is not there.
pub(super) fn is_absence(error: Errno) -> bool {
    matches!(error, Errno::EADDRNOTAVAIL | Errno::ENODEV | Errno::ESRCH)
}

/// How long after the first reading of the clock a lease may still begin.
const LATEST: Duration = Duration::from_millis(200);

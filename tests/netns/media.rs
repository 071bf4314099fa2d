//! Every medium carries the heartbeat, and IPv6 addresses move, too.

use std::thread::sleep;
use std::time::Duration;

use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    ("multicast_carries_the_heartbeat", multicast),
    ("unicast_carries_the_heartbeat", unicast),
    ("ipv6_multicast_carries_the_heartbeat", multicast6),
    ("ipv6_unicast_carries_the_heartbeat", unicast6),
    ("an_ipv6_address_moves", address6),
];

const SECOND: Duration = Duration::from_secs(1);

/// Both hear each other by this medium alone, and one replaces the other.
fn carries(directives: &'static str) {
    let mut pair = Pair::new(&Settings {
        directives,
        ..Settings::default()
    });
    if directives.contains('6') && !pair.has_ipv6() {
        println!("netns: {directives} SKIPPED: no IPv6 here");
        return;
    }
    pair.start_both();
    sleep(SECOND);
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    pair.kill(A);
    pair.wait_for("B to take over", SECOND, |p| p.holds(B));
}

fn multicast() {
    carries("auto_failback on\nmcast eth0 239.0.0.43 694 1 0\n");
}

fn unicast() {
    carries("auto_failback on\nucast eth0 10.77.0.1\nucast eth0 10.77.0.2\n");
}

fn multicast6() {
    carries("auto_failback on\nmcast6 eth0 ff02::4321 694 1 0\n");
}

fn unicast6() {
    carries("auto_failback on\nucast6 eth0 fd77::1\nucast6 eth0 fd77::2\n");
}

fn address6() {
    const ADDRESS: &str = "fd77::100";
    let resources = "IPaddr2::10.77.0.100/24/eth0 IPv6addr::fd77:0:0:0:0:0:0:100/64/eth0";
    let mut pair = Pair::new(&Settings {
        resources,
        ..Settings::default()
    });
    if !pair.has_ipv6() {
        println!("netns: an_ipv6_address_moves SKIPPED: no IPv6 here");
        return;
    }
    pair.start_both();
    pair.wait_for("A to have it", SECOND, |p| p.has_address(A, ADDRESS));
    assert!(!pair.has_address(B, ADDRESS));
    pair.kill(A);
    pair.wait_for("B to have it", SECOND, |p| p.has_address(B, ADDRESS));
    pair.wait_for("A's to end", 2 * SECOND, |p| !p.has_address(A, ADDRESS));
}

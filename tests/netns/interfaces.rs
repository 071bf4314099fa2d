//! Interfaces come and go, and other programs meddle with addresses.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Test;
use crate::lab::pair::{A, B, Pair, Settings};

pub(crate) const TESTS: &[Test] = &[
    ("an_interface_that_appears_later_is_used", appears_later),
    (
        "an_interface_deleted_and_made_again_is_used_again",
        made_again,
    ),
    ("a_removed_address_is_put_back", put_back),
    ("a_leftover_address_is_removed_at_start", leftover),
];

const SECOND: Duration = Duration::from_secs(1);

fn appears_later() {
    let mut pair = Pair::new(&Settings {
        directives: "auto_failback on\nbcast eth0\nbcast eth1\n",
        ..Settings::default()
    });
    pair.start_both();
    pair.bridge
        .ip("link add br1 type bridge stp_state 0 forward_delay 0 mcast_snooping 0");
    pair.bridge.ip("link set br1 up");
    for node in [A, B] {
        pair.lay_cable(&pair.nodes[node].namespace, node, "eth1", "br1");
    }
    sleep(SECOND);
    let at = Instant::now();
    pair.plug(B, false);
    sleep(SECOND);
    assert!(
        pair.holds(A) && !pair.holds(B),
        "eth1 still carries the heartbeat\n{}",
        pair.story()
    );
    pair.plug(B, true);
    sleep(SECOND);
    assert_eq!(pair.nodes[B].watch.arrivals(at), 0, "{}", pair.story());
}

fn made_again() {
    let mut pair = Pair::new(&Settings::default());
    pair.start_both();
    pair.nodes[B].namespace.ip("link del eth0");
    sleep(SECOND);
    assert!(pair.holds(A) && pair.runs(B), "{}", pair.story());
    pair.lay_cable(&pair.nodes[B].namespace, B, "eth0", "br0");
    sleep(2 * SECOND);
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    pair.kill(A);
    pair.wait_for("B to take over on the new eth0", SECOND, |p| p.holds(B));
}

fn put_back() {
    let mut pair = Pair::new(&Settings::default());
    pair.start_both();
    let at = Instant::now();
    pair.nodes[A]
        .namespace
        .ip("addr flush dev eth0 to 10.77.0.100");
    pair.wait_for("the address to be put back", SECOND / 10, |p| {
        p.nodes[A].watch.arrivals(at) == 1 || p.holds(A)
    });
    sleep(SECOND);
    assert!(
        pair.holds(A) && !pair.holds(B),
        "nothing else moves\n{}",
        pair.story()
    );
}

fn leftover() {
    let mut pair = Pair::new(&Settings::default());
    pair.nodes[B]
        .namespace
        .ip("addr add 10.77.0.100/32 dev eth0");
    pair.start_both();
    assert!(!pair.holds(B), "{}", pair.story());
}

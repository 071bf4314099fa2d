//! Interfaces come and go, and other programs meddle with addresses.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    ("an_interface_that_appears_later_is_used", appears_later),
    (
        "an_interface_deleted_and_made_again_is_used_again",
        made_again,
    ),
    (
        "a_standby_whose_interface_was_away_can_take_over",
        standby_was_away,
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
    pair.lay_second_network();
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

/// The group lives on another interface, so that only the heartbeat's comes and goes.
fn made_again() {
    let mut pair = Pair::new(&Settings {
        resources: "IPaddr2::10.77.0.100/24/eth1",
        ..Settings::default()
    });
    pair.lay_second_network();
    pair.start_both();
    pair.nodes[B].namespace.ip("link del eth0");
    sleep(SECOND);
    assert!(pair.holds(A) && pair.runs(B), "{}", pair.story());
    pair.lay_cable(&pair.nodes[B].namespace, B, "eth0", "br0");
    pair.wait_for("A alone after the heal", 2 * SECOND, |p| {
        p.holds(A) && !p.holds(B)
    });
    sleep(SECOND);
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    pair.kill(A);
    pair.wait_for("B to take over", SECOND, |p| p.holds(B));
}

fn standby_was_away() {
    let mut pair = Pair::new(&Settings::default());
    pair.start_both();
    pair.nodes[B].namespace.ip("link del eth0");
    sleep(SECOND);
    pair.lay_cable(&pair.nodes[B].namespace, B, "eth0", "br0");
    sleep(2 * SECOND);
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    pair.kill(A);
    // It failed to start alone while its interface was away; such a start is tried again after 10 s.
    pair.wait_for("B to take over", 12 * SECOND, |p| p.holds(B));
}

fn put_back() {
    let mut pair = Pair::new(&Settings::default());
    pair.start_both();
    let at = Instant::now();
    pair.nodes[A]
        .namespace
        .ip("addr del 10.77.0.100/32 dev eth0");
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

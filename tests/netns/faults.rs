//! Nodes die, freeze, leave and lose each other: who holds the address, and since when.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::lab::client::Client;
use crate::lab::pair::{A, B, Pair, SERVICE, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "a_killed_agent_is_replaced_and_its_address_goes_by_itself",
        killed,
    ),
    (
        "a_return_brings_the_group_home_without_both_holding_it",
        returned,
    ),
    ("a_graceful_stop_hands_over_at_once", stopped),
    ("a_resumed_frozen_node_gives_up", frozen),
    (
        "after_a_partition_one_holds_it_and_the_client_follows",
        partitioned,
    ),
    ("two_nodes_started_together_serve_within_moments", together),
    ("a_lone_node_serves_after_initdead", alone),
    ("scripts_move_with_the_address", scripts),
];

/// Slack for a loaded machine.
const SLACK: Duration = Duration::from_millis(150);
/// Two observers, each looking every other millisecond, cannot tell shorter ones from none.
const OVERLAP: Duration = Duration::from_millis(25);
const DEADTIME: Duration = Duration::from_millis(300);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn running() -> Pair {
    let mut pair = Pair::new(&Settings::default());
    pair.start_both();
    pair
}

fn killed() {
    let mut pair = running();
    let at = Instant::now();
    pair.kill(A);
    pair.wait_for("B to take over", DEADTIME + SLACK, |p| p.holds(B));
    assert!(at.elapsed() > ms(190), "B did not wait: {:?}", at.elapsed());
    pair.wait_for("A's address to end", ms(1600), |p| !p.holds(A));
    sleep(ms(1500));
    assert_eq!(
        (pair.holds(A), pair.holds(B)),
        (false, true),
        "{}",
        pair.story()
    );
    assert_eq!(
        pair.nodes[B].watch.arrivals(at),
        1,
        "B's lease lapsed\n{}",
        pair.story()
    );
}

fn returned() {
    let mut pair = running();
    pair.kill(A);
    pair.wait_for("B alone", ms(2000), |p| p.holds(B) && !p.holds(A));
    let at = Instant::now();
    pair.start(A);
    pair.wait_for("A alone", ms(1000), |p| p.holds(A) && !p.holds(B));
    sleep(ms(500));
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    assert!(
        pair.both_held(at) < OVERLAP,
        "both held it for {:?}\n{}",
        pair.both_held(at),
        pair.story()
    );
}

fn stopped() {
    let mut pair = running();
    let at = Instant::now();
    let status = pair.terminate(A);
    assert!(status.success(), "{status}\n{}", pair.story());
    assert!(!pair.holds(A) || pair.nodes[A].watch.gone_at(at).is_some());
    pair.wait_for("B to take over", SLACK, |p| p.holds(B));
    sleep(ms(100));
    assert!(
        !pair.holds(A),
        "a stopped agent leaves nothing behind\n{}",
        pair.story()
    );
    assert!(
        pair.both_held(at) < OVERLAP,
        "both held it for {:?}\n{}",
        pair.both_held(at),
        pair.story()
    );
}

fn frozen() {
    let mut pair = Pair::new(&Settings {
        directives: "auto_failback off\nbcast eth0\n",
        ..Settings::default()
    });
    pair.start_both();
    let frozen_at = Instant::now();
    pair.signal(A, Signal::SIGSTOP);
    pair.wait_for("B to take over", DEADTIME + SLACK, |p| p.holds(B));
    pair.wait_for("the frozen node's address to end", ms(1600), |p| {
        !p.holds(A)
    });
    let at = Instant::now();
    pair.signal(A, Signal::SIGCONT);
    sleep(ms(1500));
    assert_eq!(
        (pair.holds(A), pair.holds(B)),
        (false, true),
        "{}",
        pair.story()
    );
    assert!(
        pair.both_held(at) < OVERLAP,
        "both held it for {:?}\n{}",
        pair.both_held(at),
        pair.story()
    );
    assert_eq!(
        pair.nodes[B].watch.arrivals(frozen_at),
        1,
        "{}",
        pair.story()
    );
}

fn partitioned() {
    let pair = running();
    let nodes = [&pair.nodes[A].namespace, &pair.nodes[B].namespace];
    let client = Client::new(&pair.outside, &nodes, SERVICE);
    pair.wait_for("an answer", ms(3000), |_| client.last().is_some());
    pair.plug(A, false);
    pair.wait_for("B to take over", DEADTIME + SLACK, |p| p.holds(B));
    sleep(ms(1000));
    assert_eq!(client.last().map(|(_, node)| usize::from(node)), Some(B));
    let at = Instant::now();
    pair.plug(A, true);
    pair.wait_for("A alone", ms(2000), |p| p.holds(A) && !p.holds(B));
    sleep(ms(700));
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    let (answered_at, node) = client.last().expect("answered before");
    assert!(
        answered_at.elapsed() < SLACK && usize::from(node) == A,
        "the client lost the service\n{}",
        pair.story()
    );
    assert!(
        client.longest_silence(at) < SLACK,
        "silent for {:?}",
        client.longest_silence(at)
    );
}

fn together() {
    let mut pair = Pair::new(&Settings::default());
    pair.start(A);
    pair.start(B);
    pair.wait_for("an owner", ms(200) + SLACK, |p| p.holds(A) || p.holds(B));
    sleep(ms(500));
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
}

fn alone() {
    let mut pair = Pair::new(&Settings::default());
    let at = Instant::now();
    pair.start(B);
    pair.wait_for("B to serve", ms(1000 + 200) + ms(500), |p| p.holds(B));
    assert!(
        at.elapsed() >= ms(1000),
        "initdead is 1 s: {:?}\n{}",
        at.elapsed(),
        pair.story()
    );
}

fn scripts() {
    let settings = Settings {
        resources: "IPaddr2::10.77.0.100/24/eth0 service::one",
        ..Settings::default()
    };
    let mut pair = Pair::new(&settings);
    pair.start_both();
    let runs = |p: &Pair, node: usize| p.nodes[node].folder.join("running").exists();
    pair.wait_for("the service on A", ms(1000), |p| runs(p, A) && !runs(p, B));
    let calls = fs::read_to_string(pair.nodes[A].folder.join("calls")).expect("called");
    assert!(
        calls.lines().any(|call| call == "one start"),
        "arguments first: {calls}"
    );
    pair.terminate(A);
    assert!(
        !runs(&pair, A),
        "stopped before the agent ends\n{}",
        pair.story()
    );
    pair.wait_for("the service on B", ms(1000), |p| runs(p, B) && p.holds(B));
}

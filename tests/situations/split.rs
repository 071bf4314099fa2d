//! Split brain: the heartbeat's interfaces go down on both nodes, the clients' network stays.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::lab::client::Client;
use crate::lab::pair::{A, B, Pair, SERVICE, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "in_a_split_both_serve_and_who_took_over_keeps_it_when_it_heals",
        taker_keeps,
    ),
    (
        "in_a_split_both_serve_and_the_home_keeps_it_where_failback_is_on",
        home_keeps,
    ),
    (
        "in_a_split_what_may_run_once_is_not_started_elsewhere",
        at_most_one,
    ),
];

const SECOND: Duration = Duration::from_secs(1);
/// deadtime is 300 ms; beyond it, a loaded machine.
const VERDICT: Duration = Duration::from_millis(300 + 1500);
/// A beat is 100 ms; the interfaces must come up before it.
const HEAL: Duration = Duration::from_secs(3);

/// Beats on eth1, clients on eth0; each service notes what is done with it.
fn stage(directives: &'static str, resources: &'static str) -> Pair {
    let mut pair = Pair::new(&Settings {
        directives,
        resources,
        ..Settings::default()
    });
    pair.lay_second_network();
    pair.start(A);
    pair.start(B);
    pair.wait_for("the service on A", 5 * SECOND, |p| {
        starts(p, A) == 1 && p.holds(A)
    });
    sleep(SECOND);
    assert_eq!((starts(&pair, B), pair.holds(B)), (0, false));
    pair
}

fn link(pair: &Pair, state: &str) {
    for node in &pair.nodes {
        node.namespace.ip(&format!("link set eth1 {state}"));
    }
}

fn runs(pair: &Pair, node: usize) -> bool {
    pair.nodes[node].folder.join("running").exists()
}

fn starts(pair: &Pair, node: usize) -> usize {
    let calls = pair.read(node, "calls");
    calls
        .lines()
        .filter(|call| call.ends_with(" start"))
        .count()
}

/// Both serve; then `keeps` does, which never stopped.
fn both_serve(directives: &'static str, keeps: usize) {
    let mut pair = stage(directives, "10.77.0.100/24 service::web");
    let nodes = [&pair.nodes[A].namespace, &pair.nodes[B].namespace];
    let client = Client::new(&pair.outside, &nodes, SERVICE);
    pair.wait_for("an answer", 3 * SECOND, |_| client.last().is_some());
    let at = Instant::now();
    link(&pair, "down");
    pair.wait_for("both to serve", VERDICT, |p| {
        p.holds(A) && p.holds(B) && runs(p, A) && runs(p, B)
    });
    sleep(SECOND);
    assert!(pair.holds(A) && pair.holds(B), "{}", pair.story());
    let during = client.longest_silence(at);
    assert!(during < SECOND, "{during:?}\n{}", pair.story());

    let at = Instant::now();
    link(&pair, "up");
    pair.wait_for("one of them", HEAL, |p| p.holds(A) != p.holds(B));
    let healed = at.elapsed();
    sleep(SECOND);
    let other = 1 - keeps;
    assert!(pair.holds(keeps) && !pair.holds(other), "{}", pair.story());
    assert!(
        runs(&pair, keeps) && !runs(&pair, other),
        "{}",
        pair.story()
    );
    // Nothing restarts: each was started once in its life, and the winner's address never left.
    assert_eq!([starts(&pair, A), starts(&pair, B)], [1, 1]);
    assert!(!pair.read(keeps, "calls").contains(" stop"));
    let arrivals = [A, B].map(|node| pair.nodes[node].watch.arrivals(at));
    assert_eq!(arrivals, [0, 0], "{}", pair.story());
    let (answered_at, node) = client.last().expect("answered before");
    assert_eq!(usize::from(node), keeps, "the client asks the wrong one");
    assert!(answered_at.elapsed() < SECOND / 2, "{}", pair.story());
    let after = client.longest_silence(at);
    assert!(after < SECOND, "{after:?}\n{}", pair.story());
    let ms = [during, healed, after].map(|span| span.as_millis());
    println!(
        "situations: split brain: no answer for {} ms; healed: one holder after {} ms, no answer for {} ms",
        ms[0], ms[1], ms[2]
    );
    for node in [A, B] {
        assert!(pair.terminate(node).success(), "{}", pair.story());
    }
}

fn taker_keeps() {
    both_serve("auto_failback off\nbcast eth1\n", B);
}

fn home_keeps() {
    both_serve("auto_failback on\nbcast eth1\n", A);
}

fn at_most_one() {
    let pair = stage(
        "auto_failback off\nbcast eth1\ngroup service::disk policy at-most-one\n",
        "service::disk 10.77.0.100/24",
    );
    let at = Instant::now();
    link(&pair, "down");
    sleep(VERDICT);
    assert!(
        pair.log(B).contains("node nodea is dead"),
        "{}",
        pair.story()
    );
    assert!(pair.holds(A) && runs(&pair, A), "{}", pair.story());
    assert!(!pair.holds(B) && !runs(&pair, B), "{}", pair.story());
    link(&pair, "up");
    pair.wait_for("both to hear each other", HEAL, |p| {
        [A, B]
            .iter()
            .all(|node| p.log(*node).matches("is alive").count() == 2)
    });
    sleep(SECOND);
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    assert_eq!([starts(&pair, A), starts(&pair, B)], [1, 0]);
    assert!(!pair.read(A, "calls").contains(" stop"));
    assert_eq!(pair.nodes[B].watch.arrivals(at), 0, "{}", pair.story());
    let reason = "a silent node may still run it";
    assert!(pair.log(B).contains(reason), "{}", pair.story());
}

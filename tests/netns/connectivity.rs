//! What a node reaches decides where a group is: real ICMP, a firewall, a cable.

use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "a_gateway_that_the_active_cannot_ping_moves_the_group_and_the_log_says_why",
        gateway_blocked,
    ),
    ("a_gateway_that_nobody_can_ping_moves_nothing", gateway_dead),
    (
        "a_tracked_interface_without_carrier_moves_the_group",
        tracked,
    ),
    (
        "what_may_run_once_stays_where_it_is_in_a_partition",
        at_most_one,
    ),
];

/// The machine that is pinged: the client's.
const GATEWAY: &str = "10.77.0.9";
/// deadping 300 ms, and the difference must last for two beats of 100 ms.
const FOUND: Duration = Duration::from_millis(500);
const SLACK: Duration = Duration::from_millis(400);
const SECOND: Duration = Duration::from_secs(1);

fn gateway_blocked() {
    let mut pair = Pair::new(&Settings {
        directives: "auto_failback on\nbcast eth0\nping 10.77.0.9\n",
        ..Settings::default()
    });
    // One of them has the kernel's own ping sockets, the other has not.
    pair.nodes[B].namespace.within(|| {
        fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0").expect("our own namespace");
    });
    pair.start_both();
    let at = Instant::now();
    block_ping(&pair, A);
    pair.wait_for("B to take over", FOUND + SLACK, |p| {
        p.holds(B) && !p.holds(A)
    });
    assert!(
        at.elapsed() > Duration::from_millis(250),
        "{:?}",
        at.elapsed()
    );
    sleep(SECOND);
    assert!(pair.holds(B) && !pair.holds(A), "{}", pair.story());
    assert_eq!(pair.nodes[B].watch.arrivals(at), 1, "{}", pair.story());
    let logs = pair.nodes.each_ref().map(|node| {
        fs::read_to_string(node.folder.join("agent.log")).expect("written by the agent")
    });
    for (log, line) in [
        (&logs[A], "10.77.0.9 is not reached: 0 of 1 targets reached"),
        (&logs[A], "stopping: another node reaches more ping targets"),
        (&logs[B], "node nodea reaches 0 of 1 targets"),
        (&logs[B], "held: handed over by its holder"),
    ] {
        assert!(log.contains(line), "no {line:?} in\n{}", pair.story());
    }
    let status = String::from_utf8(pair.command(A, &["status", "--json"]).stdout).unwrap();
    for part in [
        "\"score\":0",
        "\"score\":1",
        "\"target\":\"10.77.0.9\",\"reached\":false,\"age_ms\":",
    ] {
        assert!(status.contains(part), "no {part} in {status}");
    }
    let status = String::from_utf8(pair.command(B, &["status"]).stdout).unwrap();
    for part in [
        "target 10.77.0.9         reached, heard ",
        "reaches 0 of 1 targets",
    ] {
        assert!(status.contains(part), "no {part} in {status}");
    }
    let at = Instant::now();
    let _ = nft(&pair, A, "flush ruleset");
    let _ = pair.nodes[A]
        .namespace
        .try_ip("route del blackhole 10.77.0.9");
    pair.wait_for("A to have it back", FOUND + SLACK, |p| {
        p.holds(A) && !p.holds(B)
    });
    assert!(
        at.elapsed() > Duration::from_millis(150),
        "{:?}",
        at.elapsed()
    );
}

fn gateway_dead() {
    let six =
        "auto_failback on\nbcast eth0\nping_group routers 10.77.0.9 10.77.0.8\nping6 fd77::9\n";
    let four = six.split("ping6").next().unwrap();
    let first = Pair::new(&Settings::default());
    let directives = if first.has_ipv6() { six } else { four };
    drop(first);
    let mut pair = Pair::new(&Settings {
        directives,
        ..Settings::default()
    });
    pair.start_both();
    let status = String::from_utf8(pair.command(A, &["status"]).stdout).unwrap();
    let all = if directives == six { 2 } else { 1 };
    let reached = format!("reaches {all} of {all} targets");
    assert!(status.contains(&reached), "{status}\n{}", pair.story());
    let at = Instant::now();
    pair.outside.ip("link set eth0 down");
    sleep(2 * SECOND);
    let status = String::from_utf8(pair.command(A, &["status"]).stdout).unwrap();
    assert!(
        status.contains(&format!("reaches 0 of {all} targets")),
        "{status}\n{}",
        pair.story()
    );
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    pair.outside.ip("link set eth0 up");
    sleep(2 * SECOND);
    assert!(pair.holds(A), "{}", pair.story());
    assert_eq!(pair.nodes[B].watch.arrivals(at), 0, "{}", pair.story());
}

fn tracked() {
    let mut pair = Pair::new(&Settings {
        directives: "auto_failback off\nbcast eth0\ntrack eth1\n",
        ..Settings::default()
    });
    pair.lay_second_network();
    pair.start_both();
    pair.bridge.ip("link set port0-eth1 down");
    pair.wait_for("B to take over", Duration::from_millis(200) + SLACK, |p| {
        p.holds(B) && !p.holds(A)
    });
}

fn at_most_one() {
    let mut pair = Pair::new(&Settings {
        directives: "auto_failback off\nbcast eth0\ngroup service::one policy at-most-one\n",
        resources: "service::one",
        ..Settings::default()
    });
    let runs = |p: &Pair, node: usize| p.nodes[node].folder.join("running").exists();
    pair.start(A);
    pair.start(B);
    pair.wait_for("the service", 3 * SECOND, |p| runs(p, A) && !runs(p, B));
    pair.plug(A, false);
    sleep(2 * SECOND);
    assert!(runs(&pair, A) && !runs(&pair, B), "{}", pair.story());
    pair.plug(A, true);
    sleep(SECOND);
    assert!(runs(&pair, A) && !runs(&pair, B), "{}", pair.story());
    // A goodbye is as good as a word.
    pair.terminate(A);
    pair.wait_for("B to take over", SECOND, |p| runs(p, B) && !runs(p, A));
    let status = String::from_utf8(pair.command(B, &["status"]).stdout).unwrap();
    assert!(
        status.contains("group service::one       on nodeb for "),
        "{status}"
    );
}

/// The firewall of a node drops its pings; where there is none, its way to the gateway is gone.
fn block_ping(pair: &Pair, node: usize) {
    let rules = "add table inet t; add chain inet t o { type filter hook output priority 0; }; \
                 add rule inet t o icmp type echo-request drop";
    if let Err(why) = nft(pair, node, rules) {
        println!("no firewall here, a route instead: {why}");
        let route = format!("route add blackhole {GATEWAY}");
        pair.nodes[node].namespace.ip(&route);
    }
}

fn nft(pair: &Pair, node: usize, rules: &str) -> Result<(), String> {
    let mut command = Command::new("nft");
    command.arg(rules);
    let out = pair.nodes[node].namespace.within(|| command.output());
    match out {
        Ok(out) if out.status.success() => Ok(()),
        Ok(out) => Err(String::from_utf8_lossy(&out.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    }
}

//! A group goes from side to side many times: nothing is left behind, nobody is without address for
//! longer than a handover takes. `MOVES` says how many.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::lab::client::Client;
use crate::lab::own_proc;
use crate::lab::pair::{A, B, Pair, SERVICE, Settings};
use crate::lab::process::{Process, bury_orphans};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "many_moves_in_a_row_leave_nothing_behind_and_no_client_waits_longer_than_for_one",
        moves,
    ),
    (
        "a_service_moves_as_soon_as_its_scripts_have_ended_not_at_the_next_beat",
        at_once,
    ),
];

const SECOND: Duration = Duration::from_secs(1);
/// A move with a script takes about 10 ms.
const MOVES: usize = 1000;
/// Of which so many come before the first measurement: buffers have grown by then.
const WARM: usize = 20;
/// Without the address for longer is more than one handover, even on a loaded machine.
const HANDOVER: Duration = Duration::from_secs(2);
/// Resident memory may differ by so much: pages of the stack, of the program itself.
const SLACK_KB: u64 = 64;

/// Like the lab's, but without a line for each call.
const SCRIPT: &str = "cd FOLDER; case $2 in start) : > running ;; stop) rm -f running ;;
status) [ -e running ] && echo running || echo stopped ;; esac";

fn moves() {
    if !own_proc() {
        return println!("SKIPPED: many moves: not our /proc");
    }
    bury_orphans();
    let count = std::env::var("MOVES").ok().and_then(|n| n.parse().ok());
    let count: usize = count.unwrap_or(MOVES);
    let mut pair = Pair::new(&Settings {
        timing: "keepalive 50ms\ndeadtime 500ms\nwarntime 300ms\ninitdead 1\n",
        resources: "10.77.0.100/24 service::one",
        ..Settings::default()
    });
    pair.script("service", SCRIPT);
    pair.start_both();
    let nodes = [&pair.nodes[A].namespace, &pair.nodes[B].namespace];
    let client = Client::new(&pair.outside, &nodes, SERVICE);
    pair.wait_for("an answer", 3 * SECOND, |_| client.last().is_some());
    let mut before = None;
    let begun = Instant::now();
    let (mut times, mut silences) = (Vec::new(), Vec::new());
    for round in 0..WARM + count {
        if round == WARM {
            before = Some(at_rest(&pair));
        }
        let (from, to) = if round % 2 == 0 { (A, B) } else { (B, A) };
        let at = Instant::now();
        let out = pair.command(to, &["takeover", "--no-wait"]);
        assert!(out.status.success(), "{out:?}\n{}", pair.story());
        pair.wait_for("the other to serve", 10 * SECOND, |p| {
            client.first_from(to, at).is_some() && running(p, to) && !running(p, from)
        });
        times.push(at.elapsed());
        silences.push(client.longest_silence(at));
    }
    let took = begun.elapsed();
    let after = at_rest(&pair);
    for (before, after) in before.expect("measured").iter().zip(&after) {
        println!("situations: {count} moves: {before:?}, then {after:?}");
        assert_eq!(before.files, after.files, "{}", tail(&pair));
        assert_eq!(after.children, 0, "{}", tail(&pair));
        assert!(after.memory <= before.memory + SLACK_KB, "{}", tail(&pair));
    }
    times.sort();
    silences.sort();
    let worst = silences.last().expect("some moves");
    println!(
        "situations: {count} moves in {} s: no answer for {} ms (median), {} ms (worst); a command and its move {} ms",
        took.as_secs(),
        silences[silences.len() / 2].as_millis(),
        worst.as_millis(),
        times[times.len() / 2].as_millis(),
    );
    assert!(*worst < HANDOVER, "{}", tail(&pair));
    let story = pair.story();
    for word in ["is dead", "failed", "late:"] {
        assert!(!story.contains(word), "{word}\n{}", tail(&pair));
    }
}

/// Beats are so rare that whoever waits for one is seen to wait.
fn at_once() {
    let mut pair = Pair::new(&Settings {
        timing: "keepalive 10\ndeadtime 30\nwarntime 20\ninitdead 30\n",
        resources: "service::one",
        ..Settings::default()
    });
    // So long that nothing else happens when it ends.
    let body = SCRIPT.replace("rm", "sleep 0.5; rm");
    pair.script("service", &body);
    pair.start(A);
    pair.start(B);
    pair.wait_for("A to serve", 20 * SECOND, |p| {
        running(p, A) && !running(p, B)
    });
    let mut times = Vec::new();
    for (from, to) in [(A, B), (B, A), (A, B)] {
        sleep(SECOND / 2);
        let at = Instant::now();
        let out = pair.command(to, &["takeover", "--no-wait"]);
        assert!(out.status.success(), "{out:?}\n{}", pair.story());
        pair.wait_for("the other to serve", 10 * SECOND, |p| {
            running(p, to) && !running(p, from)
        });
        times.push(at.elapsed());
    }
    times.sort();
    println!(
        "situations: a service alone whose stop takes 500 ms moves in {} ms (median) at keepalive 10 s",
        times[1].as_millis()
    );
    assert!(times[1] < 2 * SECOND, "{times:?}\n{}", pair.story());
}

fn running(pair: &Pair, node: usize) -> bool {
    pair.nodes[node].folder.join("running").exists()
}

/// What both use when nothing is being done.
fn at_rest(pair: &Pair) -> [Process; 2] {
    sleep(SECOND);
    [A, B].map(|node| Process::of(pair, node))
}

/// The end of both logs.
fn tail(pair: &Pair) -> String {
    [A, B]
        .map(|node| {
            let log = pair.log(node);
            let lines: Vec<_> = log.lines().collect();
            lines[lines.len().saturating_sub(30)..].join("\n")
        })
        .join("\n---\n")
}

//! `protocol linux-ha` between two of our own, and the way from there to the native one.

use std::fs;
use std::time::{Duration, Instant};

use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

use super::person::says;

pub(crate) const TESTS: &[Test] = &[(
    "two_speak_as_heartbeats_and_become_native_one_after_the_other",
    becomes_native,
)];

const SECOND: Duration = Duration::from_secs(1);

fn becomes_native() {
    let mut pair = Pair::new(&Settings {
        timing: "keepalive 200ms\ndeadtime 1\nwarntime 500ms\ninitdead 2\n",
        ..Settings::default()
    });
    for node in [A, B] {
        speaks(&pair, node, "linux-ha");
        pair.start(node);
    }
    pair.wait_for("A to serve", 40 * SECOND, |p| p.holds(A) && !p.holds(B));
    let life = says(&pair, B, "heartbeat -s", 0);
    assert!(life.contains("is running on nodeb"), "{life}");
    // Also where there are none, as heartbeat says it.
    pair.wait_for("both to have their own", 20 * SECOND, |p| {
        [A, B]
            .iter()
            .all(|node| says(p, *node, "cl_status rscstatus", 0) == "local\n")
    });
    let page = String::from_utf8_lossy(&pair.command(B, &["status"]).stdout).into_owned();
    assert!(page.contains(", protocol linux-ha"), "{page}");
    assert!(page.contains("alive, a heartbeat"), "{page}");
    says(&pair, A, "standby", 0);
    pair.wait_for("B to serve", 5 * SECOND, |p| p.holds(B) && !p.holds(A));
    says(&pair, A, "takeover", 0);
    pair.wait_for("A to serve", 5 * SECOND, |p| p.holds(A) && !p.holds(B));
    let first = generation(&pair, B);

    let since = Instant::now();
    says(&pair, B, "disable --persist", 0);
    pair.terminate(B);
    pair.start(B);
    pair.wait_for("another life", 5 * SECOND, |p| {
        generation(p, B) == first + 1
    });
    pair.terminate(B);
    speaks(&pair, B, "native");
    pair.start(B);
    std::thread::sleep(3 * SECOND);
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    assert_eq!(generation(&pair, B), first + 1, "of no account");
    pair.terminate(A);
    speaks(&pair, A, "native");
    pair.start(A);
    pair.wait_for("A to serve", 5 * SECOND, |p| p.holds(A) && !p.holds(B));
    says(&pair, B, "enable", 0);
    says(&pair, A, "standby", 0);
    pair.wait_for("B to serve", 5 * SECOND, |p| p.holds(B) && !p.holds(A));
    let both = pair.both_held(since);
    assert!(
        both < Duration::from_millis(200),
        "{both:?}\n{}",
        pair.story()
    );
}

/// Writes our own file anew.
fn speaks(pair: &Pair, node: usize, protocol: &str) {
    let folder = &pair.nodes[node].folder;
    let at = folder.display();
    let text = format!(
        "rundir {at}/run\nstatedir {at}/state\nheartbeatdir {at}/heartbeat\nprotocol {protocol}\n"
    );
    fs::write(folder.join("ha.d/twinbeat.cf"), text).expect("our own folder");
}

/// What stands in heartbeat's own file.
fn generation(pair: &Pair, node: usize) -> u32 {
    let file = pair.nodes[node].folder.join("heartbeat/hb_generation");
    let text = fs::read_to_string(file).expect("it was written");
    assert!(text.len() == 16 && text.ends_with('\n'), "{text:?}");
    text.trim().parse().expect("a number")
}

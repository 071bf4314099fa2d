//! A null-modem at 19200 baud, over ptys: alone, beside a network, and with what goes wrong on it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::lab::cable::Cable;
use crate::lab::own_proc;
use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "over_a_serial_line_alone_one_node_replaces_the_other",
        alone,
    ),
    (
        "a_lone_node_waits_for_initdead_from_the_moment_its_line_is_open",
        lone,
    ),
    (
        "of_a_serial_line_and_a_network_either_may_be_cut_and_nothing_moves",
        beside_a_network,
    ),
    ("noise_on_a_line_takes_that_link_and_little_time", noise),
    (
        "a_graceful_stop_is_said_over_a_slow_line_before_it_is_closed",
        stopped,
    ),
    (
        "a_device_that_is_unplugged_is_used_again_when_it_is_back",
        unplugged,
    ),
    ("a_node_that_hears_only_itself_hears_nobody", echo),
    (
        "what_another_program_locked_is_left_to_it_and_said_by_check_and_run",
        locked,
    ),
];

const SERIAL: &str = "auto_failback on\nserial LINE\n";
const BOTH: &str = "auto_failback on\nserial LINE\nbcast eth0\n";
/// Slow enough for a machine with much to do.
const TIMING: &str = "keepalive 200ms\ndeadtime 1\nwarntime 600ms\ninitdead 3\n";
const DEADTIME: Duration = Duration::from_secs(1);
const SLACK: Duration = Duration::from_millis(600);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A pair and its cable, not started.
fn laid(directives: &'static str, timing: &'static str) -> Option<(Pair, Cable)> {
    let pair = Pair::new(&Settings {
        directives,
        timing,
        ..Settings::default()
    });
    let cable = Cable::new([&pair.nodes[A].line, &pair.nodes[B].line]);
    if cable.is_none() {
        println!("netns: serial lines SKIPPED: no python3");
    }
    cable.map(|cable| (pair, cable))
}

/// The same, with A serving.
fn running(directives: &'static str, timing: &'static str) -> Option<(Pair, Cable)> {
    let (mut pair, cable) = laid(directives, timing)?;
    pair.start_both();
    Some((pair, cable))
}

/// How often A's log has these words about its line.
fn told(pair: &Pair, words: &str) -> usize {
    let log = fs::read_to_string(pair.nodes[A].folder.join("agent.log")).unwrap_or_default();
    let words = format!("link serial {}: {words}", pair.nodes[A].line.display());
    log.matches(&words).count()
}

/// What `status` of A says about its line.
fn status(pair: &Pair) -> String {
    let out = pair.command(A, &["status"]).stdout;
    let text = String::from_utf8_lossy(&out).into_owned();
    let line = text.lines().find(|line| line.starts_with("link serial"));
    line.unwrap_or_default().to_owned()
}

/// A served all along. What a stall of this machine made it let go and take back is no move.
fn nothing_moved(pair: &Pair, since: Instant) {
    let moved = [A, B].map(|node| pair.nodes[node].watch.arrivals(since));
    let story = pair.story();
    let stalled = story.contains("this loop woke");
    assert!(
        pair.holds(A) && !pair.holds(B) && moved[B] == 0 && (moved[A] == 0 || stalled),
        "{moved:?}\n{story}"
    );
}

fn alone() {
    let Some((mut pair, _cable)) = running(SERIAL, TIMING) else {
        return;
    };
    let at = Instant::now();
    sleep(ms(1500));
    nothing_moved(&pair, at);
    let at = Instant::now();
    pair.kill(A);
    pair.wait_for("B to take over", DEADTIME + SLACK, |p| p.holds(B));
    assert!(at.elapsed() > ms(700), "B did not wait: {:?}", at.elapsed());
    pair.wait_for("A's address to end", ms(2500), |p| !p.holds(A));
    pair.start(A);
    pair.wait_for("A to have it back", ms(3000), |p| p.holds(A) && !p.holds(B));
}

fn lone() {
    let Some((mut pair, mut cable)) = laid(SERIAL, TIMING) else {
        return;
    };
    cable.tell("unplug a");
    pair.start(A);
    sleep(ms(1000));
    cable.tell("plug a");
    let at = Instant::now();
    pair.wait_for("A to serve", ms(7000), |p| p.holds(A));
    assert!(
        at.elapsed() >= ms(3000),
        "initdead is 3 s: {:?}\n{}",
        at.elapsed(),
        pair.story()
    );
    assert_eq!(
        (told(&pair, "down"), told(&pair, "up")),
        (1, 1),
        "{}",
        pair.story()
    );
}

fn beside_a_network() {
    let Some((mut pair, mut cable)) = running(BOTH, TIMING) else {
        return;
    };
    let at = Instant::now();
    pair.plug(B, false);
    sleep(2 * DEADTIME);
    nothing_moved(&pair, at);
    pair.plug(B, true);
    sleep(DEADTIME);
    cable.tell("cut");
    sleep(2 * DEADTIME);
    nothing_moved(&pair, at);
    cable.tell("heal");
    sleep(DEADTIME);
    assert!(
        told(&pair, "node nodeb is no longer heard") == 1,
        "{}",
        pair.story()
    );
    assert!(told(&pair, "node nodeb is heard") == 2, "{}", pair.story());
    for way in ["ab", "ba"] {
        cable.tell(&format!("cut {way}"));
        sleep(DEADTIME + SLACK);
        cable.tell("heal");
    }
    nothing_moved(&pair, at);
    pair.kill(A);
    pair.wait_for("B to take over", DEADTIME + SLACK, |p| p.holds(B));
}

/// How often A has slept so far; never where that is not seen.
fn sleeps(pair: &Pair) -> u64 {
    if !own_proc() {
        return 0;
    }
    let status = fs::read_to_string(format!("/proc/{}/status", pair.pid(A))).expect("it runs");
    let count = status
        .split_once("\nvoluntary_ctxt_switches:")
        .map(|(_, rest)| rest);
    let count = count.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    count.expect("a number")
}

fn noise() {
    let Some((pair, mut cable)) = running(BOTH, TIMING) else {
        return;
    };
    let at = Instant::now();
    cable.tell("noise ab on");
    cable.tell("noise ba on");
    let before = sleeps(&pair);
    sleep(4 * DEADTIME);
    let woken = sleeps(&pair) - before;
    // 250 pieces come each second.
    assert!(woken < 450, "woken {woken} times in four seconds");
    nothing_moved(&pair, at);
    assert_eq!(
        told(&pair, "node nodeb is no longer heard"),
        1,
        "{}",
        pair.story()
    );
    let said = status(&pair);
    assert!(said.contains(" up, noise "), "{said}");
    cable.tell("noise ab off");
    cable.tell("noise ba off");
    pair.wait_for("the line to be heard again", 3 * DEADTIME, |p| {
        told(p, "node nodeb is heard") == 2
    });
    nothing_moved(&pair, at);
}

fn stopped() {
    // Three goodbyes follow each other sooner than one of them leaves.
    const SLOW: &str = "keepalive 100ms\ndeadtime 4\nwarntime 3\ninitdead 5\n";
    let Some((mut pair, _cable)) = running(SERIAL, SLOW) else {
        return;
    };
    for (node, other) in [(A, B), (B, A)] {
        let at = Instant::now();
        let status = pair.terminate(node);
        assert!(status.success(), "{status}\n{}", pair.story());
        pair.wait_for("the other to take over", ms(1000), |p| p.holds(other));
        assert!(
            pair.both_held(at) < ms(25),
            "both held it for {:?}\n{}",
            pair.both_held(at),
            pair.story()
        );
        if node == A {
            pair.start(A);
            pair.wait_for("A to be home", ms(4000), |p| p.holds(A) && !p.holds(B));
            // So that B has something to say goodbye with.
            assert!(pair.command(A, &["standby"]).status.success());
            pair.wait_for("B after standby", ms(2000), |p| p.holds(B) && !p.holds(A));
        }
    }
}

fn unplugged() {
    let Some((mut pair, mut cable)) = running(BOTH, TIMING) else {
        return;
    };
    let at = Instant::now();
    cable.tell("unplug a");
    pair.wait_for("the loss to be said", ms(2000), |p| told(p, "down") == 1);
    let before = sleeps(&pair);
    sleep(ms(2500));
    let woken = sleeps(&pair) - before;
    assert!(woken < 250, "woken {woken} times in 2.5 s");
    let said = status(&pair);
    assert!(
        said.contains("down") && said.contains("no such device"),
        "{said}"
    );
    cable.tell("plug a");
    pair.wait_for("its return", ms(5000), |p| told(p, "up") == 2);
    pair.wait_for("B to be heard", ms(3000), |p| {
        told(p, "node nodeb is heard") == 2
    });
    assert_eq!(
        (told(&pair, "down"), told(&pair, "up")),
        (1, 2),
        "{}",
        pair.story()
    );
    nothing_moved(&pair, at);
    // It is no other line, and carries alone.
    pair.plug(B, false);
    sleep(2 * DEADTIME);
    nothing_moved(&pair, at);
    pair.kill(A);
    pair.wait_for("B to take over", DEADTIME + SLACK, |p| p.holds(B));
}

fn echo() {
    let Some((mut pair, mut cable)) = laid(BOTH, TIMING) else {
        return;
    };
    cable.tell("echo a on");
    cable.tell("echo b on");
    pair.start_both();
    let at = Instant::now();
    sleep(3 * DEADTIME);
    nothing_moved(&pair, at);
    assert_eq!(told(&pair, "node nodeb is heard"), 0, "{}", pair.story());
    let said = status(&pair);
    assert!(said.contains("is it an echo?"), "{said}");
    let log = pair.story();
    assert!(!log.contains("cloned"), "{log}");
}

fn locked() {
    let Some((mut pair, _cable)) = laid(BOTH, TIMING) else {
        return;
    };
    let _ = fs::create_dir("/run/lock");
    let folder = fs::canonicalize("/var/lock").unwrap_or_default();
    if !own_proc() || folder != Path::new("/run/lock") {
        println!("netns: lock files SKIPPED: /var/lock is not ours here");
        return;
    }
    let device = fs::read_link(&pair.nodes[A].line).expect("the cable is laid");
    let number = device
        .file_name()
        .expect("of /dev/pts")
        .display()
        .to_string();
    let lock = folder.join(format!("LCK..pts{number}"));
    let mut terminal = Command::new("sleep")
        .arg("60")
        .stdin(Stdio::null())
        .spawn()
        .expect("sleep is everywhere");
    fs::write(&lock, format!("{:10}\n", terminal.id())).expect("our own folder");
    let owner = format!("down: sleep (process {}) has it", terminal.id());
    let said = pair.command(A, &["check"]);
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let warned = format!("ha.cf:6:8: warning: this link would be {owner}");
    assert!(said.status.success() && text.contains(&warned), "{text}");
    pair.start_both();
    assert_eq!(told(&pair, &owner), 1, "{}", pair.story());
    assert!(status(&pair).contains(&owner[6..]), "{}", status(&pair));
    terminal.kill().expect("our own child");
    terminal.wait().expect("our own child");
    pair.wait_for("the line to be taken", ms(5000), |p| told(p, "up") == 1);
    let keeper = fs::read_to_string(&lock).expect("there is one");
    assert_eq!(keeper, format!("{:10}\n", pair.pid(A)));
    let said = pair.command(A, &["check"]);
    assert!(!String::from_utf8_lossy(&said.stdout).contains("would be down"));
    assert!(pair.terminate(A).success());
    assert!(!lock.exists(), "left behind");
}

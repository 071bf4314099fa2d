//! The program itself: one thread, one run directory, no heap traffic, a readable status.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::lab::json::Json;
use crate::lab::own_proc;
use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    ("one_thread_whatever_happens", one_thread),
    (
        "a_second_run_is_refused_and_the_first_undisturbed",
        second_run,
    ),
    ("the_status_is_json_that_names_the_holder", status),
    ("standby_and_takeover_move_the_group", commands),
    ("a_full_disk_does_not_disturb_the_service", full_disk),
    ("a_steady_node_allocates_nothing", allocations),
];

fn running() -> Pair {
    let mut pair = Pair::new(&Settings::default());
    pair.start_both();
    pair
}

fn one_thread() {
    if !own_proc() {
        println!("netns: one_thread_whatever_happens SKIPPED: /proc is not ours here");
        return;
    }
    let settings = Settings {
        resources: "IPaddr2::10.77.0.100/24/eth0 service::one",
        ..Settings::default()
    };
    let mut pair = Pair::new(&settings);
    pair.start_both();
    for node in [A, B] {
        pair.command(node, &["status"]);
        let threads = fs::read_dir(format!("/proc/{}/task", pair.pid(node)))
            .expect("it runs")
            .count();
        assert_eq!(threads, 1, "{}", pair.story());
    }
}

fn second_run() {
    let pair = running();
    let out = pair.command(A, &["run"]);
    assert_eq!(out.status.code(), Some(1), "{out:?}");
    assert!(!out.stderr.is_empty() || !out.stdout.is_empty(), "says why");
    sleep(Duration::from_millis(500));
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    assert!(
        pair.command(A, &["status"]).status.success(),
        "the first still answers\n{}",
        pair.story()
    );
}

fn status() {
    let mut pair = running();
    for node in [A, B] {
        let out = pair.command(node, &["status", "--json"]);
        let text = String::from_utf8(out.stdout).expect("UTF-8");
        let status = Json::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        for member in ["version", "incarnation", "links"] {
            assert!(status.get(member).is_some(), "no {member}: {text}");
        }
        assert_eq!(
            status.get("node").and_then(Json::text),
            Some(pair.nodes[node].name),
            "{text}"
        );
        assert_eq!(
            status.get("nodes").map(|n| n.list().len()),
            Some(2),
            "{text}"
        );
        let groups = status.get("groups").map_or(&[][..], Json::list);
        assert_eq!(groups.len(), 1, "{text}");
        for member in ["key", "state", "reason"] {
            assert!(groups[0].get(member).is_some(), "no {member}: {text}");
        }
        assert_eq!(
            groups[0].get("holder").and_then(Json::text),
            Some("nodea"),
            "{text}"
        );
    }
    pair.terminate(B);
    assert_eq!(
        pair.command(B, &["status"]).status.code(),
        Some(3),
        "not running"
    );
}

fn commands() {
    let pair = running();
    let limit = Duration::from_millis(500);
    assert!(pair.command(A, &["standby"]).status.success());
    pair.wait_for("B after standby of A", limit, |p| p.holds(B) && !p.holds(A));
    assert!(pair.command(A, &["takeover"]).status.success());
    pair.wait_for("A after takeover", limit, |p| p.holds(A) && !p.holds(B));
}

fn full_disk() {
    let directives = "auto_failback on\nbcast eth0\nlogfile /dev/full\ndebugfile /dev/full\n";
    let mut pair = Pair::new(&Settings {
        directives,
        ..Settings::default()
    });
    pair.start_both();
    pair.kill(A);
    pair.wait_for("B to take over", Duration::from_secs(1), |p| p.holds(B));
}

/// Counts calls of the C library's allocator inside the real binary, by a preloaded library that
/// keeps the count in a file both can see.
fn allocations() {
    let mut pair = Pair::new(&Settings {
        directives: "auto_failback on\nbcast eth0\nrespawn root /bin/sleep 1000\n",
        ..Settings::default()
    });
    let folder = pair.nodes[A].folder.clone();
    let Some(library) = build_counter(&folder) else {
        println!("netns: a_steady_node_allocates_nothing SKIPPED: no C compiler `cc`");
        return;
    };
    let counts = [A, B].map(|node| pair.nodes[node].folder.join("allocations"));
    for node in [A, B] {
        pair.nodes[node].preload = vec![
            ("LD_PRELOAD", library.clone()),
            ("ALLOCATIONS", counts[node].clone()),
        ];
    }
    pair.start_both();
    sleep(Duration::from_secs(2));
    let before = counts.each_ref().map(allocated);
    assert!(
        before.iter().all(|n| *n > 0),
        "the counter is not in the program: is it linked statically?"
    );
    sleep(Duration::from_secs(5));
    let after = counts.each_ref().map(allocated);
    assert_eq!(
        before,
        after,
        "allocations in 50 heartbeats\n{}",
        pair.story()
    );
}

/// Compiles the counter; `None` where there is no compiler.
fn build_counter(folder: &std::path::Path) -> Option<PathBuf> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/netns/allocations.c");
    let library = folder.join("allocations.so");
    let out = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .output()
        .ok()?;
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    Some(library)
}

fn allocated(file: &PathBuf) -> u64 {
    let bytes = fs::read(file).unwrap_or_default();
    bytes.first_chunk().map_or(0, |b| u64::from_ne_bytes(*b))
}

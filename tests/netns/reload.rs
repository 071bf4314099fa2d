//! The files change under agents that run.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Output;
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::lab::client::Client;
use crate::lab::own_proc;
use crate::lab::pair::{A, B, Pair, SERVICE, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "a_group_more_another_order_and_one_less_move_nothing",
        groups,
    ),
    (
        "what_is_wrong_or_as_it_was_changes_nothing_and_is_said",
        refusals,
    ),
    (
        "what_a_group_has_is_stopped_as_it_was_and_started_as_it_is",
        resources,
    ),
    (
        "keys_links_and_times_change_and_no_client_notices",
        everything_else,
    ),
    (
        "a_thousand_reloads_leave_memory_files_and_the_lease_as_they_were",
        thousand,
    ),
];

const FIRST: &str = "IPaddr2::10.77.0.100/24/eth0 service::one";
const SECOND: &str = "IPaddr2::10.77.0.101/24/eth0";
const THIRD: &str = "IPaddr2::10.77.0.102/24/eth0";

fn groups() {
    let mut pair = Pair::new(&Settings {
        resources: FIRST,
        directives: "auto_failback on\nbcast eth0\nmonitor 1\n",
        ..Settings::default()
    });
    pair.start_both();
    let client = Client::new(
        &pair.outside,
        &[&pair.nodes[A].namespace, &pair.nodes[B].namespace],
        SERVICE,
    );
    let lines =
        |lines: &[&str]| -> String { lines.iter().map(|line| format!("nodea {line}\n")).collect() };
    let since = Instant::now();
    for node in [B, A] {
        put(&pair, node, "haresources", &lines(&[SECOND, FIRST]));
        let said = done(&pair, node);
        assert!(said.contains("10.77.0.101/24/eth0: new"), "{said}");
    }
    pair.wait_for("the new group", Duration::from_secs(2), |p| {
        p.has_address(A, "10.77.0.101")
    });
    for node in [A, B] {
        put(&pair, node, "haresources", &lines(&[FIRST, SECOND]));
        done(&pair, node);
    }
    sleep(Duration::from_millis(500));
    assert!(pair.has_address(A, "10.77.0.101"), "{}", pair.story());
    for node in [A, B] {
        put(&pair, node, "haresources", &lines(&[FIRST]));
        done(&pair, node);
        assert!(!pair.has_address(node, "10.77.0.101"), "{}", pair.story());
    }
    sleep(Duration::from_millis(500));
    assert!(!pair.has_address(B, "10.77.0.101"), "{}", pair.story());
    untouched(&pair, &client, since);
    let calls = fs::read_to_string(pair.nodes[A].folder.join("calls")).unwrap_or_default();
    assert!(!calls.contains("one stop"), "{calls}");
    // What runs is still looked after, under its new number, and they still replace each other.
    let running = pair.nodes[A].folder.join("running");
    fs::remove_file(&running).expect("it runs");
    pair.wait_for(
        "the service to be started again",
        Duration::from_secs(5),
        |_| running.exists(),
    );
    pair.terminate(A);
    pair.wait_for("B to serve", Duration::from_secs(2), |p| p.holds(B));
}

fn refusals() {
    let mut pair = Pair::new(&Settings::default());
    pair.start_both();
    let since = Instant::now();
    let unchanged = done(&pair, A);
    assert_eq!(unchanged, "configuration unchanged\n");
    let good = |file| fs::read_to_string(path(&pair, A, file)).expect("our own file");
    let (ha_cf, keys, ours) = (good("ha.cf"), good("authkeys"), good("twinbeat.cf"));
    let other = "auth 1\n1 sha1 a-key-that-is-another-one\n";
    let cases = [
        (
            "ha.cf",
            format!("{ha_cf}keepalife 1\n"),
            "ha.cf:8:1: error: ".to_owned(),
        ),
        (
            "ha.cf",
            ha_cf.replace("nodea nodeb", "nodea nodeb nodec"),
            restart("nodes"),
        ),
        ("authkeys", "auth 7\n".to_owned(), "authkeys:1:".to_owned()),
        ("authkeys", other.to_owned(), restart("key 1")),
        (
            "twinbeat.cf",
            format!("{ours}cluster another\n"),
            restart("cluster"),
        ),
    ];
    for (file, text, why) in cases {
        let before = good(file);
        put(&pair, A, file, &text);
        let out = pair.command(A, &["reload"]);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(1), "{file}: {out:?}");
        let all = why.split("...").all(|part| said.contains(part));
        assert!(all, "{file}: {why} is not in {said}");
        put(&pair, A, file, &before);
    }
    // A file that is away, and nobody is told but by the signal.
    fs::rename(path(&pair, A, "authkeys"), path(&pair, A, "away")).expect("our own file");
    pair.signal(A, Signal::SIGHUP);
    pair.wait_for("the log to tell", Duration::from_secs(2), |p| {
        p.story().contains("authkeys:1:1: error: cannot read")
    });
    put(&pair, A, "authkeys", &keys);
    assert_eq!(done(&pair, A), "configuration unchanged\n");
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    assert_eq!(pair.nodes[A].watch.arrivals(since), 0, "{}", pair.story());
    assert!(!pair.story().contains("has another configuration"));
}

fn restart(what: &str) -> String {
    format!("{what}...restart the agent for that")
}

fn resources() {
    let mut pair = Pair::new(&Settings {
        resources: FIRST,
        ..Settings::default()
    });
    pair.start_both();
    let calls = |pair: &Pair, node: usize| {
        fs::read_to_string(pair.nodes[node].folder.join("calls")).unwrap_or_default()
    };
    let before = calls(&pair, A).len();
    for node in [A, B] {
        put(
            &pair,
            node,
            "haresources",
            &format!("nodea {FIRST} {THIRD}\n"),
        );
        let said = done(&pair, node);
        assert!(said.contains("other resources"), "{said}");
        pair.wait_for("A to serve again", Duration::from_secs(2), |p| {
            p.holds(A) && p.has_address(A, "10.77.0.102")
        });
    }
    sleep(Duration::from_millis(500));
    let all = calls(&pair, A)[before..].to_owned();
    let of = |what: &str| all.find(what).unwrap_or_else(|| panic!("no {what}: {all}"));
    assert!(of("one stop") < of("one start"), "{all}");
    assert_eq!(all.matches("one stop").count(), 1, "{all}");
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    assert!(!calls(&pair, B).contains(" start"), "{}", calls(&pair, B));
}

fn everything_else() {
    let mut pair = Pair::new(&Settings::default());
    pair.lay_second_network();
    pair.start_both();
    let client = Client::new(
        &pair.outside,
        &[&pair.nodes[A].namespace, &pair.nodes[B].namespace],
        SERVICE,
    );
    let since = Instant::now();
    let ha_cf = fs::read_to_string(path(&pair, A, "ha.cf")).expect("our own file");
    let two = "1 sha1 a-key-that-is-long-enough\n2 sha256 another-key-that-is-long-enough\n";
    let steps = [
        ("authkeys", format!("auth 1\n{two}")),
        ("authkeys", format!("auth 2\n{two}")),
        (
            "authkeys",
            "auth 2\n2 sha256 another-key-that-is-long-enough\n".to_owned(),
        ),
        (
            "ha.cf",
            ha_cf.replace("bcast eth0", "bcast eth1\nbcast eth0"),
        ),
        ("ha.cf", ha_cf.replace("bcast eth0", "bcast eth1")),
        (
            "ha.cf",
            ha_cf.replace("bcast eth0", "bcast eth1\nbcast eth0"),
        ),
        (
            "ha.cf",
            ha_cf.replace("300ms", "600ms") + "ping 10.77.0.9\n",
        ),
        ("ha.cf", ha_cf.replace("keepalive 100ms", "keepalive 50ms")),
    ];
    for (file, text) in steps {
        for node in [B, A] {
            put(&pair, node, file, &text);
            done(&pair, node);
            sleep(Duration::from_millis(700));
        }
    }
    // Each node alone on another link would be too much at once.
    put(
        &pair,
        A,
        "ha.cf",
        &ha_cf.replace("bcast eth0", "bcast eth1"),
    );
    let out = pair.command(A, &["reload"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("heard by no link that stays"), "{said}");
    untouched(&pair, &client, since);
    for trouble in ["is dead", "may not hold"] {
        assert!(!pair.story().contains(trouble), "{}", pair.story());
    }
    // The key that went is not believed any more, the new one is; and so are the times.
    pair.kill(A);
    pair.wait_for("B to serve", Duration::from_secs(1), |p| p.holds(B));
}

/// With everything that can be another one, and a group that comes and goes.
fn thousand() {
    let mut pair = Pair::new(&Settings::default());
    pair.start_both();
    pair.terminate(B);
    let ha_cf = fs::read_to_string(path(&pair, A, "ha.cf")).expect("our own file");
    let folder = pair.nodes[A].folder.clone();
    let more = format!(
        "ping 10.77.0.9\nmcast eth0 225.0.0.1 694 1 0\nlogfile {}/log\n",
        folder.display()
    );
    let others = [
        (
            ha_cf.clone(),
            format!("nodea {}\n", Settings::default().resources),
        ),
        (
            ha_cf.replace("300ms", "400ms") + &more,
            format!("nodea {SECOND}\nnodea {}\n", Settings::default().resources),
        ),
    ];
    let since = Instant::now();
    let reload = |pair: &Pair, round: usize| {
        let (ha_cf, haresources) = &others[(round + 1) % 2];
        put(pair, A, "ha.cf", ha_cf);
        put(pair, A, "haresources", haresources);
        let mut reply = ask(pair, "reload");
        while reply.starts_with("ok\nwaiting") {
            sleep(Duration::from_millis(1));
            reply = ask(pair, "reload status");
        }
        assert!(
            reply.starts_with("ok\nconfiguration reloaded"),
            "{round}: {reply}"
        );
    };
    let usage = |pair: &Pair| {
        let pid = pair.pid(A);
        let files = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
        let memory = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
        let pages = memory
            .split(' ')
            .nth(1)
            .and_then(|pages| pages.parse().ok());
        (files, pages.unwrap_or(0_usize) * 4)
    };
    (0..100).for_each(|round| reload(&pair, round));
    let before = usage(&pair);
    (0..1000).for_each(|round| reload(&pair, round));
    let after = usage(&pair);
    println!(
        "netns: 1000 reloads: files and kB {before:?} before, {after:?} after, {:?}",
        since.elapsed()
    );
    assert!(pair.holds(A), "{}", pair.story());
    assert_eq!(pair.nodes[A].watch.arrivals(since), 0, "the lease ended");
    if own_proc() {
        assert_eq!(before.0, after.0, "open files");
        assert!(after.1 <= before.1 + 64, "{before:?} {after:?}");
    }
}

/// The address never went, and nobody missed it.
fn untouched(pair: &Pair, client: &Client, since: Instant) {
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    assert_eq!(pair.nodes[A].watch.arrivals(since), 0, "{}", pair.story());
    assert_eq!(pair.nodes[B].watch.arrivals(since), 0, "{}", pair.story());
    let silence = client.longest_silence(since);
    assert!(
        silence < Duration::from_millis(300),
        "{silence:?}\n{}",
        pair.story()
    );
}

/// What a reload that succeeds says.
fn done(pair: &Pair, node: usize) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = pair.command(node, &["reload"]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(
        status.code(),
        Some(0),
        "{}\n{}",
        text(&stderr),
        pair.story()
    );
    text(&stdout)
}

fn ask(pair: &Pair, request: &str) -> String {
    let socket = pair.nodes[A].folder.join("run/control.sock");
    let mut stream = UnixStream::connect(socket).expect("it runs");
    writeln!(stream, "{request}").expect("it listens");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("it answers");
    reply
}

fn path(pair: &Pair, node: usize, file: &str) -> std::path::PathBuf {
    pair.nodes[node].folder.join("ha.d").join(file)
}

/// As an editor would: all of it, or what was there before.
fn put(pair: &Pair, node: usize, file: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    let (file, new) = (path(pair, node, file), path(pair, node, "new"));
    fs::write(&new, text).expect("our own folder");
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).expect("our own file");
    fs::rename(new, file).expect("our own folder");
}

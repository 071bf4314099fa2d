//! Scripts that misbehave in every way: the loop goes on as if nothing were, the other node serves
//! what this one cannot, and nothing of them is left.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::beats::Beats;
use crate::lab::own_proc;
use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::process::{Process, bury_orphans, pids};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "scripts_that_misbehave_at_the_start_disturb_nobody_and_run_elsewhere",
        starts,
    ),
    (
        "scripts_that_cannot_be_stopped_stay_where_they_are_and_the_rest_moves",
        stops,
    ),
];

const SECOND: Duration = Duration::from_secs(1);
/// The limit of a call is 2 s, and SIGKILL comes 5 s later.
const CALLS: Duration = Duration::from_secs(30);
/// A beat is 100 ms, deadtime 1 s; a loaded machine may keep anybody waiting for so long.
const SILENCE: Duration = Duration::from_millis(500);

/// What goes wrong on A when it is started, and whether it runs there all the same.
const AT_START: [(&str, &str, bool); 11] = [
    ("fails", "exit 1", false),
    ("hangs", "sleep 7777", false),
    (
        "forks",
        "(sleep 7777; touch FOLDER/late) & sleep 7777",
        false,
    ),
    (
        "stubborn",
        "trap '' TERM; while :; do sleep 7777; done",
        false,
    ),
    ("lacks", "no-such-program-7777", false),
    ("crashes", "kill -SEGV $$", false),
    // Nobody can interpret it, and nobody finds it: see `spoil`.
    ("alien", "", false),
    ("deleted", "", false),
    // Its output stays open as long as the daemon lives.
    ("leaves", "sleep 5555 & touch FOLDER/runs-leaves", true),
    (
        "talks",
        "head -c 2000000 /dev/zero | tr '\\0' x; touch FOLDER/runs-talks",
        true,
    ),
    (
        "noisy",
        "yes 7777 | head -n 200000 >&2; touch FOLDER/runs-noisy",
        true,
    ),
];
/// What goes wrong on A when it is stopped.
const AT_STOP: [(&str, &str); 4] = [
    ("refuses", "exit 1"),
    ("hangs", "sleep 8888"),
    ("stubborn", "trap '' TERM; while :; do sleep 8888; done"),
    ("deleted", ""),
];

/// A script without fault: a file says that it runs.
fn service(name: &str) -> String {
    format!(
        "case $1 in
start) touch FOLDER/runs-{name} ;;
stop) rm -f FOLDER/runs-{name} ;;
status) [ -e FOLDER/runs-{name} ] && echo running || echo stopped ;;
esac"
    )
}

/// A pair with an address, a service that does no wrong, and these; all at home on `home`.
fn stage(home: &str, verb: &str, services: &[(&str, &str)]) -> Pair {
    bury_orphans();
    let pair = Pair::new(&Settings {
        timing: "keepalive 100ms\ndeadtime 1\nwarntime 700ms\ninitdead 1\n",
        directives: "auto_failback off\nbcast eth0\n",
        ..Settings::default()
    });
    let mut haresources = format!("{home} 10.77.0.100/24 good\n");
    let mut own = "rundir FOLDER/run\nstatedir FOLDER/state\n".to_owned();
    pair.script("good", &service("good"));
    for (name, fault) in services {
        let wrong = format!("[ \"NODE $1\" != \"nodea {verb}\" ] || {{ {fault}\nexit; }}\n");
        pair.script(name, &(wrong + &service(name)));
        haresources += &format!("{home} {name}\n");
        own += &format!("group {name} timeout 2\n");
    }
    pair.write("haresources", &haresources);
    pair.write("twinbeat.cf", &own);
    pair
}

fn runs(pair: &Pair, node: usize, name: &str) -> bool {
    let file = format!("runs-{name}");
    pair.nodes[node].folder.join(file).exists()
}

/// Nobody of the listeners has missed A or B, and neither has missed the other.
fn undisturbed(pair: &Pair, beats: &Beats, at: Instant, logged: [usize; 2]) {
    for node in [A, B] {
        let silence = beats.longest_silence(node, at);
        println!(
            "situations: bad scripts: longest time between beats {} ms",
            silence.as_millis()
        );
        assert!(silence < SILENCE, "{silence:?}\n{}", pair.story());
        let log = pair.log(node);
        let log = &log[logged[node]..];
        assert!(
            !log.contains(" is dead") && !log.contains(" is late"),
            "{log}"
        );
    }
}

/// Nothing runs that a killed script has begun.
fn left_behind(mark: &str) -> Vec<String> {
    let lines = pids().filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/cmdline")).ok());
    lines.filter(|line| line.contains(mark)).collect()
}

fn starts() {
    if !own_proc() {
        return println!("SKIPPED: scripts that misbehave at the start: not our /proc");
    }
    let services: Vec<_> = AT_START.iter().map(|one| (one.0, one.1)).collect();
    let mut pair = stage("nodeb", "start", &services);
    let home = pair.nodes[A].folder.join("ha.d/resource.d");
    fs::write(home.join("alien"), "#!/no/such/interpreter\n").unwrap();
    fs::remove_file(home.join("deleted")).unwrap();
    pair.start(B);
    pair.wait_for("B to have everything", CALLS, |p| {
        p.holds(B) && AT_START.iter().all(|one| runs(p, B, one.0))
    });
    pair.start(A);
    sleep(2 * SECOND);
    let before = Process::of(&pair, A);
    let beats = Beats::new(&pair.outside);
    let logged = [A, B].map(|node| pair.log(node).len());
    let at = Instant::now();
    // What it says of this is another matter.
    let _ = pair.command(A, &["takeover"]);
    let where_it_belongs = |p: &Pair, (name, _, on_a): &(&str, &str, bool)| {
        runs(p, A, name) == *on_a && runs(p, B, name) != *on_a
    };
    pair.wait_for("each where it can run", CALLS, |p| {
        p.holds(A) && runs(p, A, "good") && AT_START.iter().all(|one| where_it_belongs(p, one))
    });
    pair.wait_for("the calls to end", CALLS, |p| {
        Process::of(p, A).children == 0
    });
    let took = at.elapsed();
    sleep(SECOND);
    undisturbed(&pair, &beats, at, logged);
    // The address has not been away for a moment since it came.
    assert_eq!(pair.nodes[A].watch.arrivals(at), 1, "{}", pair.story());
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    assert_eq!(left_behind("7777"), [""; 0], "{}", pair.story());
    assert!(
        !pair.nodes[A].folder.join("late").exists(),
        "a child survived"
    );
    let after = Process::of(&pair, A);
    println!("situations: bad scripts: {before:?}, then {after:?}, after {took:?}");
    assert_eq!(before.files, after.files, "{}", pair.story());
    assert!(after.memory < before.memory + 400, "{}", pair.story());
    let log = pair.log(A);
    for reason in [
        "group fails: fails start: exit code 1",
        "group hangs: hangs start: took too long and was killed",
        "group stubborn: stubborn start: took too long and was killed",
        "group lacks: lacks start: exit code 127",
        "group crashes: crashes start: killed by signal 11",
        "group alien: alien status: cannot be run",
        "group deleted: deleted status: there is no such executable",
    ] {
        assert!(log.contains(reason), "no {reason:?} in\n{log}");
    }
}

fn stops() {
    if !own_proc() {
        return println!("SKIPPED: scripts that cannot be stopped: not our /proc");
    }
    let mut pair = stage("nodea", "stop", &AT_STOP);
    pair.start(A);
    pair.start(B);
    pair.wait_for("A to have everything", CALLS, |p| {
        p.holds(A) && AT_STOP.iter().all(|one| runs(p, A, one.0))
    });
    sleep(SECOND);
    fs::remove_file(pair.nodes[A].folder.join("ha.d/resource.d/deleted")).unwrap();
    let beats = Beats::new(&pair.outside);
    let logged = [A, B].map(|node| pair.log(node).len());
    let at = Instant::now();
    let _ = pair.command(A, &["standby"]);
    pair.wait_for("the rest to move", CALLS, |p| {
        p.holds(B) && !p.holds(A) && runs(p, B, "good") && !runs(p, A, "good")
    });
    let stop_failed = |p: &Pair| p.log(A).matches(": stop-failed").count() == AT_STOP.len();
    pair.wait_for("A to give up", CALLS, stop_failed);
    sleep(SECOND);
    undisturbed(&pair, &beats, at, logged);
    for (name, _) in AT_STOP {
        assert!(
            runs(&pair, A, name) && !runs(&pair, B, name),
            "{name}\n{}",
            pair.story()
        );
    }
    assert_eq!(Process::of(&pair, A).children, 0, "{}", pair.story());
    assert_eq!(left_behind("8888"), [""; 0], "{}", pair.story());

    // The box is mended: a new life of it finds what runs, and each runs once.
    for (name, _) in AT_STOP {
        pair.script(name, &service(name));
    }
    pair.kill(A);
    sleep(SECOND);
    pair.start(A);
    let once = |p: &Pair, name| runs(p, A, name) != runs(p, B, name);
    pair.wait_for("each to run once", CALLS, |p| {
        let settled =
            !stop_failed(p) || p.log(A).matches("it ran already").count() >= AT_STOP.len();
        settled && AT_STOP.iter().all(|one| once(p, one.0))
    });
    sleep(2 * SECOND);
    for (name, _) in AT_STOP {
        assert!(once(&pair, name), "{name}\n{}", pair.story());
    }
}

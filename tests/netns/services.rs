//! Services that are watched: real programs that are killed, that fail everywhere, that hang when they
//! are asked, that do not stop; and one of procd's.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::resources::script;
use crate::lab::own_proc;
use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "a_service_that_is_killed_is_started_again_in_place_and_moves_when_that_is_too_often",
        killed,
    ),
    (
        "a_service_that_starts_nowhere_stays_down_and_is_tried_again_until_it_does",
        nowhere,
    ),
    (
        "a_status_that_hangs_holds_up_no_stop_and_twice_is_a_death",
        hangs,
    ),
    (
        "a_service_that_does_not_stop_is_free_when_a_person_has_seen_to_it",
        stuck,
    ),
    ("a_service_of_procd_is_judged_by_its_words", procd),
];

const SECOND: Duration = Duration::from_secs(1);
const KEY: &str = "IPaddr2::10.77.0.100/24/eth0";

/// A program in the background; files in the node's folder make the script misbehave.
const WEB: &str = "cd ${0%/ha.d/*} || exit 1
echo $1 >> web.calls
alive() { read p 2>/dev/null < web.pid && grep -qs '^State:[[:space:]]*[^ZX[:space:]]' /proc/$p/status; }
case $1 in
start) [ ! -e bad ] || exit 1; alive || { setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $! > web.pid; } ;;
stop) [ ! -e stuck ] || { trap '' TERM; sleep 1000; }; alive && kill $p; rm -f web.pid; exit 0 ;;
status) [ ! -e hang ] || sleep 1000; if alive || [ -e stuck ]; then echo running; else echo stopped; fi ;;
esac";

struct Stage {
    pair: Pair,
}

impl Stage {
    /// A pair with the service `web` beside its address; `None` where processes cannot be told apart.
    fn new(name: &str, directives: &'static str) -> Option<Self> {
        if !own_proc() {
            println!("SKIPPED: {name}: not our /proc");
            return None;
        }
        let mut pair = Pair::new(&Settings {
            resources: "IPaddr2::10.77.0.100/24/eth0 web",
            directives,
            ..Settings::default()
        });
        script(&pair, "web", WEB);
        pair.start_both();
        Some(Self { pair })
    }

    fn file(&self, node: usize, name: &str) -> PathBuf {
        self.pair.nodes[node].folder.join(name)
    }

    /// The program that serves, if one does.
    fn served_by(pair: &Pair, node: usize) -> Option<i32> {
        let pid = fs::read_to_string(pair.nodes[node].folder.join("web.pid")).ok()?;
        let pid = pid.trim().parse().ok()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        (!status.contains("State:\tZ")).then_some(pid)
    }

    /// Kills the program, and waits until another serves there.
    fn kill_and_wait(&self, node: usize) {
        let before = Self::served_by(&self.pair, node).unwrap();
        kill(Pid::from_raw(before), Signal::SIGKILL).unwrap();
        self.pair.wait_for("another program", 10 * SECOND, |p| {
            Self::served_by(p, node).is_some_and(|pid| pid != before)
        });
    }

    fn serves(&self, what: &str, node: usize) {
        self.pair.wait_for(what, 15 * SECOND, |p| {
            p.holds(node) && !p.holds(1 - node) && Self::served_by(p, node).is_some()
        });
    }

    fn status(&self, node: usize, words: &[&str]) -> String {
        let out = self.pair.command(node, words);
        String::from_utf8(out.stdout).unwrap()
    }

    fn clear(&self, node: usize) {
        let out = self.pair.command(node, &["clear", KEY]);
        assert!(out.status.success(), "{out:?}");
    }
}

fn killed() {
    let Some(stage) = Stage::new(
        "killed",
        "auto_failback off\nbcast eth0\nmonitor 1\n\
         group IPaddr2::10.77.0.100/24/eth0 restarts 2\n",
    ) else {
        return;
    };
    let begun = Instant::now();
    stage.kill_and_wait(A);
    stage.kill_and_wait(A);
    assert!(stage.pair.holds(A) && !stage.pair.holds(B));
    assert_eq!(
        stage.pair.nodes[A].watch.arrivals(begun),
        0,
        "the address stayed"
    );
    let json = stage.status(A, &["status", "--json"]);
    assert!(json.contains("\"failures\":2,\"retry_s\":null"), "{json}");
    // Once more: the other node has it, and this one leaves it alone for a minute.
    let third = Stage::served_by(&stage.pair, A).unwrap();
    kill(Pid::from_raw(third), Signal::SIGKILL).unwrap();
    stage.serves("B to take over", B);
    assert_eq!(Stage::served_by(&stage.pair, A), None);
    let json = stage.status(A, &["status", "--json"]);
    assert!(json.contains("\"state\":\"start-failed\""), "{json}");
    assert!(json.contains("\"failures\":3,\"retry_s\":5"), "{json}");
    let text = stage.status(A, &["status"]);
    assert!(
        text.contains(", failures here: 3, tried again in 5"),
        "{text}"
    );
    for line in [
        "group IPaddr2::10.77.0.100/24/eth0: web status: exit code 0",
        "starting: a resource of it was found dead",
        "start-failed: resources of it died too often",
    ] {
        assert!(
            stage.pair.story().contains(line),
            "{line}\n{}",
            stage.pair.story()
        );
    }
    // Nothing comes back by itself; cleared, it may.
    stage.clear(A);
    let json = stage.status(A, &["status", "--json"]);
    assert!(json.contains("\"failures\":0,\"retry_s\":null"), "{json}");
    let dies = |node| {
        let pid = Stage::served_by(&stage.pair, node).unwrap();
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    };
    stage.kill_and_wait(B);
    stage.kill_and_wait(B);
    dies(B);
    stage.serves("A to have it again", A);
    let calls = fs::read_to_string(stage.file(A, "web.calls")).unwrap();
    assert!(calls.contains("status\nstop\nstatus\nstart\n"), "{calls}");
}

fn nowhere() {
    let Some(stage) = Stage::new(
        "nowhere",
        "auto_failback off\nbcast eth0\nmonitor 1\n\
         group IPaddr2::10.77.0.100/24/eth0 restarts 0\n",
    ) else {
        return;
    };
    let bad = [A, B].map(|node| stage.file(node, "bad"));
    bad.iter().for_each(|bad| fs::write(bad, "").unwrap());
    let pid = Stage::served_by(&stage.pair, A).unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    let failed = |p: &Pair, node| {
        let out = p.command(node, &["status"]);
        String::from_utf8_lossy(&out.stdout).contains("start-failed here")
    };
    stage.pair.wait_for("both to give up", 10 * SECOND, |p| {
        failed(p, A) && failed(p, B)
    });
    let starts = |node| {
        let calls = fs::read_to_string(stage.file(node, "web.calls")).unwrap_or_default();
        calls.lines().filter(|call| *call == "start").count()
    };
    let before = [starts(A), starts(B)];
    sleep(5 * SECOND);
    assert_eq!(
        [starts(A), starts(B)],
        before,
        "no busy loop\n{}",
        stage.pair.story()
    );
    assert!(!stage.pair.holds(A) && !stage.pair.holds(B));
    // Ten seconds after, by itself; still bad there, so the next wait is longer.
    stage
        .pair
        .wait_for("another try", 12 * SECOND, |_| starts(B) > before[1]);
    stage
        .pair
        .wait_for("it to fail", 5 * SECOND, |p| failed(p, B));
    fs::remove_file(&bad[B]).unwrap();
    stage.clear(B);
    stage.serves("B to serve at once", B);
}

fn hangs() {
    let Some(stage) = Stage::new(
        "hangs",
        "auto_failback off\nbcast eth0\n\
         group IPaddr2::10.77.0.100/24/eth0 resource web timeout 9 monitor 1\n",
    ) else {
        return;
    };
    let hang = stage.file(A, "hang");
    // Asked every second or so, each time for three seconds: the second one counts.
    fs::write(&hang, "").unwrap();
    let begun = Instant::now();
    stage.pair.wait_for("the second limit", 20 * SECOND, |p| {
        p.story().matches("web status: took too long").count() >= 2
    });
    assert!(begun.elapsed() > 6 * SECOND, "{:?}", begun.elapsed());
    fs::remove_file(&hang).unwrap();
    let again = "held: a resource of it was found dead";
    stage.pair.wait_for("it to run again", 15 * SECOND, |p| {
        p.story().contains(again)
    });
    fs::write(&hang, "").unwrap();
    let asked = |p: &Pair| {
        let tasks = format!("/proc/{0}/task/{0}/children", p.pid(A));
        fs::read_to_string(tasks).is_ok_and(|children| !children.is_empty())
    };
    stage.pair.wait_for("a status to hang", 5 * SECOND, asked);
    let begun = Instant::now();
    assert!(stage.pair.command(A, &["standby"]).status.success());
    stage.serves("B to have it", B);
    assert!(
        begun.elapsed() < 2 * SECOND,
        "{:?}\n{}",
        begun.elapsed(),
        stage.pair.story()
    );
    stage
        .pair
        .wait_for("no child to be left", 5 * SECOND, |p| !asked(p));
}

fn stuck() {
    let Some(stage) = Stage::new(
        "stuck",
        "auto_failback off\nbcast eth0\ngroup IPaddr2::10.77.0.100/24/eth0 timeout 3\n",
    ) else {
        return;
    };
    let stuck = stage.file(A, "stuck");
    fs::write(&stuck, "").unwrap();
    assert!(
        stage
            .pair
            .command(A, &["standby", "--no-wait"])
            .status
            .success()
    );
    // Asked to end after 3 s, killed after 5 s more, with all of its process group.
    stage.pair.wait_for("A to give up", 30 * SECOND, |p| {
        p.story().contains("stop-failed: it did not stop")
    });
    assert!(
        stage
            .pair
            .story()
            .contains("web stop: took too long and was killed")
    );
    sleep(SECOND);
    assert!(!stage.pair.holds(B), "{}", stage.pair.story());
    let children = format!("/proc/{0}/task/{0}/children", stage.pair.pid(A));
    assert_eq!(
        fs::read_to_string(children).unwrap(),
        "",
        "nothing is left of it"
    );
    // Said too early: it is looked at, and stays.
    let calls = || fs::read_to_string(stage.file(A, "web.calls")).unwrap();
    let before = calls().len();
    stage.clear(A);
    stage
        .pair
        .wait_for("a look at it", 15 * SECOND, |_| calls().len() > before);
    sleep(SECOND);
    assert!(stage.status(A, &["status"]).contains("stop-failed here"));
    fs::remove_file(&stuck).unwrap();
    let pid = Stage::served_by(&stage.pair, A).unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    // On a loaded machine it takes its time to die.
    stage.pair.wait_for("it to be dead", 15 * SECOND, |p| {
        Stage::served_by(p, A).is_none()
    });
    stage.clear(A);
    stage.serves("B to have it", B);
    assert!(stage.status(A, &["status"]).contains("this node, healthy"));
}

/// With a program in the place of procd's `rc.common` that answers as its does: there is no procd here.
fn procd() {
    if !Path::new("/etc/init.d").is_dir() {
        return println!("SKIPPED: a_service_of_procd_is_judged_by_its_words: no /etc/init.d");
    }
    let none: Option<&str> = None;
    fs::create_dir("/run/init.d").unwrap();
    mount(
        Some("/run/init.d"),
        "/etc/init.d",
        none,
        MsFlags::MS_BIND,
        none,
    )
    .unwrap();
    fs::write("/run/rc.common", RC_COMMON).unwrap();
    fs::write(
        "/etc/init.d/dhcpd",
        "#!/bin/sh /run/rc.common\nUSE_PROCD=1\n",
    )
    .unwrap();
    fs::write(
        "/etc/init.d/rules",
        "#!/bin/sh /run/rc.common\nUSE_PROCD=1\n",
    )
    .unwrap();
    fs::write("/etc/init.d/old", "#!/bin/sh /run/rc.common\n").unwrap();
    for name in ["dhcpd", "rules", "old"] {
        let path = Path::new("/etc/init.d").join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut pair = Pair::new(&Settings {
        resources: "IPaddr2::10.77.0.100/24/eth0 old rules dhcpd",
        directives: "auto_failback on\nbcast eth0\nmonitor 1\n",
        ..Settings::default()
    });
    pair.start(A);
    pair.wait_for("A to serve", 10 * SECOND, |p| {
        p.holds(A) && p.story().contains("held")
    });
    let calls = || fs::read_to_string("/run/procd.calls").unwrap();
    assert!(Path::new("/run/procd.dhcpd").exists(), "{}", calls());
    // Not up at once, without a program, without a status: none of that is a death.
    sleep(4 * SECOND);
    assert!(
        !pair.story().contains("found dead"),
        "{}\n{}",
        calls(),
        pair.story()
    );
    assert!(calls().matches("dhcpd status").count() >= 3, "{}", calls());
    fs::write("/run/procd.dhcpd", "crashed").unwrap();
    pair.wait_for("it to be found", 10 * SECOND, |p| {
        p.story().contains("found dead")
    });
    pair.wait_for("it to run", 10 * SECOND, |_| {
        fs::read_to_string("/run/procd.dhcpd").is_ok_and(|state| state != "crashed")
    });
    assert!(pair.terminate(A).success());
    for name in ["dhcpd", "rules"] {
        assert!(
            !Path::new("/run/procd.")
                .with_file_name(format!("procd.{name}"))
                .exists()
        );
    }
}

/// What matters of it: `start` registers and returns, `stop` forgets, `status` says what is registered.
/// A script without procd has no `status` and prints its usage.
const RC_COMMON: &str = "name=${1##*/}; verb=${2:-help}; state=/run/procd.$name
echo $name $verb >> /run/procd.calls
. $1
case $USE_PROCD$verb in
1start) case $name in rules) echo none > $state ;; *) date +%s > $state ;; esac ;;
1stop) rm -f $state ;;
1status)
  [ -e $state ] || { echo inactive; exit 3; }
  read said < $state
  case $said in none) echo 'active with no instances'; exit 0 ;;
  crashed) echo 'not running'; exit 5 ;; *) echo running; exit 0 ;; esac ;;
start | stop) ;;
*) echo \"Syntax: $1 [command]\" ;;
esac
";

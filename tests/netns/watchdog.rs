//! The watchdog: who kicks it, and when no longer. `stand_in` takes the place of the device.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::signal::Signal;

use super::stand_in::StandIn;
use crate::lab::own_proc;
use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    (
        "the_watchdog_is_kicked_at_its_third_and_left_armed_by_a_killed_agent",
        kicked,
    ),
    (
        "the_watchdog_is_stopped_after_everything_else_and_no_script_has_it",
        stopped,
    ),
    ("the_watchdog_of_a_frozen_agent_expires", frozen),
    (
        "the_watchdog_expires_after_a_stop_that_failed_when_all_else_was_handed_over",
        stop_failed,
    ),
    (
        "the_next_watchdog_is_taken_where_the_first_is_busy",
        next_one,
    ),
    (
        "procd_lends_its_watchdog_and_has_it_back_in_the_end",
        borrowed,
    ),
    (
        "no_group_is_taken_without_a_watchdog_that_is_required",
        required,
    ),
    ("a_watchdog_that_cannot_be_stopped_or_set_is_said", stubborn),
];

const SECOND: Duration = Duration::from_secs(1);
const SCRIPT_AND_ADDRESS: &str = "service::one\nnodea IPaddr2::10.77.0.100/24/eth0";

/// A pair with a stand-in on A, and with these words behind `watchdog`; `%` is the stand-in's
/// folder. `None` where there can be no stand-in.
fn pair(resources: &'static str, words: &str, options: &[&str]) -> Option<(Pair, StandIn)> {
    let pair = Pair::new(&Settings {
        directives: "auto_failback off\nbcast eth0\n",
        resources,
        ..Settings::default()
    });
    let folder = &pair.nodes[A].folder;
    let line = words.replace('%', folder.to_str().expect("our own name"));
    for node in [A, B] {
        let file = pair.nodes[node].folder.join("ha.d/ha.cf");
        let mut file = OpenOptions::new().append(true).open(file).expect("ours");
        // B has none.
        let line = if node == A { &line } else { "" };
        file.write_all(line.as_bytes()).expect("ours");
    }
    match StandIn::new(folder, "watchdog", options) {
        Ok(stand_in) => Some((pair, stand_in)),
        Err(why) => {
            println!("netns: a test of the watchdog SKIPPED: {why}");
            None
        }
    }
}

fn status(pair: &Pair, node: usize, words: &[&str]) -> String {
    let out = pair.command(node, words);
    String::from_utf8(out.stdout).expect("UTF-8")
}

fn kicked() {
    let words = "watchdog %/watchdog\n";
    let Some((mut pair, dog)) = pair("IPaddr2::10.77.0.100/24/eth0", words, &[]) else {
        return;
    };
    pair.start_both();
    sleep(2 * SECOND);
    let story = pair.story();
    assert!(
        story.contains("watchdog: Stand-in, armed with 1s"),
        "{story}"
    );
    let json = status(&pair, A, &["status", "--json"]);
    assert!(
        json.contains(r#"watchdog","identity":"Stand-in","timeout_s":1,"kicked":true"#),
        "{json}"
    );
    pair.kill(A);
    let spaces = dog.spaces();
    let long = spaces.iter().filter(|space| **space > 0.45).count();
    assert!(
        spaces.len() >= 4 && spaces.iter().all(|space| *space > 0.2) && long <= 1,
        "{spaces:?}\n{story}"
    );
    dog.wait_for("EXPIRED", 2 * SECOND, String::new);
    assert!(dog.saw("LEFT") && !dog.saw("STOPPED"), "{}", dog.story());
}

fn stopped() {
    let words = "watchdog %/watchdog\n";
    let Some((mut pair, dog)) = pair("service::one", words, &["--beside", "/run/served"]) else {
        return;
    };
    let script = "#!/bin/sh
case \"$2\" in
start) ls -l /proc/$$/fd > /run/descriptors; : > /run/served ;;
stop) sleep 0.3; rm -f /run/served ;;
status) if [ -e /run/served ]; then echo running; else echo stopped; fi ;;
esac
";
    fs::write(pair.nodes[A].folder.join("ha.d/resource.d/service"), script).expect("ours");
    pair.start(A);
    dog.wait_for("KICK beside", 4 * SECOND, || pair.story());
    let status = pair.terminate(A);
    assert!(status.success(), "{status}\n{}", pair.story());
    dog.wait_for("STOPPED", SECOND, || pair.story());
    let events = dog.events();
    let (_, last) = events.last().expect("it stopped");
    assert_eq!(last, "STOPPED", "beside a service\n{}", dog.story());
    assert!(
        dog.saw("SET 60"),
        "as it was before, for the next\n{}",
        dog.story()
    );
    if own_proc() {
        let descriptors = fs::read_to_string("/run/descriptors").expect("written");
        assert!(!descriptors.contains("watchdog"), "{descriptors}");
    }
}

fn frozen() {
    let words = "watchdog %/watchdog\n";
    let Some((mut pair, dog)) = pair("IPaddr2::10.77.0.100/24/eth0", words, &[]) else {
        return;
    };
    pair.start_both();
    pair.signal(A, Signal::SIGSTOP);
    dog.wait_for("EXPIRED", 3 * SECOND, || pair.story());
}

fn stop_failed() {
    let words = "watchdog %/watchdog\n";
    let Some((mut pair, dog)) = pair(SCRIPT_AND_ADDRESS, words, &[]) else {
        return;
    };
    let script = "#!/bin/sh\n[ \"$2\" = status ] && echo running\n[ \"$2\" = start ]\n";
    pair.start_both();
    fs::write(pair.nodes[A].folder.join("ha.d/resource.d/service"), script).expect("ours");
    pair.command(A, &["standby", "service::one"]);
    // It is tried ten times first, once a second.
    pair.wait_for("the address to be handed over", 15 * SECOND, |p| {
        p.holds(B) && !p.holds(A)
    });
    assert!(!dog.saw("EXPIRED"), "{}\n{}", dog.story(), pair.story());
    dog.wait_for("EXPIRED", 3 * SECOND, || pair.story());
    let text = status(&pair, A, &["status"]);
    assert!(text.contains("no longer kicked"), "{text}");
    // The end of the agent does not save a machine that has to be reset.
    pair.terminate(A);
    assert!(dog.saw("LEFT") && !dog.saw("STOPPED"), "{}", dog.story());
    assert!(pair.story().contains("left armed"), "{}", pair.story());
}

fn next_one() {
    let words = "watchdog %/watchdog %/second\nwatchdog %/third\n";
    let Some((mut pair, first)) = pair("IPaddr2::10.77.0.100/24/eth0", words, &[]) else {
        return;
    };
    let second = StandIn::new(&pair.nodes[A].folder, "third", &[]).expect("as the first");
    let holder = OpenOptions::new().write(true).open(&first.path);
    pair.start(A);
    second.wait_for("KICK", 3 * SECOND, || pair.story());
    assert!(!first.saw("KICK"), "{}", first.story());
    let story = pair.story();
    assert!(
        story.contains("watchdog: Device or resource busy")
            && story.contains("second: No such file"),
        "{story}"
    );
    let text = status(&pair, A, &["status"]);
    assert!(text.contains("third Stand-in, 1 s, kicked"), "{text}");
    drop(holder);
}

/// `ubus` is a script that ends the holder; the real one asks procd to close the device.
fn borrowed() {
    let words = "watchdog %/watchdog\n";
    let Some((mut pair, dog)) = pair("IPaddr2::10.77.0.100/24/eth0", words, &[]) else {
        return;
    };
    let place = "/usr/local/sbin";
    let none = None::<&str>;
    if mount(none, place, Some("tmpfs"), MsFlags::empty(), none).is_err() {
        println!("netns: procd_lends_its_watchdog SKIPPED: nothing can be mounted on {place}");
        return;
    }
    let device = OpenOptions::new()
        .write(true)
        .open(&dog.path)
        .expect("it is free");
    let mut holder = Command::new("sleep")
        .arg("100")
        .stdin(Stdio::null())
        .stdout(device)
        .spawn()
        .expect("there is a sleep");
    let ubus = format!(
        "#!/bin/sh\necho \"$*\" >> {place}/asked\ncase \"$4\" in *true*true*) kill {}; sleep 0.1 ;; esac\n",
        holder.id()
    );
    let file = format!("{place}/ubus");
    fs::write(&file, ubus).expect("our own folder");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&file, mode).expect("our own file");
    pair.start(A);
    holder.wait().expect("our own child");
    dog.wait_for("KICK", 8 * SECOND, || pair.story());
    pair.terminate(A);
    let read = || fs::read_to_string(format!("{place}/asked")).unwrap_or_default();
    // The last one was begun, and not waited for.
    pair.wait_for("procd to be asked again", 4 * SECOND, |_| {
        read().lines().count() == 2
    });
    let asked = read();
    let _ = umount2(place, MntFlags::MNT_DETACH);
    let asked: Vec<&str> = asked.lines().collect();
    assert_eq!(
        asked,
        [
            r#"call system watchdog {"magicclose":true,"stop":true}"#,
            r#"call system watchdog {"stop":false}"#
        ],
        "{}",
        pair.story()
    );
    assert!(dog.saw("STOPPED"), "{}", dog.story());
}

fn required() {
    let words = "watchdog %/nothing required\n";
    let mut pair = Pair::new(&Settings::default());
    for node in [A, B] {
        let folder = pair.nodes[node].folder.clone();
        let line = words.replace('%', folder.to_str().expect("our own name"));
        let mut file = OpenOptions::new()
            .append(true)
            .open(folder.join("ha.d/ha.cf"))
            .expect("ours");
        file.write_all(line.as_bytes()).expect("ours");
        pair.start(node);
    }
    sleep(2 * SECOND);
    assert!(!pair.holds(A) && !pair.holds(B), "{}", pair.story());
    let text = status(&pair, A, &["status"]);
    assert!(
        text.contains("no watchdog is armed here and one is required"),
        "{text}"
    );
    let story = pair.story();
    assert!(story.contains("no groups are taken"), "{story}");
}

fn stubborn() {
    let words = "watchdog %/watchdog\n";
    let options = ["--nowayout", "--fixed", "--timeout", "2"];
    let Some((mut pair, dog)) = pair("IPaddr2::10.77.0.100/24/eth0", words, &options) else {
        return;
    };
    pair.start(A);
    dog.wait_for("KICK", 3 * SECOND, || pair.story());
    pair.terminate(A);
    dog.wait_for("EXPIRED", 4 * SECOND, || pair.story());
    let story = pair.story();
    for said in [
        "armed with 2s, not below deadtime",
        "; nowayout is not known",
        "closed: if it goes on and nobody kicks it, this machine is reset",
    ] {
        assert!(story.contains(said), "no {said}\n{story}");
    }
}

//! Scripts that die, hang and talk nonsense while they are watched.

use std::fs;

use twinbeat::config::Care;

use super::*;
use crate::resource::stage::{Stage, children};
use crate::sandbox::{self, now};

/// A service of its own name that leaves a trace of each call.
const SERVICE: &str = "me=${0##*/}; echo $me $1 >> calls
case $1 in start) : > $me ;; stop) rm -f $me ;;
status) [ -e $me ] && echo running || echo stopped ;; esac";

/// Each script is watched every second; a status may take 0.5 s, a stop 1.5 s.
fn stage(haresources: &str, scripts: &[(&str, &str)]) -> Stage {
    Stage::with(haresources, scripts, |config| {
        config.monitor = seconds(1);
        let care = Care {
            timeout: Some(Duration::from_millis(1500)),
            monitor: None,
        };
        config.care.push((0, care)).unwrap();
    })
}

/// Turns of a loop with beats in them, for so long or until something was found dead.
fn watch(stage: &mut Stage, span: Duration) -> Option<usize> {
    let until = now().after(span);
    while now() < until {
        let (woke, _) = (stage.reactor).sleep(&[], now().after(Duration::from_millis(100)));
        stage.resources.watch(woke);
        stage.reactor.run_tasks();
        let interfaces = &stage.interfaces;
        assert_eq!(stage.resources.poll_done(woke, false, interfaces), None);
        if let Some(group) = stage.resources.poll_dead() {
            return Some(group.index());
        }
    }
    None
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn restart(stage: &mut Stage, group: usize) -> Outcome {
    let group = GroupId::new(group).unwrap();
    let begun = stage.resources.restart(now(), group, &stage.interfaces);
    begun.unwrap_or_else(|| stage.end())
}

#[test]
fn what_died_is_started_again_with_all_to_its_right_and_nothing_to_its_left() {
    sandbox::run(|| {
        let scripts = ["left", "middle", "right"].map(|name| (name, SERVICE));
        let mut stage = stage("alpha left middle right\n", &scripts);
        assert_eq!(stage.start(0), Outcome::Running);
        assert_eq!(watch(&mut stage, seconds(1)), None);
        fs::remove_file(stage.folder.join("middle")).unwrap();
        assert_eq!(watch(&mut stage, seconds(5)), Some(0));
        fs::remove_file(stage.folder.join("calls")).unwrap();
        assert_eq!(restart(&mut stage, 0), Outcome::Running);
        assert_eq!(
            stage.file("calls").unwrap(),
            "right stop\nmiddle stop\nmiddle status\nmiddle start\nright status\nright start\n"
        );
        assert_eq!(watch(&mut stage, seconds(2)), None);
        // Nothing is asked any more of what was stopped.
        assert_eq!(stage.stop(0), Outcome::Stopped);
        fs::remove_file(stage.folder.join("calls")).unwrap();
        assert_eq!(watch(&mut stage, seconds(2)), None);
        assert_eq!(stage.file("calls"), None);
    });
}

#[test]
fn a_stop_does_not_wait_for_a_status_that_hangs_and_does_not_hear_of_its_end() {
    sandbox::run(|| {
        let hangs = "case $1 in status) [ ! -e hang ] || sleep 100; echo running;; esac";
        let mut stage = stage(
            "alpha other hangs\n",
            &[("other", SERVICE), ("hangs", hangs)],
        );
        assert_eq!(stage.start(0), Outcome::Running);
        fs::write(stage.folder.join("hang"), "").unwrap();
        assert_eq!(watch(&mut stage, seconds(1)), None);
        assert!(!children().is_empty(), "it is being asked");
        let began = now();
        assert_eq!(stage.stop(0), Outcome::Stopped);
        assert!(now().since(began) < seconds(3));
        assert_eq!(watch(&mut stage, seconds(1)), None);
        assert_eq!(children(), "");
    });
}

#[test]
fn a_status_that_takes_too_long_counts_the_second_time() {
    sandbox::run(|| {
        let hangs = "case $1 in status) echo x >> asked
[ ! -e once ] || { rm once; sleep 100; }; [ ! -e always ] || sleep 100; echo running;; esac";
        let mut stage = stage("alpha hangs\n", &[("hangs", hangs)]);
        assert_eq!(stage.start(0), Outcome::Running);
        for _ in 0..2 {
            fs::write(stage.folder.join("once"), "").unwrap();
            assert_eq!(watch(&mut stage, seconds(3)), None);
            assert_eq!(stage.file("once"), None, "it was asked");
        }
        fs::write(stage.folder.join("always"), "").unwrap();
        fs::remove_file(stage.folder.join("asked")).unwrap();
        assert_eq!(watch(&mut stage, seconds(9)), Some(0));
        assert_eq!(stage.file("asked").unwrap(), "x\nx\n");
    });
}

#[test]
fn a_script_that_knows_no_status_is_not_found_dead_and_one_that_is_gone_neither() {
    sandbox::run(|| {
        let knows = "case $1 in start|stop) ;; *) echo \"Usage: $0 start|stop\"; exit 1;; esac";
        let mut stage = stage(
            "alpha knows\nalpha gone Delay::0\n",
            &[("knows", knows), ("gone", SERVICE)],
        );
        assert_eq!(
            (stage.start(0), stage.start(1)),
            (Outcome::Running, Outcome::Running)
        );
        fs::remove_file(stage.folder.join("resource.d/gone")).unwrap();
        assert_eq!(watch(&mut stage, seconds(4)), None);
    });
}

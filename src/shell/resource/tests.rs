//! Sequences with real scripts and a real kernel, in a namespace and with descriptors of their own.

use std::fs;

use super::stage::{SECOND, Stage, children, put};
use super::*;
use crate::sandbox::{self, ip, ip_says, now};

fn descriptors() -> usize {
    fs::read_dir("/proc/thread-self/fd").unwrap().count()
}

/// A service that leaves a trace of each call.
const SERVICE: &str = "echo $* >> calls
case $1 in start) : > running ;; stop) rm -f running ;;
status) [ -e running ] && echo running || echo stopped ;; esac";

#[test]
fn whatever_a_script_does_the_loop_goes_on_and_nothing_is_left() {
    sandbox::run(|| {
        let stopped = "case $1 in status) echo stopped; exit;; stop) exit 0;; esac;";
        let faults: [(&str, String, Outcome); 8] = [
            ("fails", format!("{stopped} exit 1"), Outcome::StartFailed),
            (
                "hangs",
                format!("{stopped} sleep 100"),
                Outcome::StartFailed,
            ),
            (
                "forks",
                format!("{stopped} sleep 3 & exit 0"),
                Outcome::Running,
            ),
            (
                "stubborn",
                format!("{stopped} trap '' TERM; sleep 1 & wait; sleep 100"),
                Outcome::StartFailed,
            ),
            (
                "talks",
                format!("{stopped} head -c 2000000 /dev/zero | tr '\\0' 'x'; exit 0"),
                Outcome::Running,
            ),
            (
                "vanishes",
                format!("{stopped} rm -f resource.d/vanishes; exit 0"),
                Outcome::Running,
            ),
            (
                "lacks",
                format!("{stopped} no-such-program"),
                Outcome::StartFailed,
            ),
            (
                "dies",
                format!("{stopped} kill -9 $$"),
                Outcome::StartFailed,
            ),
        ];
        let lines: String = faults
            .iter()
            .map(|(name, ..)| format!("alpha {name}\n"))
            .collect();
        let scripts: Vec<_> = faults
            .iter()
            .map(|(name, body, _)| (*name, body.as_str()))
            .collect();
        let mut stage = Stage::new(&lines, &scripts);
        let before = descriptors();
        for (group, (name, _, outcome)) in faults.iter().enumerate() {
            assert_eq!(stage.start(group), *outcome, "{name}");
            assert_eq!(children(), "", "{name}");
            assert_eq!(descriptors(), before, "{name}");
        }
        assert!(stage.longest < SECOND, "a turn took {}", stage.longest);
    });
}

#[test]
fn what_runs_already_is_left_alone_and_taken_over() {
    sandbox::run(|| {
        let mut stage = Stage::new("alpha service\n", &[("service", SERVICE)]);
        assert_eq!(stage.check(0), Outcome::Stopped);
        put(&stage.folder.join("running"), "", 0o600);
        assert_eq!(stage.check(0), Outcome::Running);
        assert_eq!(stage.start(0), Outcome::Running);
        assert_eq!(stage.stop(0), Outcome::Stopped);
        assert_eq!(
            stage.file("calls").unwrap(),
            "status\nstatus\nstatus\nstop\n"
        );
    });
}

#[test]
fn a_stop_that_fails_is_tried_again_each_second() {
    sandbox::run(|| {
        let body = "[ $1 != status ] || { [ -e 3 ] && echo stopped || echo running; exit; }
[ $1 = stop ] || exit 0; for n in 1 2 3; do [ -e $n ] || { : > $n; exit 1; }; done";
        let mut stage = Stage::new("alpha late\n", &[("late", body)]);
        assert_eq!(stage.start(0), Outcome::Running);
        let began = now();
        assert_eq!(stage.stop(0), Outcome::Stopped);
        assert!(now().since(began) >= SECOND.scaled(2, 1));
        assert!(stage.file("3").is_some());
    });
}

#[test]
fn a_script_deleted_under_its_service_counts_as_not_stopped() {
    sandbox::run(|| {
        let mut stage = Stage::new("alpha service\n", &[("service", SERVICE)]);
        let script = stage.folder.join("resource.d/service");
        // Never started, it is none's.
        let text = fs::read_to_string(&script).unwrap();
        fs::remove_file(&script).unwrap();
        assert_eq!(stage.check(0), Outcome::Stopped);
        assert_eq!(stage.start(0), Outcome::StartFailed);
        assert_eq!(stage.stop(0), Outcome::Stopped);
        put(&script, &text, 0o755);
        assert_eq!(stage.start(0), Outcome::Running);
        fs::remove_file(&script).unwrap();
        assert_eq!(stage.stop(0), Outcome::StopFailed);
        // Back again, it is stopped after all.
        put(&script, &text, 0o755);
        assert_eq!(stage.stop(0), Outcome::Stopped);
        assert!(stage.file("running").is_none());
    });
}

#[test]
fn groups_act_side_by_side_and_never_more_than_eight_at_once() {
    sandbox::run(|| {
        let body = "[ $1 = start ] || exit 0; mkdir -p here; : > here/$$
ls here | wc -l >> counts; sleep 0.4; ls here | wc -l >> counts; rm here/$$";
        let names: Vec<String> = (0..14).map(|n| format!("s{n}")).collect();
        let lines: String = names.iter().map(|name| format!("alpha {name}\n")).collect();
        let scripts: Vec<_> = names.iter().map(|name| (name.as_str(), body)).collect();
        let mut stage = Stage::new(&lines, &scripts);
        for group in 0..names.len() {
            let id = GroupId::new(group).unwrap();
            assert_eq!(
                stage.resources.start(now(), id, false, &stage.interfaces),
                None
            );
        }
        for _ in &names {
            // The limits here are short, and time waiting for a turn does not count.
            let _ = stage.end();
        }
        let counts = stage.file("counts").unwrap();
        let most = counts
            .lines()
            .map(|n| n.trim().parse::<u32>().unwrap())
            .max();
        assert!((2..=8).contains(&most.unwrap()), "{counts}");
        assert_eq!(children(), "");
    });
}

#[test]
fn a_pause_takes_its_time_without_a_process() {
    sandbox::run(|| {
        let mut stage = Stage::new("alpha Delay::1::0\n", &[]);
        assert_eq!(
            stage.stop(0),
            Outcome::Stopped,
            "what never began ends at once"
        );
        let began = now();
        let id = GroupId::new(0).unwrap();
        assert_eq!(
            stage.resources.start(began, id, false, &stage.interfaces),
            None
        );
        assert_eq!(stage.end(), Outcome::Running);
        assert!(now().since(began) >= SECOND);
        assert_eq!(stage.stop(0), Outcome::Stopped);
    });
}

#[test]
fn a_route_is_there_on_the_holder_only_and_before_what_others_made() {
    sandbox::run(|| {
        sandbox::cable("eth0");
        ip("addr add 192.0.2.1/24 dev eth0");
        ip("route add default via 192.0.2.254");
        ip("route add 10.8.0.0/16 via 192.0.2.7 proto 84");
        let route = || ip_says("route get 198.51.100.1");
        let mut stage = Stage::new(
            "alpha Route::default::via::192.0.2.253 Route::10.8.0.0/16::via::192.0.2.7\n",
            &[],
        );
        assert!(
            !ip_says("route").contains("10.8.0.0"),
            "left by an earlier run"
        );
        assert_eq!(stage.start(0), Outcome::Running);
        assert!(route().contains("via 192.0.2.253"), "{}", route());
        assert!(ip_says("route").contains("10.8.0.0/16 via 192.0.2.7"));
        // Flushed and back again.
        ip("link set eth0 down");
        ip("link set eth0 up");
        stage.interfaces.update();
        stage
            .resources
            .holding()
            .on_interfaces(now(), &stage.interfaces);
        assert!(route().contains("via 192.0.2.253"), "{}", route());
        ip("route append default via 192.0.2.254");
        assert_eq!(stage.stop(0), Outcome::Stopped);
        assert!(route().contains("via 192.0.2.254"), "{}", route());
        assert!(!ip_says("route").contains("10.8.0.0"));
    });
}

#[test]
fn a_preferred_source_goes_with_its_address_and_leaves_the_default_route() {
    sandbox::run(|| {
        sandbox::cable("eth0");
        ip("addr add 192.0.2.1/24 dev eth0");
        ip("addr add 2001:db8::1/64 dev eth0 nodad");
        ip("route add default via 192.0.2.254");
        ip("route add default via 2001:db8::fe");
        let source = |of: &str| {
            let said = ip_says(&format!("route get {of}"));
            let mut words = said.split_whitespace().skip_while(|word| *word != "src");
            words.nth(1).unwrap_or_default().to_owned()
        };
        let mut stage = Stage::new(
            "alpha 192.0.2.9/24 2001:db8::9/64 IPsrcaddr::192.0.2.9 IPsrcaddr::2001:db8::9\n",
            &[],
        );
        assert_eq!(stage.start(0), Outcome::Running);
        assert_eq!(source("198.51.100.1"), "192.0.2.9");
        assert_eq!(source("2001:db9::1"), "2001:db8::9");
        // As when its lease ends.
        ip("addr del 192.0.2.9/32 dev eth0");
        assert_eq!(source("198.51.100.1"), "192.0.2.1");
        ip("addr add 192.0.2.9/32 dev eth0");
        stage.interfaces.update();
        stage
            .resources
            .holding()
            .on_interfaces(now(), &stage.interfaces);
        assert_eq!(source("198.51.100.1"), "192.0.2.9");
        assert_eq!(stage.stop(0), Outcome::Stopped);
        assert_eq!(source("198.51.100.1"), "192.0.2.1");
        assert_ne!(source("2001:db9::1"), "2001:db8::9");
        assert_eq!(ip_says("-6 route show default").lines().count(), 1);
        // Without a default route there is nothing to prefer it on.
        ip("route del default");
        assert_eq!(stage.start(0), Outcome::StartFailed);
    });
}

#[test]
fn an_interface_is_up_on_the_holder_and_down_elsewhere() {
    sandbox::run(|| {
        sandbox::cable("wan");
        let up = || ip_says("link show wan").contains(",UP");
        let mut stage = Stage::new("alpha Link::wan\nalpha Link::missing\n", &[]);
        assert!(!up(), "down before the first beat");
        assert_eq!(stage.start(0), Outcome::Running);
        assert!(up());
        ip("link set wan down");
        stage.interfaces.update();
        stage
            .resources
            .holding()
            .on_interfaces(now(), &stage.interfaces);
        assert!(up(), "somebody took it down");
        assert_eq!(stage.stop(0), Outcome::Stopped);
        assert!(!up());
        assert_eq!(stage.start(1), Outcome::StartFailed);
    });
}

#[test]
fn an_interface_of_a_service_that_may_run_on_is_left_until_that_is_known() {
    sandbox::run(|| {
        sandbox::cable("wan");
        let up = || ip_says("link show wan").contains(",UP");
        let mut stage = Stage::new("alpha Link::wan service\n", &[("service", SERVICE)]);
        put(&stage.folder.join("running"), "", 0o600);
        assert_eq!(stage.check(0), Outcome::Running);
        assert!(up());
        fs::remove_file(stage.folder.join("running")).unwrap();
        assert_eq!(stage.check(0), Outcome::Stopped);
        assert!(!up());
    });
}

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::task::{Context, Poll, Waker};

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::clock;

/// Runs `body` as a script and waits for its end in a loop as the program's.
fn finish(body: &str, verb: Verb, limit: Duration) -> Finished {
    let folder = crate::testing::folder();
    let path = folder.join("script");
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let reactor = Reactor::new();
    let result = Rc::new(RefCell::new(None));
    let (place, inner) = (Rc::clone(&result), reactor);
    reactor.spawn(async move {
        let job = Job {
            path: path.to_string_lossy().into_owned(),
            arguments: vec!["one".into(), "two words".into(), verb.word().into()],
            limit,
            level: verb.level(),
            label: "group g: script".into(),
            environment: Rc::new(["HA_CURHOST=alpha".into()]),
        };
        *place.borrow_mut() = Some(run_as(inner, job, &Cell::new(0)).await);
    });
    loop {
        reactor.run_tasks();
        if let Some(finished) = result.borrow_mut().take() {
            return finished;
        }
        reactor.sleep(&[], clock::now().after(Duration::from_secs(1)));
    }
}

#[test]
fn a_script_gets_its_arguments_and_a_small_environment() {
    sys::pass_on_nothing();
    let finished = finish(
        "echo \"$1|$2|$3|$#\"; env | sort | cut -d= -f1 | tr '\\n' ' '; ls /proc/self/fd | wc -l",
        Verb::Start,
        Duration::from_secs(5),
    );
    assert!(finished.succeeded());
    let lines: Vec<&str> = finished.said.lines().collect();
    assert_eq!(lines[0], "one|two words|start|3");
    // PWD and the like are the shell's own.
    for name in lines[1]
        .split_whitespace()
        .filter(|word| word.parse::<u32>().is_err())
    {
        assert!(
            ["HA_CURHOST", "LANG", "PATH", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name),
            "{name}"
        );
    }
    // 0, 1, 2 and the one ls opens.
    assert!(lines[1].ends_with(" 4"), "{}", lines[1]);
}

#[test]
fn a_script_that_takes_too_long_is_killed_with_its_children() {
    let marker = crate::testing::folder().join("marker");
    let began = clock::now();
    let finished = finish(
        &format!("(sleep 2; touch {}) & sleep 30", marker.display()),
        Verb::Start,
        Duration::from_millis(200),
    );
    assert!(matches!(finished.exit, Exit::TimedOut), "{finished:?}");
    assert!(clock::now().since(began) < Duration::from_secs(2));
    std::thread::sleep(std::time::Duration::from_millis(2300));
    assert!(!marker.exists());
}

#[test]
fn a_script_that_ignores_the_request_to_end_is_killed_after_a_grace() {
    let began = clock::now();
    let finished = finish(
        "trap '' TERM; while :; do sleep 1; done",
        Verb::Stop,
        Duration::from_millis(100),
    );
    assert!(matches!(finished.exit, Exit::TimedOut), "{finished:?}");
    let took = clock::now().since(began);
    assert!(
        took >= GRACE && took < GRACE.plus(Duration::from_secs(2)),
        "{took}"
    );
}

#[test]
fn a_script_that_has_left_its_process_group_is_killed_all_the_same() {
    let leave = "import os,time; os.setpgid(0, os.getpgid(os.getppid())); time.sleep(30)";
    let began = clock::now();
    let finished = finish(
        &format!("exec python3 -c '{leave}'"),
        Verb::Start,
        Duration::from_millis(700),
    );
    assert!(matches!(finished.exit, Exit::TimedOut), "{finished:?}");
    assert!(clock::now().since(began) < Duration::from_secs(3));
}

#[test]
fn a_program_left_in_the_background_does_not_hold_up_the_end() {
    let began = clock::now();
    let finished = finish("sleep 20 & exit 0", Verb::Start, Duration::from_secs(10));
    assert!(finished.succeeded());
    assert!(clock::now().since(began) < Duration::from_secs(5));
}

#[test]
fn endless_output_is_bounded_and_does_not_hold_up_the_limit() {
    let began = clock::now();
    let finished = finish("yes", Verb::Start, Duration::from_millis(300));
    assert!(matches!(finished.exit, Exit::TimedOut), "{finished:?}");
    assert!(finished.said.len() <= 1024);
    assert!(clock::now().since(began) < Duration::from_secs(3));
}

#[test]
fn a_script_begins_without_input_in_a_group_of_its_own_and_dies_of_a_broken_pipe() {
    let finished = finish(
        "readlink /proc/$$/fd/0; cut -d' ' -f1,5 /proc/$$/stat; grep SigIgn /proc/$$/status",
        Verb::Start,
        Duration::from_secs(5),
    );
    let words: Vec<&str> = finished.said.split_whitespace().collect();
    let [input, process, group, "SigIgn:", ignored] = words[..] else {
        panic!("{finished:?}");
    };
    assert_eq!((input, process), ("/dev/null", group));
    let ignored = u64::from_str_radix(ignored, 16).unwrap();
    assert_eq!(ignored & 1 << (Signal::SIGPIPE as u32 - 1), 0);
}

#[test]
fn a_script_killed_by_a_signal_says_by_which() {
    let limit = Duration::from_secs(5);
    // A real-time signal has a number and no name.
    for number in [9, 40] {
        let finished = finish(&format!("kill -{number} $$"), Verb::Start, limit);
        assert!(
            matches!(finished.exit, Exit::Signal(signal) if signal == number),
            "{number}: {finished:?}"
        );
    }
}

#[test]
fn a_script_that_cannot_be_run_is_an_end_of_its_own() {
    let folder = crate::testing::folder();
    let file = |name, mode| {
        let path = folder.join(name);
        fs::write(&path, "exit 0\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    for (path, why) in [
        (
            PathBuf::from("/nonexistent/script"),
            "No such file or directory",
        ),
        (file("shut", 0o644), "Permission denied"),
        (file("without-interpreter", 0o755), "Exec format error"),
    ] {
        let job = Job::new(&path.to_string_lossy(), &[], Duration::from_secs(1), "");
        let process = Cell::new(0);
        let mut context = Context::from_waker(Waker::noop());
        let begun = std::pin::pin!(run_as(Reactor::new(), job, &process)).poll(&mut context);
        let Poll::Ready(finished) = begun else {
            panic!("it waits for a script that cannot be run");
        };
        assert!(matches!(finished.exit, Exit::NotBegun(_)));
        let said = finished.exit.to_string();
        assert!(said.starts_with(&format!("cannot be run: {why}")), "{said}");
    }
}

//! The real program, as its operator meets it: started in a network namespace of its own, asked
//! and told by its control socket, stopped by signals.

#[path = "lab/alone.rs"]
mod namespace;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const PROGRAM: &str = env!("CARGO_BIN_EXE_twinbeat");

/// A configuration directory, and the program that runs on it.
struct Node {
    directory: PathBuf,
    running: Option<Child>,
}

/// Runs `story` on a node where its network is nobody else's.
fn alone(name: &str, story: impl FnOnce(Node) + Send) {
    namespace::alone(["v0", "v1"], || story(Node::new(name)));
}

impl Node {
    fn new(name: &str) -> Self {
        let folder = format!("twinbeat-control-{name}-{}", std::process::id());
        let directory = std::env::temp_dir().join(folder);
        let _ = fs::remove_dir_all(&directory);
        let node = Self {
            directory,
            running: None,
        };
        let path = node.directory.display();
        node.write(
            "ha.cf",
            "keepalive 50ms\ndeadtime 200ms\ninitdead 200ms\nbcast v0\nauto_failback on\n\
             node alpha beta\n",
        );
        node.write(
            "twinbeat.cf",
            &format!("rundir {path}/run\nstatedir {path}/state\n"),
        );
        node.write("nodeinfo", "alpha\n");
        node.write("haresources", "alpha 192.0.2.100/24\nalpha Service::one\n");
        node.write("authkeys", "auth 1\n1 sha1 a-key-of-some-length\n");
        node.script(
            "case $2 in start) touch $0.on;; stop) rm -f $0.on;; \
             status) [ -e $0.on ] && echo running || echo stopped;; esac",
        );
        node
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.directory.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn script(&self, body: &str) {
        self.write("resource.d/Service", &format!("#!/bin/sh\n{body}\n"));
        let path = self.directory.join("resource.d/Service");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn twinbeat(&self, words: &str) -> Output {
        Command::new(PROGRAM)
            .arg("-c")
            .arg(&self.directory)
            .args(words.split(' '))
            .output()
            .unwrap()
    }

    /// What it prints, given the exit code it should end with.
    fn says(&self, words: &str, exit: i32) -> String {
        let output = self.twinbeat(words);
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(code(&output), exit, "{words}: {said}");
        said
    }

    fn start(&mut self) {
        let log = fs::File::create(self.directory.join("stderr")).unwrap();
        let child = Command::new(PROGRAM)
            .args(["run", "-c"])
            .arg(&self.directory)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stderr(log)
            .spawn();
        self.running = Some(child.unwrap());
    }

    fn signal(&self, signal: Signal) {
        let child = self.running.as_ref().unwrap();
        kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
    }

    fn ended(&mut self) -> Option<i32> {
        let status = self.running.as_mut().unwrap().try_wait().unwrap()?;
        Some(status.code().expect("not killed"))
    }

    fn status(&self) -> String {
        String::from_utf8(self.twinbeat("status").stdout).unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("stderr")).unwrap()
    }

    fn has_address(&self) -> bool {
        let ip = Command::new("ip").args(["addr", "show"]).output().unwrap();
        String::from_utf8(ip.stdout)
            .unwrap()
            .contains("192.0.2.100/32")
    }

    fn service_runs(&self) -> bool {
        self.directory.join("resource.d/Service.on").exists()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(child) = &mut self.running {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        } else {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

/// Waits until it is so; fails after a while.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(10), "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn a_node_serves_hands_over_takes_back_and_leaves_nothing_behind() {
    alone("life", |mut node| {
        assert_eq!(code(&node.twinbeat("status")), 3);
        assert_eq!(code(&node.twinbeat("standby")), 3);
        node.start();
        until("both groups held", || {
            node.status().matches("held here").count() == 2
        });
        assert!(node.has_address() && node.service_runs());

        let json = String::from_utf8(node.twinbeat("status --json").stdout).unwrap();
        assert!(json.contains(r#"{"key":"Service::one","home":"alpha","state":"held""#));
        // Alone it still serves what it stands by for.
        assert_eq!(code(&node.twinbeat("standby")), 0);
        assert!(node.status().contains("stands by for it"));
        let saved = node.directory.join("state/standby");
        assert!(!saved.exists(), "that is for this life");
        let said = node.says("standby Service::one --persist", 0);
        assert_eq!(said, "Service::one: alpha serves it, as before\n");
        assert_eq!(fs::read_to_string(&saved).unwrap(), "Service::one\n");
        assert_eq!(code(&node.twinbeat("takeover all")), 0);
        until("forgotten", || {
            fs::read_to_string(&saved).is_ok_and(|text| text.is_empty())
        });
        let refused = node.twinbeat("takeover nothing-like-it");
        assert_eq!(code(&refused), 1);

        node.signal(Signal::SIGHUP);
        node.signal(Signal::SIGTERM);
        until("ended", || node.ended().is_some());
        assert_eq!(node.ended(), Some(0));
        assert!(!node.has_address() && !node.service_runs());
        assert!(!node.directory.join("run/control.sock").exists());
        assert_eq!(code(&node.twinbeat("status")), 3);
        assert!(
            node.log().contains("reading the configuration again"),
            "{}",
            node.log()
        );
    });
}

#[test]
fn a_second_run_is_refused_and_the_first_undisturbed() {
    alone("second", |mut node| {
        node.start();
        until("held", || node.has_address());
        let second = node.twinbeat("run");
        assert_eq!(code(&second), 1);
        let said = String::from_utf8(second.stderr).unwrap();
        assert!(said.contains("another twinbeat runs"), "{said}");
        assert!(node.status().contains("held here"));
        assert!(node.has_address());
    });
}

#[test]
fn a_script_that_does_not_start_leaves_nothing_of_its_group() {
    alone("failing", |mut node| {
        node.write("haresources", "alpha 192.0.2.100/24 Service::one\n");
        node.script("echo \"$2 $(printf 'no\\033[2Juse')\"; [ $2 != start ]");
        node.start();
        until("failed", || node.status().contains("start-failed here"));
        assert!(!node.has_address());
        let log = node.log();
        assert!(
            log.contains("group 192.0.2.100/24: Service: start no\\x1b[2Juse"),
            "{log}"
        );
        assert!(log.contains("Service start: exit code 1"), "{log}");
    });
}

#[test]
fn told_twice_to_stop_it_leaves_without_its_scripts_but_without_its_address() {
    alone("twice", |mut node| {
        node.script("case $2 in stop) sleep 30;; status) echo stopped;; esac");
        node.start();
        until("both groups held", || {
            node.status().matches("held here").count() == 2
        });
        node.signal(Signal::SIGTERM);
        until("stopping", || node.log().contains("Service::one: stopping"));
        assert_eq!(node.ended(), None);
        node.signal(Signal::SIGTERM);
        until("ended", || node.ended().is_some());
        assert!(!node.has_address());
    });
}

#[test]
fn a_killed_program_loses_its_address_and_the_next_one_cleans_up() {
    alone("killed", |mut node| {
        node.start();
        until("held", || node.has_address());
        node.signal(Signal::SIGKILL);
        let began = Instant::now();
        until("gone by itself", || !node.has_address());
        assert!(began.elapsed() < Duration::from_secs(3));
        node.running.take().unwrap().wait().unwrap();
        assert_eq!(code(&node.twinbeat("status")), 3);
        node.start();
        until("held again", || node.has_address());
    });
}

#[test]
fn a_stopped_reader_a_full_disk_and_a_missing_syslog_hold_nothing_up() {
    alone("log", |mut node| {
        node.write("haresources", "alpha 192.0.2.100/24\n");
        let ha_cf = fs::read_to_string(node.directory.join("ha.cf")).unwrap();
        let nowhere = "rundir RUN\nstatedir /proc/nowhere\n";
        let run = format!("{}/run", node.directory.display());
        node.write("twinbeat.cf", &nowhere.replace("RUN", &run));
        let more = "logfile /dev/full\ndebugfile /dev/full\nlogfacility daemon\n";
        node.write("ha.cf", &format!("{ha_cf}{more}"));
        let child = Command::new(PROGRAM)
            .args(["run", "-c"])
            .arg(&node.directory)
            .stderr(Stdio::piped())
            .spawn();
        node.running = Some(child.unwrap());
        until("held", || node.has_address());
        // Each is a line of 70 bytes; the pipe takes 64 kB, and nobody reads it.
        for _ in 0..3000 {
            node.signal(Signal::SIGHUP);
            std::thread::sleep(Duration::from_micros(200));
        }
        let began = Instant::now();
        assert!(node.status().contains("held here"));
        assert!(began.elapsed() < Duration::from_secs(1));
        assert!(node.has_address());
        fs::write(node.directory.join("stderr"), "").unwrap();
    });
}

#[test]
fn begun_without_streams_nothing_else_becomes_one_and_a_reader_that_leaves_kills_nobody() {
    let node = Node::new("streams");
    fs::create_dir_all(node.directory.join("run")).unwrap();
    let listener = UnixListener::bind(node.directory.join("run/control.sock")).unwrap();
    let mut child = Command::new("sh")
        .args(["-c", "exec \"$0\" -c \"$1\" status <&- >&- 2>&-", PROGRAM])
        .arg(&node.directory)
        .spawn()
        .unwrap();
    // It waits for an answer.
    let (asking, _) = listener.accept().unwrap();
    let kernel = format!("/proc/{}", child.id());
    for stream in 0..3 {
        let file = fs::read_link(format!("{kernel}/fd/{stream}")).unwrap();
        assert_eq!(file, Path::new("/dev/null"), "{stream}");
    }
    let status = fs::read_to_string(format!("{kernel}/status")).unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = u64::from_str_radix(ignored.unwrap().trim(), 16).unwrap();
    assert_ne!(ignored & 1 << (Signal::SIGPIPE as u32 - 1), 0);
    drop(asking);
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn without_root_it_says_which_capability_is_missing() {
    use std::os::unix::fs::chown;
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65534;
    alone("nobody", |node| {
        // A place that others may enter, whatever the build directory's permissions are.
        let program = node.directory.join("twinbeat");
        fs::copy(PROGRAM, &program).unwrap();
        for file in [
            "",
            "ha.cf",
            "twinbeat.cf",
            "haresources",
            "authkeys",
            "nodeinfo",
        ] {
            chown(node.directory.join(file), Some(NOBODY), None).unwrap();
        }
        let output = Command::new(program)
            .args(["run", "-c"])
            .arg(&node.directory)
            .uid(NOBODY)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr.clone()).unwrap();
        assert_eq!(code(&output), 1, "{said}");
        assert!(said.contains("CAP_NET_ADMIN, CAP_NET_RAW"), "{said}");
        assert!(said.contains("missing"), "{said}");
        assert!(!node.directory.join("run").exists(), "nothing was started");
    });
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_started() {
    alone("refused", |node| {
        let refused = |words: &str| code(&node.twinbeat(words));
        assert_eq!(refused("walk"), 2);
        assert_eq!(refused("run --json"), 2);
        node.write("nodeinfo", "gamma\n");
        assert_eq!((refused("run"), refused("check")), (1, 1));
        assert!(!Path::new(&node.directory).join("run").exists());
        assert!(!node.has_address());
    });
}

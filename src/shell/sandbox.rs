//! For tests: a network namespace of their own, with the kernel's real interfaces in it. It
//! belongs to the thread that made it and ends with it.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::Command;

use nix::sched::{CloneFlags, setns, unshare};
use nix::time::{ClockId, clock_gettime};
use twinbeat::time::{Duration, Instant};

/// Runs `test` in a fresh namespace; says so loudly and passes where that is not permitted.
pub(crate) fn run(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::spawn(|| {
        if let Err(error) = unshare(CloneFlags::CLONE_NEWNET) {
            eprintln!("SKIPPED: no network namespace of our own: {error}");
            return;
        }
        ip("link set lo up");
        test();
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// A second namespace: the other machine.
pub(crate) struct Elsewhere {
    here: File,
    there: File,
}

impl Elsewhere {
    pub(crate) fn new() -> Self {
        let present = || File::open("/proc/thread-self/ns/net").unwrap();
        let here = present();
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let elsewhere = Self {
            here,
            there: present(),
        };
        setns(&elsewhere.here, CloneFlags::CLONE_NEWNET).unwrap();
        elsewhere
    }

    /// Does something there; sockets opened there stay there.
    pub(crate) fn run<T>(&self, what: impl FnOnce() -> T) -> T {
        setns(&self.there, CloneFlags::CLONE_NEWNET).unwrap();
        let result = what();
        setns(&self.here, CloneFlags::CLONE_NEWNET).unwrap();
        result
    }

    /// Lays a cable between here and there, its ends up and of the same name.
    pub(crate) fn cable(&self, name: &str) {
        ip(&format!("link add {name} type veth peer name {name}-far"));
        let there = format!("/proc/{}/fd/{}", std::process::id(), self.there.as_raw_fd());
        ip(&format!("link set {name}-far netns {there}"));
        let up = || {
            ip(&format!("link set {name} addrgenmode none"));
            ip(&format!("link set {name} up"));
        };
        up();
        self.run(|| {
            ip(&format!("link set {name}-far name {name}"));
            up();
            settle(name);
        });
        settle(name);
    }
}

/// `ip` with these words, which must succeed.
pub(crate) fn ip(words: &str) {
    assert!(try_ip(words), "ip {words}");
}

/// Whether `ip` with these words succeeded.
pub(crate) fn try_ip(words: &str) -> bool {
    let status = Command::new("ip").args(words.split_whitespace()).status();
    status.expect("iproute2 is installed").success()
}

/// An interface that is up and has carrier: one end of a cable whose other end is named `NAME-far`.
/// Without IPv6 addresses of its own, which would come a second later.
pub(crate) fn cable(name: &str) {
    ip(&format!("link add {name} type veth peer name {name}-far"));
    for end in [name, &format!("{name}-far")] {
        ip(&format!("link set {end} addrgenmode none"));
        ip(&format!("link set {end} up"));
    }
    settle(name);
}

/// Waits for carrier: on a loaded machine the kernel says so up to a second late.
fn settle(name: &str) {
    let up = || ip_says(&format!("link show {name}")).contains("state UP");
    assert!(within(Duration::from_secs(5), up), "{name} has no carrier");
}

/// What `ip` prints.
pub(crate) fn ip_says(words: &str) -> String {
    let output = Command::new("ip").args(words.split_whitespace()).output();
    String::from_utf8(output.expect("iproute2 is installed").stdout).unwrap()
}

/// The clock of the tests.
pub(crate) fn now() -> Instant {
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).unwrap();
    let seconds = u64::try_from(time.tv_sec()).unwrap();
    let nanos = u64::try_from(time.tv_nsec()).unwrap();
    Instant::from_micros(seconds * 1_000_000 + nanos / 1000)
}

/// Calls `condition` every 2 ms until it is true; false when it was not within `limit`.
pub(crate) fn within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let until = now().after(limit);
    loop {
        if condition() {
            return true;
        }
        if now() > until {
            return false;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

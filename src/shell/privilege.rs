//! What the loop asks of the kernel so that it runs when it must: real-time priority, memory that
//! is not paged out, not to be killed when memory runs out. Each one refused is one line of the
//! log, and the service goes on. Children get nothing of it.
//!
//! Memory is locked only as far as it is used (`MCL_ONFAULT`), and only what is mapped once
//! everything is set up: a later allocation must not fail because of a limit on locked memory.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::prctl;
use nix::unistd::write;
use twinbeat::config::{Config, Resource as ConfigResource};

use crate::journal::{self, Level};
use crate::{files, sys};

/// How long the loop may run at real-time priority without sleeping once, in microseconds. After
/// that it becomes an ordinary process (`SIGXCPU`): the kernel worker that ends leases, and
/// everything else on a one-core board, must not starve for a flood of frames.
const LONGEST_RUN: u64 = 200_000;
/// The priority of the last victim when memory runs out; and everybody's own.
const OOM_SCORE: (&str, &str) = ("/proc/self/oom_score_adj", "-1000");

/// Whether children have to be given back what they would inherit.
static PROTECTED: AtomicBool = AtomicBool::new(false);
static REALTIME: AtomicBool = AtomicBool::new(false);

/// Capabilities that this configuration needs and this process does not have: their names.
pub(crate) fn missing(config: &Config) -> String {
    const KILL: u32 = 5;
    const SETGID: u32 = 6;
    const SETUID: u32 = 7;
    const NET_BIND_SERVICE: u32 = 10;
    const NET_ADMIN: u32 = 12;
    const NET_RAW: u32 = 13;

    // Without /proc the system calls themselves will tell.
    let Some(effective) = effective_capabilities() else {
        return String::new();
    };
    let addresses = config
        .resources
        .iter()
        .any(|resource| !matches!(resource, ConfigResource::Script(_)));
    // A serial line has port 0.
    let low_port = config
        .links
        .iter()
        .any(|link| (1..first_free_port()).contains(&link.port));
    let others = !config.companions.is_empty();
    let mut names = String::new();
    let mut need = |bit: u32, name: &str, needed: bool| {
        if needed && effective & (1 << bit) == 0 {
            names.push_str(if names.is_empty() { "" } else { ", " });
            names.push_str(name);
        }
    };
    need(KILL, "CAP_KILL", others);
    need(SETGID, "CAP_SETGID", others);
    need(SETUID, "CAP_SETUID", others);
    need(NET_ADMIN, "CAP_NET_ADMIN", addresses);
    need(NET_RAW, "CAP_NET_RAW", true);
    need(NET_BIND_SERVICE, "CAP_NET_BIND_SERVICE", low_port);
    names
}

/// Asks for everything, once everything is set up; says what was refused.
pub(crate) fn ask() {
    let protected = protect(OOM_SCORE.1);
    PROTECTED.store(protected.is_ok(), Ordering::Relaxed);
    let tell = |level, what: &str, asked| {
        if let Err(error) = asked {
            journal::say(level, format_args!("{what}: {}", journal::errno(error)));
        }
    };
    let slack = prctl::set_timerslack(1);
    tell(Level::Debug, "timers may be 50 us late", slack);
    let what = "not protected when memory runs out: oom_score_adj";
    tell(Level::Warn, what, protected);
    let what = "memory is not locked and may be paged out";
    tell(Level::Warn, what, sys::lock_memory());
    tell(Level::Warn, "no realtime priority", become_realtime());
}

/// Asks for the priority, again after [`LONGEST_RUN`] has taken it away.
pub(crate) fn become_realtime() -> Result<(), Errno> {
    // The guard first, and anew each time: the kernel raises the limit when it is reached.
    sys::limit_run(Some(LONGEST_RUN))?;
    sys::become_realtime()?;
    REALTIME.store(true, Ordering::Relaxed);
    Ok(())
}

/// Begins a child as an ordinary process. Its priority is reset by the kernel at the fork; the
/// rest is given back around it.
pub(crate) fn as_ordinary<T>(begin: impl FnOnce() -> T) -> T {
    let protected = PROTECTED.load(Ordering::Relaxed);
    let realtime = REALTIME.load(Ordering::Relaxed);
    // Failures leave the child with more protection, or this process with less, than it should
    // have: nothing to stop a service for.
    if protected {
        let _ = protect("0");
    }
    if realtime {
        let _ = sys::limit_run(None);
    }
    let child = begin();
    if realtime {
        let _ = sys::limit_run(Some(LONGEST_RUN));
    }
    if protected {
        let _ = protect(OOM_SCORE.1);
    }
    child
}

/// Leaves this process, or its next child, to be killed at this turn when memory runs out.
fn protect(score: &str) -> Result<(), Errno> {
    let file = files::open(Path::new(OOM_SCORE.0), OFlag::O_WRONLY, 0)?;
    // The kernel takes all of it or nothing.
    write(&file, score.as_bytes()).map(drop)
}

fn effective_capabilities() -> Option<u32> {
    let status = files::read_kernel("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))?;
    // Only newer ones are in the upper half.
    Some(u64::from_str_radix(line.trim_ascii(), 16).ok()? as u32)
}

/// The lowest port that needs no capability.
fn first_free_port() -> u16 {
    files::read_kernel("/proc/sys/net/ipv4/ip_unprivileged_port_start")
        .and_then(|text| text.trim_ascii().parse::<u64>().ok()?.try_into().ok())
        .unwrap_or(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effective_capabilities_are_read_from_the_kernel() {
        assert!(effective_capabilities().is_some());
    }

    /// Run by the next test, in a process of its own that has one thread.
    #[test]
    #[ignore = "takes a processor at real-time priority"]
    fn spins_without_a_pause() {
        use crate::signal::{Request, Signals};
        use nix::sys::resource::{Resource, getrlimit};
        let mut signals = Signals::catch().unwrap();
        if become_realtime().is_err() {
            println!("not permitted");
            return;
        }
        let began = std::time::Instant::now();
        while began.elapsed().as_millis() < 600 {
            if signals.next() == Some(Request::Overrun) {
                println!("let others run after {:?}", began.elapsed());
                // The kernel has raised the limit; asked again it is as before.
                become_realtime().unwrap();
                let (soft, _) = getrlimit(Resource::RLIMIT_RTTIME).unwrap();
                assert_eq!(soft, LONGEST_RUN);
                return;
            }
        }
        panic!("it still has its priority");
    }

    #[test]
    fn a_loop_that_never_sleeps_loses_its_priority() {
        let output = std::process::Command::new("/proc/self/exe")
            .args(["--ignored", "--exact", "--nocapture", "--test-threads=1"])
            .arg("privilege::tests::spins_without_a_pause")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("1 passed"), "{said}");
    }

    #[test]
    fn a_child_is_begun_with_ordinary_memory_priority() {
        if protect(OOM_SCORE.1).is_err() {
            return;
        }
        PROTECTED.store(true, Ordering::Relaxed);
        let child = as_ordinary(|| {
            std::process::Command::new("cat")
                .arg("/proc/self/oom_score_adj")
                .output()
        });
        let own = std::fs::read_to_string(OOM_SCORE.0).unwrap();
        PROTECTED.store(false, Ordering::Relaxed);
        protect("0").unwrap();
        assert_eq!(child.unwrap().stdout.trim_ascii(), b"0");
        assert_eq!(own.trim(), OOM_SCORE.1);
    }
}

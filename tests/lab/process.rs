//! What a process uses, and processes that nobody waits for.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, getpgrp};

use super::pair::Pair;

/// What an agent uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    /// Resident memory in kB.
    pub(crate) memory: u64,
    /// Open descriptors.
    pub(crate) files: usize,
    /// Children, zombies included.
    pub(crate) children: usize,
}

impl Process {
    /// As the kernel tells it now; needs `own_proc`.
    pub(crate) fn of(pair: &Pair, node: usize) -> Self {
        let pid = pair.pid(node);
        let proc = format!("/proc/{pid}");
        let status = fs::read_to_string(format!("{proc}/status")).expect("it runs");
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let memory = memory.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        let tasks = format!("{proc}/task/{pid}/children");
        let children = fs::read_to_string(tasks).expect("it runs");
        Self {
            memory: memory.expect("the kernel says so"),
            files: fs::read_dir(format!("{proc}/fd")).expect("it runs").count(),
            children: children.split_whitespace().count(),
        }
    }
}

/// From now on the world's first process does what an init does: it buries daemons, whose parents
/// have gone. Those are the ones in other process groups than ours.
pub(crate) fn bury_orphans() {
    static BEGUN: AtomicBool = AtomicBool::new(false);
    if BEGUN.swap(true, Ordering::Relaxed) {
        return;
    }
    thread::spawn(|| {
        let ours = getpgrp();
        loop {
            for pid in pids() {
                let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
                    continue;
                };
                let rest = stat.rsplit(')').next().unwrap_or_default();
                let words: Vec<_> = rest.split_whitespace().collect();
                if let [state, parent, group, ..] = words[..]
                    && state == "Z"
                    && parent == "1"
                    && group != ours.to_string()
                {
                    let _ = waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG));
                }
            }
            thread::sleep(Duration::from_millis(10));
        }
    });
}

/// All processes of this world.
pub(crate) fn pids() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").expect("mounted");
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

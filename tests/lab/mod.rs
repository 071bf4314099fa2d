//! A small world for the real binary: two nodes, a client and a bridge, each a network namespace,
//! inside a process, mount and network namespace of their own. The kernel takes it all down with
//! the process that made it, however that ends.

pub(crate) mod cable;
pub(crate) mod client;
pub(crate) mod files;
pub(crate) mod json;
pub(crate) mod namespace;
pub(crate) mod pair;
pub(crate) mod process;
pub(crate) mod tests;
pub(crate) mod watch;

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Uid, getgid, getuid};

/// Where this process stands.
pub(crate) enum World {
    /// Inside: process 1, root, with an empty /run.
    Inside,
    /// Outside, and the inside has ended.
    Left(ExitCode),
    /// This machine does not permit it: why, and how it would.
    Refused(String),
}

/// Enters a world of its own: runs this program once more as its process 1, and waits.
/// Must be called before any thread exists.
pub(crate) fn enter() -> World {
    enter_by(leave)
}

/// The same, with users of its own wherever that is permitted: there also what the kernel keeps for
/// each user namespace can be changed. [`own_users`] tells.
pub(crate) fn enter_with_own_users() -> World {
    enter_by(|| leave_users().or_else(|_| leave()))
}

fn enter_by(leave: impl FnOnce() -> io::Result<Users>) -> World {
    if std::env::var_os(INSIDE).is_some() {
        return match settle() {
            Ok(()) => World::Inside,
            Err(why) => World::Refused(format!("{why}\n{HOW}")),
        };
    }
    match leave().and_then(again) {
        Ok(code) => World::Left(code),
        Err(why) => World::Refused(format!("namespaces are not permitted here: {why}\n{HOW}")),
    }
}

/// Steps out of this machine's namespaces; the next child is process 1 of the new ones.
fn leave() -> io::Result<Users> {
    if Uid::effective().is_root() && unshare(PARTS).is_ok() {
        return Ok("the machine's");
    }
    leave_users()
}

/// Becomes root of a new user namespace first.
fn leave_users() -> io::Result<Users> {
    let (user, group) = (getuid(), getgid());
    unshare(CloneFlags::CLONE_NEWUSER)?;
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("0 {group} 1"))?;
    unshare(PARTS)?;
    Ok(OWN)
}

/// Runs this program again, inside, and passes on how it ended.
fn again(users: Users) -> io::Result<ExitCode> {
    let status = Command::new(std::env::current_exe()?)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, users)
        .status()?;
    let code = status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// Inside: ends with the parent, and hides what belongs to the machine.
fn settle() -> Result<(), String> {
    let said = |what: &'static str| move |e: nix::Error| format!("{what}: {e}");
    const NONE: Option<&str> = None;
    set_pdeathsig(Signal::SIGKILL).map_err(said("PR_SET_PDEATHSIG"))?;
    mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE).map_err(said("mount /"))?;
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), NONE)
        .map_err(said("mount /run"))?;
    // Refused in some containers; then process ids in /proc are not ours, and `own_proc` says so.
    let _ = mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), NONE);
    std::fs::create_dir("/run/netns").map_err(|e| format!("/run/netns: {e}"))?;
    match Command::new("ip").arg("-Version").output() {
        Ok(_) => Ok(()),
        Err(e) => Err(format!(
            "cannot run `ip` ({e}): install the package iproute2"
        )),
    }
}

/// Whether process ids in /proc are the ones this world uses.
pub(crate) fn own_proc() -> bool {
    std::fs::read_link("/proc/self").is_ok_and(|me| me.as_os_str() == "1")
}

/// Whether this world's user namespace was made for it.
pub(crate) fn own_users() -> bool {
    std::env::var(INSIDE).is_ok_and(|users| users == OWN)
}

/// Whose users a world has.
type Users = &'static str;
const OWN: Users = "its own";

const PARTS: CloneFlags = CloneFlags::CLONE_NEWNS
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNET);
/// Says to the second run of the program that it is inside, and whose users that has.
const INSIDE: &str = "TWINBEAT_LAB_INSIDE";

/// What to do where namespaces are refused.
const HOW: &str = "\
To permit them, one of:
  run it as root (in a container: with --privileged, or --cap-add SYS_ADMIN --cap-add NET_ADMIN)
  sysctl user.max_user_namespaces=10000
  sysctl kernel.unprivileged_userns_clone=1                (Debian 10 and older)
  sysctl kernel.apparmor_restrict_unprivileged_userns=0    (Ubuntu 23.10 and newer)
It also needs `ip` (package iproute2).";

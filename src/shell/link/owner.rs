//! Who has a tty already: the kernel, or a program that has it open or left a lock file.
//!
//! Lock files are those of UUCP, which heartbeat and terminal programs keep: `LCK..` and the device's
//! name in `/var/lock`, with the process number in ten columns and a newline (Filesystem Hierarchy
//! Standard, 5.9). Where there is no such folder, or it cannot be written, there is no lock.

use std::ffi::CStr;
use std::os::fd::AsFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::Pid;

use crate::{files, journal, sys};

/// A device's number: major, minor.
pub(super) type Number = (u64, u64);

/// A lock file of ours.
pub(super) struct Lock(String);

impl Lock {
    /// Leaves one in `folder`, in place of one that nobody keeps any more: `EEXIST` where somebody does.
    /// None where none can be made.
    pub(super) fn take(folder: &str, name: &str) -> Result<Option<Self>, Errno> {
        let path = format!("{folder}/LCK..{name}");
        for _ in 0..2 {
            let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL;
            match files::open(Path::new(&path), flags, 0o644) {
                Ok(file) => {
                    let lock = Self(path);
                    let text = format!("{:10}\n", Pid::this());
                    let written = files::write(file.as_fd(), text.as_bytes());
                    return Ok(written.is_ok().then_some(lock));
                }
                Err(Errno::EEXIST) => {
                    if keeper(folder, name).is_some() {
                        return Err(Errno::EEXIST);
                    }
                    if files::remove(Path::new(&path)).is_err() {
                        return Ok(None);
                    }
                }
                Err(_) => return Ok(None),
            }
        }
        Ok(None)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = files::remove(Path::new(&self.0));
    }
}

/// In words who has the tty of this path, without links in it, and what to do about it; none if it is free.
pub(super) fn owner(folder: &str, path: &str, number: Number) -> Option<String> {
    if is_console(number) {
        let name = lock_name(path);
        let remedy = format!(
            "it is the kernel's console: take console={name} from the kernel's command line, or use another line"
        );
        return Some(remedy);
    }
    // Not everybody leaves a lock: heartbeat takes its own away again.
    let process = keeper(folder, &lock_name(path)).or_else(|| opener(path))?;
    let program = process_name(process);
    Some(format!(
        "{program} (process {process}) has it: end that, a login by its line in inittab, or use another line"
    ))
}

/// What a device is called in the name of its lock: as heartbeat does where it lies deeper in `/dev`.
pub(super) fn lock_name(path: &str) -> String {
    let name = path.strip_prefix("/dev/").unwrap_or(path).bytes();
    name.filter(|byte| *byte != b'/').map(char::from).collect()
}

/// Kernel messages go to it: `/proc/consoles` ends each line with the device's number. Or it is a name for
/// whatever terminal there is (`/dev/tty1`, `/dev/console`).
fn is_console((major, minor): Number) -> bool {
    if matches!((major, minor), (4, ..64) | (5, _)) {
        return true;
    }
    let number = format!(" {major}:{minor}");
    files::read_kernel("/proc/consoles")
        .is_some_and(|text| text.lines().any(|line| line.ends_with(&number)))
}

/// A process other than this one that has it open. (What a descriptor leads to is read, not looked at: the
/// server of its file may be down.)
fn opener(path: &str) -> Option<i32> {
    let folder = |path: &str| files::open(Path::new(path), OFlag::O_RDONLY, 0).ok();
    let mut found = None;
    let _ = sys::find_in(folder("/proc")?.as_fd(), &mut |name| {
        let process = name.to_str().ok().and_then(process_of);
        let process = process.filter(|process| *process != Pid::this().as_raw());
        let descriptors = process.and_then(|process| folder(&format!("/proc/{process}/fd")));
        let Some(descriptors) = descriptors else {
            return false;
        };
        let is_it = &mut |name: &CStr| {
            sys::read_link(descriptors.as_fd(), name, &mut [0; 128]) == Some(path.as_bytes())
        };
        found = process.filter(|_| sys::find_in(descriptors.as_fd(), is_it));
        found.is_some()
    });
    found
}

/// A number as the kernel has them.
#[inline(never)]
fn process_of(text: &str) -> Option<i32> {
    let number: u64 = text.parse().ok()?;
    number.try_into().ok()
}

/// The process that left a lock file, unless it has ended or is this one.
fn keeper(folder: &str, name: &str) -> Option<i32> {
    let text = files::read_kernel(&format!("{folder}/LCK..{name}"))?;
    // Some programs add their name.
    let text = text.trim_ascii();
    let number = &text[..text.find(' ').unwrap_or(text.len())];
    let process = process_of(number)?;
    let stat = files::read_kernel(&format!("/proc/{process}/stat"))?;
    // Nobody may have asked yet how it ended.
    let ended = stat[stat.bytes().rposition(|byte| byte == b')')?..].starts_with(") Z");
    (!ended && process != Pid::this().as_raw()).then_some(process)
}

/// What it is called.
pub(super) fn process_name(process: i32) -> String {
    let name = files::read_kernel(&format!("/proc/{process}/comm"));
    let name = name.as_deref().unwrap_or("another program");
    journal::printable(name.trim_ascii_end().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use std::process::Command;

    const FREE: Number = (7, 77);

    fn folder() -> String {
        crate::testing::folder().to_str().unwrap().to_owned()
    }

    #[test]
    fn a_lock_has_the_number_of_its_keeper_in_ten_columns_and_goes_with_it() {
        let folder = folder();
        let lock = Lock::take(&folder, "ttyS1").unwrap();
        assert!(lock.is_some());
        let text = fs::read_to_string(format!("{folder}/LCK..ttyS1")).unwrap();
        assert_eq!(text.len(), 11);
        assert_eq!(text, format!("{:>10}\n", std::process::id()));
        // Nobody else's: a device by two names is told apart by another lock.
        assert_eq!(owner(&folder, "/dev/ttyS1", FREE), None);
        drop(lock);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[test]
    fn a_lock_of_a_live_program_is_respected_and_one_of_a_dead_program_is_replaced() {
        let folder = folder();
        let file = format!("{folder}/LCK..ttyS1");
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let text = format!("{:10}\n", child.id());
        // The second is how some programs write it.
        for text in [
            text.as_str(),
            text.trim(),
            &format!("{} minicom", child.id()),
        ] {
            fs::write(&file, text).unwrap();
            assert!(matches!(Lock::take(&folder, "ttyS1"), Err(Errno::EEXIST)));
            let said = owner(&folder, "/dev/ttyS1", FREE).unwrap();
            assert!(
                said.starts_with(&format!("sleep (process {}) has it: ", child.id())),
                "{said}"
            );
        }
        child.kill().unwrap();
        // Killed, and then waited for.
        for _ in 0..2 {
            let gone = (0..200).any(|_| {
                std::thread::sleep(std::time::Duration::from_millis(10));
                owner(&folder, "/dev/ttyS1", FREE).is_none()
            });
            assert!(gone);
            child.wait().unwrap();
        }
        for junk in [text.as_str(), "", "-1\n", "0\n", "who knows\n"] {
            fs::write(&file, junk).unwrap();
            assert!(Lock::take(&folder, "ttyS1").unwrap().is_some(), "{junk:?}");
            assert!(!fs::exists(&file).unwrap());
        }
    }

    #[test]
    fn where_no_lock_can_be_made_none_is_needed() {
        let missing = Lock::take("/nonexistent/lock", "ttyS1");
        assert!(missing.is_ok_and(|lock| lock.is_none()));
        let unwritable = Lock::take("/proc", "ttyS1");
        assert!(unwritable.is_ok_and(|lock| lock.is_none()));
    }

    #[test]
    fn a_lock_is_named_as_heartbeat_names_it() {
        assert_eq!(lock_name("/dev/ttyS1"), "ttyS1");
        assert_eq!(lock_name("/dev/pts/0"), "pts0");
    }

    #[test]
    fn the_console_is_nobody_elses() {
        let consoles = files::read_kernel("/proc/consoles").unwrap_or_default();
        let listed = consoles.lines().filter_map(|line| {
            let (major, minor) = line.rsplit(' ').next()?.split_once(':')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        });
        for number in listed.chain([(5, 1), (4, 1)]) {
            let said = owner("/nonexistent", "/dev/ttyS0", number).unwrap();
            assert!(said.contains("take console=ttyS0 from"), "{said}");
        }
    }

    #[test]
    fn a_program_that_has_it_open_is_named() {
        let pty = nix::pty::openpty(None, None).unwrap();
        let path = nix::unistd::ttyname(&pty.slave).unwrap();
        let path = path.to_str().unwrap();
        // This program itself has it open.
        assert_eq!(owner("/nonexistent", path, FREE), None);
        let mut child = Command::new("sleep")
            .arg("60")
            .stdin(std::process::Stdio::from(pty.slave))
            .spawn()
            .unwrap();
        let said = owner("/nonexistent", path, FREE);
        child.kill().unwrap();
        child.wait().unwrap();
        let process = format!("(process {}) has it: ", child.id());
        assert!(said.as_ref().unwrap().contains(&process), "{said:?}");
        assert_eq!(owner("/nonexistent", path, FREE), None);
    }
}

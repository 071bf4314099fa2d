//! The command heartbeat's users have in their fingers and in their scripts.

use std::path::Path;

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, setsid};

use super::fields::fields;
use super::row::Call;
use super::{DONE, FAILED, NOT_RUNNING, ask, configured};
use crate::run::run;
use crate::{control, files, journal, privilege, stream, sys};

/// heartbeat's own exit codes.
const NOT_PERMITTED: u8 = 4;
const NOT_CONFIGURED: u8 = 6;

/// What the running program tells of itself (`status::heartbeat`); `None` where none runs.
pub(super) fn view(directory: &Path) -> Option<String> {
    control::ask(ask::rundir(directory), "heartbeat").ok()
}

pub(super) fn heartbeat(call: &Call) -> u8 {
    let directory = call.directory;
    let view = view(directory).unwrap_or_default();
    let [number, name, ..] = fields(&view);
    let action = ["-s", "-k", "-r"]
        .iter()
        .position(|option| call.has(option));
    let signal = match (action, number.parse::<u64>()) {
        (Some(0), Err(_)) => {
            stream::print("heartbeat is stopped. No process\n");
            return NOT_RUNNING;
        }
        (Some(0), Ok(_)) => {
            stream::print_line(format_args!(
                "heartbeat OK [pid {number} et al] is running on {name} [{name}]..."
            ));
            return DONE;
        }
        (Some(1), Err(_)) => return said("INFO: Heartbeat already stopped.", DONE),
        (_, Err(_)) => return start(call),
        // A mistake is told of here, too, and changes nothing.
        (Some(2), Ok(_)) if configured(directory).is_none() => return NOT_CONFIGURED,
        (Some(2), Ok(pid)) => (pid, Signal::SIGHUP),
        (Some(_), Ok(pid)) => (pid, Signal::SIGTERM),
        (None, Ok(_)) => {
            stream::complain(format_args!("heartbeat: already running [pid {number}]."));
            return DONE;
        }
    };
    if let Err(error) = kill(Pid::from_raw(signal.0 as i32), signal.1) {
        return said(journal::errno(error), NOT_PERMITTED);
    }
    if signal.1 == Signal::SIGTERM {
        control::wait_until_ended(ask::rundir(directory));
    }
    DONE
}

fn said(what: &str, code: u8) -> u8 {
    stream::complain(format_args!("{what}"));
    code
}

/// In the foreground, or with a child that leaves this one when it works.
fn start(call: &Call) -> u8 {
    let directory = call.directory;
    let Some(config) = configured(directory) else {
        return said(
            "Configuration error, heartbeat not started.",
            NOT_CONFIGURED,
        );
    };
    if !privilege::missing(&config).is_empty() {
        return said("heartbeat: start it as root", NOT_PERMITTED);
    }
    if call.has("-f") {
        run(directory, config, &mut || {});
        return DONE;
    }
    let (Ok((reader, writer)), Ok(null)) = (
        nix::unistd::pipe(),
        files::open(Path::new("/dev/null"), OFlag::O_RDWR, 0),
    ) else {
        return FAILED;
    };
    if sys::become_two() {
        drop(writer);
        // It says that it works, or ends and has said why.
        return match nix::unistd::read(&reader, &mut [0]) {
            Ok(1) => DONE,
            _ => FAILED,
        };
    }
    drop(reader);
    let _ = (setsid(), dup2_stdin(&null), dup2_stdout(&null));
    run(directory, config, &mut || {
        let _ = (dup2_stderr(&null), nix::unistd::write(&writer, b"1"));
    });
    DONE
}

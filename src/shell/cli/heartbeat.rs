//! The commands heartbeat's users have in their fingers and in their scripts: `heartbeat`, `hb_standby`,
//! `hb_takeover`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, setsid};

use super::row::Call;
use super::{DONE, FAILED, NOT_RUNNING, ask, configured, run_with};
use crate::{control, files, journal, privilege, stream, sys};

/// heartbeat's own exit codes.
const NOT_PERMITTED: u8 = 4;
const NOT_CONFIGURED: u8 = 6;

/// What the running program tells of itself (`status::heartbeat`); `None` where none runs.
pub(super) fn view(directory: &Path) -> Option<String> {
    control::ask(&ask::rundir(directory), "heartbeat").ok()
}

pub(super) fn heartbeat(call: &Call) -> u8 {
    let directory = &call.directory;
    let view = view(directory).unwrap_or_default();
    let mut fields = view.split(['\t', '\n']);
    let number = fields.next().unwrap_or_default();
    let Ok(pid) = number.parse() else {
        if call.has("-s") {
            stream::print("heartbeat is stopped. No process\n");
            return NOT_RUNNING;
        }
        if call.has("-k") {
            stream::complain(format_args!("INFO: Heartbeat already stopped."));
            return DONE;
        }
        return start(call);
    };
    let signal = if call.has("-s") {
        let name = fields.next().unwrap_or_default();
        stream::print_line(format_args!(
            "heartbeat OK [pid {number} et al] is running on {name} [{name}]..."
        ));
        return DONE;
    } else if call.has("-k") {
        Signal::SIGTERM
    } else if call.has("-r") {
        // A mistake is told of here, too, and changes nothing.
        if configured(directory).is_none() {
            return NOT_CONFIGURED;
        }
        Signal::SIGHUP
    } else {
        stream::complain(format_args!("heartbeat: already running [pid {number}]."));
        return DONE;
    };
    if let Err(error) = kill(Pid::from_raw(pid), signal) {
        let why = journal::errno(error);
        stream::complain(format_args!("heartbeat: {number}: {why}"));
        return NOT_PERMITTED;
    }
    if signal == Signal::SIGTERM {
        control::wait_until_ended(&ask::rundir(directory));
    }
    DONE
}

/// In the foreground, or with a child that leaves this one when it works.
fn start(call: &Call) -> u8 {
    let directory = &call.directory;
    let Some(config) = configured(directory) else {
        stream::complain(format_args!("Configuration error, heartbeat not started."));
        return NOT_CONFIGURED;
    };
    if !privilege::missing(&config).is_empty() {
        stream::complain(format_args!("heartbeat: start it as root"));
        return NOT_PERMITTED;
    }
    if call.has("-f") {
        return run_with(directory, config, &mut || {});
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
        return match File::from(reader).read(&mut [0]) {
            Ok(1) => DONE,
            _ => FAILED,
        };
    }
    drop(reader);
    let _ = (setsid(), dup2_stdin(&null), dup2_stdout(&null));
    run_with(directory, config, &mut || {
        let _ = (dup2_stderr(&null), nix::unistd::write(&writer, b"1"));
    })
}

/// `hb_standby` and `hb_takeover`: by heartbeat's words alone, and without waiting.
pub(super) fn hand_over(call: &Call) -> u8 {
    let word = call.row.word();
    let which = match call.word(0) {
        "" => "all",
        which @ ("all" | "foreign" | "local" | "failback") => which,
        other => {
            stream::complain(format_args!(
                "{word}: wrong resources({other}).\nusage:\n{word} [all|foreign|local|failback]"
            ));
            return FAILED;
        }
    };
    let verb = match word {
        "hb_standby" => {
            stream::complain(format_args!("Going standby [{which}]."));
            "standby"
        }
        _ => "takeover",
    };
    ask::ask(&call.directory, &format!("{verb} {which}"))
}

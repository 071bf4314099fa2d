//! `status`, and its short form for monitoring.

use super::row::Call;
use super::{DONE, NOT_RUNNING, ask, watch};
use crate::control::{self, AskError};
use crate::{status, stream};

/// Asks for the form that is wanted; the exit code.
pub(super) fn status(call: &Call) -> u8 {
    if call.has("--line") {
        return line(call);
    }
    let metrics = call.has("--metrics");
    let request = if metrics || call.has("--json") {
        "status --json"
    } else {
        "status"
    };
    let asked = ask::rundir(&call.directory).and_then(|rundir| {
        if call.has("--watch") {
            return watch::watch(&rundir);
        }
        ask::reply(&rundir, request)
    });
    match asked {
        Ok(reply) if metrics => stream::print(&status::metrics(&reply)),
        Ok(reply) => stream::print(&reply),
        Err(code) => return code,
    }
    DONE
}

/// As monitoring plugins do: everything that is wrong in one line, how bad it is in the exit code.
fn line(call: &Call) -> u8 {
    let asked = ask::rundir(&call.directory).map(|rundir| control::ask(&rundir, "status"));
    let why = match asked {
        Ok(Ok(text)) => {
            let lines = text.lines().take_while(|line| !line.is_empty());
            let line = lines.collect::<Vec<_>>().join("; ");
            stream::print_line(format_args!("{line}"));
            // Its first word is the worst.
            return match line.bytes().next() {
                Some(b'O') => 0,
                Some(b'W') => 1,
                _ => 2,
            };
        }
        Ok(Err(AskError::NotRunning)) => "twinbeat is not running",
        Ok(Err(AskError::Refused(_) | AskError::Failed(_))) => "twinbeat does not answer",
        Err(_) => "the configuration is wrong",
    };
    stream::print_line(format_args!("UNKNOWN: {why}"));
    NOT_RUNNING
}

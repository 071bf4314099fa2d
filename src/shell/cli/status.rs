//! `status`, and its forms for monitoring.

use super::row::Call;
use super::{DONE, NOT_RUNNING, ask, watch};
use crate::{status, stream};

/// Asks for the form that is wanted; the exit code.
pub(super) fn status(call: &Call) -> u8 {
    let (line, metrics) = (call.has("--line"), call.has("--metrics"));
    let json = metrics || call.has("--json");
    let rundir = ask::rundir(call.directory);
    if call.has("--watch") {
        return watch::watch(rundir);
    }
    let asked = ask::reply(rundir, if json { "status --json" } else { "status" });
    let mut text = match asked {
        Ok(text) if metrics => status::metrics(&text),
        Ok(text) => text,
        Err(_) if line => {
            stream::print("UNKNOWN: twinbeat does not answer\n");
            return NOT_RUNNING;
        }
        Err(code) => return code,
    };
    let mut code = DONE;
    if line {
        // As monitoring plugins do: all that is wrong in one line, how bad that is in the exit code.
        let first = text.bytes().next();
        code = match first {
            Some(b'O') => DONE,
            Some(b'W') => 1,
            Some(_) | None => 2,
        };
        let mut joined = String::new();
        for one in text.lines().take_while(|line| !line.is_empty()) {
            joined.push_str(if joined.is_empty() { "" } else { "; " });
            joined.push_str(one);
        }
        joined.push('\n');
        text = joined;
    }
    stream::print(&text);
    code
}

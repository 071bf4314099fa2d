//! `twinbeat events`: what the program that runs has kept, and with `--follow` what comes.

use std::thread::sleep;
use std::time::Duration;

use super::row::Call;
use super::{DONE, ask};
use crate::stream;

/// Asks for all, or again each second for what came since; the exit code.
pub(super) fn events(call: &Call) -> u8 {
    let rundir = match ask::rundir(&call.directory) {
        Ok(rundir) => rundir,
        Err(code) => return code,
    };
    let request = if call.has("--json") {
        "events --json"
    } else {
        "events"
    };
    let mut next = String::new();
    loop {
        let reply = match ask::reply(&rundir, &format!("{request} {next}")) {
            Ok(reply) => reply,
            Err(code) => return code,
        };
        // The number to ask from, then the events.
        let (number, events) = reply.split_once('\n').unwrap_or_default();
        stream::print(events);
        if !call.has("--follow") {
            return DONE;
        }
        next = number.to_owned();
        sleep(Duration::from_secs(1));
    }
}

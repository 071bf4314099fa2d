//! `twinbeat events`: what the program that runs has kept, and with `--follow` what comes.

use super::row::Call;
use super::{DONE, ask};
use crate::{stream, sys};

/// Between two questions, in microseconds.
const PAUSE: u64 = 1_000_000;

/// Asks for all, or again each second for what came since; the exit code.
pub(super) fn events(call: &Call) -> u8 {
    let rundir = ask::rundir(call.directory);
    let begin = if call.has("--json") {
        "events --json "
    } else {
        "events "
    };
    let mut request = begin.to_owned();
    loop {
        let reply = match ask::reply(rundir, &request) {
            Ok(reply) => reply,
            Err(code) => return code,
        };
        // The number to ask from, then the events.
        let (number, events) = reply.split_once('\n').unwrap_or_default();
        stream::print(events);
        if !call.has("--follow") {
            return DONE;
        }
        request.truncate(begin.len());
        request.push_str(number);
        sys::poll(&mut [], PAUSE);
    }
}

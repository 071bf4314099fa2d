//! `reload`: has the one that runs read its files again, and waits until it has taken them up.

use super::row::Call;
use super::{DONE, ask};
use crate::run::reload::WAITING;
use crate::{stream, sys};

/// Between two questions how it goes, in microseconds.
const AGAIN: u64 = 200_000;

/// Says what it waits for, once each, and how it ended.
pub(super) fn reload(call: &Call) -> u8 {
    let rundir = ask::rundir(call.directory);
    let (mut request, mut said) = ("reload", String::new());
    loop {
        let reply = match ask::reply(rundir, request) {
            Ok(reply) => reply,
            Err(code) => return code,
        };
        let (waits, last) = (reply.starts_with(WAITING), call.has("--no-wait"));
        // Mostly it need not wait for more than the next turn.
        if reply != said && (!waits || last || request != "reload") {
            stream::print(&reply);
            said = reply;
        }
        if !waits || last {
            return DONE;
        }
        request = "reload status";
        sys::poll(&mut [], AGAIN);
    }
}

//! A person's orders, and what came of them: the running program is asked again until the groups meant
//! are at rest, or until it has taken too long.

use std::fmt::Write as _;

use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use twinbeat::time::Duration;

use super::fields::fields;
use super::row::Call;
use super::{DONE, FAILED, NOT_RUNNING, ask, misused};
use crate::control::{self, AskError};
use crate::{clock, files, stream, sys};

/// Between two questions, in microseconds.
const PAUSE: u64 = 100_000;

/// Where the groups meant must come to rest.
#[derive(Clone, Copy)]
enum Goal<'a> {
    Anywhere,
    /// Not on this node.
    Away,
    /// On this node, which knows.
    Here,
    /// On another one, which may not have heard of it yet.
    At(&'a str),
    /// Where it belongs; whoever has it may not have heard of it yet.
    Unmoved,
}

/// How far one group is.
#[derive(PartialEq)]
enum Progress {
    Done,
    Going,
    Failed,
}

/// Gives the order, and waits.
pub(super) fn order(call: &Call) -> u8 {
    let request = match call.request() {
        Ok(request) => request,
        Err(why) => return misused(why),
    };
    let rundir = ask::rundir(call.directory);
    let verb = call.row.word();
    let about = match (verb, call.word(0)) {
        ("maintenance", _) | (_, "") => "all",
        (_, group) => group,
    };
    let question = format!("settled {about}");
    let waits = !call.has("--no-wait");
    let mut before = String::new();
    if waits {
        before = match ask::reply(rundir, &question) {
            Ok(before) => before,
            Err(code) => return code,
        };
    }
    if let Err(code) = ask::reply(rundir, &request) {
        return code;
    }
    if !waits {
        return DONE;
    }
    let began = clock::now();
    let goal = match verb {
        "disable" => Goal::Away,
        "takeover" => Goal::Here,
        "move" => Goal::At(call.word(1)),
        "unmove" => Goal::Unmoved,
        _ => Goal::Anywhere,
    };
    loop {
        let after = match control::ask(rundir, &question) {
            Ok(after) => after,
            Err(AskError::NotRunning) => {
                stream::complain(format_args!("twinbeat: it has ended meanwhile"));
                return NOT_RUNNING;
            }
            // Asked by too many at once.
            Err(AskError::Refused(_) | AskError::Failed(_)) => String::new(),
        };
        let waited = clock::now().since(began);
        let (mut lines, then) = (after.lines(), before.lines().skip(3));
        let mut next = || fields(lines.next().unwrap_or_default());
        let ([name, limit, ..], maintenance, state) = (next(), next(), next());
        let over = limit.parse().is_ok_and(|limit| waited.millis() >= limit);
        let (mut going, mut failed, mut said) = (name.is_empty(), false, String::new());
        if verb == "maintenance" {
            match maintenance {
                ["rest", rest, ..] => said = format!("{rest}\n"),
                _ if over => said = "some node has not heard of it\n".to_owned(),
                _ => going = true,
            }
            failed |= said.starts_with("some");
            lines = "".lines();
        }
        for (line, then) in lines.zip(then) {
            let progress = tell(&mut said, goal, name, line, then, waited);
            failed |= progress == Progress::Failed || (over && progress != Progress::Done);
            going |= progress == Progress::Going;
        }
        if call.has("--persist") {
            failed |= !is_kept(state, &mut said, &mut going);
        }
        if over || failed || !going {
            stream::print(&said);
            return if failed || going { FAILED } else { DONE };
        }
        sys::poll(&mut [], PAUSE);
    }
}

/// One line on a group, as it was `then` and is now.
fn tell(
    said: &mut String,
    goal: Goal<'_>,
    me: &str,
    line: &str,
    then: &str,
    waited: Duration,
) -> Progress {
    let ([word, key, holder, why], [_, _, was, _]) = (fields(line), fields(then));
    let arrived = match goal {
        Goal::Anywhere => true,
        Goal::Away => holder != me,
        Goal::Here => holder == me,
        Goal::At(node) => holder == node,
        Goal::Unmoved => word == "rest",
    };
    let rests = word == "rest" || word == "moved";
    let progress = if rests && arrived {
        Progress::Done
    } else if word == "busy" || rests && matches!(goal, Goal::At(_) | Goal::Unmoved) {
        Progress::Going
    } else {
        Progress::Failed
    };
    let name = |holder| if holder == "-" { "nobody" } else { holder };
    let tenths = waited.millis() / 100;
    let took = format!("{}.{} s", tenths / 10, tenths % 10);
    // Writing to a string does not fail.
    let _ = match progress {
        Progress::Done if holder == was => {
            writeln!(said, "{key}: {} serves it, as before", name(holder))
        }
        Progress::Done => writeln!(
            said,
            "{key}: {} serves it now (was {}), {took}",
            name(holder),
            name(was)
        ),
        Progress::Going | Progress::Failed => writeln!(
            said,
            "{key}: not done after {took}: {} serves it; on {me} {why}",
            name(holder)
        ),
    };
    progress
}

/// Whether what should be kept is, or will be; says so where it is not, or not for long.
fn is_kept([word, directory, ..]: [&str; 4], said: &mut String, going: &mut bool) -> bool {
    match word {
        "rest" => {
            let disk = files::named(directory).and_then(|folder| statfs(folder.as_c_str()));
            if disk.is_ok_and(|disk| disk.filesystem_type() == TMPFS_MAGIC) {
                let _ = writeln!(
                    said,
                    "{directory} is in memory: kept until the next boot only"
                );
            }
        }
        "failed" => {
            let _ = writeln!(said, "not kept: {directory} cannot be written");
            return false;
        }
        _ => *going = true,
    }
    true
}

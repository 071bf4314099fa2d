//! The command line: [`table`] says what there is, [`row`] reads it.

mod ask;
pub(crate) mod check;
mod cl_status;
mod events;
mod fields;
mod forecast;
mod heartbeat;
mod order;
mod plan;
mod reload;
mod row;
mod setup;
mod status;
mod table;
mod watch;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use twinbeat::config::Config;
use twinbeat::config::diagnostic::Severity;

use crate::{configuration, journal, run, state, stream};
use row::{Call, Mistake, Typed};

/// Where heartbeat's three files are.
const DIRECTORY: &str = "/etc/ha.d";
/// Exit codes.
const DONE: u8 = 0;
/// Configuration, start, a refusal.
const FAILED: u8 = 1;
const USAGE: u8 = 2;
const NOT_RUNNING: u8 = 3;

/// Does what the arguments ask for, the program's own name among them; the exit code.
pub(crate) fn main(arguments: &mut dyn Iterator<Item = &'static OsStr>) -> u8 {
    let path = arguments.next().unwrap_or_default();
    let name = path.as_bytes().rsplit(|byte| *byte == b'/').next();
    let mut call = Call::new();
    match row::parse(name.unwrap_or_default(), arguments, &mut call) {
        Ok(Typed::Call) => match call.row.function {
            Some(function) => function(&call),
            None => match call.request() {
                Ok(request) => ask::ask(call.directory, &request),
                Err(why) => misused(why),
            },
        },
        Ok(Typed::Help(row)) => {
            stream::print(&row::help(row));
            DONE
        }
        Ok(Typed::Version) => {
            stream::print(concat!("twinbeat ", env!("TWINBEAT_VERSION"), "\n"));
            DONE
        }
        Err(why) => misused(why),
    }
}

fn misused((what, word): Mistake) -> u8 {
    let word = journal::printable(word);
    stream::complain(format_args!(
        "twinbeat: {what}: {word}\nTry 'twinbeat --help'."
    ));
    USAGE
}

fn run(call: &Call) -> u8 {
    match configured(call.directory) {
        Some(config) => {
            run::run(call.directory, config, &mut || {});
            DONE
        }
        None => FAILED,
    }
}

/// The configuration, if it is good; what is wrong with it is said. Advice is for `check`.
fn configured(directory: &Path) -> Option<Box<Config>> {
    configuration::read(directory, &mut |diagnostic| {
        if diagnostic.severity() != Severity::Advice {
            stream::complain(format_args!("{diagnostic}"));
        }
    })
}

fn write_state(call: &Call) -> u8 {
    let file = call.word(0);
    match state::write(Path::new(file), call.word(1)) {
        Ok(()) => DONE,
        Err(error) => {
            stream::complain(format_args!("{file}: {}", journal::errno(error)));
            FAILED
        }
    }
}

//! Asks the program that runs. Whoever waits for something asks again.

use std::path::Path;

use super::{DONE, FAILED, NOT_RUNNING};
use crate::control::{self, AskError};
use crate::{configuration, files, journal, stream};

/// Asks once, and prints the reply; the exit code.
pub(super) fn ask(directory: &Path, request: &str) -> u8 {
    match reply(rundir(directory), request) {
        Ok(reply) => {
            stream::print(&reply);
            DONE
        }
        Err(code) => code,
    }
}

/// Where the program that runs on this configuration is asked: even if its files are wrong by now.
pub(super) fn rundir(directory: &Path) -> &'static Path {
    let own = configuration::text(directory, "twinbeat.cf");
    let main = configuration::text(directory, "ha.cf");
    let found = configuration::directive(&own, "rundir")
        .or(configuration::directive(&main, "rundir"))
        .unwrap_or("/run/twinbeat");
    // A command asks for it once.
    Path::new(found.to_owned().leak())
}

/// What it answers. The error is an exit code, and was complained of.
pub(super) fn reply(rundir: &Path, request: &str) -> Result<String, u8> {
    let shown = files::shown(rundir);
    control::ask(rundir, request).map_err(|error| match error {
        AskError::NotRunning => {
            stream::complain(format_args!(
                "twinbeat: not running (nobody answers in {shown})"
            ));
            NOT_RUNNING
        }
        AskError::Refused(why) => {
            stream::complain(format_args!("twinbeat: {why}"));
            FAILED
        }
        AskError::Failed(error) => {
            stream::complain(format_args!("twinbeat: {shown}: {}", journal::errno(error)));
            FAILED
        }
    })
}

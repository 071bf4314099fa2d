//! Asks the program that runs. Whoever waits for something asks again.

use std::path::{Path, PathBuf};

use super::{DONE, FAILED, NOT_RUNNING};
use crate::control::{self, AskError};
use crate::{configuration, stream};

/// Asks once, and prints the reply; the exit code.
pub(super) fn ask(directory: &Path, request: &str) -> u8 {
    match rundir(directory).and_then(|rundir| reply(&rundir, request)) {
        Ok(reply) => {
            stream::print(&reply);
            DONE
        }
        Err(code) => code,
    }
}

/// Where the program that runs on this configuration is asked. The error is an exit code, and was
/// complained of.
pub(super) fn rundir(directory: &Path) -> Result<PathBuf, u8> {
    let mut faults = Vec::new();
    let config = configuration::read(directory, &mut |diagnostic| {
        faults.push(diagnostic.to_string());
    });
    match config {
        Some(config) => Ok(config.text(config.rundir).into()),
        None => {
            for fault in faults {
                stream::complain(format_args!("{fault}"));
            }
            Err(FAILED)
        }
    }
}

/// What it answers. The error is an exit code, and was complained of.
pub(super) fn reply(rundir: &Path, request: &str) -> Result<String, u8> {
    let shown = rundir.display();
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
            stream::complain(format_args!("twinbeat: {shown}: {error}"));
            FAILED
        }
    })
}

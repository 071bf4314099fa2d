//! `status`, `standby`, `takeover`: asks the program that runs.

use std::path::Path;

use super::{DONE, FAILED, NOT_RUNNING};
use crate::control::{self, AskError};
use crate::{configuration, stream};

/// Asks, and prints the reply. The configuration says where.
pub(super) fn ask(directory: &Path, request: &str) -> u8 {
    let mut faults = Vec::new();
    let config = configuration::read(directory, &mut |diagnostic| {
        faults.push(diagnostic.to_string());
    });
    let Some(config) = config else {
        for fault in faults {
            stream::complain(format_args!("{fault}"));
        }
        return FAILED;
    };
    let rundir = config.text(config.rundir);
    match control::ask(Path::new(rundir), request) {
        Ok(reply) => {
            stream::print(&reply);
            DONE
        }
        Err(AskError::NotRunning) => {
            stream::complain(format_args!(
                "twinbeat: not running (nobody answers in {rundir})"
            ));
            NOT_RUNNING
        }
        Err(AskError::Refused(why)) => {
            stream::complain(format_args!("twinbeat: {why}"));
            FAILED
        }
        Err(AskError::Failed(error)) => {
            stream::complain(format_args!("twinbeat: {rundir}: {error}"));
            FAILED
        }
    }
}

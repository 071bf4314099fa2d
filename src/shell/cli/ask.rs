//! `status`, `standby`, `takeover`: asks the program that runs.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use super::NOT_RUNNING;
use crate::configuration;
use crate::control::{self, AskError};

/// Asks, and prints the reply. The configuration says where.
pub(super) fn ask(directory: &Path, request: &str) -> ExitCode {
    let mut faults = Vec::new();
    let config = configuration::read(directory, &mut |diagnostic| {
        faults.push(diagnostic.to_string());
    });
    let Some(config) = config else {
        for fault in faults {
            eprintln!("{fault}");
        }
        return ExitCode::FAILURE;
    };
    let rundir = config.text(config.rundir);
    match control::ask(Path::new(rundir), request) {
        Ok(reply) => {
            // Somebody may read only the head of it.
            let _ = std::io::stdout().write_all(reply.as_bytes());
            ExitCode::SUCCESS
        }
        Err(AskError::NotRunning) => {
            eprintln!("twinbeat: not running (nobody answers in {rundir})");
            ExitCode::from(NOT_RUNNING)
        }
        Err(AskError::Refused(why)) => {
            eprintln!("twinbeat: {why}");
            ExitCode::FAILURE
        }
        Err(AskError::Failed(error)) => {
            eprintln!("twinbeat: {rundir}: {error}");
            ExitCode::FAILURE
        }
    }
}

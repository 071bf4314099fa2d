//! twinbeat: the program around the core.

mod cli {
    pub(crate) mod check;
}
mod configuration;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let mut dir = PathBuf::from("/etc/ha.d");
    let command = arguments.next().unwrap_or_default();
    if arguments.next().is_some_and(|word| word == "-c") {
        dir = arguments.next().unwrap_or_default().into();
    }
    if command != "check" {
        return ExitCode::from(2);
    }
    cli::check::check(&dir)
}

//! `twinbeat check`: everything that can be said about a configuration before it is used.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use twinbeat::config::diagnostic::{Problem, Severity};

use crate::configuration;

/// Prints every error, warning and piece of advice, and a last line that sums them up; fails if
/// there is an error. What it accepts, `run` accepts.
pub(crate) fn check(dir: &Path) -> ExitCode {
    // Somebody who reads only the head of it still gets the right exit code: write errors are
    // nobody's concern.
    let mut out = std::io::stdout().lock();
    let (mut errors, mut warnings, mut advice) = (0, 0, 0);
    let config = configuration::read(dir, &mut |diagnostic| {
        let _ = writeln!(out, "{diagnostic}");
        let count = match diagnostic.problem {
            Problem::More(_, hidden) => hidden,
            _ => 1,
        };
        match diagnostic.severity() {
            Severity::Error => errors += count,
            Severity::Warning => warnings += count,
            Severity::Advice => advice += count,
        }
    });
    let Some(config) = config else {
        let errors = counted(errors, "error");
        let _ = writeln!(
            out,
            "check: {errors} in {}: nothing would start",
            dir.display()
        );
        return ExitCode::FAILURE;
    };
    let _ = writeln!(
        out,
        "check: ok: this is {}, of {}, with {} and {} ({}, {advice} advice)",
        config.node_name(config.me),
        counted(config.nodes.len(), "node"),
        counted(config.links.len(), "link"),
        counted(config.groups.len(), "group"),
        counted(warnings, "warning"),
    );
    ExitCode::SUCCESS
}

fn counted<N: std::fmt::Display + PartialEq + From<u8>>(count: N, what: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {what}{plural}")
}

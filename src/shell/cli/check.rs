//! `twinbeat check`: everything that can be said about a configuration before it is used.

use std::path::Path;

use twinbeat::config::diagnostic::{Problem, Severity};

use super::{DONE, FAILED};
use crate::{configuration, files, stream};

/// Prints every error, warning and piece of advice, and a last line that sums them up; fails if
/// there is an error. What it accepts, `run` accepts.
pub(crate) fn check(dir: &Path) -> u8 {
    // Somebody who reads only the head of it still gets the right exit code.
    let (mut errors, mut warnings, mut advice) = (0, 0, 0);
    let config = configuration::read(dir, &mut |diagnostic| {
        stream::print_line(format_args!("{diagnostic}"));
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
        let errors = counted(errors as usize, "error");
        stream::print_line(format_args!(
            "check: {errors} in {}: nothing would start",
            files::shown(dir)
        ));
        return FAILED;
    };
    stream::print_line(format_args!(
        "check: ok: this is {}, of {}, with {} and {} ({}, {advice} advice)",
        config.node_name(config.me),
        counted(config.nodes.len(), "node"),
        counted(config.links.len(), "link"),
        counted(config.groups.len(), "group"),
        counted(warnings as usize, "warning"),
    ));
    DONE
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

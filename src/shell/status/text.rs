//! `twinbeat status`: what is wrong, the worst first, then everything.

use std::fmt::Write as _;

use super::Status;
use super::rows::{Level, Row, rows};

/// Where the second column begins.
const COLUMN: usize = 24;

/// Lines that begin with `OK`, `WARNING` or `CRITICAL`, an empty one, and one or two for each thing.
pub(crate) fn text(status: &Status<'_>) -> String {
    let rows = rows(status);
    let mut out = problems(&rows);
    // Writing to a string does not fail.
    if out.is_empty() {
        let config = status.config;
        let (groups, nodes, links) = (config.groups.len(), config.nodes.len(), config.links.len());
        let _ = writeln!(
            out,
            "OK: {groups} groups are served, {nodes} nodes alive, {links} links up"
        );
    }
    out.push('\n');
    for row in &rows {
        let _ = writeln!(out, "{:COLUMN$} {}", row.head, row.text);
    }
    out
}

/// A line for each, the worst first.
pub(super) fn problems(rows: &[Row]) -> String {
    let mut out = String::new();
    for level in [Level::Critical, Level::Warning] {
        let mut head = "";
        for row in rows {
            head = if row.head.is_empty() { head } else { &row.head };
            if row.level == level {
                let _ = writeln!(out, "{}: {head}: {}", level.word(), row.text);
            }
        }
    }
    out
}

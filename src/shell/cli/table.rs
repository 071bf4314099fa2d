//! Every command; [`Row`] says how a row is read.

use super::row::Row;
use super::{check, events, run, status, write_state};
use crate::state;

pub(super) const ROWS: &[Row] = &[
    Row {
        synopsis: "run",
        help: "run in the foreground",
        function: Some(run),
    },
    Row {
        synopsis: "check",
        help: "judge the configuration",
        function: Some(|call| check::check(&call.directory)),
    },
    Row {
        synopsis: "status [--line] [--watch] [--json] [--metrics]",
        help: "what the running one knows\n\
--line     one line for monitoring; exit codes 0 ok, 1 warning, 2 critical, 3 not running\n\
--watch    the whole screen, each second, until q\n\
--json     one object; --metrics the same for Prometheus",
        function: Some(status::status),
    },
    Row {
        synopsis: "standby [all|local|foreign|GROUP]",
        help: "hand groups over",
        function: None,
    },
    Row {
        synopsis: "takeover [all|local|foreign|GROUP]",
        help: "take groups",
        function: None,
    },
    Row {
        synopsis: "events [--follow] [--json]",
        help: "what happened, and why\n\
The last 256 events: uptime in seconds, UTC where the clock is set, the words of the log.\n\
--follow goes on with what happens, until it is stopped.",
        function: Some(events::events),
    },
    Row {
        synopsis: state::SYNOPSIS,
        help: "",
        function: Some(write_state),
    },
];

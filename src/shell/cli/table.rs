//! Every command; [`Row`] says how a row is read.

use super::row::Row;
use super::{check, cl_status, events, heartbeat, reload, run, write_state};
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
        synopsis: "status [--json]",
        help: "what the running one knows",
        function: None,
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
        synopsis: "reload [--no-wait]",
        help: "have it read its files again\n\
            What did not change goes on undisturbed; what is wrong changes nothing, and is said.",
        function: Some(reload::reload),
    },
    Row {
        synopsis: "clear [all|local|foreign|GROUP]",
        help: "forget failures here, try again",
        function: None,
    },
    Row {
        synopsis: "heartbeat [-k] [-s] [-r] [-f] [-d] [-l]",
        help: "as heartbeat: start in the background; see --help\n\
            -k stops the running one and waits until it has ended, -s tells whether one runs, -r has it read\n\
            its files again, -f stays in the foreground. -d and -l change nothing.\n\
            Exit codes: 0 done; 1 not started; 3 stopped (-s); 4 not permitted; 6 configuration.",
        function: Some(heartbeat::heartbeat),
    },
    Row {
        synopsis: "cl_status [-m] [-n] [-p] [-v] SUB-COMMAND [ARGUMENT] [ARGUMENT] [ARGUMENT]",
        help: "as heartbeat's: hbstatus, listnodes, nodestatus, rscstatus ...\n\
            hbstatus, listnodes [-n|-p|-v], nodestatus NODE, nodetype NODE, nodeweight NODE, nodesite NODE,\n\
            listhblinks NODE [-v], hblinkstatus NODE LINK, clientstatus NODE CLIENT, rscstatus,\n\
            hbparameter -p NAME. -m tells it in a sentence.",
        function: Some(cl_status::cl_status),
    },
    Row {
        synopsis: "hb_standby [all|foreign|local|failback]",
        help: "standby, by heartbeat's name",
        function: Some(heartbeat::hand_over),
    },
    Row {
        synopsis: "hb_takeover [all|foreign|local|failback]",
        help: "takeover, by heartbeat's name",
        function: Some(heartbeat::hand_over),
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

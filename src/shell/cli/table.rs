//! Every command; [`Row`] says how a row is read.

use super::row::Row;
use super::{
    check, cl_status, events, heartbeat, order, plan, reload, run, setup, status, write_state,
};
use crate::{companion, state};

pub(super) const ROWS: &[Row] = &[
    Row {
        synopsis: "run",
        help: "run in the foreground",
        function: Some(run),
    },
    Row {
        synopsis: "check",
        help: "judge the configuration",
        function: Some(|call| check::check(call.directory)),
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
        synopsis: "standby [all|local|foreign|GROUP] [--persist] [--force] [--no-wait]",
        help: "hand groups over, prefer to leave them there\n\
            They are still served here when nobody else can. It ends with this run of the agent; --persist\n\
            keeps it over a restart and a reboot. --force: in maintenance, too.",
        function: Some(order::order),
    },
    Row {
        synopsis: "takeover [all|local|foreign|GROUP] [--force] [--no-wait]",
        help: "take groups; they stay until unmove\n\
            --force starts what another node could not stop, or may still run unheard: you vouch for it.",
        function: Some(order::order),
    },
    Row {
        synopsis: "move GROUP NODE [--force] [--no-wait]",
        help: "take a group to a node, where it stays",
        function: Some(order::order),
    },
    Row {
        synopsis: "unmove all|GROUP [--no-wait]",
        help: "let moved groups go where they belong",
        function: Some(order::order),
    },
    Row {
        synopsis: "disable [--persist] [--force] [--no-wait]",
        help: "hand everything over, serve nothing",
        function: Some(order::order),
    },
    Row {
        synopsis: "enable [--no-wait]",
        help: "serve again",
        function: Some(order::order),
    },
    Row {
        synopsis: "maintenance on|off [--no-wait]",
        help: "nothing moves by itself, on any node",
        function: Some(order::order),
    },
    Row {
        synopsis: "reload [--no-wait]",
        help: "have it read its files again\n\
            What did not change goes on undisturbed; what is wrong changes nothing, and is said.",
        function: Some(reload::reload),
    },
    Row {
        synopsis: "setup [--nodes=A,B] [--links=IF,IF] [--serial=DEV] [--ping=IP] [--watchdog=DEV] \
            [--addresses=IP/N,...] [--method=sha1] [--force]",
        help: "write ha.cf, haresources and authkeys; asks, if no option answers",
        function: Some(setup::setup),
    },
    Row {
        synopsis: "plan [--loss=PPM] [--jitter=US]",
        help: "what keepalive and deadtime would do on the measured paths, or on one like this",
        function: Some(plan::plan),
    },
    Row {
        synopsis: "clear [all|local|foreign|GROUP]",
        help: "forget failures here, try again",
        function: None,
    },
    Row {
        synopsis: "heartbeat [-k] [-s] [-r] [-f] [-d] [-l]",
        help: "start; -k stop, -s status, -r reload, -f in the foreground",
        function: Some(heartbeat::heartbeat),
    },
    Row {
        synopsis: "cl_status [-m] [-n] [-p] [-v] WORD [NODE] [LINK] [MS]",
        help: "heartbeat's: hbstatus, listnodes, rscstatus ...",
        function: Some(cl_status::cl_status),
    },
    Row {
        synopsis: "hb_standby [all|foreign|local|failback]",
        help: "standby, by heartbeat's name",
        function: None,
    },
    Row {
        synopsis: "hb_takeover [all|foreign|local|failback]",
        help: "takeover, by heartbeat's name",
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
    Row {
        synopsis: companion::SYNOPSIS,
        help: "",
        function: Some(|call| companion::become_one(call.word(0), call.word(1))),
    },
];

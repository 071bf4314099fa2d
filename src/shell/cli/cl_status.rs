//! `cl_status`, with the outputs and exit codes of heartbeat 3.0.6.

use super::fields::fields;
use super::heartbeat;
use super::row::Call;
use crate::{configuration, stream};

/// Each sub-command by its number below, how many arguments it needs, and its sentence (`-m`): N and L are
/// the arguments, V is the value, which stands alone without `-m`.
const SENTENCES: &[(&str, usize, &str)] = &[
    ("hbstatus", 0, "V"),
    ("listnodes", 0, "The nodes are as follow:\nV"),
    ("nodestatus", 1, "The cluster node N is V"),
    ("nodetype", 1, "The node N's type: V"),
    ("nodeweight", 1, "The weight of the cluster node N is V"),
    ("nodesite", 1, "The site of the cluster node N is V"),
    (
        "listhblinks",
        1,
        "\tthis node has the following heartbeat links:\nV",
    ),
    ("hblinkstatus", 2, "The node N's heartbeat link L is V"),
    ("clientstatus", 2, "V"),
    ("rscstatus", 0, "This node is holding V resources."),
    ("hbparameter", 1, "Heartbeat parameter N's value: V"),
];
const HBSTATUS: usize = 0;
const LISTNODES: usize = 1;
const NODESTATUS: usize = 2;
const NODETYPE: usize = 3;
const NODEWEIGHT: usize = 4;
const NODESITE: usize = 5;
const LISTHBLINKS: usize = 6;
const HBLINKSTATUS: usize = 7;
const CLIENTSTATUS: usize = 8;
const RSCSTATUS: usize = 9;
const HBPARAMETER: usize = 10;

const RUNNING: &str = "Heartbeat is running on this machine.\n";
const VERSION: &str = concat!(
    "version:\ttwinbeat ",
    env!("CARGO_PKG_VERSION"),
    "\nmanaged by:\t\"haresources\"\n"
);
/// No such node or sub-command, or too few arguments.
const MISTAKEN: u8 = 11;
const NO_LINK: u8 = 13;

pub(super) fn cl_status(call: &Call) -> u8 {
    let (name, link, verbose) = (call.word(1), call.word(2), call.has("-v"));
    let known = |row: &(&str, _, _)| row.0 == call.word(0);
    let Some(command) = SENTENCES.iter().position(known) else {
        return wrong("invalid sub-command.", MISTAKEN);
    };
    let (_, needed, sentence) = SENTENCES[command];
    if call.words.len() <= needed {
        return wrong("No enough parameter.", MISTAKEN);
    }
    let Some(view) = heartbeat::view(call.directory) else {
        if command == HBSTATUS {
            stream::print("Heartbeat is stopped on this machine.\n");
            return 1;
        }
        return wrong("Cannot signon with heartbeat", 1);
    };
    let (first, nodes) = view.split_once('\n').unwrap_or_default();
    let mut value = String::new();
    let mut found = true;
    match command {
        HBSTATUS => value.push_str(RUNNING),
        // Nothing connects itself to this program.
        CLIENTSTATUS => value.push_str("offline\n"),
        RSCSTATUS => value.push_str(fields(first)[2]),
        HBPARAMETER => {
            let text = configuration::text(call.directory, "ha.cf");
            match configuration::directive(&text, name) {
                Some(own) => value.push_str(own),
                None => found = false,
            }
        }
        LISTNODES => {}
        _ => found = false,
    }
    if verbose && command <= LISTNODES {
        if command == HBSTATUS {
            value.push_str(VERSION);
        }
        value.push_str(nodes);
    } else {
        let mut here = false;
        for line in nodes.lines() {
            let [node, second, third, _] = fields(line);
            let is_node = !node.is_empty();
            if is_node || line.is_empty() {
                here = node.eq_ignore_ascii_case(name);
            }
            let is_ping = third.ends_with("ping)");
            let piece = match command {
                LISTNODES if is_node && !call.has(if is_ping { "-n" } else { "-p" }) => node,
                NODESTATUS if here && is_node => second,
                NODETYPE if here && is_node => {
                    if is_ping {
                        "ping"
                    } else {
                        "normal"
                    }
                }
                NODEWEIGHT if here && is_node => "100",
                // None has ever been set.
                NODESITE if here && is_node => "",
                LISTHBLINKS if here && !is_node && verbose => line,
                LISTHBLINKS if here && !is_node => {
                    value.push('\t');
                    second
                }
                HBLINKSTATUS if here && !is_node && second == link => third,
                _ => continue,
            };
            found = true;
            value.push_str(piece);
            value.push('\n');
        }
    }
    if !found {
        let code = match command {
            LISTHBLINKS | HBLINKSTATUS => NO_LINK,
            HBPARAMETER => 1,
            _ => MISTAKEN,
        };
        return wrong("Error. May be due to incorrect name", code);
    }
    let mut out = String::new();
    for piece in if call.has("-m") { sentence } else { "V" }.chars() {
        match piece {
            'N' => out.push_str(name),
            'L' => out.push_str(link),
            'V' => out.push_str(&value),
            piece => out.push(piece),
        }
    }
    if !out.ends_with('\n') && !out.is_empty() {
        out.push('\n');
    }
    stream::print(&out);
    u8::from(value == "dead\n" || value == "offline\n")
}

fn wrong(why: &str, code: u8) -> u8 {
    stream::complain(format_args!("cl_status: {why}"));
    code
}

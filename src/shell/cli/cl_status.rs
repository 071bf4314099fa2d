//! `cl_status`, with the outputs and exit codes of heartbeat 3.0.6.

use super::heartbeat;
use super::row::Call;
use crate::{configuration, stream};

/// Each sub-command, how many arguments it needs, and its sentence (`-m`): N and L are the arguments,
/// V is the value, which stands alone without `-m`.
const SENTENCES: &[(&str, u8, &str)] = &[
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
/// What `ha.cf` need not say.
const DEFAULTS: &str = "keepalive 1000ms\ndeadtime 30000ms\nhopfudge 1\nbaud 19200\nudpport 694\n\
    auto_failback legacy\nrealtime true\ndebug 0\ncluster linux-ha";
const RUNNING: &str = "Heartbeat is running on this machine.";
const VERSION: &str = concat!(
    "\nversion:\ttwinbeat ",
    env!("CARGO_PKG_VERSION"),
    "\nmanaged by:\t\"haresources\"\n"
);
/// No such node or sub-command, or too few arguments.
const MISTAKEN: u8 = 11;
const NO_LINK: u8 = 13;

pub(super) fn cl_status(call: &Call) -> u8 {
    let (word, name, link) = (call.word(0), call.word(1), call.word(2));
    let Some((_, needed, sentence)) = SENTENCES.iter().find(|row| row.0 == word) else {
        return wrong(word, ": invalid sub-command.", MISTAKEN);
    };
    if call.words.len() <= usize::from(*needed) {
        return wrong("", "No enough parameter.", MISTAKEN);
    }
    let Some(view) = heartbeat::view(&call.directory) else {
        if word == "hbstatus" {
            stream::print("Heartbeat is stopped on this machine.\n");
            return 1;
        }
        return wrong("", "Cannot signon with heartbeat", 1);
    };
    let Some(value) = value(call, &view) else {
        return match word {
            "listhblinks" => wrong("", "Cannot start heartbeat link interface walk.", NO_LINK),
            "hblinkstatus" => wrong("", "Cannot get heartbeat link status", NO_LINK),
            "hbparameter" => wrong(name, ": Cannot get this parameter's value", 1),
            _ => wrong("", "Error. May be due to incorrect node name", MISTAKEN),
        };
    };
    let mut out = String::new();
    for piece in if call.has("-m") { sentence } else { "V" }.chars() {
        match piece {
            'N' => out.push_str(name),
            'L' => out.push_str(link),
            'V' => out.push_str(&value),
            piece => out.push(piece),
        }
    }
    // Lists end their lines themselves.
    if !value.ends_with('\n') {
        out.push('\n');
    }
    stream::print(&out);
    u8::from(matches!(value.as_str(), "dead" | "offline"))
}

/// The three fields of a line of the view (`status::heartbeat`).
fn fields(line: &str) -> [&str; 3] {
    let mut fields = line.split('\t');
    [(); 3].map(|()| fields.next().unwrap_or_default())
}

fn value(call: &Call, view: &str) -> Option<String> {
    let (word, name, verbose) = (call.word(0), call.word(1), call.has("-v"));
    let mut lines = view.lines().map(fields);
    let [_, _, resources] = lines.next()?;
    let mut out = String::new();
    let mut put = |parts: &[&str]| parts.iter().for_each(|part| out.push_str(part));
    match word {
        "rscstatus" => put(&[resources]),
        // Nothing connects itself to this program.
        "clientstatus" => put(&["offline"]),
        "hbparameter" => {
            let text = configuration::text(&call.directory, "ha.cf");
            let own = configuration::directive(&text, name);
            put(&[own.or(configuration::directive(DEFAULTS, name))?]);
        }
        "hbstatus" if !verbose => put(&[RUNNING]),
        "hbstatus" | "listnodes" => {
            if word == "hbstatus" {
                put(&[RUNNING, VERSION]);
            }
            for [first, second, third] in lines {
                match (verbose, first) {
                    (true, "") => put(&["\t", second, "\t", third, "\n"]),
                    (true, _) => put(&["\n", first, "\t", second, "\t(nodetype: ", third, ")\n"]),
                    (false, "") => {}
                    _ if call.has("-n") && third == "ping" => {}
                    _ if call.has("-p") && third != "ping" => {}
                    _ => put(&[first, "\n"]),
                }
            }
        }
        _ => {
            let mut lines = lines.skip_while(|[first, ..]| !first.eq_ignore_ascii_case(name));
            let [_, status, kind] = lines.next()?;
            let mut links = lines.take_while(|[first, ..]| first.is_empty());
            match word {
                "nodestatus" => put(&[status]),
                "nodetype" => put(&[kind]),
                "nodeweight" => put(&["100"]),
                "hblinkstatus" => put(&[links.find(|[_, link, _]| *link == call.word(2))?[2]]),
                "listhblinks" => {
                    for [_, link, status] in links {
                        let status: &[&str] = if verbose { &["\t", status] } else { &[] };
                        put(&["\t", link]);
                        put(status);
                        put(&["\n"]);
                    }
                }
                // No site has ever been set.
                _ => {}
            }
        }
    }
    Some(out)
}

fn wrong(what: &str, why: &str, code: u8) -> u8 {
    stream::complain(format_args!("cl_status: {what}{why}"));
    code
}

//! `twinbeat setup`: asks for what differs from pair to pair, or takes it as options, and writes the three
//! files. Nothing is written before the last answer.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::read;

use super::row::Call;
use super::{FAILED, USAGE, check};
use crate::sys::{STDIN, random};
use crate::{files, journal, state, stream};

/// Each option, its question, and the directive its answer follows.
const QUESTIONS: &[(&str, &str, &str)] = &[
    (
        "--nodes",
        "Names of the boxes (uname -n), first the one that serves",
        "node",
    ),
    ("--links", "Interfaces for heartbeats", "bcast"),
    (
        "--serial",
        "Serial device of a null-modem cable, if there is one",
        "serial",
    ),
    ("--ping", "Address of a router to ping, or none", "ping"),
    ("--watchdog", "Watchdog device, or none", "watchdog"),
    (
        "--addresses",
        "Addresses to keep alive, like 192.0.2.10/24",
        "",
    ),
];
const TIMING: &str = "keepalive 1\ndeadtime 3\ninitdead 10\nauto_failback off\n";
/// In the order in which they are written: there is nothing to run before the last.
const FILES: [&str; 3] = ["authkeys", "haresources", "ha.cf"];
/// Longer than any answer.
const MOST: usize = 1000;

pub(super) fn setup(call: &Call) -> u8 {
    let folder = call.directory.as_path();
    let there = |file: &&&str| {
        files::open(&folder.join(file), OFlag::O_PATH | OFlag::O_NOFOLLOW, 0).is_ok()
    };
    let found = FILES.iter().find(there).filter(|_| !call.has("--force"));
    if let Some(file) = found {
        return wrong(
            "is there already; --force replaces it and keeps a .bak",
            file,
        );
    }
    let asks = QUESTIONS.iter().all(|row| call.value(row.0).is_none());
    let mut ha_cf = TIMING.to_owned();
    let (mut nodes, mut addresses) = (String::new(), String::new());
    for (option, question, directive) in QUESTIONS {
        let answer = match call.value(option) {
            Some(value) => value.replace(',', " "),
            None if asks => match answer(question, &proposal(directive)) {
                Some(answer) => answer,
                None => return wrong("nothing is written", "end of input"),
            },
            None => continue,
        };
        match *directive {
            _ if answer.is_empty() => continue,
            "" => {
                addresses = answer;
                continue;
            }
            "node" => nodes.clone_from(&answer),
            _ => {}
        }
        // Writing to a string does not fail.
        let _ = writeln!(ha_cf, "{directive} {}", answer.trim_ascii_end());
    }
    let Some(home) = nodes.split_ascii_whitespace().next() else {
        stream::complain(format_args!("twinbeat: --nodes is missing"));
        return USAGE;
    };
    let mut key = [0; 24];
    if !random(&mut key) {
        return wrong("the kernel has no randomness yet", "authkeys");
    }
    let method = call.value("--method").unwrap_or("sha256");
    let mut authkeys = format!("auth 1\n1 {method} ");
    for byte in key {
        let _ = write!(authkeys, "{byte:02x}");
    }
    authkeys.push('\n');
    let haresources = match addresses.as_str() {
        "" => String::new(),
        addresses => format!("{home} {}\n", addresses.trim_ascii_end()),
    };
    for (file, text) in FILES.iter().zip([&authkeys, &haresources, &ha_cf]) {
        if let Err(error) = replace(&folder.join(file), text) {
            return wrong(journal::io_error(&error), file);
        }
    }
    let code = check::check(folder);
    let folder = files::shown(folder);
    for node in nodes.split_ascii_whitespace().skip(1) {
        stream::print_line(format_args!(
            "To {node}:  cd {folder} && scp -p ha.cf haresources authkeys root@{node}:{folder}/"
        ));
    }
    stream::print("Then on each box:  twinbeat check  and  heartbeat\n");
    code
}

/// What is there is kept beside it.
fn replace(file: &Path, text: &str) -> io::Result<()> {
    let mut kept = file.as_os_str().to_owned();
    kept.push(".bak");
    match files::rename(file, Path::new(&kept)) {
        Ok(()) | Err(Errno::ENOENT) => state::write(file, text),
        Err(error) => Err(error.into()),
    }
}

/// What is offered.
fn proposal(directive: &str) -> String {
    match directive {
        "node" => match nix::sys::utsname::uname() {
            Ok(system) => files::shown(Path::new(system.nodename())),
            Err(_) => String::new(),
        },
        // Those that are up and have an address.
        "bcast" => {
            let mut names = String::new();
            let routes = files::read_kernel("/proc/net/route").unwrap_or_default();
            let mut last = "";
            for line in routes.lines().skip(1) {
                let name = line.split_ascii_whitespace().next().unwrap_or_default();
                if name != last {
                    names.push_str(name);
                    names.push(' ');
                }
                last = name;
            }
            names
        }
        _ => String::new(),
    }
}

/// The line that is typed, or the proposal for an empty one; `None` at the end of all input.
fn answer(question: &str, proposal: &str) -> Option<String> {
    stream::print(&format!("{question} [{proposal}]: "));
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < MOST {
        match read(STDIN, &mut byte) {
            Ok(1) if byte == *b"\n" => {
                let line = String::from_utf8(line).ok()?;
                return Some(match line.trim_ascii() {
                    "" => proposal.to_owned(),
                    "none" => String::new(),
                    line => line.to_owned(),
                });
            }
            Ok(1) => line.extend(byte),
            Err(Errno::EINTR) => {}
            _ => return None,
        }
    }
    None
}

fn wrong(why: &str, what: &str) -> u8 {
    stream::complain(format_args!("twinbeat setup: {what}: {why}"));
    FAILED
}

//! `twinbeat setup`: asks for what differs from pair to pair, or takes it as options, and writes the three
//! files. Nothing is written before the last answer.

use std::fmt::Write as _;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::read;

use super::row::Call;
use super::{FAILED, check, misused};
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
    let mut texts = [const { String::new() }; FILES.len()];
    let nodes = match write(call, &mut texts) {
        Ok("") => return misused(("missing", b"--nodes")),
        Ok(nodes) => nodes,
        Err((what, why)) => {
            stream::complain(format_args!("twinbeat setup: {what}: {why}"));
            return FAILED;
        }
    };
    let code = check::check(call.directory);
    let folder = files::shown(call.directory);
    for node in nodes.split_ascii_whitespace().skip(1) {
        stream::print_line(format_args!(
            "To {node}:  cd {folder} && scp -p ha.cf haresources authkeys root@{node}:{folder}/"
        ));
    }
    stream::print("Then on each box:  twinbeat check  and  heartbeat\n");
    code
}

/// The names of the nodes; without any nothing is written. The error is what went wrong, and why.
fn write(
    call: &Call,
    texts: &mut [String; FILES.len()],
) -> Result<&'static str, (&'static str, &'static str)> {
    let there = |file: &&&str| {
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW;
        files::open(&files::below(call.directory, file), flags, 0).is_ok()
    };
    let found = FILES.iter().find(there).filter(|_| !call.has("--force"));
    if let Some(file) = found {
        let why = "is there already; --force replaces it and keeps a .bak";
        return Err((file, why));
    }
    let asks = QUESTIONS.iter().all(|row| call.value(row.0).is_none());
    let [authkeys, haresources, ha_cf] = texts;
    ha_cf.push_str(TIMING);
    let (mut nodes, mut addresses) = ("", "");
    for (option, question, directive) in QUESTIONS {
        let answer = match call.value(option) {
            Some(value) => blanks(value),
            None if asks => answer(question, &proposal(directive))
                .ok_or(("end of input", "nothing is written"))?,
            None => continue,
        };
        match *directive {
            _ if answer.is_empty() => continue,
            "" => {
                addresses = answer;
                continue;
            }
            "node" => nodes = answer,
            _ => {}
        }
        // Writing to a string does not fail.
        let _ = writeln!(ha_cf, "{directive} {answer}");
    }
    let Some(home) = nodes.split_ascii_whitespace().next() else {
        return Ok("");
    };
    let mut key = [0; 24];
    if !random(&mut key) {
        return Err(("authkeys", "the kernel has no randomness yet"));
    }
    let method = call.value("--method").unwrap_or("sha256");
    let _ = write!(authkeys, "auth 1\n1 {method} ");
    for byte in key {
        let _ = write!(authkeys, "{byte:02x}");
    }
    authkeys.push('\n');
    if !addresses.is_empty() {
        let _ = writeln!(haresources, "{home} {addresses}");
    }
    for (file, text) in FILES.iter().zip(texts) {
        replace(&files::below(call.directory, file), text)
            .map_err(|error| (*file, journal::errno(error)))?;
    }
    Ok(nodes)
}

/// What is there is kept beside it.
fn replace(file: &Path, text: &str) -> Result<(), Errno> {
    let mut kept = file.as_os_str().to_owned();
    kept.push(".bak");
    match files::rename(file, Path::new(&kept)) {
        Ok(()) | Err(Errno::ENOENT) => state::write(file, text),
        error => error,
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

/// Words between commas as words between blanks.
fn blanks(value: &str) -> &'static str {
    let mut bytes = value.as_bytes().to_vec();
    for byte in &mut bytes {
        if *byte == b',' {
            *byte = b' ';
        }
    }
    let bytes = bytes.leak().trim_ascii_end();
    // Still as it was typed.
    str::from_utf8(bytes).unwrap_or_default()
}

/// The line that is typed, or the proposal for an empty one; `None` at the end of all input.
fn answer(question: &str, proposal: &str) -> Option<&'static str> {
    stream::print(&format!("{question} [{proposal}]: "));
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < MOST {
        match read(STDIN, &mut byte) {
            Ok(1) if byte == *b"\n" => {
                let line = str::from_utf8(line.leak()).ok()?.trim_ascii();
                return Some(match line {
                    "" => proposal.to_owned().leak().trim_ascii_end(),
                    "none" => "",
                    line => line,
                });
            }
            Ok(1) => line.extend(byte),
            Err(Errno::EINTR) => {}
            _ => return None,
        }
    }
    None
}

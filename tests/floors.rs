//! The house is built as drawn: floors, file sizes, names, and where `unsafe` and `std` may stand.
//!
//! The compiler holds the wall between core and shell; what it cannot hold is checked here on the
//! text. A file of the core belongs to the room it lies in (`wire/native.rs` to `wire`), and a room
//! names only rooms on strictly lower floors, each by its own `crate::room` path.

use std::fs;
use std::path::Path;

/// Rooms from the ground up; those in one row do not know each other.
const FLOORS: &[&str] = &[
    "time id",
    "action config",
    "wire serial",
    "auth",
    "membership",
    "failover",
    "linux_ha",
    "node",
];
/// Text and re-exports only: may name every room and is named by none.
const FRONT: &str = "lib manual";
const NO_NAMES: &str = "util utils common manager managers helper helpers misc";
const MOST_LINES: usize = 400;
/// The room for it and its side rooms: `src/shell/sys.rs`, `src/shell/sys/`.
const UNSAFE_HOME: &str = "src/shell/sys";

fn among(list: &str, name: &str) -> bool {
    list.split(' ').any(|other| other == name)
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| among(rooms, room))
}

/// What is wrong with one file, given its path from the package's root.
fn trespasses(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| part.trim_end_matches(".rs"))
        .collect();
    if parts.iter().any(|part| among(NO_NAMES, part)) {
        found.push(format!("{path}: not the name of a thing in this house"));
    }
    let (lines, of_src) = (text.lines().count(), parts[0] == "src");
    if of_src && lines > MOST_LINES {
        found.push(format!("{path}: {lines} lines, more than {MOST_LINES}"));
    }
    let room = path.starts_with("src/core/").then(|| parts[2]);
    let front = room.is_some_and(|room| among(FRONT, room));
    if room.is_some_and(|room| !front && floor(room).is_none()) {
        found.push(format!(
            "{path}: a room without a floor: draw it in tests/floors.rs and src/core/lib.rs"
        ));
    }
    let mut testing = false;
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let of_tests = line.starts_with("#[cfg(test)]") || line.starts_with("#![cfg(test)]");
        testing |= of_tests && !front;
        let home = path.strip_prefix(UNSAFE_HOME);
        let at_home = home.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'));
        let mut say =
            |what: &str| found.push(format!("{path}:{}: {what}: {}", number + 1, line.trim()));
        for name in
            code.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':')
        {
            let name = name.trim_start_matches(':');
            if of_src && name == "unsafe" && !at_home {
                say("unsafe outside src/shell/sys.rs");
            }
            let Some(room) = room else { continue };
            if !testing && (name.starts_with("std::") || name.starts_with("alloc::")) {
                say("the core knows neither std nor a heap");
            }
            let outer =
                name.starts_with("super::") && parts.len() == 3 && line.starts_with(['u', 'p']);
            if name.starts_with("super::super") || outer {
                say("call a room by its own name: crate::…");
            }
            let Some(other) = name
                .strip_prefix("crate::")
                .and_then(|path| path.split(':').next())
            else {
                continue;
            };
            let lower =
                floor(other).is_some_and(|other| floor(room).is_some_and(|own| other < own));
            if !lower && other != room && !front {
                say(&format!("`{room}` may not know `{other}`"));
            }
        }
    }
    found
}

fn look(folder: &Path, root: &Path, found: &mut Vec<String>) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += look(&path, root, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            found.extend(trespasses(&name, &fs::read_to_string(&path).unwrap()));
            files += 1;
        }
    }
    files
}

#[test]
fn the_house_is_built_as_drawn() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let files =
        look(&root.join("src"), root, &mut found) + look(&root.join("tests"), root, &mut found);
    assert!(files > 5, "only {files} files seen");
    assert!(
        found.is_empty(),
        "{} trespasses:\n{}",
        found.len(),
        found.join("\n")
    );
}

/// One file a line: its path, then its text.
fn planted(table: &str) -> impl Iterator<Item = (&str, String)> {
    table
        .lines()
        .filter_map(|line| line.trim().split_once(' '))
        .map(|(path, text)| (path, text.replace("⏎", "\n")))
}

#[test]
fn a_planted_trespass_is_found() {
    let table = r"
        src/core/wire.rs use crate::membership::Peer;
        src/core/wire/native.rs fn new() { crate::node::Node::new() }
        src/core/config/lint.rs use crate::action::Event;
        src/core/wire.rs use crate::{time::Duration, id::NodeId};
        src/core/wire.rs use crate::auth::Tag;
        src/core/id.rs pub(crate) use crate::time::Instant;
        src/core/auth.rs use crate::Node;
        src/core/auth.rs use super::node::Node;
        src/core/wire/native.rs use super::super::node::Node;
        src/core/attic.rs use core::fmt;
        src/core/time.rs use std::time::Instant;
        src/core/time.rs type Name = ::std::string::String;
        src/core/node.rs use alloc::vec::Vec;
        src/core/lib.rs #[cfg(test)]⏎extern crate std;⏎use std::vec::Vec;
        src/core/time.rs unsafe { core::hint::unreachable_unchecked() }
        src/shell/system.rs fn me() -> i32 { unsafe { libc::getpid() } }
        src/shell/link/util.rs use std::io;
        tests/common/mod.rs use std::io;";
    assert_eq!(planted(table).count(), 18);
    for (path, text) in planted(table) {
        assert_eq!(trespasses(path, &text).len(), 1, "{path}: {text}");
    }
    assert_eq!(
        trespasses("src/shell/run.rs", &"\n".repeat(MOST_LINES + 1)).len(),
        1
    );
}

#[test]
fn what_is_allowed_is_left_alone() {
    let table = r"
        src/core/node.rs use crate::failover::{claim::Claim, Group};⏎use crate::wire::Body;
        src/core/wire/native.rs use super::Body;⏎use crate::wire::Header;⏎use crate::time::{Duration, Instant};
        src/core/wire.rs /// For [`crate::Node`] and std::net, unsafe or not.⏎use core::alloc::Layout; // not std::
        src/core/time.rs #[cfg(test)]⏎mod tests {⏎    use super::*;⏎    use std::string::ToString;⏎}
        src/core/lib.rs #![forbid(unsafe_code)]⏎#![deny(clippy::std_instead_of_core)]⏎pub use crate::node::Node;
        src/shell/sys.rs unsafe { libc::getpid() }
        src/shell/sys/heap.rs unsafe { libc::getpid() }
        tests/bench/rows.rs use std::vec::Vec;";
    assert_eq!(planted(table).count(), 8);
    for (path, text) in planted(table) {
        assert_eq!(
            trespasses(path, &text),
            Vec::<String>::new(),
            "{path}: {text}"
        );
    }
    assert!(trespasses("src/shell/run.rs", &"\n".repeat(MOST_LINES)).is_empty());
}

//! `haresources`: one group a line, its home node and then its resources in starting order.

mod address;
mod problem;

pub(super) use address::literal;
pub use problem::Problem;

use super::diagnostic::{self, File, NodeNames, Position, Quoted, Report};
use super::lexer::{Lines, Word, Words};
use super::{Config, Group, MAX_RESOURCES, Machine, Options, Resource};
use crate::id::{MAX_GROUPS, NodeId};
use address::Family;

/// Where things stand that must not come twice.
#[derive(Default)]
struct Places {
    groups: heapless::Vec<Position, MAX_GROUPS>,
    resources: heapless::Vec<Position, MAX_RESOURCES>,
    full: bool,
}

/// Reads the whole file into `config`. Without `nodes_known` (`ha.cf` could not be read) the home
/// nodes are not compared.
pub(super) fn read(text: &[u8], config: &mut Config, nodes_known: bool, report: &mut Report<'_>) {
    let mut places = Places::default();
    for (first, words) in Lines::new(File::Haresources, text) {
        let stray = words.clone().find(|word| word.bytes == b"\\");
        if let Some(stray) = stray {
            report.say(stray.at, diagnostic::Problem::Backslash);
            continue;
        }
        let home = config.node_named(first.bytes);
        if home.is_none() && nodes_known {
            let problem = Problem::UnknownHome(Quoted(first.bytes), NodeNames(config));
            report.say(first.at, problem);
        }
        let home = home.unwrap_or(config.me);
        places.read_group(home, first, words, config, report);
    }
}

impl Places {
    fn read_group(
        &mut self,
        home: NodeId,
        first: Word<'_>,
        words: Words<'_>,
        config: &mut Config,
        report: &mut Report<'_>,
    ) {
        let Some(key_word) = words.clone().next() else {
            return report.say(first.at, Problem::NoResources(Quoted(first.bytes)));
        };
        if SELECTIONS.contains(&key_word.bytes) {
            report.say(key_word.at, Problem::Selection(Quoted(key_word.bytes)));
        }
        let start = config.resources.len();
        let mut key = None;
        for word in words {
            let Some(resource) = self.read_resource(word, config, report) else {
                continue;
            };
            if word.at == key_word.at {
                key = match &resource {
                    Resource::Script(text) => Some(*text),
                    Resource::Address(_) => config.keep(word.bytes, word.at, report),
                };
            }
            if config.resources.push(resource).is_err() {
                self.say_full(word.at, Problem::TooManyResources, report);
            } else {
                // As many places as resources.
                let _ = self.resources.push(word.at);
            }
        }
        // Without a key something was already said about the first resource.
        let Some(key) = key else { return };
        let mut pairs = config.groups.iter().zip(&self.groups);
        let same = |(group, _): &(&Group, &Position)| config.text(group.key) == config.text(key);
        if let Some((_, earlier)) = pairs.find(same) {
            let problem = Problem::SameKey(Quoted(key_word.bytes), *earlier);
            return report.say(key_word.at, problem);
        }
        let index = |position: usize| u16::try_from(position).unwrap_or(u16::MAX);
        let group = Group {
            home,
            key,
            resources: index(start)..index(config.resources.len()),
            options: Options::default(),
        };
        if config.groups.push(group).is_err() {
            self.say_full(first.at, Problem::TooManyGroups, report);
        } else {
            let _ = self.groups.push(key_word.at);
        }
    }

    fn read_resource(
        &mut self,
        word: Word<'_>,
        config: &mut Config,
        report: &mut Report<'_>,
    ) -> Option<Resource> {
        match parse(word.bytes) {
            Ok(None) => config
                .keep(word.bytes, word.at, report)
                .map(Resource::Script),
            Ok(Some(found)) => {
                let same = |resource: &Resource| match resource {
                    Resource::Address(other) => other.address == found.address,
                    Resource::Script(_) => false,
                };
                let earlier = config.resources.iter().position(same);
                if let Some(earlier) = earlier.and_then(|place| self.resources.get(place)) {
                    report.say(word.at, Problem::SameAddress(found.address, *earlier));
                    return None;
                }
                Some(Resource::Address(found))
            }
            Err(problem) => {
                report.say(word.at, problem);
                None
            }
        }
    }

    /// Said once: everything after it would say it again.
    fn say_full(&mut self, at: Position, problem: Problem<'_>, report: &mut Report<'_>) {
        if !core::mem::replace(&mut self.full, true) {
            report.say(at, problem);
        }
    }
}

/// Says which scripts and interfaces this machine lacks; what was refused is left out.
pub(super) fn compare(text: &[u8], machine: &dyn Machine, report: &mut Report<'_>) {
    for word in Lines::new(File::Haresources, text).flat_map(|(_, words)| words) {
        match parse(word.bytes) {
            Ok(Some(address)) => {
                if let Some(nic) = &address.interface
                    && !machine.has_interface(nic)
                {
                    report.say(
                        word.at,
                        diagnostic::Problem::NoInterface(Quoted(nic.as_bytes())),
                    );
                }
            }
            Ok(None) => {
                let name = script_name(word.bytes).0;
                if core::str::from_utf8(name).is_ok_and(|name| !machine.has_script(name)) {
                    report.say(word.at, diagnostic::Problem::NoScript(Quoted(name)));
                }
            }
            Err(_) => {}
        }
    }
}

/// A word up to its first `::`, and what is behind it.
fn script_name(word: &[u8]) -> (&[u8], Option<&[u8]>) {
    match word.windows(2).position(|pair| pair == b"::") {
        Some(end) => (
            word.get(..end).unwrap_or_default(),
            word.get(end.saturating_add(2)..),
        ),
        None => (word, None),
    }
}

/// An address, or nothing when the word is a sound script with its arguments.
fn parse(word: &[u8]) -> Result<Option<super::Address>, Problem<'_>> {
    if word.len() > MAX_WORD {
        return Err(Problem::LongWord(word.len()));
    }
    if let Some(bad) = word.iter().find(|b| !b.is_ascii_graphic()) {
        return Err(Problem::BadByte(Quoted(word), *bad));
    }
    if address::is_meant(word) {
        return address::parse(word, Family::Both).map(Some);
    }
    let (name, argument) = script_name(word);
    let family = match name {
        b"IPaddr" => Family::Four,
        b"IPaddr2" => Family::Both,
        b"IPv6addr" => Family::Six,
        _ => {
            let near = |right: &&str| right.as_bytes().eq_ignore_ascii_case(name);
            if let Some(right) = ["IPaddr", "IPaddr2", "IPv6addr"].into_iter().find(near) {
                return Err(Problem::Case(Quoted(name), right));
            }
            check_script(word, name, argument)?;
            return Ok(None);
        }
    };
    let argument = argument.ok_or(Problem::NoAddress(Quoted(name)))?;
    address::parse(argument, family).map(Some)
}

fn check_script<'a>(
    word: &'a [u8],
    name: &'a [u8],
    arguments: Option<&'a [u8]>,
) -> Result<(), Problem<'a>> {
    if name.is_empty() || name.starts_with(b".") || name.iter().any(|b| matches!(b, b'/' | b':')) {
        return Err(Problem::BadScript(Quoted(name)));
    }
    if let Some(arguments) = arguments
        && (arguments.is_empty()
            || arguments.starts_with(b"::")
            || arguments.ends_with(b"::")
            || arguments.windows(4).any(|four| four == b"::::"))
    {
        return Err(Problem::EmptyArgument(Quoted(word)));
    }
    Ok(())
}

/// Bytes of one resource: a group's key must fit into one line of the control socket.
const MAX_WORD: usize = 200;

/// What `standby` and `takeover` take for other than a group's key.
const SELECTIONS: [&[u8]; 4] = [b"all", b"local", b"foreign", b"failback"];

//! `haresources`: one group a line, its home node and then its resources in starting order.

mod address;
mod call;
mod network;
mod problem;

pub(super) use address::literal;
pub use network::{Network, Route};
pub use problem::Problem;

use super::diagnostic::{self, File, NodeNames, Position, Quoted, Report};
use super::lexer::{Lines, Word, Words};
use super::{Config, Group, Limits, MAX_RESOURCES, Machine, Options, Resource, Text};
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
                    Resource::Script(text) | Resource::Network(text, _) => Some(*text),
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
            limits: Limits::default(),
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
        let mut resource = Resource::Script(Text::default());
        if let Err(problem) = parse(word.bytes, &mut resource) {
            report.say(word.at, problem);
            return None;
        }
        if let Resource::Network(_, Network::Link(interface)) = &resource
            && config.links.iter().any(|link| link.interface == *interface)
        {
            report.say(word.at, Problem::HeartbeatLink(Quoted(word.bytes)));
        }
        match &mut resource {
            Resource::Script(text) | Resource::Network(text, _) => {
                *text = config.keep(word.bytes, word.at, report)?;
            }
            Resource::Address(found) => {
                let same = |resource: &Resource| match resource {
                    Resource::Address(other) => other.address == found.address,
                    Resource::Network(..) | Resource::Script(_) => false,
                };
                let earlier = config.resources.iter().position(same);
                if let Some(earlier) = earlier.and_then(|place| self.resources.get(place)) {
                    report.say(word.at, Problem::SameAddress(found.address, *earlier));
                    return None;
                }
            }
        }
        Some(resource)
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
    for (_, words) in Lines::new(File::Haresources, text) {
        for word in words {
            let mut resource = Resource::Script(Text::default());
            let interface = match (parse(word.bytes, &mut resource), &resource) {
                (Ok(()), Resource::Address(address)) => address.interface.as_ref(),
                (Ok(()), Resource::Network(_, network)) => network.interface(),
                (Ok(()), Resource::Script(_)) => {
                    let name = cut(word.bytes, b"::").0;
                    if core::str::from_utf8(name).is_ok_and(|name| !machine.has_script(name)) {
                        report.say(word.at, diagnostic::Problem::NoScript(Quoted(name)));
                    }
                    None
                }
                (Err(_), _) => None,
            };
            if let Some(nic) = interface.filter(|nic| !machine.has_interface(nic)) {
                let problem = diagnostic::Problem::NoInterface(Quoted(nic.as_bytes()));
                report.say(word.at, problem);
            }
        }
    }
}

/// A word up to the first `key`, and what is behind that.
#[inline(never)]
fn cut<'a>(word: &'a [u8], key: &[u8]) -> (&'a [u8], Option<&'a [u8]>) {
    let at = word.windows(key.len()).position(|part| part == key);
    match at.and_then(|at| word.split_at_checked(at)) {
        Some((before, behind)) => (before, behind.get(key.len()..)),
        None => (word, None),
    }
}

/// What a sound word is, put into `found`, where so far a script is: without the text of a word that is kept.
fn parse<'a>(word: &'a [u8], found: &mut Resource) -> Result<(), Problem<'a>> {
    if word.len() > MAX_WORD {
        return Err(Problem::LongWord(word.len()));
    }
    if let Some(bad) = word.iter().find(|b| !b.is_ascii_graphic()) {
        return Err(Problem::BadByte(Quoted(word), *bad));
    }
    if address::is_meant(word) {
        return address::parse(word, Family::Both, found);
    }
    let (name, argument) = cut(word, b"::");
    let is = |known: &&(&str, BuiltIn)| known.0.as_bytes() == name;
    match BUILT_IN.iter().find(is) {
        Some((_, BuiltIn::Address(family))) => {
            let argument = argument.ok_or(Problem::NoAddress(Quoted(name)))?;
            address::parse(argument, *family, found)
        }
        Some((_, BuiltIn::Network(kind))) => {
            network::parse(argument.unwrap_or_default(), *kind, found)
                .map_err(|form| Problem::Form(Quoted(word), form))
        }
        None => {
            // Nobody gives a script of his own such a name in other letters.
            let cased = BUILT_IN.iter().take(CASED);
            let near = |right: &&str| right.as_bytes().eq_ignore_ascii_case(name);
            match cased.map(|known| known.0).find(near) {
                Some(right) => Err(Problem::Case(Quoted(name), right)),
                None => call::check(word, name, argument),
            }
        }
    }
}

/// What a built-in resource is.
#[derive(Clone, Copy)]
enum BuiltIn {
    Address(Family),
    Network(network::Kind),
}

/// Their names; those that a script of somebody's own may well have in other letters last.
const BUILT_IN: [(&str, BuiltIn); 7] = [
    ("IPaddr", BuiltIn::Address(Family::Four)),
    ("IPaddr2", BuiltIn::Address(Family::Both)),
    ("IPv6addr", BuiltIn::Address(Family::Six)),
    ("IPsrcaddr", BuiltIn::Network(network::Kind::Source)),
    ("SendArp", BuiltIn::Network(network::Kind::Announced)),
    ("Route", BuiltIn::Network(network::Kind::Route)),
    ("Link", BuiltIn::Network(network::Kind::Link)),
];
/// How many of them are meant in any letters.
const CASED: usize = 5;

/// Bytes of one resource: a group's key must fit into one line of the control socket.
const MAX_WORD: usize = 200;

/// What `standby` and `takeover` take for other than a group's key.
const SELECTIONS: [&[u8]; 4] = [b"all", b"local", b"foreign", b"failback"];

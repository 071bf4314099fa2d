//! What a node should reach: `ping`, `ping6`, `ping_group`, `track`. (`group` is read later.)

use super::directive::Name;
use super::medium::{Flaw, machine, on};
use super::{Problem, Settings};
use crate::config::diagnostic::{self, Position, Quoted, Report};
use crate::config::lexer::{Word, Words};
use crate::config::reach::MAX_TARGETS;
use crate::config::{Config, Machine, Sight, Text, Witness};

/// Whether a directive is read here.
pub(super) fn is_meant(name: Name) -> bool {
    matches!(
        name,
        Name::Group | Name::Ping | Name::Ping6 | Name::PingGroup | Name::Track
    )
}

impl Settings {
    pub(super) fn read_reach<'a>(
        &mut self,
        name: Name,
        start: Position,
        mut words: Words<'a>,
        config: &mut Config,
        report: &mut Report<'_>,
    ) -> Result<(), Flaw<'a>> {
        if name == Name::Group {
            return Ok(()); // When haresources has been read.
        }
        let missing = (start, Problem::NoValue(name.example()));
        let mut group = Text::default();
        if name == Name::PingGroup {
            let word = words.next().ok_or(missing)?;
            let known = config.reach.witnesses.iter();
            let mut names = known.map(|witness| config.text(witness.group).as_bytes());
            if names.any(|name| name == word.bytes) {
                return Err(wrong(word, TWICE));
            }
            if !word.bytes.iter().all(u8::is_ascii_graphic) {
                return Err(wrong(word, "is no name: visible ASCII characters"));
            }
            group = config.keep(word.bytes, word.at, report).unwrap_or_default();
        }
        let mut any = false;
        for word in words {
            let told = self.add_witness(name, word, group, any, config);
            if let Err((at, problem)) = told {
                report.say(at, problem);
            }
            any = true;
        }
        if any { Ok(()) } else { Err(missing) }
    }

    /// One host or interface; of a group's hosts only the first is a target.
    fn add_witness<'a>(
        &mut self,
        name: Name,
        word: Word<'a>,
        group: Text,
        more: bool,
        config: &mut Config,
    ) -> Result<(), Flaw<'a>> {
        let sight = if name == Name::Track {
            Sight::Interface(on(word)?)
        } else {
            let host = machine(name, word)?;
            if let core::net::IpAddr::V6(address) = host
                && address.is_unicast_link_local()
            {
                let what = "is of one link only, and which is not said: write the host's global or private address";
                return Err(wrong(word, what));
            }
            Sight::Host(host)
        };
        let reach = &mut config.reach;
        if reach.witnesses.iter().any(|other| other.sight == sight) {
            return Err(wrong(word, TWICE));
        }
        let joins = more && name == Name::PingGroup && reach.targets > 0;
        let target = reach.targets.saturating_sub(u8::from(joins));
        let witness = Witness {
            sight,
            target,
            group,
        };
        if target >= MAX_TARGETS || reach.witnesses.push(witness).is_err() {
            let what = "is too many: at most 8 targets (a ping_group is one), of 16 hosts and interfaces; remove some";
            return Err(wrong(word, what));
        }
        reach.targets = target.saturating_add(1);
        let _ = self.witnesses.push(word.at);
        Ok(())
    }

    /// Says which interfaces this machine lacks at present.
    pub(in crate::config) fn compare(
        &self,
        config: &Config,
        machine: &dyn Machine,
        report: &mut Report<'_>,
    ) {
        let links = config.links.iter().zip(&self.links);
        let links = links.filter(|(link, _)| link.rate().is_none());
        let links = links.map(|(link, at)| (&link.interface, at));
        let tracked = config.reach.witnesses.iter().zip(&self.witnesses);
        let tracked = tracked.filter_map(|(witness, at)| match &witness.sight {
            Sight::Interface(name) => Some((name, at)),
            Sight::Host(_) => None,
        });
        for (name, at) in links.chain(tracked) {
            if !machine.has_interface(name) {
                let name = Quoted(name.as_bytes());
                report.say(*at, diagnostic::Problem::NoInterface(name));
            }
        }
    }
}

fn wrong<'a>(word: Word<'a>, what: &'static str) -> Flaw<'a> {
    (word.at, Problem::Wrong(Quoted(word.bytes), what))
}

const TWICE: &str = "stands twice: remove one of them";

const _: () = assert!(
    MAX_TARGETS == 8 && crate::id::MAX_WITNESSES == 16,
    "said above"
);

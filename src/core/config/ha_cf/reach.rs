//! What a node should reach: `ping`, `ping6`, `ping_group`, `track`. (`group` is read later.)

use core::net::IpAddr;

use super::directive::Name;
use super::medium::{machine, on};
use super::{Problem, Settings, is_node_name};
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
    #[inline(never)]
    pub(super) fn read_reach(
        &mut self,
        name: Name,
        start: Position,
        mut words: Words<'_>,
        config: &mut Config,
        report: &mut Report<'_>,
    ) {
        if name == Name::Group {
            return; // When haresources has been read.
        }
        let mut any = false;
        let mut group = Text::default();
        if name == Name::PingGroup
            && let Some(word) = words.next()
        {
            if !is_node_name(word.bytes) {
                let what = "is no name for a group of hosts: letters and digits";
                return report.say(word.at, Problem::Wrong(Quoted(word.bytes), what));
            }
            group = config.keep(word.bytes, word.at, report).unwrap_or_default();
        }
        for word in words {
            self.add_witness(name, word, (group, any), config, report);
            any = true;
        }
        if !any {
            report.say(start, Problem::NoValue(name.example()));
        }
    }

    /// One host or interface; of a group's hosts only the first is a target.
    #[inline(never)]
    fn add_witness(
        &mut self,
        name: Name,
        word: Word<'_>,
        (group, more): (Text, bool),
        config: &mut Config,
        report: &mut Report<'_>,
    ) {
        let sight = if name == Name::Track {
            on(word, report).map(Sight::Interface)
        } else {
            machine(name, word, report).map(Sight::Host)
        };
        let Some(sight) = sight else { return };
        let reach = &mut config.reach;
        let joins = more && group.len > 0 && reach.targets > 0;
        let target = reach.targets.saturating_sub(u8::from(joins));
        let link_local =
            matches!(sight, Sight::Host(IpAddr::V6(host)) if host.is_unicast_link_local());
        let what = if link_local {
            "is of one link only: write the global address"
        } else if reach.witnesses.iter().any(|other| other.sight == sight) {
            "stands twice: remove one of them"
        } else {
            let witness = Witness {
                sight,
                target,
                group,
            };
            if target < MAX_TARGETS && reach.witnesses.push(witness).is_ok() {
                reach.targets = target.saturating_add(1);
                let _ = self.witnesses.push(word.at);
                return;
            }
            "is too many: at most 8 targets (a ping_group is one) of 16 hosts; remove some"
        };
        report.say(word.at, Problem::Wrong(Quoted(word.bytes), what));
    }

    /// Says which interfaces this machine lacks at present.
    pub(in crate::config) fn compare(
        &self,
        config: &Config,
        machine: &dyn Machine,
        report: &mut Report<'_>,
    ) {
        let mut compare = |name: &str, at: &Position| {
            if !machine.has_interface(name) {
                let name = Quoted(name.as_bytes());
                report.say(*at, diagnostic::Problem::NoInterface(name));
            }
        };
        for (link, at) in config.links.iter().zip(&self.links) {
            if link.rate().is_none() {
                compare(&link.interface, at);
            }
        }
        for (witness, at) in config.reach.witnesses.iter().zip(&self.witnesses) {
            if let Sight::Interface(name) = &witness.sight {
                compare(name, at);
            }
        }
    }
}

const _: () = assert!(
    MAX_TARGETS == 8 && crate::id::MAX_WITNESSES == 16,
    "said above"
);

//! Who had what, and since when: addresses by looking, services by what their script wrote, and what a
//! client noticed.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{fmt::Write as _, fs};

use nix::time::{ClockId, clock_gettime};

use super::machine::Machine;
use super::pair::NAMES;
use crate::lab::client::Client;
use crate::lab::namespace::Namespace;
use crate::lab::watch::{Watch, overlap};

/// The address of each group.
pub(crate) const SERVICES: [Ipv4Addr; 2] =
    [Ipv4Addr::new(10, 77, 0, 100), Ipv4Addr::new(10, 77, 0, 101)];
/// How often is looked and asked.
const PACE: Duration = Duration::from_millis(10);

/// What is observed of a pair.
pub(crate) struct Ledger {
    begun: Instant,
    /// By node, then by group.
    addresses: [[Watch; 2]; 2],
    scripts: [PathBuf; 2],
    clients: [Client; 2],
    outages: Mutex<Vec<(usize, Instant)>>,
}

/// What a node has: the group whose home it is, and the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    None,
    Local,
    Foreign,
    All,
}

impl Hold {
    /// As `cl_status rscstatus` says it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Local => "local",
            Self::Foreign => "foreign",
            Self::All => "all",
        }
    }

    /// What the other node has when nothing is missing and nothing twice.
    pub(crate) fn complement(self) -> Self {
        match self {
            Self::None => Self::All,
            Self::Local => Self::Local,
            Self::Foreign => Self::Foreign,
            Self::All => Self::None,
        }
    }

    /// Of a node that has these groups.
    fn of(node: usize, groups: [bool; 2]) -> Self {
        match (groups[node], groups[1 - node]) {
            (false, false) => Self::None,
            (true, false) => Self::Local,
            (false, true) => Self::Foreign,
            (true, true) => Self::All,
        }
    }
}

impl Ledger {
    /// Begins to look.
    pub(crate) fn new(machines: &[Machine; 2], outside: &Namespace) -> Self {
        let spaces = [&machines[0].namespace, &machines[1].namespace];
        Self {
            begun: Instant::now(),
            addresses: spaces.map(|space| SERVICES.map(|at| Watch::paced(space, at, PACE))),
            scripts: [0, 1].map(|node| machines[node].disk.join("log/service")),
            clients: SERVICES.map(|at| Client::paced(outside, &spaces, at, PACE)),
            outages: Mutex::new(Vec::new()),
        }
    }

    /// A node's services ended without a word.
    pub(crate) fn lost_power(&self, node: usize) {
        let mut outages = self.outages.lock().expect("no holder panics");
        outages.push((node, Instant::now()));
    }

    /// What the node has; what is in it where address and service of a group differ.
    pub(crate) fn holds(&self, node: usize) -> Result<Hold, String> {
        let addresses = [0, 1].map(|group| self.addresses[node][group].holds());
        let services = self.services(node).map(|changes| {
            let last = changes.last();
            last.is_some_and(|(_, running)| *running)
        });
        let (address, service) = (Hold::of(node, addresses), Hold::of(node, services));
        if address == service {
            return Ok(address);
        }
        let (address, service) = (address.word(), service.word());
        Err(format!("addresses {address}, services {service}"))
    }

    /// For how long since `since` a group's address was on both nodes, and its service.
    pub(crate) fn both(&self, since: Instant) -> [Duration; 2] {
        let of_addresses = [0, 1].map(|group| {
            let [a, b] = &self.addresses;
            a[group].overlap(&b[group], since)
        });
        let [a, b] = [0, 1].map(|node| self.services(node));
        let of_services = [0, 1].map(|group| overlap(&a[group], &b[group], since));
        let most = |times: [Duration; 2]| times[0].max(times[1]);
        [most(of_addresses), most(of_services)]
    }

    /// The longest time since `since` in which a client had no answer from a group's address.
    pub(crate) fn silence(&self, since: Instant) -> [Duration; 2] {
        [0, 1].map(|group: usize| {
            let client = &self.clients[group];
            let first = (0..2)
                .filter_map(|node| client.first_from(node, since))
                .min();
            let first = first.map_or(Duration::ZERO, |at| at - since);
            client.longest_silence(since).max(first)
        })
    }

    /// Everything, for people.
    pub(crate) fn story(&self) -> String {
        let mut all = Vec::new();
        for node in 0..2 {
            for (group, changes) in self.services(node).into_iter().enumerate() {
                all.extend(changes.into_iter().map(|c| (c, node, group, "service")));
            }
            for (group, watch) in self.addresses[node].iter().enumerate() {
                let changes = watch.changes();
                all.extend(changes.into_iter().map(|c| (c, node, group, "address")));
            }
        }
        all.sort_by_key(|((at, _), ..)| *at);
        let mut story = String::new();
        for ((at, has), node, group, what) in all {
            let at = at.saturating_duration_since(self.begun).as_secs_f64();
            let sign = if has { '+' } else { '-' };
            let _ = writeln!(story, "{at:8.2} {} {sign}{what} {group}", NAMES[node]);
        }
        story
    }

    /// When each group's service came and went on a node.
    fn services(&self, node: usize) -> [Vec<(Instant, bool)>; 2] {
        let text = fs::read_to_string(&self.scripts[node]).unwrap_or_default();
        let uptime = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("Linux has it");
        let (uptime, now) = (Duration::from(uptime), Instant::now());
        [0, 1].map(|group| {
            let mut changes = Vec::new();
            for line in text.lines() {
                let words: Vec<_> = line.split(' ').collect();
                let [at, of, word] = words[..] else { continue };
                let (Ok(at), true) = (
                    at.parse().map(Duration::from_secs_f64),
                    of == group_word(group),
                ) else {
                    continue;
                };
                changes.push((now - uptime.saturating_sub(at), word == "start"));
            }
            let outages = self.outages.lock().expect("no holder panics");
            let lost = outages.iter().filter(|(of, _)| *of == node);
            changes.extend(lost.map(|(_, at)| (*at, false)));
            changes.sort_by_key(|(at, _)| *at);
            changes
        })
    }
}

fn group_word(group: usize) -> &'static str {
    ["0", "1"][group]
}

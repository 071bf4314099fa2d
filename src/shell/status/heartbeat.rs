//! What heartbeat's own commands are made of, in heartbeat's words: lines of fields between tabs. All but
//! the first is as `cl_status listnodes -v` prints it.
//!
//! ```text
//! PID     NODE     RESOURCES         none, local, foreign, all, transition
//!
//! NAME    STATUS   (nodetype: TYPE)  active or dead, normal; ping or dead, ping
//! (none)  LINK     STATUS            up, dead
//! ```

use std::fmt::Write as _;

use twinbeat::action::{Carrier, GroupState, PeerState};
use twinbeat::config::{Config, Link, Medium, Sight};
use twinbeat::wire::linux_ha::Hold;

use super::Status;
use crate::journal;

/// The reply to `heartbeat`.
pub(crate) fn heartbeat(status: &Status<'_>) -> String {
    let Status {
        config, node, now, ..
    } = status;
    let me = node.me();
    let mut out = format!(
        "{}\t{}\t{}\n",
        std::process::id(),
        config.node_name(me),
        resources(status)
    );
    // Writing to a string does not fail.
    for id in config.node_ids() {
        let peer = node.peer(*now, id);
        let own = id == me;
        let alive = own || matches!(peer.state, PeerState::Alive | PeerState::Late);
        let state = if alive { "active" } else { "dead" };
        let _ = writeln!(
            out,
            "\n{}\t{state}\t(nodetype: normal)",
            config.node_name(id)
        );
        for (at, link) in config.links.iter().enumerate() {
            // Two ways over one interface are one link of heartbeat's.
            let name = link_name(config, link);
            let same = |other: &Link| link_name(config, other) == name;
            if config.links.iter().take(at).any(same) {
                continue;
            }
            let mut ids = config.link_ids().zip(&config.links);
            let up = ids.any(|(id, link)| {
                same(link)
                    && match own {
                        true => status.links.carrier(id) == Carrier::Up,
                        false => alive && peer.links.contains(id),
                    }
            });
            let state = if up { "up" } else { "dead" };
            let _ = writeln!(out, "\t{name}\t{state}");
        }
    }
    let mut last = None;
    for (id, witness) in config.witness_ids().zip(&config.reach.witnesses) {
        // A group of hosts is one node, up while any of them is; an interface is none.
        let is_new = last.replace(witness.target) != Some(witness.target);
        if matches!(witness.sight, Sight::Interface(_)) || !is_new {
            continue;
        }
        let mut members = config.witness_ids().zip(&config.reach.witnesses);
        let reached =
            members.any(|(id, other)| other.target == witness.target && node.witness(*now, id).0);
        let name = journal::target(config, id);
        let (state, link) = if reached {
            ("ping", "up")
        } else {
            ("dead", "dead")
        };
        let _ = writeln!(out, "\n{name}\t{state}\t(nodetype: ping)\n\t{name}\t{link}");
    }
    out
}

fn link_name<'a>(config: &'a Config, link: &'a Link) -> &'a str {
    match &link.medium {
        Medium::Serial { device, .. } => config.text(*device),
        _ => link.interface.as_str(),
    }
}

/// Whose groups are held here: beside a real heartbeat as the core tells it. Otherwise heartbeat calls a standby without groups of its own `local`; here it
/// is `none`.
fn resources(status: &Status<'_>) -> &'static str {
    let Status {
        config, node, now, ..
    } = status;
    if let Some(held) = node.rscstatus() {
        return match held {
            None => "transition",
            Some(Hold::None) => "none",
            Some(Hold::Local) => "local",
            Some(Hold::Foreign) => "foreign",
            Some(Hold::All) => "all",
        };
    }
    let (mut local, mut foreign, mut away) = (false, false, false);
    for (id, group) in config.group_ids().zip(&config.groups) {
        let own = group.home == node.me();
        match node.group(*now, id).state {
            GroupState::Held | GroupState::StopFailed if own => local = true,
            GroupState::Held | GroupState::StopFailed => foreign = true,
            GroupState::Idle | GroupState::StartFailed => away |= own,
            GroupState::Unknown
            | GroupState::Claiming
            | GroupState::Starting
            | GroupState::Stopping => return "transition",
        }
    }
    match (foreign, local, away) {
        (false, false, _) => "none",
        (false, true, _) => "local",
        (true, false, true) => "foreign",
        (true, ..) => "all",
    }
}

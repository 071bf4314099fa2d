//! What a client that waits for the end of its command asks for, a few times a second: lines of fields
//! between tabs.
//!
//! ```text
//! NODE  LIMIT                   this node; milliseconds after which what is not done is given up
//! WORD  maintenance on|off      busy: a live node has not heard of it yet
//! WORD  DIR                     of the state. busy: is being written; failed: could not be
//! WORD  KEY  HOLDER  STATE: WHY for each group meant; HOLDER is `-` if nobody serves it
//! ```
//! WORD is `rest`, `busy` or `failed`: something did not stop; or `moved`: at rest where a person moved it.

use std::fmt::Write as _;

use twinbeat::action::{GroupState, Selection};
use twinbeat::config::Resource;
use twinbeat::id::GroupId;
use twinbeat::time::Duration;

use super::Status;
use crate::journal;

/// How the groups meant stand. `writing` is the word for what is kept.
pub(crate) fn settled(status: &Status<'_>, which: Selection, writing: &str) -> String {
    let Status {
        config, node, now, ..
    } = status;
    let is_meant = |id: &GroupId| {
        let home = config.groups.get(id.index()).map(|group| group.home);
        match which {
            Selection::All => true,
            Selection::Local => home == Some(node.me()),
            Selection::Foreign => home != Some(node.me()),
            Selection::Group(group) => group == *id,
        }
    };
    let timing = config.timing;
    let mut scripts = Duration::ZERO;
    let mut groups = String::new();
    for id in config.group_ids().filter(is_meant) {
        let view = node.group(*now, id);
        let limits = config.groups.get(id.index()).map(|group| group.limits);
        let resources = config.group_resources(id);
        let is_script = |one: &Resource| matches!(one, Resource::Script(_));
        if let Some(limits) = limits.filter(|_| resources.iter().any(is_script)) {
            scripts = scripts.max(limits.start.plus(limits.stop));
        }
        let word = match view.state {
            GroupState::StopFailed => "failed",
            _ if view.at_rest && view.moved => "moved",
            _ if view.at_rest => "rest",
            _ => "busy",
        };
        let holder = view.holder.map_or("-", |holder| config.node_name(holder));
        // Writing to a string does not fail.
        let _ = writeln!(
            groups,
            "{word}\t{}\t{holder}\t{}: {}",
            config.group_key(id),
            journal::group_state(view.state),
            journal::reason(view.reason)
        );
    }
    let limit = timing
        .deadtime
        .plus(timing.keepalive.plus(timing.keepalive));
    let limit = limit.plus(limit).plus(scripts);
    let (on, agreed) = node.maintenance();
    format!(
        "{}\t{}\n{}\tmaintenance {}\n{writing}\t{}\n{groups}",
        config.node_name(node.me()),
        limit.millis(),
        if agreed { "rest" } else { "busy" },
        if on { "on" } else { "off" },
        config.text(config.statedir),
    )
}

//! `twinbeat status`.

use std::fmt::{self, Write as _};

use twinbeat::action::GroupState;
use twinbeat::action::PeerState;
use twinbeat::time::Duration;

use super::Status;
use crate::journal;
use crate::watchdog::View;

/// One line for each node, link and group, with what a person would ask next.
pub(crate) fn text(status: &Status<'_>) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = nodes(status, &mut out);
    let _ = links(status, &mut out);
    let _ = watchdog(status, &mut out);
    let _ = targets(status, &mut out);
    let _ = groups(status, &mut out);
    out
}

fn nodes(status: &Status<'_>, out: &mut String) -> fmt::Result {
    let Status {
        config, node, now, ..
    } = status;
    for id in config.node_ids() {
        let name = config.node_name(id);
        if id == node.me() {
            let stuck = config
                .group_ids()
                .any(|group| node.group(*now, group).state == GroupState::StopFailed);
            let health = match (node.healthy(*now), stuck) {
                (true, _) => "healthy",
                (false, true) => "unhealthy: something did not stop",
                (false, false) => "unhealthy: its loop gets too little time",
            };
            writeln!(
                out,
                "node {name}: this node, {health}, running for {}",
                journal::coarse(status.uptime())
            )?;
            continue;
        }
        let peer = node.peer(*now, id);
        write!(out, "node {name}: {}", journal::peer_state(peer.state))?;
        match peer.state {
            PeerState::Alive | PeerState::Late => {
                write!(out, ", heard {} ago", journal::coarse(peer.silence))?;
                for (nth, link) in peer.links.iter().enumerate() {
                    let before = if nth == 0 { " on " } else { " and " };
                    write!(out, "{before}{}", journal::link_name(config, link))?;
                }
                if !peer.hears_us {
                    out.push_str(", does not hear this node");
                }
            }
            PeerState::Unheard | PeerState::Dead | PeerState::Left => {}
        }
        if let Some(score) = node.score(id).filter(|_| config.reach.targets > 0) {
            write!(out, ", reaches {score} targets")?;
        }
        if let Some(what) = peer.mismatch {
            write!(
                out,
                ", has another configuration: {} differ",
                journal::difference(what)
            )?;
        }
        out.push('\n');
    }
    Ok(())
}

fn links(status: &Status<'_>, out: &mut String) -> fmt::Result {
    for id in status.config.link_ids() {
        let view = status.node.link(id);
        let counters = status.links.counters(id);
        let link = status.config.links.get(id.index());
        write!(
            out,
            "link {}: {}, sent {}",
            journal::link_name(status.config, id),
            journal::carrier(status.links.carrier(id)),
            counters.sent,
        )?;
        if counters.unsent > 0 {
            write!(out, ", {} not sent", counters.unsent)?;
        }
        if let Some(noise) = status.noise(id).filter(|noise| *noise > 0) {
            write!(out, ", noise {noise}")?;
        }
        // A serial line has none, and says its device already.
        if let Some(link) = link.filter(|link| !link.interface.is_empty()) {
            write!(out, " on {}", link.interface)?;
        }
        match status.trouble(id) {
            Some(trouble) => writeln!(out, ", {trouble}")?,
            None => writeln!(out, ", heard {}", view.heard)?,
        }
    }
    Ok(())
}

fn watchdog(status: &Status<'_>, out: &mut String) -> fmt::Result {
    let View {
        device,
        identity,
        timeout,
        kicked,
        trouble,
    } = &status.watchdog;
    if *timeout > 0 {
        let kicked = if *kicked { "kicked" } else { "" };
        writeln!(
            out,
            "watchdog {device}: {identity}, {timeout}s, {kicked}{trouble}"
        )?;
    } else if !trouble.is_empty() {
        writeln!(out, "watchdog: none is armed: {trouble}")?;
    }
    Ok(())
}

fn targets(status: &Status<'_>, out: &mut String) -> fmt::Result {
    let Status {
        config, node, now, ..
    } = status;
    for id in config.witness_ids() {
        let (up, _) = node.witness(*now, id);
        let not = if up { "" } else { "not " };
        writeln!(out, "target {}: {not}reached", journal::target(config, id))?;
    }
    Ok(())
}

fn groups(status: &Status<'_>, out: &mut String) -> fmt::Result {
    for id in status.config.group_ids() {
        let view = status.node.group(status.now, id);
        write!(
            out,
            "group {}: {} here",
            status.config.group_key(id),
            journal::group_state(view.state)
        )?;
        match view.holder {
            Some(holder) if holder != status.node.me() => {
                write!(out, ", held by {}", status.config.node_name(holder))?;
            }
            None if view.state == GroupState::Idle => out.push_str(", held by nobody"),
            Some(_) | None => {}
        }
        write!(out, ": {}", journal::reason(view.reason))?;
        if view.failures > 0 {
            write!(out, "; failures here: {}", view.failures)?;
        }
        if let Some(wait) = view.retry {
            let seconds = Duration::from_secs(wait.millis() / 1000);
            write!(out, ", tried again in {seconds}")?;
        }
        if view.standby {
            out.push_str("; this node stands by for it");
        }
        out.push('\n');
    }
    Ok(())
}

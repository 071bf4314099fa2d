//! What a node is told and what it says.

use twinbeat::Node;
use twinbeat::action::{Action, Event, Input};
use twinbeat::id::LinkSet;
use twinbeat::time::Instant;

use super::machine::Arrival;

/// Everything a node says after one input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outputs {
    pub(crate) frames: Vec<(LinkSet, Vec<u8>)>,
    pub(crate) actions: Vec<Action>,
    pub(crate) events: Vec<Event>,
    pub(crate) deadline: Instant,
    /// Every host is to be pinged.
    pub(crate) pings: bool,
}

impl Outputs {
    /// Drains a node.
    pub(crate) fn of(node: &mut Node, now: Instant) -> Self {
        let mut frames = Vec::new();
        let mut buffer = [0; twinbeat::MAX_FRAME];
        while let Some(transmit) = node.poll_transmit(now, &mut buffer) {
            frames.push((transmit.links, buffer[..transmit.len].to_vec()));
        }
        Self {
            frames,
            actions: std::iter::from_fn(|| node.poll_action()).collect(),
            events: std::iter::from_fn(|| node.poll_event()).collect(),
            deadline: node.deadline(),
            pings: node.take_pings(),
        }
    }

    /// Nothing was said.
    pub(crate) fn is_silent(&self) -> bool {
        self.frames.is_empty() && self.actions.is_empty() && self.events.is_empty()
    }
}

/// What the loop reads, as the core hears it; `None` is the timer.
pub(crate) fn input(arrival: Option<&Arrival>) -> Input<'_> {
    match arrival {
        None => Input::Timeout,
        Some(Arrival::Frame(link, frame)) => Input::Frame {
            link: *link,
            bytes: &frame.bytes,
        },
        Some(Arrival::Link(link, carrier)) => Input::Link {
            link: *link,
            carrier: *carrier,
        },
        Some(Arrival::Done(group, outcome)) => Input::Done {
            group: *group,
            outcome: *outcome,
        },
        Some(Arrival::Died(group)) => Input::Died(*group),
        Some(Arrival::Witness(witness, up)) => Input::Witness {
            witness: *witness,
            up: *up,
        },
        Some(Arrival::Command(command)) => Input::Command(*command),
        Some(Arrival::Fenced(node, off)) => Input::Fenced {
            node: *node,
            off: *off,
        },
        Some(Arrival::Watchdog(timeout)) => Input::Watchdog(*timeout),
    }
}

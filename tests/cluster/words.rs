//! What happened, in the words of a story.

use twinbeat::action::{Action, Command, Event, Selection};
use twinbeat::config::Refusal;
use twinbeat::id::GroupId;

use super::Cluster;

/// One line of what happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Note {
    Event(Event),
    Action(Action),
    Command(Command),
    Fault(&'static str),
    Refused(Refusal),
    Takes(GroupId),
    Drops(GroupId),
    Lapses(GroupId),
}

impl Note {
    /// Whether a story has it: what was ordered shows in what came of it.
    pub(super) fn is_told(&self) -> bool {
        !matches!(self, Self::Action(action) if !matches!(action, Action::Announce(_) | Action::Exit))
    }
}

/// Seconds since the world began, to the millisecond.
pub(crate) fn clock(now: u64) -> String {
    let millis = (now - 1_000_000_000 + 500) / 1000;
    format!("{:4}.{:03}", millis / 1000, millis % 1000)
}

impl Cluster {
    pub(super) fn line(&self, at: u64, machine: usize, note: &Note) -> String {
        let name = &self.machines[machine].name;
        format!("{} {name} {}", clock(at), self.words(note))
    }

    fn words(&self, note: &Note) -> String {
        match note {
            Note::Event(event) => self.event(*event),
            Note::Action(Action::Announce(group)) => {
                format!("announces {} again", self.key(*group))
            }
            Note::Action(Action::Exit) => "ends".to_owned(),
            Note::Action(action) => format!("is to {action:?}"),
            Note::Command(Command::Standby(which)) => {
                format!("is told: standby {}", self.which(*which))
            }
            Note::Command(Command::Takeover(which)) => {
                format!("is told: takeover {}", self.which(*which))
            }
            Note::Command(Command::Force(which)) => {
                format!("is told: takeover {} --force", self.which(*which))
            }
            Note::Command(Command::Move { group, to }) => {
                let to = &self.settings.names[to.index()];
                format!("is told: move {} {to}", self.key(*group))
            }
            Note::Command(Command::Unmove(which)) => {
                format!("is told: unmove {}", self.which(*which))
            }
            Note::Command(Command::Serve(true)) => "is told: enable".to_owned(),
            Note::Command(Command::Serve(false)) => "is told: disable".to_owned(),
            Note::Command(Command::Maintenance(on)) => {
                format!("is told: maintenance {}", if *on { "on" } else { "off" })
            }
            Note::Command(Command::Keep(Some(which))) => {
                format!("is told to remember: standby {}", self.which(*which))
            }
            Note::Command(Command::Keep(None)) => "is told to remember that".to_owned(),
            Note::Command(Command::Clear(which)) => {
                format!("is told: clear {}", self.which(*which))
            }
            Note::Command(Command::Fenced(node)) => {
                format!("is told that {} is off", self.settings.names[node.index()])
            }
            Note::Command(Command::Shutdown) => "is told to shut down".to_owned(),
            Note::Fault(what) => (*what).to_owned(),
            Note::Refused(why) => format!("refuses to reload: {why:?}"),
            Note::Takes(group) => format!("has the address of {}", self.key(*group)),
            Note::Drops(group) => format!("removes the address of {}", self.key(*group)),
            Note::Lapses(group) => {
                format!("loses the address of {}: its lease ended", self.key(*group))
            }
        }
    }

    fn event(&self, event: Event) -> String {
        let name = |node: twinbeat::id::NodeId| self.settings.names[node.index()].clone();
        match event {
            Event::PeerAlive {
                node,
                restarted: false,
                ..
            } => format!("{} is alive", name(node)),
            Event::PeerAlive { node, .. } => format!("{} is alive: a new life", name(node)),
            Event::PeerLate { node, silence } => {
                format!("{} is late: {} ms", name(node), silence.millis())
            }
            Event::PeerDead { node, silence } => {
                format!("{} is dead: {} ms", name(node), silence.millis())
            }
            Event::PeerLeft { node } => format!("{} has left", name(node)),
            Event::PeerDeaf { node, deaf: true } => {
                format!("{} does not hear this node", name(node))
            }
            Event::PeerDeaf { node, .. } => format!("{} hears this node again", name(node)),
            Event::PeerLink { node, link, up } => {
                format!(
                    "{} on link {}: {}",
                    name(node),
                    link.index(),
                    if up { "heard" } else { "silent" }
                )
            }
            Event::LinkCarrier { link, carrier } => format!("link {} is {carrier:?}", link.index()),
            Event::Reach { witness, up, score } => format!(
                "host {} {}: reaches {score}",
                witness.index(),
                if up { "answers" } else { "is silent" }
            ),
            Event::PeerReach { node, score } => format!("{} reaches {score}", name(node)),
            Event::Mismatch { node, what } => format!("{} has other {what:?}", name(node)),
            Event::Agreed { node } => format!("{} has the same configuration again", name(node)),
            Event::Cloned => "there is another machine with this name".to_owned(),
            Event::Group {
                group,
                state,
                reason,
            } => format!("{}: {state:?} ({reason:?})", self.key(group)),
            Event::Requested { group, by, agreed } => {
                format!(
                    "{} asks for {}: {}",
                    name(by),
                    self.key(group),
                    if agreed { "yes" } else { "no" }
                )
            }
            Event::Fencing { node, off: None } => format!("switches {} off", name(node)),
            Event::Fencing {
                node,
                off: Some(true),
            } => format!("{} is off", name(node)),
            Event::Fencing { node, .. } => format!("{} is not off", name(node)),
            Event::Maintenance { on: true } => "is in maintenance".to_owned(),
            Event::Maintenance { on: false } => "is no longer in maintenance".to_owned(),
            Event::Stalled { late } => format!("stalled for {} ms", late.millis()),
            Event::Health { healthy } => if healthy { "is well" } else { "is not well" }.to_owned(),
            Event::Hold { held, reason } => {
                format!(
                    "{} hold addresses ({reason:?})",
                    if held { "may" } else { "may not" }
                )
            }
        }
    }

    /// A group's name: its first resource.
    pub(crate) fn key(&self, group: GroupId) -> &str {
        &self.settings.groups[group.index()].resources[0]
    }

    fn which(&self, selection: Selection) -> String {
        match selection {
            Selection::All => "all".to_owned(),
            Selection::Local => "local".to_owned(),
            Selection::Foreign => "foreign".to_owned(),
            Selection::Group(group) => self.key(group).to_owned(),
        }
    }
}

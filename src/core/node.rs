//! One node: the only room that knows every other.

mod class;
mod foreign;
mod frame;
mod guard;
mod reload;
mod status;

use crate::action::{Action, Command, Event, Events, Input, Kept, Reason, Reject, Selection};
use crate::config::{Config, Dialect};
use crate::failover::Failover;
use crate::id::{GroupId, GroupSet, LinkId, LinkSet, PerLink};
use crate::linux_ha::{Heartbeat, LinuxHa};
use crate::membership::{Membership, Received};
use crate::time::{Duration, Instant};
use crate::wire::Flags;

use guard::Guard;
pub use status::{GroupView, LinkView, PathView, PeerView};

/// What a life begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// 64 random bits that name this life. Two lives of one node must never share them.
    pub incarnation: u64,
    /// Where the numbers of frames begin; random, its highest bit is ignored.
    pub counter: u32,
    /// What a person said in an earlier life.
    pub kept: Kept,
    /// What a real heartbeat must be told of this life; of no account in the native dialect.
    pub heartbeat: Heartbeat,
}

/// One node of a cluster. All of its state; a value without clock, heap or I/O.
///
/// Tell it what happened by [`Node::handle`], then drain [`Node::poll_transmit`],
/// [`Node::poll_action`] and [`Node::poll_event`], in this order, and sleep until
/// [`Node::deadline`].
#[derive(Clone, Debug)]
pub struct Node {
    members: Membership,
    failover: Failover,
    /// With `protocol linux-ha`.
    linux_ha: Option<LinuxHa>,
    departure: Departure,
    lease: Duration,
    guard: Guard,
    links: LinkSet,
    /// What the last beat said of this node.
    flags: Flags,
    /// Whether addresses may be held, as last reported.
    held: bool,
    healthy: bool,
    /// When the next input is due: what this node asked for.
    due: Instant,
    events: Events,
    rejected: [u32; Reject::ALL.len()],
    traffic: PerLink<Traffic>,
}

/// The end of a life in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Departure {
    /// Not leaving, or something still runs here.
    Staying,
    /// Everything is released; the last beat is said again, because nobody asks for it any more.
    Goodbye { said: u8, next_at: Instant },
    /// [`Action::Exit`] is due, then was given.
    Gone { told: bool },
}

/// Frames of one link.
#[derive(Clone, Copy, Debug, Default)]
struct Traffic {
    sent: u32,
    heard: u32,
}

impl Node {
    /// A new life of the node that `config` says this machine is.
    pub fn new(config: &Config, boot: Boot, now: Instant) -> Self {
        let mut node = Self {
            due: now,
            members: Membership::new(config, boot.incarnation, boot.counter, now),
            failover: Failover::new(config, boot.kept),
            linux_ha: (config.dialect == Dialect::LinuxHa)
                .then(|| LinuxHa::new(config, boot.heartbeat, now)),
            departure: Departure::Staying,
            lease: config.timing.lease,
            guard: Guard::default(),
            links: LinkSet::first(config.links.len()),
            flags: Flags::default(),
            held: true,
            healthy: true,
            events: Events::default(),
            rejected: [0; Reject::ALL.len()],
            traffic: PerLink::of(Traffic::default()),
        };
        node.due = node.next_due();
        node
    }

    /// Takes in what happened at `now`. An error refused a frame and changed a counter only.
    ///
    /// The links are serial lines on which the same frame is to be passed on unchanged, as
    /// [`Node::class_passed_on`] says; none for any other input.
    pub fn handle(&mut self, now: Instant, input: Input<'_>) -> Result<LinkSet, Reject> {
        if let Some(late) = self.members.attend(now, self.due) {
            self.events.report(Event::Stalled { late });
            self.failover
                .on_stall(now, late, &self.members, &mut self.events);
        }
        let result = self.take_in(now, input);
        match result {
            Ok(_) => self.decide(now),
            Err(why) => {
                if let Some(count) = self.rejected.get_mut(why as usize) {
                    *count = count.saturating_add(1);
                }
            }
        }
        self.due = self.next_due();
        result
    }

    fn decide(&mut self, now: Instant) {
        // What the peer did is told before, and what was decided here after.
        self.translate(now, false);
        self.failover
            .decide(now, &mut self.members, &mut self.events);
        if self.translate(now, true) {
            self.failover
                .decide(now, &mut self.members, &mut self.events);
        }
        self.depart(now);
        self.report_state(now);
    }

    /// What must be done to the machine next; drain it after every [`Node::handle`].
    pub fn poll_action(&mut self) -> Option<Action> {
        if let Some(action) = self.failover.poll_action(&self.members) {
            return Some(action);
        }
        match self.departure {
            Departure::Gone { told: false } => {
                self.departure = Departure::Gone { told: true };
                Some(Action::Exit)
            }
            Departure::Gone { told: true } | Departure::Staying | Departure::Goodbye { .. } => None,
        }
    }

    /// What a person may want to know; the oldest is dropped when nobody asks.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.take()
    }

    /// When [`Input::Timeout`] is due. Being early or repeating it is harmless.
    pub fn deadline(&self) -> Instant {
        self.due
    }

    /// The nearest deadline of all rooms.
    fn next_due(&self) -> Instant {
        let goodbye = match self.departure {
            Departure::Goodbye { next_at, .. } => next_at,
            Departure::Staying | Departure::Gone { .. } => Instant::NEVER,
        };
        let failover = self.failover.deadline(&self.members);
        let foreign = self.linux_ha.as_ref();
        let foreign = foreign.map_or(Instant::NEVER, LinuxHa::deadline);
        self.members
            .deadline()
            .min(failover)
            .min(goodbye)
            .min(foreign)
    }

    fn take_in(&mut self, now: Instant, input: Input<'_>) -> Result<LinkSet, Reject> {
        match input {
            Input::Wake => self.members.on_timeout(now, false, &mut self.events),
            Input::Timeout => {
                self.members.on_timeout(now, true, &mut self.events);
                let mark = self.members.mark();
                let connectivity = &mut self.failover.connectivity;
                self.members.beat_due |= connectivity.on_timeout(mark, &mut self.events);
            }
            Input::Frame { link, bytes } => {
                self.known(link)?;
                if self.linux_ha.is_some() {
                    return self.take_in_message(now, link, bytes);
                }
                if self.departure != Departure::Staying {
                    // Peers no longer count this node; what they say of it is no news.
                    return Err(Reject::Misdirected);
                }
                let received = self.members.receive(now, link, bytes, &mut self.events);
                // Beats and questions that are due do not wait for the end of a flood.
                self.members.on_timeout(now, false, &mut self.events);
                let (received, others) = received?;
                match received {
                    Received::Nothing => {}
                    Received::State(_) => self.members.fall_in(now, link),
                    Received::Word(by, word) => self.failover.on_word(now, by, word, &self.members),
                    Received::Leave(epochs) => self.failover.on_leave(&epochs),
                }
                let traffic = self.traffic.at_mut(link);
                traffic.heard = traffic.heard.saturating_add(1);
                return Ok(others);
            }
            Input::Link { link, carrier } => {
                self.known(link)?;
                self.members
                    .on_carrier(now, link, carrier, &mut self.events);
            }
            Input::Witness { witness, up } => {
                let connectivity = &mut self.failover.connectivity;
                if !connectivity.has(witness) {
                    return Err(Reject::Unknown);
                }
                let mark = self.members.mark();
                self.members.beat_due |=
                    connectivity.on_witness(mark, witness, up, &mut self.events);
            }
            Input::Done { group, outcome } => {
                self.known_group(group)?;
                self.failover.on_done(now, group, outcome, &mut self.events);
            }
            Input::Fenced { node, off } => {
                let events = &mut self.events;
                self.failover
                    .on_fenced(now, node, off, &mut self.members, events);
            }
            Input::Died(group) => {
                self.known_group(group)?;
                self.failover.on_death(group, &mut self.events);
            }
            Input::Watchdog(timeout) => {
                self.members.beat_due |= self.guard.become_armed(timeout);
                self.failover.on_watchdog(timeout.is_some());
            }
            Input::Command(command) => self.on_command(now, command)?,
        }
        Ok(LinkSet::EMPTY)
    }

    fn on_command(&mut self, now: Instant, command: Command) -> Result<(), Reject> {
        let group = match command {
            Command::Standby(Selection::Group(group))
            | Command::Takeover(Selection::Group(group))
            | Command::Force(Selection::Group(group))
            | Command::Unmove(Selection::Group(group))
            | Command::Keep(Some(Selection::Group(group)))
            | Command::Clear(Selection::Group(group))
            | Command::Move { group, .. } => Some(group),
            Command::Fenced(node) if !self.members.on_fenced(node) => {
                return Err(Reject::Misdirected);
            }
            Command::Standby(_)
            | Command::Takeover(_)
            | Command::Force(_)
            | Command::Unmove(_)
            | Command::Keep(_)
            | Command::Serve(_)
            | Command::Maintenance(_)
            | Command::Clear(_)
            | Command::Shutdown
            | Command::Fenced(_) => None,
        };
        if let Some(group) = group {
            self.known_group(group)?;
        }
        if command == Command::Shutdown {
            // Whoever leaves takes up nothing more.
            self.failover.retire(GroupSet::EMPTY, &mut self.events);
        }
        self.failover
            .on_command(now, command, &mut self.members, &mut self.events);
        if let (Command::Standby(_), Some(linux_ha)) = (command, &mut self.linux_ha) {
            linux_ha.on_standby(&self.failover);
        }
        Ok(())
    }

    fn known_group(&self, group: GroupId) -> Result<(), Reject> {
        if self.failover.exists(group) {
            Ok(())
        } else {
            Err(Reject::Unknown)
        }
    }

    fn known(&self, link: LinkId) -> Result<(), Reject> {
        if self.links.contains(link) {
            Ok(())
        } else {
            Err(Reject::Unknown)
        }
    }

    /// Once everything is released: goodbye three times, then the end.
    fn depart(&mut self, now: Instant) {
        let awaited = self.linux_ha.as_ref().is_some_and(LinuxHa::is_awaited);
        let released = self.failover.is_leaving() && self.failover.is_released();
        match self.departure {
            Departure::Staying if released && !awaited => {
                // A heartbeat would start at once what could not be stopped here.
                let silent = self.linux_ha.is_some() && self.failover.is_stuck();
                self.departure = Departure::Goodbye {
                    said: if silent { GOODBYES } else { 0 },
                    next_at: now,
                };
            }
            Departure::Goodbye { said, next_at } if said >= GOODBYES && now >= next_at => {
                self.departure = Departure::Gone { told: false };
            }
            Departure::Staying | Departure::Goodbye { .. } | Departure::Gone { .. } => {}
        }
    }

    /// Says once what changed about this node as a whole.
    fn report_state(&mut self, now: Instant) {
        let healthy = self.members.is_healthy();
        if self.healthy != healthy {
            self.healthy = healthy;
            self.events.report(Event::Health { healthy });
        }
        let lost = if self.failover.is_unheard(&self.members) {
            Some(Reason::Unheard)
        } else if self.members.is_dark(now) {
            Some(Reason::NoLink)
        } else {
            None
        };
        if self.held != lost.is_none() {
            self.held = lost.is_none();
            let reason = lost.unwrap_or(Reason::Clear);
            self.events.report(Event::Hold {
                held: self.held,
                reason,
            });
        }
        // Whether a Hello is wanted follows the clock, and the next beat says it soon enough.
        let present = self.present_flags(now);
        let want = self.flags.want;
        self.members.beat_due |= Flags { want, ..present } != self.flags;
    }

    fn present_flags(&self, now: Instant) -> Flags {
        Flags {
            want: self.members.wants(now),
            leaving: self.failover.is_leaving(),
            unable: !self.failover.is_able(&self.members),
            maintenance: self.failover.maintenance,
        }
    }
}

/// How often the last beat is said.
const GOODBYES: u8 = 3;

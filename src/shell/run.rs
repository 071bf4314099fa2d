//! THE loop. Each turn has one order: clock, read, decide, send beats, refresh leases, slow things
//! last. Nothing in it waits; what takes long is begun, and its end is heard of in a later turn.
//!
//! A turn first tells the core that it woke, which may be late, and lets go of what may no longer
//! be held, before it reads anything. When a verdict of death would fall, everything that waits in
//! the sockets is read first: the proof of life may be among it.

mod order;
pub(crate) mod reload;
mod start;
pub(crate) mod upkeep;

use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use twinbeat::action::{Action, Carrier, Command, Input};
use twinbeat::config::Config;
use twinbeat::id::{LinkId, MAX_WITNESSES, PerLink};
use twinbeat::time::{Duration, Instant};
use twinbeat::{MAX_FRAME, Node};

use crate::companion::Companions;
use crate::control::Control;
use crate::fence::Fences;
use crate::history::History;
use crate::hook::Hooks;
use crate::interface::Interfaces;
use crate::link::Links;
use crate::ping::Pings;
use crate::reactor::{MAX_OWN, Reactor, Ready};
use crate::resource::Resources;
use crate::signal::Signals;
use crate::status::Moves;
use crate::supervisor::Supervisor;
use crate::watchdog::Watchdog;
use crate::{clock, journal, privilege};
use reload::Reload;
use upkeep::{Refusals, Writer};

/// Before a verdict of death at most so many frames are read ...
const MOST_FRAMES: usize = 128;
/// ... for at most so long.
const LONGEST_READING: Duration = Duration::from_millis(20);
/// Frames that come faster than this are a flood: so many of them are read in one turn.
const FLOOD: Duration = Duration::from_micros(200);
const FRAMES_IN_FLOOD: usize = 16;
/// So many frames refused, and a link rests between readings: a fifth of a beat, at most this long.
const WEARY: u8 = 8;
const LONGEST_REST: Duration = Duration::from_millis(20);
/// A turn that lasts longer is no longer one in which leases may be refreshed.
const LONGEST_TURN: Duration = Duration::from_millis(200);
/// A frame is cut off here: longer ones are refused by the core for their length.
const RECEIVE_BUFFER: usize = MAX_FRAME + 1;
/// Until realtime priority is asked for again after it was lost.
const REALTIME_AGAIN: Duration = Duration::from_secs(1);

/// The loop's own descriptors, by position; the links follow.
const SIGNALS: usize = 0;
const CONTROL: usize = 1;
const INTERFACES: usize = 2;
const ROUTES: usize = 3;
const NETWORK: [usize; 2] = [4, 5];
const PINGS: [usize; 2] = [6, 7];
const FIRST_LINK: usize = 8;

/// Everything there is while the program runs.
struct Program {
    config: Rc<Config>,
    /// Where the files are.
    directory: PathBuf,
    node: Box<Node>,
    reactor: &'static Reactor,
    signals: Signals,
    interfaces: Interfaces,
    links: Links,
    pings: Pings,
    resources: Resources,
    control: Control,
    watchdog: Watchdog,
    writer: Writer,
    refusals: Refusals,
    moves: Moves,
    reload: Reload,
    history: History,
    hooks: Hooks,
    fences: Fences,
    companions: Companions,
    supervisor: Supervisor,
    reading: PerLink<Reading>,
    /// For one frame, in or out: clearing it for each would cost more than the frame.
    buffer: [u8; RECEIVE_BUFFER],
    started: Instant,
    realtime_at: Instant,
    stopping: bool,
    over: bool,
}

/// How one link is read. One that brings mostly what is refused is read in bursts: then a wake-up
/// is paid for many frames, and the good ones among them are late by some milliseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    /// When it was last read.
    at: Instant,
    /// Frames refused lately, halved by each good one.
    refused: u8,
    /// It is not listened to before; zero when it is.
    rest_until: Instant,
}

/// Runs until it is told to stop; `ready` is called when nothing can keep it from running any more. What
/// can is said, and ends the program.
pub(crate) fn run(directory: &Path, config: Box<Config>, ready: &mut dyn FnMut()) {
    let mut program = start::start(directory, Rc::from(config));
    ready();
    privilege::ask();
    program.begin();
    program.supervisor.say("READY=1");
    while !program.over {
        program.turn();
    }
    program.resources.holding().drop_all();
    program.links.finish();
    program.control.close();
    program.watchdog.close(program.node.is_released());
    program.wait_for_others();
    journal::info(format_args!("stopped"));
    journal::flush();
    // The rest ends with the process; to take it apart would be 2 kB of code.
    std::mem::forget(program);
}

impl Program {
    /// The turn before the first sleep: what the machine looks like, and the first beat.
    fn begin(&mut self) {
        let now = clock::now();
        self.links.update(now, &self.interfaces);
        self.tell_links(now);
        self.tend_watchdog(now);
        self.tell_tracked(now);
        self.tell(now, Input::Timeout);
        self.carry_out(now);
        journal::flush();
    }

    fn turn(&mut self) {
        let (mut now, ready) = self.sleep();
        let due = now >= self.node.deadline();
        if due {
            // What may no longer be held goes before anything is read.
            self.tell(now, Input::Wake);
            self.note_events(now);
            self.resources.holding().let_go(now, &self.node);
        }
        if self.node.verdict_due(now) {
            now = self.read_dry(now);
        } else {
            self.read(now, ready, due);
        }
        self.hear_pings(now, ready);
        if now >= self.node.deadline() {
            self.tell(now, Input::Timeout);
        }
        if ready.contains(INTERFACES) && self.interfaces.update() {
            self.links.update(now, &self.interfaces);
            self.tell_links(now);
            self.tell_tracked(now);
            self.resources
                .holding()
                .on_interfaces(now, &self.interfaces);
        } else if now >= self.links.deadline() {
            self.links.update(now, &self.interfaces);
            self.tell_links(now);
        }
        let beat = self.carry_out(now);
        self.keep_up(now, beat);
        if beat {
            self.resources.watch(now);
        }
        self.do_slow_things(now, ready);
    }

    fn sleep(&mut self) -> (Instant, Ready) {
        let mut descriptors: [RawFd; MAX_OWN] = [-1; MAX_OWN];
        let holding = self.resources.holding();
        let mut until = self
            .node
            .deadline()
            .min(holding.deadline())
            .min(self.links.deadline())
            .min(self.watchdog.deadline())
            .min(self.reload.deadline())
            .min(self.supervisor.deadline())
            .min(self.realtime_at);
        descriptors[SIGNALS] = self.signals.as_raw_fd();
        descriptors[CONTROL] = self.control.as_raw_fd();
        descriptors[INTERFACES] = self.interfaces.as_fd().as_raw_fd();
        descriptors[ROUTES..PINGS[0]].copy_from_slice(&holding.descriptors());
        descriptors[PINGS[0]..FIRST_LINK].copy_from_slice(&self.pings.descriptors());
        let mut count = FIRST_LINK;
        for link in self.config.link_ids() {
            let rest_until = self.reading.at(link).rest_until;
            if rest_until > Instant::default() {
                until = until.min(rest_until);
            } else if let Some(fd) = self.links.fd(link) {
                descriptors[FIRST_LINK + link.index()] = fd.as_raw_fd();
            }
            count = FIRST_LINK + link.index() + 1;
        }
        self.reactor.sleep(&descriptors[..count], until)
    }

    /// One frame of each link that has any: what is left makes the next sleep end at once, and a
    /// beat costs no second call that only says that there is no other. In a flood several.
    fn read(&mut self, now: Instant, ready: Ready, due: bool) {
        for link in self.config.link_ids() {
            let reading = self.reading.at_mut(link);
            let rested =
                reading.rest_until > Instant::default() && (due || now >= reading.rest_until);
            if !rested && !ready.contains(FIRST_LINK + link.index()) {
                continue;
            }
            let flood = rested || now.since(reading.at) < FLOOD;
            (reading.at, reading.rest_until) = (now, Instant::default());
            let most = if flood { FRAMES_IN_FLOOD } else { 1 };
            let dry = (0..most).any(|_| !self.read_one(now, link));
            while self.links.has_more(link) && self.read_one(now, link) {}
            let noisy = self.links.is_noisy(link);
            let reading = self.reading.at_mut(link);
            if noisy {
                reading.refused = reading.refused.max(WEARY);
            }
            // Not while more comes than is read: the socket would overflow, good frames with it.
            if reading.refused >= WEARY && (dry || most == 1) {
                let rest = self.config.timing.keepalive.scaled(1, 5).min(LONGEST_REST);
                reading.rest_until = now.after(rest);
            }
        }
    }

    /// Everything that waits; the time after it.
    fn read_dry(&mut self, began: Instant) -> Instant {
        let mut now = began;
        let mut left = MOST_FRAMES;
        let mut more = true;
        while more && left > 0 && now.since(began) < LONGEST_READING {
            more = false;
            for link in self.config.link_ids() {
                if left > 0 && self.read_one(now, link) {
                    (more, left) = (true, left - 1);
                }
                now = clock::now();
                // A beat that is due does not wait for the end of a flood.
                self.send(now);
            }
        }
        now
    }

    fn read_one(&mut self, now: Instant, link: LinkId) -> bool {
        let Some(len) = self.links.receive(now, link, &mut self.buffer) else {
            return false;
        };
        let bytes = &self.buffer[..len.min(RECEIVE_BUFFER)];
        let result = self.node.handle(now, Input::Frame { link, bytes });
        let refused = &mut self.reading.at_mut(link).refused;
        match result {
            Ok(others) => {
                *refused /= 2;
                for other in others.iter() {
                    self.links.pass_on(now, other, bytes);
                }
            }
            Err(why) => {
                *refused = refused.saturating_add(1);
                self.refusals.on_refused(now, &self.node, why);
            }
        }
        true
    }

    fn tell(&mut self, now: Instant, input: Input<'_>) {
        if let Err(why) = self.node.handle(now, input) {
            journal::warn(format_args!(
                "refused by the core: {}",
                journal::reject(why)
            ));
        }
    }

    fn tell_links(&mut self, now: Instant) {
        while let Some((link, carrier)) = self.links.poll_change() {
            self.tell(now, Input::Link { link, carrier });
            if carrier == Carrier::Up && !self.stopping {
                let resources = &self.resources;
                self.companions.begin(self.reactor, &self.config, resources);
            }
        }
    }

    /// Before a verdict about silence: the answer may be among what waits.
    fn hear_pings(&mut self, now: Instant, ready: Ready) {
        if !PINGS.into_iter().any(|position| ready.contains(position)) {
            return;
        }
        for _ in 0..MAX_WITNESSES {
            let Some(witness) = self.pings.receive() else {
                break;
            };
            self.tell(now, Input::Witness { witness, up: true });
        }
    }

    /// Sends what is due and does what must be done, until the core wants nothing more; whether a
    /// beat was among it.
    fn carry_out(&mut self, now: Instant) -> bool {
        let mut beat = self.send(now);
        self.tell_links(now);
        while let Some(action) = self.node.poll_action() {
            self.note_events(now);
            self.act(now, action);
            beat |= self.send(now);
            self.tell_links(now);
        }
        self.note_events(now);
        if self.node.take_pings() {
            self.pings.send();
        }
        beat
    }

    /// A beat counts whether or not it left: a node without links may still have to serve.
    fn send(&mut self, now: Instant) -> bool {
        let mut beat = false;
        while let Some(frame) = self.node.poll_transmit(now, &mut self.buffer) {
            let bytes = self.buffer.get(..frame.len).unwrap_or_default();
            for link in frame.links.iter() {
                // An error is counted there, and told by the link's carrier.
                let _ = self.links.send(now, link, bytes);
            }
            beat |= frame.beat;
        }
        beat
    }

    fn act(&mut self, now: Instant, action: Action) {
        let (group, outcome) = match action {
            Action::Check(group) => (group, self.resources.check(group)),
            Action::Start { group, probe } => {
                let outcome = self.resources.start(now, group, probe, &self.interfaces);
                (group, outcome)
            }
            Action::Restart(group) => {
                let outcome = self.resources.restart(now, group, &self.interfaces);
                (group, outcome)
            }
            Action::Stop(group) => (group, self.resources.stop(now, group, &self.interfaces)),
            Action::Announce(group) => {
                self.resources.announce(now, group, &self.interfaces);
                return;
            }
            Action::Remember(kept) => {
                self.writer.remember(&self.config, kept);
                return;
            }
            Action::Fence(node) => {
                self.fences.begin(self.reactor, &self.config, node);
                return;
            }
            Action::Exit => {
                self.over = true;
                return;
            }
        };
        if let Some(outcome) = outcome {
            self.tell(now, Input::Done { group, outcome });
        }
    }

    fn shut_down(&mut self, now: Instant) {
        if self.stopping {
            // Where one may, the watchdog is left armed; see its `close`.
            journal::warn(format_args!(
                "told to stop again: leaving at once, scripts may still run"
            ));
            self.over = true;
        } else {
            self.stopping = true;
            self.supervisor.say("STOPPING=1");
            self.tell(now, Input::Command(Command::Shutdown));
        }
    }
}

#[cfg(test)]
mod tests;

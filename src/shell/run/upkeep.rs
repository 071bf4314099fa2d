//! The last part of a turn: what is neither a beat nor a lease.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use twinbeat::Node;
use twinbeat::action::{Event, Input, Kept, Reject};
use twinbeat::config::{Config, Sight};
use twinbeat::time::{Duration, Instant};

use super::{CONTROL, LONGEST_TURN, NETWORK, Program, REALTIME_AGAIN, ROUTES, SIGNALS};
use crate::control::Request;
use crate::journal::{self, Level};
use crate::reactor::{Reactor, Ready};
use crate::script::{Series, Step};
use crate::signal;
use crate::status::{self, Status};
use crate::{clock, files, privilege, state};

/// How long companions and hooks may last after everything else.
const LAST: Duration = Duration::from_secs(5);
/// Between two lines about frames refused for the same reason.
const REFUSAL_LINE: Duration = Duration::from_secs(60);
/// So many of the doubtful ones belong to every start or end of a node.
const USUAL: u32 = 50;

/// Tells of refused frames: one line for each reason and minute.
pub(super) struct Refusals {
    told: [Told; Reject::ALL.len()],
}

#[derive(Clone, Copy, Default)]
struct Told {
    count: u32,
    next_at: Instant,
}

/// Has the state written, one file after another.
pub(super) struct Writer {
    reactor: &'static Reactor,
    directory: PathBuf,
    queue: &'static RefCell<Queue>,
}

#[derive(Default)]
struct Queue {
    /// The newest text of each file.
    waiting: Vec<(PathBuf, String)>,
    writing: bool,
    failed: bool,
}

impl Program {
    /// Signals, people's requests, scripts, the log.
    pub(super) fn do_slow_things(&mut self, now: Instant, ready: Ready) {
        let mut told = ready.contains(SIGNALS);
        if told {
            while let Some(request) = self.signals.next() {
                self.on_signal(now, request);
            }
        }
        if now >= self.realtime_at {
            self.realtime_at = Instant::NEVER;
            let _ = privilege::become_realtime();
        }
        if ready.contains(ROUTES) {
            self.resources.holding().on_routes();
        }
        if ready.contains(CONTROL) {
            self.control.accept(self.reactor);
        }
        self.reactor.run_tasks();
        told |= self.tend_watchdog(now);
        self.supervisor.tend(now);
        let heard = NETWORK.into_iter().any(|position| ready.contains(position));
        while let Some((group, outcome)) = self.resources.poll_done(now, heard, &self.interfaces) {
            self.tell(now, Input::Done { group, outcome });
            told = true;
        }
        while let Some(group) = self.resources.poll_dead() {
            self.tell(now, Input::Died(group));
            told = true;
        }
        while let Some((node, off)) = self.fences.poll_ended() {
            self.tell(now, Input::Fenced { node, off });
            told = true;
        }
        self.moves.note(now, &self.config, &self.node);
        while let Some(asked) = self.control.poll_asked() {
            let reply = match asked.request(&self.config) {
                Ok(request) => self.on_request(now, request),
                Err(why) => Err(why.to_owned()),
            };
            asked.answer(reply);
            self.reactor.wake();
            told = true;
        }
        told |= self.go_on_reloading(now);
        // A beat that leaves here puts the next one off, so leases count from it as well.
        if told && self.carry_out(now) {
            self.keep_up(now, true);
        }
        journal::flush();
    }

    /// At the end, for a while: what hooks are told last is that this node has let go.
    pub(super) fn wait_for_others(&mut self) {
        let until = clock::now().after(LAST);
        self.companions.end(self.reactor, until);
        pass_time(self.reactor, until, &|| self.hooks.is_idle());
    }

    /// The kernel's word about tracked interfaces.
    pub(super) fn tell_tracked(&mut self, now: Instant) {
        for witness in self.config.witness_ids() {
            let one = self.config.reach.witnesses.get(witness.index());
            if let Some(Sight::Interface(name)) = one.map(|one| &one.sight) {
                let up = self.interfaces.named(name).is_some_and(|i| i.running);
                self.tell(now, Input::Witness { witness, up });
            }
        }
    }

    /// Leases are for turns that are on time.
    pub(super) fn keep_up(&mut self, now: Instant, beat: bool) {
        if clock::now().since(now) < LONGEST_TURN {
            let holding = self.resources.holding();
            holding.keep_up(now, &self.node, beat, &self.interfaces);
        }
    }

    /// What happened: for the log, for `events`, for hooks.
    pub(super) fn note_events(&mut self, now: Instant) {
        while let Some(event) = self.node.poll_event() {
            self.history.note(now, event);
            self.moves.on_event(event);
            let (level, mut line) = journal::event(&self.config, event);
            self.hooks.on_event(&self.config, event, &line);
            if let Event::LinkCarrier { link, .. } = event {
                let trouble = self.links.trouble(link);
                line.push_str(if trouble.is_empty() { "" } else { ": " });
                line.push_str(trouble);
            }
            journal::say(level, format_args!("{line}"));
        }
    }

    /// Kicks the watchdog, which a device on a slow bus makes last for some milliseconds; whether
    /// the core was told news of it.
    pub(super) fn tend_watchdog(&mut self, now: Instant) -> bool {
        let news = self.watchdog.tend(now, self.node.healthy(now));
        if news {
            self.tell(now, Input::Watchdog(self.watchdog.armed()));
        }
        news
    }

    fn on_signal(&mut self, now: Instant, request: signal::Request) {
        match request {
            signal::Request::Shutdown => self.shut_down(now),
            signal::Request::Reload => self.reload(now),
            signal::Request::Overrun => {
                journal::warn(format_args!(
                    "the loop ran without a pause and has lost its realtime priority for a while"
                ));
                self.realtime_at = clock::now().after(REALTIME_AGAIN);
            }
        }
    }

    fn on_request(&mut self, now: Instant, request: Request) -> Result<String, String> {
        let status = Status {
            config: &self.config,
            node: &self.node,
            links: &self.links,
            resources: &self.resources,
            moves: &self.moves,
            watchdog: self.watchdog.view(),
            now,
            started: self.started,
        };
        Ok(match request {
            Request::Status { json: false } => status::text(&status),
            Request::Status { json: true } => status::json(&status),
            Request::Heartbeat => status::heartbeat(&status),
            Request::Events { from, json } => self.history.tell(&self.config, now, from, json),
            Request::Settled(which) => status::settled(&status, which, self.writer.word()),
            Request::Order(order) => return self.on_order(now, order),
            Request::Reload { again } => {
                if again {
                    self.reload(now);
                }
                return self.reload_reply();
            }
        })
    }
}

/// Nothing but tasks and the log, until that is enough.
pub(crate) fn pass_time(reactor: &Reactor, until: Instant, enough: &dyn Fn() -> bool) {
    while !enough() && clock::now() < until {
        reactor.run_tasks();
        journal::flush();
        reactor.sleep(&[], until);
    }
}

impl Refusals {
    /// Nothing was refused yet.
    pub(super) fn new() -> Self {
        Self {
            told: [Told::default(); Reject::ALL.len()],
        }
    }

    /// A frame was refused.
    pub(super) fn on_refused(&mut self, now: Instant, node: &Node, why: Reject) {
        let told = &mut self.told[why as usize];
        if now < told.next_at {
            return;
        }
        let count = node.rejected(why);
        let more = count.wrapping_sub(told.count);
        let level = match why {
            // The second copy of every frame, and what a broadcast brings back to its sender.
            Reject::Own | Reject::Stale => Level::Debug,
            // Until it has proved itself; when it has said goodbye.
            Reject::Unproven | Reject::Misdirected if more < USUAL => return,
            Reject::Malformed
            | Reject::ForeignDialect
            | Reject::UnknownKey
            | Reject::UnknownNode
            | Reject::BadTag
            | Reject::Unproven
            | Reject::Misdirected
            | Reject::Unknown => Level::Warn,
        };
        journal::say(
            level,
            format_args!("frames refused: {more}, {}", journal::reject(why)),
        );
        *told = Told {
            count,
            next_at: now.after(REFUSAL_LINE),
        };
    }
}

impl Writer {
    /// For files below `directory`.
    pub(super) fn new(reactor: &'static Reactor, directory: PathBuf) -> Self {
        Self {
            reactor,
            directory,
            queue: Box::leak(Box::default()),
        }
    }

    /// How often this node was started.
    pub(super) fn count(&self, generation: u64) {
        self.write(state::generation(&self.directory, generation));
    }

    /// What a person said for later.
    pub(super) fn remember(&self, config: &Config, kept: Kept) {
        self.write(state::standby(&self.directory, config, kept));
    }

    /// How what was last written fared, as `settled` says it.
    pub(super) fn word(&self) -> &'static str {
        let queue = self.queue.borrow();
        match (queue.writing, queue.failed) {
            (true, _) => "busy",
            (false, true) => "failed",
            (false, false) => "rest",
        }
    }

    fn write(&self, (file, text): (PathBuf, String)) {
        let mut queue = self.queue.borrow_mut();
        // Bytes: a path is compared by its parts, in 1 kB.
        let is_other = |(waiting, _): &(PathBuf, String)| waiting.as_os_str() != file.as_os_str();
        queue.waiting.retain(is_other);
        queue.waiting.push((file, text));
        if queue.writing {
            return;
        }
        queue.writing = true;
        let queue = self.queue;
        let mut written = PathBuf::new();
        Series::new(self.reactor, Rc::default()).begin(Box::new(move |ended| {
            let mut queue = queue.borrow_mut();
            if let Some(finished) = ended {
                let failed = !finished.succeeded();
                if failed && !queue.failed {
                    let (file, exit) = (files::shown(&written), finished.exit);
                    journal::warn(format_args!(
                        "{file} is not written, and forgotten with this run: {exit}"
                    ));
                }
                queue.failed = failed;
            }
            let next = queue.waiting.pop();
            queue.writing = next.is_some();
            let (file, text) = next?;
            let job = state::writing(&file, &text);
            written = file;
            Step::now(job)
        }));
    }
}

//! A model of a real heartbeat 3.0.6 in virtual time, as far as its protocol is known from outside
//! (one peer, one medium).
//!
//! It has: init, up, active with `reqnodes` and `repnodes`; the 10 s of its resource state machine; both
//! sides of the standby dialogue, with 10 s for an answer and an hour for the end; `hb_takeover`; its wish
//! to give back what it took (`need_failback`); the goodbye; death by the other's `dt`, takeover, and the
//! restart 2 s after a heal; numbers, requests for what is missing, answers and refusals, acknowledgements.
//! With `auto_failback legacy`: no word on what it holds; its own is asked for once, when it is active, or
//! taken where nobody is, and what it is asked for it stops.
//! It has not: `ipfail`, clients, stonith, and starts that fail (it would not tell of them).

mod hearing;
mod legacy;
mod speech;

use std::collections::{BTreeSet, VecDeque};

use twinbeat::auth::Keyring;
use twinbeat::config::AutoFailback;
use twinbeat::wire::linux_ha::{
    Client, Framing, Hold, Info, MAX_FRAME, Message, Phase, State, Word, decode, encode,
};

use crate::cluster::random::Random;

const SECOND: u64 = 1_000_000;
const LOCAL: u8 = 1;
const FOREIGN: u8 = 2;

/// `rstate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Init,
    Starting,
    Received,
    Stable,
}

/// `standby`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standby {
    Not,
    Me,
    Other,
    Done,
}

/// What it does with its scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    Take(u8, bool),
    Give(u8),
    /// One by one, as it was asked.
    Release(u8),
    Leave(bool),
}

#[derive(Debug)]
pub(crate) struct Heartbeat {
    pub(crate) runs: bool,
    /// Bits of what is really on its machine, as it sees it.
    pub(crate) truth: u8,
    pub(crate) sent: VecDeque<Vec<u8>>,
    pub(crate) keepalive: u64,
    pub(crate) deadtime: u64,
    pub(crate) initdead: u64,
    pub(crate) failback: AutoFailback,
    pub(crate) script: u64,
    pub(crate) restarts: u64,
    /// When a status of the peer was last heard.
    pub(crate) heard_at: Option<u64>,
    keys: Keyring,
    hg: u32,
    seq: u32,
    said: Vec<Vec<u8>>,
    active: bool,
    peer_active: bool,
    state: Start,
    mine: u8,
    other: u8,
    other_stable: bool,
    standby: Standby,
    standby_until: u64,
    need_failback: bool,
    peer_dead: bool,
    peer_hg: u32,
    newest: u32,
    newest_status: u32,
    missing: BTreeSet<u32>,
    rexmit_at: u64,
    status_at: u64,
    nodes_at: u64,
    stable_at: u64,
    began_at: u64,
    heal_at: u64,
    again_at: u64,
    peer_dt: u64,
    jobs: VecDeque<Job>,
    job_ends: u64,
}

impl Heartbeat {
    pub(crate) fn new(keys: Keyring, times: (u64, u64, u64), failback: AutoFailback) -> Self {
        let (keepalive, deadtime, initdead) = times;
        Self {
            runs: false,
            truth: 0,
            sent: VecDeque::new(),
            keepalive,
            deadtime,
            initdead,
            failback,
            script: SECOND / 2,
            restarts: 0,
            heard_at: None,
            keys,
            hg: 0,
            seq: 0,
            said: Vec::new(),
            active: false,
            peer_active: false,
            state: Start::Init,
            mine: 0,
            other: 0,
            other_stable: false,
            standby: Standby::Not,
            standby_until: 0,
            need_failback: false,
            peer_dead: false,
            peer_hg: 0,
            newest: 0,
            newest_status: 0,
            missing: BTreeSet::new(),
            rexmit_at: 0,
            status_at: 0,
            nodes_at: 0,
            stable_at: u64::MAX,
            began_at: 0,
            heal_at: u64::MAX,
            again_at: u64::MAX,
            peer_dt: deadtime,
            jobs: VecDeque::new(),
            job_ends: u64::MAX,
        }
    }

    /// A new life; what an earlier one left running it finds running.
    pub(crate) fn start(&mut self, now: u64) {
        if self.runs {
            return;
        }
        let times = (self.keepalive, self.deadtime, self.initdead);
        let fresh = Self::new(self.keys.clone(), times, self.failback);
        *self = Self {
            runs: true,
            truth: self.truth,
            hg: self.hg + 1,
            script: self.script,
            restarts: self.restarts,
            sent: std::mem::take(&mut self.sent),
            began_at: now,
            status_at: now + self.keepalive,
            ..fresh
        };
        // Leftovers are stopped before anything is said.
        self.truth = 0;
        self.status(now, State::Init);
        self.status(now, State::Up);
    }

    /// Its power fails.
    pub(crate) fn die(&mut self) {
        (self.runs, self.truth, self.again_at) = (false, 0, u64::MAX);
        self.jobs.clear();
    }

    /// `heartbeat -k`.
    pub(crate) fn stop(&mut self, now: u64) {
        if self.runs && !self.is_leaving() {
            self.leave(now, false);
        }
    }

    /// `hb_standby`.
    pub(crate) fn give(&mut self, now: u64, what: u8) {
        if self.runs && self.may_move(now) {
            (self.standby, self.standby_until) = (Standby::Me, now + 10 * SECOND);
            self.ask(now, hold(what), Phase::Me);
        }
    }

    /// `hb_takeover`.
    pub(crate) fn take(&mut self, now: u64, what: u8) {
        if self.runs && self.active {
            self.say(now, Word::HbTakeover { hold: hold(what) }, false);
        }
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.jobs.iter().any(|job| matches!(job, Job::Leave(_)))
    }

    /// Everything that is due.
    pub(crate) fn tick(&mut self, now: u64, random: &mut Random) {
        if !self.runs {
            if now >= self.again_at {
                self.start(now);
            }
            return;
        }
        if now >= self.status_at {
            self.status_at = now + self.keepalive;
            let state = if self.active {
                State::Active
            } else {
                State::Up
            };
            self.status(now, state);
        }
        let silent = now - self.heard_at.unwrap_or(self.began_at);
        let limit = if self.heard_at.is_none() {
            self.initdead
        } else {
            self.peer_dt
        };
        if !self.peer_dead && silent > limit {
            self.bury(now);
        }
        if !self.active && self.heard_at.is_some() && !self.peer_dead && now >= self.nodes_at {
            self.nodes_at = now + SECOND;
            self.say(now, Word::Reqnodes, true);
        }
        if now >= self.stable_at && self.state == Start::Received {
            self.become_stable(now);
        }
        if self.standby != Standby::Not && now >= self.standby_until {
            self.standby = Standby::Not;
        }
        if now >= self.heal_at && !self.is_leaving() {
            self.heal_at = u64::MAX;
            self.leave(now, true);
        }
        if now >= self.rexmit_at {
            self.rexmit_at = now + 250_000;
            if let Some(first) = self.missing.first().copied() {
                self.say(now, Word::Rexmit { first, last: first }, true);
            }
        }
        self.work(now, random);
    }

    fn bury(&mut self, now: u64) {
        (self.peer_dead, self.peer_active) = (true, false);
        self.missing.clear();
        (self.other, self.other_stable) = (0, false);
        self.standby = Standby::Not;
        if self.is_legacy() {
            self.take_over(now);
            return;
        }
        if !self.active {
            self.become_active(now);
            self.state = Start::Received;
            self.stable_at = now + 10 * SECOND;
        } else if self.state != Start::Stable {
            self.state = Start::Received;
            self.stable_at = self.stable_at.min(now + 10 * SECOND);
        }
        self.need_failback = true;
        self.jobs.push_back(Job::Take(LOCAL | FOREIGN, false));
    }

    fn become_active(&mut self, now: u64) {
        self.active = true;
        self.status(now, State::Active);
        if self.is_legacy() {
            return self.ask_for_its_own(now);
        }
        self.state = Start::Starting;
        self.say(now, Word::Starting, false);
    }

    fn become_stable(&mut self, now: u64) {
        self.state = Start::Stable;
        if self.other & FOREIGN == 0 && self.mine & LOCAL == 0 {
            self.mine |= LOCAL;
            self.jobs.push_back(Job::Take(LOCAL, false));
        }
        self.resource(now, None);
        self.consider_failback(now);
    }

    fn leave(&mut self, now: u64, again: bool) {
        self.mine = 0;
        self.standby = Standby::Not;
        self.jobs.clear();
        if !self.is_legacy() {
            self.say_resource(now, 0, false, Some(Info::Shutdown));
        }
        self.jobs.push_back(Job::Leave(again));
        self.job_ends = now + self.script;
    }

    fn may_move(&self, now: u64) -> bool {
        let free = self.standby == Standby::Not || now >= self.standby_until;
        self.state == Start::Stable && self.other_stable && free && !self.is_leaving()
    }

    fn consider_failback(&mut self, now: u64) {
        let on = self.failback == AutoFailback::On;
        let has = self.mine & FOREIGN != 0 && on && self.need_failback;
        if has && self.other_stable && self.may_move(now) {
            self.need_failback = false;
            self.give(now, FOREIGN);
        }
    }

    /// Scripts, one job after another.
    fn work(&mut self, now: u64, random: &mut Random) {
        let Some(job) = self.jobs.front().copied() else {
            return;
        };
        if self.job_ends == u64::MAX {
            self.job_ends = now + random.below(2 * self.script + 1);
            if let Job::Take(what, _) = job {
                self.truth |= what;
            }
        }
        if now < self.job_ends {
            return;
        }
        self.job_ends = u64::MAX;
        self.jobs.pop_front();
        match job {
            Job::Take(what, agreed) => {
                // What it has agreed to give meanwhile, behind this, is no longer its own.
                let given = self.jobs.iter().fold(0, |all, job| match job {
                    Job::Give(given) | Job::Release(given) => all | given,
                    Job::Take(..) | Job::Leave(_) => all,
                });
                self.mine |= what & !given;
                if self.is_legacy() {
                    return;
                }
                let info = (!agreed).then_some(Info::Acquired);
                self.resource(now, info);
                if agreed {
                    self.ask(now, hold(swapped(what)), Phase::Done);
                    self.standby = Standby::Not;
                    self.resource(now, None);
                }
            }
            Job::Give(what) => {
                self.truth &= !what;
                self.ask(now, hold(what), Phase::Done);
                (self.standby, self.standby_until) = (Standby::Done, now + 3600 * SECOND);
            }
            Job::Release(what) => self.release(now, what),
            Job::Leave(again) => {
                self.truth = 0;
                self.say(now, Word::Shutdone, false);
                (self.runs, self.active) = (false, false);
                if again {
                    self.restarts += 1;
                    self.again_at = now + self.deadtime + SECOND;
                }
            }
        }
    }
}

fn bits(hold: Hold) -> u8 {
    u8::from(hold.local()) | u8::from(hold.foreign()) << 1
}

fn hold(bits: u8) -> Hold {
    Hold::of(bits & LOCAL != 0, bits & FOREIGN != 0)
}

fn swapped(bits: u8) -> u8 {
    bits >> 1 | (bits & 1) << 1
}

//! `auto_failback legacy`: group by group, and nobody says what it holds.

use super::*;

impl Heartbeat {
    pub(super) fn is_legacy(&self) -> bool {
        self.failback == AutoFailback::Legacy
    }

    /// Once, when it has become active. What is not answered it never gets.
    pub(super) fn ask_for_its_own(&mut self, now: u64) {
        let key = key(LOCAL);
        if self.peer_active {
            self.say(now, Word::IpRequest { key }, false);
        } else {
            self.say_response(now, LOCAL, "b");
            self.jobs.push_back(Job::Take(LOCAL, false));
        }
    }

    /// The other is dead, or has left.
    pub(super) fn take_over(&mut self, now: u64) {
        if !self.active {
            self.become_active(now);
        }
        self.jobs.push_back(Job::Take(FOREIGN, false));
    }

    /// The other asks for a group: it is stopped if it runs, and the answer is the same.
    pub(super) fn on_request(&mut self, asked: &str) {
        for what in [LOCAL, FOREIGN] {
            if key(what) == asked {
                self.jobs.push_back(Job::Release(what));
            }
        }
    }

    pub(super) fn release(&mut self, now: u64, what: u8) {
        self.truth &= !what;
        self.mine &= !what;
        self.say_response(now, what, "a");
    }

    /// Whoever asked for it or not: it is started, unless it runs.
    pub(super) fn on_response(&mut self, freed: &str) {
        for what in [LOCAL, FOREIGN] {
            if key(what) == freed && self.active {
                self.jobs.push_back(Job::Take(what, false));
            }
        }
    }

    fn say_response(&mut self, now: u64, what: u8, to: &str) {
        let (key, ok, owned) = (key(what), true, true);
        self.say_to(now, Word::IpRequestResp { key, ok, owned }, Some(to));
    }
}

/// The node's group is the first of the file.
fn key(what: u8) -> &'static str {
    if what == LOCAL {
        "service1"
    } else {
        "service0"
    }
}

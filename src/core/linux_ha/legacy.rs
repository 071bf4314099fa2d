//! `auto_failback legacy`: each node asks for its own groups one by one, and the other answers when it
//! has stopped them. Nobody says what it holds.

use super::LinuxHa;
use super::say::Say;
use crate::action::Events;
use crate::failover::Failover;
use crate::id::GroupSet;
use crate::membership::Membership;
use crate::time::{Duration, Instant};
use crate::wire::ControlWord;

impl LinuxHa {
    pub(super) fn decide_legacy(
        &mut self,
        now: Instant,
        failover: &mut Failover,
        members: &mut Membership,
        events: &mut Events,
    ) {
        let mut wanted = GroupSet::EMPTY;
        while let Some(control) = members.outbox.take() {
            if let ControlWord::IpRequest { group, .. } = control.word {
                wanted = wanted.with(group);
            }
        }
        if self.is_active() && self.active && now >= self.ask_at && !wanted.is_empty() {
            self.ask_at = now.after(ASK_AGAIN);
            for group in wanted.iter() {
                self.say(Say::IpRequest(group));
            }
        }
        let owed = self.owed;
        failover.give(owed, self.peer, members, events);
        for id in owed.iter().filter(|id| !failover.has(*id)) {
            self.owed = self.owed.without(id);
            self.theirs.become_single(id, true, failover);
            self.say(Say::IpRequestResp(id));
        }
    }

    /// The peer asks for a group.
    pub(super) fn on_ip_request(&mut self, key: &str, failover: &Failover) {
        if let Some(id) = self.group_of(key, failover) {
            self.owed = self.owed.with(id);
        }
    }

    /// The peer has stopped a group that was asked for.
    pub(super) fn on_ip_response(&mut self, key: &str, ok: bool, failover: &Failover) {
        if let Some(id) = self.group_of(key, failover).filter(|_| ok) {
            self.theirs.become_single(id, false, failover);
        }
    }
}

/// Until an unanswered request is said again.
const ASK_AGAIN: Duration = Duration::from_secs(3);

//! `auto_failback legacy`: each node asks for its own groups one by one, and the other answers when it
//! has stopped them. Nobody says what it holds.

use super::LinuxHa;
use super::classes::Classes;
use super::say::Say;
use crate::action::Events;
use crate::failover::Failover;
use crate::id::{GroupId, GroupSet};
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
        if now >= self.ask_at {
            self.recalled.0 &= failover.those(Failover::claims).0;
            wanted.0 |= self.recalled.0;
        }
        if self.is_active() && self.active && now >= self.ask_at && !wanted.is_empty() {
            self.ask_at = now.after(ASK_AGAIN);
            self.given.0 &= !wanted.0;
            for group in wanted.iter() {
                self.history.take_back(Say::IpRequestResp(group));
                self.say(Say::IpRequest(group));
            }
        }
        let owed = self.owed;
        failover.give(owed, self.peer, members, events);
        let rests = self.rest_until.is_some() && !failover.is_leaving();
        for id in failover.ids().filter(|id| !failover.has(*id)) {
            let asked = owed.contains(id);
            if asked {
                self.owed = self.owed.without(id);
                self.theirs.become_moved(id, failover);
            } else if !rests && self.should_have(id, failover, members) {
                self.theirs.become_single(id, true, failover);
                self.rest_until = Some(now.after(ASK_AGAIN));
            } else {
                continue;
            }
            self.given = self.given.with(id);
            self.say(Say::IpRequestResp(id));
        }
    }

    /// Nobody has a group that should be there, and the peer cannot know: it is told that it may.
    /// What is at home here it takes by itself when this node leaves.
    fn should_have(&self, id: GroupId, failover: &Failover, members: &Membership) -> bool {
        !(failover.is_leaving() && failover.is_local(id))
            && self.is_active()
            && self.active
            && !self.theirs.has_single(id)
            && failover.wanted_node(id, members) == Some(self.peer)
    }

    /// What the life before had of the peer's own, or this one before a silence, the peer takes for held here,
    /// and never asks again.
    pub(super) fn tell_what_is_free(&mut self, failover: &Failover) {
        let free = if failover.is_disabled() {
            Classes::ALL
        } else {
            Classes::FOREIGN
        };
        let free = free.groups(failover).0;
        self.owed.0 |= free & !failover.those(Failover::claims).0;
    }

    /// The peer asks for a group. Not for what is being asked for here, at its home: both would start it.
    pub(super) fn on_ip_request(&mut self, key: &str, failover: &Failover) {
        let asks = |id| failover.is_local(id) && failover.group(id).request.asking;
        if let Some(id) = self.group_of(key, failover).filter(|id| !asks(*id)) {
            self.owed = self.owed.with(id);
        }
    }

    /// The peer has stopped a group that was asked for; or says to itself that it takes one, because it
    /// knows of nobody who could have it.
    pub(super) fn on_ip_response(
        &mut self,
        now: Instant,
        key: &str,
        takes: bool,
        failover: &mut Failover,
    ) {
        // It is not given back at once, to and fro.
        self.rest_until = Some(now.after(ASK_AGAIN));
        if let Some(id) = self.group_of(key, failover) {
            self.theirs.become_single(id, takes, failover);
            self.recalled = self.recalled.without(id);
            if self.given.contains(id) {
                // Its answer may be older than ours, by which it has it: it is asked once more, when it runs here.
                self.recalled = self.recalled.with(id);
                self.ask_at = now.after(ASK_AGAIN);
            }
            if takes {
                failover.concede(GroupSet::EMPTY.with(id));
                // Then it takes everything, and says no more about it.
                self.recalled = Classes::LOCAL.groups(failover);
            }
        }
    }
}

/// Until an unanswered request is said again, and what the peer released may be given back.
const ASK_AGAIN: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Action, Command, GroupState, Outcome, Selection};
    use crate::linux_ha::stage::{OTHER, OWN, Stage, ask, beside, status};
    use crate::wire::linux_ha::{Hold, Phase, State, Word};

    /// Each has its own.
    fn settled() -> Stage {
        let mut stage = beside("legacy");
        assert!(stage.pass(4).contains(&Say::IpRequest(OWN)));
        stage.hear(freed("10.0.0.1"));
        stage.work();
        assert_eq!(stage.states(), [GroupState::Held, GroupState::Idle]);
        stage
    }

    /// The peer was silent for too long, all runs here, and it is back.
    fn returned() -> (Stage, std::vec::Vec<Say>) {
        let mut stage = settled();
        stage.wait(6);
        stage.work();
        assert_eq!(stage.states(), [GroupState::Held; 2]);
        let said = stage.hear(status(State::Active));
        (stage, said)
    }

    fn freed(key: &str) -> Word<'_> {
        let (ok, owned) = (true, true);
        Word::IpRequestResp { key, ok, owned }
    }

    #[test]
    fn what_the_peer_asks_for_is_answered_once_it_has_stopped() {
        let mut stage = settled();
        let key = "10.0.0.1";
        assert_eq!(stage.hear(Word::IpRequest { key }), []);
        assert_eq!(stage.actions(), [Action::Stop(OWN)]);
        assert_eq!(stage.pass(2), []);
        assert_eq!(stage.end(OWN, Outcome::Stopped), [Say::IpRequestResp(OWN)]);
        let key = "10.0.0.2";
        let said = stage.hear(Word::IpRequest { key });
        assert_eq!(
            said,
            [Say::IpRequestResp(OTHER)],
            "what does not run here is free"
        );
    }

    #[test]
    fn what_fails_here_is_said_to_be_free_once_and_asked_for_when_it_is_tried_again() {
        let mut stage = beside("legacy");
        stage.pass(4);
        stage.hear(freed("10.0.0.1"));
        stage.actions();
        assert_eq!(stage.end(OWN, Outcome::StartFailed), []);
        assert_eq!(stage.pass(4), [Say::IpRequestResp(OWN)]);
        assert_eq!(stage.pass(50), []);
        let said = stage.pass(12);
        assert!(said.contains(&Say::IpRequest(OWN)), "{said:?}");
    }

    #[test]
    fn a_node_that_is_to_serve_nothing_leaves_it_to_the_peer_and_asks_for_it_later() {
        let mut stage = settled();
        stage.pass(4);
        stage.tell(Command::Serve(false));
        assert_eq!(stage.work(), [Say::IpRequestResp(OWN)]);
        assert_eq!(stage.pass(10), []);
        let said = stage.tell(Command::Serve(true));
        assert_eq!(said, [Say::IpRequest(OWN)]);
    }

    #[test]
    fn of_a_peer_that_is_back_its_own_is_left_to_it_and_what_is_at_home_here_is_asked_for() {
        let (mut stage, said) = returned();
        assert_eq!(said, [Say::IpRequest(OWN)]);
        assert_eq!(stage.pass(3), [said[0]], "until it is answered");
        stage.hear(freed("10.0.0.1"));
        assert_eq!(stage.pass(1), [], "it may be about to restart");
        stage.pass(2);
        assert_eq!(stage.actions(), [Action::Stop(OTHER)]);
        assert_eq!(
            stage.end(OTHER, Outcome::Stopped),
            [Say::IpRequestResp(OTHER)]
        );
        assert_eq!(stage.states(), [GroupState::Held, GroupState::Idle]);
    }

    #[test]
    fn a_peer_with_another_auto_failback_is_not_answered_and_nothing_is_left_due() {
        let (mut stage, _) = returned();
        stage.hear(freed("10.0.0.1"));
        assert_eq!(stage.hear(ask(Hold::All, Phase::Me)), []);
        stage.pass(70);
        assert!(stage.linux_ha.deadline() > stage.now);
    }

    #[test]
    fn an_answer_that_comes_late_may_have_been_taken_back() {
        let mut stage = settled();
        let (late, key) = (stage.number + 1, "10.0.0.1");
        stage.number = late;
        stage.hear(Word::IpRequest { key });
        stage.work();
        assert_eq!(stage.hear_from("b", late, None, freed(key)), Ok(()));
        stage.decide();
        assert_eq!(stage.actions(), []);
    }

    #[test]
    fn an_answer_that_crossed_ours_may_be_void_and_the_peer_is_asked_once_more() {
        let mut stage = settled();
        let key = "10.0.0.2";
        stage.pass(4);
        let said = stage.tell(Command::Takeover(Selection::Foreign));
        assert!(said.contains(&Say::IpRequest(OTHER)), "{said:?}");
        assert_eq!(
            stage.hear(Word::IpRequest { key }),
            [Say::IpRequestResp(OTHER)]
        );
        stage.hear(freed(key));
        stage.work();
        assert_eq!(stage.states(), [GroupState::Held; 2]);
        let said = stage.pass(4);
        assert!(said.contains(&Say::IpRequest(OTHER)), "{said:?}");
        assert_eq!(stage.hear(freed(key)), []);
        assert!(!stage.pass(4).contains(&Say::IpRequest(OTHER)));
    }

    #[test]
    fn what_a_peer_takes_without_asking_is_let_go() {
        let mut stage = settled();
        stage.tell(Command::Takeover(Selection::Foreign));
        stage.pass(3);
        stage.hear(freed("10.0.0.2"));
        stage.work();
        assert_eq!(stage.states(), [GroupState::Held; 2]);
        stage.number += 1;
        let heard = stage.hear_from("b", stage.number, Some("b"), freed("10.0.0.2"));
        assert_eq!((heard, stage.decide()), (Ok(()), [].into()));
        assert_eq!(stage.actions(), [Action::Stop(OTHER)]);
    }
}

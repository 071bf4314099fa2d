//! Transfers that both have agreed to, and what becomes of those that do not end.

use super::Step;
use crate::action::{Action, Command, GroupState, Outcome, Selection};
use crate::linux_ha::say::Say;
use crate::linux_ha::stage::{OTHER, OWN, ask, resource, settled};
use crate::wire::linux_ha::{Hold, Info, Phase};

const fn step(hold: Hold, phase: Phase) -> Say {
    Say::AskResources { hold, phase }
}

#[test]
fn what_the_peer_wants_is_stopped_first_and_said_to_be_free_then() {
    let mut stage = settled("off");
    let said = stage.tell(Command::Standby(Selection::Local));
    assert_eq!(said, [step(Hold::Local, Phase::Me)]);
    assert_eq!(
        stage.actions(),
        [],
        "nothing is stopped before the peer agrees"
    );
    let said = stage.hear(ask(Hold::Local, Phase::Other));
    let giving = Say::Resource {
        hold: Hold::None,
        stable: false,
        info: Some(Info::Standby),
    };
    assert_eq!(said, [giving]);
    assert_eq!(stage.actions(), [Action::Stop(OWN)]);
    assert_eq!(stage.pass(3), [], "it has not stopped yet");
    let said = stage.end(OWN, Outcome::Stopped);
    assert_eq!(said, [step(Hold::Local, Phase::Done)]);
    stage.hear(resource(Hold::All, true));
    stage.hear(ask(Hold::Local, Phase::Done));
    assert!(stage.linux_ha.dialogue.is_none());
    assert_eq!(stage.states(), [GroupState::Idle; 2]);
}

#[test]
fn an_offer_without_an_answer_is_given_up_and_made_again_after_a_rest() {
    let mut stage = settled("off");
    let offer = step(Hold::Local, Phase::Me);
    assert_eq!(stage.tell(Command::Standby(Selection::Local)), [offer]);
    assert_eq!(stage.pass(19), [], "ten seconds for an answer, ten of rest");
    assert!(stage.pass(2).contains(&offer));
    assert_eq!(stage.states()[0], GroupState::Held, "it was never let go");
}

#[test]
fn of_two_offers_that_cross_the_first_nodes_goes_on() {
    let mut stage = settled("off");
    stage.tell(Command::Standby(Selection::Local));
    assert_eq!(stage.hear(ask(Hold::Local, Phase::Me)), []);
    stage.hear(ask(Hold::Local, Phase::Other));
    assert_eq!(stage.linux_ha.dialogue.step, Step::Giving);
    assert_eq!(stage.actions(), [Action::Stop(OWN)]);
}

#[test]
fn what_failed_here_is_told_to_be_done_and_is_not_accepted_again() {
    let mut stage = settled("off");
    let me = ask(Hold::Local, Phase::Me);
    assert_eq!(stage.hear(me.clone()), [step(Hold::Local, Phase::Other)]);
    stage.hear(ask(Hold::Local, Phase::Done));
    let start = Action::Start {
        group: OTHER,
        probe: false,
    };
    assert_eq!(stage.actions(), [start]);
    let said = stage.end(OTHER, Outcome::StartFailed);
    assert!(said.contains(&step(Hold::Local, Phase::Done)), "{said:?}");
    assert_eq!(stage.hear(me), []);
}

#[test]
fn a_peer_that_goes_on_and_never_ends_has_what_it_had_after_a_minute() {
    let mut stage = settled("off");
    stage.hear(ask(Hold::Local, Phase::Me));
    stage.pass(59);
    assert_eq!(stage.linux_ha.dialogue.step, Step::Accepted);
    stage.pass(2);
    assert!(stage.linux_ha.dialogue.is_none());
    stage.hear(ask(Hold::Local, Phase::Done));
    assert_eq!(stage.actions(), [], "too late: it may be started there");
}

#[test]
fn what_the_peer_asked_for_and_does_not_take_is_served_here_again() {
    let mut stage = settled("off");
    stage.tell(Command::Standby(Selection::Local));
    stage.hear(ask(Hold::Local, Phase::Other));
    stage.work();
    stage.pass(59);
    assert_eq!(stage.states()[0], GroupState::Idle);
    stage.pass(4);
    stage.work();
    assert_eq!(stage.states()[0], GroupState::Held);
}

#[test]
fn what_the_peer_says_that_it_has_it_does_not_leave_alone() {
    let mut stage = settled("off");
    stage.tell(Command::Standby(Selection::Local));
    stage.hear(resource(Hold::All, true));
    stage.hear(ask(Hold::Local, Phase::Other));
    stage.work();
    stage.pass(70);
    assert_eq!(stage.actions(), []);
    assert_eq!(stage.states(), [GroupState::Idle; 2]);
}

//! What the peer has, by its words and by what it leaves unsaid.

use super::Their;
use crate::action::{Action, Command, GroupState, Selection};
use crate::linux_ha::classes::Classes;
use crate::linux_ha::say::Say;
use crate::linux_ha::stage::{OTHER, OWN, Stage, ask, beside, resource, settled, status};
use crate::wire::linux_ha::{Hold, Phase, State};

/// Of what is at home here, and there.
fn both(stage: &Stage) -> [Their; 2] {
    Classes::EACH.map(|class| stage.linux_ha.theirs.at(class))
}

/// It was silent for too long, all runs here, and it is back.
fn returned() -> Stage {
    let mut stage = settled("off");
    stage.wait(6);
    stage.work();
    assert_eq!(stage.states(), [GroupState::Held; 2]);
    stage.hear(status(State::Active));
    assert_eq!(both(&stage), [Their::Contested; 2]);
    stage
}

#[test]
fn of_one_that_is_back_and_does_not_restart_its_own_is_conceded_first() {
    let mut stage = returned();
    stage.pass(4);
    assert_eq!(stage.actions(), [], "it may be about to restart");
    stage.pass(2);
    assert_eq!(stage.actions(), [Action::Stop(OTHER)]);
    stage.pass(3);
    assert_eq!(stage.actions(), []);
    stage.pass(2);
    assert_eq!(stage.actions(), [Action::Stop(OWN)]);
}

#[test]
fn what_one_that_is_back_says_that_it_has_not_stays_here() {
    let mut stage = returned();
    stage.hear(resource(Hold::Local, true));
    assert_eq!(both(&stage), [Their::Without, Their::Contested]);
    stage.pass(15);
    assert_eq!(stage.actions(), [Action::Stop(OTHER)]);
    assert_eq!(stage.states()[0], GroupState::Held);
}

#[test]
fn what_it_was_given_and_does_not_take_failed_there_for_a_minute() {
    let mut stage = settled("off");
    stage.tell(Command::Standby(Selection::Local));
    stage.hear(ask(Hold::Local, Phase::Other));
    assert_eq!(both(&stage)[0], Their::Without);
    stage.work();
    assert_eq!(both(&stage)[0], Their::Taking);
    stage.pass(61);
    assert_eq!(both(&stage)[0], Their::Failed);
    stage.pass(61);
    assert_eq!(both(&stage)[0], Their::Without);
}

#[test]
fn one_that_asks_what_is_here_may_have_what_it_left_alone() {
    let mut stage = settled("off");
    let theirs = &mut stage.linux_ha.theirs;
    theirs.become_holding(stage.now, Classes::NONE, &stage.failover);
    theirs.leave_alone(stage.now, Classes::FOREIGN);
    assert_eq!(both(&stage), [Their::Without, Their::Failed]);
    stage.linux_ha.theirs.become_interested();
    assert_eq!(both(&stage), [Their::Without; 2]);
    assert!(!stage.linux_ha.theirs.standby.has(Classes::FOREIGN));
}

#[test]
fn nothing_is_started_before_it_has_said_what_it_has() {
    let mut stage = beside("off");
    assert_eq!(both(&stage), [Their::Unknown; 2]);
    stage.pass(2);
    assert_eq!(stage.actions(), []);
    stage.hear(resource(Hold::Local, true));
    stage.pass(1);
    let start = Action::Start {
        group: OWN,
        probe: false,
    };
    assert_eq!(stage.actions(), [start]);
}

#[test]
fn what_nobody_has_is_offered_to_its_home_and_claimed_here_if_that_is_in_vain() {
    let mut stage = settled("off");
    let said = stage.hear(resource(Hold::None, true));
    let offer = Say::AskResources {
        hold: Hold::Foreign,
        phase: Phase::Me,
    };
    assert_eq!(said, [offer]);
    stage.pass(9);
    assert_eq!(stage.actions(), [], "it may yet start it");
    stage.pass(5);
    stage.work();
    assert_eq!(stage.states(), [GroupState::Held; 2]);
}

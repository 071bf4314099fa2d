//! What is heard and from whom, and what of it counts.

use crate::action::{GroupState, Reject};
use crate::linux_ha::say::Say;
use crate::linux_ha::stage::{Stage, beside, resource, settled, status};
use crate::membership::Standing;
use crate::time::Instant;
use crate::wire::linux_ha::{Hold, State, Word};

#[test]
fn nobody_but_the_peer_is_heard_and_its_name_is_the_same_in_capitals() {
    let mut stage = beside("off");
    let number = stage.number + 1;
    for (name, heard) in [
        ("a", Err(Reject::Own)),
        ("A", Err(Reject::Own)),
        ("c", Err(Reject::UnknownNode)),
        ("B", Ok(())),
    ] {
        assert_eq!(stage.hear_from(name, number, None, Word::Starting), heard);
    }
}

#[test]
fn what_is_for_another_is_counted_and_not_understood() {
    let mut stage = beside("off");
    let number = stage.number + 1;
    for (dest, answered) in [("b", false), ("a", true)] {
        let number = number + u32::from(answered);
        let heard = stage.hear_from("b", number, Some(dest), Word::Reqnodes);
        assert_eq!(heard, Ok(()));
        assert_eq!(stage.decide().contains(&Say::Repnodes), answered, "{dest}");
    }
    stage.wait(1);
    let numbers = &stage.linux_ha.numbering;
    assert_eq!(numbers.deadline(), Instant::NEVER, "nothing is missing");
}

#[test]
fn a_second_copy_moves_nothing() {
    let mut stage = settled("off");
    stage.hear(resource(Hold::None, true));
    let (number, held) = (stage.number, stage.linux_ha.theirs.held());
    let copy = stage.hear_from("b", number, None, resource(Hold::All, true));
    assert_eq!((copy, stage.decide()), (Ok(()), [].into()));
    assert_eq!(stage.linux_ha.theirs.held(), held);
}

#[test]
fn what_was_said_before_a_silence_is_no_word_of_what_came_after() {
    let mut stage = settled("off");
    let missing = stage.number + 1;
    stage.number = missing;
    stage.hear(status(State::Active));
    stage.wait(6);
    stage.work();
    assert_eq!(stage.states(), [GroupState::Held; 2], "it is dead");
    let late = stage.hear_from("b", missing, None, status(State::Active));
    assert_eq!(late, Ok(()), "it was missing");
    assert!(
        matches!(standing(&stage), Standing::Dead(_)),
        "and is no sign of life"
    );
    stage.hear(status(State::Active));
    assert!(matches!(standing(&stage), Standing::Alive(_)));
}

#[test]
fn who_said_goodbye_is_heard_again_in_another_life_only() {
    let mut stage = settled("off");
    stage.hear(Word::Shutdone);
    stage.work();
    assert_eq!(stage.states(), [GroupState::Held; 2]);
    let number = stage.number + 1;
    let again = |stage: &mut Stage| stage.hear_from("b", number, None, status(State::Active));
    assert_eq!(again(&mut stage), Err(Reject::Stale));
    stage.generation += 1;
    assert_eq!(again(&mut stage), Ok(()));
    stage.generation -= 1;
    assert_eq!(again(&mut stage), Err(Reject::Stale), "that life is over");
}

#[test]
fn the_silence_that_ends_a_peer_is_the_one_that_it_announced() {
    let mut stage = settled("off");
    let (state, protocol) = (State::Active, Some(1));
    let deadtime = Some(9000);
    stage.hear(Word::Status {
        state,
        deadtime,
        protocol,
    });
    stage.wait(8);
    assert!(matches!(standing(&stage), Standing::Alive(_)));
    stage.wait(2);
    assert!(matches!(standing(&stage), Standing::Dead(_)));
}

fn standing(stage: &Stage) -> &Standing {
    &stage.members.peer(stage.linux_ha.peer).standing
}

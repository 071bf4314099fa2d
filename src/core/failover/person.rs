//! What a person asks for: who serves what, and that nothing moves.

use super::Failover;
use super::claim::Claim;
use super::group::{Group, State};
use crate::action::{Command, Event, Events, GroupState, Kept, Refusal, Selection};
use crate::id::{GroupId, GroupSet, NodeId};
use crate::membership::{Alive, Membership};
use crate::time::Instant;
use crate::wire::{Address, ControlWord};

impl Failover {
    pub(crate) fn on_command(
        &mut self,
        now: Instant,
        command: Command,
        members: &mut Membership,
        events: &mut Events,
    ) {
        match self.led(command) {
            // Membership has taken note of it.
            Command::Fenced(_) => {}
            Command::Shutdown => self.leaving = true,
            Command::Standby(selection) => {
                for id in self.selected(selection).iter() {
                    self.stand_by(id, true);
                    let group = self.groups.at_mut(id);
                    group.become_pinned(self.me, false);
                    // Only what a person says moves it in maintenance.
                    let moves = is_on(self.maintenance) && group.is_served();
                    group.request.operator_until = moves.then_some(members.patience_until(now));
                }
            }
            Command::Takeover(selection) | Command::Force(selection) => {
                let forced = matches!(command, Command::Force(_));
                // Of what goes with another each is vouched for by itself.
                let vouched = self.chosen(selection).filter(|_| forced);
                let vouched = vouched.fold(GroupSet::EMPTY, GroupSet::with);
                for id in GroupSet(self.selected(selection).0 | vouched.0).iter() {
                    let group = self.groups.at(id);
                    let pinned = group.with.is_none() && !group.is_served();
                    self.take(now, id, vouched.contains(id), pinned, members);
                }
            }
            Command::Move { group, to } if to == self.me => {
                self.take(now, group, false, true, members);
            }
            Command::Move { group, to } => say(to, ControlWord::Move { group }, members),
            Command::Unmove(selection) => {
                let groups = self.selected(selection);
                self.unpin(groups);
                for node in members.others() {
                    let there = |id: &GroupId| {
                        let claim = self.moved(*id, members);
                        claim.is_some_and(|claim| claim.node == node)
                    };
                    let groups =
                        (groups.iter().filter(there)).fold(GroupSet::EMPTY, GroupSet::with);
                    if !groups.is_empty() {
                        say(node, ControlWord::Unmove { groups }, members);
                    }
                }
            }
            Command::Serve(serves) => {
                self.disabled = !serves;
                for id in self.ids() {
                    let group = self.groups.at_mut(id);
                    group.request.operator_until = None;
                    group.pinned &= group.is_served();
                }
                if serves {
                    self.keep(Kept {
                        disabled: false,
                        ..self.kept
                    });
                }
            }
            Command::Maintenance(on) => {
                if on != is_on(self.maintenance) {
                    self.become_maintained(after(self.maintenance), events);
                }
            }
            Command::Clear(selection) => {
                for id in self.chosen(selection) {
                    self.groups.at_mut(id).clear();
                }
            }
            Command::Keep(Some(selection)) => {
                let (chosen, standby) = (self.selected(selection).0, self.standby.0);
                self.keep(Kept {
                    standby: GroupSet(self.kept.standby.0 & !chosen | standby & chosen),
                    ..self.kept
                });
            }
            Command::Keep(None) => self.keep(Kept {
                disabled: self.disabled,
                ..self.kept
            }),
        }
    }

    /// Asks for a group, or claims it, until it is known not to come.
    pub(super) fn take(
        &mut self,
        now: Instant,
        id: GroupId,
        forced: bool,
        pinned: bool,
        members: &Membership,
    ) {
        self.stand_by(id, false);
        // Nobody vouches for a node that is heard to be well and falls silent later.
        let unknown = self.is_frozen(members);
        let vouched = !unknown && self.orderly_holder(id, members).is_none();
        let me = self.me;
        let group = self.groups.at_mut(id);
        group.failures.forget();
        group.request.next_at = now;
        // What is here need not be asked for, also when another person takes it away next.
        let asks = !group.is_served();
        group.request.operator_until = asks.then_some(members.patience_until(now));
        group.request.forced = forced && vouched;
        group.become_pinned(me, pinned || group.pinned);
    }

    /// Groups that are here may go home again.
    pub(super) fn unpin(&mut self, groups: GroupSet) {
        let me = self.me;
        for id in groups.iter() {
            self.groups.at_mut(id).become_pinned(me, false);
        }
    }

    /// Takes over the newest word on maintenance.
    pub(super) fn hear_maintenance(&mut self, members: &Membership, events: &mut Events) {
        // What a node says that does not hear this one may be old.
        for (_, alive) in members.alive().filter(|(_, alive)| alive.hears()) {
            let said = alive.beat.flags.maintenance;
            if is_later(said, self.maintenance) {
                self.become_maintained(said, events);
            }
        }
    }

    fn become_maintained(&mut self, word: u8, events: &mut Events) {
        let on = is_on(word);
        if on != is_on(self.maintenance) {
            events.report(Event::Maintenance { on });
        }
        self.maintenance = word;
    }

    /// Whether nothing moves by itself, and whether every live peer knows.
    pub(crate) fn maintenance(&self, members: &Membership) -> (bool, bool) {
        let knows = |alive: &Alive| alive.beat.flags.maintenance == self.maintenance;
        let all = members.alive().all(|(_, alive)| knows(alive));
        (is_on(self.maintenance), all)
    }

    /// A person moved a group to its holder.
    pub(crate) fn is_moved(&self, id: GroupId, members: &Membership) -> bool {
        self.moved(id, members).is_some()
    }

    /// The claim by which a group is held, if a person moved it there.
    pub(super) fn moved(&self, id: GroupId, members: &Membership) -> Option<Claim> {
        let group = self.group(id);
        let claim = group.claim().or_else(|| self.competitor(id, members));
        claim.filter(|claim| claim.home && !(group.failback && claim.node == group.home))
    }

    /// A person vouches for whoever may still run it: it is with nobody that has it in order.
    pub(super) fn is_vouched(&self, id: GroupId, members: &Membership) -> bool {
        self.group(id).request.is_forced() && self.orderly_holder(id, members).is_none()
    }

    fn orderly_holder(&self, id: GroupId, members: &Membership) -> Option<NodeId> {
        let holder = self.holder(id, members)?;
        let alive = members.peer(holder).alive();
        let stuck =
            alive.is_some_and(|alive| alive.beat.groups.at(id).state == GroupState::StopFailed);
        (!stuck).then_some(holder)
    }

    /// Why a command would not be carried out, or not be meant.
    pub(crate) fn refusal(&self, command: Command, members: &Membership) -> Option<Refusal> {
        let rests = is_on(self.maintenance).then_some(Refusal::Maintenance);
        let disabled = self.disabled.then_some(Refusal::Disabled);
        match self.led(command) {
            Command::Takeover(_) => disabled.or(rests),
            Command::Standby(_) | Command::Serve(false) => rests,
            Command::Move { to, .. } if to == self.me => disabled.or(rests),
            Command::Move { group, to } => {
                let alive = members.peer(to).alive();
                let able = alive.is_some_and(|alive| self.could_serve(group, alive));
                (!able).then_some(Refusal::Unable(to)).or(rests)
            }
            Command::Force(selection) => {
                let mut groups = self.selected(selection).iter();
                let held = groups
                    .find_map(|id| Some(Refusal::Held(id, self.orderly_holder(id, members)?)));
                disabled.or(held)
            }
            Command::Fenced(_)
            | Command::Shutdown
            | Command::Unmove(_)
            | Command::Serve(true)
            | Command::Maintenance(_)
            | Command::Clear(_)
            | Command::Keep(_) => None,
        }
    }

    /// Nothing is on its way with a group, as far as this node sees.
    pub(crate) fn is_at_rest(&self, now: Instant, id: GroupId, members: &Membership) -> bool {
        let group = self.group(id);
        let wanted = self.wanted_node(id, members);
        let own = group.word(self.me, None, false).state;
        match own {
            GroupState::StopFailed => true,
            GroupState::Held => wanted.is_none_or(|node| node == self.me),
            GroupState::Idle | GroupState::StartFailed => {
                let never =
                    self.is_blocked(now, id, members) || self.may_run_elsewhere(id, members);
                let there = |node| {
                    let alive = members.peer(node).alive();
                    alive.is_none_or(|alive| match alive.beat.groups.at(id).state {
                        GroupState::StopFailed => true,
                        GroupState::Held => wanted == Some(node),
                        GroupState::Idle
                        | GroupState::Unknown
                        | GroupState::Claiming
                        | GroupState::Starting
                        | GroupState::Stopping
                        | GroupState::StartFailed => false,
                    })
                };
                let leader = self.group(self.leader(id));
                leader.request.operator_until.is_none()
                    && match self.holder(id, members) {
                        Some(node) => there(node),
                        None => wanted.is_none() || never || self.lacks(id, members).is_some(),
                    }
            }
            GroupState::Unknown
            | GroupState::Claiming
            | GroupState::Starting
            | GroupState::Stopping => false,
        }
    }

    /// This node stands by for a group, or no longer.
    pub(super) fn stand_by(&mut self, id: GroupId, standby: bool) {
        if self.standby.contains(id) != standby {
            self.standby = GroupSet(self.standby.0 ^ GroupSet::EMPTY.with(id).0);
            self.groups.at_mut(id).shown = None;
        }
        if !standby {
            self.keep(Kept {
                standby: self.kept.standby.without(id),
                ..self.kept
            });
        }
    }

    fn keep(&mut self, kept: Kept) {
        self.remember |= kept != self.kept;
        self.kept = kept;
    }

    /// Those that a command is about: where one goes with another, that one is meant.
    fn selected(&self, selection: Selection) -> GroupSet {
        let leaders = self.chosen(selection).map(|id| self.leader(id));
        leaders.fold(GroupSet::EMPTY, GroupSet::with)
    }

    fn led(&self, mut command: Command) -> Command {
        if let Command::Move { group, .. } = &mut command {
            *group = self.leader(*group);
        }
        command
    }

    fn chosen(&self, selection: Selection) -> impl Iterator<Item = GroupId> + use<> {
        let chosen = self.ids().filter(|id| match selection {
            Selection::All => true,
            Selection::Local => self.groups.at(*id).home == self.me,
            Selection::Foreign => self.groups.at(*id).home != self.me,
            Selection::Group(group) => group == *id,
        });
        let chosen = chosen.fold(GroupSet::EMPTY, GroupSet::with);
        self.ids().filter(move |id| chosen.contains(*id))
    }
}

impl Group {
    /// A person moved it here, or no longer: by that a claim on it has the home bit, which keeps it
    /// from its home.
    pub(super) fn become_pinned(&mut self, me: NodeId, pinned: bool) {
        self.pinned = pinned;
        let home = self.claims_home(me);
        if let State::Claiming { claim } | State::Starting { claim, .. } | State::Held { claim, .. } =
            &mut self.state
            && claim.home != home
        {
            claim.home = home;
            self.shown = None;
        }
    }

    /// A claim on it has no home bit any more.
    pub(super) fn concede(&mut self) {
        self.pinned = false;
        if let State::Claiming { claim }
        | State::Starting { claim, .. }
        | State::Held { claim, .. } = &mut self.state
        {
            claim.home = false;
        }
    }

    /// Whether its claims here have the home bit.
    pub(super) fn claims_home(&self, me: NodeId) -> bool {
        self.pinned || (self.failback && self.home == me)
    }
}

fn say(node: NodeId, word: ControlWord, members: &mut Membership) {
    if let Some(low) = members.peer(node).alive().map(Alive::low) {
        members.outbox.say(Address { node, low }, word);
    }
}

/// Whether a word on maintenance says that nothing moves.
pub(super) const fn is_on(word: u8) -> bool {
    word & 1 != 0
}

/// The word after it, which says the opposite; zero, nothing said yet, is off and left out later.
const fn after(word: u8) -> u8 {
    match word {
        0..ROUND => word.wrapping_add(1),
        _ => 1,
    }
}

/// Whether `a` was said after `b`. Nodes that were apart agree on the one that is ahead.
fn is_later(a: u8, b: u8) -> bool {
    let ahead = a.wrapping_add(ROUND).wrapping_sub(b);
    let ahead = ahead.checked_rem(ROUND).unwrap_or_default();
    a != 0 && (b == 0 || (1..7).contains(&ahead) || (ahead == 7 && a > b))
}

/// Words on maintenance, without zero: an even number, or off would be followed by off.
const ROUND: u8 = 14;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_on_maintenance_says_the_opposite_of_the_one_before_and_is_later() {
        let mut word = 0;
        for _ in 0..40 {
            let next = after(word);
            assert!(is_on(next) != is_on(word) && next != 0 && next < 16);
            assert!(is_later(next, word) && !is_later(word, next), "{word}");
            word = next;
        }
    }

    #[test]
    fn of_two_words_exactly_one_is_later_and_any_word_is_later_than_none() {
        for a in 1..=ROUND {
            assert!(is_later(a, 0) && !is_later(0, a));
            for b in 1..=ROUND {
                assert_eq!(is_later(a, b) || is_later(b, a), a != b, "{a} {b}");
                assert!(!(is_later(a, b) && is_later(b, a)), "{a} {b}");
            }
        }
    }
}

//! Asking for a group, and answering who asks: ip-request and ip-request-resp.

use super::Failover;
use super::claim::Claim;
use super::group::State;
use crate::action::{Event, Events, Reason};
use crate::id::{GroupId, NodeId};
use crate::membership::{Alive, Membership};
use crate::time::Instant;
use crate::wire::{Address, ControlWord};

/// A peer's ip-request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) by: NodeId,
    pub(crate) operator: bool,
}

/// This node's own ip-request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Request {
    /// It should be here and its holder can be asked.
    pub(crate) asking: bool,
    /// Not asked again before.
    pub(crate) next_at: Instant,
    /// A person wants it here, until then.
    pub(crate) operator_until: Option<Instant>,
    /// And vouches for whoever may still run it.
    pub(crate) forced: bool,
}

impl Request {
    /// A person wants it here and vouches for others.
    pub(crate) fn is_forced(&self) -> bool {
        self.forced && self.operator_until.is_some()
    }
}

impl Failover {
    /// A peer asked for a group that runs here.
    pub(super) fn answer_wish(
        &mut self,
        id: GroupId,
        claim: Claim,
        members: &mut Membership,
        events: &mut Events,
    ) {
        let State::Held { .. } = self.groups.at(id).state else {
            return;
        };
        let Some(wish) = self.groups.at_mut(id).wish.take() else {
            return;
        };
        let Some(low) = members.peer(wish.by).alive().map(Alive::low) else {
            return;
        };
        let (wanted, why) = self.wanted(id, self.is_able(members), members);
        let able = members
            .peer(wish.by)
            .alive()
            .is_some_and(|alive| self.could_serve(id, alive));
        // What connectivity would undo at once is not begun.
        let sensible = wish.operator && why != Reason::BetterConnected;
        let agreed = able && (sensible || wanted == Some(wish.by));
        events.report(Event::Requested {
            group: id,
            by: wish.by,
            agreed,
        });
        members.outbox.say(
            Address { node: wish.by, low },
            ControlWord::IpRequestResp {
                group: id,
                granted: agreed,
            },
        );
        if !agreed {
            return;
        }
        let reason = if wish.operator {
            Reason::Operator
        } else {
            Reason::Requested
        };
        let group = self.groups.at_mut(id);
        // An earlier word here is done with.
        group.request.operator_until = None;
        group.become_stopping(claim, Some(wish.by), reason, events);
    }

    /// Asks the holder for a group that should be here.
    pub(super) fn ask(&mut self, now: Instant, id: GroupId, members: &mut Membership) {
        let holder = self.wants_to_ask(now, id, members);
        self.groups.at_mut(id).request.asking = holder.is_some();
        let Some(claim) = holder else {
            return;
        };
        if now < self.groups.at(id).request.next_at {
            return;
        }
        let Some(low) = members.peer(claim.node).alive().map(Alive::low) else {
            return;
        };
        let request = &mut self.groups.at_mut(id).request;
        request.next_at = now.after(members.timing.keepalive.scaled(1, 2));
        let operator = request.operator_until.is_some();
        members.outbox.say(
            Address {
                node: claim.node,
                low,
            },
            ControlWord::IpRequest {
                group: id,
                epoch: claim.epoch,
                operator,
            },
        );
    }
}

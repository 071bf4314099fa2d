//! Who should hold a group: a pure function of what the beats carry (DESIGN 7.1).

use crate::action::Reason;
use crate::id::{NodeId, NodeSet};

/// What matters of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) home: NodeId,
    /// It goes home by itself.
    pub(crate) failback: bool,
    pub(crate) holder: Option<NodeId>,
    /// Active, heard and hearing, and the group did not fail there.
    pub(crate) able: NodeSet,
    /// Preferred last: they serve when nobody else does.
    pub(crate) standby: NodeSet,
    /// Those of the able that no other able node is steadily better connected than.
    pub(crate) connected: NodeSet,
}

/// The node that should hold it and why; `None` if nobody is able.
pub(crate) fn place(seat: &Seat) -> (Option<NodeId>, Reason) {
    let by_right = choose(seat, seat.able);
    // Seen at different times, each of three may look worse than another.
    if seat.connected.is_empty() {
        return by_right;
    }
    let (choice, reason) = choose(seat, seat.connected);
    if choice == by_right.0 {
        return by_right;
    }
    // Who is passed over, and not who is preferred, is the reason.
    let passed = by_right
        .0
        .is_some_and(|node| !seat.connected.contains(node));
    (
        choice,
        if passed {
            Reason::BetterConnected
        } else {
            reason
        },
    )
}

fn choose(seat: &Seat, among: NodeSet) -> (Option<NodeId>, Reason) {
    let alone = among.iter().count() == 1;
    for choice in [
        NodeSet(among.0 & !seat.standby.0),
        NodeSet(among.0 & seat.standby.0),
    ] {
        if seat.failback && choice.contains(seat.home) {
            return (Some(seat.home), Reason::Home);
        }
        if let Some(holder) = seat.holder.filter(|holder| choice.contains(*holder)) {
            return (Some(holder), Reason::Stays);
        }
        // Nobody has it: what a home is for, whether or not it calls its groups back.
        let (first, reason) = if choice.contains(seat.home) {
            (Some(seat.home), Reason::Home)
        } else {
            (choice.iter().next(), Reason::FirstAble)
        };
        if first.is_some() {
            return (first, if alone { Reason::Alone } else { reason });
        }
    }
    (None, Reason::NobodyAble)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(n: usize) -> NodeId {
        NodeId::new(n).unwrap()
    }

    /// Each node: able, standing by, and as well connected as any.
    fn reasoned(
        failback: bool,
        holder: Option<usize>,
        nodes: &[(bool, bool, bool)],
    ) -> (Option<usize>, Reason) {
        let set = |is: fn(&(bool, bool, bool)) -> bool| {
            let members = nodes.iter().enumerate().filter(|(_, flags)| is(flags));
            members.fold(NodeSet::EMPTY, |set, (n, _)| set.with(node(n)))
        };
        let (choice, reason) = place(&Seat {
            home: node(0),
            failback,
            holder: holder.map(node),
            able: set(|node| node.0),
            standby: set(|node| node.1),
            connected: set(|node| node.0 && node.2),
        });
        (choice.map(NodeId::index), reason)
    }

    fn placed(failback: bool, holder: Option<usize>, nodes: &[(bool, bool)]) -> Option<usize> {
        let equal: std::vec::Vec<_> = nodes.iter().map(|(able, by)| (*able, *by, true)).collect();
        reasoned(failback, holder, &equal).0
    }

    const WILLING: (bool, bool) = (true, false);
    const STANDBY: (bool, bool) = (true, true);
    const UNABLE: (bool, bool) = (false, false);

    #[test]
    fn with_failback_a_group_goes_home_as_soon_as_home_is_able() {
        assert_eq!(placed(true, Some(1), &[WILLING, WILLING]), Some(0));
        assert_eq!(placed(true, Some(1), &[UNABLE, WILLING]), Some(1));
    }

    #[test]
    fn without_failback_a_group_stays() {
        assert_eq!(placed(false, Some(1), &[WILLING, WILLING]), Some(1));
        assert_eq!(placed(false, None, &[WILLING, WILLING]), Some(0));
    }

    #[test]
    fn what_nobody_has_goes_home_whether_or_not_it_is_called_back() {
        let home_is_second = |able: u8| {
            place(&Seat {
                home: node(1),
                failback: false,
                holder: None,
                able: NodeSet(able),
                standby: NodeSet::EMPTY,
                connected: NodeSet(able),
            })
        };
        assert_eq!(home_is_second(0b111), (Some(node(1)), Reason::Home));
        assert_eq!(home_is_second(0b101), (Some(node(0)), Reason::FirstAble));
        assert_eq!(home_is_second(0b010), (Some(node(1)), Reason::Alone));
    }

    #[test]
    fn a_node_on_standby_serves_only_when_nobody_else_does() {
        assert_eq!(placed(true, Some(0), &[STANDBY, WILLING]), Some(1));
        assert_eq!(placed(true, Some(0), &[STANDBY, UNABLE]), Some(0));
        assert_eq!(placed(false, Some(1), &[STANDBY, STANDBY]), Some(1));
    }

    #[test]
    fn nobody_able_is_nobody() {
        assert_eq!(placed(true, Some(0), &[UNABLE, UNABLE]), None);
    }

    #[test]
    fn a_better_connected_node_serves_and_that_is_the_reason() {
        let (worse, better) = ((true, false, false), (true, false, true));
        let to_b = (Some(1), Reason::BetterConnected);
        assert_eq!(reasoned(true, Some(0), &[worse, better]), to_b);
        assert_eq!(reasoned(false, Some(0), &[worse, better]), to_b);
        assert_eq!(reasoned(false, None, &[worse, better]), to_b);
        // Even one that stands by; but not one that is not able.
        assert_eq!(reasoned(true, Some(0), &[worse, (true, true, true)]), to_b);
        let alone = (Some(0), Reason::Home);
        assert_eq!(
            reasoned(true, Some(0), &[better, (false, false, true)]),
            alone
        );
        // A node that holds it and is not worse than any has no reason to give it away.
        let stays = (Some(1), Reason::Stays);
        assert_eq!(reasoned(false, Some(1), &[worse, better]), stays);
    }

    #[test]
    fn where_each_seems_worse_than_another_connectivity_does_not_count() {
        let worse = (true, false, false);
        assert_eq!(
            reasoned(true, Some(1), &[worse; 3]),
            (Some(0), Reason::Home)
        );
    }
}

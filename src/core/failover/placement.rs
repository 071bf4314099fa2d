//! Who should hold a group: a pure function of what the beats carry (DESIGN 7.1).

use crate::action::Reason;
use crate::id::NodeId;

/// What matters of a node for one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) node: NodeId,
    /// Active, heard and hearing, and the group did not fail there.
    pub(crate) able: bool,
    /// Preferred last: serves when nobody else does.
    pub(crate) standby: bool,
}

/// What matters of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) home: NodeId,
    /// `auto_failback`.
    pub(crate) failback: bool,
    pub(crate) holder: Option<NodeId>,
}

/// The node that should hold it and why; `None` if nobody is able.
pub(crate) fn place<C>(seat: Seat, candidates: C) -> (Option<NodeId>, Reason)
where
    C: Iterator<Item = Candidate> + Clone,
{
    let able = candidates.filter(|candidate| candidate.able);
    let alone = able.clone().count() == 1;
    for willing in [true, false] {
        let mut choice = able
            .clone()
            .filter(|candidate| candidate.standby != willing)
            .map(|candidate| candidate.node);
        if seat.failback && choice.clone().any(|node| node == seat.home) {
            return (Some(seat.home), Reason::Home);
        }
        if let Some(holder) = seat.holder
            && choice.clone().any(|node| node == holder)
        {
            return (Some(holder), Reason::Stays);
        }
        if let Some(first) = choice.next() {
            let reason = if alone {
                Reason::Alone
            } else {
                Reason::FirstAble
            };
            return (Some(first), reason);
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

    fn placed(failback: bool, holder: Option<usize>, nodes: &[(bool, bool)]) -> Option<usize> {
        let seat = Seat {
            home: node(0),
            failback,
            holder: holder.map(node),
        };
        let candidates = nodes
            .iter()
            .enumerate()
            .map(|(n, (able, standby))| Candidate {
                node: node(n),
                able: *able,
                standby: *standby,
            });
        place(seat, candidates).0.map(NodeId::index)
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
    fn a_node_on_standby_serves_only_when_nobody_else_does() {
        assert_eq!(placed(true, Some(0), &[STANDBY, WILLING]), Some(1));
        assert_eq!(placed(true, Some(0), &[STANDBY, UNABLE]), Some(0));
        assert_eq!(placed(false, Some(1), &[STANDBY, STANDBY]), Some(1));
    }

    #[test]
    fn nobody_able_is_nobody() {
        assert_eq!(placed(true, Some(0), &[UNABLE, UNABLE]), None);
    }
}

//! How well each node is connected (DESIGN 7.1): how many targets it reaches, and which node has
//! been better off than another for long enough to matter.
//!
//! Heads up! Marks of time written `Duration` are attentive time: what came in while this loop
//! slept late is read before anything is concluded from silence.

mod change;

use crate::action::{Event, Events};
use crate::config::{Config, Sight};
use crate::id::{NodeId, NodeSet, PerNode, PerWitness, WitnessId};
use crate::membership::{Alive, Membership};
use crate::time::{Duration, Instant};

/// What this node reaches, and how all of them compare.
#[derive(Clone, Debug)]
pub(crate) struct Connectivity {
    me: NodeId,
    /// How many witnesses there are.
    count: usize,
    deadping: Duration,
    keepalive: Duration,
    /// How long a difference must last: a gateway that two nodes lose is not lost at one moment.
    hold: Duration,
    witnesses: PerWitness<View>,
    /// Targets with a witness that is reached, one bit each.
    reached: u8,
    pings_due: bool,
    next_ping_at: Instant,
    nodes: PerNode<Standing>,
    /// The next of all their `turns`.
    turn: Duration,
}

/// One witness.
#[derive(Clone, Copy, Debug, Default)]
struct View {
    target: u8,
    /// By echo; otherwise the kernel tells.
    pinged: bool,
    up: bool,
    /// When it last answered.
    answered: Duration,
}

/// One node among the others.
#[derive(Clone, Debug)]
struct Standing {
    /// What it reaches; none while that is unknown or means something else.
    score: Option<u8>,
    /// Nodes that are steadily better connected.
    better: NodeSet,
    /// When another joins or leaves `better`, if the difference lasts; never: [`Duration::MAX`].
    turns: PerNode<Duration>,
}

impl Connectivity {
    pub(crate) fn new(config: &Config) -> Self {
        let keepalive = config.timing.keepalive;
        let deadping = config.reach.deadping;
        let mut views = config.reach.witnesses.iter().map(|witness| View {
            target: witness.target,
            pinged: matches!(witness.sight, Sight::Host(_)),
            ..View::default()
        });
        Self {
            me: config.me,
            count: config.reach.witnesses.len(),
            deadping,
            keepalive,
            hold: keepalive.scaled(2, 1).max(deadping.scaled(1, 2)),
            witnesses: PerWitness::new(|| views.next().unwrap_or_default()),
            reached: 0,
            pings_due: false,
            next_ping_at: Instant::from_micros(0),
            nodes: PerNode::new(|| Standing {
                score: None,
                better: NodeSet::EMPTY,
                turns: PerNode::of(Duration::MAX),
            }),
            turn: Duration::MAX,
        }
    }

    /// A host answered, or the kernel's word about an interface. Whether that changes the score.
    pub(crate) fn on_witness(
        &mut self,
        mark: Duration,
        id: WitnessId,
        up: bool,
        events: &mut Events,
    ) -> bool {
        let view = self.witnesses.at_mut(id);
        view.up = up;
        view.answered = mark;
        self.review(id, events)
    }

    /// Hosts that have been silent for `span` are not reached. Whether that changes the score.
    fn expire(&mut self, mark: Duration, span: Duration, events: &mut Events) -> bool {
        let mut changed = false;
        for id in self.ids() {
            let view = self.witnesses.at_mut(id);
            if view.pinged && view.up && mark.minus(view.answered) >= span {
                view.up = false;
                changed |= self.review(id, events);
            }
        }
        changed
    }

    /// Every socket was read.
    pub(crate) fn on_timeout(&mut self, mark: Duration, events: &mut Events) -> bool {
        self.expire(mark, self.deadping, events)
    }

    /// Before a group is taken over from a node that fell silent: hosts that fell silent with it
    /// are not reached either. It may be this node that hears nothing.
    pub(super) fn on_silence(&mut self, mark: Duration, events: &mut Events) -> bool {
        let overdue = self.deadping.min(self.keepalive.scaled(3, 2));
        self.expire(mark, overdue, events)
    }

    /// Pings leave with beats, so that they cost no wake-up of their own; not with each of several.
    pub(crate) fn on_beat_sent(&mut self, now: Instant) {
        if now >= self.next_ping_at && self.count > 0 {
            self.pings_due = true;
            self.next_ping_at = now.after(self.keepalive.scaled(7, 8));
        }
    }

    /// Whether every host should be pinged now; told once.
    pub(crate) fn take_pings(&mut self) -> bool {
        core::mem::take(&mut self.pings_due)
    }

    /// Looks at the scores of all nodes again.
    pub(super) fn compare(&mut self, members: &Membership, events: &mut Events) {
        if self.count == 0 {
            return;
        }
        let mark = members.mark();
        let all = || NodeId::first(members.shape.nodes);
        for node in all() {
            let score = if node == self.me {
                Some(self.score())
            } else {
                members.peer(node).alive().and_then(score_of)
            };
            let standing = self.nodes.at_mut(node);
            if let (Some(before), Some(score)) = (standing.score, score)
                && before != score
                && node != self.me
            {
                events.report(Event::PeerReach { node, score });
            }
            standing.score = score;
        }
        self.turn = Duration::MAX;
        for node in all() {
            for other in all() {
                self.compare_two(mark, node, other);
            }
        }
    }

    /// Whether `other` is better connected than `node`, and has been for long enough. The node
    /// itself sees it first, so that a holder hands over before it is asked, and is believed to
    /// have recovered before it asks.
    fn compare_two(&mut self, mark: Duration, node: NodeId, other: NodeId) {
        let theirs = self.nodes.at(other).score;
        let standing = self.nodes.at_mut(node);
        let gone = theirs.is_none() || standing.score.is_none();
        let better = !gone && theirs > standing.score;
        let turn = standing.turns.at_mut(other);
        if better == standing.better.contains(other) {
            *turn = Duration::MAX;
            return;
        }
        let wait = if gone {
            Duration::ZERO
        } else if node != self.me {
            if better {
                self.hold.plus(self.keepalive)
            } else {
                self.hold.minus(self.keepalive)
            }
        } else if mark < self.hold {
            // A new life has not been answered yet: it asks for nothing until it is.
            Duration::ZERO
        } else {
            self.hold
        };
        *turn = mark.plus(wait).min(*turn);
        if mark >= *turn {
            *turn = Duration::MAX;
            standing.better = if better {
                standing.better.with(other)
            } else {
                standing.better.without(other)
            };
        }
        self.turn = self.turn.min(*turn);
    }

    /// When something here is due next.
    pub(super) fn deadline(&self, members: &Membership) -> Instant {
        let mut mark = Duration::MAX;
        for id in self.ids() {
            let view = self.witnesses.at(id);
            if view.pinged && view.up {
                mark = mark.min(view.answered.plus(self.deadping));
            }
        }
        mark = mark.min(self.turn);
        if mark == Duration::MAX {
            Instant::NEVER
        } else {
            members.instant(mark)
        }
    }

    /// How many targets this node reaches.
    #[inline(never)]
    pub(crate) fn score(&self) -> u8 {
        u8::try_from(self.reached.count_ones()).unwrap_or(u8::MAX)
    }

    /// There are targets, and none is reached.
    pub(super) fn is_cut_off(&self) -> bool {
        self.count > 0 && self.reached == 0
    }

    /// Nodes that are steadily better connected than `node`.
    pub(super) fn better(&self, node: NodeId) -> NodeSet {
        self.nodes.at(node).better
    }

    /// Whether this node reaches more than a peer does by its newest beat.
    pub(super) fn beats(&self, alive: &Alive) -> bool {
        score_of(alive).is_some_and(|score| self.score() > score)
    }

    /// Whether a peer reaches more than this node does by its newest beat.
    pub(super) fn is_beaten_by(&self, alive: &Alive) -> bool {
        score_of(alive).is_some_and(|score| score > self.score())
    }

    /// For `status`: whether a witness is reached, and when a host last answered.
    pub(crate) fn view(&self, id: WitnessId) -> (bool, Option<Duration>) {
        let view = self.witnesses.at(id);
        let answered = view.pinged && view.answered > Duration::ZERO;
        (view.up, answered.then_some(view.answered))
    }

    /// Whether there is such a witness.
    pub(crate) fn has(&self, id: WitnessId) -> bool {
        id.index() < self.count
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = WitnessId> + use<> {
        WitnessId::first(self.count)
    }

    /// Which targets are reached; whether that is news.
    fn count_reached(&mut self) -> bool {
        let up = self.witnesses.iter().filter(|(_, view)| view.up);
        let reached = up.fold(0, |reached, (_, view)| reached | bit(view.target));
        core::mem::replace(&mut self.reached, reached) != reached
    }

    /// One witness changed, or not: a target is reached by any of its own.
    fn review(&mut self, id: WitnessId, events: &mut Events) -> bool {
        if !self.count_reached() {
            return false;
        }
        events.report(Event::Reach {
            witness: id,
            up: self.witnesses.at(id).up,
            score: self.score(),
        });
        true
    }
}

/// What a peer says that it reaches, if it means the same by it.
fn score_of(alive: &Alive) -> Option<u8> {
    alive.mismatch.is_none().then_some(alive.beat.ping)
}

fn bit(target: u8) -> u8 {
    1_u8.checked_shl(target.into()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, read};

    const SECOND: Duration = Duration::from_secs(1);

    fn id(n: usize) -> WitnessId {
        WitnessId::new(n).unwrap()
    }

    fn node(n: usize) -> NodeId {
        NodeId::new(n).unwrap()
    }

    fn connectivity() -> Connectivity {
        let ha_cf = "node a b\nbcast eth0\nkeepalive 1\ndeadtime 10\nping 10.0.0.1\n\
                     ping_group g 10.0.0.2 10.0.0.3\ntrack eth1\n";
        let sources = Sources::new("a", ha_cf, "", "auth 1\n1 sha1 0123456789abcdef\n");
        Connectivity::new(&read(&sources, &mut |_| {}).unwrap())
    }

    #[test]
    fn a_target_is_reached_by_any_of_its_hosts_and_lost_with_the_last() {
        let (mut one, mut events) = (connectivity(), Events::default());
        assert!(one.is_cut_off());
        assert!(one.on_witness(SECOND, id(1), true, &mut events));
        assert!(!one.on_witness(SECOND.scaled(5, 1), id(2), true, &mut events));
        assert_eq!(one.score(), 1);
        // The first is silent for deadping, then the second.
        assert!(!one.on_timeout(SECOND.scaled(11, 1), &mut events));
        assert!(one.on_timeout(SECOND.scaled(15, 1), &mut events));
        assert!(one.is_cut_off());
        let reach = |witness, up, score| Event::Reach { witness, up, score };
        assert_eq!(events.take(), Some(reach(id(1), true, 1)));
        assert_eq!(events.take(), Some(reach(id(2), false, 0)));
        assert_eq!(events.take(), None);
    }

    #[test]
    fn an_interface_is_up_until_the_kernel_says_otherwise() {
        let (mut one, mut events) = (connectivity(), Events::default());
        assert!(one.on_witness(SECOND, id(3), true, &mut events));
        assert!(!one.on_timeout(SECOND.scaled(1000, 1), &mut events));
        assert_eq!((one.score(), one.view(id(3))), (1, (true, None)));
        assert!(one.on_witness(SECOND, id(3), false, &mut events));
    }

    #[test]
    fn pings_leave_with_a_beat_and_once_in_a_keepalive() {
        let mut one = connectivity();
        let at = |millis: u64| Instant::from_micros(millis * 1000);
        assert!(!one.take_pings());
        for (millis, due) in [(1000, true), (1001, false), (1800, false), (1900, true)] {
            one.on_beat_sent(at(millis));
            assert_eq!(one.take_pings(), due, "{millis}");
            assert!(!one.take_pings());
        }
    }

    #[test]
    fn a_difference_counts_when_it_has_lasted_and_its_end_too() {
        // Half of deadping is 5 s; of another node it is believed a beat later, its end a beat earlier.
        for (me, begins, ends) in [(0, 5, 5), (1, 6, 4)] {
            let mut one = connectivity();
            one.me = node(me);
            let mut seen = |from: u64, scores: [u8; 2], lasting: u64| {
                for second in from..from + lasting {
                    for (n, score) in scores.into_iter().enumerate() {
                        one.nodes.at_mut(node(n)).score = Some(score);
                    }
                    one.compare_two(SECOND.scaled(second, 1), node(0), node(1));
                }
                one.better(node(0)).contains(node(1))
            };
            assert!(!seen(100, [1, 1], 10));
            // A second short of it, several times over.
            assert!(!seen(110, [0, 1], begins));
            assert!(!seen(120, [1, 1], 1));
            assert!(!seen(130, [0, 1], begins));
            assert!(!seen(140, [0, 0], 1));
            assert!(seen(150, [0, 1], begins + 1), "{me}");
            assert!(seen(160, [1, 1], ends));
            assert!(seen(170, [0, 1], 1));
            assert!(seen(180, [1, 1], ends));
            assert!(!seen(180 + ends, [1, 1], 1), "{me}");
        }
    }

    #[test]
    fn a_new_life_that_reaches_nothing_asks_for_nothing_until_it_does() {
        let mut one = connectivity();
        let mut seen = |millis, mine| {
            one.nodes.at_mut(node(0)).score = Some(mine);
            one.nodes.at_mut(node(1)).score = Some(1);
            one.compare_two(Duration::from_millis(millis), node(0), node(1));
            one.better(node(0)).contains(node(1))
        };
        assert!(seen(1, 0));
        assert!(!seen(2, 1));
        assert!(seen(3, 0));
        // No longer a new one.
        assert!(seen(6000, 1));
    }
}

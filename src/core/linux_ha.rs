//! A member beside a real heartbeat: its words on our transfers.
//!
//! This room decides nothing about groups. It tells [`Failover`] what a beat of the peer would say, if
//! it sent beats, and says in heartbeat's words what `Failover` did and would like. Two nodes; the groups
//! at home here are `local`, the others `foreign`, and each kind moves as a whole.
//!
//! ```text
//! numbering  which messages are new, missing, to be acknowledged
//! history    what was said, to be said again
//! theirs     what the peer holds, as words of a beat
//! dialogue   a transfer that both have agreed to (ask_resources me, other, done)
//! wish       what nobody has, and this node would take
//! speech     words become messages
//! ```
//! Which rules hold where heartbeat's and ours differ stands in [`crate::manual`].

mod classes;
mod dialogue;
mod hearing;
mod history;
mod legacy;
mod numbering;
mod say;
mod speech;
mod stage;
mod start;
mod theirs;
mod wish;

use crate::action::Events;
use crate::config::{AutoFailback, Config};
use crate::failover::Failover;
use crate::id::{GroupSet, NodeId, PerGroup};
use crate::membership::{Membership, Standing};
use crate::time::Instant;
use crate::wire::Flags;
use crate::wire::linux_ha::{Hold, Info, MAX_KEY, MAX_NAME, UUID};

use classes::Classes;
use dialogue::Dialogue;
use history::History;
use numbering::Numbering;
use say::Say;
use theirs::Theirs;

/// What a life in this dialect begins with, besides an incarnation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heartbeat {
    /// `hg`, the boot generation: higher than in every life before.
    pub generation: u32,
    /// Contents of `hb_uuid`, where there is one.
    pub uuid: Option<[u8; UUID]>,
    /// Wall clock at the start of this life, in seconds; never 0.
    pub clock: u32,
}

/// This node's side of the dialect, and what it knows of its one peer.
#[derive(Clone, Debug)]
pub(crate) struct LinuxHa {
    me: NodeId,
    peer: NodeId,
    names: Names,
    own: Heartbeat,
    started: Instant,
    /// `auto_failback legacy`: groups are asked for one by one, nothing else is said of them.
    legacy: bool,
    phase: Phase,
    history: History,
    numbering: Numbering,
    due: heapless::Deque<Say, 32>,
    theirs: Theirs,
    /// What its status and its messages say of it.
    active: bool,
    stable: bool,
    departing: bool,
    /// How many ping nodes its `ipfail` sees, once it has told.
    ping: Option<u8>,
    dialogue: Dialogue,
    /// The peer, or a person, wants these at the peer.
    wished: Classes,
    /// No dialogue is begun before.
    rest_until: Option<Instant>,
    /// Since when this node wants what is at home there and nobody has.
    wants_since: Option<Instant>,
    /// When the peer is reminded of what should be here, and how often it was.
    hint_at: Option<Instant>,
    hints: u8,
    /// Classes without a group that count as held here: a real one counts them, too.
    empty: Classes,
    /// The start of this life is over. Who starts later gets its own as soon as it hears so.
    settled: bool,
    /// The newest `resource` of ours.
    said: Option<(Classes, bool)>,
    /// The score that the peer's `ipfail` was told.
    told: Option<u8>,
    /// `hb_takeover` and `ip-request` are said again from here on.
    ask_at: Instant,
    /// Groups that the peer asked for one by one.
    owed: GroupSet,
    /// Those that run here, and that it may have started since a silence: it is asked to stop them.
    recalled: GroupSet,
    /// Those that were said to be free here, and not asked for since.
    given: GroupSet,
}

/// Names that go into messages.
#[derive(Clone, Debug)]
struct Names {
    /// By number: the first two nodes.
    nodes: heapless::Vec<heapless::String<MAX_NAME>, 2>,
    /// All of them, a blank behind each.
    list: heapless::String<LIST>,
    /// First resources; needed with `auto_failback legacy` alone.
    keys: PerGroup<heapless::String<MOST_KEY>>,
}

/// How far this life is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing was said yet.
    Init,
    /// `up`: asks a live peer for its nodes until it answers, or in vain since then.
    Up {
        since: Option<Instant>,
        ask_at: Instant,
    },
    /// A member.
    Active,
}

impl LinuxHa {
    pub(crate) fn new(config: &Config, own: Heartbeat, now: Instant) -> Self {
        let me = config.me;
        let peer = config.node_ids().find(|node| *node != me).unwrap_or(me);
        let legacy = config.auto_failback == AutoFailback::Legacy;
        let mut nodes = heapless::Vec::new();
        let mut list = heapless::String::new();
        for node in config.node_ids() {
            // Two nodes, and names as long as heartbeat's: the configuration refuses others.
            let name = config.node_name(node);
            let _ = nodes.push(name.try_into().unwrap_or_default());
            let _ = list.push_str(name).and_then(|()| list.push(' '));
        }
        let mut keys = config.groups.iter().map(|group| config.text(group.key));
        let key = || keys.next().filter(|_| legacy).unwrap_or_default();
        let mut key = key;
        Self {
            me,
            peer,
            names: Names {
                nodes,
                list,
                keys: PerGroup::new(|| key().try_into().unwrap_or_default()),
            },
            own,
            started: now,
            legacy,
            phase: Phase::Init,
            history: History::new(),
            numbering: Numbering::default(),
            due: heapless::Deque::new(),
            theirs: Theirs::new(me, peer, legacy),
            active: false,
            stable: false,
            departing: false,
            ping: None,
            dialogue: Dialogue::NONE,
            wished: Classes::NONE,
            rest_until: None,
            wants_since: None,
            hint_at: None,
            hints: 0,
            empty: Classes::NONE,
            settled: false,
            said: None,
            told: None,
            ask_at: now,
            owed: GroupSet::EMPTY,
            recalled: GroupSet::EMPTY,
            given: GroupSet::EMPTY,
        }
    }

    /// Translates, both ways: before it was decided here what follows, and `after` that. Repeating it
    /// without news changes nothing.
    pub(crate) fn decide(
        &mut self,
        now: Instant,
        after: bool,
        failover: &mut Failover,
        members: &mut Membership,
        events: &mut Events,
    ) {
        let peer = &members.peer(self.peer).standing;
        let (alive, gone) = (
            matches!(peer, Standing::Alive(_)),
            matches!(peer, Standing::Dead(_) | Standing::Left(_)),
        );
        if !alive {
            self.dialogue = Dialogue::NONE;
            self.wished = Classes::NONE;
            (self.active, self.stable) = (false, false);
            (self.told, self.owed) = (None, GroupSet::EMPTY);
            (self.recalled, self.given) = (GroupSet::EMPTY, GroupSet::EMPTY);
            self.theirs.forget();
        }
        self.rest_until = self.rest_until.filter(|until| now < *until);
        self.go_on(now, alive, gone, failover);
        if alive {
            self.owed.0 |= self.theirs.review(now, failover).0;
        }
        for _ in 0..STEPS {
            let before = (self.dialogue.step, self.said, self.due.len());
            self.count_empty(gone, failover);
            if self.legacy {
                self.decide_legacy(now, failover, members, events);
                break;
            }
            self.decide_dialogue(now, failover, members, events);
            // What is about to be claimed is not known before: nobody is to take it for left alone.
            if after {
                self.announce(gone, failover);
            }
            if before == (self.dialogue.step, self.said, self.due.len()) {
                break;
            }
        }
        self.tell_reach(alive, failover);
        let flags = Flags {
            leaving: self.departing,
            unable: !self.active,
            maintenance: failover.maintenance,
            want: false,
        };
        let ping = self.ping.unwrap_or_else(|| failover.connectivity.score());
        if let Some(beat) = members.beat_mut(self.peer) {
            self.theirs.tell(beat, flags, ping, failover);
        }
    }

    /// Classes without groups are taken and given like the others, by nobody.
    fn count_empty(&mut self, gone: bool, failover: &Failover) {
        if gone && self.is_active() {
            self.empty = Classes::ALL;
        } else if self.is_settled(gone) && self.said.is_none_or(|(_, stable)| !stable) {
            self.empty = self.empty.with(Classes::LOCAL);
        }
        if !gone && self.theirs.is_known() {
            self.empty = self.empty.without(self.theirs.held());
        }
        if failover.is_leaving() {
            self.empty = Classes::NONE;
        }
    }

    /// What it holds, in heartbeat's sense.
    #[inline(never)]
    fn ours(&self, failover: &Failover) -> Classes {
        let given = self.dialogue.given();
        Classes::ALL.without(given).filter(&mut |class| {
            if class.groups(failover).is_empty() {
                self.empty.has(class)
            } else {
                class.any(failover, Failover::keeps)
            }
        })
    }

    fn is_active(&self) -> bool {
        matches!(self.phase, Phase::Active)
    }

    /// The start is over: it was known once what the peer holds, or that it is not there.
    fn is_settled(&self, gone: bool) -> bool {
        self.is_active() && (gone || self.settled || self.theirs.is_known())
    }

    /// Says what is held, when that has changed.
    fn announce(&mut self, gone: bool, failover: &Failover) {
        if !self.is_active() {
            return;
        }
        let ours = if failover.is_leaving() {
            Classes::NONE
        } else {
            self.ours(failover)
        };
        // What is about to be started counts when it is: a real one takes such a word for the last.
        // What is at home there is claimed only after the peer has had its chance to give it.
        let claims = failover.those(Failover::is_claiming).0 & Classes::LOCAL.groups(failover).0;
        let begins = !failover.those(Failover::is_undecided).is_empty() || claims != 0;
        let stable = self.is_settled(gone)
            && !begins
            && !failover.is_leaving()
            && self.dialogue.given().is_empty();
        self.settled |= self.is_settled(gone);
        let said = Some((ours, stable));
        // Before the peer has said anything there is nothing to compare with.
        if self.said != said && (stable || self.said.is_some() || failover.is_leaving()) {
            self.say_resource(ours, stable, failover);
        }
    }

    #[inline(never)]
    fn say_resource(&mut self, ours: Classes, stable: bool, failover: &Failover) {
        let info = if failover.is_leaving() {
            Some(Info::Shutdown)
        } else if !self.dialogue.given().is_empty() {
            Some(Info::Standby)
        } else {
            None
        };
        self.said = Some((ours, stable));
        self.say(Say::Resource {
            hold: ours.hold(),
            stable,
            info,
        });
    }

    /// `ipfail` of the peer is told how many ping nodes answer here.
    fn tell_reach(&mut self, alive: bool, failover: &Failover) {
        let score = failover.connectivity.score();
        // It refuses to run with `legacy`.
        let has = failover.connectivity.ids().next().is_some() && !self.legacy;
        if alive && has && self.is_active() && self.told != Some(score) {
            self.told = Some(score);
            self.say(Say::NumPing(score));
        }
    }

    /// For `cl_status rscstatus`; `None` while the groups are in transition.
    pub(crate) fn rscstatus(&self, failover: &Failover) -> Option<Hold> {
        if self.legacy {
            return Some(Hold::None);
        }
        let (said, stable) = self.said?;
        let rests = stable && self.dialogue.is_none() && !failover.is_leaving();
        rests.then_some(said.hold())
    }

    /// Queues a word. What finds no place would be out of date when it left.
    #[inline(never)]
    fn say(&mut self, say: Say) {
        let _ = self.due.push_back(say);
    }

    /// Something is to be said before the last word.
    pub(crate) fn has_words(&self) -> bool {
        !self.due.is_empty()
    }

    /// When something here is due next.
    pub(crate) fn deadline(&self) -> Instant {
        let up = match self.phase {
            Phase::Up {
                since: Some(since),
                ask_at,
            } => ask_at.min(since.after(start::ANSWER)),
            Phase::Init | Phase::Up { since: None, .. } | Phase::Active => Instant::NEVER,
        };
        let recalls = self.is_active() && self.active && !self.recalled.is_empty();
        let recall_at = if recalls { self.ask_at } else { Instant::NEVER };
        self.numbering
            .deadline()
            .min(recall_at)
            .min(self.theirs.deadline())
            .min(self.dialogue.until)
            .min(self.hint_at())
            .min(self.rest_until.unwrap_or(Instant::NEVER))
            .min(self.wants_until())
            .min(up)
    }
}

/// Two names, a blank behind each.
const LIST: usize = 2 * (MAX_NAME + 1);

/// As long as a resource may be.
const MOST_KEY: usize = MAX_KEY;

/// Steps of a dialogue that follow from each other on one input.
const STEPS: usize = 4;

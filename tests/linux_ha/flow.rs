//! What a flow is: steps as data, played for every pair of kinds that makes sense.

use super::agent::Kind;
use super::ledger::Hold;
use super::pair::{Media, Setting};
use super::play::Play;

/// Something that happens to a pair, and what must then be so.
pub(crate) struct Flow {
    /// A sentence about what a pair does.
    pub(crate) name: &'static str,
    /// Minutes, or not among what every change must pass.
    pub(crate) long: bool,
    pub(crate) media: &'static [Media],
    /// A defect of heartbeat's: with two real ones the flow must fail, or it shows nothing.
    pub(crate) known: bool,
    /// With which nodes it can be played.
    pub(crate) suits: fn([Kind; 2]) -> bool,
    pub(crate) setting: Setting,
    pub(crate) steps: &'static [Step],
}

/// One step; nodes are `A` and `B`.
#[derive(Debug)]
pub(crate) enum Step {
    /// Switches the machine on where it is not, and starts the agent.
    Start(usize),
    /// A graceful stop, to its end.
    Stop(usize),
    /// `kill -9` of the agent alone.
    Kill(usize),
    CutPower(usize),
    /// All that joins the nodes is cut; clients keep their network.
    Cut,
    Heal,
    /// So many of a hundred messages are lost, each way.
    Lose(u32),
    /// Late copies begin or end.
    Late(bool),
    /// A command of heartbeat's on a node, which must succeed.
    Ask(usize, &'static str),
    /// Another `authkeys`, which the agent reads at once.
    Keys(usize, &'static str),
    /// The node's ping node answers it, or not any more.
    Ping(usize, bool),
    /// From the next start on the node is this program, on the same disk.
    Become(usize, Kind),
    Rest(u64),
    /// Within so many seconds the nodes have these groups, and say so; `None` is not looked at.
    Holds(u64, Option<Hold>, Option<Hold>),
    /// Within so many seconds each group is on one node, whichever, and both agents say so.
    Whole(u64),
    /// Something new begins: what is measured from here on has this name.
    At(&'static str),
    /// No client waited for longer than these milliseconds since `At`.
    Silence(u64),
    /// No address and no service was on both nodes for longer than these milliseconds since `At`.
    Both(u64),
    /// What only this flow does.
    Do(fn(&mut Play) -> Result<(), String>),
}

/// Any pair.
pub(crate) fn all(_: [Kind; 2]) -> bool {
    true
}

/// A pair with at least one of ours.
pub(crate) fn mixed(kinds: [Kind; 2]) -> bool {
    kinds.contains(&Kind::Ours)
}

/// A pair of which both speak like heartbeat, because both are.
pub(crate) fn real(kinds: [Kind; 2]) -> bool {
    !mixed(kinds)
}

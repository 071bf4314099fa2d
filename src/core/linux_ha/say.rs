//! What is to be said, small enough to be kept: names and the group's keys are filled in when it leaves.

use crate::id::GroupId;
use crate::wire::linux_ha::{Hold, Info, Phase, State};

/// One word of this node. [`crate::wire::linux_ha::Word`] says what each means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Say {
    Status(State),
    Reqnodes,
    Repnodes,
    Starting,
    Resource {
        hold: Hold,
        stable: bool,
        info: Option<Info>,
    },
    AskResources {
        hold: Hold,
        phase: Phase,
    },
    IpRequest(GroupId),
    IpRequestResp(GroupId),
    HbTakeover(Hold),
    Shutdone,
    NumPing(u8),
    AbortGiveup,
    YouAreDead,
    Ack(u32),
    Rexmit {
        first: u32,
        last: u32,
    },
    Nak(u32),
}

impl Say {
    /// Whether it is for the peer alone. Others hear and count it.
    pub(super) const fn is_directed(self) -> bool {
        match self {
            Self::Status(_)
            | Self::Starting
            | Self::Resource { .. }
            | Self::AskResources { .. }
            | Self::IpRequest(_)
            | Self::HbTakeover(_)
            | Self::Shutdone => false,
            Self::Reqnodes
            | Self::Repnodes
            | Self::IpRequestResp(_)
            | Self::NumPing(_)
            | Self::AbortGiveup
            | Self::YouAreDead
            | Self::Ack(_)
            | Self::Rexmit { .. }
            | Self::Nak(_) => true,
        }
    }

    /// Whether `ipfail` says it to `ipfail`.
    pub(super) const fn is_of_ipfail(self) -> bool {
        matches!(
            self,
            Self::NumPing(_) | Self::AbortGiveup | Self::YouAreDead
        )
    }
}

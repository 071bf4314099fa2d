//! What a real heartbeat says, as values: parsed once at the door, nothing checked twice inside.

/// A universally unique id: the 16 raw bytes of `hb_uuid`.
pub const UUID: usize = 16;

/// One message: who says it, when, to whom, and the word itself.
///
/// Names are what the wire says, checked for charset and length (letters, digits and `-._:`, 1 to 99
/// bytes) and for nothing else: compare them with configured ones before use. A field of no known name
/// is skipped. Of a field that comes twice the first counts, as for the real one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// `src`: the sender's node name.
    pub source: &'a str,
    /// `srcuuid`. May be left out; if sent it must be the same in every life.
    pub source_uuid: Option<[u8; UUID]>,
    /// `seq`: counts the sender's messages from 1; `None` for the words that [`Word::is_numbered`]
    /// says are outside of that, and for no other.
    pub number: Option<u32>,
    /// `hg`: the sender's boot generation, never lower than before; 0 when it says none.
    pub generation: u32,
    /// `ts`: the sender's wall clock in seconds, never 0 (a real one ignores such a message without a
    /// word, so 0 is sent as 1).
    pub time: u32,
    /// `ld`: text of `/proc/loadavg`, for nobody. May be left out.
    pub load: Option<&'a str>,
    /// `ttl`: hops left. May be left out on UDP; nothing forwards.
    pub ttl: Option<u16>,
    /// `dest`: only this node acts on it; the others count its number.
    pub dest: Option<&'a str>,
    /// `destuuid`: when present and not all zero it alone decides for whom a numbered message is, for a
    /// real one. Never send a wrong one; it may be left out.
    pub dest_uuid: Option<[u8; UUID]>,
    /// The clients it is from and for, if it is not the nodes' own talk.
    pub client: Client<'a>,
    /// What it says.
    pub word: Word<'a>,
}

/// What of a message a node of ours acts on; each as in [`Message`].
#[derive(Default)]
pub(crate) struct Core<'a> {
    pub(crate) source: &'a str,
    pub(crate) number: Option<u32>,
    pub(crate) generation: u32,
    pub(crate) time: u32,
    pub(crate) dest: Option<&'a str>,
    pub(crate) word: Word<'a>,
}

/// `from_id`, `to_id`, `client_gen`: what marks the talk of clients, such as `ipfail`. Real ones react
/// to their words without it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Client<'a> {
    /// `from_id`.
    pub from: Option<&'a str>,
    /// `to_id`.
    pub to: Option<&'a str>,
    /// `client_gen`.
    pub generation: Option<u32>,
}

/// What a message says; its name on the wire is `t`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// `status`: the heartbeat. The first message of a life is one.
    Status {
        /// `st`.
        state: State,
        /// `dt`: after how many milliseconds of silence the sender is dead.
        deadtime: Option<u32>,
        /// `protocol`, always 1; a real one that misses it once from any peer expects no acks any more,
        /// and asks for no nodes.
        protocol: Option<u32>,
    },
    /// `reqnodes`, directed: which nodes do you have?
    Reqnodes,
    /// `repnodes`, directed: these. The asker adds and removes nodes until it has the same (an empty
    /// `delnodelist` is sent with it and not read).
    Repnodes {
        /// `nodelist`: every configured node, no ping node; a blank behind each.
        nodes: &'a str,
    },
    /// `starting`: I just came up, what do you hold?
    Starting,
    /// `resource`: what the sender holds.
    Resource {
        /// `rsc_hold`, in the sender's eyes: its local groups, the foreign ones.
        hold: Hold,
        /// `rtype=full`: replaces what was known of it; otherwise it is added to that, and
        /// [`Hold::None`] clears it.
        full: bool,
        /// `isstable`: whether it means to stay so.
        stable: Option<bool>,
        /// `info`; `None` also for an unknown one.
        info: Option<Info>,
    },
    /// `ask_resources`: the dialogue of a transfer; the groups are named as the giver sees them.
    AskResources {
        /// `rsc_hold`: which.
        hold: Hold,
        /// `info`: how far it is.
        phase: Phase,
    },
    /// `ip-request`: please stop this group, I should have it.
    IpRequest {
        /// `ipaddr`: the first resource of the group, printable and without blanks, at most
        /// [`MAX_KEY`] bytes.
        key: &'a str,
    },
    /// `ip-request-resp`, directed, also to oneself: it is stopped.
    IpRequestResp {
        /// `ipaddr`, as it was asked for.
        key: &'a str,
        /// `ok=OK`.
        ok: bool,
        /// `weown=yes`.
        owned: bool,
    },
    /// `hb_takeover`: the sender wishes to have these; named as the other node shall keep them.
    HbTakeover {
        /// `rsc_hold`.
        hold: Hold,
    },
    /// `shutdone`: the sender has stopped everything and goes (`st=dead`).
    Shutdone,
    /// `stonith`: a report on a node that was declared dead.
    Stonith {
        /// `node`: which.
        node: &'a str,
        /// `result`: `n_stnth` (there is no device), `unneeded`, `OK` or `bad`.
        result: &'a str,
    },
    /// `NS_ackmsg`, directed: I have all up to this number (`ackseq`).
    Ack {
        /// Which.
        number: u32,
    },
    /// `NS_rexmit`, directed: please say these numbers again; the real one asks for one at a time.
    Rexmit {
        /// `firstseq`.
        first: u32,
        /// `lastseq`, not below the first.
        last: u32,
    },
    /// `NS_nak_rexmit`, directed: this number is no longer kept.
    Nak {
        /// `firstseq`.
        number: u32,
    },
    /// `hbapi-clstat`: a client signed on (`st=join`) or is gone (`leave`).
    ClientStatus {
        /// Which of the two.
        joined: bool,
        /// `info`, such as `signon` or `died`.
        info: Option<&'a str>,
    },
    /// `query-cstatus`, directed: does this client run at your side? Answered to
    /// [`Client::from`].
    QueryCstatus {
        /// `cn`: its name.
        client: &'a str,
    },
    /// `respond-cstatus`, directed: the answer.
    RespondCstatus {
        /// `cn`: its name.
        client: &'a str,
        /// `cs`: whether it is `online`; otherwise `offline`.
        online: bool,
    },
    /// `num_ping_nodes`, directed, between the `ipfail` of two nodes: so many ping nodes answer me.
    NumPing {
        /// `num_ping`.
        count: u32,
    },
    /// `abort_giveup`, directed: both see as many ping nodes, nobody gives anything up.
    AbortGiveup,
    /// `you_are_dead`, directed: I see more ping nodes than you.
    YouAreDead,
    /// Any other, or one of the above that cannot be read: only its number counts. Never sent.
    Unknown {
        /// `t`.
        name: &'a str,
    },
}

impl Default for Word<'_> {
    fn default() -> Self {
        Self::Unknown { name: "" }
    }
}

/// `st` of a `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Just started.
    Init,
    /// Up, and not yet sure of the others.
    Up,
    /// A member.
    Active,
}

/// `rsc_hold`: the groups at home at a node, and the others; two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Neither.
    None,
    /// Those at home here.
    Local,
    /// Those at home elsewhere.
    Foreign,
    /// Both.
    All,
}

/// `info` of a `resource`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Info {
    /// `req_our_resources()`: it has started what it lacked.
    Acquired,
    /// `mach_down`: it has taken the groups of the dead.
    MachDown,
    /// `standby`: it is giving up, in the course of a dialogue.
    Standby,
    /// `shutdown`: it is giving up for good.
    Shutdown,
}

/// `info` of an `ask_resources`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The giver offers.
    Me,
    /// The taker agrees.
    Other,
    /// The giver has stopped them; the taker has started them.
    Done,
}

/// Most bytes of the key of a group, as of any resource, and of any other text that is read.
pub const MAX_KEY: usize = 200;
/// Most bytes of a node's or client's name that is read.
pub const MAX_NAME: usize = 99;

impl Word<'_> {
    /// Whether it has a number; those that have none are about numbers.
    pub fn is_numbered(&self) -> bool {
        match self {
            Self::Ack { .. } | Self::Rexmit { .. } | Self::Nak { .. } => false,
            Self::Unknown { name } => !name.starts_with("NS_"),
            Self::Status { .. }
            | Self::Reqnodes
            | Self::Repnodes { .. }
            | Self::Starting
            | Self::Resource { .. }
            | Self::AskResources { .. }
            | Self::IpRequest { .. }
            | Self::IpRequestResp { .. }
            | Self::HbTakeover { .. }
            | Self::Shutdone
            | Self::Stonith { .. }
            | Self::ClientStatus { .. }
            | Self::QueryCstatus { .. }
            | Self::RespondCstatus { .. }
            | Self::NumPing { .. }
            | Self::AbortGiveup
            | Self::YouAreDead => true,
        }
    }
}

impl Hold {
    /// Whether the groups at home here are among them.
    pub const fn local(self) -> bool {
        matches!(self, Self::Local | Self::All)
    }

    /// Whether the others are among them.
    pub const fn foreign(self) -> bool {
        matches!(self, Self::Foreign | Self::All)
    }

    /// By its two bits.
    pub const fn of(local: bool, foreign: bool) -> Self {
        match (local, foreign) {
            (false, false) => Self::None,
            (true, false) => Self::Local,
            (false, true) => Self::Foreign,
            (true, true) => Self::All,
        }
    }

    /// The same groups as the other one of two nodes names them.
    pub const fn seen_by_other(self) -> Self {
        Self::of(self.foreign(), self.local())
    }
}

impl State {
    /// Every one, in the order of its number.
    pub(super) const ALL: [Self; 3] = [Self::Init, Self::Up, Self::Active];
    /// As they are written.
    pub(super) const WORDS: &'static str = "init up active";
}

impl Info {
    /// Every one, in the order of its number.
    pub(super) const ALL: [Self; 4] = [
        Self::Acquired,
        Self::MachDown,
        Self::Standby,
        Self::Shutdown,
    ];
    /// As they are written.
    pub(super) const WORDS: &'static str = "req_our_resources() mach_down standby shutdown";
}

impl Phase {
    /// Every one, in the order of its number.
    pub(super) const ALL: [Self; 3] = [Self::Me, Self::Other, Self::Done];
    /// As they are written.
    pub(super) const WORDS: &'static str = "me other done";
}

impl Hold {
    /// Every one, in the order of its number.
    pub(super) const ALL: [Self; 4] = [Self::None, Self::Local, Self::Foreign, Self::All];
    /// As they are written.
    pub(super) const WORDS: &'static str = "none local foreign all";
}

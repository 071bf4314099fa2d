//! The native dialect: a header of ten bytes, a body, a tag of twelve.
//!
//! ```text
//! version 4 | key 4 · kind 4 | source 4 · low half of the incarnation 4 · counter 4 · body · tag 12
//! beat    flags 1 (upper half: maintenance), digests 3, ping 1, newest control word 1,
//!         per group 2: epoch 8 | owner 4 | home 1 | state 3, per other node 4: links 1, echo 3
//! hello   beat, high half 4, re {node 1, incarnation 8, counter 4}, deadtime 3, lease 1, watchdog 1
//! ask     node 1, low half 4
//! control beat, number 1, node 1, low half 4, word 4
//! leave   beat
//! ```
//! Integers are little-endian and of fixed width: a young counter is not smaller than an old one.
//! Counts come from the configuration, so there are no length bytes.

use super::{
    Address, Beat, Body, Control, ControlWord, Flags, Header, Hearing, Hello, Kind, Reference, TAG,
    Word,
};
use crate::action::{GroupState, Reject};
use crate::id::{GroupId, GroupSet, LinkSet, MAX_GROUPS, NodeId};

/// The version of this dialect; the upper half of the first byte.
pub const VERSION: u8 = 1;
/// Bytes before the body.
pub const HEADER: usize = 10;

/// What the counts in a body are, from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How many nodes.
    pub nodes: usize,
    /// How many groups.
    pub groups: usize,
}

/// A frame taken apart, nothing of it believed yet.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// Its header.
    pub header: Header,
    /// Its body, still bytes.
    pub body: &'a [u8],
    /// What the tag covers: everything before it.
    pub covered: &'a [u8],
    /// The tag.
    pub tag: &'a [u8; TAG],
}

/// Takes a frame apart. [`Reject::ForeignDialect`] for another version, [`Reject::Malformed`] for
/// what is too short or of no known kind, [`Reject::UnknownNode`] for a source that cannot be.
pub fn open(frame: &[u8], shape: Shape) -> Result<Envelope<'_>, Reject> {
    let (covered, tag) = frame.split_last_chunk::<TAG>().ok_or(Reject::Malformed)?;
    let (header, body) = covered
        .split_first_chunk::<HEADER>()
        .ok_or(Reject::Malformed)?;
    let [version_key, kind_source, l0, l1, l2, l3, c0, c1, c2, c3] = *header;
    if version_key >> 4 != VERSION {
        return Err(Reject::ForeignDialect);
    }
    let kind = kind(frame).ok_or(Reject::Malformed)?;
    let header = Header {
        key: version_key & 15,
        kind,
        source: node(kind_source & 15, shape).ok_or(Reject::UnknownNode)?,
        low: u32::from_le_bytes([l0, l1, l2, l3]),
        counter: u32::from_le_bytes([c0, c1, c2, c3]),
    };
    Ok(Envelope {
        header,
        body,
        covered,
        tag,
    })
}

/// What kind of frame its header says it is, nothing of it believed.
pub fn kind(frame: &[u8]) -> Option<Kind> {
    match frame.get(1)? >> 4 {
        0 => Some(Kind::Beat),
        1 => Some(Kind::Hello),
        2 => Some(Kind::Ask),
        3 => Some(Kind::Control),
        4 => Some(Kind::Leave),
        _ => None,
    }
}

/// The node that its header names as its sender, nothing of it believed.
pub fn source(frame: &[u8]) -> Option<NodeId> {
    NodeId::new(usize::from(frame.get(1)? & 15))
}

/// The high half that a Hello carries, which its tag needs before the body may be read.
pub fn high_half(body: &[u8]) -> Result<u32, Reject> {
    let (_, hello) = body.split_last_chunk::<HELLO>().ok_or(Reject::Malformed)?;
    let (high, _) = hello.split_first_chunk().ok_or(Reject::Malformed)?;
    Ok(u32::from_le_bytes(*high))
}

/// How many groups a body speaks of, by its length, if its sender has so many nodes. One that was
/// told of more groups, or fewer, still says that it lives, and what it was told.
pub fn groups(envelope: &Envelope<'_>, nodes: usize) -> Option<usize> {
    let more = match envelope.header.kind {
        Kind::Beat | Kind::Leave => 0,
        Kind::Hello => HELLO,
        Kind::Control => CONTROL,
        Kind::Ask => return None,
    };
    let others = nodes.saturating_sub(1).saturating_mul(4);
    let fixed = others.saturating_add(BEAT).saturating_add(more);
    let bytes = envelope.body.len().checked_sub(fixed)?;
    (bytes.is_multiple_of(2) && bytes <= 2 * MAX_GROUPS).then_some(bytes / 2)
}

/// Reads a verified body; every byte must be used.
pub fn decode(envelope: &Envelope<'_>, shape: Shape) -> Result<Body, Reject> {
    let Header { kind, source, .. } = envelope.header;
    let mut rest = envelope.body;
    let mut beat = Beat::default();
    if kind != Kind::Ask {
        decode_beat(&mut rest, source, shape, &mut beat)?;
    }
    let body = match kind {
        Kind::Beat => Body::Beat(beat),
        Kind::Hello => Body::Hello(beat, decode_hello(&mut rest, shape)?),
        Kind::Ask => Body::Ask(decode_address(&mut rest, shape)?),
        Kind::Control => Body::Control(beat, decode_control(&mut rest, shape)?),
        Kind::Leave => Body::Leave(beat),
    };
    if rest.is_empty() {
        Ok(body)
    } else {
        Err(Reject::Malformed)
    }
}

/// Writes header and body; the tag goes behind. How many bytes, or `None` when `buf` is too small.
pub fn encode(header: &Header, body: &Body, shape: Shape, buf: &mut [u8]) -> Option<usize> {
    let mut out = Writer { buf, len: 0 };
    out.bytes(&[
        (VERSION << 4) | (header.key & 15),
        ((header.kind as u8) << 4) | (header.source.wire() & 15),
    ])?;
    out.bytes(&header.low.to_le_bytes())?;
    out.bytes(&header.counter.to_le_bytes())?;
    match body {
        Body::Beat(beat) | Body::Leave(beat) => encode_beat(&mut out, beat, header.source, shape)?,
        Body::Hello(beat, hello) => {
            encode_beat(&mut out, beat, header.source, shape)?;
            encode_hello(&mut out, hello)?;
        }
        Body::Ask(to) => encode_address(&mut out, to)?,
        Body::Control(beat, control) => {
            encode_beat(&mut out, beat, header.source, shape)?;
            out.bytes(&[control.sequence])?;
            encode_address(&mut out, &control.to)?;
            out.bytes(&encode_word(control.word))?;
        }
    }
    Some(out.len)
}

fn encode_beat(out: &mut Writer<'_>, beat: &Beat, source: NodeId, shape: Shape) -> Option<()> {
    let Flags {
        want,
        leaving,
        unable,
        maintenance,
    } = beat.flags;
    let bits = u8::from(want) | (u8::from(leaving) << 1) | (u8::from(unable) << 2);
    let flags = bits | (maintenance << 4);
    out.bytes(&[flags])?;
    out.bytes(&beat.digests)?;
    out.bytes(&[beat.ping, beat.newest])?;
    for group in GroupId::first(shape.groups) {
        let word = beat.groups.at(group);
        let low = (word.owner.map_or(NOBODY, NodeId::wire) << 4)
            | (u8::from(word.home) << 3)
            | word.state as u8;
        out.bytes(&[low, word.epoch])?;
    }
    for peer in NodeId::first(shape.nodes).filter(|peer| *peer != source) {
        let hearing = beat.peers.at(peer);
        let [e0, e1, e2, _] = hearing.echo.to_le_bytes();
        out.bytes(&[hearing.links.0, e0, e1, e2])?;
    }
    Some(())
}

/// Into a beat that says nothing yet.
fn decode_beat(
    rest: &mut &[u8],
    source: NodeId,
    shape: Shape,
    beat: &mut Beat,
) -> Result<(), Reject> {
    let [flags, d0, d1, d2, ping, newest] = *take(rest)?;
    let bit = |n: u8| flags & (1 << n) != 0;
    // Bits of a later version mean nothing to this one.
    beat.flags = Flags {
        want: bit(0),
        leaving: bit(1),
        unable: bit(2),
        maintenance: flags >> 4,
    };
    beat.digests = [d0, d1, d2];
    (beat.ping, beat.newest) = (ping, newest);
    for group in GroupId::first(shape.groups) {
        let [low, epoch] = *take(rest)?;
        *beat.groups.at_mut(group) = Word {
            state: GroupState::ALL
                .get(usize::from(low & 7))
                .copied()
                .ok_or(Reject::Malformed)?,
            home: low & 8 != 0,
            owner: node(low >> 4, shape),
            epoch,
        };
    }
    for peer in NodeId::first(shape.nodes).filter(|peer| *peer != source) {
        let [links, e0, e1, e2] = *take(rest)?;
        *beat.peers.at_mut(peer) = Hearing {
            links: LinkSet(links),
            echo: u32::from_le_bytes([e0, e1, e2, 0]),
        };
    }
    Ok(())
}

fn encode_hello(out: &mut Writer<'_>, hello: &Hello) -> Option<()> {
    let [d0, d1, d2, _] = hello.deadtime.min(0xff_ffff).to_le_bytes();
    let (node, incarnation, counter) = match &hello.re {
        Some(re) => (re.node.wire(), re.incarnation, re.counter),
        None => (NOBODY, 0, 0),
    };
    out.bytes(&hello.high.to_le_bytes())?;
    out.bytes(&[node])?;
    out.bytes(&incarnation.to_le_bytes())?;
    out.bytes(&counter.to_le_bytes())?;
    out.bytes(&[d0, d1, d2, hello.lease, hello.watchdog])
}

fn decode_hello(rest: &mut &[u8], shape: Shape) -> Result<Hello, Reject> {
    let high = u32::from_le_bytes(*take(rest)?);
    let [number] = *take(rest)?;
    let incarnation = u64::from_le_bytes(*take(rest)?);
    let counter = u32::from_le_bytes(*take(rest)?);
    let [d0, d1, d2, lease, watchdog] = *take(rest)?;
    Ok(Hello {
        high,
        re: node(number, shape).map(|node| Reference {
            node,
            incarnation,
            counter,
        }),
        deadtime: u32::from_le_bytes([d0, d1, d2, 0]),
        lease,
        watchdog,
    })
}

fn decode_control(rest: &mut &[u8], shape: Shape) -> Result<Control, Reject> {
    let [sequence] = *take(rest)?;
    let to = decode_address(rest, shape)?;
    let word = decode_word(*take(rest)?, shape).ok_or(Reject::Malformed)?;
    Ok(Control { sequence, to, word })
}

/// Four bytes whatever it says: what kind of word it is, and three more. The kinds never change.
fn encode_word(word: ControlWord) -> [u8; 4] {
    match word {
        ControlWord::IpRequest {
            group,
            epoch,
            operator,
        } => [0, group.wire(), epoch, u8::from(operator)],
        ControlWord::IpRequestResp { group, granted } => [1, group.wire(), u8::from(granted), 0],
        ControlWord::RexmitRequest { first } => [2, first, 0, 0],
        ControlWord::Gone { last } => [3, last, 0, 0],
        ControlWord::Move { group } => [4, group.wire(), 0, 0],
        ControlWord::Unmove { groups } => {
            let [low, high] = groups.0.to_le_bytes();
            [5, low, high, 0]
        }
    }
}

fn decode_word([kind, a, b, c]: [u8; 4], shape: Shape) -> Option<ControlWord> {
    let group = GroupId::new(a.into()).filter(|group| group.index() < shape.groups);
    Some(match kind {
        0 => ControlWord::IpRequest {
            group: group?,
            epoch: b,
            operator: c != 0,
        },
        1 => ControlWord::IpRequestResp {
            group: group?,
            granted: b != 0,
        },
        2 => ControlWord::RexmitRequest { first: a },
        3 => ControlWord::Gone { last: a },
        4 => ControlWord::Move { group: group? },
        5 => ControlWord::Unmove {
            groups: GroupSet(u16::from_le_bytes([a, b])),
        },
        _ => return None,
    })
}

fn encode_address(out: &mut Writer<'_>, to: &Address) -> Option<()> {
    out.bytes(&[to.node.wire()])?;
    out.bytes(&to.low.to_le_bytes())
}

fn decode_address(rest: &mut &[u8], shape: Shape) -> Result<Address, Reject> {
    let [number] = *take(rest)?;
    Ok(Address {
        node: node(number, shape).ok_or(Reject::Malformed)?,
        low: u32::from_le_bytes(*take(rest)?),
    })
}

fn node(number: u8, shape: Shape) -> Option<NodeId> {
    NodeId::new(usize::from(number)).filter(|node| node.index() < shape.nodes)
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], Reject> {
    let (bytes, tail) = rest.split_first_chunk().ok_or(Reject::Malformed)?;
    *rest = tail;
    Ok(bytes)
}

struct Writer<'a> {
    buf: &'a mut [u8],
    len: usize,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.len.checked_add(bytes.len())?;
        self.buf.get_mut(self.len..end)?.copy_from_slice(bytes);
        self.len = end;
        Some(())
    }
}

/// No node: the owner of a group that nobody has, the node of an empty reference.
const NOBODY: u8 = 15;
/// Bytes of a beat before its groups.
const BEAT: usize = 6;
/// Bytes that a Hello adds to a beat.
const HELLO: usize = 22;
/// Bytes that a control word adds to a beat.
const CONTROL: usize = 10;

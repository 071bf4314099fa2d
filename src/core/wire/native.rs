//! The native dialect: a hand-laid header of ten bytes, postcard bodies, a tag of twelve.
//!
//! ```text
//! version 4 | key 4 · kind 4 | source 4 · low half of the incarnation 4 · counter 4 · body · tag 12
//! beat    flags 1, digests 3, ping 1, newest control word 1,
//!         per group 2: epoch 8 | owner 4 | home 1 | state 3, per other node 4: links 1, echo 3
//! hello   beat, high half 4, re {node 1, incarnation 8, counter 4}, deadtime 3, lease 1, watchdog 1
//! ask     node 1, low half 4
//! control beat, number 1, node 1, low half 4, word 4
//! leave   beat
//! ```
//! Integers are little-endian and of fixed width: a young counter is not smaller than an old one.
//! Counts come from the configuration, so there are no length bytes.

use serde::{Deserialize, Serialize};

use super::{
    Address, Beat, Body, Control, ControlWord, Flags, Header, Hearing, Hello, Kind, Reference, TAG,
    Word,
};
use crate::action::{GroupState, Reject};
use crate::id::{GroupId, LinkSet, NodeId, PerGroup, PerNode};

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
    let kind = match kind_source >> 4 {
        0 => Kind::Beat,
        1 => Kind::Hello,
        2 => Kind::Ask,
        3 => Kind::Control,
        4 => Kind::Leave,
        _ => return Err(Reject::Malformed),
    };
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

/// The high half that a Hello carries, which its tag needs before the body may be read.
pub fn high_half(body: &[u8]) -> Result<u32, Reject> {
    let (_, tail) = body.split_last_chunk::<HELLO>().ok_or(Reject::Malformed)?;
    postcard::from_bytes::<HelloWire>(tail)
        .map(|hello| u32::from_le_bytes(hello.high))
        .map_err(|_| Reject::Malformed)
}

/// Reads a verified body; every byte must be used.
pub fn decode(envelope: &Envelope<'_>, shape: Shape) -> Result<Body, Reject> {
    let Header { kind, source, .. } = envelope.header;
    let mut rest = envelope.body;
    let body = match kind {
        Kind::Beat => Body::Beat(decode_beat(&mut rest, source, shape)?),
        Kind::Hello => Body::Hello(
            decode_beat(&mut rest, source, shape)?,
            decode_hello(&mut rest, shape)?,
        ),
        Kind::Ask => Body::Ask(address(take(&mut rest)?, shape)?),
        Kind::Control => Body::Control(
            decode_beat(&mut rest, source, shape)?,
            decode_control(&mut rest, shape)?,
        ),
        Kind::Leave => Body::Leave(decode_beat(&mut rest, source, shape)?),
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
    out.put(&[
        (VERSION << 4) | (header.key & 15),
        ((header.kind as u8) << 4) | (header.source.wire() & 15),
    ])?;
    out.put(&header.low.to_le_bytes())?;
    out.put(&header.counter.to_le_bytes())?;
    match body {
        Body::Beat(beat) | Body::Leave(beat) => encode_beat(&mut out, beat, header.source, shape)?,
        Body::Hello(beat, hello) => {
            encode_beat(&mut out, beat, header.source, shape)?;
            out.put(&HelloWire::from(hello))?;
        }
        Body::Ask(to) => out.put(&AddressWire::from(to))?,
        Body::Control(beat, control) => {
            encode_beat(&mut out, beat, header.source, shape)?;
            out.put(&ControlWire {
                number: control.sequence,
                to: AddressWire::from(&control.to),
                word: control.word.into(),
            })?;
        }
    }
    Some(out.len)
}

fn encode_beat(out: &mut Writer<'_>, beat: &Beat, source: NodeId, shape: Shape) -> Option<()> {
    let Flags {
        want,
        leaving,
        unable,
    } = beat.flags;
    out.put(&Head {
        flags: u8::from(want) | (u8::from(leaving) << 1) | (u8::from(unable) << 2),
        digests: beat.digests,
        ping: beat.ping,
        newest: beat.newest,
    })?;
    for group in GroupId::first(shape.groups) {
        let word = beat.groups.at(group);
        let low = (word.owner.map_or(NOBODY, NodeId::wire) << 4)
            | (u8::from(word.home) << 3)
            | word.state as u8;
        out.put(&[low, word.epoch])?;
    }
    for peer in NodeId::first(shape.nodes).filter(|peer| *peer != source) {
        let hearing = beat.peers.at(peer);
        let [e0, e1, e2, _] = hearing.echo.to_le_bytes();
        out.put(&[hearing.links.0, e0, e1, e2])?;
    }
    Some(())
}

fn decode_beat(rest: &mut &[u8], source: NodeId, shape: Shape) -> Result<Beat, Reject> {
    let head: Head = take(rest)?;
    let bit = |n: u8| head.flags & (1 << n) != 0;
    let mut beat = Beat {
        // Bits of a later version mean nothing to this one.
        flags: Flags {
            want: bit(0),
            leaving: bit(1),
            unable: bit(2),
        },
        digests: head.digests,
        ping: head.ping,
        newest: head.newest,
        groups: PerGroup::new(|| Word::IDLE),
        peers: PerNode::new(Hearing::default),
    };
    for group in GroupId::first(shape.groups) {
        let [low, epoch]: [u8; 2] = take(rest)?;
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
        let [links, e0, e1, e2]: [u8; 4] = take(rest)?;
        *beat.peers.at_mut(peer) = Hearing {
            links: LinkSet(links),
            echo: u32::from_le_bytes([e0, e1, e2, 0]),
        };
    }
    Ok(beat)
}

fn decode_hello(rest: &mut &[u8], shape: Shape) -> Result<Hello, Reject> {
    let wire: HelloWire = take(rest)?;
    let [d0, d1, d2] = wire.deadtime;
    Ok(Hello {
        high: u32::from_le_bytes(wire.high),
        re: node(wire.node, shape).map(|node| Reference {
            node,
            incarnation: u64::from_le_bytes(wire.incarnation),
            counter: u32::from_le_bytes(wire.counter),
        }),
        deadtime: u32::from_le_bytes([d0, d1, d2, 0]),
        lease: wire.lease,
        watchdog: wire.watchdog,
    })
}

fn decode_control(rest: &mut &[u8], shape: Shape) -> Result<Control, Reject> {
    let wire: ControlWire = take(rest)?;
    let group = |number: u8| {
        GroupId::new(usize::from(number))
            .filter(|group| group.index() < shape.groups)
            .ok_or(Reject::Malformed)
    };
    let word = match wire.word {
        WordWire::IpRequest {
            group: g,
            epoch,
            operator,
        } => ControlWord::IpRequest {
            group: group(g)?,
            epoch,
            operator: operator != 0,
        },
        WordWire::IpRequestResp {
            group: g, granted, ..
        } => ControlWord::IpRequestResp {
            group: group(g)?,
            granted: granted != 0,
        },
        WordWire::RexmitRequest { first, .. } => ControlWord::RexmitRequest { first },
        WordWire::Gone { last, .. } => ControlWord::Gone { last },
    };
    Ok(Control {
        sequence: wire.number,
        to: address(wire.to, shape)?,
        word,
    })
}

fn address(wire: AddressWire, shape: Shape) -> Result<Address, Reject> {
    Ok(Address {
        node: node(wire.node, shape).ok_or(Reject::Malformed)?,
        low: u32::from_le_bytes(wire.low),
    })
}

fn node(number: u8, shape: Shape) -> Option<NodeId> {
    NodeId::new(usize::from(number)).filter(|node| node.index() < shape.nodes)
}

fn take<'a, T: Deserialize<'a>>(rest: &mut &'a [u8]) -> Result<T, Reject> {
    let (value, tail) = postcard::take_from_bytes(rest).map_err(|_| Reject::Malformed)?;
    *rest = tail;
    Ok(value)
}

struct Writer<'a> {
    buf: &'a mut [u8],
    len: usize,
}

impl Writer<'_> {
    fn put<T: Serialize>(&mut self, value: &T) -> Option<()> {
        let written = postcard::to_slice(value, self.buf.get_mut(self.len..)?)
            .ok()?
            .len();
        self.len = self.len.saturating_add(written);
        Some(())
    }
}

/// No node: the owner of a group that nobody has, the node of an empty reference.
const NOBODY: u8 = 15;
/// Bytes that a Hello adds to a beat.
const HELLO: usize = 22;

#[derive(Serialize, Deserialize)]
struct Head {
    flags: u8,
    digests: [u8; 3],
    ping: u8,
    newest: u8,
}

#[derive(Serialize, Deserialize)]
struct HelloWire {
    high: [u8; 4],
    node: u8,
    incarnation: [u8; 8],
    counter: [u8; 4],
    deadtime: [u8; 3],
    lease: u8,
    watchdog: u8,
}

#[derive(Serialize, Deserialize)]
struct AddressWire {
    node: u8,
    low: [u8; 4],
}

#[derive(Serialize, Deserialize)]
struct ControlWire {
    number: u8,
    to: AddressWire,
    word: WordWire,
}

/// Four bytes whatever it says: an enum position and three more. Positions never change.
#[derive(Serialize, Deserialize)]
enum WordWire {
    IpRequest { group: u8, epoch: u8, operator: u8 },
    IpRequestResp { group: u8, granted: u8, spare: u8 },
    RexmitRequest { first: u8, spare: [u8; 2] },
    Gone { last: u8, spare: [u8; 2] },
}

impl From<&Hello> for HelloWire {
    fn from(hello: &Hello) -> Self {
        let [d0, d1, d2, _] = hello.deadtime.min(0xff_ffff).to_le_bytes();
        Self {
            high: hello.high.to_le_bytes(),
            node: hello.re.map_or(NOBODY, |re| re.node.wire()),
            incarnation: hello.re.map_or(0, |re| re.incarnation).to_le_bytes(),
            counter: hello.re.map_or(0, |re| re.counter).to_le_bytes(),
            deadtime: [d0, d1, d2],
            lease: hello.lease,
            watchdog: hello.watchdog,
        }
    }
}

impl From<&Address> for AddressWire {
    fn from(to: &Address) -> Self {
        Self {
            node: to.node.wire(),
            low: to.low.to_le_bytes(),
        }
    }
}

impl From<ControlWord> for WordWire {
    fn from(word: ControlWord) -> Self {
        match word {
            ControlWord::IpRequest {
                group,
                epoch,
                operator,
            } => Self::IpRequest {
                group: group.wire(),
                epoch,
                operator: u8::from(operator),
            },
            ControlWord::IpRequestResp { group, granted } => Self::IpRequestResp {
                group: group.wire(),
                granted: u8::from(granted),
                spare: 0,
            },
            ControlWord::RexmitRequest { first } => Self::RexmitRequest {
                first,
                spare: [0; 2],
            },
            ControlWord::Gone { last } => Self::Gone {
                last,
                spare: [0; 2],
            },
        }
    }
}

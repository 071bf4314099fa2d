//! From a frame to a message: taken apart, then proved, then read.

use super::field::{FIELDS, Field, Kind, NAMES, WORDS, netstring, number, place, take};
use super::message::{
    Client, Core, Hold, Info, MAX_KEY, MAX_NAME, Message, Phase, State, UUID, Word,
};
use super::{MAX_FRAME, Sign, base64};
use crate::action::Reject;

/// The message of one frame of either framing, if it is whole and its signature right.
/// [`Reject::ForeignDialect`] for what begins otherwise; [`Reject::Malformed`] for what is no list of
/// fields, has more behind it, or lacks a sound sender, number or time; [`Reject::UnknownKey`];
/// [`Reject::BadTag`]. Work is bounded by [`MAX_FRAME`]: one pass, one signature.
pub fn decode<'a>(bytes: &'a [u8], keys: &dyn Sign) -> Result<Message<'a>, Reject> {
    let mut fields = Fields([&[]; FIELDS]);
    let mut core = Core::default();
    fields.read(bytes, keys, &mut core)?;
    Ok(Message {
        source: core.source,
        source_uuid: fields.uuid(Field::SourceUuid),
        number: core.number,
        generation: core.generation,
        time: core.time,
        load: fields.text(Field::Load),
        ttl: fields
            .decimal(Field::Ttl)
            .and_then(|ttl| ttl.try_into().ok()),
        dest: core.dest,
        dest_uuid: fields.uuid(Field::DestUuid),
        client: Client {
            from: fields.name(Field::From),
            to: fields.name(Field::To),
            generation: fields.decimal(Field::ClientGeneration),
        },
        word: core.word,
    })
}

/// As [`decode`], without what no node of ours acts on. Into its place, as a copy of so much is dear.
pub(crate) fn decode_core<'a>(
    bytes: &'a [u8],
    keys: &dyn Sign,
    core: &mut Core<'a>,
) -> Result<(), Reject> {
    Fields([&[]; FIELDS]).read(bytes, keys, core)
}

impl<'a> Fields<'a> {
    #[inline(never)]
    fn read(
        &mut self,
        bytes: &'a [u8],
        keys: &dyn Sign,
        core: &mut Core<'a>,
    ) -> Result<(), Reject> {
        let classic = bytes.starts_with(b">>>\n");
        if !classic && !bytes.starts_with(b"###\n") {
            return Err(Reject::ForeignDialect);
        }
        let proof = self.cut(bytes, classic).ok_or(Reject::Malformed)?;
        let key = proof.text.split(|byte| *byte == b' ').next();
        let key = key.and_then(|digits| number(digits, 10)?.try_into().ok());
        let signature = keys.signature(Some(key.ok_or(Reject::Malformed)?), &proof.signed);
        if !equal(&signature.ok_or(Reject::UnknownKey)?, proof.text) {
            return Err(Reject::BadTag);
        }
        self.fill(core).ok_or(Reject::Malformed)
    }
}

/// What of a frame is signed, and its signature.
struct Proof<'a> {
    signed: [&'a [u8]; 2],
    text: &'a [u8],
}

/// The values of known fields, by [`Field`]; empty for those that are missing. Of two of a name the
/// first stays.
struct Fields<'a>([&'a [u8]; FIELDS]);

impl<'a> Fields<'a> {
    /// Takes a frame apart.
    fn cut(&mut self, bytes: &'a [u8], classic: bool) -> Option<Proof<'a>> {
        let end: &[u8] = if classic { b"<<<\n" } else { b"%%%\n" };
        let mut proof = None;
        let (_, body) = bytes.split_at_checked(end.len())?;
        let mut rest = body;
        if bytes.len() > MAX_FRAME {
            return None;
        }
        while !rest.starts_with(end) {
            let before = body.len().wrapping_sub(rest.len());
            let (name, value, binary) = take(&mut rest, classic)?;
            let Some(place) = place(NAMES, name) else {
                continue;
            };
            if classic && place == Field::Auth as usize {
                // It covers everything but itself: a second one would be covered by neither.
                if proof.is_some() {
                    return None;
                }
                let after = rest.get(..rest.len().checked_sub(end.len())?)?;
                proof = Some(Proof {
                    signed: [body.get(..before)?, after],
                    text: value,
                });
            } else if let Some(slot) = self.0.get_mut(place)
                && slot.is_empty()
                && binary
                    == (place == Field::SourceUuid as usize || place == Field::DestUuid as usize)
            {
                *slot = value;
            }
        }
        (_, rest) = rest.split_at_checked(end.len())?;
        if !classic {
            let signed = bytes.get(..bytes.len().checked_sub(rest.len())?)?;
            proof = Some(Proof {
                signed: [signed, &[]],
                text: netstring(&mut rest)?,
            });
        }
        proof.filter(|_| rest.is_empty())
    }

    fn fill(&self, core: &mut Core<'a>) -> Option<()> {
        let name = self.name(Field::Type)?;
        let generation = self.hex(Field::Generation);
        let dest = self.name(Field::Dest);
        // What is meant for one is never taken for a word to all.
        let lacks = |field, sound: bool| !sound && !self.at(field).is_empty();
        if lacks(Field::Generation, generation.is_some())
            || lacks(Field::Dest, dest.is_some())
            || lacks(Field::SourceUuid, self.has_uuid(Field::SourceUuid))
            || lacks(Field::DestUuid, self.has_uuid(Field::DestUuid))
        {
            return None;
        }
        core.source = self.name(Field::Source)?;
        core.generation = generation.unwrap_or(0);
        core.time = self.hex(Field::Time).filter(|time| *time != 0)?;
        core.dest = dest;
        core.word = Word::Unknown { name };
        // What is not complete stays unknown.
        let _ = self.fill_word(name, &mut core.word);
        if core.word.is_numbered() {
            core.number = Some(self.hex(Field::Number).filter(|number| *number != 0)?);
        }
        Some(())
    }

    /// The word of that name, if it is one and complete.
    #[inline(never)]
    fn fill_word(&self, name: &str, word: &mut Word<'a>) -> Option<()> {
        let (_, kind, _) = WORDS.iter().find(|word| word.0 == name)?;
        let hold = || {
            Hold::ALL
                .get(self.choice(Field::Hold, Hold::WORDS)?)
                .copied()
        };
        match kind {
            Kind::Status => {
                *word = Word::Status {
                    state: *State::ALL.get(self.choice(Field::State, State::WORDS)?)?,
                    deadtime: self.hex(Field::Deadtime),
                    protocol: self.decimal(Field::Protocol),
                }
            }
            Kind::Reqnodes => *word = Word::Reqnodes,
            Kind::Repnodes => {
                *word = Word::Repnodes {
                    nodes: text(self.at(Field::Nodes))?,
                }
            }
            Kind::Starting => *word = Word::Starting,
            Kind::Resource => {
                *word = Word::Resource {
                    hold: hold()?,
                    full: self.is(Field::Full, "full"),
                    stable: self.choice(Field::Stable, "0 1").map(|place| place == 1),
                    info: self
                        .choice(Field::Info, Info::WORDS)
                        .and_then(|place| Info::ALL.get(place).copied()),
                }
            }
            Kind::AskResources => {
                *word = Word::AskResources {
                    hold: hold()?,
                    phase: *Phase::ALL.get(self.choice(Field::Info, Phase::WORDS)?)?,
                }
            }
            Kind::IpRequest => *word = Word::IpRequest { key: self.key()? },
            Kind::IpRequestResp => {
                *word = Word::IpRequestResp {
                    key: self.key()?,
                    ok: self.is(Field::Ok, "OK"),
                    owned: self.is(Field::Owned, "yes"),
                }
            }
            Kind::HbTakeover => *word = Word::HbTakeover { hold: hold()? },
            Kind::Shutdone => *word = Word::Shutdone,
            Kind::Stonith => {
                *word = Word::Stonith {
                    node: self.name(Field::Node)?,
                    result: self.name(Field::Result)?,
                }
            }
            Kind::Ack => {
                *word = Word::Ack {
                    number: self.hex(Field::Acked)?,
                }
            }
            Kind::Rexmit => {
                *word = Word::Rexmit {
                    first: self.decimal(Field::First)?,
                    last: self
                        .decimal(Field::Last)
                        .filter(|last| Some(*last) >= self.decimal(Field::First))?,
                }
            }
            Kind::Nak => {
                *word = Word::Nak {
                    number: self.hex(Field::First)?,
                }
            }
            Kind::ClientStatus => {
                *word = Word::ClientStatus {
                    joined: self.choice(Field::State, "leave join")? == 1,
                    info: self.text(Field::Info),
                }
            }
            Kind::QueryCstatus => {
                *word = Word::QueryCstatus {
                    client: self.name(Field::Client)?,
                }
            }
            Kind::RespondCstatus => {
                *word = Word::RespondCstatus {
                    client: self.name(Field::Client)?,
                    online: self.is(Field::ClientState, "online"),
                }
            }
            Kind::NumPing => {
                *word = Word::NumPing {
                    count: self.decimal(Field::Ping)?,
                }
            }
            Kind::AbortGiveup => *word = Word::AbortGiveup,
            Kind::YouAreDead => *word = Word::YouAreDead,
        }
        Some(())
    }

    #[inline(never)]
    fn at(&self, field: Field) -> &'a [u8] {
        self.0.get(field as usize).copied().unwrap_or_default()
    }

    fn is(&self, field: Field, text: &str) -> bool {
        self.at(field) == text.as_bytes()
    }

    #[inline(never)]
    fn choice(&self, field: Field, words: &str) -> Option<usize> {
        place(words, self.at(field))
    }

    #[inline(never)]
    fn hex(&self, field: Field) -> Option<u32> {
        number(self.at(field), 16)
    }

    #[inline(never)]
    fn decimal(&self, field: Field) -> Option<u32> {
        number(self.at(field), 10)
    }

    #[inline(never)]
    fn name(&self, field: Field) -> Option<&'a str> {
        name(self.at(field))
    }

    /// Printable, with blanks.
    fn text(&self, field: Field) -> Option<&'a str> {
        text(self.at(field)).filter(|text| text.len() <= MAX_KEY)
    }

    fn key(&self) -> Option<&'a str> {
        self.text(Field::Key).filter(|key| !key.contains(' '))
    }

    #[inline(never)]
    fn has_uuid(&self, field: Field) -> bool {
        self.uuid(field).is_some()
    }

    /// Raw or as letters: lengths differ.
    fn uuid(&self, field: Field) -> Option<[u8; UUID]> {
        let bytes = self.at(field);
        bytes.try_into().ok().or_else(|| base64::decode(bytes))
    }
}

/// A name of a node, a client or a word: nothing that could hurt a log, a path or a script.
fn name(bytes: &[u8]) -> Option<&str> {
    let sound = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:".contains(byte);
    let good = bytes.len() <= MAX_NAME && bytes.iter().all(sound);
    text(bytes).filter(|_| good)
}

/// Printable ASCII, at least one byte.
pub(super) fn text(bytes: &[u8]) -> Option<&str> {
    let printable = bytes.iter().all(|byte| matches!(byte, b' '..=b'~'));
    core::str::from_utf8(bytes)
        .ok()
        .filter(|_| printable && !bytes.is_empty())
}

/// Looks at every digit whatever the others are.
fn equal(one: &[u8], other: &[u8]) -> bool {
    let different = one
        .iter()
        .zip(other)
        .fold(0, |different, (a, b)| different | (a ^ b));
    core::hint::black_box(different) == 0 && one.len() == other.len()
}

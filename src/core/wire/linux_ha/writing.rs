//! From a message to a frame: lines first, which are what is signed inside; netstrings are made of them.

use super::field::{ASKED_BY_CLIENT, COMMON, FIELDS, Field, Kind, NAMES, WORDS};
use super::message::{Hold, Info, Message, Phase, State, UUID, Word};
use super::reading::text;
use super::{Framing, MAX_FRAME, Sign, Signature, Unsayable, base64};

/// Writes a message as a signed frame, in the order of fields that a real one uses; how many bytes.
/// A real one drops an empty value and trips over a foreign one, so neither is written.
pub fn encode(
    message: &Message<'_>,
    framing: Framing,
    keys: &dyn Sign,
    buf: &mut [u8],
) -> Result<usize, Unsayable> {
    let mut room = [0; MAX_FRAME];
    let mut lines = Bytes::on(&mut room);
    let table = Table::of(message).ok_or(Unsayable::Unknown)?;
    table.write(&mut lines)?;
    if framing != Framing::Netstring {
        let proof = Proof::of(keys, lines.all())?;
        lines.put(&[b"auth=", proof.all(), b"\n"])?;
    }
    let mut frame = Bytes::on(buf);
    if framing == Framing::Classic {
        frame.put(&[b">>>\n", lines.all(), b"<<<\n"])?;
    } else {
        frame.put(&[b"###\n"])?;
        for line in lines.all().split(|byte| *byte == b'\n') {
            let equals = line.iter().position(|byte| *byte == b'=').unwrap_or(0);
            let (name, letters) = line
                .split_at_checked(equals.wrapping_add(1))
                .unwrap_or_default();
            match base64::decode(letters).filter(|_| line.starts_with(b"(1)")) {
                Some(uuid) => frame.netstring(&[name, &uuid])?,
                None if line.is_empty() => {}
                None => frame.netstring(&[b"(0)", line])?,
            }
        }
        frame.put(&[b"%%%\n"])?;
        let proof = Proof::of(keys, frame.all())?;
        frame.netstring(&[proof.all()])?;
    }
    Ok(frame.len)
}

/// What a field says.
#[derive(Clone, Copy)]
enum Value<'a> {
    Nothing,
    Text(&'a str),
    Hex(u32),
    Decimal(u32),
    Uuid(&'a [u8; UUID]),
    Names(&'a [&'a str]),
}

/// The values of a message, and the order in which its word has them.
struct Table<'a> {
    values: [Value<'a>; FIELDS],
    order: &'static [Field],
}

impl<'a> Table<'a> {
    /// `None` for a word that is not known.
    fn of(message: &'a Message<'_>) -> Option<Self> {
        use Value::{Decimal, Hex, Text, Uuid};
        let mut table = Table {
            values: [Value::Nothing; FIELDS],
            order: &[],
        };
        let kind = table.word(&message.word)?;
        let (name, _, order) = WORDS.get(kind as usize)?;
        let client = &message.client;
        let asked = kind == Kind::AskResources && client.from.is_some();
        table.order = if asked { ASKED_BY_CLIENT } else { order };
        for (field, value) in [
            (Field::Type, Text(name)),
            (Field::From, client.from.map_or(Value::Nothing, Text)),
            (Field::To, client.to.map_or(Value::Nothing, Text)),
            (
                Field::ClientGeneration,
                client.generation.map_or(Value::Nothing, Decimal),
            ),
            (Field::Dest, message.dest.map_or(Value::Nothing, Text)),
            (
                Field::DestUuid,
                message.dest_uuid.as_ref().map_or(Value::Nothing, Uuid),
            ),
            (Field::Source, Text(message.source)),
            (
                Field::SourceUuid,
                message.source_uuid.as_ref().map_or(Value::Nothing, Uuid),
            ),
            (Field::Number, message.number.map_or(Value::Nothing, Hex)),
            (Field::Generation, Hex(message.generation)),
            (Field::Time, Hex(message.time.max(1))),
            (Field::Load, message.load.map_or(Value::Nothing, Text)),
            (
                Field::Ttl,
                message
                    .ttl
                    .map_or(Value::Nothing, |ttl| Decimal(ttl.into())),
            ),
        ] {
            table.set(field, value);
        }
        Some(table)
    }

    fn set(&mut self, field: Field, value: Value<'a>) {
        if let Some(place) = self.values.get_mut(field as usize) {
            *place = value;
        }
    }

    /// One of several words of a field.
    fn choose(&mut self, field: Field, words: &[&'static str], place: usize) {
        if let Some(word) = words.get(place) {
            self.set(field, Value::Text(word));
        }
    }

    fn word(&mut self, word: &'a Word<'_>) -> Option<Kind> {
        use Value::{Decimal, Hex, Text};
        Some(match word {
            Word::Status {
                state,
                deadtime,
                protocol,
            } => {
                self.choose(Field::State, &State::WORDS, *state as usize);
                self.set(Field::Deadtime, deadtime.map_or(Value::Nothing, Hex));
                self.set(Field::Protocol, protocol.map_or(Value::Nothing, Decimal));
                Kind::Status
            }
            Word::Reqnodes => Kind::Reqnodes,
            Word::Repnodes { nodes } => {
                self.set(Field::Nodes, Value::Names(nodes));
                self.set(Field::NoNodes, Text(" "));
                Kind::Repnodes
            }
            Word::Starting => Kind::Starting,
            Word::Resource {
                hold,
                full,
                stable,
                info,
            } => {
                self.choose(Field::Hold, &Hold::WORDS, *hold as usize);
                if *full {
                    self.set(Field::Full, Text("full"));
                }
                if let Some(stable) = stable {
                    self.set(Field::Stable, Decimal((*stable).into()));
                }
                if let Some(info) = info {
                    self.choose(Field::Info, &Info::WORDS, *info as usize);
                }
                Kind::Resource
            }
            Word::AskResources { hold, phase } => {
                self.choose(Field::Hold, &Hold::WORDS, *hold as usize);
                self.choose(Field::Info, &Phase::WORDS, *phase as usize);
                Kind::AskResources
            }
            Word::IpRequest { key } => {
                self.set(Field::Key, Text(key));
                Kind::IpRequest
            }
            Word::IpRequestResp { key, ok, owned } => {
                self.set(Field::Key, Text(key));
                self.choose(Field::Ok, &["bad", "OK"], (*ok).into());
                self.choose(Field::Owned, &["no", "yes"], (*owned).into());
                Kind::IpRequestResp
            }
            Word::HbTakeover { hold } => {
                self.choose(Field::Hold, &Hold::WORDS, *hold as usize);
                Kind::HbTakeover
            }
            Word::Shutdone => {
                self.set(Field::State, Text("dead"));
                Kind::Shutdone
            }
            Word::Stonith { node, result } => {
                self.set(Field::Node, Text(node));
                self.set(Field::Result, Text(result));
                Kind::Stonith
            }
            Word::Ack { number } => {
                self.set(Field::Acked, Hex(*number));
                Kind::Ack
            }
            Word::Rexmit { first, last } => {
                self.set(Field::First, Decimal(*first));
                self.set(Field::Last, Decimal(*last));
                Kind::Rexmit
            }
            Word::Nak { number } => {
                self.set(Field::First, Hex(*number));
                self.set(Field::Info, Text("seqno too low"));
                Kind::Nak
            }
            Word::ClientStatus { joined, info } => {
                self.choose(Field::State, &["leave", "join"], (*joined).into());
                self.set(Field::Info, info.map_or(Value::Nothing, Text));
                Kind::ClientStatus
            }
            Word::QueryCstatus { client } => {
                self.set(Field::Client, Text(client));
                Kind::QueryCstatus
            }
            Word::RespondCstatus { client, online } => {
                self.set(Field::Result, Text("OK"));
                self.set(Field::Client, Text(client));
                self.choose(Field::ClientState, &["offline", "online"], (*online).into());
                Kind::RespondCstatus
            }
            Word::NumPing { count } => {
                self.set(Field::Ping, Decimal(*count));
                Kind::NumPing
            }
            Word::AbortGiveup => Kind::AbortGiveup,
            Word::YouAreDead => Kind::YouAreDead,
            Word::Unknown { .. } => return None,
        })
    }

    /// All lines, each once.
    fn write(mut self, lines: &mut Bytes<'_>) -> Result<(), Unsayable> {
        for field in self.order.iter().chain(COMMON) {
            let place = self.values.get_mut(*field as usize);
            let value = place.map_or(Value::Nothing, |place| {
                core::mem::replace(place, Value::Nothing)
            });
            let name = NAMES
                .get(*field as usize)
                .map_or(&b""[..], |name| name.as_bytes());
            let prefix: &[u8] = match value {
                Value::Nothing => continue,
                Value::Uuid(_) => b"(1)",
                Value::Text(_) | Value::Hex(_) | Value::Decimal(_) | Value::Names(_) => b"",
            };
            lines.put(&[prefix, name, b"="])?;
            match value {
                Value::Nothing => {}
                Value::Text(value) => lines.text(value)?,
                Value::Hex(number) => lines.number(number, 16)?,
                Value::Decimal(number) => lines.number(number, 10)?,
                Value::Uuid(uuid) => lines.put(&[&base64::encode(uuid)])?,
                Value::Names([]) => lines.put(&[b" "])?,
                Value::Names(names) => {
                    for name in names {
                        lines.text(name)?;
                        lines.put(&[b" "])?;
                    }
                }
            }
            lines.put(&[b"\n"])?;
        }
        Ok(())
    }
}

/// A signature as it is written: the key's number, a blank, the digits.
struct Proof([u8; Self::MOST], usize);

impl Proof {
    const MOST: usize = 48;

    fn of(keys: &dyn Sign, bytes: &[u8]) -> Result<Self, Unsayable> {
        let Signature { key, digits } = keys.signature(None, &[bytes]).ok_or(Unsayable::NoKey)?;
        let mut room = [0; Self::MOST];
        let mut text = Bytes::on(&mut room);
        text.number(key.into(), 10)?;
        text.put(&[b" ", &digits])?;
        let len = text.len;
        Ok(Self(room, len))
    }

    fn all(&self) -> &[u8] {
        self.0.get(..self.1).unwrap_or_default()
    }
}

/// Bytes that are written one after another, at most [`MAX_FRAME`].
struct Bytes<'b> {
    room: &'b mut [u8],
    len: usize,
}

impl<'b> Bytes<'b> {
    fn on(room: &'b mut [u8]) -> Self {
        Self { room, len: 0 }
    }

    fn all(&self) -> &[u8] {
        self.room.get(..self.len).unwrap_or_default()
    }

    fn put(&mut self, parts: &[&[u8]]) -> Result<(), Unsayable> {
        for part in parts {
            let end = self.len.saturating_add(part.len());
            let place = self
                .room
                .get_mut(self.len..end)
                .filter(|_| end <= MAX_FRAME);
            place.ok_or(Unsayable::TooLong)?.copy_from_slice(part);
            self.len = end;
        }
        Ok(())
    }

    fn text(&mut self, value: &str) -> Result<(), Unsayable> {
        let value = text(value.as_bytes()).ok_or(Unsayable::Value)?;
        self.put(&[value.as_bytes()])
    }

    /// Lower-case digits, no padding.
    fn number(&mut self, number: u32, radix: u32) -> Result<(), Unsayable> {
        let mut digits = [0; 10];
        let (mut rest, mut count) = (number, 0_usize);
        for place in digits.iter_mut().rev() {
            let digit = rest
                .checked_rem(radix)
                .and_then(|digit| char::from_digit(digit, radix));
            *place = digit.map_or(b'0', |digit| u32::from(digit).to_le_bytes()[0]);
            rest = rest.checked_div(radix).unwrap_or(0);
            count = count.wrapping_add(1);
            if rest == 0 {
                break;
            }
        }
        let (_, used) = digits.split_at(digits.len().wrapping_sub(count));
        self.put(&[used])
    }

    fn netstring(&mut self, parts: &[&[u8]]) -> Result<(), Unsayable> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        self.number(u32::try_from(len).unwrap_or(u32::MAX), 10)?;
        self.put(&[b":"])?;
        self.put(parts)?;
        self.put(&[b","])
    }
}

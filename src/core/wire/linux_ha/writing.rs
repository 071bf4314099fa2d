//! From a message to a frame: lines first, which are what is signed inside; netstrings are made of them.

use super::field::{ASKED_BY_CLIENT, COMMON, FIELDS, Field, Kind, NAMES, WORDS, digit, word};
use super::message::{Hold, Info, Message, Phase, State, UUID, Word};
use super::reading::text;
use super::{Framing, MAX_FRAME, Sign, Unsayable, base64};

/// Writes a message as a signed frame, in the order of fields that a real one uses; how many bytes.
/// A real one drops an empty value and trips over a foreign one, so neither is written.
pub fn encode(
    message: &Message<'_>,
    framing: Framing,
    keys: &dyn Sign,
    buf: &mut [u8],
) -> Result<usize, Unsayable> {
    if framing == Framing::Classic {
        return encode_classic(message, keys, buf);
    }
    let mut room = [0; MAX_FRAME];
    let len = encode_classic(message, keys, &mut room)?;
    let lines = room.get(BEGIN.len()..len.saturating_sub(END.len()));
    let mut frame = Bytes::on(buf);
    frame.put(b"###\n");
    for line in lines.unwrap_or_default().split(|byte| *byte == b'\n') {
        if framing == Framing::Twofold || !line.starts_with(b"auth=") {
            frame.field(line);
        }
    }
    frame.put(b"%%%\n");
    let signature = keys.signature(None, &[frame.all()]);
    frame.netstring(b"", &signature.ok_or(Unsayable::NoKey)?);
    frame.end()
}

/// As [`Framing::Classic`]: the one that is sent.
pub(crate) fn encode_classic(
    message: &Message<'_>,
    keys: &dyn Sign,
    buf: &mut [u8],
) -> Result<usize, Unsayable> {
    let mut frame = Bytes::on(buf);
    frame.put(BEGIN);
    let mut table = Table {
        values: [Value::Nothing; FIELDS],
        order: &[],
    };
    table.fill(message).ok_or(Unsayable::Unknown)?;
    table.write(&mut frame);
    let lines = frame.all().get(BEGIN.len()..).unwrap_or_default();
    let signature = keys.signature(None, &[lines]);
    frame.put(b"auth=");
    frame.put(&signature.ok_or(Unsayable::NoKey)?);
    frame.put(b"\n");
    frame.put(END);
    frame.end()
}

const BEGIN: &[u8] = b">>>\n";
const END: &[u8] = b"<<<\n";

/// What a field says.
#[derive(Clone, Copy)]
enum Value<'a> {
    Nothing,
    Text(&'a str),
    /// With its radix.
    Number(u32, u32),
    Uuid(&'a [u8; UUID]),
}

/// The values of a message, and the order in which its word has them.
struct Table<'a> {
    values: [Value<'a>; FIELDS],
    order: &'static [Field],
}

impl<'a> Table<'a> {
    /// `None` for a word that is not known. It is filled in its place, as a copy of so much is dear.
    fn fill(&mut self, message: &'a Message<'_>) -> Option<()> {
        let kind = self.word(&message.word)?;
        let (name, _, order) = WORDS.get(kind as usize)?;
        let client = &message.client;
        let asked = kind == Kind::AskResources && client.from.is_some();
        self.order = if asked { ASKED_BY_CLIENT } else { order };
        self.text(Field::Type, Some(name));
        self.text(Field::From, client.from);
        self.text(Field::To, client.to);
        self.decimal(Field::ClientGeneration, client.generation);
        self.text(Field::Dest, message.dest);
        self.uuid(Field::DestUuid, message.dest_uuid.as_ref());
        self.text(Field::Source, Some(message.source));
        self.uuid(Field::SourceUuid, message.source_uuid.as_ref());
        self.hex(Field::Number, message.number);
        self.hex(Field::Generation, Some(message.generation));
        self.hex(Field::Time, Some(message.time.max(1)));
        self.text(Field::Load, message.load);
        self.decimal(Field::Ttl, message.ttl.map(u32::from));
        Some(())
    }

    fn set(&mut self, field: Field, value: Value<'a>) {
        if let Some(place) = self.values.get_mut(field as usize) {
            *place = value;
        }
    }

    #[inline(never)]
    fn text(&mut self, field: Field, text: Option<&'a str>) {
        self.set(field, text.map_or(Value::Nothing, Value::Text));
    }

    #[inline(never)]
    fn hex(&mut self, field: Field, number: Option<u32>) {
        self.set(
            field,
            number.map_or(Value::Nothing, |number| Value::Number(number, 16)),
        );
    }

    #[inline(never)]
    fn decimal(&mut self, field: Field, number: Option<u32>) {
        self.set(
            field,
            number.map_or(Value::Nothing, |number| Value::Number(number, 10)),
        );
    }

    fn uuid(&mut self, field: Field, uuid: Option<&'a [u8; UUID]>) {
        self.set(field, uuid.map_or(Value::Nothing, Value::Uuid));
    }

    /// One of several words of a field.
    #[inline(never)]
    fn choose(&mut self, field: Field, words: &'static str, place: usize) {
        self.text(field, word(words, place));
    }

    fn word(&mut self, word: &'a Word<'_>) -> Option<Kind> {
        Some(match word {
            Word::Status {
                state,
                deadtime,
                protocol,
            } => {
                self.choose(Field::State, State::WORDS, *state as usize);
                self.hex(Field::Deadtime, *deadtime);
                self.decimal(Field::Protocol, *protocol);
                Kind::Status
            }
            Word::Reqnodes => Kind::Reqnodes,
            Word::Repnodes { nodes } => {
                self.text(Field::Nodes, Some(nodes));
                self.text(Field::NoNodes, Some(" "));
                Kind::Repnodes
            }
            Word::Starting => Kind::Starting,
            Word::Resource {
                hold,
                full,
                stable,
                info,
            } => {
                self.choose(Field::Hold, Hold::WORDS, *hold as usize);
                self.text(Field::Full, full.then_some("full"));
                self.decimal(Field::Stable, stable.map(u32::from));
                if let Some(info) = info {
                    self.choose(Field::Info, Info::WORDS, *info as usize);
                }
                Kind::Resource
            }
            Word::AskResources { hold, phase } => {
                self.choose(Field::Hold, Hold::WORDS, *hold as usize);
                self.choose(Field::Info, Phase::WORDS, *phase as usize);
                Kind::AskResources
            }
            Word::IpRequest { key } => {
                self.text(Field::Key, Some(key));
                Kind::IpRequest
            }
            Word::IpRequestResp { key, ok, owned } => {
                self.text(Field::Key, Some(key));
                self.choose(Field::Ok, "bad OK", (*ok).into());
                self.choose(Field::Owned, "no yes", (*owned).into());
                Kind::IpRequestResp
            }
            Word::HbTakeover { hold } => {
                self.choose(Field::Hold, Hold::WORDS, *hold as usize);
                Kind::HbTakeover
            }
            Word::Shutdone => {
                self.text(Field::State, Some("dead"));
                Kind::Shutdone
            }
            Word::Stonith { node, result } => {
                self.text(Field::Node, Some(node));
                self.text(Field::Result, Some(result));
                Kind::Stonith
            }
            Word::Ack { number } => {
                self.hex(Field::Acked, Some(*number));
                Kind::Ack
            }
            Word::Rexmit { first, last } => {
                self.decimal(Field::First, Some(*first));
                self.decimal(Field::Last, Some(*last));
                Kind::Rexmit
            }
            Word::Nak { number } => {
                self.hex(Field::First, Some(*number));
                self.text(Field::Info, Some("seqno too low"));
                Kind::Nak
            }
            Word::ClientStatus { joined, info } => {
                self.choose(Field::State, "leave join", (*joined).into());
                self.text(Field::Info, *info);
                Kind::ClientStatus
            }
            Word::QueryCstatus { client } => {
                self.text(Field::Client, Some(client));
                Kind::QueryCstatus
            }
            Word::RespondCstatus { client, online } => {
                self.text(Field::Result, Some("OK"));
                self.text(Field::Client, Some(client));
                self.choose(Field::ClientState, "offline online", (*online).into());
                Kind::RespondCstatus
            }
            Word::NumPing { count } => {
                self.decimal(Field::Ping, Some(*count));
                Kind::NumPing
            }
            Word::AbortGiveup => Kind::AbortGiveup,
            Word::YouAreDead => Kind::YouAreDead,
            Word::Unknown { .. } => return None,
        })
    }

    /// All lines, each once.
    fn write(&mut self, lines: &mut Bytes<'_>) {
        for field in self.order.iter().chain(COMMON) {
            let place = *field as usize;
            let Some(value) = self.values.get_mut(place) else {
                continue;
            };
            let value = core::mem::replace(value, Value::Nothing);
            if let Value::Nothing = value {
                continue;
            }
            if let Value::Uuid(_) = value {
                lines.put(b"(1)");
            }
            lines.put(word(NAMES, place).unwrap_or_default().as_bytes());
            lines.put(b"=");
            match value {
                Value::Nothing => {}
                Value::Text(value) => lines.text(value),
                Value::Number(number, radix) => lines.number(number, radix),
                Value::Uuid(uuid) => lines.put(&base64::encode(uuid)),
            }
            lines.put(b"\n");
        }
    }
}

/// Bytes that are written one after another, at most [`MAX_FRAME`].
struct Bytes<'b> {
    room: &'b mut [u8],
    len: usize,
    /// Something was not written: none of it counts.
    failed: Option<Unsayable>,
}

impl<'b> Bytes<'b> {
    fn on(room: &'b mut [u8]) -> Self {
        let failed = None;
        let len = 0;
        Self { room, len, failed }
    }

    fn end(self) -> Result<usize, Unsayable> {
        match self.failed {
            Some(why) => Err(why),
            None => Ok(self.len),
        }
    }

    fn all(&self) -> &[u8] {
        self.room.get(..self.len).unwrap_or_default()
    }

    #[inline(never)]
    fn put(&mut self, bytes: &[u8]) {
        let end = self.len.saturating_add(bytes.len());
        let place = self.room.get_mut(self.len..end);
        match place.filter(|_| end <= MAX_FRAME) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.len = end;
            }
            None => self.failed = Some(Unsayable::TooLong),
        }
    }

    #[inline(never)]
    fn text(&mut self, value: &str) {
        if text(value.as_bytes()).is_none() {
            self.failed = Some(Unsayable::Value);
        }
        self.put(value.as_bytes());
    }

    /// Lower-case digits, no padding.
    #[inline(never)]
    fn number(&mut self, number: u32, radix: u32) {
        let mut digits = [0; 10];
        let (mut rest, mut first) = (number, digits.len());
        for place in digits.iter_mut().rev() {
            *place = digit(rest.checked_rem(radix).unwrap_or(0));
            rest = rest.checked_div(radix).unwrap_or(0);
            first = first.wrapping_sub(1);
            if rest == 0 {
                break;
            }
        }
        self.put(digits.get(first..).unwrap_or_default());
    }

    /// One netstring of two parts.
    #[inline(never)]
    fn netstring(&mut self, mark: &[u8], text: &[u8]) {
        let len = mark.len().saturating_add(text.len());
        self.number(u32::try_from(len).unwrap_or(u32::MAX), 10);
        self.put(b":");
        self.put(mark);
        self.put(text);
        self.put(b",");
    }

    /// What a line says.
    fn field(&mut self, line: &[u8]) {
        let equals = line.iter().position(|byte| *byte == b'=').unwrap_or(0);
        let (name, letters) = line
            .split_at_checked(equals.wrapping_add(1))
            .unwrap_or_default();
        match base64::decode(letters).filter(|_| line.starts_with(b"(1)")) {
            Some(uuid) => self.netstring(name, &uuid),
            None if line.is_empty() => {}
            None => self.netstring(b"(0)", line),
        }
    }
}

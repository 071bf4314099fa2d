//! The dialect of Linux-HA heartbeat 3.0.6: a list of named fields, as text, signed as text.
//!
//! ```text
//! netstring  ###⏎ 8:(0)st=up, 27:(1)srcuuid=(16 bytes), ... %%%⏎ 42:1 signature,     (no blanks between)
//! classic    >>>⏎ st=up⏎ (1)srcuuid=(base64)⏎ ... auth=1 signature⏎ <<<⏎
//! ```
//! A real one sends netstrings on UDP and lines on serial, and takes both on UDP. The `auth` field of
//! lines covers every other field as it stands there; the end of a netstring frame covers all before it.
//! A netstring frame may carry the `auth` field too: nobody looks at it.
//!
//! ```text
//! decode(bytes: &[u8], keys: &dyn Sign) -> Result<Message<'_>, Reject>     nothing is believed before its signature
//! encode(message: &Message, framing: Framing, keys: &dyn Sign, buf: &mut [u8]) -> Result<usize, Unsayable>
//! Collector::feed(&mut self, rest: &mut &[u8]) -> Option<&[u8]>            frames of lines on a serial cable
//! ```
//! The keys are the room `auth`'s, as a [`Sign`].

mod base64;
mod collector;
mod field;
mod message;
mod reading;
mod writing;

use heapless::Vec;

pub use super::MAX_FRAME;

pub use collector::Collector;
pub use field::digit;
pub(crate) use message::Core;
pub use message::{Client, Hold, Info, MAX_KEY, MAX_NAME, Message, Phase, State, UUID, Word};
pub use reading::decode;
pub(crate) use reading::decode_core;
pub use writing::encode;
pub(crate) use writing::encode_classic;

/// How a message becomes a frame. Each is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Lines, signed inside. On UDP it spares a real peer the fault that two keys reject each other.
    Classic,
    /// Netstrings, signed outside; what `msgfmt netstring` makes a real one send.
    Netstring,
    /// Netstrings, signed inside and outside; what a real one sends by default.
    Twofold,
}

/// Why a message cannot be written. Nothing of it should be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsayable {
    /// It is longer than the room for it, or than [`MAX_FRAME`].
    TooLong,
    /// A text in it is empty or holds what is not printable ASCII.
    Value,
    /// There is no key of this dialect to sign with.
    NoKey,
    /// It is [`Word::Unknown`].
    Unknown,
}

/// What signs and proves frames: the keys of `authkeys`.
pub trait Sign {
    /// The signature of all parts, one after another, by the key of that number, or by the one that signs.
    /// `None` if there is no such key, or its method is none of this dialect's.
    fn signature(&self, key: Option<u8>, parts: &[&[u8]]) -> Option<Signature>;
}

/// A signature as it is written: the number of the key, a blank, lower-case hexadecimal. That is the
/// unpadded number of a CRC, 32 digits of MD5, 40 of SHA-1.
pub type Signature = Vec<u8, 43>;

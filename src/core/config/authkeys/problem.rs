//! What can be wrong with `authkeys`.

use core::fmt;

use crate::config::diagnostic::Position;
use crate::config::template::fill;
use crate::config::{Dialect, MAX_KEYS, MAX_SECRET, Method};

/// What is wrong with `authkeys`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A line begins neither with `auth` nor with a number.
    NotALine,
    /// A key number above 15.
    Number,
    /// `auth` without a number behind it, or with more than that.
    Auth,
    /// A second `auth` line.
    SecondAuth {
        /// Where the first is.
        first: Position,
    },
    /// No `auth` line.
    NoAuth,
    /// `auth` names a key that is not there.
    NoSuchKey(u8),
    /// Two keys of one number.
    SameNumber {
        /// Their number.
        number: u8,
        /// Where the first is.
        first: Position,
    },
    /// A number with nothing behind it.
    NoMethod(u8),
    /// No method of ours.
    UnknownMethod(u8),
    /// A method that the dialect does not have: `md5` of the native one, `sha256` of heartbeat's.
    Foreign(u8, Dialect),
    /// `sha1` or `sha256` without a key.
    NoSecret(u8, Method),
    /// `crc` with a key.
    CrcWithSecret(u8),
    /// More than one word for a key.
    SecretInPieces(u8),
    /// A key longer than [`MAX_SECRET`].
    LongSecret(u8),
    /// A key with a control byte in it.
    UnprintableSecret(u8),
}

impl Problem {
    /// The sentence, with places for what it is about. (Inlined it would be no table.)
    #[inline(never)]
    fn template(&self) -> &'static str {
        match self {
            Self::NotALine => {
                "a line is either \"auth NUMBER\" or \"NUMBER METHOD KEY\", for example \"1 sha256 KEY\"; \
                 what stands here is not shown, it may be a key"
            }
            Self::Number => "keys are numbered 0 to 15; choose a number in that range",
            Self::Auth => {
                "auth takes the number of the key that signs and nothing else, for example \"auth 1\""
            }
            Self::SecondAuth { .. } => {
                "a second auth line, the first is {0}: one key signs; leave one of the lines (every other \
                 key is still accepted from peers)"
            }
            Self::NoAuth => {
                "no key is chosen for signing: add a line \"auth NUMBER\" with the number of one of the \
                 keys, for example \"auth 1\" and \"1 sha256 KEY\""
            }
            Self::NoSuchKey(_) => {
                "auth names key {0}, but there is no such key: add a line \"{0} sha256 KEY\", or name one \
                 that is there"
            }
            Self::SameNumber { .. } => {
                "a second key {0}, the first is {1}: give one of them another number, 0 to 15"
            }
            Self::NoMethod(_) => {
                "key {0} has no method and no key: write \"{0} sha256 KEY\" (or sha1)"
            }
            Self::UnknownMethod(_) => {
                "key {0} has an unknown method (not shown, it may be a key): sha1, sha256 and crc are \
                 known; write \"{0} sha256 KEY\""
            }
            Self::Foreign(_, Dialect::Native) => {
                "key {0} is for md5, which protocol native does not use because it is broken: write \"{0} \
                 sha1 KEY\" or \"{0} sha256 KEY\", the same on every node"
            }
            Self::Foreign(_, Dialect::LinuxHa) => {
                "key {0} is for sha256, which a real heartbeat does not know: with protocol linux-ha write \
                 \"{0} sha1 KEY\", the same on both nodes"
            }
            Self::NoSecret(..) => {
                "key {0} has a method but no key: write \"{0} {1} KEY\" with a KEY of 16 to 64 characters \
                 without blanks"
            }
            Self::CrcWithSecret(_) => {
                "crc takes no key, so this one would protect nothing: write \"{0} sha256 KEY\", or \"{0} \
                 crc\" alone"
            }
            Self::SecretInPieces(_) => {
                "key {0} has more than one word: a key is one word without blanks; remove what follows it \
                 (a remark begins with \"#\")"
            }
            Self::LongSecret(_) => {
                "key {0} is longer than 64 bytes, more than the method can use: shorten it, on every node \
                 alike"
            }
            Self::UnprintableSecret(_) => {
                "key {0} holds a control character: write it with printable ones, on every node alike"
            }
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: &[&dyn fmt::Display] = match self {
            Self::NotALine | Self::Number | Self::Auth | Self::NoAuth => &[],
            Self::SecondAuth { first } => &[first],
            Self::NoSuchKey(number)
            | Self::NoMethod(number)
            | Self::UnknownMethod(number)
            | Self::Foreign(number, _)
            | Self::CrcWithSecret(number)
            | Self::SecretInPieces(number)
            | Self::LongSecret(number)
            | Self::UnprintableSecret(number) => &[number],
            Self::SameNumber { number, first } => &[number, first],
            Self::NoSecret(number, method) => &[number, method],
        };
        fill(f, self.template(), parts)
    }
}

const _: () = assert!(MAX_KEYS == 16 && MAX_SECRET == 64, "as in words");

//! The keys of `authkeys`, as values.

use core::fmt;

use super::{MAX_KEYS, MAX_SECRET};

/// `authkeys`: every key verifies, one signs.
#[derive(Clone, PartialEq)]
pub struct Keys {
    /// The keys, lowest number first.
    pub keys: heapless::Vec<Key, MAX_KEYS>,
    /// The number of the one that signs; always among them.
    pub signing: u8,
}

/// One line of `authkeys`. Its secret is never printed.
#[derive(Clone, PartialEq)]
pub struct Key {
    /// Its number, 0 to 15; it travels in every frame.
    pub number: u8,
    /// How it signs.
    pub method: Method,
    /// The secret; empty for `crc`.
    pub secret: heapless::Vec<u8, MAX_SECRET>,
}

/// How a frame is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// CRC-32: finds noise, stops nobody.
    Crc,
    /// HMAC-MD5: between real heartbeats only.
    Md5,
    /// HMAC-SHA1, first 96 bits (RFC 2404).
    Sha1,
    /// HMAC-SHA256, first 96 bits.
    Sha256,
}

impl Method {
    pub(super) const ALL: [Self; 4] = [Self::Crc, Self::Md5, Self::Sha1, Self::Sha256];

    /// As it is written in `authkeys`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Crc => "crc",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys, {} signs", self.keys.len(), self.signing)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.number, self.method)
    }
}

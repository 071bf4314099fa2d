//! Signatures of a real heartbeat (PROTOCOL 2): the whole HMAC as hexadecimal text, over the frame alone.
//!
//! Nothing in them tells clusters, links or receivers apart, and `crc` needs no secret at all.

use hmac::digest::Digest;
use hmac::digest::common::BlockSizeUser;
use hmac::{Mac, SimpleHmac};

use super::md5::Md5;
use super::{Keyring, Sha1, mac};
use crate::config::Method;
use crate::wire::linux_ha::{Sign, Signature};

impl Sign for Keyring {
    fn signature(&self, key: Option<u8>, parts: &[&[u8]]) -> Option<Signature> {
        let key = self.key(key.unwrap_or(self.keys.signing))?;
        let mut signature = Signature {
            key: key.number,
            digits: heapless::Vec::new(),
        };
        match key.method {
            Method::Crc => {
                let crc = !parts.iter().copied().fold(0, crc32);
                // A number is not padded; zero is one digit.
                let padding = (crc.leading_zeros() / 4).min(7) as usize;
                signature.write(&crc.to_be_bytes(), padding);
            }
            Method::Md5 => signature.write(&whole(mac::<Md5>(key, parts))?, 0),
            Method::Sha1 => signature.write(&whole(mac::<Sha1>(key, parts))?, 0),
            // No real one knows it.
            Method::Sha256 => return None,
        }
        Some(signature)
    }
}

fn whole<D: Digest + BlockSizeUser>(mac: Option<SimpleHmac<D>>) -> Option<heapless::Vec<u8, 20>> {
    heapless::Vec::from_slice(&mac?.finalize().into_bytes()).ok()
}

impl Signature {
    /// Digits of all bytes but for the first so many.
    fn write(&mut self, bytes: &[u8], padding: usize) {
        let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        for half in halves.skip(padding) {
            let digit = char::from_digit(half.into(), 16).unwrap_or('0');
            // Room for the longest.
            let _ = self.digits.push(u32::from(digit).to_le_bytes()[0]);
        }
    }
}

/// CRC-32 of POSIX `cksum` without the length: highest bit first, from zero; not yet inverted.
fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(crc, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            let carry = if crc >> 31 == 0 { 0 } else { 0x04c1_1db7 };
            crc << 1 ^ carry
        })
    })
}

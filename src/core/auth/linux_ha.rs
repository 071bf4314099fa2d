//! Signatures of a real heartbeat (PROTOCOL 2): the whole HMAC as hexadecimal text, over the frame alone.
//!
//! Nothing in them tells clusters, links or receivers apart, and `crc` needs no secret at all.

use super::{Keyring, hmac, len};
use crate::config::Method;
use crate::wire::linux_ha::{Sign, Signature, digit};

impl Sign for Keyring {
    fn signature(&self, key: Option<u8>, parts: &[&[u8]]) -> Option<Signature> {
        let key = self.key(key.unwrap_or(self.keys.signing))?;
        let mut text = Signature::new();
        // Room for the longest, here and below.
        if key.number >= 10 {
            let _ = text.push(b'1');
        }
        let _ = text.extend_from_slice(&[digit((key.number % 10).into()), b' ']);
        match key.method {
            Method::Crc => {
                let crc = !parts.iter().copied().fold(0, crc32);
                // A number is not padded; zero is one digit.
                let padding = (crc.leading_zeros() / 4).min(7) as usize;
                write(&mut text, &crc.to_be_bytes(), padding);
            }
            Method::Md5 | Method::Sha1 => {
                let mac = hmac(key, parts);
                write(&mut text, mac.get(..len(key.method)).unwrap_or_default(), 0);
            }
            // No real one knows it.
            Method::Sha256 => return None,
        }
        Some(text)
    }
}

/// Digits of all bytes but for the first so many.
#[inline(never)]
fn write(text: &mut Signature, bytes: &[u8], padding: usize) {
    for place in padding..bytes.len().saturating_mul(2) {
        let byte = bytes.get(place / 2).copied().unwrap_or(0);
        let half = if place % 2 == 0 { byte >> 4 } else { byte & 15 };
        let _ = text.push(digit(half.into()));
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

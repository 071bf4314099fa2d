//! Signatures of a real heartbeat (PROTOCOL 2): the whole HMAC as hexadecimal text, over the frame alone.
//!
//! Nothing in them tells clusters, links or receivers apart, and `crc` needs no secret at all.

use super::md5::{DIGEST, Md5};
use super::{Keyring, copy};
use crate::config::{MAX_SECRET, Method};
use crate::hash;
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
            Method::Md5 => hmac(true, &key.secret, parts, &mut text),
            Method::Sha1 => hmac(false, &key.secret, parts, &mut text),
            // No real one knows it.
            Method::Sha256 => return None,
        }
        Some(text)
    }
}

/// A digest of either kind in the making, so that [`hmac`] is there once for both.
enum Hash {
    Md5(Md5),
    Sha1(hash::Hash),
}

impl Hash {
    #[inline(never)]
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(md5) => md5.update(bytes),
            Self::Sha1(sha1) => sha1.add(bytes),
        }
    }
}

/// RFC 2104; a secret is never longer than a block.
fn hmac(is_md5: bool, secret: &[u8], parts: &[&[u8]], text: &mut Signature) {
    let mut digest = [0; 20];
    let len = if is_md5 { DIGEST } else { digest.len() };
    masked(is_md5, secret, 0x36, parts, &mut digest);
    let inner = digest;
    let inner = inner.get(..len).unwrap_or_default();
    masked(is_md5, secret, 0x5c, &[inner], &mut digest);
    write(text, digest.get(..len).unwrap_or_default(), 0);
}

/// The digest of a block of the secret under a mask, and some parts; at the front.
#[inline(never)]
fn masked(is_md5: bool, secret: &[u8], mask: u8, parts: &[&[u8]], digest: &mut [u8; 20]) {
    let mut hash = if is_md5 {
        Hash::Md5(Md5::default())
    } else {
        Hash::Sha1(hash::Hash::sha1())
    };
    let mut block = [mask; MAX_SECRET];
    for (place, byte) in block.iter_mut().zip(secret) {
        *place ^= *byte;
    }
    hash.update(&block);
    for part in parts {
        hash.update(part);
    }
    match &mut hash {
        Hash::Md5(md5) => md5.finish(digest),
        Hash::Sha1(sha1) => copy(digest, &sha1.finish()),
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

const _: () = assert!(MAX_SECRET == 64, "a block of either digest");

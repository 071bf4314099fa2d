//! Signatures of a real heartbeat (PROTOCOL 2): the whole HMAC as hexadecimal text, over the frame alone.
//!
//! Nothing in them tells clusters, links or receivers apart, and `crc` needs no secret at all.

use super::Keyring;
use super::md5::{DIGEST, Md5};
use crate::config::{MAX_SECRET, Method};
use crate::hash;
use crate::wire::linux_ha::{Sign, Signature, digit};

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
            Method::Md5 => hmac(
                &Hash::Md5(Md5::default()),
                &key.secret,
                parts,
                &mut signature,
            ),
            Method::Sha1 => hmac(
                &Hash::Sha1(hash::Hash::sha1()),
                &key.secret,
                parts,
                &mut signature,
            ),
            // No real one knows it.
            Method::Sha256 => return None,
        }
        Some(signature)
    }
}

/// A digest of either kind in the making, so that [`hmac`] is there once for both.
#[derive(Clone)]
enum Hash {
    Md5(Md5),
    Sha1(hash::Hash),
}

impl Hash {
    /// Of a block of the secret under a mask, and some parts: the digest at the front, and how long it is.
    #[inline(never)]
    fn after(&self, secret: &[u8], mask: u8, parts: &[&[u8]]) -> ([u8; 20], usize) {
        let mut hash = self.clone();
        let mut block = [mask; MAX_SECRET];
        for (place, byte) in block.iter_mut().zip(secret) {
            *place ^= *byte;
        }
        hash.update(&block);
        for part in parts {
            hash.update(part);
        }
        hash.finish()
    }

    #[inline(never)]
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(md5) => md5.update(bytes),
            Self::Sha1(sha1) => sha1.add(bytes),
        }
    }

    fn finish(self) -> ([u8; 20], usize) {
        let mut digest = [0; 20];
        let len = match self {
            Self::Md5(md5) => {
                super::copy(&mut digest, &md5.finish());
                DIGEST
            }
            Self::Sha1(sha1) => {
                super::copy(&mut digest, &sha1.finish());
                20
            }
        };
        (digest, len)
    }
}

/// RFC 2104; a secret is never longer than a block.
fn hmac(empty: &Hash, secret: &[u8], parts: &[&[u8]], signature: &mut Signature) {
    let (digest, len) = empty.after(secret, 0x36, parts);
    let digest = digest.get(..len).unwrap_or_default();
    let (digest, len) = empty.after(secret, 0x5c, &[digest]);
    signature.write(digest.get(..len).unwrap_or_default(), 0);
}

impl Signature {
    /// Digits of all bytes but for the first so many.
    fn write(&mut self, bytes: &[u8], padding: usize) {
        for place in padding..bytes.len().saturating_mul(2) {
            let byte = bytes.get(place / 2).copied().unwrap_or(0);
            let half = if place % 2 == 0 { byte >> 4 } else { byte & 15 };
            // Room for the longest.
            let _ = self.digits.push(digit(half.into()));
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

const _: () = assert!(MAX_SECRET == 64, "a block of either digest");

//! Keys and tags: who may speak, proved before anything else is believed.
//!
//! A tag covers a 16-byte context that is never carried (dialect and cluster name), the high half
//! of the sender's incarnation, and every byte of the frame before the tag (DESIGN 5.1).

mod linux_ha;
mod md5;

use core::hint::black_box;

use sha2::Digest;

use crate::action::Reject;
use crate::config::{Key, Keys, MAX_SECRET, Method};
use crate::wire::TAG;
use md5::{DIGEST, Md5};

/// The keys of one cluster, ready to sign and to verify.
#[derive(Clone, Debug)]
pub struct Keyring {
    keys: Keys,
    context: [u8; 16],
}

impl Keyring {
    /// `cluster` keeps two clusters with the same key on one wire apart.
    pub fn new(keys: &Keys, cluster: &str) -> Self {
        let mut digest = sha1_smol::Sha1::new();
        digest.update(b"twinbeat native 1\0");
        digest.update(cluster.as_bytes());
        let mut context = [0; 16];
        copy(&mut context, &finish(&digest));
        Self {
            keys: keys.clone(),
            context,
        }
    }

    /// The number of the key that signs.
    pub fn signing(&self) -> u8 {
        self.keys.signing
    }

    /// The tag of `bytes`, sent by the life whose high half is `high`.
    pub fn sign(&self, high: u32, bytes: &[u8]) -> [u8; TAG] {
        match self.key(self.keys.signing) {
            Some(key) => self.tag(key, high, bytes),
            None => [0; TAG], // the configuration always has its signing key
        }
    }

    /// Whether `tag` is the tag of `bytes` under key number `key`; in constant time for HMAC.
    pub fn verify(&self, key: u8, high: u32, bytes: &[u8], tag: &[u8; TAG]) -> Result<(), Reject> {
        let key = self.key(key).ok_or(Reject::UnknownKey)?;
        let ours = self.tag(key, high, bytes);
        let pairs = ours.iter().zip(tag);
        // However many bytes are right, it takes as long.
        let difference = pairs.fold(0, |all, (one, other)| black_box(all | (one ^ other)));
        if difference == 0 {
            Ok(())
        } else {
            Err(Reject::BadTag)
        }
    }

    /// Whether a key of this number exists.
    pub fn knows(&self, key: u8) -> bool {
        self.key(key).is_some()
    }

    fn key(&self, number: u8) -> Option<&Key> {
        self.keys.keys.iter().find(|key| key.number == number)
    }

    fn tag(&self, key: &Key, high: u32, bytes: &[u8]) -> [u8; TAG] {
        let high = high.to_le_bytes();
        let parts = [&self.context[..], &high, bytes];
        let mut tag = [0; TAG];
        match key.method {
            Method::Crc => {
                let crc = !parts.into_iter().fold(!0, crc32);
                copy(&mut tag, &crc.to_le_bytes());
            }
            // The configuration has no md5 with this dialect.
            Method::Md5 | Method::Sha1 | Method::Sha256 => copy(&mut tag, &hmac(key, &parts)),
        }
        tag
    }
}

/// With zeroes behind it where it is shorter.
type Hashed = [u8; 32];

/// How many bytes of it count.
fn len(method: Method) -> usize {
    match method {
        Method::Md5 => DIGEST,
        Method::Sha1 => 20,
        Method::Sha256 | Method::Crc => 32,
    }
}

/// What cannot be told from a text by those who do not have the key, whatever its method.
pub fn mixed(key: &Key, text: &[u8]) -> [u8; 32] {
    masked(key, 0, &[text])
}

/// HMAC of RFC 2104 over the parts, one after another, by the key's method.
#[inline(never)]
fn hmac(key: &Key, parts: &[&[u8]]) -> Hashed {
    let inner = masked(key, 0x36, parts);
    let inner = inner.get(..len(key.method)).unwrap_or_default();
    masked(key, 0x5c, &[inner])
}

/// The hash of a block of the secret under a mask, and some parts.
#[inline(never)]
fn masked(key: &Key, mask: u8, parts: &[&[u8]]) -> Hashed {
    // A secret is never longer than a block, which would be hashed first.
    let mut block = [mask; MAX_SECRET];
    for (place, byte) in block.iter_mut().zip(&key.secret) {
        *place ^= *byte;
    }
    let parts = core::iter::once(&block[..]).chain(parts.iter().copied());
    let mut hashed = [0; 32];
    match key.method {
        Method::Md5 => {
            let mut hash = Md5::default();
            parts.for_each(|part| hash.update(part));
            hash.finish(&mut hashed);
        }
        Method::Sha1 => {
            let mut hash = sha1_smol::Sha1::new();
            parts.for_each(|part| hash.update(part));
            copy(&mut hashed, &finish(&hash));
        }
        Method::Sha256 | Method::Crc => {
            let mut hash = sha2::Sha256::new();
            parts.for_each(|part| hash.update(part));
            copy(&mut hashed, &hash.finalize());
        }
    }
    hashed
}

const _: () = assert!(MAX_SECRET == 64, "a block of every hash");

/// The end of a hash, there once: inlined it is large.
#[inline(never)]
fn finish(sha1: &sha1_smol::Sha1) -> [u8; 20] {
    sha1.digest().bytes()
}

/// As much as there is room for.
#[inline(never)]
fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// One byte that differs when two lists of texts differ, 255 times of 256: the digests of a beat.
#[derive(Clone, Default)]
pub struct Digest8(sha1_smol::Sha1);

impl core::fmt::Debug for Digest8 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Digest8({})", self.byte())
    }
}

impl Digest8 {
    /// One more text of the list.
    #[inline(never)]
    pub fn add(&mut self, text: &[u8]) {
        // Lengths keep "ab" "c" and "a" "bc" apart.
        self.0.update(&text.len().to_le_bytes()[..2]);
        self.0.update(text);
    }

    /// The byte.
    pub fn byte(&self) -> u8 {
        let [first, ..] = finish(&self.0);
        first
    }
}

/// CRC-32 of IEEE 802.3, reflected, without the final inversion; a loop instead of a table of 1 kB.
fn crc32(crc: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(crc, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (!(crc & 1)).wrapping_add(1))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(cluster: &str, signing: u8) -> Keyring {
        let key = |number, method, secret: &[u8]| Key {
            number,
            method,
            secret: heapless::Vec::from_slice(secret).unwrap(),
        };
        let keys = [
            key(1, Method::Sha1, b"one"),
            key(2, Method::Sha256, b"two"),
            key(3, Method::Crc, b""),
        ];
        Keyring::new(
            &Keys {
                keys: heapless::Vec::from_iter(keys),
                signing,
            },
            cluster,
        )
    }

    /// RFC 2202, 3, and RFC 4231, 4: cases 1 and 2.
    #[test]
    fn hmac_agrees_with_the_vectors_of_its_rfcs() {
        let text = &b"what do ya want for nothing?"[..];
        for (method, secret, text, first) in [
            (
                Method::Sha1,
                &[0x0b; 20][..],
                &b"Hi There"[..],
                0xb617_3186_5505_7264_u64,
            ),
            (Method::Sha1, b"Jefe", text, 0xeffc_df6a_e5eb_2fa2),
            (
                Method::Sha256,
                &[0x0b; 20],
                b"Hi There",
                0xb034_4c61_d8db_3853,
            ),
            (Method::Sha256, b"Jefe", text, 0x5bdc_c146_bf60_754e),
        ] {
            let key = Key {
                number: 1,
                method,
                secret: heapless::Vec::from_slice(secret).unwrap(),
            };
            let (one, rest) = text.split_at(5);
            let whole = hmac(&key, &[one, rest]);
            assert_eq!(whole[..8], first.to_be_bytes());
        }
    }

    #[test]
    fn crc_agrees_with_the_check_value_of_its_catalogue() {
        assert_eq!(!crc32(!0, b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn every_key_verifies_whichever_signs() {
        for signing in 1..=3 {
            let tag = ring("c", signing).sign(7, b"frame");
            for other in 1..=3 {
                assert_eq!(ring("c", other).verify(signing, 7, b"frame", &tag), Ok(()));
            }
        }
    }

    #[test]
    fn a_tag_covers_bytes_life_cluster_and_key() {
        for signing in 1..=3 {
            let ring_c = ring("c", signing);
            let tag = ring_c.sign(7, b"frame");
            assert_eq!(
                ring_c.verify(signing, 7, b"framE", &tag),
                Err(Reject::BadTag)
            );
            assert_eq!(
                ring_c.verify(signing, 8, b"frame", &tag),
                Err(Reject::BadTag)
            );
            assert_eq!(
                ring("d", signing).verify(signing, 7, b"frame", &tag),
                Err(Reject::BadTag)
            );
            assert_eq!(
                ring_c.verify(signing % 3 + 1, 7, b"frame", &tag),
                Err(Reject::BadTag)
            );
            assert_eq!(ring_c.verify(9, 7, b"frame", &tag), Err(Reject::UnknownKey));
        }
    }
}

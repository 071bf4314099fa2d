//! Keys and tags: who may speak, proved before anything else is believed.
//!
//! A tag covers a 16-byte context that is never carried (dialect and cluster name), the high half
//! of the sender's incarnation, and every byte of the frame before the tag (DESIGN 5.1).

use hmac::digest::Digest;
use hmac::digest::common::BlockSizeUser;
use hmac::{KeyInit, Mac, SimpleHmac};

use crate::action::Reject;
use crate::config::{Key, Keys, Method};
use crate::sha1::Sha1;
use crate::wire::TAG;

/// The keys of one cluster, ready to sign and to verify.
#[derive(Clone, Debug)]
pub struct Keyring {
    keys: Keys,
    context: [u8; 16],
}

impl Keyring {
    /// `cluster` keeps two clusters with the same key on one wire apart.
    pub fn new(keys: &Keys, cluster: &str) -> Self {
        let mut digest = Sha1::default();
        digest.add(b"twinbeat native 1\0");
        digest.add(cluster.as_bytes());
        let mut context = [0; 16];
        for (to, from) in context.iter_mut().zip(digest.finish()) {
            *to = from;
        }
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
        let good = match key.method {
            Method::Crc => self.tag(key, high, bytes) == *tag,
            Method::Sha1 => self
                .mac::<Sha1>(key, high, bytes)
                .is_some_and(|mac| mac.verify_truncated_left(tag).is_ok()),
            Method::Sha256 => self
                .mac::<sha2::Sha256>(key, high, bytes)
                .is_some_and(|mac| mac.verify_truncated_left(tag).is_ok()),
        };
        if good { Ok(()) } else { Err(Reject::BadTag) }
    }

    /// Whether a key of this number exists.
    pub fn knows(&self, key: u8) -> bool {
        self.key(key).is_some()
    }

    fn key(&self, number: u8) -> Option<&Key> {
        self.keys.keys.iter().find(|key| key.number == number)
    }

    fn tag(&self, key: &Key, high: u32, bytes: &[u8]) -> [u8; TAG] {
        match key.method {
            Method::Crc => {
                let crc = [&self.context[..], &high.to_le_bytes(), bytes]
                    .into_iter()
                    .fold(!0, crc32);
                let [a, b, c, d] = (!crc).to_le_bytes();
                [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0]
            }
            Method::Sha1 => truncated(self.mac::<Sha1>(key, high, bytes)),
            Method::Sha256 => truncated(self.mac::<sha2::Sha256>(key, high, bytes)),
        }
    }

    fn mac<D: Digest + BlockSizeUser>(
        &self,
        key: &Key,
        high: u32,
        bytes: &[u8],
    ) -> Option<SimpleHmac<D>> {
        // HMAC takes keys of any length, so this never fails.
        let mut mac = SimpleHmac::<D>::new_from_slice(&key.secret).ok()?;
        Mac::update(&mut mac, &self.context);
        Mac::update(&mut mac, &high.to_le_bytes());
        Mac::update(&mut mac, bytes);
        Some(mac)
    }
}

/// One byte that differs when two lists of texts differ, 255 times of 256: the digests of a beat.
#[derive(Clone, Default)]
pub struct Digest8(Sha1);

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
        self.0.add(&text.len().to_le_bytes()[..2]);
        self.0.add(text);
    }

    /// The byte.
    pub fn byte(&self) -> u8 {
        let [first, ..] = self.0.clone().finish();
        first
    }
}

fn truncated<D: Digest + BlockSizeUser>(mac: Option<SimpleHmac<D>>) -> [u8; TAG] {
    let mut tag = [0; TAG];
    if let Some(mac) = mac {
        for (to, from) in tag.iter_mut().zip(mac.finalize().into_bytes()) {
            *to = from;
        }
    }
    tag
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

    #[test]
    fn hmac_sha1_agrees_with_rfc_2202() {
        let mut mac = SimpleHmac::<Sha1>::new_from_slice(b"Jefe").unwrap();
        Mac::update(&mut mac, b"what do ya want for nothing?");
        assert!(
            mac.verify_truncated_left(&[
                0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb, 0x2f, 0xa2, 0xd2, 0x74, 0x16, 0xd5
            ])
            .is_ok()
        );
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

//! SHA-1, the tag every heartbeat user knows, and SHA-256 (FIPS 180-4). Ours, because they are small: one
//! loop of their rounds instead of the rounds themselves, one way from bytes to blocks.

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sha1,
    Sha256,
}

/// A digest of what was added so far.
#[derive(Clone)]
pub struct Hash {
    kind: Kind,
    /// SHA-1 has five words, and zeroes.
    state: [u32; 8],
    /// The beginning of the next block; what is behind it is of the last one.
    block: [u8; 64],
    /// In bytes.
    length: u32,
}

impl Hash {
    /// SHA-1 of nothing.
    pub const fn sha1() -> Self {
        Self::new(
            Kind::Sha1,
            [
                0x6745_2301,
                0xefcd_ab89,
                0x98ba_dcfe,
                0x1032_5476,
                0xc3d2_e1f0,
                0,
                0,
                0,
            ],
        )
    }

    /// SHA-256 of nothing.
    pub const fn sha256() -> Self {
        Self::new(
            Kind::Sha256,
            [
                0x6a09_e667,
                0xbb67_ae85,
                0x3c6e_f372,
                0xa54f_f53a,
                0x510e_527f,
                0x9b05_688c,
                0x1f83_d9ab,
                0x5be0_cd19,
            ],
        )
    }

    const fn new(kind: Kind, state: [u32; 8]) -> Self {
        Self {
            kind,
            state,
            block: [0; 64],
            length: 0,
        }
    }

    /// More bytes; less than 4 GB in all.
    #[inline(never)]
    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let at = self.length as usize % 64;
            if let Some(place) = self.block.get_mut(at) {
                *place = *byte;
            }
            self.length = self.length.wrapping_add(1);
            if at == 63 {
                self.compress();
            }
        }
    }

    /// The digest; that of SHA-1 ends after 20 bytes, with zeroes behind it.
    #[inline(never)]
    pub fn finish(&self) -> [u8; 32] {
        let mut last = self.clone();
        let bits = u64::from(self.length).wrapping_mul(8).to_be_bytes();
        last.add(&[0x80]);
        while last.length % 64 != 56 {
            last.add(&[0]);
        }
        last.add(&bits);
        let mut digest = [0; 32];
        for (to, from) in digest.chunks_exact_mut(4).zip(last.state) {
            to.copy_from_slice(&from.to_be_bytes());
        }
        digest
    }

    fn compress(&mut self) {
        // The next sixteen words of the schedule.
        let mut words = [0_u32; 16];
        for (word, bytes) in words.iter_mut().zip(self.block.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        let mut now = self.state;
        let rounds = match self.kind {
            Kind::Sha1 => 80,
            Kind::Sha256 => 64,
        };
        for round in 0..rounds {
            let word = |later| words.get(later_than(round, later)).copied();
            let word = |later| word(later).unwrap_or_default();
            let (first, next) = (
                word(0),
                match self.kind {
                    Kind::Sha1 => (word(0) ^ word(2) ^ word(8) ^ word(13)).rotate_left(1),
                    Kind::Sha256 => sum([
                        word(0),
                        mixed(word(1), 7, 18) ^ (word(1) >> 3),
                        word(9),
                        mixed(word(14), 17, 19) ^ (word(14) >> 10),
                    ]),
                },
            );
            now = match self.kind {
                Kind::Sha1 => short_round(now, round, first),
                Kind::Sha256 => long_round(now, round, first),
            };
            if let Some(place) = words.get_mut(later_than(round, 0)) {
                *place = next;
            }
        }
        for (sum, word) in self.state.iter_mut().zip(now) {
            *sum = sum.wrapping_add(word);
        }
    }
}

const fn later_than(round: usize, later: usize) -> usize {
    round.wrapping_add(later) % 16
}

fn short_round([a, b, c, d, e, ..]: [u32; 8], round: usize, word: u32) -> [u32; 8] {
    let (chosen, constant) = match round {
        0..20 => (d ^ (b & (c ^ d)), 0x5a82_7999),
        20..40 => (b ^ c ^ d, 0x6ed9_eba1),
        40..60 => ((b & c) | (d & (b | c)), 0x8f1b_bcdc),
        _ => (b ^ c ^ d, 0xca62_c1d6),
    };
    let next = sum([a.rotate_left(5), chosen, e, constant]).wrapping_add(word);
    [next, a, b.rotate_left(30), c, d, 0, 0, 0]
}

fn long_round([a, b, c, d, e, f, g, h]: [u32; 8], round: usize, word: u32) -> [u32; 8] {
    let constant = CONSTANTS.get(round).copied().unwrap_or_default();
    let chosen = g ^ (e & (f ^ g));
    let first = sum([h, mixed(e, 6, 11) ^ e.rotate_right(25), chosen, constant]).wrapping_add(word);
    let most = (a & b) | (c & (a | b));
    let second = (mixed(a, 2, 13) ^ a.rotate_right(22)).wrapping_add(most);
    [
        first.wrapping_add(second),
        a,
        b,
        c,
        d.wrapping_add(first),
        e,
        f,
        g,
    ]
}

const fn mixed(word: u32, one: u32, other: u32) -> u32 {
    word.rotate_right(one) ^ word.rotate_right(other)
}

fn sum(words: [u32; 4]) -> u32 {
    words.into_iter().fold(0, u32::wrapping_add)
}

/// The first bits of the fractions of the cube roots of the first primes.
#[rustfmt::skip]
const CONSTANTS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mut hash: Hash, parts: &[&[u8]]) -> std::string::String {
        for part in parts {
            hash.add(part);
        }
        let byte = |byte| std::format!("{byte:02x}");
        hash.finish().into_iter().map(byte).collect()
    }

    #[test]
    fn digests_agree_with_fips_180() {
        let two = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        let million = [&[b'a'; 1000][..]; 1000];
        for (parts, short, long) in [
            (
                &[][..],
                "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                &[&b"abc"[..]],
                "a9993e364706816aba3e25717850c26c9cd0d89d",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                &[two],
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
            (
                &million,
                "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
            ),
        ] {
            assert_eq!(of(Hash::sha1(), parts)[..40], *short);
            assert_eq!(of(Hash::sha256(), parts), long);
        }
    }

    #[test]
    fn parts_of_any_length_are_as_one() {
        let text: std::vec::Vec<u8> = (0..=200).collect();
        for length in 0..text.len() {
            let (first, second) = text[..length].split_at(length / 3);
            for hash in [Hash::sha1(), Hash::sha256()] {
                let whole = of(hash.clone(), &[&text[..length]]);
                assert_eq!(of(hash, &[first, second]), whole, "{length}");
            }
        }
    }
}

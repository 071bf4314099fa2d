//! SHA-1 (FIPS 180-4), the tag every heartbeat user knows. Ours, because it is small: a loop of its
//! eighty rounds instead of the rounds themselves.

/// A digest of what was added so far.
#[derive(Clone)]
pub(crate) struct Sha1 {
    state: [u32; 5],
    /// The beginning of the next block; what is behind it is of the last one.
    block: [u8; 64],
    /// In bytes.
    length: u32,
}

impl Default for Sha1 {
    fn default() -> Self {
        Self {
            state: [
                0x6745_2301,
                0xefcd_ab89,
                0x98ba_dcfe,
                0x1032_5476,
                0xc3d2_e1f0,
            ],
            block: [0; 64],
            length: 0,
        }
    }
}

impl Sha1 {
    /// More bytes; less than 4 GB in all.
    #[inline(never)]
    pub(crate) fn add(&mut self, bytes: &[u8]) {
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

    /// The digest.
    pub(crate) fn finish(mut self) -> [u8; 20] {
        let bits = u64::from(self.length).wrapping_mul(8).to_be_bytes();
        self.add(&[0x80]);
        while self.length % 64 != 56 {
            self.add(&[0]);
        }
        self.add(&bits);
        let mut digest = [0; 20];
        for (to, from) in digest.chunks_exact_mut(4).zip(self.state) {
            to.copy_from_slice(&from.to_be_bytes());
        }
        digest
    }

    fn compress(&mut self) {
        // The last sixteen words of the schedule.
        let mut words = [0_u32; 16];
        for (word, bytes) in words.iter_mut().zip(self.block.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        let [mut a, mut b, mut c, mut d, mut e] = self.state;
        for round in 0..80_usize {
            let word = |later| words.get(round.wrapping_add(later) % 16).copied();
            let [now, w2, w8, w13] = [0, 2, 8, 13].map(|later| word(later).unwrap_or_default());
            if let Some(place) = words.get_mut(round % 16) {
                *place = (now ^ w2 ^ w8 ^ w13).rotate_left(1);
            }
            let (mixed, constant) = match round {
                0..20 => (d ^ (b & (c ^ d)), 0x5a82_7999),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => ((b & c) | (d & (b | c)), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let next = [mixed, e, constant, now]
                .into_iter()
                .fold(a.rotate_left(5), u32::wrapping_add);
            [a, b, c, d, e] = [next, a, b.rotate_left(30), c, d];
        }
        for (sum, word) in self.state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parts: &[&[u8]]) -> std::string::String {
        let mut digest = Sha1::default();
        for part in parts {
            digest.add(part);
        }
        let byte = |byte| std::format!("{byte:02x}");
        digest.finish().into_iter().map(byte).collect()
    }

    #[test]
    fn digests_agree_with_fips_180() {
        let empty = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        assert_eq!(of(&[]), empty);
        assert_eq!(of(&[b"abc"]), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let two = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(of(&[two]), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
        let million = [b'a'; 1000];
        assert_eq!(
            of(&[&million[..]; 1000]),
            "34aa973cd4c4daa4f61eeb2bdbad27316534016f"
        );
    }

    #[test]
    fn parts_of_any_length_are_as_one() {
        let text: std::vec::Vec<u8> = (0..=200).collect();
        for length in 0..text.len() {
            let (first, second) = text[..length].split_at(length / 3);
            assert_eq!(of(&[first, second]), of(&[&text[..length]]), "{length}");
        }
    }
}

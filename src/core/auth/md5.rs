//! MD5 (RFC 1321): for the keys of a real heartbeat and for nothing else.
//!
//! A loop over a table; the crate `md-5` unrolls all 64 steps: 2 kB more on MIPS, 0.7 gzipped.

/// A digest in the making; of less than 512 MB.
#[derive(Clone)]
pub(super) struct Md5 {
    state: [u32; 4],
    /// Bytes so far; the last of them, less than a block, are in `block`.
    len: u32,
    block: [u8; BLOCK],
}

const BLOCK: usize = 64;
/// Bytes of a digest.
pub(super) const DIGEST: usize = 16;

impl Md5 {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.push(*byte);
        }
    }

    /// Ends it; the digest goes to the front.
    pub(super) fn finish(&mut self, digest: &mut [u8]) {
        let bits = u64::from(self.len).wrapping_mul(8);
        self.push(0x80);
        while self.fill() != BLOCK - 8 {
            self.push(0);
        }
        self.update(&bits.to_le_bytes());
        for (bytes, word) in digest.chunks_exact_mut(4).zip(&self.state) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
    }

    fn push(&mut self, byte: u8) {
        let at = self.fill();
        if let Some(place) = self.block.get_mut(at) {
            *place = byte;
        }
        self.len = self.len.wrapping_add(1);
        if self.fill() == 0 {
            self.compress();
        }
    }

    /// How much of the block is used.
    fn fill(&self) -> usize {
        (self.len as usize) % BLOCK
    }

    fn compress(&mut self) {
        let mut words = [0; 16];
        for (word, bytes) in words.iter_mut().zip(self.block.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let [mut a, mut b, mut c, mut d] = self.state;
        for (round, shifts) in SHIFTS.iter().enumerate() {
            for step in 0..16_usize {
                let (mixed, word) = match round {
                    0 => (d ^ (b & (c ^ d)), step),
                    1 => (c ^ (d & (b ^ c)), step.wrapping_mul(5).wrapping_add(1)),
                    2 => (b ^ c ^ d, step.wrapping_mul(3).wrapping_add(5)),
                    _ => (c ^ (b | !d), step.wrapping_mul(7)),
                };
                let word = words.get(word % 16).copied().unwrap_or_default();
                let sine = SINES.get(round.wrapping_mul(16).wrapping_add(step));
                let shift = shifts.get(step % 4).copied().unwrap_or_default();
                let sum = a
                    .wrapping_add(mixed)
                    .wrapping_add(word)
                    .wrapping_add(sine.copied().unwrap_or_default());
                (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(shift.into())));
            }
        }
        for (word, more) in self.state.iter_mut().zip([a, b, c, d]) {
            *word = word.wrapping_add(more);
        }
    }
}

impl Default for Md5 {
    fn default() -> Self {
        Self {
            state: [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476],
            len: 0,
            block: [0; BLOCK],
        }
    }
}

/// How far each step rotates, by round and place in four.
const SHIFTS: [[u8; 4]; 4] = [
    [7, 12, 17, 22],
    [5, 9, 14, 20],
    [4, 11, 16, 23],
    [6, 10, 15, 21],
];

/// The first 32 bits behind the point of the sines of 1 to 64.
const SINES: [u32; 64] = [
    0xd76a_a478,
    0xe8c7_b756,
    0x2420_70db,
    0xc1bd_ceee,
    0xf57c_0faf,
    0x4787_c62a,
    0xa830_4613,
    0xfd46_9501,
    0x6980_98d8,
    0x8b44_f7af,
    0xffff_5bb1,
    0x895c_d7be,
    0x6b90_1122,
    0xfd98_7193,
    0xa679_438e,
    0x49b4_0821,
    0xf61e_2562,
    0xc040_b340,
    0x265e_5a51,
    0xe9b6_c7aa,
    0xd62f_105d,
    0x0244_1453,
    0xd8a1_e681,
    0xe7d3_fbc8,
    0x21e1_cde6,
    0xc337_07d6,
    0xf4d5_0d87,
    0x455a_14ed,
    0xa9e3_e905,
    0xfcef_a3f8,
    0x676f_02d9,
    0x8d2a_4c8a,
    0xfffa_3942,
    0x8771_f681,
    0x6d9d_6122,
    0xfde5_380c,
    0xa4be_ea44,
    0x4bde_cfa9,
    0xf6bb_4b60,
    0xbebf_bc70,
    0x289b_7ec6,
    0xeaa1_27fa,
    0xd4ef_3085,
    0x0488_1d05,
    0xd9d4_d039,
    0xe6db_99e5,
    0x1fa2_7cf8,
    0xc4ac_5665,
    0xf429_2244,
    0x432a_ff97,
    0xab94_23a7,
    0xfc93_a039,
    0x655b_59c3,
    0x8f0c_cc92,
    0xffef_f47d,
    0x8584_5dd1,
    0x6fa8_7e4f,
    0xfe2c_e6e0,
    0xa301_4314,
    0x4e08_11a1,
    0xf753_7e82,
    0xbd3a_f235,
    0x2ad7_d2bb,
    0xeb86_d391,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn md5(bytes: &[u8]) -> [u8; DIGEST] {
        let mut md5 = Md5::default();
        md5.update(bytes);
        let mut digest = [0; DIGEST];
        md5.finish(&mut digest);
        digest
    }

    fn text(bytes: &[u8]) -> std::string::String {
        let digest = md5(bytes);
        digest
            .iter()
            .map(|byte| std::format!("{byte:02x}"))
            .collect()
    }

    #[test]
    fn md5_agrees_with_rfc_1321() {
        assert_eq!(text(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(text(b"message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
        let digits = "1234567890".repeat(8);
        assert_eq!(text(digits.as_bytes()), "57edf4a22be3c955ac49da2e2107b67a");
    }

    #[test]
    fn md5_ends_a_block_at_every_length() {
        // Of the digests of 0 to 129 letters, one after another.
        let mut all = Md5::default();
        for len in 0..130 {
            all.update(&md5(&std::vec![b'a'; len]));
        }
        let mut digest = [0; DIGEST];
        all.finish(&mut digest);
        assert_eq!(
            digest,
            [
                0x2a, 0x63, 0x37, 0x66, 0xee, 0xb4, 0x62, 0x9b, 0x70, 0x79, 0x15, 0x6d, 0xc2, 0x3c,
                0x64, 0x7e
            ]
        );
    }
}

//! Messages of anybody who has the key, made without a line of twinbeat's: `auth 1`, sha1, netstrings.

/// A message of these fields, signed, as on UDP.
pub(crate) fn message(fields: &[(&str, &str)], key: &str) -> Vec<u8> {
    let mut bytes = b"###\n".to_vec();
    for (name, value) in fields {
        let field = format!("(0){name}={value}");
        bytes.extend(format!("{}:{field},", field.len()).bytes());
    }
    bytes.extend(b"%%%\n");
    let digest: String = hmac(key.as_bytes(), &bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = format!("1 {digest}");
    bytes.extend(format!("{}:{tag},", tag.len()).bytes());
    bytes
}

/// RFC 2104 with SHA-1, for keys of at most one block.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 20] {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = sha1(&[&block.map(|byte| byte ^ 0x36), text].concat());
    sha1(&[&block.map(|byte| byte ^ 0x5c)[..], &inner].concat())
}

/// FIPS 180-4.
fn sha1(text: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [
        0x6745_2301,
        0xefcd_ab89,
        0x98ba_dcfe,
        0x1032_5476,
        0xc3d2_e1f0,
    ];
    let mut padded = text.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64), 0);
    if text.len() % 64 > 55 {
        padded.resize(padded.len() + 64, 0);
    }
    let bits = (text.len() as u64 * 8).to_be_bytes();
    let end = padded.len();
    padded[end - 8..].copy_from_slice(&bits);
    for block in padded.chunks_exact(64) {
        let mut words: Vec<u32> = block
            .chunks_exact(4)
            .map(|four| u32::from_be_bytes(four.try_into().expect("four")))
            .collect();
        for at in 16..80 {
            let mixed = words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16];
            words.push(mixed.rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in words.iter().enumerate() {
            let (choice, constant) = match at / 20 {
                0 => ((b & c) | (!b & d), 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let next = [a.rotate_left(5), choice, e, constant, *word];
            let next = next.into_iter().fold(0_u32, u32::wrapping_add);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (sum, word) in state.iter_mut().zip([a, b, c, d, e]) {
            *sum = sum.wrapping_add(word);
        }
    }
    let mut out = [0; 20];
    for (bytes, word) in out.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    out
}

//! The 16 bytes of a uuid as 24 letters of base64 (RFC 4648), in the one canonical way.

use super::UUID;

/// Letters of an encoded uuid.
pub(super) const LETTERS: usize = 24;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn encode(uuid: &[u8; UUID]) -> [u8; LETTERS] {
    let mut letters = [b'='; LETTERS];
    let mut places = letters.iter_mut();
    let (mut bits, mut count) = (0_u32, 0_u32);
    // 128 bits, and four that fill up the last of 22 letters.
    for byte in uuid.iter().chain(&[0]) {
        bits = bits << 8 | u32::from(*byte);
        count = count.wrapping_add(8);
        while count >= 6 && places.len() > PADDING {
            count = count.wrapping_sub(6);
            let letter = ALPHABET.get((bits >> count & 63) as usize);
            if let (Some(place), Some(letter)) = (places.next(), letter) {
                *place = *letter;
            }
        }
    }
    letters
}

pub(super) fn decode(letters: &[u8]) -> Option<[u8; UUID]> {
    let letters: &[u8; LETTERS] = letters.try_into().ok()?;
    let mut uuid = [0; UUID];
    let mut places = uuid.iter_mut();
    let (mut bits, mut count) = (0_u32, 0_u32);
    for letter in letters.strip_suffix(b"==")? {
        let value = ALPHABET.iter().position(|other| other == letter)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        count = count.wrapping_add(6);
        if count >= 8 {
            count = count.wrapping_sub(8);
            *places.next()? = (bits >> count).to_le_bytes()[0];
        }
    }
    // Left over are the four that filled up.
    (bits & 15 == 0).then_some(uuid)
}

const PADDING: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_uuid_is_read_and_written() {
        let text = b"Q3+NrAX8T6GllpnuX0G+cQ==";
        let uuid = decode(text).unwrap();
        assert_eq!(uuid[..4], [0x43, 0x7f, 0x8d, 0xac]);
        assert_eq!(&encode(&uuid), text);
    }

    #[test]
    fn what_is_not_canonical_is_no_uuid() {
        for text in [
            "Q3+NrAX8T6GllpnuX0G+cR==",
            "Q3+NrAX8T6GllpnuX0G+c===",
            "Q3+NrAX8T6GllpnuX0G+cQ=",
            "",
            "Q3+NrAX8T6GllpnuX0G+c==Q",
            "Q3+N rX8T6GllpnuX0G+cQ==",
            "Q3+NrAX8T6GllpnuX0G+cQ==\n",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text:?}");
        }
    }
}

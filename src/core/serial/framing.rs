//! Frames as bytes of a line: COBS over the frame and its CRC-16, then a zero.
//!
//! ```text
//! COBS(frame · crc 2, low byte first) · 00
//! ```
//! COBS (Cheshire and Baker, 1999) writes the bytes without any zero, so a zero is the end of a frame
//! and of nothing else: whatever was lost or invented before it, the next frame is read. A frame is one
//! block of COBS, so it is encoded and decoded in place. The CRC is CRC-16/X-25 (polynomial 1021 reflected, all ones before and after): it finds what a line does, the
//! tag finds what a person does.

use heapless::Vec;

use super::{MAX_ENCODED, MAX_FRAME, OVERHEAD};

/// Writes a frame as it goes on the line. How many bytes, or `None` when the frame is empty or longer
/// than [`MAX_FRAME`], or `out` too small for it.
pub fn encode(frame: &[u8], out: &mut [u8]) -> Option<usize> {
    if frame.is_empty() || frame.len() > MAX_FRAME {
        return None;
    }
    let len = frame.len().saturating_add(OVERHEAD);
    let (first, rest) = out.get_mut(..len)?.split_first_mut()?;
    let (body, tail) = rest.split_at_mut_checked(frame.len())?;
    body.copy_from_slice(frame);
    let [low, high, end] = tail else { return None };
    [*low, *high] = (!crc(frame)).to_le_bytes();
    *end = 0;
    // Each zero becomes the distance to the next; the last one stays.
    let mut next = 1;
    let (_, coded) = rest.split_last_mut()?;
    for byte in coded.iter_mut().rev() {
        if *byte == 0 {
            *byte = core::mem::replace(&mut next, 1);
        } else {
            next = next.saturating_add(1_u8);
        }
    }
    *first = next;
    Some(len)
}

/// Reads frames out of the bytes of a line.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// The bytes since the last zero; decoded in place when the next one comes.
    run: Vec<u8, { MAX_ENCODED - 1 }>,
    /// It was ended by a zero: what comes next is another.
    ended: bool,
    /// It is longer than any frame.
    overlong: bool,
    noise: u32,
}

impl Decoder {
    /// A decoder at the start of a line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes from the front of `rest`, up to and including the end of one good frame, which it
    /// returns: call it until it returns `None`, which is when all are taken.
    pub fn feed(&mut self, rest: &mut &[u8]) -> Option<&[u8]> {
        while let Some((byte, tail)) = rest.split_first() {
            *rest = tail;
            if self.take(*byte) {
                return Some(self.frame());
            }
        }
        None
    }

    /// Takes one byte; the frame that it ended, if it ended a good one.
    pub fn push(&mut self, byte: u8) -> Option<&[u8]> {
        self.take(byte).then(|| self.frame())
    }

    /// How many runs of bytes between two zeros were no frame.
    pub fn noise(&self) -> u32 {
        self.noise
    }

    /// Whether the byte ended a good frame.
    fn take(&mut self, byte: u8) -> bool {
        if self.ended {
            self.run.clear();
        }
        self.ended = byte == 0;
        if !self.ended {
            // Too long, it stays full and will be no frame.
            if self.run.push(byte).is_err() && !self.overlong {
                self.overlong = true;
                self.noise = self.noise.saturating_add(1);
            }
            return false;
        }
        if core::mem::take(&mut self.overlong) || self.run.is_empty() {
            return false;
        }
        let good = self.decode();
        if !good {
            self.noise = self.noise.saturating_add(1);
        }
        good
    }

    /// Puts the zeros back where they were. Whether the run was a frame.
    fn decode(&mut self) -> bool {
        let Some((first, rest)) = self.run.split_first_mut() else {
            return false;
        };
        let mut next = *first;
        for byte in rest.iter_mut() {
            next = next.saturating_sub(1);
            if next == 0 {
                next = core::mem::take(byte);
            }
        }
        next == 1 && rest.len() > CRC && crc(rest) == RESIDUE
    }

    /// The frame that has just ended, without code and CRC.
    fn frame(&self) -> &[u8] {
        let end = self.run.len().saturating_sub(CRC);
        self.run.get(1..end).unwrap_or_default()
    }
}

/// Eight steps for each byte: a table would weigh more than the time it saves.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(u16::MAX, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| {
            let carry = if crc & 1 == 0 { 0 } else { POLYNOMIAL };
            (crc >> 1) ^ carry
        })
    })
}

/// Bytes of the CRC.
const CRC: usize = 2;
/// 0x1021 with its lowest bit first.
const POLYNOMIAL: u16 = 0x8408;
/// What the CRC of a frame and its own CRC always is.
const RESIDUE: u16 = 0xf0b8;

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn encoded(frame: &[u8]) -> Vec<u8> {
        let mut out = [0xee; MAX_ENCODED];
        let len = encode(frame, &mut out).unwrap();
        out[..len].to_vec()
    }

    /// The frames in some bytes, and the runs of noise.
    fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, u32) {
        let mut decoder = Decoder::new();
        let frames = bytes
            .iter()
            .filter_map(|byte| decoder.push(*byte).map(<[u8]>::to_vec))
            .collect();
        (frames, decoder.noise())
    }

    #[test]
    fn the_crc_is_that_of_x_25() {
        assert_eq!(!crc(b"123456789"), 0x906e);
    }

    #[test]
    fn a_frame_grows_by_four_bytes_and_has_one_zero() {
        for len in 1..=MAX_FRAME {
            for fill in [0, 1, 255] {
                let frame = std::vec![fill; len];
                let bytes = encoded(&frame);
                assert_eq!(bytes.len(), len + OVERHEAD);
                assert_eq!(bytes.iter().filter(|byte| **byte == 0).count(), 1);
                assert_eq!(read(&bytes), (std::vec![frame], 0));
            }
        }
        assert_eq!(encoded(&[7; 40]).len(), 44);
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        assert_eq!(encode(&[], &mut [0; 9]), None);
        assert_eq!(encode(&[1; MAX_FRAME + 1], &mut [0; 300]), None);
        for room in 0..44 {
            assert_eq!(encode(&[1; 40], &mut [0; 44][..room]), None);
            assert_eq!(encode(&[0; 40], &mut [0; 44][..room]), None);
        }
    }

    #[test]
    fn noise_costs_the_frame_it_hits_and_no_other() {
        let (first, second) = (encoded(b"first"), encoded(b"second"));
        for hit in 0..first.len() {
            for byte in 0..=255 {
                let mut line = first.clone();
                line[hit] = byte;
                line.extend_from_slice(&second);
                let (frames, _) = read(&line);
                let spoilt = byte != first[hit];
                // The zero itself was hit: both frames are one run.
                let glued = spoilt && hit + 1 == first.len();
                assert_eq!(frames.contains(&b"first".to_vec()), !spoilt);
                assert_eq!(frames.contains(&b"second".to_vec()), !glued);
            }
        }
    }

    #[test]
    fn a_run_that_is_no_frame_counts_once_however_long() {
        let mut line = std::vec![3; 5000];
        line.extend_from_slice(&[0, 0, 0]);
        line.extend_from_slice(&encoded(b"after"));
        assert_eq!(read(&line), (std::vec![b"after".to_vec()], 1));
        // A CRC of nothing, and a block that ends too soon.
        assert_eq!(read(&[1, 1, 1, 0, 9, 9, 0]), (std::vec![], 2));
    }
}

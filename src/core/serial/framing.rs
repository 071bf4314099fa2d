//! Frames as bytes of a line: COBS over the frame and its CRC-16, then a zero.
//!
//! ```text
//! COBS(frame · crc 2, low byte first) · 00
//! ```
//! COBS (Cheshire and Baker, 1999) writes the bytes without any zero, so a zero is the end of a frame
//! and of nothing else: whatever was lost or invented before it, the next frame is read. The CRC is
//! CRC-16/X-25 (polynomial 1021 reflected, all ones before and after): it finds what a line does, the
//! tag finds what a person does.

use heapless::Vec;

use super::MAX_FRAME;

/// Writes a frame as it goes on the line. How many bytes, or `None` when the frame is empty or longer
/// than [`MAX_FRAME`], or `out` too small for it.
pub fn encode(frame: &[u8], out: &mut [u8]) -> Option<usize> {
    if frame.is_empty() || frame.len() > MAX_FRAME {
        return None;
    }
    let crc = (!crc(frame)).to_le_bytes();
    // Where the open block has its code, and what that is so far.
    let (mut at, mut code, mut len) = (0, 1, 1_usize);
    for byte in frame.iter().chain(&crc) {
        if code == FULL {
            *out.get_mut(at)? = code;
            (at, code, len) = (len, 1, len.saturating_add(1));
        }
        if *byte == 0 {
            *out.get_mut(at)? = code;
            (at, code) = (len, 1);
        } else {
            *out.get_mut(len)? = *byte;
            code = code.saturating_add(1);
        }
        len = len.saturating_add(1);
    }
    *out.get_mut(at)? = code;
    *out.get_mut(len)? = 0;
    Some(len.saturating_add(1))
}

/// Reads frames out of the bytes of a line.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// The frame so far; its CRC comes last.
    frame: Vec<u8, { MAX_FRAME + CRC }>,
    state: State,
    /// Bytes of the open block still to come.
    left: u8,
    /// The block that ended stood for a zero, unless it was the last.
    zero: bool,
    noise: u32,
}

/// What the bytes since the last zero are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// There are none.
    #[default]
    Between,
    /// A frame so far.
    Within,
    /// No frame any more, whatever comes before the next zero.
    Noise,
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
        if byte == 0 {
            let within = self.state == State::Within;
            let good =
                within && self.left == 0 && self.frame.len() > CRC && crc(&self.frame) == RESIDUE;
            if within && !good {
                self.become_noise();
            }
            self.state = State::Between;
            return good;
        }
        match self.state {
            State::Noise => return false,
            State::Between => {
                self.frame.clear();
                (self.state, self.left, self.zero) = (State::Within, 0, false);
            }
            State::Within => {}
        }
        let next = match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Some(byte)
            }
            None => {
                let zero = self.zero;
                (self.left, self.zero) = (byte.saturating_sub(1), byte != FULL);
                zero.then_some(0)
            }
        };
        if let Some(next) = next
            && self.frame.push(next).is_err()
        {
            self.become_noise();
        }
        false
    }

    fn become_noise(&mut self) {
        self.state = State::Noise;
        self.noise = self.noise.saturating_add(1);
    }

    /// The frame that has just ended, without its CRC.
    fn frame(&self) -> &[u8] {
        let len = self.frame.len().saturating_sub(CRC);
        self.frame.get(..len).unwrap_or_default()
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
/// The code of a block of 254 bytes, which stands for no zero.
const FULL: u8 = 255;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serial::{MAX_ENCODED, OVERHEAD};
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
    fn a_frame_of_up_to_252_bytes_grows_by_four() {
        for len in 1..=MAX_FRAME {
            for fill in [0, 1, 255] {
                let frame = std::vec![fill; len];
                let bytes = encoded(&frame);
                assert!(bytes.len() <= len + OVERHEAD + usize::from(len > 252));
                assert!(bytes.len() >= len + OVERHEAD);
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

//! The frames of lines in the bytes of a serial cable.

use heapless::Vec;

use super::MAX_FRAME;

/// Finds frames: from `>>>`, to a line `<<<`. What comes before, between and instead of it is thrown
/// away. A `>>>` inside of a frame means that the end of that one was lost, so there it begins anew (a
/// real one loses both); a frame longer than [`MAX_FRAME`] is dropped. Carriage returns are skipped.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    /// The frame that is being collected, with its marks; empty outside of one.
    frame: Vec<u8, MAX_FRAME>,
    /// How many bytes of [`BEGIN`] were just read.
    begun: usize,
    /// The last byte ended the frame: it is given back before the next is read.
    ended: bool,
    dropped: u32,
}

const BEGIN: &[u8] = b">>>\n";
const END: &[u8] = b"\n<<<\n";

impl Collector {
    /// A collector at any place of a line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes from the front of `rest`, up to and including the end of one frame, which it returns,
    /// not yet looked into: call it until it returns `None`, which is when all are taken.
    pub fn feed(&mut self, rest: &mut &[u8]) -> Option<&[u8]> {
        while let Some((byte, tail)) = rest.split_first() {
            *rest = tail;
            if core::mem::take(&mut self.ended) {
                self.frame.clear();
            }
            self.push(*byte);
            if self.ended {
                return Some(&self.frame);
            }
        }
        None
    }

    /// How many frames began and came to no end.
    pub fn dropped(&self) -> u32 {
        self.dropped
    }

    /// Forgets what was begun: the line was cut.
    pub fn clear(&mut self) {
        (self.begun, self.ended) = (0, false);
        self.frame.clear();
    }

    fn push(&mut self, byte: u8) {
        if byte == b'\r' {
            return;
        }
        self.begun = match byte {
            b'>' => self.begun.saturating_add(1).min(3),
            b'\n' if self.begun == 3 => 4,
            _ => 0,
        };
        if self.begun == BEGIN.len() {
            self.drop();
            let _ = self.frame.extend_from_slice(BEGIN);
        } else if !self.frame.is_empty() {
            if self.frame.push(byte).is_err() {
                self.drop();
            }
            self.ended = self.frame.ends_with(END);
        }
    }

    fn drop(&mut self) {
        if !self.frame.is_empty() {
            self.frame.clear();
            self.dropped = self.dropped.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: &[u8] = b">>>\nt=status\nauth=1 0\n<<<\n";

    /// The frames in some bytes, fed in pieces of a size, and how many were dropped.
    fn read(line: &[u8], piece: usize) -> (std::vec::Vec<std::vec::Vec<u8>>, u32) {
        let (mut collector, mut frames) = (Collector::new(), std::vec![]);
        for mut rest in line.chunks(piece) {
            while let Some(frame) = collector.feed(&mut rest) {
                frames.push(frame.to_vec());
            }
        }
        (frames, collector.dropped())
    }

    #[test]
    fn frames_are_found_between_noise_whatever_the_pieces() {
        let line = [
            b"\0\xff<<<\n>>",
            FRAME,
            b"\n\n",
            FRAME,
            FRAME,
            b"<<<\nt=x\n",
        ]
        .concat();
        for piece in 1..line.len() {
            assert_eq!(read(&line, piece), (std::vec![FRAME.to_vec(); 3], 0));
        }
    }

    #[test]
    fn a_frame_that_lost_its_end_costs_itself_and_not_the_next() {
        for cut in 4..FRAME.len() {
            let line = [&FRAME[..cut], FRAME].concat();
            assert_eq!(read(&line, 7), (std::vec![FRAME.to_vec()], 1), "{cut}");
        }
    }

    #[test]
    fn a_frame_without_end_is_dropped_once_and_the_next_is_read() {
        let line = [BEGIN, &[b'a'; 5000], FRAME].concat();
        assert_eq!(read(&line, 100), (std::vec![FRAME.to_vec()], 1));
        let whole = [BEGIN, &[b'a'; MAX_FRAME - 9], END].concat();
        assert_eq!(read(&whole, 100), (std::vec![whole.clone()], 0));
        let long = [BEGIN, &[b'a'; MAX_FRAME - 8], END].concat();
        assert_eq!(read(&long, 100), (std::vec![], 1));
    }

    #[test]
    fn carriage_returns_and_a_cut_leave_nothing_behind() {
        let line: std::vec::Vec<u8> = FRAME.iter().flat_map(|byte| [*byte, b'\r']).collect();
        assert_eq!(read(&line, 3), (std::vec![FRAME.to_vec()], 0));
        let mut collector = Collector::new();
        assert_eq!(collector.feed(&mut &FRAME[..9]), None);
        collector.clear();
        assert_eq!(collector.feed(&mut &FRAME[9..]), None);
        assert_eq!(collector.feed(&mut &FRAME[..]), Some(FRAME));
    }
}

//! The network between the machines: what it loses, delays, doubles and cuts, and an adversary
//! who owns every frame that was ever sent.

use std::rc::Rc;

use super::random::Random;

/// One frame as it left a machine.
#[derive(Debug)]
pub(crate) struct Frame {
    /// Numbers every frame of a run.
    pub(crate) serial: u64,
    pub(crate) from: usize,
    /// Which life of that machine's agent built it.
    pub(crate) life: u32,
    pub(crate) sent_at: u64,
    pub(crate) bytes: Vec<u8>,
    /// Not what a node built: noise, or a frame with something changed.
    pub(crate) forged: bool,
}

/// How well every path works, in microseconds and millionths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quality {
    pub(crate) delay: u64,
    /// Up to this much more, drawn per copy: frames overtake each other.
    pub(crate) jitter: u64,
    pub(crate) loss: u64,
    pub(crate) duplication: u64,
    /// Bytes of serial lines that are changed.
    pub(crate) noise: u64,
}

impl Quality {
    /// A quiet switch.
    pub(crate) const GOOD: Self = Self {
        delay: 200,
        jitter: 0,
        loss: 0,
        duplication: 0,
        noise: 0,
    };
}

/// Every directed path from a machine to a machine over a link.
#[derive(Debug)]
pub(crate) struct Network {
    machines: usize,
    links: usize,
    /// Those of Ethernet come first.
    ethernet: usize,
    pub(crate) quality: Quality,
    /// No cable was ever laid there.
    missing: Vec<bool>,
    cut: Vec<bool>,
    recorded: Vec<Rc<Frame>>,
    serial: u64,
}

/// Frames the adversary keeps; older ones make room by chance, so some are very old.
const RECORDED: usize = 3000;

impl Network {
    pub(crate) fn new(machines: usize, links: usize, ethernet: usize) -> Self {
        Self {
            machines,
            links,
            ethernet,
            quality: Quality::GOOD,
            missing: vec![false; machines * machines * links],
            cut: vec![false; machines * machines * links],
            recorded: Vec::new(),
            serial: 0,
        }
    }

    /// Cuts or joins one direction on one link.
    pub(crate) fn set_cut(&mut self, from: usize, to: usize, link: usize, cut: bool) {
        let path = self.path(from, to, link);
        self.cut[path] = cut;
    }

    /// Cuts or joins both directions on every link.
    pub(crate) fn set_cut_between(&mut self, one: usize, other: usize, cut: bool) {
        for link in 0..self.links {
            self.set_cut(one, other, link, cut);
            self.set_cut(other, one, link, cut);
        }
    }

    /// Takes the cable between two machines away, on every link, for good.
    pub(crate) fn remove_edge(&mut self, one: usize, other: usize) {
        for link in 0..self.links {
            for (from, to) in [(one, other), (other, one)] {
                let path = self.path(from, to, link);
                self.missing[path] = true;
            }
        }
    }

    /// Repairs every cut, and lays the missing cables too.
    pub(crate) fn heal(&mut self) {
        self.cut.fill(false);
        self.missing.fill(false);
    }

    /// Repairs every cut.
    pub(crate) fn join(&mut self) {
        self.cut.fill(false);
    }

    /// One more frame has left; the adversary keeps it if asked to.
    pub(crate) fn frame(
        &mut self,
        from: usize,
        life: u32,
        sent_at: u64,
        bytes: &[u8],
        record: Option<&mut Random>,
    ) -> Rc<Frame> {
        self.serial += 1;
        let frame = Rc::new(Frame {
            serial: self.serial,
            from,
            life,
            sent_at,
            bytes: bytes.to_vec(),
            forged: false,
        });
        if let Some(random) = record {
            if self.recorded.len() < RECORDED {
                self.recorded.push(Rc::clone(&frame));
            } else {
                let place = random.index(RECORDED);
                self.recorded[place] = Rc::clone(&frame);
            }
        }
        frame
    }

    /// What the adversary sends next: mostly a recorded frame as it was, sometimes one with bits
    /// flipped or its end missing, sometimes noise.
    pub(crate) fn forge(&mut self, random: &mut Random) -> Option<Rc<Frame>> {
        let original = match self.recorded.len() {
            0 => return None,
            length => Rc::clone(&self.recorded[random.index(length)]),
        };
        let mut bytes = original.bytes.clone();
        match random.below(12) {
            0 => {
                let bit = random.index(bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            1 => bytes.truncate(random.index(bytes.len())),
            2 => {
                bytes = (0..random.below(300))
                    .map(|_| random.word().to_le_bytes()[0])
                    .collect();
            }
            _ => return Some(original),
        }
        self.serial += 1;
        Some(Rc::new(Frame {
            serial: self.serial,
            bytes,
            forged: true,
            ..*original
        }))
    }

    /// A frame that noise has made.
    pub(crate) fn noise(&mut self, from: usize, bytes: Vec<u8>) -> Rc<Frame> {
        self.serial += 1;
        Rc::new(Frame {
            serial: self.serial,
            from,
            life: 0,
            sent_at: 0,
            bytes,
            forged: true,
        })
    }

    /// Every frame of one machine that was recorded, oldest first.
    pub(crate) fn recorded_from(&self, machine: usize) -> Vec<Rc<Frame>> {
        self.recorded
            .iter()
            .filter(|frame| frame.from == machine)
            .map(Rc::clone)
            .collect()
    }

    /// After how many microseconds each copy of a frame arrives; none when it is lost.
    pub(crate) fn copies(
        &self,
        random: &mut Random,
        from: usize,
        to: usize,
        link: usize,
    ) -> [Option<u64>; 2] {
        if !self.open(from, to, link) || random.chance(self.quality.loss) {
            return [None; 2];
        }
        let again = random.chance(self.quality.duplication);
        let mut delay = || self.quality.delay + random.below(self.quality.jitter + 1);
        [Some(delay()), again.then(delay)]
    }

    /// Whether a frame can get through.
    pub(crate) fn open(&self, from: usize, to: usize, link: usize) -> bool {
        let path = self.path(from, to, link);
        from != to && !self.cut[path] && !self.missing[path]
    }

    /// Whether two machines can exchange packets; serial lines carry none, and those that have
    /// nothing else are on some network of their clients.
    pub(crate) fn joined(&self, one: usize, other: usize) -> bool {
        let both = |link| self.open(one, other, link) && self.open(other, one, link);
        self.ethernet == 0 || (0..self.ethernet).any(both)
    }

    fn path(&self, from: usize, to: usize, link: usize) -> usize {
        (from * self.machines + to) * self.links + link
    }
}

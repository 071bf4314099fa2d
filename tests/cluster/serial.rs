//! Serial lines between the machines: the core's own [`Line`] and [`Decoder`] at each end, bytes at the
//! pace of the line, and a cable that spoils and loses some of them.

use std::collections::VecDeque;
use std::rc::Rc;

use twinbeat::Node;
use twinbeat::id::{LinkId, LinkSet};
use twinbeat::serial::{Class, Decoder, Line};
use twinbeat::time::Duration;

use super::machine::{Arrival, Machine};
use super::network::Frame;
use super::settings::Settings;
use super::{Cluster, Happening};

/// One end of a cable, and what the program and the kernel keep for it.
#[derive(Debug)]
pub(crate) struct Port {
    line: Line,
    decoder: Decoder,
    baud: u32,
    keepalive: Duration,
    far: (usize, LinkId),
    /// When the last byte in the kernel will have left.
    busy_until: u64,
    /// What was offered lately, to know it again at the other end.
    said: VecDeque<Rc<Frame>>,
    /// What came and was not read yet.
    came: VecDeque<u8>,
    /// Bytes put on the line.
    pub(crate) written: u64,
}

/// Bytes on their way, as many as a UART hands over at once.
#[derive(Debug)]
pub(super) struct Bytes {
    from: usize,
    link: LinkId,
    /// The life of the agent that wrote them.
    life: u32,
    bytes: Vec<u8>,
}

/// What the kernel keeps of what came at most.
const BUFFER: usize = 4096;
/// Bytes that a UART keeps before it says so.
const FIFO: usize = 16;
/// Frames that may still be under way, or lie in a buffer.
const SAID: usize = 256;

/// The ports of one machine.
pub(super) fn ports(settings: &Settings, machine: usize) -> Vec<Port> {
    let cables = settings.cables.iter();
    let ends = cables.flat_map(|[one, other]| [(one, other), (other, one)]);
    let mut ends: Vec<_> = ends.filter(|(near, _)| near.0 == machine).collect();
    ends.sort_unstable();
    let keepalive = Duration::from_micros(settings.keepalive);
    let port = |(_, (far, port)): (_, &(usize, usize))| Port {
        line: Line::new(settings.baud, keepalive),
        decoder: Decoder::new(),
        baud: settings.baud,
        keepalive,
        far: (*far, LinkId::new(settings.links + port).unwrap()),
        busy_until: 0,
        said: VecDeque::new(),
        came: VecDeque::new(),
        written: 0,
    };
    ends.into_iter().map(port).collect()
}

impl Port {
    /// The tty is opened anew.
    pub(super) fn open(&mut self) {
        self.line = Line::new(self.baud, self.keepalive);
        self.decoder = Decoder::new();
        self.came.clear();
        self.busy_until = 0;
    }

    /// How long so many bytes take.
    fn time(&self, bytes: usize) -> u64 {
        bytes as u64 * 10_000_000 / u64::from(self.baud)
    }
}

impl Machine {
    /// When a line may have something to write.
    pub(super) fn lines_due(&self) -> u64 {
        let ports = self.ports.iter().map(|port| port.line.deadline().micros());
        ports.min().unwrap_or(u64::MAX)
    }
}

impl Cluster {
    /// Links of a machine.
    pub(crate) fn links(&self, machine: usize) -> usize {
        self.machines[machine].config.links.len()
    }

    /// Bytes that lie at a machine's ports.
    pub(crate) fn unread(&self, machine: usize) -> usize {
        let ports = self.machines[machine].ports.iter();
        ports.map(|port| port.came.len()).sum()
    }

    /// A frame for one line.
    pub(super) fn offer(&mut self, machine: usize, link: LinkId, frame: &Rc<Frame>, class: Class) {
        let now = self.clock(machine);
        let port = self.port(machine, link);
        if port.said.len() == SAID {
            port.said.pop_front();
        }
        port.said.push_back(Rc::clone(frame));
        port.line.offer(now, &frame.bytes, class);
        self.write(machine, link);
    }

    /// A frame of another machine goes on.
    pub(super) fn pass_on(&mut self, machine: usize, links: LinkSet, frame: &Rc<Frame>) {
        for link in links.iter() {
            if self.machines[machine].carrier.contains(link) {
                self.offer(machine, link, frame, Node::class_passed_on(&frame.bytes));
            }
        }
    }

    /// Every line writes what is due.
    pub(super) fn write_lines(&mut self, machine: usize) {
        for port in 0..self.machines[machine].ports.len() {
            self.write(machine, LinkId::new(self.settings.links + port).unwrap());
        }
    }

    fn write(&mut self, machine: usize, link: LinkId) {
        let (now, instant, life) = (self.now, self.clock(machine), self.machines[machine].life);
        let (noise, delay) = (self.network.quality.noise, self.network.quality.delay);
        let mut random = self.random.clone();
        let port = self.port(machine, link);
        let held = port.busy_until.saturating_sub(now) * u64::from(port.baud) / 10_000_000;
        port.line.holds(instant, usize::try_from(held).unwrap());
        let mut leaving = Vec::new();
        while let Some(bytes) = port.line.poll(instant) {
            let mut bytes = bytes.to_vec();
            port.line.wrote(instant, bytes.len());
            port.written += bytes.len() as u64;
            for byte in &mut bytes {
                if random.chance(noise) {
                    *byte ^= random.between(1, 255).to_le_bytes()[0];
                }
            }
            for bytes in bytes.chunks(FIFO) {
                port.busy_until = port.busy_until.max(now) + port.time(bytes.len());
                leaving.push((port.busy_until, bytes.to_vec()));
            }
        }
        self.random = random;
        for (at, bytes) in leaving {
            let bytes = Bytes {
                from: machine,
                link,
                life,
                bytes,
            };
            self.plan(at + delay, Happening::Bytes(bytes));
        }
    }

    /// They lie at the other end, and its loop is woken.
    pub(super) fn bytes_arrive(&mut self, arriving: Bytes) {
        let Bytes {
            from,
            link,
            life,
            bytes,
        } = arriving;
        let sender = &self.machines[from];
        let (to, far) = self.machines[from].ports[link.index() - self.settings.links].far;
        // What has not left when a tty is closed never will.
        let lost = !sender.runs() || sender.life != life || !sender.carrier.contains(link);
        let receiver = &self.machines[to];
        let open = receiver.runs() && receiver.carrier.contains(far);
        if lost || !open || !self.network.open(from, to, link.index()) {
            return;
        }
        let port = self.port(to, far);
        let room = BUFFER - port.came.len();
        port.came.extend(bytes.iter().take(room));
        let late = self.random.below(self.wake_delay + 1);
        self.wake(to, self.now + late);
    }

    /// What came becomes frames.
    pub(super) fn read_lines(&mut self, machine: usize) {
        for port in 0..self.machines[machine].ports.len() {
            let link = LinkId::new(self.settings.links + port).unwrap();
            let one = self.port(machine, link);
            let came: Vec<u8> = one.came.drain(..).collect();
            let (mut frames, mut rest) = (Vec::new(), &came[..]);
            while let Some(frame) = one.decoder.feed(&mut rest) {
                frames.push(frame.to_vec());
            }
            let (far, far_link) = one.far;
            for bytes in frames {
                let frame = self.said(far, far_link, bytes);
                self.machines[machine].receive(Arrival::Frame(link, frame));
            }
        }
    }

    /// The frame with these bytes; another one if noise has made it.
    fn said(&mut self, machine: usize, link: LinkId, bytes: Vec<u8>) -> Rc<Frame> {
        let port = self.port(machine, link);
        let mut said = port.said.iter().rev();
        let known = said.find(|frame| frame.bytes == bytes).map(Rc::clone);
        known.unwrap_or_else(|| self.network.noise(machine, bytes))
    }

    fn port(&mut self, machine: usize, link: LinkId) -> &mut Port {
        let port = link.index() - self.settings.links;
        &mut self.machines[machine].ports[port]
    }
}

//! A serial line in virtual time: an in-memory port of `embedded-io` with a bounded buffer and the
//! pace of a UART, the pump, and the decoder at the other end of the cable.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::rc::Rc;

use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use twinbeat::id::NodeId;
use twinbeat::serial::{Class, Decoder, Line, MOST, receive, send};
use twinbeat::time::{Duration, Instant};

const BAUD: u32 = 19200;
/// The 40 bytes of a beat of two nodes and four groups.
const BEAT: usize = 40;
const ASK: usize = 27;

/// One end of a cable: what is written waits in a bounded buffer, leaves at the line's pace unless it
/// is held up, and lies at the other end when its last bit has arrived.
#[derive(Default)]
struct Cable {
    output: VecDeque<u8>,
    room: usize,
    input: VecDeque<u8>,
    held_up: bool,
    /// Most bytes that one write takes.
    bite: usize,
    /// What was written since the buffer was empty, at most.
    fullest: usize,
    left: u64,
}

#[derive(Clone)]
struct Port(Rc<RefCell<Cable>>);

impl Port {
    fn new(room: usize, bite: usize) -> Self {
        Self(Rc::new(RefCell::new(Cable {
            room,
            bite,
            ..Cable::default()
        })))
    }

    /// The time of one byte passes.
    fn tick(&self, spoil: impl FnOnce(u8) -> Option<u8>) {
        let mut cable = self.0.borrow_mut();
        if !cable.held_up
            && let Some(byte) = cable.output.pop_front()
        {
            cable.left += 1;
            cable.input.extend(spoil(byte));
        }
    }

    fn holds(&self) -> usize {
        self.0.borrow().output.len()
    }
}

impl ErrorType for Port {
    type Error = Infallible;
}

impl WriteReady for Port {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        let cable = self.0.borrow();
        Ok(cable.output.len() < cable.room)
    }
}

impl Write for Port {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let mut cable = self.0.borrow_mut();
        let count = (cable.room - cable.output.len())
            .min(bytes.len())
            .min(cable.bite);
        assert!(count > 0, "written to while it is full");
        cable.output.extend(&bytes[..count]);
        cable.fullest = cable.fullest.max(cable.output.len());
        Ok(count)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        unreachable!("it would wait");
    }
}

impl ReadReady for Port {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(!self.0.borrow().input.is_empty())
    }
}

impl Read for Port {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        let mut cable = self.0.borrow_mut();
        let count = buf.len().min(cable.input.len());
        for (place, byte) in buf.iter_mut().zip(cable.input.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }
}

/// Sender, cable and receiver. One step is the time of a byte, 521 us.
struct World {
    step: u64,
    line: Line,
    port: Port,
    decoder: Decoder,
    /// Whether the port can say what it holds.
    counts: bool,
    /// Everything that arrived: when, what, made at which step.
    arrived: Vec<(Instant, u8, u64)>,
    random: u64,
    /// Of 10 000 bytes, how many are spoilt.
    noise: u64,
    spoilt: u64,
}

impl World {
    fn new(keepalive: u64, room: usize, bite: usize) -> Self {
        Self {
            step: 0,
            line: Line::new(BAUD, Duration::from_millis(keepalive)),
            port: Port::new(room, bite),
            decoder: Decoder::new(),
            counts: false,
            arrived: Vec::new(),
            random: 0x9e37_79b9_7f4a_7c15,
            noise: 0,
            spoilt: 0,
        }
    }

    fn now(&self) -> Instant {
        now(self.step)
    }

    /// A frame that says what it is and when it was made.
    fn offer(&mut self, class: Class, len: usize) {
        let name = match class {
            Class::Beat => b'B',
            Class::Control => b'C',
            Class::Ask => b'?',
            Class::Answer => b'!',
            Class::Forward(node) => node.wire(),
            Class::Introduction(_) => b'i',
        };
        let mut frame = vec![name];
        frame.extend(self.step.to_le_bytes());
        frame.resize(len, 0x5a);
        let now = self.now();
        self.line.offer(now, &frame, class);
    }

    fn turn(&mut self) {
        let now = self.now();
        if self.counts {
            self.line.holds(now, self.port.holds());
        }
        if self.line.is_stalled(now) {
            self.port.0.borrow_mut().output.clear();
        }
        send(now, &mut self.line, &mut self.port).unwrap();
        assert!(self.line.poll(now).is_none() || self.port.holds() > 0);
        assert!(self.line.deadline() > now, "it would spin");
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let hit = self.random % 10_000 < self.noise;
        let bits = self.random.to_le_bytes()[7];
        let mut spoilt = 0;
        self.port.tick(|byte| {
            spoilt += u64::from(hit && bits != 0);
            Some(if hit { byte ^ bits } else { byte })
        });
        self.spoilt += spoilt;
        self.step += 1;
        let (now, arrived) = (self.now(), &mut self.arrived);
        let mut far_end = self.port.clone();
        receive(&mut far_end, &mut self.decoder, &mut |frame| {
            let number = frame[1..9].try_into().unwrap();
            arrived.push((now, frame[0], u64::from_le_bytes(number)));
        })
        .unwrap();
    }

    /// How much of the line was used, in percent.
    fn used(&self) -> u64 {
        self.port.0.borrow().left * 100 / self.step
    }

    fn of(&self, name: u8) -> impl Iterator<Item = (Instant, u64)> + '_ {
        self.arrived
            .iter()
            .filter(move |(_, class, _)| *class == name)
            .map(|(at, _, made)| (*at, *made))
    }

    /// The longest from the making of such a frame to its arrival.
    fn latest(&self, name: u8) -> Duration {
        self.of(name)
            .map(|(at, made)| at.since(now(made)))
            .max()
            .unwrap_or(Duration::MAX)
    }
}

/// 521 us for each step: a little more than a byte at 19200 baud takes.
fn now(step: u64) -> Instant {
    Instant::from_micros(step * 521)
}

/// The steps of so many milliseconds.
const fn ms(millis: u64) -> u64 {
    millis * 1000 / 521
}

/// A minute of beats and questions, each so many milliseconds apart.
fn beats_and_questions(keepalive: u64, spacing: u64) -> World {
    let mut world = World::new(keepalive, 4096, 4096);
    while world.step < ms(60_000) {
        if world.step.is_multiple_of(ms(keepalive)) {
            world.offer(Class::Beat, BEAT);
        }
        if world.step % ms(spacing) == 3 {
            world.offer(Class::Ask, ASK);
        }
        world.turn();
    }
    world
}

#[test]
fn beats_at_50_ms_leave_on_time_and_questions_on_top_find_no_room() {
    let world = beats_and_questions(50, 10);
    let beats = world.of(b'B').count() as u64;
    assert!(beats >= ms(60_000) / ms(50) - 1, "{beats} beats");
    // 44 bytes and the zero before the first.
    assert!(world.latest(b'B') <= Duration::from_micros(45 * 521));
    assert!((44..=50).contains(&world.used()), "{} %", world.used());
    assert_eq!(world.decoder.noise(), 0);
    assert!(world.port.0.borrow().fullest <= 45);
}

#[test]
fn questions_at_100_ms_fit_between_the_beats() {
    let world = beats_and_questions(100, 20);
    assert!(world.latest(b'B') <= Duration::from_micros(45 * 521));
    assert!(world.of(b'?').count() >= 600, "{}", world.of(b'?').count());
    assert!(world.used() <= 50, "{} %", world.used());
}

#[test]
fn a_storm_of_everything_keeps_beats_at_half_and_one_frame_in_the_port() {
    let mut world = World::new(100, 4096, 7);
    while world.step < ms(60_000) {
        for (class, len) in [(Class::Beat, BEAT), (Class::Ask, ASK), (Class::Answer, 62)] {
            world.offer(class, len);
        }
        world.turn();
    }
    let bytes = |name, len: u64| world.of(name).count() as u64 * (len + 4) * 100 / world.step;
    assert!((48..=50).contains(&bytes(b'B', 40)), "{}", bytes(b'B', 40));
    assert!((35..=50).contains(&bytes(b'!', 62)), "{}", bytes(b'!', 62));
    assert_eq!(world.of(b'?').count(), 0);
    assert!(world.port.0.borrow().fullest <= 67);
    // Never older than the frame before it takes to leave, its own turn, and itself.
    assert!(world.latest(b'B') <= Duration::from_millis(60));
}

#[test]
fn an_answer_waits_for_no_share_and_the_newest_leaves() {
    let mut world = World::new(100, 4096, 4096);
    while world.step < ms(10_000) {
        world.offer(Class::Answer, 62);
        world.turn();
    }
    assert!(world.used() >= 98, "{} %", world.used());
    // Itself and the byte before it.
    assert!(world.latest(b'!') <= Duration::from_micros(68 * 521));
}

#[test]
fn noise_loses_the_frames_it_hits_and_no_other() {
    let mut world = World::new(50, 4096, 4096);
    world.noise = 10;
    let mut offered = 0;
    while world.step < ms(60_000) {
        if world.step.is_multiple_of(ms(50)) {
            world.offer(Class::Beat, BEAT);
            offered += 1;
        }
        world.turn();
    }
    let lost = offered - world.arrived.len() as u64;
    assert!(world.spoilt > 20, "{} hits", world.spoilt);
    assert!(lost > 0 && world.decoder.noise() > 0);
    // The zero between two frames, when hit, takes both.
    assert!(lost <= world.spoilt + world.spoilt / 10, "{lost} frames");
}

/// The port takes nothing for ten seconds; then what is the first frame to arrive, and when was it made?
fn cut_and_heal(room: usize, counts: bool) -> (World, u64) {
    let mut world = World::new(100, room, 16);
    world.counts = counts;
    let (cut, healed) = (ms(5010), ms(15_037));
    while world.step < ms(20_000) {
        world.port.0.borrow_mut().held_up = (cut..healed).contains(&world.step);
        if world.step.is_multiple_of(ms(100)) {
            world.offer(Class::Beat, BEAT);
        }
        if world.step % ms(100) == 9 {
            world.offer(Class::Control, 54);
        }
        world.turn();
    }
    let first = world
        .arrived
        .iter()
        .find(|(at, ..)| *at >= now(healed))
        .unwrap();
    let made = first.2;
    (world, healed - made)
}

#[test]
fn after_a_stall_the_first_frame_out_is_the_newest() {
    // A UART of 16 bytes that refuses, and a tty of 4 kB that would take two seconds of old beats.
    for (room, counts) in [(16, false), (4096, true)] {
        let (world, age) = cut_and_heal(room, counts);
        assert!(age <= ms(220), "{} ms old, room {room}", age * 521 / 1000);
        // What was cut short is ended by a zero and costs no frame after it.
        assert!(world.decoder.noise() <= 1, "{}", world.decoder.noise());
        let after = world.of(b'B').filter(|(at, _)| *at > now(ms(15_200)));
        assert!(after.count() >= 47);
    }
}

#[test]
fn a_control_word_survives_while_beats_are_replaced() {
    let mut world = World::new(100, 64, 64);
    world.offer(Class::Beat, BEAT);
    world.turn();
    world.offer(Class::Control, 54);
    let word = world.step;
    // A beat at every byte while the first leaves.
    for _ in 0..ms(40) {
        world.offer(Class::Beat, BEAT);
        world.turn();
    }
    for _ in 0..ms(200) {
        world.turn();
    }
    let order: Vec<u8> = world.arrived.iter().map(|(_, name, _)| *name).collect();
    assert_eq!(order, b"BCB");
    assert_eq!(world.of(b'C').next().unwrap().1, word);
}

#[test]
fn around_a_ring_own_beats_and_those_of_others_take_turns() {
    let mut world = World::new(100, 4096, 4096);
    let others = [NodeId::new(1).unwrap(), NodeId::new(2).unwrap()];
    while world.step < ms(60_000) {
        // Three of 48 bytes in 100 ms are 72 % of the line.
        if world.step.is_multiple_of(ms(100)) {
            world.offer(Class::Beat, 44);
        }
        for (place, node) in others.into_iter().enumerate() {
            if world.step % ms(100) == 7 + place as u64 {
                world.offer(Class::Forward(node), 44);
            }
        }
        world.turn();
    }
    assert!(world.used() <= 50, "{} %", world.used());
    let mut counts = BTreeMap::new();
    for (_, name, _) in &world.arrived {
        *counts.entry(*name).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 3);
    assert!(counts.values().all(|count| *count >= 290), "{counts:?}");
    for name in [b'B', 1, 2] {
        assert!(world.latest(name) <= Duration::from_millis(130));
    }
}

#[test]
fn a_line_that_never_ends_does_not_hold_up_its_reader() {
    let mut port = Port::new(16, 16);
    port.0.borrow_mut().input.extend(vec![1; 10_000]);
    let mut decoder = Decoder::new();
    let count = receive(&mut port, &mut decoder, &mut |_| unreachable!("no frame"));
    assert_eq!(count, Ok(MOST));
    assert_eq!(decoder.noise(), 1);
}

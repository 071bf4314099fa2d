//! Datagrams from somebody without the key, recorded ones among them, change nothing.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::lab::pair::{A, B, Pair, Settings};
use crate::lab::tests::Test;

pub(crate) const TESTS: &[Test] = &[
    ("garbage_and_forged_datagrams_are_ignored", forged),
    (
        "a_dead_nodes_recorded_frames_do_not_delay_the_takeover",
        replayed,
    ),
    (
        "recorded_frames_do_not_deceive_a_restarted_pair",
        replayed_after_restarts,
    ),
];

const PORT: u16 = 694;
const BROADCAST: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 255);
const ADDRESS_OF_A: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A third machine on the bridge that hears and sends on the heartbeat's port.
fn stranger(pair: &Pair) -> UdpSocket {
    let socket = pair
        .outside
        .within(|| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).expect("a free port"));
    socket.set_broadcast(true).expect("its own socket");
    socket.set_read_timeout(Some(ms(50))).expect("above zero");
    socket
}

/// What A sent in this time.
fn record(socket: &UdpSocket, time: Duration) -> Vec<Vec<u8>> {
    let end = Instant::now() + time;
    let mut frames = Vec::new();
    let mut buffer = [0; 2048];
    while Instant::now() < end {
        if let Ok((length, SocketAddr::V4(from))) = socket.recv_from(&mut buffer)
            && *from.ip() == ADDRESS_OF_A
        {
            frames.push(buffer[..length].to_vec());
        }
    }
    assert!(frames.len() >= 5, "only {} frames heard", frames.len());
    frames
}

fn send(socket: &UdpSocket, frame: &[u8]) {
    socket
        .send_to(frame, (BROADCAST, PORT))
        .expect("the bridge is up");
}

fn running() -> Pair {
    let mut pair = Pair::new(&Settings::default());
    pair.start_both();
    pair
}

fn forged() {
    let mut pair = running();
    let socket = stranger(&pair);
    let frames = record(&socket, ms(1000));
    let at = Instant::now();
    let mut seed = 1_u32;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed as usize
    };
    for turn in 0..1500_u16 {
        let mut frame = frames[random() % frames.len()].clone();
        match turn % 4 {
            0 => {
                frame = (0..random() % 1400)
                    .map(|_| random().to_le_bytes()[0])
                    .collect()
            }
            1 => frame.truncate(random() % frame.len()),
            2 => {
                let bit = random() % (frame.len() * 8);
                frame[bit / 8] ^= 1 << (bit % 8);
            }
            _ => frame[1] = (frame[1] & 0x0f) | ((turn & 15) << 4).to_le_bytes()[0],
        }
        send(&socket, &frame);
        sleep(Duration::from_micros(500));
    }
    sleep(ms(500));
    assert!(pair.runs(A) && pair.runs(B), "{}", pair.story());
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    let moves = pair.nodes[A].watch.arrivals(at) + pair.nodes[B].watch.arrivals(at);
    assert_eq!(moves, 0, "{}", pair.story());
    let lines = pair.story().lines().count();
    assert!(lines < 100, "{lines} lines of log for 1500 frames");
}

fn replayed() {
    let mut pair = running();
    let socket = stranger(&pair);
    let frames = record(&socket, ms(1500));
    let at = Instant::now();
    pair.kill(A);
    replay_until_taken(&pair, &socket, &frames, at);
    replay(&socket, &frames);
    assert!(pair.holds(B), "B believed the dead\n{}", pair.story());
    assert_eq!(pair.nodes[B].watch.arrivals(at), 1, "{}", pair.story());
}

fn replayed_after_restarts() {
    let mut pair = running();
    let socket = stranger(&pair);
    let frames = record(&socket, ms(1500));
    pair.kill(B);
    pair.kill(A);
    pair.start_both();
    replay(&socket, &frames);
    assert!(pair.holds(A) && !pair.holds(B), "{}", pair.story());
    let at = Instant::now();
    pair.kill(A);
    replay_until_taken(&pair, &socket, &frames, at);
}

fn replay(socket: &UdpSocket, frames: &[Vec<u8>]) {
    for frame in frames {
        send(socket, frame);
        sleep(ms(50));
    }
}

/// Replays over and over; B must take over as if there were nothing.
fn replay_until_taken(pair: &Pair, socket: &UdpSocket, frames: &[Vec<u8>], since: Instant) {
    for frame in frames.iter().cycle() {
        if pair.holds(B) {
            return;
        }
        assert!(
            since.elapsed() < ms(450),
            "the replay delays the takeover\n{}",
            pair.story()
        );
        send(socket, frame);
        sleep(ms(20));
    }
}

//! What the nodes say to each other, heard from a third place; and what a third place may say.

use std::fs::File;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::lab::namespace::Namespace;

/// Hears what is broadcast, and writes it down in words.
pub(crate) struct Tap {
    socket: UdpSocket,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    said: Mutex<Vec<Vec<u8>>>,
    file: Arc<Notes>,
    late: Arc<AtomicBool>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Tap {
    /// Begins to listen; what is heard goes to `file`, a line each.
    pub(crate) fn new(outside: &Namespace, file: &Path) -> Self {
        let socket = outside.within(|| {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).expect("a free port");
            let group = Ipv4Addr::new(225, 0, 0, 77);
            let joined = socket.join_multicast_v4(&group, &HERE);
            joined.expect("eth0 is up");
            socket
        });
        socket.set_broadcast(true).expect("it is UDP");
        let own = socket.try_clone().expect("a descriptor is free");
        own.set_read_timeout(Some(PATIENCE)).expect("above zero");
        let file = Arc::new(Notes {
            begun: Instant::now(),
            file: File::create(file).expect("our own folder"),
        });
        let (heard, late, end) = <(Arc<Mutex<_>>, Arc<AtomicBool>, Arc<AtomicBool>)>::default();
        let (keep, copy, stop) = (Arc::clone(&heard), Arc::clone(&late), Arc::clone(&end));
        let notes = Arc::clone(&file);
        let thread = std::thread::spawn(move || listen(&own, &notes, &keep, &copy, &stop));
        Self {
            socket,
            heard,
            said: Mutex::default(),
            file,
            late,
            end,
            thread: Some(thread),
        }
    }

    /// From now on one message of three comes once more, 20 to 120 ms late: where the first copy is
    /// lost that is another order.
    pub(crate) fn say_late_copies(&self, on: bool) {
        self.late.store(on, Ordering::Relaxed);
    }

    /// All messages so far.
    pub(crate) fn heard(&self) -> Vec<Vec<u8>> {
        self.heard.lock().expect("no holder panics").clone()
    }

    /// All that was said from here to everybody.
    pub(crate) fn said(&self) -> Vec<Vec<u8>> {
        self.said.lock().expect("no holder panics").clone()
    }

    /// Says something to everybody, or to one node alone.
    pub(crate) fn say(&self, message: &[u8], to: Option<usize>) {
        let to = match to {
            None => {
                let mut said = self.said.lock().expect("no holder panics");
                said.push(message.to_vec());
                EVERYBODY
            }
            Some(node) => Ipv4Addr::new(10, 77, 0, u8::try_from(node + 1).expect("two nodes")),
        };
        self.file.write(HERE, message);
        self.socket
            .send_to(message, (to, PORT))
            .expect("eth0 is up");
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What was heard and said, in words.
struct Notes {
    begun: Instant,
    file: File,
}

impl Notes {
    fn write(&self, from: Ipv4Addr, message: &[u8]) {
        let at = self.begun.elapsed().as_secs_f64();
        let _ = writeln!(&self.file, "{at:9.3} {from} {}", in_words(message));
    }
}

fn listen(
    socket: &UdpSocket,
    notes: &Notes,
    heard: &Mutex<Vec<Vec<u8>>>,
    late: &AtomicBool,
    end: &AtomicBool,
) {
    let mut buffer = [0; 4096];
    let mut waiting: Vec<(Instant, Vec<u8>)> = Vec::new();
    let mut chance = 1_u32;
    while !end.load(Ordering::Relaxed) {
        let now = Instant::now();
        waiting.retain(|(at, message)| {
            if *at > now {
                return true;
            }
            let _ = socket.send_to(message, (EVERYBODY, PORT));
            false
        });
        let Ok((length, SocketAddr::V4(from))) = socket.recv_from(&mut buffer) else {
            continue;
        };
        if *from.ip() == HERE {
            continue;
        }
        let message = &buffer[..length];
        notes.write(*from.ip(), message);
        heard
            .lock()
            .expect("no holder panics")
            .push(message.to_vec());
        if late.load(Ordering::Relaxed) {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let draw = chance >> 16;
            if draw.is_multiple_of(3) {
                let delay = Duration::from_millis(20 + u64::from(draw % 101));
                waiting.push((Instant::now() + delay, message.to_vec()));
            }
        }
    }
}

/// The fields of a message of either framing, each with its type's digit where that is not 0.
pub(crate) fn fields(message: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut push = |field: &[u8]| {
        if let Some(at) = field.iter().position(|byte| *byte == b'=') {
            let name = String::from_utf8_lossy(&field[..at]).into_owned();
            found.push((
                name.trim_start_matches("(0)").to_owned(),
                field[at + 1..].to_vec(),
            ));
        }
    };
    if message.starts_with(b">>>\n") {
        message.split(|byte| *byte == b'\n').for_each(push);
        return found;
    }
    let mut rest = message.strip_prefix(b"###\n").unwrap_or_default();
    while let Some(colon) = rest.iter().position(|byte| *byte == b':') {
        let length = std::str::from_utf8(&rest[..colon]).ok();
        let Some(length) = length.and_then(|text| text.parse::<usize>().ok()) else {
            break;
        };
        let Some(field) = rest.get(colon + 1..colon + 1 + length) else {
            break;
        };
        push(field);
        rest = rest.get(colon + 2 + length..).unwrap_or_default();
    }
    found
}

/// A field's text; empty where there is none.
pub(crate) fn field(message: &[u8], name: &str) -> String {
    let fields = fields(message);
    let found = fields.iter().find(|(field, _)| field == name);
    found.map_or(String::new(), |(_, value)| {
        String::from_utf8_lossy(value).into_owned()
    })
}

/// What people read first, then the rest but for what is in all of them.
fn in_words(message: &[u8]) -> String {
    let mut words = format!(
        "{} {} {}",
        field(message, "src"),
        field(message, "seq"),
        field(message, "t")
    );
    for (name, value) in fields(message) {
        let always = [
            "src",
            "seq",
            "t",
            "(1)srcuuid",
            "(1)destuuid",
            "ts",
            "ld",
            "ttl",
            "auth",
        ];
        if !always.contains(&name.as_str()) {
            words += &format!(" {name}={}", String::from_utf8_lossy(&value));
        }
    }
    if !message.starts_with(b"###\n") {
        words += " (classic)";
    }
    words.replace(|letter: char| letter.is_control(), "?")
}

const PORT: u16 = 694;
const HERE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 9);
const EVERYBODY: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 255);
/// How soon the thread notices the end, and how exact "late" is.
const PATIENCE: Duration = Duration::from_millis(5);

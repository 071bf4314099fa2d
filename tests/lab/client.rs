//! A client that asks the virtual address every millisecond, and the service that answers it.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, bind, setsockopt, socket, sockopt,
};

use super::namespace::Namespace;

/// What the client heard: when, and from which node.
pub(crate) struct Client {
    answers: Arc<Mutex<Vec<(Instant, u8)>>>,
    end: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Client {
    /// Starts the client, and on each node a service that answers with the node's number.
    pub(crate) fn new(home: &Namespace, nodes: &[&Namespace], service: Ipv4Addr) -> Self {
        Self::paced(home, nodes, service, PACE)
    }

    /// The same, asking less often.
    pub(crate) fn paced(
        home: &Namespace,
        nodes: &[&Namespace],
        service: Ipv4Addr,
        pace: Duration,
    ) -> Self {
        let answers = Arc::new(Mutex::new(Vec::new()));
        let end = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for (number, node) in nodes.iter().enumerate() {
            let stop = Arc::clone(&end);
            let number = u8::try_from(number).expect("two nodes");
            threads.push(node.spawn_thread(move || answer(number, service, &stop)));
        }
        let asking =
            home.within(|| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port is free"));
        let hearing = asking.try_clone().expect("a descriptor is free");
        let (heard, stop) = (Arc::clone(&answers), Arc::clone(&end));
        threads.push(thread::spawn(move || hear(&hearing, &heard, &stop)));
        let stop = Arc::clone(&end);
        threads.push(thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let _ = asking.send_to(b"?", (service, PORT));
                thread::sleep(pace);
            }
        }));
        Self {
            answers,
            end,
            threads,
        }
    }

    /// The newest answer.
    pub(crate) fn last(&self) -> Option<(Instant, u8)> {
        self.heard().last().copied()
    }

    /// When `node` first answered after `since`.
    pub(crate) fn first_from(&self, node: usize, since: Instant) -> Option<Instant> {
        self.heard()
            .iter()
            .find(|(at, from)| *at >= since && usize::from(*from) == node)
            .map(|(at, _)| *at)
    }

    /// The longest time without an answer since `since`.
    pub(crate) fn longest_silence(&self, since: Instant) -> Duration {
        let heard = self.heard();
        let first = heard
            .partition_point(|(at, _)| *at < since)
            .saturating_sub(1);
        let times = heard[first..].iter().map(|(at, _)| *at);
        let ends = times.clone().skip(1).chain([Instant::now()]);
        times
            .zip(ends)
            .map(|(a, b)| b - a)
            .max()
            .unwrap_or_else(|| since.elapsed())
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, Vec<(Instant, u8)>> {
        self.answers.lock().expect("no holder panics")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Answers from the virtual address, whether the node has it now or not.
fn answer(number: u8, service: Ipv4Addr, end: &AtomicBool) {
    let socket: OwnedFd = socket(
        AddressFamily::Inet,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .expect("a datagram socket");
    setsockopt(&socket, sockopt::IpFreebind, &true).expect("IP_FREEBIND needs no right");
    bind(
        socket.as_raw_fd(),
        &SockaddrIn::from(std::net::SocketAddrV4::new(service, PORT)),
    )
    .expect("a free port");
    let socket = UdpSocket::from(socket);
    socket.set_read_timeout(Some(PATIENCE)).expect("above zero");
    let mut buffer = [0; 16];
    while !end.load(Ordering::Relaxed) {
        if let Ok((_, client)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&[number], client);
        }
    }
}

fn hear(socket: &UdpSocket, answers: &Mutex<Vec<(Instant, u8)>>, end: &AtomicBool) {
    socket.set_read_timeout(Some(PATIENCE)).expect("above zero");
    let mut buffer = [0; 16];
    while !end.load(Ordering::Relaxed) {
        if let Ok((1, SocketAddr::V4(_))) = socket.recv_from(&mut buffer) {
            answers
                .lock()
                .expect("no holder panics")
                .push((Instant::now(), buffer[0]));
        }
    }
}

const PACE: Duration = Duration::from_millis(1);
const PORT: u16 = 7777;
/// How soon the threads notice the end.
const PATIENCE: Duration = Duration::from_millis(100);

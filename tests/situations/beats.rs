//! Listens to the heartbeats of both nodes from a third place, as a peer would.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::lab::namespace::Namespace;

/// When each beat came, and whose it was.
pub(crate) struct Beats {
    heard: Arc<Mutex<Vec<(Instant, IpAddr)>>>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Beats {
    /// Begins to listen: broadcasts come here, too.
    pub(crate) fn new(place: &Namespace) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let end = Arc::new(AtomicBool::new(false));
        let (got, stop) = (Arc::clone(&heard), Arc::clone(&end));
        let thread = place.spawn_thread(move || {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).expect("nobody beats here");
            let wait = Some(Duration::from_millis(100));
            socket.set_read_timeout(wait).expect("above zero");
            while !stop.load(Ordering::Relaxed) {
                if let Ok((_, from)) = socket.recv_from(&mut [0; 512]) {
                    let mut heard = got.lock().expect("no holder panics");
                    heard.push((Instant::now(), from.ip()));
                }
            }
        });
        Self {
            heard,
            end,
            thread: Some(thread),
        }
    }

    /// The longest time without a beat of a node since `since`.
    pub(crate) fn longest_silence(&self, node: usize, since: Instant) -> Duration {
        let number = u8::try_from(node + 1).expect("two nodes");
        let from = IpAddr::from([10, 77, 0, number]);
        let heard = self.heard.lock().expect("no holder panics");
        let beats = heard
            .iter()
            .filter(|beat| beat.1 == from && beat.0 > since)
            .map(|beat| beat.0);
        let mut last = since;
        let gap = |at| at - std::mem::replace(&mut last, at);
        let gaps = beats.chain([Instant::now()]).map(gap);
        gaps.max().unwrap_or_default()
    }
}

impl Drop for Beats {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

const PORT: u16 = 694;

//! Watches whether a namespace has the virtual address, every other millisecond.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::ifaddrs::getifaddrs;

use super::namespace::Namespace;

/// When the address came and went.
pub(crate) struct Watch {
    changes: Arc<Mutex<Vec<(Instant, bool)>>>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to watch.
    pub(crate) fn new(namespace: &Namespace, address: Ipv4Addr) -> Self {
        Self::paced(namespace, address, STEP)
    }

    /// The same, looking less often.
    pub(crate) fn paced(namespace: &Namespace, address: Ipv4Addr, step: Duration) -> Self {
        let changes = Arc::new(Mutex::new(Vec::new()));
        let end = Arc::new(AtomicBool::new(false));
        let (seen, stop) = (Arc::clone(&changes), Arc::clone(&end));
        let thread = namespace.spawn_thread(move || {
            let mut held = false;
            while !stop.load(Ordering::Relaxed) {
                let now = has(address);
                if now != held {
                    held = now;
                    seen.lock()
                        .expect("no holder panics")
                        .push((Instant::now(), held));
                }
                thread::sleep(step);
            }
        });
        Self {
            changes,
            end,
            thread: Some(thread),
        }
    }

    /// Whether it is there now.
    pub(crate) fn holds(&self) -> bool {
        self.changes().last().is_some_and(|(_, held)| *held)
    }

    /// When it last went, if it did after `since` and is away now.
    pub(crate) fn gone_at(&self, since: Instant) -> Option<Instant> {
        self.changes()
            .last()
            .filter(|(at, held)| !held && *at >= since)
            .map(|(at, _)| *at)
    }

    /// How often it came after `since`.
    pub(crate) fn arrivals(&self, since: Instant) -> usize {
        self.changes()
            .iter()
            .filter(|(at, held)| *held && *at >= since)
            .count()
    }

    /// For how long since `since` both have had it.
    pub(crate) fn overlap(&self, other: &Self, since: Instant) -> Duration {
        overlap(&self.changes(), &other.changes(), since)
    }

    /// When it came and went.
    pub(crate) fn changes(&self) -> Vec<(Instant, bool)> {
        self.changes.lock().expect("no holder panics").clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// For how long since `since` both were there, by when each came and went.
pub(crate) fn overlap(a: &[(Instant, bool)], b: &[(Instant, bool)], since: Instant) -> Duration {
    let mut all: Vec<_> = a.iter().map(|(at, has)| (*at, 0, *has)).collect();
    all.extend(b.iter().map(|(at, has)| (*at, 1, *has)));
    all.sort_by_key(|(at, ..)| *at);
    let (mut held, mut last, mut total) = ([false; 2], since, Duration::ZERO);
    for (at, who, has) in all.into_iter().chain([(Instant::now(), 0, false)]) {
        if held == [true; 2] {
            total += at.saturating_duration_since(last.max(since));
        }
        held[who] = has;
        last = at;
    }
    total
}

/// Whether the calling thread's namespace has the address.
fn has(address: Ipv4Addr) -> bool {
    getifaddrs().is_ok_and(|mut all| {
        all.any(|one| {
            one.address
                .and_then(|a| a.as_sockaddr_in().map(nix::sys::socket::SockaddrIn::ip))
                == Some(address)
        })
    })
}

const STEP: Duration = Duration::from_millis(2);

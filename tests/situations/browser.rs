//! A client that fetches a page over and over, and remembers when it came and what it said.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::lab::namespace::Namespace;

/// What it got.
pub(crate) struct Browser {
    pages: Arc<Mutex<Vec<(Instant, String)>>>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Browser {
    /// Begins to ask, from `home`.
    pub(crate) fn new(home: &Namespace, server: SocketAddr) -> Self {
        let pages = Arc::new(Mutex::new(Vec::new()));
        let end = Arc::new(AtomicBool::new(false));
        let (got, stop) = (Arc::clone(&pages), Arc::clone(&end));
        let thread = home.spawn_thread(move || {
            while !stop.load(Ordering::Relaxed) {
                if let Ok(page) = get(server) {
                    let mut pages = got.lock().expect("no holder panics");
                    pages.push((Instant::now(), page));
                }
                thread::sleep(PAUSE);
            }
        });
        Self {
            pages,
            end,
            thread: Some(thread),
        }
    }

    /// The newest page, if it is younger than a moment.
    pub(crate) fn sees(&self, page: &str) -> bool {
        let pages = self.pages.lock().expect("no holder panics");
        let last = pages.last();
        last.is_some_and(|(at, got)| at.elapsed() < MOMENT && got == page)
    }

    /// The longest time without any page since `since`.
    pub(crate) fn outage(&self, since: Instant) -> Duration {
        let pages = self.pages.lock().expect("no holder panics");
        let after = pages.iter().map(|page| page.0).filter(|at| *at > since);
        let ends = after.chain([Instant::now()]);
        let mut last = since;
        let gap = |at| at - std::mem::replace(&mut last, at);
        ends.map(gap).max().unwrap_or_default()
    }

    /// The pages since `since`, each named once for as long as it stayed the same.
    pub(crate) fn seen(&self, since: Instant) -> Vec<String> {
        let pages = self.pages.lock().expect("no holder panics");
        let after = pages.iter().filter(|page| page.0 > since);
        let mut seen: Vec<_> = after.map(|page| page.1.clone()).collect();
        seen.dedup();
        seen
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One page, by a connection of its own.
fn get(server: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    match text.split_once("\r\n\r\n") {
        Some((head, page)) if head.contains(" 200 ") => Ok(page.trim().to_owned()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Between two pages.
const PAUSE: Duration = Duration::from_millis(5);
/// For a connection, and for a page: beyond it another is asked for.
const PATIENCE: Duration = Duration::from_millis(40);
/// How old the newest page may be on a loaded machine.
const MOMENT: Duration = Duration::from_millis(300);

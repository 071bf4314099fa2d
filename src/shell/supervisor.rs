//! What sd_notify(3) says to whoever started this program: that it works, that it is leaving, and, where that
//! is asked for, that its loop still turns. Nothing waits for it, and where nobody asks nothing is said.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::sys::socket::SockType;
use twinbeat::time::{Duration, Instant};

use crate::{socket, sys};

/// systemd, or nobody.
pub(crate) struct Supervisor {
    socket: Option<OwnedFd>,
    /// Between two signs of life: a third of what it waits for one.
    pace: Duration,
    next_at: Instant,
}

impl Supervisor {
    /// As the environment names it: `NOTIFY_SOCKET`, a path; `WATCHDOG_USEC`, unless `WATCHDOG_PID` says
    /// that it is for another process.
    pub(crate) fn found() -> Self {
        let number = |name| sys::variable(name).and_then(|text| text.parse().ok());
        let pid = number(c"WATCHDOG_PID");
        let patience = number(c"WATCHDOG_USEC")
            .filter(|_| pid.is_none_or(|pid| pid == u64::from(std::process::id())));
        Self::at(sys::variable(c"NOTIFY_SOCKET"), patience)
    }

    /// `patience` in microseconds.
    fn at(path: Option<&str>, patience: Option<u64>) -> Self {
        let connected = |path| socket::connected(Path::new(path), SockType::Datagram).ok();
        let socket = path.and_then(connected);
        let patience = patience.filter(|_| socket.is_some()).unwrap_or_default();
        Self {
            socket,
            pace: Duration::from_micros(patience / 3),
            next_at: if patience == 0 {
                Instant::NEVER
            } else {
                Instant::default()
            },
        }
    }

    /// One assignment; one that cannot be taken at once is lost.
    pub(crate) fn say(&self, what: &str) {
        if let Some(socket) = &self.socket {
            let _ = sys::send_at_once(socket.as_fd(), what.as_bytes());
        }
    }

    /// A sign of life, when it is time.
    pub(crate) fn tend(&mut self, now: Instant) {
        if now >= self.next_at {
            self.next_at = now.after(self.pace);
            self.say("WATCHDOG=1");
        }
    }

    /// The loop must run then.
    pub(crate) fn deadline(&self) -> Instant {
        self.next_at
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn heard(socket: &UnixDatagram) -> Option<String> {
        let mut bytes = [0; 64];
        let count = socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..count]).into_owned())
    }

    fn socket() -> (UnixDatagram, String) {
        let path = crate::testing::folder().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        (socket, path.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_sign_of_life_is_given_three_times_within_the_patience() {
        let (socket, path) = socket();
        let mut supervisor = Supervisor::at(Some(&path), Some(3_000_000));
        let mut now = Instant::default().after(Duration::from_secs(100));
        assert!(supervisor.deadline() <= now);
        for _ in 0..3 {
            supervisor.tend(now);
            assert_eq!(heard(&socket).as_deref(), Some("WATCHDOG=1"));
            assert_eq!(supervisor.deadline(), now.after(Duration::from_secs(1)));
            supervisor.tend(now);
            assert_eq!(heard(&socket), None, "not before it is time");
            now = supervisor.deadline();
        }
    }

    #[test]
    fn words_are_said_without_being_asked_for_signs_of_life() {
        let (socket, path) = socket();
        let mut supervisor = Supervisor::at(Some(&path), None);
        supervisor.tend(crate::clock::now());
        supervisor.say("READY=1");
        assert_eq!(heard(&socket).as_deref(), Some("READY=1"));
        assert_eq!(supervisor.deadline(), Instant::NEVER);
    }

    #[test]
    fn where_nobody_listens_nothing_is_due() {
        for path in [None, Some("/proc/nowhere")] {
            let mut supervisor = Supervisor::at(path, Some(3_000_000));
            supervisor.say("READY=1");
            supervisor.tend(crate::clock::now());
            assert_eq!(supervisor.deadline(), Instant::NEVER);
        }
    }

    #[test]
    fn one_that_reads_nothing_holds_nobody_up() {
        let (_socket, path) = socket();
        let mut supervisor = Supervisor::at(Some(&path), Some(3));
        let mut now = crate::clock::now();
        for _ in 0..2000 {
            supervisor.tend(now);
            now = supervisor.deadline();
        }
        assert!(crate::clock::now() < now.after(Duration::from_secs(1)));
    }
}

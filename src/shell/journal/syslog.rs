//! One line to the local syslog: a datagram to `/dev/log` in the form of RFC 3164 section 4.1, but
//! without its time: section 4.3 has whoever takes it put in his own, who knows the zone.

use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use nix::errno::Errno;
use nix::sys::socket::SockType;
use twinbeat::time::{Duration, Instant};

use crate::journal::Level;
use crate::{clock, socket, sys};

/// How long a syslog that is not there is left alone.
const RETRY: Duration = Duration::from_secs(5);

/// A connection to the local syslog, made again when it breaks.
pub(super) struct Syslog {
    path: PathBuf,
    facility: u8,
    socket: Option<OwnedFd>,
    retry_at: Instant,
}

impl Syslog {
    /// For lines of this facility; connects when there is something to say.
    pub(super) fn new(facility: u8) -> Self {
        Self {
            path: "/dev/log".into(),
            facility,
            socket: None,
            retry_at: Instant::default(),
        }
    }

    /// Sends one line; one that cannot be taken at once is lost.
    pub(super) fn write(&mut self, level: Level, text: &str) {
        let priority = u32::from(self.facility) * 8 + severity(level);
        // OpenWrt's logd cuts sixteen bytes off whatever has a space as the sixteenth, as a time. With a
        // number of four digits this would be the one before the text.
        let line = format!("<{priority}>twinbeat[{:05}]: {text}", std::process::id());
        // A syslog that was started anew has another socket: once more, then.
        for _ in 0..2 {
            let Some(socket) = self.connected() else {
                return;
            };
            match sys::send_at_once(socket.as_fd(), line.as_bytes()) {
                Ok(()) | Err(Errno::EAGAIN) => return,
                Err(_) => self.socket = None,
            }
        }
    }

    fn connected(&mut self) -> Option<&OwnedFd> {
        if self.socket.is_none() && self.retry_at <= clock::now() {
            self.socket = socket::connected(&self.path, SockType::Datagram).ok();
            if self.socket.is_none() {
                self.retry_at = clock::now().after(RETRY);
            }
        }
        self.socket.as_ref()
    }
}

const fn severity(level: Level) -> u32 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug => 7,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    fn at(path: PathBuf) -> Syslog {
        Syslog {
            path,
            ..Syslog::new(3)
        }
    }

    #[test]
    fn a_line_has_the_form_every_syslog_reads() {
        let path = crate::testing::folder().join("log");
        let server = UnixDatagram::bind(&path).unwrap();
        at(path).write(Level::Warn, "peer beta is late");
        let mut bytes = [0; 200];
        let count = server.recv(&mut bytes).unwrap();
        let line = std::str::from_utf8(&bytes[..count]).unwrap();
        let pid = std::process::id();
        assert_eq!(line, format!("<28>twinbeat[{pid:05}]: peer beta is late"));
        assert_ne!(line.as_bytes()["<28>".len() + 15], b' ');
    }

    #[test]
    fn a_syslog_that_is_started_anew_is_found_again() {
        let path = crate::testing::folder().join("log");
        let mut syslog = at(path.clone());
        let first = UnixDatagram::bind(&path).unwrap();
        syslog.write(Level::Info, "one");
        drop(first);
        std::fs::remove_file(&path).unwrap();
        let second = UnixDatagram::bind(&path).unwrap();
        syslog.write(Level::Info, "two");
        second.set_nonblocking(true).unwrap();
        assert!(second.recv(&mut [0; 200]).is_ok());
    }

    #[test]
    fn a_syslog_that_reads_nothing_holds_nobody_up() {
        let path = crate::testing::folder().join("log");
        let _server = UnixDatagram::bind(&path).unwrap();
        let mut syslog = at(path);
        let began = clock::now();
        for _ in 0..2000 {
            syslog.write(Level::Info, "again");
        }
        assert!(clock::now().since(began) < Duration::from_secs(1));
    }
}

//! One line to the local syslog: a datagram to `/dev/log` in the form of RFC 3164 section 4.1.

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use log::Level;
use twinbeat::time::{Duration, Instant};

use crate::{clock, files, sys};

/// How long a syslog that is not there is left alone.
const RETRY: Duration = Duration::from_secs(5);

/// A connection to the local syslog, made again when it breaks.
pub(super) struct Syslog {
    path: PathBuf,
    facility: u8,
    socket: Option<UnixDatagram>,
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
        let (at, pid) = (timestamp(), std::process::id());
        let line = format!("<{priority}>{at} twinbeat[{pid}]: {text}");
        // A syslog that was started anew has another socket: once more, then.
        for _ in 0..2 {
            let Some(socket) = self.connected() else {
                return;
            };
            match socket.send(line.as_bytes()) {
                Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => self.socket = None,
                Ok(_) | Err(_) => return,
            }
        }
    }

    fn connected(&mut self) -> Option<&UnixDatagram> {
        if self.socket.is_none() && self.retry_at <= clock::now() {
            self.socket = UnixDatagram::unbound().ok().filter(|socket| {
                files::never_block(socket).is_ok() && socket.connect(&self.path).is_ok()
            });
            if self.socket.is_none() {
                self.retry_at = clock::now().after(RETRY);
            }
        }
        self.socket.as_ref()
    }
}

/// `Nov 21 21:25:17`, local time.
pub(super) fn timestamp() -> String {
    calendar(SystemTime::now())
}

fn calendar(time: SystemTime) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let [month, day, hour, minute, second] = sys::local_time(seconds);
    let month = MONTHS.get(usize::from(month)).unwrap_or(&"Jan");
    format!("{month} {day:2} {hour:02}:{minute:02}:{second:02}")
}

const fn severity(level: Level) -> u32 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

#[cfg(test)]
mod tests {
    use nix::sys::memfd::{MFdFlags, memfd_create};

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
        assert!(line.starts_with("<28>"), "{line}");
        assert_eq!(&line[7..8], " ");
        assert!(line.ends_with(&format!(
            " twinbeat[{}]: peer beta is late",
            std::process::id()
        )));
    }

    #[test]
    fn lines_from_after_2038_have_their_own_date() {
        // 2040-07-15 12:00 UTC, anywhere on earth; 32 bits would make it 1904-06-09.
        let time = UNIX_EPOCH + std::time::Duration::from_secs(2_225_966_400);
        let line = calendar(time);
        assert!(
            ["Jul 14 ", "Jul 15 ", "Jul 16 "].contains(&&line[..7]),
            "{line}"
        );
        // The same by way of the kernel, both ways.
        let file = memfd_create("time", MFdFlags::empty()).unwrap();
        let file = std::fs::File::from(file);
        file.set_modified(time).unwrap();
        assert_eq!(file.metadata().unwrap().modified().unwrap(), time);
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

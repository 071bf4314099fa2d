//! A link over a serial line: the core's [`Line`] says what leaves and when, its [`Decoder`] makes
//! frames of what comes; beside a real heartbeat a [`Queue`] and a [`Collector`] of text.

use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use twinbeat::Node;
use twinbeat::action::Carrier;
use twinbeat::config::Dialect;
use twinbeat::id::LinkId;
use twinbeat::serial::{self, Class, Decoder, Incoming, Line, Outgoing, Queue};
use twinbeat::time::{Duration, Instant};
use twinbeat::wire::linux_ha::Collector;

use super::tty::{self, Tty};
use super::{Link, Links, Socket};
use crate::{clock, journal, sys};

/// An open line.
pub(super) struct Port {
    tty: Tty,
    baud: u32,
    line: Box<dyn Outgoing>,
    decoder: Box<dyn Incoming>,
    /// When the last byte written will have left.
    free_at: Instant,
    /// Bytes read since the last good frame.
    useless: usize,
    /// What was read and not decoded yet: `came[from..to]`.
    came: [u8; 256],
    from: usize,
    to: usize,
}

impl Port {
    /// Opens the device.
    pub(super) fn open(
        path: &str,
        baud: u32,
        rtscts: bool,
        keepalive: Duration,
        dialect: Dialect,
    ) -> Result<Self, String> {
        let tty = Tty::open(path, baud, rtscts)?;
        let (line, decoder): (Box<dyn Outgoing>, Box<dyn Incoming>) = match dialect {
            Dialect::Native => (
                Box::new(Line::new(baud, keepalive)),
                Box::new(Decoder::new()),
            ),
            Dialect::LinuxHa => (
                Box::new(Queue::new(baud, keepalive)),
                Box::new(Collector::new()),
            ),
        };
        Ok(Self {
            tty,
            baud,
            line,
            decoder,
            free_at: Instant::default(),
            useless: 0,
            came: [0; 256],
            from: 0,
            to: 0,
        })
    }

    /// Takes a frame; it leaves when it is its turn.
    pub(super) fn send(&mut self, now: Instant, frame: &[u8], class: Class) -> Result<(), Errno> {
        self.line.offer(now, frame, class);
        self.pump(now)
    }

    /// Writes what is due; at [`Self::deadline`].
    pub(super) fn pump(&mut self, now: Instant) -> Result<(), Errno> {
        self.line.holds(now, self.tty.holds());
        if self.line.is_stalled(now) {
            self.tty.forget();
        }
        let result = serial::send(now, &mut *self.line, &mut self.tty);
        let written = self.tty.take_written();
        if written > 0 {
            self.free_at = self.free_at.max(now).after(self.time(written));
        }
        result.map_err(|gone| gone.0)
    }

    /// When everything has left, or should be pumped again; `NEVER` when it has left.
    pub(super) fn leaves_at(&self, now: Instant) -> Instant {
        let left_at = self.free_at.after(IN_THE_CHIP);
        let at = self.line.deadline();
        if now < left_at { at.min(left_at) } else { at }
    }

    /// When there may be something to write.
    pub(super) fn deadline(&self) -> Instant {
        self.line.deadline()
    }

    /// The next frame, cut off at the end of `buf`; `None` when there is none yet.
    pub(super) fn receive(&mut self, buf: &mut [u8]) -> Result<Option<usize>, Errno> {
        // As much as a tty keeps; a line that brings noise without end is left alone then.
        for _ in 0..16 {
            // Both are ends of what was read.
            let mut rest = &self.came[self.from..self.to];
            if let Some(frame) = self.decoder.feed(&mut rest) {
                let len = frame.len().min(buf.len());
                buf[..len].copy_from_slice(&frame[..len]);
                self.from = self.to - rest.len();
                self.useless = 0;
                return Ok(Some(len));
            }
            (self.from, self.to) = (0, 0);
            self.to = self.tty.read(&mut self.came).map_err(|gone| gone.0)?;
            if self.to == 0 {
                return Ok(None);
            }
            self.useless = self.useless.saturating_add(self.to);
        }
        Ok(None)
    }

    /// Whether more was read than was handed over: no descriptor tells of it.
    pub(super) const fn has_more(&self) -> bool {
        self.from < self.to
    }

    /// Whether it brings what is no frame and nothing else.
    pub(super) fn is_noisy(&self) -> bool {
        self.useless > 2 * self.decoder.longest()
    }

    /// How long so many bytes are on the line, with a start and a stop bit each.
    fn time(&self, bytes: usize) -> Duration {
        Duration::from_secs(10).scaled(bytes as u64, self.baud.into())
    }

    /// Runs of bytes that were no frame.
    pub(super) fn noise(&self) -> u32 {
        self.decoder.noise()
    }
}

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.tty.as_fd()
    }
}

impl Links {
    /// Whether it brings noise and nothing else.
    pub(crate) fn is_noisy(&self, link: LinkId) -> bool {
        self.links.get(link.index()).is_some_and(
            |link| matches!(&link.socket, Some(Socket::Serial(port)) if port.is_noisy()),
        )
    }

    /// Lets what waits for slow lines leave, for half a second at most, the last words of this program;
    /// then closes them all.
    pub(crate) fn finish(&mut self) {
        let text = self.links.first().map(|link| link.dialect) == Some(Dialect::LinuxHa);
        let until = clock::now().after(if text { LAST_TEXT } else { LAST_WORDS });
        loop {
            let now = clock::now();
            let mut at = Instant::NEVER;
            for link in &mut self.links {
                if let Some(Socket::Serial(port)) = &mut link.socket
                    && port.pump(now).is_ok()
                {
                    at = at.min(port.leaves_at(now));
                }
            }
            if at == Instant::NEVER || now >= until {
                break;
            }
            sys::poll(&mut [], at.min(until).since(now).micros());
        }
        self.links.clear();
    }

    /// Why a serial line is not open, in words; empty if it is.
    pub(crate) fn trouble(&self, link: LinkId) -> &str {
        self.links
            .get(link.index())
            .map_or("", |link| link.trouble.as_str())
    }
}

impl Link {
    /// Opens the device if it is time to, or lets the line write what is due.
    pub(super) fn update_line(&mut self, now: Instant, baud: u32, rtscts: bool) {
        let result = match &mut self.socket {
            Some(Socket::Serial(port)) => port.pump(now).map_err(tty::said),
            _ if self.retry_at != Instant::NEVER && now < self.retry_at => return,
            _ => Port::open(&self.device, baud, rtscts, self.keepalive, self.dialect).map(|port| {
                self.socket = Some(Socket::Serial(Box::new(port)));
                (self.running, self.retry_at) = (true, Instant::NEVER);
                self.trouble = String::new();
            }),
        };
        if let Err(why) = result {
            self.lose_line(now, why);
        }
    }

    /// Passes a frame of another node on.
    pub(super) fn pass_on(&mut self, now: Instant, frame: &[u8]) {
        if let Some(Socket::Serial(port)) = &mut self.socket
            && let Err(error) = port.send(now, frame, Node::class_passed_on(frame))
        {
            self.lose_line(now, tty::said(error));
        }
    }

    /// It will be opened again.
    pub(super) fn lose_line(&mut self, now: Instant, why: String) {
        // Of a lost carrier the core tells, with this; and what is lost is missing soon.
        let known = self.trouble == why || !self.trouble.is_empty() && why == tty::MISSING;
        if self.told == Carrier::Down && !known {
            journal::warn(format_args!("link serial {}: down: {why}", self.device));
        }
        self.socket = None;
        (self.running, self.trouble, self.retry_at) = (false, why, now.after(AGAIN));
    }
}

/// What leaves a kernel's buffer is still in the chip, or in the adapter.
const IN_THE_CHIP: Duration = Duration::from_millis(20);

/// Until a line is opened again: who has it is looked for in every process.
const AGAIN: Duration = Duration::from_secs(2);

/// Longer than the last words take at 9600 baud, four frames of 80 bytes.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// The same for text, and eight messages of 240 bytes: a heartbeat says several when it goes.
const LAST_TEXT: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use nix::fcntl::{FcntlArg, OFlag, fcntl};
    use nix::pty::{OpenptyResult, openpty};
    use std::io::{Read, Write};

    /// A line of 460800 baud, and the other end of its cable.
    fn line() -> (Port, std::fs::File) {
        line_of(Dialect::Native)
    }

    fn line_of(dialect: Dialect) -> (Port, std::fs::File) {
        let OpenptyResult { master, slave } = openpty(None, None).unwrap();
        let path = nix::unistd::ttyname(&slave).unwrap();
        let keepalive = Duration::from_millis(100);
        let path = path.to_str().unwrap();
        let port = Port::open(path, 460_800, false, keepalive, dialect).unwrap();
        fcntl(&master, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        (port, master.into())
    }

    fn now() -> Instant {
        clock::now()
    }

    /// What has left the line, to the end of a frame; a pty hands it over soon, and in pieces if it likes.
    fn left(far: &mut std::fs::File) -> Vec<u8> {
        let (mut piece, mut bytes) = ([0; 4096], Vec::new());
        for _ in 0..TRIES {
            if let Ok(count) = far.read(&mut piece) {
                bytes.extend_from_slice(&piece[..count]);
            }
            let ends = bytes.ends_with(b"\0") || bytes.ends_with(b"<<<\n");
            if ends && bytes.len() > 8 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        bytes
    }

    /// Ten seconds, for a loaded machine.
    const TRIES: usize = 2000;

    #[test]
    fn a_frame_goes_over_a_tty_and_is_read_at_its_other_end() {
        let ((mut here, mut near), (mut there, mut far)) = (line(), line());
        here.send(now(), b"one\0two", Class::Beat).unwrap();
        far.write_all(&left(&mut near)).unwrap();
        let mut buf = [0; 256];
        for _ in 0..TRIES {
            if let Some(len) = there.receive(&mut buf).unwrap() {
                assert_eq!(&buf[..len], b"one\0two");
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("nothing came");
    }

    #[test]
    fn text_goes_over_a_tty_as_it_stands_and_is_found_among_noise() {
        let (mut port, mut far) = line_of(Dialect::LinuxHa);
        let message = b">>>\nt=status\nauth=1 0\n<<<\n";
        port.send(now(), message, Class::Beat).unwrap();
        let mut sent = left(&mut far);
        assert!(sent.ends_with(message), "{sent:?}");
        assert_eq!(sent.len(), message.len() + 5, "behind the end of another");
        // A break at the other end, a message without its end, and one that is whole.
        far.write_all(b"\0\0>>>\nt=sta").unwrap();
        sent.extend_from_slice(message);
        far.write_all(&sent).unwrap();
        let mut buf = [0; 256];
        let mut heard = 0;
        for _ in 0..TRIES {
            std::thread::sleep(std::time::Duration::from_millis(5));
            while let Some(len) = port.receive(&mut buf).unwrap() {
                heard += usize::from(&buf[..len] == message);
            }
            if heard == 2 {
                return;
            }
        }
        panic!("heard {heard}, and {} were none", port.noise());
    }

    #[test]
    fn a_frame_behind_noise_is_read_and_the_noise_is_counted() {
        let ((mut here, mut near), (mut there, mut far)) = (line(), line());
        here.send(now(), b"frame", Class::Beat).unwrap();
        far.write_all(b"\x07noise\r\n\x00").unwrap();
        far.write_all(&left(&mut near)).unwrap();
        let mut buf = [0; 256];
        let heard = (0..TRIES).find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            there.receive(&mut buf).unwrap()
        });
        assert_eq!(heard, Some(5));
        assert_eq!(there.noise(), 1);
    }

    #[test]
    fn of_two_frames_read_at_once_none_is_lost() {
        let (mut there, mut far) = line();
        let mut both = Vec::new();
        for frame in [&b"one"[..], b"two"] {
            let mut out = [0; 16];
            let len = serial::encode(frame, &mut out).unwrap();
            both.extend_from_slice(&out[..len]);
        }
        far.write_all(&both).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
        let mut buf = [0; 256];
        assert_eq!(there.receive(&mut buf), Ok(Some(3)));
        assert!(there.has_more());
        assert_eq!(there.receive(&mut buf), Ok(Some(3)));
        assert_eq!(&buf[..3], b"two");
    }

    #[test]
    fn a_line_that_is_pulled_out_says_so() {
        let (mut here, near) = line();
        drop(near);
        assert_eq!(here.receive(&mut [0; 256]), Err(Errno::EIO));
    }

    #[test]
    fn what_is_no_tty_or_taken_is_refused() {
        let keepalive = Duration::from_millis(100);
        let open =
            |path: &str| Port::open(path, 19200, false, keepalive, Dialect::Native).map(|_| ());
        for (path, why) in [
            ("/nonexistent/tty", "no such device"),
            ("/etc/passwd", "no serial line"),
            ("/dev/full", "no serial line"),
        ] {
            assert!(open(path).unwrap_err().contains(why), "{path}");
        }
        let OpenptyResult {
            master: _master,
            slave,
        } = openpty(None, None).unwrap();
        let path = nix::unistd::ttyname(&slave).unwrap();
        let path = path.to_str().unwrap();
        let _first = Port::open(path, 19200, false, keepalive, Dialect::Native).unwrap();
        let said = open(path).unwrap_err();
        // Perhaps one that another test has just begun, and that has not yet closed what it was given.
        assert!(said.contains(" has it"), "{said}");
    }
}

//! `control.sock` in `rundir`: one request line of at most 256 bytes, the reply, end of file.
//!
//! The reply's first line is `ok` or `error: WHY`; what was asked for follows. Requests:
//! `status`, `status --json`, `heartbeat`, `events [--json] [N]`, `standby [all|local|foreign|KEY]` and the
//! like (see `order`), `settled [...]` (see `status::settled`), `reload`, `reload status`. At most four at
//! one time and two seconds each; only root may connect (mode 0600).

mod order;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::task::Poll;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::sys::socket::{SockType, setsockopt, sockopt};
use nix::sys::stat::{Mode, umask};
use nix::sys::time::TimeVal;
use nix::unistd::{self, ftruncate};
use twinbeat::action::Selection;
use twinbeat::config::Config;
use twinbeat::time::{Duration, Instant};

use crate::reactor::Reactor;
use crate::sys::{self, Watch};
use crate::{files, journal, socket};
use order::Line;
pub(crate) use order::Order;

/// Longest request, its newline included.
const MAX_REQUEST: usize = 256;
/// Connections at one time.
const MAX_CONNECTIONS: usize = 4;
/// How long one may take, there and back.
const LIMIT: Duration = Duration::from_secs(2);
/// How long a client waits; the loop may be stopping an address at the moment.
const CLIENT_LIMIT: TimeVal = TimeVal::new(5, 0);
/// Far more than the longest status.
const MAX_REPLY: usize = 256 * 1024;
const SOCKET: &str = "control.sock";
const LOCK: &str = "twinbeat.lock";

/// The socket, and the lock that makes this the only program on its directory.
pub(crate) struct Control {
    listener: OwnedFd,
    path: PathBuf,
    _lock: Flock<OwnedFd>,
    open: &'static Cell<usize>,
    asked: &'static RefCell<Vec<Asked>>,
}

/// A request line that waits for its reply.
pub(crate) struct Asked {
    line: String,
    reply: Reply,
}

/// Where the answer is put; the task that serves the connection looks there.
type Reply = Rc<Cell<Option<String>>>;

/// What can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Tell what the node knows.
    Status {
        /// For programs.
        json: bool,
    },
    /// What heartbeat's commands are made of.
    Heartbeat,
    /// Whether groups have come to rest.
    Settled(Selection),
    /// Tell what happened.
    Events {
        /// From this number on; otherwise all.
        from: Option<u32>,
        /// For programs.
        json: bool,
    },
    /// Do something.
    Order(Order),
    /// Tell how the reload goes.
    Reload {
        /// Begin one first.
        again: bool,
    },
}

/// Why there was no good reply.
#[derive(Debug)]
pub(crate) enum AskError {
    /// Nobody listens.
    NotRunning,
    /// The program said why not.
    Refused(String),
    /// It could not be asked.
    Failed(Errno),
}

impl Control {
    /// Takes the directory; the error is a sentence.
    pub(crate) fn open(rundir: &Path) -> Result<Self, String> {
        let shown = files::shown(rundir);
        Self::take(rundir).map_err(|error| match error {
            Errno::EAGAIN => format!("another twinbeat runs on {shown} already"),
            error => format!("{shown}/{SOCKET}: {}", journal::errno(error)),
        })
    }

    /// `EAGAIN` where another has it.
    fn take(rundir: &Path) -> Result<Self, Errno> {
        files::make_folder(rundir)?;
        let path = files::below(rundir, SOCKET);
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT;
        let file = files::open(&files::below(rundir, LOCK), flags, 0o600)?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, why)| why)?;
        // For people; the lock itself is what counts.
        let pid = format!("{}\n", std::process::id());
        let _ = (
            ftruncate(&*lock, 0),
            files::write(lock.as_fd(), pid.as_bytes()),
        );
        // A socket that nobody answers was left behind.
        if socket::connected(&path, SockType::Stream).is_ok() {
            return Err(Errno::EAGAIN);
        }
        match files::remove(&path) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(error) => return Err(error),
        }
        // From its first moment for its owner alone.
        let before = umask(Mode::from_bits_truncate(0o177));
        let listener = socket::listening(&path);
        umask(before);
        Ok(Self {
            listener: listener?,
            path,
            _lock: lock,
            open: Box::leak(Box::default()),
            asked: Box::leak(Box::default()),
        })
    }

    /// Begins to serve who waits at the door; when the descriptor is readable.
    pub(crate) fn accept(&self, reactor: &'static Reactor) {
        let Ok(stream) = sys::accept(self.listener.as_fd()) else {
            return;
        };
        if self.open.get() >= MAX_CONNECTIONS {
            let _ = unistd::write(&stream, b"error: busy\n");
            return;
        }
        self.open.set(self.open.get() + 1);
        let (open, asked) = (self.open, self.asked);
        reactor.spawn(async move {
            let _ = serve(reactor, &stream, asked).await;
            open.set(open.get() - 1);
        });
    }

    /// The next request.
    pub(crate) fn poll_asked(&self) -> Option<Asked> {
        let mut asked = self.asked.borrow_mut();
        (!asked.is_empty()).then(|| asked.remove(0))
    }

    /// Nobody is served any more.
    pub(crate) fn close(&self) {
        let _ = files::remove(&self.path);
    }
}

impl AsRawFd for Control {
    fn as_raw_fd(&self) -> RawFd {
        self.listener.as_raw_fd()
    }
}

impl Asked {
    /// What it means.
    pub(crate) fn request(&self, config: &Config) -> Result<Request, &'static str> {
        parse(&self.line, config)
    }

    /// Answers it; the error is a sentence.
    pub(crate) fn answer(self, reply: Result<String, String>) {
        let text = match reply {
            Ok(body) => format!("ok\n{body}"),
            Err(why) => format!("error: {why}\n"),
        };
        self.reply.set(Some(text));
    }
}

/// Until no program has this directory.
pub(crate) fn wait_until_ended(rundir: &Path) {
    let Ok(mut lock) = files::open(&files::below(rundir, LOCK), OFlag::O_RDONLY, 0) else {
        return;
    };
    while let Err((same, Errno::EINTR)) = Flock::lock(lock, FlockArg::LockShared) {
        lock = same;
    }
}

/// Asks the program that runs on this directory.
pub(crate) fn ask(rundir: &Path, request: &str) -> Result<String, AskError> {
    let failed = AskError::Failed;
    let stream = match socket::connected(&files::below(rundir, SOCKET), SockType::Stream) {
        Err(Errno::ENOENT | Errno::ECONNREFUSED) => return Err(AskError::NotRunning),
        other => other.map_err(failed)?,
    };
    setsockopt(&stream, sockopt::ReceiveTimeout, &CLIENT_LIMIT).map_err(failed)?;
    // One that is refused at the door is answered all the same.
    let _ = files::write(stream.as_fd(), format!("{request}\n").as_bytes());
    let reply = files::read(stream.as_fd(), MAX_REPLY).map_err(failed)?;
    let reply = files::text(&reply);
    match reply.split_once('\n') {
        Some(("ok", body)) => Ok(body.to_owned()),
        Some(_) => Err(AskError::Refused(
            reply
                .strip_prefix("error: ")
                .unwrap_or(&reply)
                .trim_ascii_end()
                .to_owned(),
        )),
        None => Err(failed(Errno::ECONNRESET)),
    }
}

fn parse(line: &str, config: &Config) -> Result<Request, &'static str> {
    let line = Line::new(line)?;
    Ok(match (line.verb, line.about) {
        ("status", None) => Request::Status { json: line.json },
        ("heartbeat", None) => Request::Heartbeat,
        ("settled", which) => Request::Settled(order::selection(which, config)?),
        ("events", from) => {
            // As all numbers are read, so that there is one way.
            let number = |word: &str| u32::try_from(word.parse::<u64>().ok()?).ok();
            let number = from.map(|word| number(word).ok_or("events takes --json and a number"));
            Request::Events {
                from: number.transpose()?,
                json: line.json,
            }
        }
        ("reload", None) => Request::Reload { again: true },
        ("reload", Some("status")) => Request::Reload { again: false },
        _ => Request::Order(line.order(config)?),
    })
}

/// Until the reply is written, or the client has gone.
async fn serve(
    reactor: &'static Reactor,
    stream: &OwnedFd,
    asked: &RefCell<Vec<Asked>>,
) -> Option<()> {
    let until = reactor.now().after(LIMIT);
    let answer = Reply::default();
    let reply = Rc::clone(&answer);
    let mut bytes = [0; MAX_REQUEST];
    let mut len = 0;
    let line = loop {
        // `len` never passes the end.
        match unistd::read(stream, &mut bytes[len..]) {
            Ok(0) => break None,
            Ok(count) => {
                len += count;
                if let Some(end) = bytes[..len].iter().position(|byte| *byte == b'\n') {
                    break std::str::from_utf8(&bytes[..end]).ok();
                }
            }
            Err(error) => {
                let watch = Watch::readable(stream.as_raw_fd());
                go_on(reactor, error, watch, until).await?;
            }
        }
    };
    let request = Asked {
        line: line.unwrap_or_default().to_owned(),
        reply,
    };
    if line.is_some() {
        asked.borrow_mut().push(request);
    } else {
        request.answer(Err("not a line of at most 256 bytes".to_owned()));
    }
    let text = poll_fn(|_| match answer.take() {
        Some(text) => Poll::Ready(text),
        None => Poll::Pending,
    })
    .await;
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match unistd::write(stream, rest) {
            Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            Err(error) => {
                let watch = Watch::writable(stream.as_raw_fd());
                go_on(reactor, error, watch, until).await?;
            }
        }
    }
    Some(())
}

/// After an error that will pass, when it has.
async fn go_on(
    reactor: &'static Reactor,
    error: Errno,
    watch: Watch,
    until: Instant,
) -> Option<()> {
    let goes_on = match error {
        Errno::EAGAIN => reactor.wait(&[watch], until).await,
        error => error == Errno::EINTR,
    };
    goes_on.then_some(())
}

#[cfg(test)]
mod tests;

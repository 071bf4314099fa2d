//! Links: the media heartbeats travel on. One over UDP is bound to its interface, so that every
//! datagram belongs to exactly one link, and lives through the interface's absence: it is opened when
//! the interface is there, and again when it comes back as another one. A serial line is opened when
//! its device can be had, and again after that was pulled out.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};
use twinbeat::Node;
use twinbeat::action::Carrier;
use twinbeat::config::{self, Change, Config, Dialect, Medium};
use twinbeat::id::{LinkId, MAX_LINKS};
use twinbeat::time::{Duration, Instant};

use crate::interface::{Interface, Interfaces};
pub(crate) use tty::trouble;
pub(crate) use udp::host;

mod owner;
mod serial;
mod tty;
mod udp;

/// Every link of the configuration, in its order.
pub(crate) struct Links {
    links: heapless::Vec<Link, MAX_LINKS>,
}

/// What went over a link since the program began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    /// Frames handed to the kernel.
    pub(crate) sent: u64,
    /// Frames the kernel did not take.
    pub(crate) unsent: u64,
    /// Datagrams received.
    pub(crate) received: u64,
    /// Errors while receiving, a peer's "port unreachable" among them; on a serial line runs of bytes
    /// that were no frame, since it was opened.
    pub(crate) unreceived: u64,
}

/// Why a frame did not leave. It was counted, and will not be sent later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendError {
    /// The interface is missing, down or without carrier, or the socket could not be opened
    /// ([`Links::fault`] says why).
    NoCarrier,
    /// `ENETUNREACH` and its like: no route, no address.
    Unreachable,
    /// `EPERM`: a firewall rule for outgoing packets drops it.
    Forbidden,
    /// `EAGAIN`, `ENOBUFS`: a queue is full. The link itself may be well.
    Full,
    /// Anything else.
    Other(Errno),
}

impl Links {
    /// Nothing is opened yet: [`Self::update`] does.
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            links: config
                .links
                .iter()
                .map(|link| Link::new(link, config))
                .collect(),
        }
    }

    /// Takes up another configuration: a link that stays is left alone, the others are closed, and
    /// opened by [`Self::update`].
    pub(crate) fn reconfigure(&mut self, change: &Change<'_>) {
        let mut old = std::mem::take(&mut self.links);
        for (link, id) in change.new.links.iter().zip(change.new.link_ids()) {
            let mut new = Link::new(link, change.new);
            let kept = change.link(id).and_then(|from| old.get_mut(from.index()));
            if let Some(kept) = kept {
                // A serial line is paced by it.
                if kept.keepalive == new.keepalive || link.rate().is_none() {
                    std::mem::swap(&mut new, kept);
                } else {
                    new.told = kept.told;
                }
            }
            // As many places as links of a configuration.
            let _ = self.links.push(new);
        }
    }

    /// Opens, re-opens and closes sockets as the interfaces now are. Call it at start, whenever
    /// [`Interfaces::update`] tells of a change, and at [`Self::deadline`]; then drain
    /// [`Self::poll_change`].
    pub(crate) fn update(&mut self, now: Instant, interfaces: &Interfaces) {
        for link in &mut self.links {
            link.update(now, interfaces.named(&link.link.interface));
        }
    }

    /// The next link whose carrier is another than when it was last told; links begin as
    /// [`Carrier::Down`]. Drain it after [`Self::update`] and after sending.
    pub(crate) fn poll_change(&mut self) -> Option<(LinkId, Carrier)> {
        let (place, link) = self
            .links
            .iter_mut()
            .enumerate()
            .find(|(_, link)| link.carrier() != link.told)?;
        link.told = link.carrier();
        Some((LinkId::new(place)?, link.told))
    }

    /// Sends one frame. A link whose last send failed is down and yet tried with every frame, so
    /// send to every link of a `Transmit`, whatever its carrier.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        link: LinkId,
        bytes: &[u8],
    ) -> Result<(), SendError> {
        let Some(link) = self.links.get_mut(link.index()) else {
            return Err(SendError::NoCarrier);
        };
        let result = link.send(now, bytes);
        match result {
            Ok(()) => link.counters.sent = link.counters.sent.saturating_add(1),
            Err(_) => link.counters.unsent = link.counters.unsent.saturating_add(1),
        }
        result
    }

    /// Passes a frame of another node on; only serial lines do.
    pub(crate) fn pass_on(&mut self, now: Instant, link: LinkId, bytes: &[u8]) {
        if let Some(link) = self.links.get_mut(link.index()) {
            link.pass_on(now, bytes);
        }
    }

    /// One datagram into `buf`, how long it is (longer ones are cut off at the end of `buf`);
    /// `None` when nothing waits.
    pub(crate) fn receive(&mut self, now: Instant, link: LinkId, buf: &mut [u8]) -> Option<usize> {
        self.links.get_mut(link.index())?.receive(now, buf)
    }

    /// Whether [`Self::receive`] has another frame although its descriptor may not say so.
    pub(crate) fn has_more(&self, link: LinkId) -> bool {
        self.links.get(link.index()).is_some_and(
            |link| matches!(&link.socket, Some(Socket::Serial(port)) if port.has_more()),
        )
    }

    /// When [`Self::update`] should be called though nothing changed: a socket could not be opened,
    /// or a serial line is free for the next frame.
    pub(crate) fn deadline(&self) -> Instant {
        self.links
            .iter()
            .map(Link::deadline)
            .min()
            .unwrap_or(Instant::NEVER)
    }

    /// What to wait for; `None` while the link has no socket. Another number after `update`.
    pub(crate) fn fd(&self, link: LinkId) -> Option<BorrowedFd<'_>> {
        match self.links.get(link.index())?.socket.as_ref()? {
            Socket::Udp(socket) => Some(socket.as_fd()),
            Socket::Serial(port) => Some(port.as_fd()),
        }
    }

    /// Whether frames can leave by it.
    pub(crate) fn carrier(&self, link: LinkId) -> Carrier {
        self.links
            .get(link.index())
            .map_or(Carrier::Down, Link::carrier)
    }

    /// What went over it.
    pub(crate) fn counters(&self, link: LinkId) -> Counters {
        self.links
            .get(link.index())
            .map_or_else(Counters::default, |link| link.counters)
    }

    /// Why its socket could not be opened although its interface is there, or why its last frame
    /// did not leave; for the log and `status`.
    pub(crate) fn fault(&self, link: LinkId) -> Option<Errno> {
        self.links.get(link.index())?.fault
    }
}

/// What a link is open by.
enum Socket {
    Udp(udp::Socket),
    Serial(Box<serial::Port>),
}

struct Link {
    link: config::Link,
    dialect: Dialect,
    /// Of a serial line.
    device: String,
    keepalive: Duration,
    /// Why it has no line, in words.
    trouble: String,
    socket: Option<Socket>,
    /// The life of the interface that the socket is bound to, and the revision of its addresses
    /// that it was last compared with.
    bound: (u32, u32),
    running: bool,
    /// The last send failed in a way that is the link's.
    failing: bool,
    fault: Option<Errno>,
    /// [`Instant::NEVER`] unless the socket should be there and is not.
    retry_at: Instant,
    told: Carrier,
    counters: Counters,
}

impl Link {
    fn new(link: &config::Link, config: &Config) -> Self {
        let device = match link.medium {
            Medium::Serial { device, .. } => config.text(device).to_owned(),
            Medium::Broadcast | Medium::Multicast { .. } | Medium::Unicast { .. } => String::new(),
        };
        Self {
            link: link.clone(),
            dialect: config.dialect,
            device,
            keepalive: config.timing.keepalive,
            trouble: String::new(),
            socket: None,
            bound: (0, 0),
            running: false,
            failing: false,
            fault: None,
            retry_at: Instant::NEVER,
            told: Carrier::Down,
            counters: Counters::default(),
        }
    }

    fn update(&mut self, now: Instant, interface: Option<&Interface>) {
        if let Medium::Serial { baud, rtscts, .. } = self.link.medium {
            self.update_line(now, baud, rtscts);
            return;
        }
        let Some(interface) = interface else {
            self.socket = None;
            self.running = false;
            self.fault = None;
            self.retry_at = Instant::NEVER;
            return;
        };
        self.running = interface.running;
        if self.socket.is_none() || self.bound.0 != interface.index {
            self.open(now, interface);
        } else if self.bound.1 != interface.revision {
            self.bound.1 = interface.revision;
            // Only a connected socket depends on the addresses.
            if let (Medium::Unicast { peer }, Some(Socket::Udp(socket))) =
                (&self.link.medium, &self.socket)
                && udp::source_toward(interface, *peer, self.link.port).ok() != socket.source()
            {
                self.open(now, interface);
            }
        }
    }

    fn open(&mut self, now: Instant, interface: &Interface) {
        self.socket = None; // First, so that the new one does not share the port with it.
        self.failing = false;
        self.bound = (interface.index, interface.revision);
        match udp::Socket::open(&self.link, self.dialect, interface) {
            Ok(socket) => {
                self.socket = Some(Socket::Udp(socket));
                self.fault = None;
                self.retry_at = Instant::NEVER;
            }
            Err(error) => {
                self.fault = Some(error);
                // Without carrier there is no hurry: the kernel will tell of it.
                self.retry_at = if interface.running {
                    now.after(RETRY)
                } else {
                    Instant::NEVER
                };
            }
        }
    }

    fn deadline(&self) -> Instant {
        match &self.socket {
            Some(Socket::Serial(port)) => port.deadline(),
            Some(Socket::Udp(_)) | None => self.retry_at,
        }
    }

    fn send(&mut self, now: Instant, bytes: &[u8]) -> Result<(), SendError> {
        let socket = match &mut self.socket {
            Some(Socket::Udp(socket)) => socket,
            Some(Socket::Serial(port)) => {
                let result = port.send(now, bytes, Node::class(bytes));
                return result.map_err(|error| {
                    self.lose_line(now, tty::said(error));
                    SendError::Other(error)
                });
            }
            None => return Err(SendError::NoCarrier),
        };
        let result = match socket.send(bytes) {
            // Not this frame's fault: an answer to an earlier one, and the frame was not sent.
            Err(Errno::ECONNREFUSED) => socket.send(bytes),
            result => result,
        };
        let result = result.map_err(|error| {
            self.fault = Some(error);
            SendError::from(error)
        });
        match result {
            // Without carrier the kernel takes frames and drops them.
            Ok(()) if !self.running => return Err(SendError::NoCarrier),
            Ok(()) => {
                self.failing = false;
                self.fault = None;
            }
            Err(SendError::Full) => {}
            Err(
                SendError::NoCarrier
                | SendError::Unreachable
                | SendError::Forbidden
                | SendError::Other(_),
            ) => self.failing = true,
        }
        result
    }

    fn receive(&mut self, now: Instant, buf: &mut [u8]) -> Option<usize> {
        let socket = match self.socket.as_mut()? {
            Socket::Udp(socket) => socket,
            Socket::Serial(port) => {
                let received = port.receive(buf).unwrap_or_else(|error| {
                    self.lose_line(now, tty::said(error));
                    None
                });
                if received.is_some() {
                    self.counters.received = self.counters.received.saturating_add(1);
                }
                if let Some(Socket::Serial(port)) = &self.socket {
                    self.counters.unreceived = port.noise().into();
                }
                return received;
            }
        };
        // An error is one earlier frame's fate and is taken out of the socket by being told.
        for _ in 0..ERRORS_AT_ONCE {
            match recv(socket.as_fd().as_raw_fd(), buf, MsgFlags::MSG_DONTWAIT) {
                Ok(len) => {
                    self.counters.received = self.counters.received.saturating_add(1);
                    return Some(len);
                }
                Err(Errno::EAGAIN) => return None,
                Err(Errno::EINTR) => {}
                Err(_) => {
                    self.counters.unreceived = self.counters.unreceived.saturating_add(1);
                }
            }
        }
        None
    }

    fn carrier(&self) -> Carrier {
        if self.running && self.socket.is_some() && !self.failing {
            Carrier::Up
        } else {
            Carrier::Down
        }
    }
}

impl From<Errno> for SendError {
    fn from(error: Errno) -> Self {
        match error {
            Errno::ENETDOWN | Errno::ENODEV | Errno::ENXIO => Self::NoCarrier,
            Errno::ENETUNREACH | Errno::EHOSTUNREACH | Errno::EADDRNOTAVAIL => Self::Unreachable,
            Errno::EPERM | Errno::EACCES => Self::Forbidden,
            Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM => Self::Full,
            other => Self::Other(other),
        }
    }
}

/// Until a socket that could not be opened is tried again.
const RETRY: Duration = Duration::from_secs(1);
const ERRORS_AT_ONCE: usize = 8;

#[cfg(test)]
mod tests;

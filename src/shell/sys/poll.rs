//! To sleep until there is something to do.

use std::os::fd::RawFd;
use std::time::Duration;

use nix::libc;
use nix::sys::time::TimeSpec;

/// A descriptor that [`poll`] looks at, and what it saw.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Watch(libc::pollfd);

impl Watch {
    /// Looked at by nobody: fills the unused places of an array.
    pub(crate) const NOTHING: Self = Self(libc::pollfd {
        fd: -1,
        events: 0,
        revents: 0,
    });

    /// Waits until `fd` can be read, or has ended or failed.
    pub(crate) const fn readable(fd: RawFd) -> Self {
        Self(libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        })
    }

    /// Waits until `fd` can be written, or has ended or failed.
    pub(crate) const fn writable(fd: RawFd) -> Self {
        Self(libc::pollfd {
            fd,
            events: libc::POLLOUT,
            revents: 0,
        })
    }

    /// Whether the last [`poll`] saw anything, an error included: the next call tells which.
    pub(crate) const fn fired(self) -> bool {
        self.0.revents != 0
    }
}

/// Sleeps until a descriptor has something or `micros` have passed; a signal ends it early.
pub(crate) fn poll(watches: &mut [Watch], micros: u64) {
    // Sixty seconds are below every width of `time_t`; an early return is harmless.
    let timeout = TimeSpec::from_duration(Duration::from_micros(micros.min(60_000_000)));
    // SAFETY: `Watch` is a transparent `pollfd`; pointer and count are of one live, exclusively
    // borrowed slice; the kernel tolerates descriptors that are closed; no mask is given.
    let count = unsafe {
        libc::ppoll(
            watches.as_mut_ptr().cast(),
            watches.len() as libc::nfds_t,
            timeout.as_ref(),
            std::ptr::null(),
        )
    };
    if count < 0 {
        // Interrupted: the kernel left what was there before.
        for watch in watches {
            watch.0.revents = 0;
        }
    }
}

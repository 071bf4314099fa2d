//! At most so many children at once; others wait until it is their turn.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use crate::reactor::Reactor;

/// Scripts that run at one time.
const MOST: u8 = 8;

/// How many run.
#[derive(Clone)]
pub(super) struct Turns {
    running: Rc<Cell<u8>>,
    reactor: Rc<Reactor>,
}

/// One of them; over when dropped.
pub(super) struct Turn(Turns);

impl Turns {
    /// Nobody runs.
    pub(super) fn new(reactor: &Rc<Reactor>) -> Self {
        Self {
            running: Rc::default(),
            reactor: Rc::clone(reactor),
        }
    }

    /// Waits for a place. The reactor asks every task again when one of them has ended.
    pub(super) async fn next(self) -> Turn {
        poll_fn(|_| {
            let running = self.running.get();
            if running < MOST {
                self.running.set(running + 1);
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        Turn(self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Turns { running, reactor } = &self.0;
        running.set(running.get().saturating_sub(1));
        reactor.wake();
    }
}

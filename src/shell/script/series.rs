//! One call after another, beside the loop: whoever wants something run says what comes next.

use std::cell::Cell;
use std::rc::Rc;

use twinbeat::time::Duration;

use super::{Exit, Finished, Job, run_as};
use crate::reactor::Reactor;

/// Children of one kind at once, whoever runs them.
pub(crate) const MOST: u8 = 8;
/// How often those who wait look whether it is their turn.
pub(crate) const TURN: Duration = Duration::from_millis(20);

/// What comes next.
pub(crate) struct Step {
    /// So much time passes first.
    pub(crate) delay: Duration,
    /// Then this is run, if anything.
    pub(crate) job: Option<Job>,
}

/// Calls one after another.
pub(crate) struct Series {
    pub(crate) reactor: &'static Reactor,
    /// Children of this kind.
    pub(crate) running: Rc<Cell<u8>>,
    /// How many there may be when another begins; it looks again after each `turn`.
    pub(crate) most: u8,
    pub(crate) turn: Duration,
    pub(crate) errand: Rc<Errand>,
}

/// What a series is doing.
#[derive(Default)]
pub(crate) struct Errand {
    /// A series that waits ends when this is another number than when it began.
    pub(crate) number: Cell<u32>,
    /// The process; zero while there is none.
    pub(crate) child: Cell<i32>,
}

/// Is told how the last call ended, if there was one, and says what comes next; the series ends
/// with `None`.
pub(crate) type Next = Box<dyn FnMut(Option<Finished>) -> Option<Step>>;

impl Step {
    /// At once.
    pub(crate) const fn now(job: Job) -> Option<Self> {
        Some(Self {
            delay: Duration::ZERO,
            job: Some(job),
        })
    }
}

impl Series {
    /// Among those that are `running`.
    pub(crate) fn new(reactor: &'static Reactor, running: Rc<Cell<u8>>) -> Self {
        Self {
            reactor,
            running,
            most: MOST,
            turn: TURN,
            errand: Rc::default(),
        }
    }

    /// Begins it.
    pub(crate) fn begin(self, next: Next) {
        let (reactor, number) = (self.reactor, self.errand.number.get());
        reactor.spawn(self.go_on(number, next));
    }

    async fn go_on(self, number: u32, mut next: Next) {
        let Self {
            reactor,
            running,
            errand,
            ..
        } = &self;
        let mut ended = None;
        while let Some(Step { mut delay, job }) = next(ended.take()) {
            while delay > Duration::ZERO || job.is_some() && running.get() >= self.most {
                let span = if delay > Duration::ZERO {
                    delay
                } else {
                    self.turn
                };
                reactor.wait(&[], reactor.now().after(span)).await;
                delay = Duration::ZERO;
                if errand.number.get() != number {
                    return;
                }
            }
            ended = Some(match job {
                Some(job) => {
                    running.set(running.get() + 1);
                    let end = run_as(reactor, job, &errand.child).await;
                    running.set(running.get() - 1);
                    end
                }
                None => Finished::at_once(Exit::Code(0)),
            });
        }
    }
}

//! One poller for one thread. The loop sleeps here; tasks of the executor wait here for
//! descriptors and deadlines.
//!
//! The loop's own descriptors (links, netlink, signals) are passed to every [`Reactor::sleep`]:
//! they need no registration and no allocation. Tasks are few: when one of them may be able to go
//! on, all are asked, so that none needs a waker. An executor with wakers and queues (smol's
//! `LocalExecutor`) does the same for 25 kB more on MIPS.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::os::fd::RawFd;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use twinbeat::time::Instant;

use crate::{clock, sys};

/// Most descriptors of the loop itself.
pub(crate) const MAX_OWN: usize = 32;
/// Most tasks that wait at one time: a script for each group, control connections, state, companions,
/// spare.
const MAX_WAITS: usize = 32;
/// Most descriptors one task waits for: two outputs of a script and its end.
const MAX_FDS: usize = 3;

/// Which of the loop's own descriptors have something, by their position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ready(u32);

impl Ready {
    /// Whether the descriptor at this position has something.
    pub(crate) const fn contains(self, position: usize) -> bool {
        position < MAX_OWN && self.0 & (1 << position) != 0
    }
}

/// What a task waits for; resolves to `true` when a descriptor has something, to `false` at the
/// deadline.
pub(crate) struct Wait {
    reactor: &'static Reactor,
    watches: [sys::Watch; MAX_FDS],
    until: Instant,
    slot: Option<usize>,
}

/// The poller.
pub(crate) struct Reactor {
    slots: RefCell<[Option<Slot>; MAX_WAITS]>,
    now: Cell<Instant>,
    /// A task may be able to go on: they are worth a look.
    woken: Cell<bool>,
    /// A task found no slot.
    full: Cell<bool>,
    tasks: RefCell<Vec<Task>>,
    /// Those begun since the last look.
    fresh: RefCell<Vec<Task>>,
}

/// Something that is being done beside the loop; it waits by [`Reactor::wait`].
type Task = Pin<Box<dyn Future<Output = ()>>>;

struct Slot {
    watches: [sys::Watch; MAX_FDS],
    until: Instant,
    fired: bool,
}

impl Reactor {
    /// Nobody waits yet. It is there as long as the program.
    pub(crate) fn new() -> &'static Self {
        Box::leak(Box::new(Self {
            slots: RefCell::new([const { None }; MAX_WAITS]),
            now: Cell::new(clock::now()),
            woken: Cell::new(false),
            full: Cell::new(false),
            tasks: RefCell::default(),
            fresh: RefCell::default(),
        }))
    }

    /// Begins a task. It runs at the next [`Reactor::run_tasks`]; nobody waits for its end.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.fresh.borrow_mut().push(Box::pin(task));
        self.woken.set(true);
    }

    /// Waits for any of at most [`MAX_FDS`] descriptors; the waiter keeps them open meanwhile.
    pub(crate) fn wait(&'static self, watches: &[sys::Watch], until: Instant) -> Wait {
        let mut own = [sys::Watch::NOTHING; MAX_FDS];
        own.iter_mut()
            .zip(watches)
            .for_each(|(to, from)| *to = *from);
        Wait {
            reactor: self,
            watches: own,
            until,
            slot: None,
        }
    }

    /// Runs every task as far as it can go now. Costs nothing while none can.
    pub(crate) fn run_tasks(&self) {
        if self.woken.replace(false) {
            let mut tasks = self.tasks.borrow_mut();
            tasks.append(&mut self.fresh.borrow_mut());
            let mut context = Context::from_waker(Waker::noop());
            tasks.retain_mut(|task| task.as_mut().poll(&mut context).is_pending());
        }
    }

    /// Says that a task was woken by something else than a wait.
    pub(crate) fn wake(&self) {
        self.woken.set(true);
    }

    /// The time of the last wake-up, for deadlines of tasks.
    pub(crate) fn now(&self) -> Instant {
        self.now.get()
    }

    /// Sleeps until one of the loop's descriptors or a task has something, or `until`; at once
    /// when a task can go on. One system call, and the clock after it.
    pub(crate) fn sleep(&self, own: &[RawFd], until: Instant) -> (Instant, Ready) {
        let mut watches = [sys::Watch::NOTHING; MAX_OWN + MAX_WAITS * MAX_FDS];
        let (ours, theirs) = watches.split_at_mut(own.len().min(MAX_OWN));
        for (watch, fd) in ours.iter_mut().zip(own) {
            *watch = sys::Watch::readable(*fd);
        }
        let mut until = if self.woken.get() {
            Instant::default()
        } else {
            until
        };
        let mut used = ours.len();
        for slot in self.slots.borrow().iter().flatten() {
            until = until.min(slot.until);
            for (place, watch) in theirs[used - ours.len()..].iter_mut().zip(&slot.watches) {
                *place = *watch;
            }
            used += MAX_FDS;
        }
        sys::poll(&mut watches[..used], until.since(clock::now()).micros());
        let now = clock::now();
        self.now.set(now);

        let (ours, theirs) = watches[..used].split_at(own.len().min(MAX_OWN));
        let ready = ours
            .iter()
            .enumerate()
            .filter(|(_, watch)| watch.fired())
            .fold(0, |bits, (position, _)| bits | 1 << position);
        let mut slots = self.slots.borrow_mut();
        for (slot, seen) in slots.iter_mut().flatten().zip(theirs.chunks(MAX_FDS)) {
            slot.fired |= seen.iter().any(|watch| watch.fired());
            if slot.fired || slot.until <= now {
                self.woken.set(true);
            }
        }
        (now, Ready(ready))
    }
}

impl Future for Wait {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<bool> {
        let reactor = self.reactor;
        let mut slots = reactor.slots.borrow_mut();
        if let Some(slot) = self.slot.and_then(|place| slots[place].as_mut()) {
            if slot.fired {
                return Poll::Ready(true);
            }
            if slot.until <= reactor.now() {
                return Poll::Ready(false);
            }
        } else if let Some(place) = slots.iter().position(Option::is_none) {
            slots[place] = Some(Slot {
                watches: self.watches,
                until: self.until,
                fired: false,
            });
            self.slot = Some(place);
        } else {
            // Which the limits of those who wait rule out: asks again when one has ended.
            reactor.full.set(true);
        }
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(place) = self.slot {
            self.reactor.slots.borrow_mut()[place] = None;
            if self.reactor.full.take() {
                self.reactor.wake();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::rc::Rc;
    use twinbeat::time::Duration;

    #[test]
    fn sleep_ends_at_its_time_not_at_the_next_millisecond() {
        let reactor = Reactor::new();
        let until = clock::now().after(Duration::from_micros(2_300));
        let (woke, ready) = reactor.sleep(&[], until);
        assert!(woke >= until && woke.since(until) < Duration::from_millis(5));
        assert_eq!(ready, Ready::default());
    }

    #[test]
    fn a_readable_descriptor_is_named_by_its_position() {
        let reactor = Reactor::new();
        let (quiet, _keep) = std::io::pipe().unwrap();
        let (loud, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"x").unwrap();
        let own = [quiet.as_raw_fd(), loud.as_raw_fd()];
        let (_, ready) = reactor.sleep(&own, Instant::NEVER);
        assert!(ready.contains(1) && !ready.contains(0));
    }

    #[test]
    fn more_tasks_than_places_all_come_to_their_end_and_none_holds_up_a_turn() {
        let reactor = Reactor::new();
        let ended = Rc::new(Cell::new(0));
        let tasks = 2 * MAX_WAITS;
        let until = clock::now().after(Duration::from_millis(30));
        for _ in 0..tasks {
            let (inner, ended) = (reactor, Rc::clone(&ended));
            reactor.spawn(async move {
                assert!(!inner.wait(&[], until).await);
                ended.set(ended.get() + 1);
            });
        }
        let began = clock::now();
        while ended.get() < tasks && clock::now().since(began) < Duration::from_secs(5) {
            reactor.run_tasks();
            reactor.sleep(&[], clock::now().after(Duration::from_millis(100)));
        }
        assert_eq!(ended.get(), tasks);
    }

    #[test]
    fn a_task_goes_on_at_its_descriptor_or_its_deadline() {
        let reactor = Reactor::new();
        let (reader, mut writer) = std::io::pipe().unwrap();
        let seen = Rc::new(RefCell::new(Vec::new()));
        let (inner, report) = (reactor, Rc::clone(&seen));
        reactor.spawn(async move {
            let soon = inner.now().after(Duration::from_millis(10));
            let watch = [sys::Watch::readable(reader.as_raw_fd())];
            let first = inner.wait(&watch, soon).await;
            report.borrow_mut().push(first);
            let second = inner.wait(&watch, Instant::NEVER).await;
            report.borrow_mut().push(second);
        });
        for _ in 0..10 {
            reactor.run_tasks();
            let (now, _) = reactor.sleep(&[], clock::now().after(Duration::from_millis(20)));
            if seen.borrow().len() == 1 {
                writer.write_all(b"x").unwrap();
            }
            assert!(now < Instant::NEVER);
        }
        assert_eq!(*seen.borrow(), [false, true]);
        assert!(reactor.slots.borrow().iter().all(Option::is_none));
    }
}

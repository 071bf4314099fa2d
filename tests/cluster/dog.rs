//! The watchdog of a simulated machine: kicked by the agent's loop while its node is healthy,
//! otherwise it resets the machine, which then boots again.

use super::machine::Arrival;
use super::words::Note;
use super::{Cluster, Happening};
use twinbeat::time::Duration;

/// A watchdog that a machine has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dog {
    timeout: u64,
    /// The last kick; none while it does not run.
    kicked_at: Option<u64>,
}

impl Cluster {
    /// A machine has a watchdog from now on; an agent that runs arms it.
    pub(crate) fn give_dog(&mut self, machine: usize, timeout: u64) {
        self.machines[machine].dog = Some(Dog {
            timeout,
            kicked_at: None,
        });
        if self.machines[machine].runs() {
            self.note(machine, Note::Fault("arms its watchdog"));
            self.arm(machine);
            self.wake(machine, self.now);
        }
    }

    /// It is gone, as one on a USB port may be, and does nothing more.
    pub(crate) fn take_dog(&mut self, machine: usize) {
        self.note(machine, Note::Fault("loses its watchdog"));
        self.machines[machine].dog = None;
        if self.machines[machine].runs() {
            self.machines[machine].receive(Arrival::Watchdog(None));
            self.wake(machine, self.now);
        }
    }

    /// A life that finds one arms it first of all.
    pub(super) fn arm(&mut self, machine: usize) {
        if let Some(dog) = self.machines[machine].dog {
            let timeout = Duration::from_micros(dog.timeout);
            self.machines[machine].receive(Arrival::Watchdog(Some(timeout)));
            self.feed(machine);
        }
    }

    /// Every third of its time-out while all is well; when the loop must run for it next.
    pub(super) fn kick(&mut self, machine: usize) -> Option<u64> {
        let (now, instant) = (self.now, self.instant());
        let one = &self.machines[machine];
        let dog = one.dog?;
        let due = dog.kicked_at? + dog.timeout / 3;
        if !one.node.as_ref()?.healthy(instant) {
            return None;
        }
        if now < due {
            return Some(due);
        }
        self.feed(machine);
        Some(now + dog.timeout / 3)
    }

    fn feed(&mut self, machine: usize) {
        let now = self.now;
        if let Some(dog) = &mut self.machines[machine].dog {
            dog.kicked_at = Some(now);
            let at = now + dog.timeout;
            self.plan(at, Happening::Bite(machine, now));
        }
    }

    /// Nobody needs it any more.
    pub(super) fn disarm(&mut self, machine: usize) {
        if let Some(dog) = &mut self.machines[machine].dog {
            dog.kicked_at = None;
        }
    }

    /// The time-out of the kick at `kicked_at` is over.
    pub(super) fn bite(&mut self, machine: usize, kicked_at: u64) {
        let dog = self.machines[machine].dog;
        if dog.and_then(|dog| dog.kicked_at) == Some(kicked_at) {
            self.note(machine, Note::Fault("is reset by its watchdog"));
            self.rules.resets += 1;
            self.lose_power(machine);
            self.plan(self.now + BOOT, Happening::Boot(machine));
        }
    }
}

/// From a reset until the agent starts.
const BOOT: u64 = 5_000_000;

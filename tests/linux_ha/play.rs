//! Plays a flow: does its steps one after the other on a pair, and measures between them.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::agent::Kind;
use super::flow::{Flow, Step};
use super::ledger::Hold;
use super::pair::{A, B, Media, NAMES, Pair};

/// A flow being played.
pub(crate) struct Play {
    pub(crate) pair: Pair,
    /// Whose agent should run.
    runs: [bool; 2],
    /// Whether all that joins them is cut.
    apart: bool,
    /// Whether `cl_status rscstatus` has a meaning: with `legacy` it has none.
    tells: bool,
    /// What a person asked for last, until it is so.
    asked: Option<&'static Step>,
    since: Instant,
    what: &'static str,
    /// What `keep_identity` kept.
    pub(crate) identity: Option<(u32, Vec<u8>)>,
    /// What was measured, for people.
    pub(crate) figures: Vec<String>,
}

impl Play {
    /// Sets the stage for a flow.
    pub(crate) fn new(name: &str, flow: &Flow, kinds: [Kind; 2], media: Media) -> Self {
        Self {
            pair: Pair::new(name, kinds, media, &flow.setting),
            runs: [false; 2],
            apart: false,
            tells: flow.setting.failback != "legacy",
            asked: None,
            since: Instant::now(),
            what: "",
            identity: None,
            figures: Vec::new(),
        }
    }

    /// Does all steps; which failed, and why.
    pub(crate) fn perform(&mut self, steps: &'static [Step]) -> Result<(), String> {
        for (number, step) in steps.iter().enumerate() {
            let done = self.step(step);
            done.map_err(|why| format!("step {number}, {step:?}: {why}"))?;
        }
        self.measure();
        Ok(())
    }

    fn step(&mut self, step: &'static Step) -> Result<(), String> {
        let pair = &mut self.pair;
        match *step {
            Step::Start(node) => {
                pair.start(node);
                self.runs[node] = true;
            }
            Step::Stop(node) => {
                self.runs[node] = false;
                self.stop(node)?;
            }
            Step::Kill(node) => {
                self.runs[node] = false;
                self.kill(node)?;
            }
            Step::CutPower(node) => {
                self.runs[node] = false;
                pair.cut_power(node);
            }
            Step::Cut => {
                pair.cut();
                self.apart = true;
            }
            Step::Heal => {
                pair.heal();
                self.apart = false;
            }
            Step::Lose(percent) => pair.lose(percent),
            Step::Late(on) => pair.tap.say_late_copies(on),
            Step::Ask(node, words) => {
                let words: Vec<_> = words.split(' ').collect();
                let out = pair.kinds[node].ask(&pair.machines[node], &words);
                if !out.status.success() {
                    return Err(format!("{out:?}"));
                }
                self.asked = Some(step);
            }
            Step::Keys(node, text) => {
                let machine = &pair.machines[node];
                machine.write("ha.d/authkeys", 0o600, text);
                let out = pair.kinds[node].reload(machine);
                if !out.status.success() {
                    return Err(format!("{out:?}"));
                }
            }
            Step::Ping(node, answers) => pair.answer_pings(node, answers),
            Step::Become(node, kind) => pair.kinds[node] = kind,
            Step::Rest(seconds) => sleep(Duration::from_secs(seconds)),
            Step::Holds(seconds, a, b) => {
                let asked = self.asked.take();
                let mut held = self.holds(seconds, [a, b]);
                // On a loaded machine a real one's FIFO loses a request of its own scripts now and then.
                if let (Err(why), Some(asked)) = (&held, asked) {
                    let again = format!("{asked:?} was asked again: {why}");
                    self.figures.push(again);
                    self.step(asked)?;
                    self.asked = None;
                    held = self.holds(seconds, [a, b]);
                }
                held?;
            }
            Step::Whole(seconds) => self.whole(seconds)?,
            Step::At(what) => {
                self.measure();
                (self.since, self.what) = (Instant::now(), what);
            }
            Step::Silence(limit) => {
                let silence = self.pair.ledger.silence(self.since);
                if silence[0].max(silence[1]) > Duration::from_millis(limit) {
                    return Err(format!("clients waited {silence:?}"));
                }
            }
            Step::Both(limit) => {
                let both = self.pair.ledger.both(self.since);
                if both[0].max(both[1]) > Duration::from_millis(limit) {
                    return Err(format!("both had address and service for {both:?}"));
                }
            }
            Step::Do(action) => action(self)?,
        }
        Ok(())
    }

    /// Asks the node's agent to leave.
    pub(crate) fn stop(&self, node: usize) -> Result<(), String> {
        let out = self.pair.kinds[node].stop(&self.pair.machines[node]);
        if !out.status.success() {
            return Err(format!("{out:?}"));
        }
        self.ended(node)
    }

    /// Kills the node's agent.
    pub(crate) fn kill(&self, node: usize) -> Result<(), String> {
        self.pair.kinds[node].kill(&self.pair.machines[node]);
        self.ended(node)
    }

    fn ended(&self, node: usize) -> Result<(), String> {
        self.pair.within(20, |pair| {
            let left = pair.kinds[node].processes(&pair.machines[node]);
            if left.is_empty() {
                return Ok(());
            }
            Err(format!("{} processes are left", left.len()))
        })
    }

    /// Waits until each node has what it should, both agents say so, and it stays so for a moment.
    fn holds(&self, seconds: u64, wanted: [Option<Hold>; 2]) -> Result<(), String> {
        self.pair.within(seconds, |_| self.has(wanted))?;
        // A lone start says `transition` for ten seconds more.
        self.pair.within(15, |_| self.says(wanted))?;
        sleep(Duration::from_secs(1));
        self.has(wanted).and_then(|()| self.says(wanted))
    }

    /// Waits until nothing is missing and nothing is twice, and both agents say so.
    fn whole(&self, seconds: u64) -> Result<(), String> {
        let whole = |_: &Pair| {
            let held = self.pair.ledger.holds(A)?;
            let wanted = [Some(held), Some(held.complement())];
            self.has(wanted).and_then(|()| self.says(wanted))
        };
        // For a second at least: ours may just then remind a real one of what should go home.
        self.pair.within(seconds, |pair| {
            whole(pair)?;
            sleep(Duration::from_secs(1));
            whole(pair)
        })
    }

    fn has(&self, wanted: [Option<Hold>; 2]) -> Result<(), String> {
        for node in [A, B] {
            let Some(wanted) = wanted[node] else { continue };
            let name = NAMES[node];
            let held = self.pair.ledger.holds(node);
            let held = held.map_err(|why| format!("{name} has {why}"))?;
            if held != wanted {
                let (held, wanted) = (held.word(), wanted.word());
                return Err(format!("{name} has {held}, not {wanted}"));
            }
        }
        Ok(())
    }

    /// What `cl_status` says where an agent runs.
    fn says(&self, wanted: [Option<Hold>; 2]) -> Result<(), String> {
        let asked = [A, B].into_iter().filter(|node| self.runs[*node]);
        for node in asked {
            let name = NAMES[node];
            let told = |words: &[&str], wanted: &str| {
                let said = self.pair.cl_status(node, words);
                if said == wanted {
                    return Ok(());
                }
                Err(format!("{name} says {said} for {words:?}, not {wanted}"))
            };
            for other in [A, B].into_iter().filter(|node| self.runs[*node]) {
                let heard = other == node || !self.apart;
                let state = if heard { "active" } else { "dead" };
                told(&["nodestatus", NAMES[other]], state)?;
            }
            if let (Some(wanted), true) = (wanted[node], self.tells) {
                told(&["rscstatus"], wanted.word())?;
            }
        }
        Ok(())
    }

    /// Keeps what happened since the last look.
    fn measure(&mut self) {
        if self.what.is_empty() {
            return;
        }
        let silence = self.pair.ledger.silence(self.since);
        let both = self.pair.ledger.both(self.since);
        let figure = format!(
            "{}: clients waited {:.2} and {:.2} s; both for {:.2} (address), {:.2} s (service)",
            self.what,
            silence[0].as_secs_f64(),
            silence[1].as_secs_f64(),
            both[0].as_secs_f64(),
            both[1].as_secs_f64(),
        );
        self.figures.push(figure);
        self.what = "";
    }
}

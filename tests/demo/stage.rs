//! What the audience sees: a line whenever something changes.

use std::thread;
use std::time::{Duration, Instant};

use super::lab::client::Client;
use super::lab::pair::{A, B, Pair, SERVICE, Settings};

/// The pair, its client, and the clock on the wall.
pub(super) struct Stage {
    client: Client,
    pair: Pair,
    began_at: Instant,
    shown: Option<View>,
    silent_since: Option<Instant>,
}

/// Something that happens to the pair, and what should come of it.
pub(super) struct Fault {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) inflict: fn(&mut Pair),
    pub(super) expect: Expect,
}

/// Which node should serve, and whether the other must have let go of the address.
#[derive(Clone, Copy)]
pub(super) struct Expect {
    pub(super) server: usize,
    pub(super) alone: bool,
}

/// How a fault went.
pub(super) struct Outcome {
    pub(super) fault: &'static Fault,
    pub(super) server: &'static str,
    /// From the fault to the first answer of the node that should serve.
    pub(super) takeover: Option<Duration>,
    /// The client's longest time without an answer.
    pub(super) outage: Duration,
    /// For how long both nodes had the address.
    pub(super) both: Duration,
    pub(super) trouble: Option<String>,
}

/// What a line shows; a new line is printed when it changes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct View {
    runs: [bool; 2],
    holds: [bool; 2],
    served_by: Option<usize>,
}

impl Stage {
    pub(super) fn new() -> Self {
        let pair = Pair::new(&Settings::default());
        let nodes = [&pair.nodes[A].namespace, &pair.nodes[B].namespace];
        let client = Client::new(&pair.outside, &nodes, SERVICE);
        Self {
            client,
            pair,
            began_at: Instant::now(),
            shown: None,
            silent_since: None,
        }
    }

    /// Announces an act and does it; when it was done.
    pub(super) fn act(&mut self, title: &str, fault: impl FnOnce(&mut Pair)) -> Instant {
        println!(
            "{:8.3} s  == {title}",
            self.began_at.elapsed().as_secs_f64()
        );
        let at = Instant::now();
        fault(&mut self.pair);
        at
    }

    /// Shows what happens until for a second all has been as expected.
    pub(super) fn settle(&mut self, expect: Expect, since: Instant) -> Result<(), String> {
        let Expect { server, alone } = expect;
        let mut good_since = None;
        loop {
            self.show();
            let now = Instant::now();
            let view = self.view();
            let other_let_go = !alone || !view.holds[1 - server];
            let good = view.holds[server] && other_let_go && view.served_by == Some(server);
            good_since = if good { good_since.or(Some(now)) } else { None };
            if good_since.is_some_and(|at| now - at > STEADY) {
                return Ok(());
            }
            if now - since > LIMIT {
                return Err(format!(
                    "{} does not serve as it should after {LIMIT:?}",
                    self.pair.nodes[server].name
                ));
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The figures of a fault.
    pub(super) fn result(
        &self,
        fault: &'static Fault,
        at: Instant,
        settled: Result<(), String>,
    ) -> Outcome {
        let server = fault.expect.server;
        let outage = self.client.longest_silence(at);
        println!(
            "                the client was without answer for {} ms at most",
            number(Some(outage))
        );
        Outcome {
            fault,
            server: self.pair.nodes[server].name,
            takeover: self.client.first_from(server, at).map(|t| t - at),
            outage,
            both: self.pair.both_held(at),
            trouble: settled.err().map(|why| format!("{}: {why}", fault.name)),
        }
    }

    /// What the agents wrote.
    pub(super) fn story(&self) -> String {
        self.pair.story()
    }

    fn view(&mut self) -> View {
        let heard = self.client.last().filter(|(at, _)| at.elapsed() < SILENT);
        View {
            runs: [self.pair.runs(A), self.pair.runs(B)],
            holds: [self.pair.holds(A), self.pair.holds(B)],
            served_by: heard.map(|(_, node)| usize::from(node)),
        }
    }

    fn show(&mut self) {
        let view = self.view();
        if self.shown == Some(view) {
            return;
        }
        let answered = match (view.served_by, self.silent_since) {
            (None, _) => "no answer".to_owned(),
            (Some(node), None) => format!("answered by {}", self.pair.nodes[node].name),
            (Some(node), Some(since)) => {
                let until = self
                    .client
                    .first_from(node, since)
                    .unwrap_or_else(Instant::now);
                let gap = number(Some(until.saturating_duration_since(since)));
                format!(
                    "answered by {} after {gap} ms without",
                    self.pair.nodes[node].name
                )
            }
        };
        let node = |i: usize| match (view.runs[i], view.holds[i]) {
            (true, true) => "runs, holds it",
            (true, false) => "runs",
            (false, true) => "dead, holds it",
            (false, false) => "-",
        };
        let time = self.began_at.elapsed().as_secs_f64();
        println!(
            "{time:8.3} s     nodea: {:<15} nodeb: {:<15} client: {answered}",
            node(A),
            node(B)
        );
        self.shown = Some(view);
        self.silent_since = match view.served_by {
            Some(_) => None,
            None => self
                .silent_since
                .or_else(|| self.client.last().map(|(at, _)| at)),
        };
    }
}

/// Milliseconds, or `never`.
pub(super) fn number(span: Option<Duration>) -> String {
    span.map_or_else(
        || "never".to_owned(),
        |s| format!("{:.1}", s.as_secs_f64() * 1000.0),
    )
}

/// When a client that asks every millisecond counts as without answer.
const SILENT: Duration = Duration::from_millis(25);
/// For how long all must be well before the next act.
const STEADY: Duration = Duration::from_secs(1);
/// When the play gives up on an act.
const LIMIT: Duration = Duration::from_secs(10);

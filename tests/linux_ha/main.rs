//! The laboratory: a real heartbeat 3.0.6 on the other side. Each node of a pair is either that one or
//! twinbeat with `protocol linux-ha`, on the same files; flows are played for every pair that makes
//! sense. It needs root, namespaces, and the package heartbeat; what a machine lacks is SKIPPED, and said.
//!
//! ```text
//! cargo linux-ha                      what every change must pass; some minutes
//! cargo linux-ha "real+ours serial"   those whose name has the words
//! cargo linux-ha long                 all of them; a table of them goes to target/tmp/linux_ha/results.md
//! KINDS=real+real cargo linux-ha      only these pairs: real+real, real+ours, ours+real
//! SIDE_BY_SIDE=2 cargo linux-ha       so many pairs at a time; they mostly wait
//! ```

#[path = "../lab/mod.rs"]
#[expect(dead_code, reason = "the namespace tests use the rest of the lab")]
mod lab;

mod acts;
mod agent;
mod flow;
mod flows;
mod forge;
mod impostor;
mod ledger;
mod machine;
mod pair;
mod play;
mod report;
mod wire;

use std::process::ExitCode;
use std::time::Instant;

use agent::Kind;
use flow::Flow;
use lab::World;
use lab::tests;
use pair::Media;
use play::Play;
use report::Report;

/// One flow with two kinds of nodes on one sort of media.
struct Case {
    name: String,
    flow: &'static Flow,
    kinds: [Kind; 2],
    media: Media,
}

fn main() -> ExitCode {
    let cases = chosen();
    match lab::enter() {
        World::Inside => match missing() {
            Some(why) => tests::skip(SUITE, &cases, &why),
            None => run(cases),
        },
        World::Left(code) => code,
        World::Refused(why) => tests::skip(SUITE, &cases, &why),
    }
}

/// Plays them, so many side by side.
fn run(mut cases: Vec<Case>) -> ExitCode {
    if let Some(why) = agent::speechless() {
        let before = cases.len();
        cases.retain(|case| !flow::mixed(case.kinds));
        println!(
            "{SUITE}: {} of {before} SKIPPED: {why}",
            before - cases.len()
        );
    }
    let report = Report::new();
    let report = &report;
    let tests: Vec<_> = cases
        .iter()
        .map(|case| (case.name.as_str(), move || case.play(report)))
        .collect();
    let side_by_side = std::env::var("SIDE_BY_SIDE").ok();
    let side_by_side = side_by_side.and_then(|number| number.parse().ok());
    let code = tests::run_all(SUITE, &tests, side_by_side.unwrap_or(SIDE_BY_SIDE));
    report.write();
    code
}

impl Case {
    fn play(&self, report: &Report) {
        let begun = Instant::now();
        let mut play = Play::new(&self.name, self.flow, self.kinds, self.media);
        let mut done = play.perform(self.flow.steps);
        // What is said as text, as on serial lines, it verifies by the right key.
        let known = self.flow.known && self.media != Media::Serial;
        if known && self.kinds == [Kind::Real; 2] {
            done = match done {
                Ok(()) => Err("heartbeat is known to fail here, and did not".to_owned()),
                Err(why) => {
                    play.figures
                        .push(format!("heartbeat fails, as known: {why}"));
                    Ok(())
                }
            };
        }
        report.add(&self.name, begun, &done, &play.figures);
        if let Err(why) = done {
            panic!("{}: {why}\n{}", self.name, play.pair.story());
        }
    }
}

/// All that the command line and the environment ask for.
fn chosen() -> Vec<Case> {
    let words = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'));
    let (long, words): (Vec<_>, Vec<_>) = words.partition(|word| word == "long");
    let kinds = std::env::var("KINDS").unwrap_or_default();
    let mut cases = Vec::new();
    for (number, flow) in flows::all().enumerate() {
        for pair in PAIRS {
            for media in flow.media {
                let of = pair.map(Kind::word).join("+");
                let name = format!("{of} {} {}", media.word(), flow.name);
                // A word that is in the name chooses long ones, too; none is in all names.
                let asked = words.iter().all(|word| name.contains(word));
                let asked = asked && (!flow.long || !long.is_empty() || !words.is_empty());
                let asked = asked && (kinds.is_empty() || kinds.split(',').any(|kind| kind == of));
                // Two real ones prove the laboratory, not us: the first flow does, others where they are asked for.
                let baseline = pair == [Kind::Real; 2] && number > 0;
                let asked = asked
                    && (!baseline || !kinds.is_empty() || !long.is_empty() || !words.is_empty());
                if asked && (flow.suits)(pair) {
                    cases.push(Case {
                        name,
                        flow,
                        kinds: pair,
                        media: *media,
                    });
                }
            }
        }
    }
    cases
}

/// Why none of them can run here, if so.
fn missing() -> Option<String> {
    if lab::own_users() {
        return Some("a real heartbeat needs its users: run it as root".to_owned());
    }
    agent::missing().map(str::to_owned)
}

const PAIRS: [[Kind; 2]; 3] = [
    [Kind::Real, Kind::Ours],
    [Kind::Ours, Kind::Real],
    [Kind::Real, Kind::Real],
];
/// As it signs what it says.
const SUITE: &str = "laboratory";
const SIDE_BY_SIDE: usize = 6;

//! The real binary in network namespaces: what only the kernel can show. Skipped, loudly, where
//! namespaces are not permitted. `cargo test --test netns -- WORD` runs the tests whose name has it.

#[expect(dead_code, reason = "the demo uses the rest of the lab")]
mod lab;
mod netns {
    pub(crate) mod faults;
    pub(crate) mod interfaces;
    pub(crate) mod media;
    pub(crate) mod process;
    pub(crate) mod strangers;
}

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use lab::World;

fn main() -> ExitCode {
    match lab::enter() {
        World::Inside => run_all(),
        World::Left(code) => code,
        World::Refused(why) => {
            println!(
                "\nnetns: ALL {} TESTS SKIPPED: {why}\n",
                TESTS.iter().map(|t| t.len()).sum::<usize>()
            );
            ExitCode::SUCCESS
        }
    }
}

/// Runs the chosen tests, a few side by side: they mostly wait.
fn run_all() -> ExitCode {
    let word = std::env::args()
        .skip(1)
        .find(|a| !a.starts_with('-'))
        .unwrap_or_default();
    let chosen: Vec<_> = TESTS
        .iter()
        .flat_map(|tests| tests.iter())
        .filter(|(name, _)| name.contains(&word))
        .collect();
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some((name, test)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let well = catch_unwind(test).is_ok();
                    println!("test {name} ... {}", if well { "ok" } else { "FAILED" });
                    if !well {
                        failed.lock().expect("no holder panics").push(*name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no holder panics");
    for name in &failed {
        println!("netns: failed: {name}");
    }
    println!(
        "netns: {} passed, {} failed\n",
        chosen.len() - failed.len(),
        failed.len()
    );
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A test and its name, which is a sentence about what twinbeat does.
type Test = (&'static str, fn());

const TESTS: [&[Test]; 5] = [
    netns::faults::TESTS,
    netns::interfaces::TESTS,
    netns::media::TESTS,
    netns::process::TESTS,
    netns::strangers::TESTS,
];
const SIDE_BY_SIDE: usize = 2;

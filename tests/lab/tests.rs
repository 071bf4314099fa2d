//! Runs tests that need a world of their own: chosen by a word, a few side by side.

use std::panic::{RefUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A test and its name, which is a sentence about what twinbeat does.
pub(crate) type Test = (&'static str, fn());

/// Runs those whose name has the word of the command line, so many at a time: they mostly wait.
pub(crate) fn run(suite: &str, tests: &[Test], side_by_side: usize) -> ExitCode {
    let word = std::env::args()
        .skip(1)
        .find(|a| !a.starts_with('-'))
        .unwrap_or_default();
    let chosen: Vec<_> = tests
        .iter()
        .filter(|(name, _)| name.contains(&word))
        .copied()
        .collect();
    run_all(suite, &chosen, side_by_side)
}

/// Runs all of them, so many at a time.
pub(crate) fn run_all<F: Fn() + RefUnwindSafe + Sync>(
    suite: &str,
    tests: &[(&str, F)],
    side_by_side: usize,
) -> ExitCode {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..side_by_side {
            scope.spawn(|| {
                while let Some((name, test)) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
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
        println!("{suite}: failed: {name}");
    }
    println!(
        "{suite}: {} passed, {} failed\n",
        tests.len() - failed.len(),
        failed.len()
    );
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Says that none of them can run here.
pub(crate) fn skip<T>(suite: &str, tests: &[T], why: &str) -> ExitCode {
    println!("\n{suite}: ALL {} TESTS SKIPPED: {why}\n", tests.len());
    ExitCode::SUCCESS
}

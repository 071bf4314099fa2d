//! `cargo demo`: two nodes and a client in network namespaces, the real binary, five faults, and how
//! long the client was without answer. Leaves nothing behind, however it ends.

#[path = "../lab/mod.rs"]
#[expect(dead_code, reason = "the namespace tests use the rest of the lab")]
mod lab;
mod stage;

use std::process::ExitCode;
use std::time::Instant;

use lab::World;
use lab::pair::{A, B};
use nix::sys::signal::Signal;
use stage::{Expect, Fault, Stage};

fn main() -> ExitCode {
    match lab::enter() {
        World::Inside => play(),
        World::Left(code) => code,
        World::Refused(why) => {
            eprintln!("demo: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The whole play, and its table.
fn play() -> ExitCode {
    let mut stage = Stage::new();
    println!("Two nodes, nodea and nodeb, share the address 10.77.0.100; nodea is its home.");
    println!(
        "Heartbeats every 100 ms, dead after 300 ms; a client asks the address every millisecond.\n"
    );
    stage.act("both start", |pair| {
        pair.start(A);
        pair.start(B);
    });
    let begun = stage.settle(
        Expect {
            server: A,
            alone: true,
        },
        Instant::now(),
    );
    let mut results = Vec::new();
    if begun.is_ok() {
        for fault in FAULTS {
            let at = stage.act(fault.title, fault.inflict);
            let settled = stage.settle(fault.expect, at);
            results.push(stage.result(fault, at, settled));
        }
    }
    finish(&stage, begun, &results)
}

/// The table, the lines for programs, and whether all is well.
fn finish(stage: &Stage, begun: Result<(), String>, results: &[stage::Outcome]) -> ExitCode {
    println!(
        "\n fault    served again by  after ms  client without answer ms  both held the address ms"
    );
    for r in results {
        println!(
            " {:<8} {:<16} {:>8}  {:>24}  {:>24}",
            r.fault.name,
            r.server,
            stage::number(r.takeover),
            stage::number(Some(r.outage)),
            stage::number(Some(r.both)),
        );
    }
    println!();
    for r in results {
        println!(
            "demo: {} takeover_ms={} outage_ms={}",
            r.fault.name,
            stage::number(r.takeover),
            stage::number(Some(r.outage))
        );
    }
    let trouble: Vec<_> = begun
        .err()
        .into_iter()
        .chain(results.iter().filter_map(|r| r.trouble.clone()))
        .collect();
    if trouble.is_empty() {
        return ExitCode::SUCCESS;
    }
    for line in &trouble {
        eprintln!("demo: {line}");
    }
    eprintln!("{}", stage.story());
    ExitCode::FAILURE
}

/// What happens to nodea, in this order, and who should serve then. While the cable is cut nodea
/// cannot know that nodeb serves: both may hold the address, and the client sees only nodeb.
const FAULTS: &[Fault] = &[
    Fault {
        name: "kill",
        title: "kill -9 of twinbeat on nodea",
        inflict: |pair| pair.kill(A),
        expect: Expect {
            server: B,
            alone: true,
        },
    },
    Fault {
        name: "return",
        title: "twinbeat starts again on nodea",
        inflict: |pair| pair.start(A),
        expect: Expect {
            server: A,
            alone: true,
        },
    },
    Fault {
        name: "cut",
        title: "nodea's cable is cut",
        inflict: |pair| pair.plug(A, false),
        expect: Expect {
            server: B,
            alone: false,
        },
    },
    Fault {
        name: "heal",
        title: "nodea's cable is plugged again",
        inflict: |pair| pair.plug(A, true),
        expect: Expect {
            server: A,
            alone: true,
        },
    },
    Fault {
        name: "stop",
        title: "twinbeat is asked to stop on nodea",
        inflict: |pair| pair.signal(A, Signal::SIGTERM),
        expect: Expect {
            server: B,
            alone: true,
        },
    },
];

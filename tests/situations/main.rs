//! What twinbeat was asked for, played by real programs in network namespaces: web server, database,
//! load balancer, cut cables, bad scripts, many moves. What a machine lacks is SKIPPED, and said.
//! `cargo test --test situations -- WORD` plays those whose name has the word.

#[path = "../lab/mod.rs"]
#[expect(dead_code, reason = "the namespace tests use the rest of the lab")]
mod lab;

mod beats;
mod browser;
mod director;
mod disk;
mod forms;
mod moves;
mod nginx;
mod scripts;
mod split;

use std::process::ExitCode;

use lab::World;
use lab::tests::{self, Test};

fn main() -> ExitCode {
    match lab::enter() {
        World::Inside => tests::run("situations", &TESTS.concat(), SIDE_BY_SIDE),
        World::Left(code) => code,
        World::Refused(why) => tests::skip("situations", &TESTS.concat(), &why),
    }
}

const TESTS: [&[Test]; 7] = [
    director::TESTS,
    disk::TESTS,
    forms::TESTS,
    moves::TESTS,
    nginx::TESTS,
    scripts::TESTS,
    split::TESTS,
];
const SIDE_BY_SIDE: usize = 2;

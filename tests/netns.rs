//! The real binary in network namespaces: what only the kernel can show. Skipped, loudly, where
//! namespaces are not permitted. `cargo test --test netns -- WORD` runs the tests whose name has it.

#[expect(dead_code, reason = "the demo uses the rest of the lab")]
mod lab;
mod netns {
    pub(crate) mod companions;
    pub(crate) mod connectivity;
    pub(crate) mod dialect;
    pub(crate) mod faults;
    pub(crate) mod fencing;
    pub(crate) mod hooks;
    pub(crate) mod interfaces;
    pub(crate) mod media;
    pub(crate) mod order;
    pub(crate) mod person;
    pub(crate) mod process;
    pub(crate) mod reload;
    pub(crate) mod resources;
    pub(crate) mod ring;
    pub(crate) mod serial;
    pub(crate) mod services;
    pub(crate) mod stand_in;
    pub(crate) mod status;
    pub(crate) mod stories;
    pub(crate) mod strangers;
    pub(crate) mod watchdog;
}

use std::process::ExitCode;

use lab::World;
use lab::tests::{self, Test};

fn main() -> ExitCode {
    match lab::enter() {
        World::Inside => tests::run("netns", &TESTS.concat(), SIDE_BY_SIDE),
        World::Left(code) => code,
        World::Refused(why) => tests::skip("netns", &TESTS.concat(), &why),
    }
}

const TESTS: [&[Test]; 20] = [
    netns::companions::TESTS,
    netns::connectivity::TESTS,
    netns::dialect::TESTS,
    netns::faults::TESTS,
    netns::fencing::TESTS,
    netns::hooks::TESTS,
    netns::interfaces::TESTS,
    netns::media::TESTS,
    netns::order::TESTS,
    netns::person::TESTS,
    netns::process::TESTS,
    netns::reload::TESTS,
    netns::resources::TESTS,
    netns::ring::TESTS,
    netns::serial::TESTS,
    netns::services::TESTS,
    netns::status::TESTS,
    netns::stories::TESTS,
    netns::strangers::TESTS,
    netns::watchdog::TESTS,
];
const SIDE_BY_SIDE: usize = 2;

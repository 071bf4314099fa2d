//! twinbeat: the program around the core.
#![expect(
    dead_code,
    reason = "the loop that calls these rooms comes with run.rs"
)]

mod address;
mod announce;
mod filter;
mod interface;
mod link;
mod netlink;
#[cfg(test)]
mod sandbox;
mod sys;

fn main() {}

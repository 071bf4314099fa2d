//! twinbeat's core.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used,
        clippy::wildcard_enum_match_arm,
    )
)]
#![deny(clippy::alloc_instead_of_core, clippy::std_instead_of_core)]

#[cfg(test)]
extern crate std;

pub mod action;
pub mod auth;
pub mod config;
mod failover;
pub mod id;
mod membership;
mod node;
pub mod time;
pub mod wire;

pub use node::{Boot, GroupView, LinkView, Node, PeerView};
pub use wire::MAX_FRAME;

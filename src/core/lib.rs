//! twinbeat's core: everything that decides, and nothing else.
//!
//! Two to eight small Linux boxes send each other heartbeats over several links at once and hand
//! over addresses and services, each group to exactly one of them. This library is the whole
//! logic of one box: a value without clock, heap, threads or I/O, so that the same inputs always
//! give the same outputs and every story can be told in virtual time.
//!
//! # The loop
//! A shell owns the clock, the sockets and the machine, and runs this:
//! ```text
//! let mut node = Node::new(&config, boot, clock());
//! loop {
//!     let now = clock();
//!     if now > node.deadline() { node.handle(now, Input::Wake); }    // let go before reading
//!     for (link, bytes) in sockets {
//!         let lines = node.handle(now, Input::Frame { link, bytes }).unwrap_or_default();
//!         for line in lines.iter() { pass_on(line, bytes) }          // of a ring of serial lines
//!     }
//!     if now >= node.deadline() { node.handle(now, Input::Timeout); } // verdicts fall here
//!     while let Some(transmit) = node.poll_transmit(now, &mut buf) { send(transmit, &buf) }
//!     while let Some(action) = node.poll_action() { start(action) }   // its end: Input::Done
//!     while let Some(event) = node.poll_event() { log(event) }
//!     for group in held { if node.may_hold(now, group) { refresh(group) } else { remove(group) } }
//!     sleep_until(node.deadline());
//! }
//! ```
//!
//! # Floor plan
//! A room may use only rooms on lower floors; `tests/floors.rs` holds it.
//! ```text
//! node        one node: the only room that knows every other
//! linux_ha    a member beside a real heartbeat: its words on our transfers
//! failover    who should hold what, claims, transfer, letting go
//! membership  proof of life, silence, links, control words
//! auth        keys and tags
//! wire        what is said, and its bytes
//! serial      frames on a line of bytes, and whose turn it is to leave
//! action      the vocabulary: Input, Transmit, Action, Event, Reject
//! config      text becomes a Config, once
//! hash        SHA-1 and SHA-256
//! time id     instants and spans; small numbers for nodes, links, groups
//! ```
//! Data goes up, one way: bytes, wire, auth, membership, failover, action. The way back is one
//! function per room, `deadline()`, folded to a minimum.
//!
//! What the words mean, what an attacker can and cannot do, and how to work on this code stands in
//! [`manual`].
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
pub mod hash;
pub mod id;
mod linux_ha;
pub mod manual;
mod membership;
mod node;
pub mod serial;
pub mod time;
pub mod wire;

pub use linux_ha::Heartbeat;
pub use node::{Boot, GroupView, LinkView, Node, PathView, PeerView};
pub use wire::MAX_FRAME;

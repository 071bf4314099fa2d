//! twinbeat: the program around the core.
#![cfg_attr(all(target_env = "musl", not(test)), no_main)]

mod address;
mod announce;
mod boot;
mod cli;
mod clock;
mod companion;
mod configuration;
mod control;
mod fence;
mod files;
mod filter;
mod history;
mod hook;
mod interface;
mod journal;
mod link;
mod netlink;
mod ping;
mod privilege;
mod reactor;
mod resource;
mod run;
#[cfg(test)]
mod sandbox;
mod script;
mod signal;
mod socket;
mod state;
mod status;
mod stream;
mod supervisor;
mod sys;
#[cfg(test)]
mod testing;
mod watchdog;

/// The static binary has a smaller start, `sys::start`.
#[cfg(not(all(target_env = "musl", not(test))))]
fn main() -> std::process::ExitCode {
    let arguments = std::env::args_os().map(|word| &*Box::leak(word.into_boxed_os_str()));
    cli::main(&mut { arguments }).into()
}

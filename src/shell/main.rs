//! twinbeat: the program around the core.

mod address;
mod announce;
mod boot;
mod cli;
mod clock;
mod configuration;
mod control;
mod files;
mod filter;
mod interface;
mod journal;
mod link;
mod netlink;
mod privilege;
mod reactor;
mod resource;
mod run;
#[cfg(test)]
mod sandbox;
mod script;
mod signal;
mod state;
mod status;
mod sys;
#[cfg(test)]
mod testing;
mod watchdog;

fn main() -> std::process::ExitCode {
    cli::main()
}

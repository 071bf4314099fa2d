//! A network namespace for one test that starts single programs: no other node is there.

use std::process::Command;

use nix::sched::{CloneFlags, unshare};

/// Runs `story` where its network is nobody else's, with an interface at 192.0.2.1/24 that has carrier
/// and the other end of it; says so and passes where that is not permitted.
pub(crate) fn alone([interface, end]: [&str; 2], story: impl FnOnce() + Send) {
    let run = || {
        if let Err(error) = unshare(CloneFlags::CLONE_NEWNET) {
            eprintln!("SKIPPED: no network namespace of our own: {error}");
            return;
        }
        for words in [
            format!("link add {interface} type veth peer name {end}"),
            format!("addr add 192.0.2.1/24 dev {interface}"),
            format!("link set {interface} up"),
            format!("link set {end} up"),
            "link set lo up".to_owned(),
        ] {
            let ip = Command::new("ip").args(words.split(' ')).status();
            assert!(ip.expect("iproute2 is installed").success(), "{words}");
        }
        story();
    };
    std::thread::scope(|scope| {
        if let Err(panic) = scope.spawn(run).join() {
            std::panic::resume_unwind(panic);
        }
    });
}

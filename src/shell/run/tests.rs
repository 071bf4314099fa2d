use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use twinbeat::action::PeerState;
use twinbeat::id::NodeId;

use super::*;
use crate::sandbox::{self, ip};
use crate::sys::heap;
use crate::{configuration, testing};

/// Both ends of a cable in one namespace, each with a node of its own.
fn cable() {
    ip("link add v0 type veth peer name v1");
    ip("link set v0 up");
    ip("link set v1 up");
    ip("addr add 192.0.2.1/24 dev v0");
    for name in ["v0", "v1"] {
        let conf = PathBuf::from("/proc/thread-self/net")
            .exists()
            .then(|| format!("/proc/sys/net/ipv4/conf/{name}"));
        let conf = conf.expect("/proc is there");
        fs::write(format!("{conf}/accept_local"), "1").unwrap();
        fs::write(format!("{conf}/rp_filter"), "0").unwrap();
    }
}

fn program(name: &str, interface: &str, groups: &str) -> Box<Program> {
    let folder = testing::folder();
    let path = folder.display();
    for (file, text) in [
        (
            "ha.cf",
            format!(
                "keepalive 20ms\ndeadtime 500ms\ninitdead 500ms\nbcast {interface}\nping 192.0.2.1\n\
                 node alpha beta\nrundir {path}/run\nstatedir {path}/state\n"
            ),
        ),
        ("nodeinfo", name.to_owned()),
        ("haresources", groups.to_owned()),
        (
            "authkeys",
            "auth 1\n1 sha1 a-key-of-some-length\n".to_owned(),
        ),
    ] {
        let file = folder.join(file);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let config = configuration::read(&folder, &mut |said| eprintln!("{said}")).unwrap();
    let mut program = start::start(&folder, Rc::from(config));
    program.begin();
    program
}

/// Runs until it is so; fails after a while.
fn turn_until(program: &mut Program, what: &str, so: impl Fn(&Program) -> bool) {
    let began = clock::now();
    while !so(program) {
        let silence = program.node.peer(clock::now(), NodeId::new(1).unwrap());
        assert!(
            clock::now().since(began) < Duration::from_secs(10),
            "never: {what}, {silence:?}"
        );
        program.turn();
    }
}

#[test]
fn no_beat_no_lease_and_no_ping_costs_an_allocation() {
    sandbox::run(|| {
        cable();
        let groups = "alpha 192.0.2.100/24\nbeta 192.0.2.101/24/v0\n";
        let over = Arc::new(AtomicBool::new(false));
        let (seen, names) = (Arc::clone(&over), groups);
        let peer = std::thread::spawn(move || {
            let mut beta = program("beta", "v1", names);
            while !seen.load(Ordering::Relaxed) {
                beta.turn();
            }
        });
        let mut alpha = program("alpha", "v0", groups);
        let group = twinbeat::id::GroupId::new(0).unwrap();
        turn_until(&mut alpha, "held, and announced five times", |alpha| {
            let now = clock::now();
            alpha.node.group(now, group).state == twinbeat::action::GroupState::Held
                && now.since(alpha.started) > Duration::from_secs(2)
        });
        let sent_and_heard = |alpha: &Program| {
            let link = alpha.node.link(LinkId::new(0).unwrap());
            (link.sent, link.heard)
        };
        // Several refreshes of the lease are among it. A stall of this machine is worth lines in the
        // log: then another while is looked at.
        let mut costs = Vec::with_capacity(5);
        while costs.len() < 5 && !costs.contains(&0) {
            let (before, first) = (sent_and_heard(&alpha), heap::allocations());
            let until = clock::now().after(Duration::from_secs(2));
            while clock::now() < until {
                alpha.turn();
            }
            let (after, last) = (sent_and_heard(&alpha), heap::allocations());
            assert!(first > 100, "they are counted");
            let stalled = after.0 - before.0 < 80 || after.1 - before.1 < 80;
            costs.push(if stalled { u64::MAX } else { last - first });
        }
        let host = twinbeat::id::WitnessId::ZERO;
        assert!(alpha.node.witness(clock::now(), host).0, "it answers");
        over.store(true, Ordering::Relaxed);
        peer.join().unwrap();
        let alive = alpha.node.peer(clock::now(), NodeId::new(1).unwrap());
        assert_eq!(alive.state, PeerState::Alive);
        assert!(costs.contains(&0), "allocations: {costs:?}");
    });
}

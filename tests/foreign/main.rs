//! `cargo foreign`: binaries of other CPUs, as `cross/build mips armv5te` makes them, under
//! qemu-user in network namespaces. Nodes of either byte order replace each other.
//! `cargo foreign WORD` runs the tests whose name has it.

mod handler;
#[path = "../lab/mod.rs"]
#[expect(dead_code, reason = "the namespace tests use the rest of the lab")]
mod lab;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lab::World;
use lab::json::Json;
use lab::pair::{A, B, Pair, Settings};
use lab::tests::{self, Test};

fn main() -> ExitCode {
    if let Err(why) = [MIPS, ARM].iter().try_for_each(Cpu::ready) {
        return tests::skip("foreign", TESTS, &why);
    }
    match lab::enter_with_own_users() {
        World::Inside => {
            if let Err(why) = handler::register(&[MIPS, ARM]) {
                println!("foreign: what a node writes to its state directory SKIPPED: {why}");
            }
            tests::run("foreign", TESTS, SIDE_BY_SIDE)
        }
        World::Left(code) => code,
        World::Refused(why) => tests::skip("foreign", TESTS, &why),
    }
}

/// A CPU that is not this machine's: 32 bits, one of each byte order.
struct Cpu {
    /// The emulator.
    qemu: &'static str,
    /// Rust's name for the target.
    triple: &'static str,
    /// What an ELF header says: the byte order, 1 little, 2 big, and the machine.
    order: u8,
    machine: u8,
}

const MIPS: Cpu = Cpu {
    qemu: "qemu-mips",
    triple: "mips-unknown-linux-musl",
    order: 2,
    machine: 8,
};
const ARM: Cpu = Cpu {
    qemu: "qemu-arm",
    triple: "armv5te-unknown-linux-musleabi",
    order: 1,
    machine: 40,
};

impl Cpu {
    /// The emulator's path, statically linked by preference: it needs no other file.
    fn emulator(&self) -> Option<PathBuf> {
        let folders = ["/usr/bin", "/usr/local/bin", "/bin"].map(Path::new);
        [format!("{}-static", self.qemu), self.qemu.to_owned()]
            .iter()
            .flat_map(|name| folders.map(|folder| folder.join(name)))
            .find(|path| path.exists())
    }

    /// The binary that `cross/build` made, in the same target folder as this build's own.
    fn binary(&self) -> PathBuf {
        Path::new(env!("CARGO_BIN_EXE_twinbeat"))
            .ancestors()
            .nth(2)
            .expect("target/PROFILE/twinbeat")
            .join(self.triple)
            .join("release/twinbeat")
    }

    fn ready(&self) -> Result<(), String> {
        if self.emulator().is_none() {
            return Err(format!(
                "no {}-static: install the package qemu-user-static",
                self.qemu
            ));
        }
        let binary = self.binary();
        let header = fs::read(&binary).unwrap_or_default();
        assert_eq!(
            (header.get(5), header.get(18).max(header.get(19))),
            (Some(&self.order), Some(&self.machine)),
            "{}: missing, or of another CPU: cross/build mips armv5te",
            binary.display()
        );
        Ok(())
    }

    fn program(&self) -> Vec<String> {
        let emulator = self.emulator().expect("looked for before");
        [emulator, self.binary()]
            .map(|path| path.display().to_string())
            .into()
    }
}

const TESTS: &[Test] = &[
    ("two_big_endian_nodes_replace_each_other", || {
        replace_each_other([Some(&MIPS), Some(&MIPS)]);
    }),
    ("a_big_endian_home_and_a_little_endian_standby", || {
        replace_each_other([Some(&MIPS), Some(&ARM)]);
    }),
    ("a_little_endian_home_and_a_big_endian_standby", || {
        replace_each_other([Some(&ARM), Some(&MIPS)]);
    }),
    ("a_32_bit_home_and_a_standby_of_this_machine", || {
        replace_each_other([Some(&MIPS), None]);
    }),
    ("a_home_of_this_machine_and_a_32_bit_standby", || {
        replace_each_other([None, Some(&MIPS)]);
    }),
];
const SIDE_BY_SIDE: usize = 3;

/// Emulated and beside others: far longer than a native node needs.
const PACE: &str = "keepalive 250ms\ndeadtime 1500ms\nwarntime 900ms\ninitdead 3\n";
const DEADTIME: Duration = Duration::from_millis(1500);
const KEEPALIVE: Duration = Duration::from_millis(250);
const SLACK: Duration = Duration::from_millis(1000);
/// Two observers, each looking every other millisecond, on a loaded machine.
const OVERLAP: Duration = Duration::from_millis(50);

/// Kill of the home, its return, its graceful stop; `None` is this build.
fn replace_each_other(cpus: [Option<&Cpu>; 2]) {
    let mut pair = Pair::new(&Settings {
        timing: PACE,
        resources: "IPaddr2::10.77.0.100/24/eth0 service::one",
        ..Settings::default()
    });
    for (node, cpu) in pair.nodes.iter_mut().zip(cpus) {
        if let Some(cpu) = cpu {
            node.program = cpu.program();
        }
    }
    pair.start_both();
    let before = [A, B].map(|node| refused(&pair, node));
    sleep(4 * KEEPALIVE);
    assert_eq!(before, [A, B].map(|node| refused(&pair, node)));

    let at = Instant::now();
    pair.kill(A);
    pair.wait_for("B to take over", DEADTIME + SLACK, |p| p.holds(B));
    let waited = at.elapsed();
    assert!(waited + 2 * KEEPALIVE > DEADTIME, "too soon: {waited:?}");
    lease_ends(&pair, A, cpus[A]);
    sleep(DEADTIME);
    only(&pair, B);

    let at = Instant::now();
    pair.start(A);
    pair.wait_for("A after its return", DEADTIME + SLACK, |p| {
        p.holds(A) && !p.holds(B)
    });
    sleep(4 * KEEPALIVE);
    only(&pair, A);
    never_both(&pair, at);

    let at = Instant::now();
    let status = pair.terminate(A);
    assert!(status.success(), "{status}\n{}", pair.story());
    pair.wait_for("B after the stop", SLACK, |p| p.holds(B));
    assert!(at.elapsed() < DEADTIME, "it was a death\n{}", pair.story());
    sleep(2 * KEEPALIVE);
    only(&pair, B);
    never_both(&pair, at);
    writes_its_state(&pair, cpus);
}

/// The killed node's address ends with its lease. qemu-user passes some of what a node asks of the
/// kernel on in the node's byte order: then it is a lease of 2^24 seconds, and is ended here.
fn lease_ends(pair: &Pair, node: usize, cpu: Option<&Cpu>) {
    let namespace = &pair.nodes[node].namespace;
    if cpu.is_some_and(|cpu| cpu.order == 2) {
        let out = Command::new("ip")
            .args(["-n", namespace.name(), "-4", "addr", "show", "dev", "eth0"])
            .output()
            .expect("ip ran before");
        let text = String::from_utf8_lossy(&out.stdout);
        let left = text
            .split_once("10.77.0.100/")
            .and_then(|(_, rest)| rest.split_once("valid_lft "))
            .and_then(|(_, rest)| rest.split_once("sec"))
            .and_then(|(seconds, _)| seconds.parse::<u32>().ok());
        let asked_for = left.map_or(0, |left| (left + 60).swap_bytes() & 0xff);
        if asked_for == 1 {
            namespace.ip("addr del 10.77.0.100/32 dev eth0");
        }
    }
    pair.wait_for("A's address to end", 3 * DEADTIME, |p| !p.holds(node));
}

/// The address and the service are on this node and no other.
fn only(pair: &Pair, node: usize) {
    let other = if node == A { B } else { A };
    assert_eq!(
        (pair.holds(node), pair.holds(other)),
        (true, false),
        "{}",
        pair.story()
    );
    let service = pair.nodes[node].folder.join("running");
    assert!(service.exists(), "no service\n{}", pair.story());
}

fn never_both(pair: &Pair, since: Instant) {
    let both = pair.both_held(since);
    assert!(both < OVERLAP, "both for {both:?}\n{}", pair.story());
}

/// Frames refused before the other had proved itself, as between any two nodes that start; none for
/// another reason. The other is known, heard and of one mind.
fn refused(pair: &Pair, node: usize) -> u64 {
    let out = pair.command(node, &["status", "--json"]);
    let text = String::from_utf8(out.stdout).expect("UTF-8");
    let status = Json::parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}\n{}", pair.story()));
    let story = format!("{text}\n{}", pair.story());
    let number = |value: Option<&Json>| match value {
        Some(Json::Number(n)) => n.parse::<u64>().expect("a count"),
        _ => panic!("no number: {story}"),
    };
    let peers = status.get("nodes").map_or(&[][..], Json::list);
    let other = &peers[if node == A { B } else { A }];
    assert_eq!(
        other.get("state").and_then(Json::text),
        Some("alive"),
        "{story}"
    );
    assert_eq!(other.get("mismatch"), Some(&Json::Null), "{story}");
    let link = &status.get("links").map_or(&[][..], Json::list)[0];
    let [sent, unsent, accepted] =
        ["sent", "unsent", "accepted"].map(|name| number(link.get(name)));
    // The first may be made before the kernel says that the cable is plugged in.
    assert!(sent >= 5 && accepted >= 5 && unsent <= 2, "{story}");
    let Some(Json::Object(rejected)) = status.get("rejected") else {
        panic!("{story}");
    };
    let (unproven, others): (Vec<_>, Vec<_>) = rejected
        .iter()
        .partition(|(why, _)| why.contains("not proved itself"));
    assert_eq!((unproven.len(), others.len()), (1, 9), "{story}");
    for (why, count) in others {
        assert_eq!(number(Some(count)), 0, "{why}\n{story}");
    }
    number(Some(&unproven[0].1))
}

/// A node runs itself to write its state: where the kernel cannot run a program of another CPU it
/// says so, and serves all the same.
fn writes_its_state(pair: &Pair, cpus: [Option<&Cpu>; 2]) {
    for ((node, cpu), starts) in pair.nodes.iter().zip(cpus).zip(["2\n", "1\n"]) {
        if cpu.is_none_or(handler::registered) {
            let generation = fs::read_to_string(node.folder.join("state/generation"));
            assert_eq!(generation.ok().as_deref(), Some(starts), "{}", pair.story());
        }
    }
}

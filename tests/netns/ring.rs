//! Three nodes in a ring of null-modems and nothing else: real agents, ptys at 19200 baud, one cable cut.

use std::fs::{self, File, Permissions};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::lab::cable::Cable;
use crate::lab::namespace::Namespace;
use crate::lab::tests::Test;
use crate::lab::watch::Watch;

pub(crate) const TESTS: &[Test] = &[(
    "in_a_ring_of_three_any_cable_may_be_cut_and_its_ends_replace_each_other_all_the_same",
    ring,
)];

const SERVICE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 100);
const FOLDER: &str = "/run/ring";
/// Slow enough for a machine with much to do.
const HA_CF: &str =
    "keepalive 200ms\ndeadtime 1\ninitdead 3\nauto_failback off\nnode ring0 ring1 ring2\n";
const DEADTIME: Duration = Duration::from_secs(1);

struct Node {
    namespace: Namespace,
    watch: Watch,
    folder: PathBuf,
    agent: Option<Child>,
}

/// Cable n joins node n and the next.
struct Ring {
    nodes: [Node; 3],
    cables: [Cable; 3],
}

fn ring() {
    let Some(mut ring) = Ring::new() else {
        return println!("netns: a ring of serial lines SKIPPED: no python3");
    };
    (0..3).for_each(|node| ring.start(node));
    ring.wait_for("ring0 to serve", Duration::from_secs(8), |ring| {
        ring.holders() == [0]
    });
    for node in 0..3 {
        ring.wait_for_all_alive(node);
    }

    ring.cables[0].tell("cut");
    thread::sleep(3 * DEADTIME);
    assert_eq!(ring.holders(), [0], "{}", ring.story());
    // What each says of the other comes by ring2 alone.
    ring.wait_for_all_alive(0);
    ring.wait_for_all_alive(1);

    ring.kill(0);
    ring.wait_for("another to serve", 3 * DEADTIME, |ring| {
        ring.holders().len() == 1 && !ring.nodes[0].watch.holds()
    });
    let holder = ring.holders();
    ring.start(0);
    for node in 0..3 {
        ring.wait_for_all_alive(node);
    }
    assert_eq!(ring.holders(), holder, "{}", ring.story());
}

impl Ring {
    fn new() -> Option<Self> {
        let line = |cable: usize, end: &str| PathBuf::from(format!("{FOLDER}/ttyring{cable}{end}"));
        fs::create_dir(FOLDER).expect("/run is empty");
        let nodes = [0, 1, 2].map(|node: usize| {
            let namespace = Namespace::new(&format!("ring{node}"));
            namespace.ip("link add eth0 type veth peer name far");
            namespace.ip(&format!("addr add 10.77.0.{}/24 dev eth0", node + 1));
            namespace.ip("link set far up");
            namespace.ip("link set eth0 up");
            let folder = PathBuf::from(format!("{FOLDER}/{node}"));
            fs::create_dir(&folder).expect("our own folder");
            let (left, right) = (line((node + 2) % 3, "b"), line(node, "a"));
            let at = folder.display();
            let files = [
                (
                    "ha.cf",
                    format!("{HA_CF}serial {} {}\n", left.display(), right.display()),
                ),
                ("haresources", format!("ring0 {SERVICE}/24/eth0\n")),
                (
                    "authkeys",
                    "auth 1\n1 sha1 a-key-that-is-long-enough\n".to_owned(),
                ),
                (
                    "twinbeat.cf",
                    format!("rundir {at}/run\nstatedir {at}/state\n"),
                ),
                ("nodeinfo", format!("ring{node}\n")),
            ];
            for (name, text) in files {
                fs::write(folder.join(name), text).expect("our own folder");
            }
            let secret = Permissions::from_mode(0o600);
            fs::set_permissions(folder.join("authkeys"), secret).expect("our own file");
            Node {
                watch: Watch::new(&namespace, SERVICE),
                namespace,
                folder,
                agent: None,
            }
        });
        let cable = |cable| Cable::new([&line(cable, "a"), &line(cable, "b")]);
        Some(Self {
            nodes,
            cables: [cable(0)?, cable(1)?, cable(2)?],
        })
    }

    fn start(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        let log = File::options()
            .create(true)
            .append(true)
            .open(node.folder.join("log"));
        let mut command = node.command("run");
        command
            .stdin(Stdio::null())
            .stderr(log.expect("our own folder"));
        node.agent = Some(node.namespace.spawn(&mut command).expect("it was built"));
    }

    fn kill(&mut self, node: usize) {
        let mut agent = self.nodes[node].agent.take().expect("started before");
        agent.kill().expect("our own child");
        agent.wait().expect("our own child");
    }

    fn holders(&self) -> Vec<usize> {
        (0..3)
            .filter(|node| self.nodes[*node].watch.holds())
            .collect()
    }

    fn wait_for_all_alive(&self, node: usize) {
        self.wait_for(
            "all to be alive and to hear",
            Duration::from_secs(8),
            |ring| {
                let node = &ring.nodes[node];
                let mut command = node.command("status");
                let out = node
                    .namespace
                    .within(|| command.output())
                    .expect("it was built");
                let text = String::from_utf8_lossy(&out.stdout).into_owned();
                let heard = text.lines().filter(|line| {
                    line.starts_with("node ring")
                        && line.contains(" alive, heard")
                        && !line.contains("does not hear")
                });
                heard.count() == 2
            },
        );
    }

    fn wait_for(&self, what: &str, limit: Duration, done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + limit;
        while !done(self) {
            assert!(
                Instant::now() < end,
                "{what}: not within {limit:?}\n{}",
                self.story()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn story(&self) -> String {
        let log = |node: &Node| fs::read_to_string(node.folder.join("log")).unwrap_or_default();
        self.nodes
            .iter()
            .map(|node| format!("---\n{}", log(node)))
            .collect()
    }
}

impl Node {
    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(crate::lab::pair::program());
        command.arg(verb).arg("-c").arg(&self.folder);
        command
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        for agent in self.nodes.iter_mut().filter_map(|node| node.agent.as_mut()) {
            let _ = agent.kill();
            let _ = agent.wait();
        }
        let _ = fs::remove_dir_all(FOLDER);
    }
}

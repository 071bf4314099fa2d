//! Two nodes and a client on one bridge, with twinbeat's files and, when started, its agents.

use std::fs::{self, File, Permissions};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::namespace::Namespace;
use super::watch::Watch;

/// The address that moves.
pub(crate) const SERVICE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 100);
/// The home of the group.
pub(crate) const A: usize = 0;
/// The other node.
pub(crate) const B: usize = 1;

/// What a test varies.
pub(crate) struct Settings {
    /// The lines of `ha.cf` that set its pace.
    pub(crate) timing: &'static str,
    /// More lines of `ha.cf`; `LINE` stands for the node's end of a null-modem.
    pub(crate) directives: &'static str,
    /// The words after the home node in `haresources`.
    pub(crate) resources: &'static str,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timing: "keepalive 100ms\ndeadtime 300ms\nwarntime 200ms\ninitdead 1\n",
            directives: "auto_failback on\nbcast eth0\n",
            resources: "IPaddr2::10.77.0.100/24/eth0",
        }
    }
}

/// A pair; everything ends with it.
pub(crate) struct Pair {
    pub(crate) bridge: Namespace,
    pub(crate) outside: Namespace,
    pub(crate) nodes: [Node; 2],
    folder: PathBuf,
}

/// One of the two.
pub(crate) struct Node {
    pub(crate) name: &'static str,
    pub(crate) namespace: Namespace,
    pub(crate) watch: Watch,
    pub(crate) folder: PathBuf,
    /// Where the end of a null-modem belongs.
    pub(crate) line: PathBuf,
    /// What is run there, before twinbeat's own words: this build, unless a test has another.
    pub(crate) program: Vec<String>,
    pub(crate) preload: Vec<(&'static str, PathBuf)>,
    agent: Option<Child>,
}

impl Pair {
    /// Lays the cables and writes the files; nothing is started.
    pub(crate) fn new(settings: &Settings) -> Self {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(format!("/run/pair{number}"));
        fs::create_dir(&folder).expect("/run is empty");
        let bridge = Namespace::new(&format!("bridge{number}"));
        bridge.ip("link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0");
        bridge.ip("link set br0 up");
        let outside = Namespace::new(&format!("outside{number}"));
        let nodes = NAMES.map(|name| {
            let namespace = Namespace::new(&format!("{name}{number}"));
            let folder = folder.join(name);
            let line = folder.join(format!("tty{number}{name}"));
            write_files(&folder, name, &line, settings);
            Node {
                name,
                watch: Watch::new(&namespace, SERVICE),
                namespace,
                folder,
                line,
                program: vec![program()],
                preload: Vec::new(),
                agent: None,
            }
        });
        let pair = Self {
            bridge,
            outside,
            nodes,
            folder,
        };
        pair.lay_cable(&pair.nodes[A].namespace, A, "eth0", "br0");
        pair.lay_cable(&pair.nodes[B].namespace, B, "eth0", "br0");
        pair.lay_cable(&pair.outside, 8, "eth0", "br0");
        pair
    }

    /// Starts twinbeat on a node.
    pub(crate) fn start(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        let log = File::options()
            .create(true)
            .append(true)
            .open(node.log_path())
            .expect("our own folder");
        let mut command = node.command(&["run"]);
        command
            .stdout(log.try_clone().expect("a descriptor is free"))
            .stderr(log);
        command.envs(node.preload.iter().map(|(name, value)| (name, value)));
        node.agent = Some(
            node.namespace
                .spawn(&mut command)
                .unwrap_or_else(|e| panic!("{:?}: {e}", node.program)),
        );
    }

    /// Starts both and waits until A serves.
    pub(crate) fn start_both(&mut self) {
        self.start(A);
        self.start(B);
        self.wait_for("A to serve", Duration::from_secs(5), |p| {
            p.holds(A) && !p.holds(B)
        });
        thread::sleep(Duration::from_millis(500));
        assert!(
            self.holds(A) && !self.holds(B),
            "not steady\n{}",
            self.story()
        );
    }

    /// Whether the nodes have IPv6 addresses, fd77:0::1 and fd77:0::2.
    pub(crate) fn has_ipv6(&self) -> bool {
        self.has_address(B, "fd77::2")
    }

    /// Whether the kernel lists this address, as it writes it, on a node.
    pub(crate) fn has_address(&self, node: usize, address: &str) -> bool {
        let out = Command::new("ip")
            .args(["-n", self.nodes[node].namespace.name(), "-o", "addr"])
            .output()
            .expect("ip ran before");
        String::from_utf8_lossy(&out.stdout).contains(&format!(" {address}/"))
    }

    /// Sends a signal to the agent.
    pub(crate) fn signal(&self, node: usize, signal: Signal) {
        kill(Pid::from_raw(self.pid(node)), signal).expect("our own child");
    }

    /// Kills the agent, and only it: what it installed stays as it is.
    pub(crate) fn kill(&mut self, node: usize) {
        self.signal(node, Signal::SIGKILL);
        self.reap(node);
    }

    /// Asks the agent to end, and waits.
    pub(crate) fn terminate(&mut self, node: usize) -> ExitStatus {
        self.signal(node, Signal::SIGTERM);
        self.reap(node)
    }

    /// A network of its own for `eth1` of both nodes.
    pub(crate) fn lay_second_network(&self) {
        self.bridge
            .ip("link add br1 type bridge stp_state 0 forward_delay 0 mcast_snooping 0");
        self.bridge.ip("link set br1 up");
        for (number, node) in self.nodes.iter().enumerate() {
            self.lay_cable(&node.namespace, number, "eth1", "br1");
        }
    }

    /// A second cable between a node and the bridge, or the first.
    pub(crate) fn lay_cable(&self, host: &Namespace, number: usize, interface: &str, bridge: &str) {
        let port = port(number, interface);
        let third = if interface == "eth0" { 0 } else { 1 };
        let address = format!(
            "10.77.{third}.{}/24 broadcast 10.77.{third}.255",
            number + 1
        );
        self.bridge.ip(&format!(
            "link add {port} type veth peer name {interface} netns {}",
            host.name()
        ));
        self.bridge
            .ip(&format!("link set {port} master {bridge} up"));
        host.ip(&format!("addr add {address} dev {interface}"));
        // Refused where IPv6 is switched off; whoever needs it asks `has_ipv6`.
        let _ = host.try_ip(&format!(
            "-6 addr add fd77:{third}::{:x}/64 dev {interface} nodad",
            number + 1
        ));
        host.ip(&format!("link set {interface} up"));
    }

    /// Pulls a node's cable, or plugs it again: the node sees its carrier.
    pub(crate) fn plug(&self, node: usize, plugged: bool) {
        let port = port(node, "eth0");
        self.bridge.ip(&format!(
            "link set {port} {}",
            if plugged { "up" } else { "down" }
        ));
    }

    /// Whether the node has the address.
    pub(crate) fn holds(&self, node: usize) -> bool {
        self.nodes[node].watch.holds()
    }

    /// For how long since `since` both have had it.
    pub(crate) fn both_held(&self, since: Instant) -> Duration {
        self.nodes[A].watch.overlap(&self.nodes[B].watch, since)
    }

    /// The agent's process.
    pub(crate) fn pid(&self, node: usize) -> i32 {
        let child = self.nodes[node].agent.as_ref().expect("started before");
        i32::try_from(child.id()).expect("a process id")
    }

    /// Whether the agent runs.
    pub(crate) fn runs(&mut self, node: usize) -> bool {
        self.nodes[node]
            .agent
            .as_mut()
            .is_some_and(|c| c.try_wait().is_ok_and(|s| s.is_none()))
    }

    /// Another twinbeat on the node, to its end: `status`, `standby` ...
    pub(crate) fn command(&self, node: usize, words: &[&str]) -> Output {
        let node = &self.nodes[node];
        let mut command = node.command(words);
        node.namespace
            .within(|| command.output())
            .unwrap_or_else(|e| panic!("{:?}: {e}", node.program))
    }

    /// Waits for something to become true, and tells both logs when it does not.
    pub(crate) fn wait_for(&self, what: &str, limit: Duration, done: impl Fn(&Self) -> bool) {
        let end = Instant::now() + limit;
        while !done(self) {
            assert!(
                Instant::now() < end,
                "{what}: not within {limit:?}\n{}",
                self.story()
            );
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// What both agents wrote.
    pub(crate) fn story(&self) -> String {
        self.nodes
            .iter()
            .map(|node| {
                format!(
                    "--- {}\n{}",
                    node.name,
                    fs::read_to_string(node.log_path()).unwrap_or_default()
                )
            })
            .collect()
    }

    fn reap(&mut self, node: usize) -> ExitStatus {
        let mut child = self.nodes[node].agent.take().expect("started before");
        child.wait().expect("our own child")
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Some(child) = &mut node.agent {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Node {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program[0]);
        command
            .args(&self.program[1..])
            .args(words)
            .arg("-c")
            .arg(self.folder.join("ha.d"))
            .stdin(Stdio::null());
        command
    }

    fn log_path(&self) -> PathBuf {
        self.folder.join("agent.log")
    }
}

/// The real binary of this build, unless `TWINBEAT` names another.
pub(crate) fn program() -> String {
    std::env::var("TWINBEAT").unwrap_or_else(|_| env!("CARGO_BIN_EXE_twinbeat").to_owned())
}

fn port(number: usize, interface: &str) -> String {
    format!("port{number}-{interface}")
}

/// heartbeat's three files, ours, and a service script that leaves traces in the node's folder.
fn write_files(folder: &Path, name: &str, line: &Path, settings: &Settings) {
    let home = folder.join("ha.d");
    let at = folder.display();
    let Settings {
        timing,
        directives,
        resources,
    } = settings;
    let directives = directives.replace("LINE", &line.to_string_lossy());
    let files = [
        (
            "ha.cf",
            0o644,
            format!("{timing}{directives}node nodea nodeb\n"),
        ),
        ("haresources", 0o644, format!("nodea {resources}\n")),
        (
            "authkeys",
            0o600,
            "auth 1\n1 sha1 a-key-that-is-long-enough\n".to_owned(),
        ),
        (
            "twinbeat.cf",
            0o644,
            format!("rundir {at}/run\nstatedir {at}/state\n"),
        ),
        ("nodeinfo", 0o644, format!("{name}\n")),
        (
            "resource.d/service",
            0o755,
            SCRIPT.replace("FOLDER", &at.to_string()),
        ),
    ];
    fs::create_dir_all(home.join("resource.d")).expect("our own folder");
    fs::create_dir_all(folder.join("state")).expect("our own folder");
    for (file, mode, text) in files {
        let path = home.join(file);
        fs::write(&path, text).expect("our own folder");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("our own file");
    }
}

const NAMES: [&str; 2] = ["nodea", "nodeb"];
const SCRIPT: &str = "#!/bin/sh
cd FOLDER || exit 1
echo \"$*\" >> calls
case \"$2\" in
start) : > running ;;
stop) rm -f running ;;
status) if [ -e running ]; then echo running; else echo stopped; fi ;;
esac
";
/// Pairs made so far: their names must differ while tests run side by side.
static MADE: AtomicU32 = AtomicU32::new(0);

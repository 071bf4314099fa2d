//! heartbeat's commands, under their own names, against the outputs and exit codes of heartbeat 3.0.6
//! (recorded from a pair in namespaces whose second node had been stopped).

#[path = "lab/alone.rs"]
mod namespace;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_twinbeat");

/// A node in a network namespace of its own, with links to the program by each of heartbeat's names.
struct Node {
    directory: PathBuf,
}

/// Runs `story` on a node where its network is nobody else's.
fn alone(name: &str, story: impl FnOnce(Node) + Send) {
    namespace::alone(["hb0", "hb1"], || story(Node::new(name)));
}

impl Node {
    fn new(name: &str) -> Self {
        let folder = format!("twinbeat-heartbeat-{name}-{}", std::process::id());
        let node = Self {
            directory: std::env::temp_dir().join(folder),
        };
        let _ = fs::remove_dir_all(&node.directory);
        fs::create_dir_all(&node.directory).unwrap();
        let path = node.directory.display();
        node.write(
            "ha.cf",
            "keepalive 50ms # often\ndeadtime 200ms\ninitdead 200ms\nbcast hb0\nucast hb0 192.0.2.2\n\
             auto_failback off\nping 192.0.2.1\nping_group both 192.0.2.77, 127.0.0.1\ntrack hb1\n\
             node alpha beta\n",
        );
        node.write(
            "twinbeat.cf",
            &format!("rundir {path}/run\nstatedir {path}/state\n"),
        );
        node.write("nodeinfo", "alpha\n");
        node.write("haresources", "beta 192.0.2.100/24/hb0\nalpha Delay::0\n");
        node.write("authkeys", "auth 1\n1 sha1 a-key-of-some-length\n");
        for name in ["heartbeat", "cl_status", "hb_standby", "hb_takeover"] {
            symlink(PROGRAM, node.directory.join(name)).unwrap();
        }
        node
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.directory.join(file);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn command(&self, words: &str) -> Command {
        let mut words = words.split(' ');
        let name = words.next().unwrap();
        let mut command = Command::new(self.directory.join(name));
        command
            .args(words)
            .arg("-c")
            .arg(&self.directory)
            .stdin(Stdio::null());
        command
    }

    /// The exit code and what is printed.
    fn told(&self, words: &str) -> (i32, String) {
        let Output { status, stdout, .. } = self.command(words).output().unwrap();
        let code = status.code().expect("not killed");
        (code, String::from_utf8(stdout).unwrap())
    }

    fn says(&self, words: &str, code: i32, text: &str) {
        assert_eq!(self.told(words), (code, text.to_owned()), "{words}");
    }

    fn pid(&self) -> i32 {
        let lock = fs::read_to_string(self.directory.join("run/twinbeat.lock")).unwrap();
        lock.trim().parse().unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.command("heartbeat -k").status();
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

fn within(limit: u64, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(limit);
    while !holds() {
        assert!(Instant::now() < until, "not within {limit} s");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn started_in_the_background_it_leaves_the_terminal_and_is_stopped_by_name() {
    alone("background", |node| {
        node.says("heartbeat -s", 3, "heartbeat is stopped. No process\n");
        node.says("heartbeat -k", 0, "");
        // A child that kept these streams open would keep this call from ending.
        let started = node.command("heartbeat").output().unwrap();
        let complaint = String::from_utf8_lossy(&started.stderr).into_owned();
        assert_eq!(started.status.code(), Some(0), "{complaint}");
        let pid = node.pid();
        let told = format!("heartbeat OK [pid {pid} et al] is running on alpha [alpha]...\n");
        node.says("heartbeat -s", 0, &told);
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let session = stat.rsplit(") ").next().unwrap().split(' ').nth(3).unwrap();
        assert_eq!(session, pid.to_string(), "a session of its own");
        let again = node.command("heartbeat").output().unwrap();
        let said = String::from_utf8(again.stderr).unwrap();
        assert_eq!(again.status.code(), Some(0));
        assert_eq!(said, format!("heartbeat: already running [pid {pid}].\n"));
        assert_eq!(node.pid(), pid);
        // Whatever has become of the files.
        node.write("ha.cf", "nonsense\n");
        node.says("heartbeat -r", 6, "");
        node.says("heartbeat -k", 0, "");
        assert!(!PathBuf::from(format!("/proc/{pid}/exe")).exists());
        node.says("heartbeat -s", 3, "heartbeat is stopped. No process\n");
        node.says("heartbeat", 6, "");
        node.says("heartbeat -x", 2, "");
    });
}

#[test]
fn what_keeps_it_from_starting_is_said_before_the_terminal_is_left() {
    alone("refused", |node| {
        fs::create_dir_all(node.directory.join("run/control.sock")).unwrap();
        let started = node.command("heartbeat").output().unwrap();
        assert_eq!(started.status.code(), Some(1));
        let complaint = String::from_utf8(started.stderr).unwrap();
        assert!(complaint.contains("control.sock: "), "{complaint}");
    });
}

#[test]
fn cl_status_prints_what_heartbeats_prints() {
    alone("cl_status", |node| {
        node.says(
            "cl_status hbstatus",
            1,
            "Heartbeat is stopped on this machine.\n",
        );
        node.says("cl_status listnodes", 1, "");
        node.says("heartbeat", 0, "");
        within(10, || node.told("cl_status rscstatus").1 == "all\n");
        within(10, || node.told("cl_status nodestatus both").0 == 0);
        let all = "\nalpha\tactive\t(nodetype: normal)\n\thb0\tup\n\
                   \nbeta\tdead\t(nodetype: normal)\n\thb0\tdead\n\
                   \n192.0.2.1\tping\t(nodetype: ping)\n\t192.0.2.1\tup\n\
                   \nboth\tping\t(nodetype: ping)\n\tboth\tup\n";
        for (words, code, text) in [
            ("hbstatus", 0, "Heartbeat is running on this machine.\n"),
            ("hbstatus -m", 0, "Heartbeat is running on this machine.\n"),
            ("listnodes", 0, "alpha\nbeta\n192.0.2.1\nboth\n"),
            ("listnodes -n", 0, "alpha\nbeta\n"),
            (
                "listnodes -p -m",
                0,
                "The nodes are as follow:\n192.0.2.1\nboth\n",
            ),
            ("listnodes -v", 0, all),
            ("nodestatus alpha", 0, "active\n"),
            ("nodestatus BETA", 1, "dead\n"),
            ("nodestatus -m beta", 1, "The cluster node beta is dead\n"),
            ("nodestatus 192.0.2.1", 0, "ping\n"),
            ("nodestatus gamma", 11, ""),
            ("nodestatus", 11, ""),
            ("nodetype beta", 0, "normal\n"),
            ("nodetype -m both", 0, "The node both's type: ping\n"),
            ("nodeweight alpha", 0, "100\n"),
            ("nodesite alpha", 0, "\n"),
            ("listhblinks alpha", 0, "\thb0\n"),
            ("listhblinks -v beta", 0, "\thb0\tdead\n"),
            ("listhblinks gamma", 13, ""),
            ("hblinkstatus alpha hb0", 0, "up\n"),
            (
                "hblinkstatus -m beta hb0",
                1,
                "The node beta's heartbeat link hb0 is dead\n",
            ),
            ("hblinkstatus beta foo", 13, ""),
            ("clientstatus beta ipfail", 1, "offline\n"),
            ("rscstatus -m", 0, "This node is holding all resources.\n"),
            ("hbparameter -p keepalive", 0, "50ms\n"),
            ("hbparameter -p hopfudge", 1, ""),
            (
                "hbparameter -m -p deadtime",
                0,
                "Heartbeat parameter deadtime's value: 200ms\n",
            ),
            ("hbparameter -p nosuch", 1, ""),
            ("foo", 11, ""),
        ] {
            node.says(&format!("cl_status {words}"), code, text);
        }
        let told = node.told("cl_status hbstatus -v").1;
        assert!(told.starts_with("Heartbeat is running on this machine.\nversion:\ttwinbeat"));
        assert!(
            told.ends_with(&format!("managed by:\t\"haresources\"\n{all}")),
            "{told}"
        );
    });
}

#[test]
fn groups_are_handed_over_by_heartbeats_words_alone() {
    alone("words", |node| {
        node.says("hb_standby", 3, "");
        node.says("heartbeat", 0, "");
        node.says("hb_takeover foo", 1, "");
        within(10, || node.told("cl_status rscstatus").1 == "all\n");
        node.says("hb_standby failback", 0, "");
        // It serves all the same, for there is nobody else, and says for which it stands by.
        within(10, || node.told("heartbeat -s").0 == 0);
        let status = Command::new(PROGRAM)
            .args(["status", "--json", "-c"])
            .arg(&node.directory)
            .output()
            .unwrap();
        let status = String::from_utf8(status.stdout).unwrap();
        assert_eq!(status.matches("\"standby\":true").count(), 1, "{status}");
        node.says("hb_takeover", 0, "");
    });
}

//! The two programs that a node can be: heartbeat 3.0.6, or twinbeat with `protocol linux-ha`. Both
//! read the same three files.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::machine::Machine;

/// Which program a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// heartbeat 3.0.6, as Debian has it.
    Real,
    /// twinbeat.
    Ours,
}

impl Kind {
    /// How it is called in names of tests and in tables.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Ours => "ours",
        }
    }

    /// Starts it; the other program must have ended.
    pub(crate) fn start(self, machine: &Machine) {
        match self {
            Self::Real => {
                let out = machine.run(HEARTBEAT, &[]);
                let said = String::from_utf8_lossy(&out.stderr);
                assert!(out.status.success(), "{}: {said}", machine.name);
            }
            Self::Ours => {
                machine.write("ha.d/twinbeat.cf", 0o644, OUR_FILE);
                let log = File::options()
                    .create(true)
                    .append(true)
                    .open(machine.disk.join("log/twinbeat"))
                    .expect("our own folder");
                let mut command = machine.command(&twinbeat(), &["run"]);
                command
                    .stdout(log.try_clone().expect("a descriptor is free"))
                    .stderr(log);
                let mut child = command.spawn().expect("nsenter ran before");
                // Somebody has to wait for it; how it ended is in its log.
                std::thread::spawn(move || child.wait());
            }
        }
    }

    /// Asks it to leave the cluster, and waits until it has.
    pub(crate) fn stop(self, machine: &Machine) -> Output {
        match self {
            Self::Real => machine.run(HEARTBEAT, &["-k"]),
            Self::Ours => machine.run(&twinbeat(), &["heartbeat", "-k"]),
        }
    }

    /// Lets it read its files again.
    pub(crate) fn reload(self, machine: &Machine) -> Output {
        match self {
            Self::Real => machine.run(HEARTBEAT, &["-r"]),
            Self::Ours => machine.run(&twinbeat(), &["heartbeat", "-r"]),
        }
    }

    /// Kills its processes, and only them: what they installed stays as it is.
    pub(crate) fn kill(self, machine: &Machine) {
        let pids = self.processes(machine);
        for pid in &pids {
            // One may have ended with the one before.
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
        // One that is still closing its files has no command line any more.
        while pids.iter().any(|pid| !has_ended(*pid)) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Its processes.
    pub(crate) fn processes(self, machine: &Machine) -> Vec<i32> {
        match self {
            Self::Real => machine.processes(&["heartbeat: ", HEARTBEAT]),
            Self::Ours => machine.processes(&[&twinbeat()]),
        }
    }

    /// `cl_status`, `hb_standby` or `hb_takeover`: heartbeat's own, or ours under its name.
    pub(crate) fn ask(self, machine: &Machine, words: &[&str]) -> Output {
        match self {
            Self::Real if words[0] == "cl_status" => machine.run(CL_STATUS, &words[1..]),
            Self::Real => machine.run(&format!("{SHARE}/{}", words[0]), &words[1..]),
            Self::Ours => machine.run(&twinbeat(), words),
        }
    }

    /// The log that it writes, from the start of the test.
    pub(crate) fn log(self, machine: &Machine) -> String {
        machine.read(match self {
            Self::Real => "log/ha-log",
            Self::Ours => "log/twinbeat",
        })
    }
}

/// Whether a process is gone, or waits to be buried.
fn has_ended(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    let state = |stat: String| stat.rsplit(") ").next().map(|rest| rest.starts_with('Z'));
    stat.ok().and_then(state).unwrap_or(true)
}

/// Why there is no real node on this machine, if so.
pub(crate) fn missing() -> Option<&'static str> {
    let there = [HEARTBEAT, CL_STATUS, "/etc/ha.d/harc"];
    let there = there.iter().all(|file| Path::new(file).exists());
    (!there).then_some("no heartbeat: install the package heartbeat")
}

/// Why this build is no partner for a real one, if it is not.
pub(crate) fn speechless() -> Option<&'static str> {
    let folder = std::path::PathBuf::from("/run/speechless");
    std::fs::create_dir_all(&folder).expect("/run is empty");
    for (file, text) in [
        ("ha.cf", "bcast lo\nnode alpha\n"),
        ("haresources", ""),
        ("authkeys", "auth 1\n1 sha1 a-key-that-is-long-enough\n"),
        ("twinbeat.cf", "protocol linux-ha\n"),
    ] {
        std::fs::write(folder.join(file), text).expect("our own folder");
    }
    let out = Command::new(twinbeat())
        .arg("check")
        .arg("-c")
        .arg(folder)
        .output();
    let out = out.expect("it is built");
    let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
    said.contains("not yet supported")
        .then_some("protocol linux-ha is not yet supported")
}

/// The real binary of this build, unless `TWINBEAT` names another.
pub(crate) fn twinbeat() -> String {
    std::env::var("TWINBEAT").unwrap_or_else(|_| env!("CARGO_BIN_EXE_twinbeat").to_owned())
}

const HEARTBEAT: &str = "/usr/libexec/heartbeat/heartbeat";
const CL_STATUS: &str = "/usr/bin/cl_status";
const SHARE: &str = "/usr/share/heartbeat";
/// All that heartbeat's files do not say.
const OUR_FILE: &str = "\
protocol linux-ha
rundir /run/twinbeat
statedir /var/lib/heartbeat/twinbeat
";

//! A box of its own for one node: network, host name, mounts, processes. Either agent runs in it from
//! the same files, and losing power ends all there is.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::lab::namespace::Namespace;

/// A box that may be without power.
pub(crate) struct Machine {
    pub(crate) name: &'static str,
    pub(crate) namespace: Namespace,
    /// Its disk: `ha.d`, `varlib` and `log` are /etc/ha.d, /var/lib/heartbeat and /var/log there.
    pub(crate) disk: PathBuf,
    power: Option<Power>,
}

/// `unshare`, and the first process of what it made, by this world's number.
struct Power {
    holder: Child,
    init: u32,
}

impl Machine {
    /// One that is switched off, with an empty disk.
    pub(crate) fn new(name: &'static str, namespace: Namespace, disk: PathBuf) -> Self {
        for folder in ["ha.d/rc.d", "ha.d/resource.d", "varlib", "log"] {
            fs::create_dir_all(disk.join(folder)).expect("our own folder");
        }
        // What the package brings; without it there is no real node to play.
        for folder in ["ha.d", "ha.d/rc.d", "ha.d/resource.d"] {
            let from = PathBuf::from("/etc").join(folder);
            for entry in fs::read_dir(from).into_iter().flatten().flatten() {
                if entry.path().is_file() {
                    let to = disk.join(folder).join(entry.file_name());
                    fs::copy(entry.path(), to).expect("our own folder");
                }
            }
        }
        Self {
            name,
            namespace,
            disk,
            power: None,
        }
    }

    /// A file on its disk.
    pub(crate) fn write(&self, file: &str, mode: u32, text: &str) {
        let path = self.disk.join(file);
        fs::write(&path, text).expect("our own folder");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("our own file");
    }

    /// What a file on its disk says; empty where there is none.
    pub(crate) fn read(&self, file: &str) -> String {
        let bytes = fs::read(self.disk.join(file)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Switches it on: nothing runs there yet but its first process.
    pub(crate) fn boot(&mut self) {
        assert!(self.power.is_none(), "{} is on", self.name);
        let init = INIT
            .replace("NAME", self.name)
            .replace("DISK", &self.disk.to_string_lossy());
        self.write("init", 0o755, &init);
        let ready = self.disk.join("log/ready");
        let _ = fs::remove_file(&ready);
        let log = File::create(self.disk.join("init.log")).expect("our own folder");
        let mut command = Command::new("unshare");
        command
            .args(["-m", "-u", "-i", "-p", "--fork", "--kill-child=KILL"])
            .arg("--mount-proc")
            .arg(self.disk.join("init"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a descriptor is free"))
            .stderr(log);
        let holder = self.namespace.spawn(&mut command).expect("util-linux");
        let limit = Instant::now() + Duration::from_secs(20);
        while !ready.exists() {
            let why = self.read("init.log");
            assert!(Instant::now() < limit, "{} does not boot: {why}", self.name);
            sleep(Duration::from_millis(10));
        }
        let id = holder.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let init = children.ok().and_then(|text| text.trim().parse().ok());
        self.power = Some(Power {
            holder,
            init: init.expect("it is ready"),
        });
    }

    /// Whether it has power.
    pub(crate) fn is_on(&self) -> bool {
        self.power.is_some()
    }

    /// Pulls the plug: the kernel kills all its processes, and its memory is gone.
    pub(crate) fn cut_power(&mut self) {
        if let Some(mut power) = self.power.take() {
            let _ = power.holder.kill();
            let _ = power.holder.wait();
        }
    }

    /// A program to be run there, in all its namespaces.
    pub(crate) fn command(&self, program: &str, words: &[&str]) -> Command {
        let power = self.power.as_ref();
        let init = power.map(|p| p.init).expect("it has power").to_string();
        let mut command = Command::new("nsenter");
        command
            .args(["-t", &init, "-m", "-u", "-i", "-n", "-p", "--", program])
            .args(words)
            .env_clear()
            .env("PATH", PATH)
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, program: &str, words: &[&str]) -> Output {
        let out = self.command(program, words).output();
        out.unwrap_or_else(|e| panic!("nsenter: {e}"))
    }

    /// The processes there, by this world's numbers, whose command line begins with a word of `programs`.
    pub(crate) fn processes(&self, programs: &[&str]) -> Vec<i32> {
        let Some(power) = &self.power else {
            return Vec::new();
        };
        let space = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let ours = space(&power.init.to_string());
        let entries = fs::read_dir("/proc").expect("mounted");
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        pids.filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()) && space(pid) == ours)
            .filter(|pid| {
                let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                let line = String::from_utf8_lossy(&line);
                programs.iter().any(|program| line.starts_with(program))
            })
            .filter_map(|pid| pid.parse().ok())
            .collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.cut_power();
    }
}

const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// The first process: what a boot does for heartbeat, then burying what ends. bash, which reaps the
/// processes that others left.
const INIT: &str = "#!/bin/bash
set -e
hostname NAME
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/heartbeat/{ccm,crm,dopd,rsctmp} /run/lock /run/crm /run/resource-agents
chown -R hacluster:haclient /run/heartbeat /run/crm
chmod 750 /run/heartbeat /run/heartbeat/*
chmod 1777 /run/lock
ln -s DISK/line /run/line
mount --bind DISK/ha.d /etc/ha.d
mount --bind DISK/varlib /var/lib/heartbeat
mount --bind DISK/log /var/log
touch /var/log/ready
sleep infinity &
while :; do wait; done
";

//! A stand-in for `/dev/watchdog` (`watchdog.py` beside this file), and what it saw.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// One, while it lives.
pub(crate) struct StandIn {
    pub(crate) path: PathBuf,
    log: PathBuf,
    child: Child,
}

impl StandIn {
    /// Mounts one in a folder; the reason where that is not possible here.
    pub(crate) fn new(folder: &Path, name: &str, options: &[&str]) -> Result<Self, String> {
        let (path, log) = (folder.join(name), folder.join(format!("{name}.log")));
        let output = File::create(&log).expect("our own folder");
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/netns/watchdog.py");
        let child = Command::new("python3")
            .arg(program)
            .arg(&path)
            .args(options)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a descriptor is free"))
            .stderr(output)
            .spawn()
            .map_err(|error| format!("python3: {error}"))?;
        let mut one = Self { path, log, child };
        while !one.saw("READY") {
            if one.child.try_wait().expect("our own child").is_some() {
                return Err(format!("no FUSE here: {}", one.story().trim()));
            }
            sleep(Duration::from_millis(5));
        }
        Ok(one)
    }

    /// When each event was, in seconds, and what.
    pub(crate) fn events(&self) -> Vec<(f64, String)> {
        let line = |line: &str| {
            let (at, event) = line.split_once(' ')?;
            Some((at.parse().ok()?, event.to_owned()))
        };
        self.story().lines().filter_map(line).collect()
    }

    /// Whether an event, whose words begin so, has been.
    pub(crate) fn saw(&self, event: &str) -> bool {
        self.events().iter().any(|(_, one)| one.starts_with(event))
    }

    /// Waits for an event.
    pub(crate) fn wait_for(&self, event: &str, limit: Duration, told: impl Fn() -> String) {
        let end = Instant::now() + limit;
        while !self.saw(event) {
            assert!(
                Instant::now() < end,
                "no {event} within {limit:?}\n{}\n{}",
                self.story(),
                told()
            );
            sleep(Duration::from_millis(5));
        }
    }

    /// Its seconds between kicks.
    pub(crate) fn spaces(&self) -> Vec<f64> {
        let events = self.events();
        let kicks: Vec<f64> = (events.iter())
            .filter(|(_, event)| event.starts_with("KICK"))
            .map(|(at, _)| *at)
            .collect();
        kicks.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    pub(crate) fn story(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = nix::mount::umount2(&self.path, nix::mount::MntFlags::MNT_DETACH);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

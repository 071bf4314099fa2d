//! One network namespace: where a node, the client or the bridge lives.

use std::fs::File;
use std::io;
use std::process::{Child, Command};
use std::thread;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};

/// A network namespace with a name that `ip -n` knows, gone when dropped.
pub(crate) struct Namespace {
    name: String,
    file: File,
}

impl Namespace {
    /// Makes an empty one, its loopback up.
    pub(crate) fn new(name: &str) -> Self {
        let path = path_of(name);
        let file = thread::scope(|scope| {
            let make = || -> io::Result<File> {
                unshare(CloneFlags::CLONE_NEWNET)?;
                File::create(&path)?;
                let none: Option<&str> = None;
                mount(
                    Some("/proc/thread-self/ns/net"),
                    path.as_str(),
                    none,
                    MsFlags::MS_BIND,
                    none,
                )?;
                File::open(&path)
            };
            scope.spawn(make).join().expect("the thread does not panic")
        });
        let file = file.unwrap_or_else(|e| panic!("namespace {name}: {e}"));
        let made = Self {
            name: name.to_owned(),
            file,
        };
        made.ip("link set lo up");
        made
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Runs something on a thread of its own that lives in this namespace.
    pub(crate) fn within<T: Send>(&self, action: impl FnOnce() -> T + Send) -> T {
        thread::scope(|scope| {
            let inside = || {
                setns(&self.file, CloneFlags::CLONE_NEWNET)
                    .expect("an open namespace can be entered");
                action()
            };
            scope
                .spawn(inside)
                .join()
                .unwrap_or_else(|e| std::panic::resume_unwind(e))
        })
    }

    /// Starts a thread that lives here and outlives the call.
    pub(crate) fn spawn_thread<T: Send + 'static>(
        &self,
        action: impl FnOnce() -> T + Send + 'static,
    ) -> thread::JoinHandle<T> {
        let file = self.file.try_clone().expect("a descriptor is free");
        thread::spawn(move || {
            setns(&file, CloneFlags::CLONE_NEWNET).expect("an open namespace can be entered");
            drop(file);
            action()
        })
    }

    /// Starts a program here.
    pub(crate) fn spawn(&self, command: &mut Command) -> io::Result<Child> {
        self.within(|| command.spawn())
    }

    /// `ip` with these words, which must succeed.
    pub(crate) fn ip(&self, words: &str) {
        let out = self.try_ip(words);
        assert!(out.is_ok(), "ip {words}: {}", out.unwrap_err());
    }

    /// `ip` with these words; what it complained about.
    pub(crate) fn try_ip(&self, words: &str) -> Result<(), String> {
        let out = Command::new("ip")
            .args(["-n", &self.name])
            .args(words.split_whitespace())
            .output();
        match out {
            Ok(out) if out.status.success() => Ok(()),
            Ok(out) => Err(String::from_utf8_lossy(&out.stderr).into_owned()),
            Err(e) => Err(e.to_string()),
        }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let path = path_of(&self.name);
        let _ = umount2(path.as_str(), MntFlags::MNT_DETACH);
        let _ = std::fs::remove_file(path);
    }
}

fn path_of(name: &str) -> String {
    format!("/run/netns/{name}")
}

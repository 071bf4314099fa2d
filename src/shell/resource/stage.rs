//! For tests of sequences: real scripts and a real kernel, in a namespace and with descriptors of their own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::sched::{CloneFlags, unshare};

use super::*;
use crate::address::Addresses;
use crate::announce::Announcer;
use crate::sandbox::now;
use crate::{configuration, sys, testing};

pub(super) const SECOND: Duration = Duration::from_secs(1);
/// Short, for what hangs; what talks is read no faster than a loop can bear.
const LIMIT: Duration = Duration::from_secs(5);

pub(super) struct Stage {
    pub(super) resources: Resources,
    pub(super) reactor: &'static Reactor,
    pub(super) interfaces: Interfaces,
    pub(super) folder: PathBuf,
    pub(super) longest: Duration,
}

impl Stage {
    /// With these lines of `haresources`; heartbeats would leave by `lo`.
    pub(super) fn new(haresources: &str, scripts: &[(&str, &str)]) -> Self {
        Self::with(haresources, scripts, |_| {})
    }

    /// With a configuration that is otherwise.
    pub(super) fn with(
        haresources: &str,
        scripts: &[(&str, &str)],
        change: impl FnOnce(&mut Config),
    ) -> Self {
        unshare(CloneFlags::CLONE_FILES).unwrap();
        sys::pass_on_nothing();
        let folder = testing::folder();
        let ha_cf = format!(
            "node alpha beta\nbcast lo\nrundir {0}\nstatedir {0}\n",
            folder.display()
        );
        fs::create_dir(folder.join("resource.d")).unwrap();
        for (file, text, mode) in [
            ("ha.cf", ha_cf.as_str(), 0o600),
            ("nodeinfo", "alpha", 0o600),
            ("haresources", haresources, 0o600),
            ("authkeys", "auth 1\n1 sha1 some-secret-words\n", 0o600),
        ] {
            put(&folder.join(file), text, mode);
        }
        for (name, body) in scripts {
            let text = format!("#!/bin/sh\ncd {}\n{body}\n", folder.display());
            put(&folder.join("resource.d").join(name), &text, 0o755);
        }
        let mut config = configuration::read(&folder, &mut |said| eprintln!("{said}")).unwrap();
        for group in &mut config.groups {
            (group.limits.start, group.limits.status) = (LIMIT, LIMIT);
        }
        change(&mut config);
        let config: Rc<Config> = Rc::from(config);
        let reactor = Reactor::new();
        let holding = Holding::new(
            &config,
            Addresses::open(&config).unwrap(),
            Announcer::open().unwrap(),
        );
        Self {
            resources: Resources::new(&config, folder.clone(), reactor, holding),
            reactor,
            interfaces: Interfaces::open().unwrap(),
            folder,
            longest: Duration::ZERO,
        }
    }

    pub(super) fn start(&mut self, group: usize) -> Outcome {
        let id = GroupId::new(group).unwrap();
        let begun = self.resources.start(now(), id, false, &self.interfaces);
        begun.unwrap_or_else(|| self.end())
    }

    pub(super) fn stop(&mut self, group: usize) -> Outcome {
        let id = GroupId::new(group).unwrap();
        let begun = self.resources.stop(now(), id, &self.interfaces);
        begun.unwrap_or_else(|| self.end())
    }

    pub(super) fn check(&mut self, group: usize) -> Outcome {
        let begun = self.resources.check(GroupId::new(group).unwrap());
        begun.unwrap_or_else(|| self.end())
    }

    /// Turns of a loop as the program's until a group is done.
    pub(super) fn end(&mut self) -> Outcome {
        let began = now();
        loop {
            let (woke, _) = self.reactor.sleep(&[], now().after(SECOND));
            let turn = now();
            self.reactor.run_tasks();
            let done = self.resources.poll_done(woke, false, &self.interfaces);
            self.longest = self.longest.max(now().since(turn));
            if let Some((_, outcome)) = done {
                return outcome;
            }
            assert!(now().since(began) < Duration::from_secs(60), "no end");
        }
    }

    pub(super) fn file(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(name)).ok()
    }
}

pub(super) fn put(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub(super) fn children() -> String {
    fs::read_to_string("/proc/thread-self/children").unwrap()
}

//! What should outlive a restart, in `statedir`: `generation`, how often this node was started,
//! and `standby`, the keys of the groups it stands by for, and whether it serves nothing.
//!
//! All of it is advice: boards lose their flash. It is written by a child (this program again,
//! with a verb of its own), because the erasing of flash can hold a writer up for a second.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::fsync;
use twinbeat::action::Kept;
use twinbeat::config::Config;
use twinbeat::id::GroupSet;
use twinbeat::time::Duration;

use crate::files;
use crate::journal::Level;
use crate::script::Job;

/// The hidden verb ...
const VERB: &str = "write-state";
/// ... and what follows it.
pub(crate) const SYNOPSIS: &str = "write-state FILE TEXT";
/// A line that is no key, for it has a space.
const DISABLED: &str = "serves nothing";
/// More than sixteen keys need.
const MAX_FILE: usize = 64 * 1024;

/// What was found at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Starts before this one.
    pub(crate) generation: u64,
    /// What a person said for later.
    pub(crate) kept: Kept,
}

impl State {
    /// What is there; nothing where nothing can be read.
    pub(crate) fn read(directory: &Path, config: &Config) -> Self {
        let text = |name| small_file(&files::below(directory, name)).unwrap_or_default();
        let keys = text("standby");
        Self {
            generation: text("generation").trim_ascii().parse().unwrap_or_default(),
            kept: Kept {
                standby: config
                    .group_ids()
                    .filter(|group| keys.lines().any(|key| key == config.group_key(*group)))
                    .fold(GroupSet::EMPTY, GroupSet::with),
                disabled: keys.lines().any(|key| key == DISABLED),
            },
        }
    }
}

/// The file and the text that say how often this node was started.
pub(crate) fn generation(directory: &Path, generation: u64) -> (PathBuf, String) {
    (
        files::below(directory, "generation"),
        format!("{generation}\n"),
    )
}

/// The file and the text that say what a person wants to be kept.
pub(crate) fn standby(directory: &Path, config: &Config, kept: Kept) -> (PathBuf, String) {
    let groups = kept.standby.iter().map(|group| config.group_key(group));
    let disabled = kept.disabled.then_some(DISABLED);
    let mut text = String::new();
    for line in groups.chain(disabled) {
        text.push_str(line);
        text.push('\n');
    }
    (files::below(directory, "standby"), text)
}

/// The child that replaces `file` by `text`.
pub(crate) fn writing(file: &Path, text: &str) -> Job {
    let words = [VERB, &files::shown(file), text];
    let limit = Duration::from_secs(30);
    let mut job = Job::new("/proc/self/exe", &words, limit, "state");
    job.level = Level::Warn;
    job
}

/// What the child does: all of it, or nothing.
pub(crate) fn write(file: &Path, text: &str) -> Result<(), Errno> {
    let name = file.as_os_str().as_bytes();
    let slash = name.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    let directory = Path::new(OsStr::from_bytes(&name[..slash.max(1)]));
    files::make_folder(directory)?;
    let mut new = file.as_os_str().to_owned();
    new.push(".new");
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC;
    let replacement = files::open(Path::new(&new), flags, 0o600)?;
    files::write(replacement.as_fd(), text.as_bytes())?;
    fsync(&replacement)?;
    files::rename(Path::new(&new), file)?;
    fsync(files::open(directory, OFlag::O_RDONLY, 0)?)
}

fn small_file(path: &Path) -> Option<String> {
    Some(files::text(&files::read_file(path, MAX_FILE).ok()?))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_was_written_is_read_back_by_the_keys_of_today() {
        let directory = crate::testing::folder().join("deep");
        let config = crate::testing::config(3);
        let kept = Kept {
            standby: GroupSet(0b101),
            disabled: true,
        };
        assert_eq!(State::read(&directory, &config), State::default());
        let (file, text) = standby(&directory, &config, kept);
        write(&file, &text).unwrap();
        let (file, text) = generation(&directory, 41);
        write(&file, &text).unwrap();
        let state = State::read(&directory, &config);
        assert_eq!((state.generation, state.kept), (41, kept));
        assert_eq!(
            State::read(&directory, &crate::testing::config(1))
                .kept
                .standby,
            GroupSet(1)
        );
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
    }

    #[test]
    fn junk_is_as_good_as_nothing() {
        let directory = crate::testing::folder();
        fs::write(directory.join("generation"), [0xff, 0x00]).unwrap();
        fs::write(
            directory.join("standby"),
            "no such group

",
        )
        .unwrap();
        let state = State::read(&directory, &crate::testing::config(2));
        assert_eq!(state, State::default());
    }
}

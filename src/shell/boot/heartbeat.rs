//! What a real heartbeat knew of this node, so that its peer knows it again: the boot generation and
//! the uuid, in heartbeat's own files of `heartbeatdir`.
//!
//! A peer takes a lower generation than the last for a replay, until it is itself restarted. So the
//! number is written before it is used, and whoever comes next, heartbeat or twinbeat, counts on.

use std::path::Path;

use nix::errno::Errno;
use twinbeat::Heartbeat;
use twinbeat::config::{Config, Dialect};

use crate::{clock, files, journal, state};

/// Counts this start, where the dialect wants it.
pub(super) fn count(config: &Config) -> Heartbeat {
    match config.dialect {
        Dialect::Native => Heartbeat::default(),
        Dialect::LinuxHa => {
            let directory = config.text(config.generation.directory);
            count_in(directory, config.generation.by_clock, wall())
        }
    }
}

fn count_in(directory: &str, by_clock: bool, clock: u32) -> Heartbeat {
    let generation = match by_clock {
        true => clock,
        false => next(&format!("{directory}/hb_generation"), clock),
    };
    Heartbeat {
        generation,
        uuid: uuid(&format!("{directory}/hb_uuid")),
        clock,
    }
}

/// The generation after that of the file, which says so afterwards.
fn next(file: &str, clock: u32) -> u32 {
    let text = match files::read_file(Path::new(file), MAX_FILE) {
        Ok(text) => text,
        Err(Errno::ENOENT) => Vec::new(),
        Err(error) => {
            trouble(file, "cannot be read", error);
            Vec::new()
        }
    };
    let number = std::str::from_utf8(&text).ok();
    let last = number.and_then(|number| number.trim_ascii().parse::<u64>().ok());
    let last = last.and_then(|last| u32::try_from(last).ok());
    let next = match last {
        // What heartbeat does without the file.
        None => clock.saturating_add(1),
        Some(last) => last.saturating_add(1),
    };
    let Err(error) = state::write(Path::new(file), &format!("{next:>15}\n")) else {
        return next;
    };
    trouble(file, "cannot be written", error);
    let next = next.max(clock);
    journal::warn(format_args!(
        "boot generation {next} is not kept: if the clock is behind it at the next start, of twinbeat or of \
         heartbeat, the peer takes what is said then for a replay until it is restarted itself"
    ));
    next
}

fn uuid(file: &str) -> Option<[u8; 16]> {
    let bytes = files::read_file(Path::new(file), MAX_FILE).ok()?;
    let uuid = <[u8; 16]>::try_from(bytes).ok();
    if uuid.is_none() {
        journal::warn(format_args!("{file}: not 16 bytes long, no uuid is sent"));
    }
    uuid.filter(|uuid| *uuid != [0; 16])
}

fn trouble(file: &str, what: &str, error: Errno) {
    journal::warn(format_args!("{file} {what}: {}", journal::errno(error)));
}

/// Seconds on the wall; 1 where a clock says none, for a heartbeat does not listen to 0.
fn wall() -> u32 {
    u32::try_from(clock::wall().max(1)).unwrap_or(u32::MAX)
}

/// Both files have 16 bytes.
const MAX_FILE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    const CLOCK: u32 = 1_700_000_000;

    fn counted(directory: &Path, by_clock: bool, clock: u32) -> Heartbeat {
        count_in(directory.to_str().unwrap(), by_clock, clock)
    }

    fn generation(directory: &Path) -> u32 {
        counted(directory, false, CLOCK).generation
    }

    #[test]
    fn each_start_counts_on_in_the_file_of_heartbeat() {
        let directory = crate::testing::folder();
        let file = directory.join("hb_generation");
        fs::write(&file, "             41\n").unwrap();
        assert_eq!(generation(&directory), 42);
        assert_eq!(fs::read(&file).unwrap(), b"             42\n");
        assert_eq!(generation(&directory), 43);
    }

    #[test]
    fn without_the_file_it_begins_at_the_clock_and_never_falls_behind_it_again() {
        let directory = crate::testing::folder().join("deep");
        assert_eq!(generation(&directory), CLOCK + 1);
        let text = fs::read(directory.join("hb_generation")).unwrap();
        assert_eq!(text, b"     1700000001\n");
        // The clock was lost, the file was not.
        assert_eq!(counted(&directory, false, 1).generation, CLOCK + 2);
        fs::write(directory.join("hb_generation"), "junk").unwrap();
        assert_eq!(generation(&directory), CLOCK + 1);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_not_the_end() {
        // A directory is none, whoever asks.
        let directory = crate::testing::folder();
        fs::write(directory.join("hb_generation"), "7").unwrap();
        fs::create_dir(directory.join("hb_generation.new")).unwrap();
        assert_eq!(
            generation(&directory),
            CLOCK,
            "above the last, and the next"
        );
        assert_eq!(counted(&directory, false, 3).generation, 8);
        assert_eq!(generation(Path::new("/proc/nowhere")), CLOCK + 1);
    }

    #[test]
    fn by_the_clock_no_file_is_touched() {
        let directory = crate::testing::folder();
        fs::write(directory.join("hb_generation"), "9").unwrap();
        fs::set_permissions(&directory, PermissionsExt::from_mode(0o500)).unwrap();
        let heartbeat = counted(&directory, true, CLOCK);
        assert_eq!((heartbeat.generation, heartbeat.clock), (CLOCK, CLOCK));
        assert_eq!(fs::read(directory.join("hb_generation")).unwrap(), b"9");
    }

    #[test]
    fn a_uuid_is_read_and_never_made() {
        let directory = crate::testing::folder();
        let uuid = || counted(&directory, true, CLOCK).uuid;
        assert_eq!(uuid(), None);
        assert!(!directory.join("hb_uuid").exists());
        for (bytes, expected) in [
            (&b"0123456789abcdef"[..], Some(*b"0123456789abcdef")),
            (b"0123456789abcde", None),
            (b"0123456789abcdefg", None),
            (&[0; 16], None),
        ] {
            fs::write(directory.join("hb_uuid"), bytes).unwrap();
            assert_eq!(uuid(), expected, "{bytes:?}");
        }
    }
}

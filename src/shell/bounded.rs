//! Reads what others wrote, as far as it may go: configuration, state, /proc, replies.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;

/// Everything `from` has, or as much of it as passes `most` bytes by some.
pub(crate) fn read(from: &mut dyn Read, most: usize) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut piece = [0; 1024];
    while all.len() <= most {
        match from.read(&mut piece) {
            Ok(0) => break,
            // A reader fills at most what it was given.
            Ok(count) => all.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Also an end: a peer that closed before it had read all that was said to it.
            Err(error) if error.kind() == ErrorKind::ConnectionReset && !all.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// A file, read so; a pipe or a terminal of that name does not hold anybody up.
pub(crate) fn read_file(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits())
        .open(path)?;
    read(&mut file, most)
}

/// What the kernel tells in one of its small files.
pub(crate) fn read_kernel(path: &str) -> Option<String> {
    String::from_utf8(read_file(Path::new(path), 16 * 1024).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_end_is_left_soon_after_the_bound() {
        let bytes = read_file(Path::new("/dev/zero"), 5000).unwrap();
        assert!(bytes.len() > 5000 && bytes.len() < 8000);
    }

    #[test]
    fn what_is_short_is_read_whole() {
        assert_eq!(read(&mut &b"abc"[..], 3).unwrap(), b"abc");
        assert!(read_kernel("/proc/self/status").unwrap().contains("CapEff"));
        assert_eq!(read_kernel("/proc/nothing"), None);
    }
}

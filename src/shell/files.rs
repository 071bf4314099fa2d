//! Small files, folders and streams. std's own ways are larger: each of these is there once. (Also of
//! errors: the kernel's number is compared, because to find its `ErrorKind` is 1 kB.)

use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, stat};
use nix::unistd::{self, mkdir, unlink};

/// Everything `from` has, or as much of it as passes `most` bytes by some.
pub(crate) fn read(from: BorrowedFd<'_>, most: usize) -> Result<Vec<u8>, Errno> {
    let mut all = Vec::new();
    let mut piece = [0; 1024];
    while all.len() <= most {
        match unistd::read(from, &mut piece) {
            Ok(0) => break,
            // The kernel fills at most what it was given.
            Ok(count) => all.extend_from_slice(&piece[..count]),
            Err(Errno::EINTR) => {}
            // Also an end: a peer that closed before it had read all that was said to it.
            Err(Errno::ECONNRESET) if !all.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// Writes all of it; what waits for a reader waits.
pub(crate) fn write(to: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match unistd::write(to, bytes) {
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error),
            Ok(0) => return Err(Errno::EIO),
            // The kernel takes at most what it was given.
            Ok(count) => bytes = &bytes[count..],
        }
    }
    Ok(())
}

/// Opens a file, which children do not get; `mode` is that of one that is made. A pipe or a terminal of
/// that name does not hold anybody up.
pub(crate) fn open(path: &Path, flags: OFlag, mode: u32) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let mode = Mode::from_bits_retain(mode);
    nix::fcntl::open(named(path)?.as_c_str(), flags, mode)
}

/// A name as the kernel wants it. (What takes any kind of name makes this of it in a copy for each kind.)
pub(crate) fn named(name: impl AsRef<OsStr>) -> Result<CString, Errno> {
    CString::new(name.as_ref().as_bytes()).map_err(|_| Errno::EINVAL)
}

/// Bytes of others as text: what is none is shown as U+FFFD. (std's way is 1 kB.)
pub(crate) fn text(bytes: &[u8]) -> String {
    let (mut text, mut rest) = (String::new(), bytes);
    loop {
        let error = match str::from_utf8(rest) {
            Ok(last) => {
                text.push_str(last);
                return text;
            }
            Err(error) => error,
        };
        let (sound, after) = rest.split_at(error.valid_up_to());
        text.push_str(str::from_utf8(sound).unwrap_or_default());
        text.push(char::REPLACEMENT_CHARACTER);
        let bad = error.error_len().unwrap_or(after.len());
        rest = after.get(bad..).unwrap_or_default();
    }
}

/// The path of what is below a folder.
#[inline(never)]
pub(crate) fn below(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.as_os_str().to_owned();
    path.push("/");
    path.push(name);
    path.into()
}

/// A path as text.
pub(crate) fn shown(path: &Path) -> String {
    text(path.as_os_str().as_bytes())
}

/// What there is by this name, at the end of links.
pub(crate) fn look(name: &str) -> Result<FileStat, Errno> {
    stat(named(name)?.as_c_str())
}

/// What kind of file it is; none if there is none.
pub(crate) fn kind(name: &str) -> Option<SFlag> {
    let mode = look(name).ok()?.st_mode;
    Some(SFlag::from_bits_truncate(mode) & SFlag::S_IFMT)
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> Result<(), Errno> {
    unlink(named(path)?.as_c_str())
}

/// Gives a file another name, which is its own from then on.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), Errno> {
    let (from, to) = (named(from)?, named(to)?);
    renameat(AT_FDCWD, from.as_c_str(), AT_FDCWD, to.as_c_str())
}

/// A file, read so.
pub(crate) fn read_file(path: &Path, most: usize) -> Result<Vec<u8>, Errno> {
    read(open(path, OFlag::O_RDONLY, 0)?.as_fd(), most)
}

/// What the kernel tells in one of its small files.
pub(crate) fn read_kernel(path: &str) -> Option<String> {
    Some(text(&read_file(Path::new(path), 16 * 1024).ok()?))
}

/// A folder, and those above it that are missing; for everybody to read.
pub(crate) fn make_folder(path: &Path) -> Result<(), Errno> {
    let path = path.as_os_str().as_bytes();
    // A cut is at most at the end.
    let cuts = (1..path.len()).filter(|cut| path[*cut] == b'/');
    for cut in cuts.chain([path.len()]) {
        let folder = named(OsStr::from_bytes(&path[..cut]))?;
        match mkdir(folder.as_c_str(), Mode::from_bits_truncate(0o755)) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_shown_where_it_stands() {
        for bytes in [
            &b"all sound"[..],
            b"",
            b"\xff",
            b"a\xff\xfeb\xc3\xa4",
            b"cut \xe2\x82",
            b"\xe2\x82x\xf0\x9f\x98\x80\x80",
        ] {
            assert_eq!(text(bytes), String::from_utf8_lossy(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn what_has_no_end_is_left_soon_after_the_bound() {
        let bytes = read_file(Path::new("/dev/zero"), 5000).unwrap();
        assert!(bytes.len() > 5000 && bytes.len() < 8000);
    }

    #[test]
    fn what_is_short_is_read_whole() {
        let file = crate::testing::folder().join("short");
        std::fs::write(&file, "abc").unwrap();
        assert_eq!(read_file(&file, 3).unwrap(), b"abc");
        assert!(read_kernel("/proc/self/status").unwrap().contains("CapEff"));
        assert_eq!(read_kernel("/proc/nothing"), None);
    }

    #[test]
    fn a_folder_is_made_with_those_above_it_and_is_there_afterwards() {
        let top = crate::testing::folder();
        for _ in 0..2 {
            make_folder(&top.join("one/two//three/")).unwrap();
        }
        assert!(top.join("one/two/three").is_dir());
        std::fs::write(top.join("file"), "").unwrap();
        assert!(make_folder(&top.join("file/below")).is_err());
    }
}

//! The files of a configuration directory: read in bounded pieces, checked by the core.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::{SFlag, fstat};

use crate::{companion, files, journal, link, resource, sys};
use twinbeat::config::diagnostic::{self, Diagnostic, Position, Problem};
use twinbeat::config::{self, Config, LocalName, Machine, Source, Sources};

/// Reads `ha.cf`, `twinbeat.cf` and `nodeinfo` if they are there, `haresources` and `authkeys`,
/// and says everything that is to be said about them; `None` after any error.
pub(crate) fn read(dir: &Path, say: &mut dyn FnMut(&Diagnostic<'_>)) -> Option<Box<Config>> {
    read_on(dir, Some(&ThisMachine { dir }), say)
}

/// The same with nothing compared that takes long to look up: who has a serial line, what runs.
pub(crate) fn read_again(dir: &Path, say: &mut dyn FnMut(&Diagnostic<'_>)) -> Option<Box<Config>> {
    read_on(dir, None, say)
}

fn read_on(
    dir: &Path,
    machine: Option<&dyn Machine>,
    say: &mut dyn FnMut(&Diagnostic<'_>),
) -> Option<Box<Config>> {
    let ha_cf = read_file(dir, diagnostic::File::HaCf);
    let twinbeat_cf = read_file(dir, diagnostic::File::TwinbeatCf);
    let haresources = read_file(dir, diagnostic::File::Haresources);
    let authkeys = read_file(dir, diagnostic::File::Authkeys);
    let node_info = read_file(dir, diagnostic::File::NodeInfo);
    let system = nix::sys::utsname::uname();
    let name = match (&node_info, &system) {
        (Err(Unread::Missing(_)), Ok(system)) => LocalName::Kernel(system.nodename().as_bytes()),
        (Err(Unread::Missing(_)), Err(_)) => LocalName::Kernel(b""),
        (text, _) => LocalName::NodeInfo(source(text)),
    };
    let exposed = match &authkeys {
        Ok(text) if text.mode & OTHERS != 0 => Some(format!(
            "other users may read or write it (mode {:03o}), so the keys are not secret: \
             chmod 600 {path}, and change the keys if anybody may have seen them",
            text.mode,
            path = files::shown(&dir.join("authkeys")),
        )),
        _ => None,
    };
    if let Some(why) = &exposed {
        say(&Diagnostic {
            position: Position::start(diagnostic::File::Authkeys),
            problem: Problem::Unusable(why),
        });
    }
    let sources = Sources {
        ha_cf: source(&ha_cf),
        twinbeat_cf: match &twinbeat_cf {
            Err(Unread::Missing(_)) => None,
            text => Some(source(text)),
        },
        haresources: source(&haresources),
        authkeys: source(&authkeys),
        name,
        machine,
    };
    let mut config = Box::new(Config::empty());
    let sound = config::fill(&mut config, &sources, &mut |diagnostic| say(&diagnostic));
    (sound && exposed.is_none()).then_some(config)
}

/// A file of the directory as it is, empty where it cannot be read.
pub(crate) fn text(dir: &Path, file: &str) -> String {
    let bytes = files::read_file(&dir.join(file), MAX_FILE).unwrap_or_default();
    files::text(&bytes)
}

/// The first value of a directive, for those who need no more, whatever else is wrong with the text.
pub(crate) fn directive<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace();
        words.next().filter(|word| *word == name)?;
        words.next()
    })
}

/// Where scripts and interfaces are looked for.
struct ThisMachine<'a> {
    dir: &'a Path,
}

impl Machine for ThisMachine<'_> {
    fn has_script(&self, name: &str) -> bool {
        resource::is_there(self.dir, name)
    }

    fn has_interface(&self, name: &str) -> bool {
        sys::interface_index(name).is_ok()
    }

    fn judge_line(&self, device: &str, say: &mut dyn FnMut(&str)) {
        if let Some(why) = link::trouble(device) {
            say(&why);
        }
    }

    fn has_user(&self, name: &str) -> bool {
        companion::account(name).is_some()
    }

    fn has_program(&self, path: &str) -> bool {
        resource::is_executable(path)
    }

    fn is_same_device(&self, one: &str, other: &str) -> bool {
        match (files::look(one), files::look(other)) {
            (Ok(one), Ok(other)) => one.st_rdev != 0 && one.st_rdev == other.st_rdev,
            _ => false,
        }
    }
}

/// A file as it was found.
struct Text {
    bytes: Vec<u8>,
    /// Its permissions.
    mode: u32,
}

/// Why there is no text, in words.
enum Unread {
    Missing(String),
    Other(String),
}

fn source(text: &Result<Text, Unread>) -> Source<'_> {
    match text {
        Ok(text) => Ok(&text.bytes),
        Err(Unread::Missing(why) | Unread::Other(why)) => Err(why),
    }
}

fn read_file(dir: &Path, file: diagnostic::File) -> Result<Text, Unread> {
    let path = dir.join(file.name());
    let failed = |error: std::io::Error| {
        let errno = journal::wrapped(&error);
        let remedy = match errno {
            Errno::ENOENT => "write it, or name another directory with -c",
            Errno::EACCES | Errno::EPERM => "run this as root, or change its owner or mode",
            _ => "mend the file or its file system",
        };
        let why = format!(
            "cannot read {}: {}: {remedy}",
            files::shown(&path),
            journal::errno(errno)
        );
        if errno == Errno::ENOENT {
            Unread::Missing(why)
        } else {
            Unread::Other(why)
        }
    };
    let mut opened =
        files::open(&path, OFlag::O_RDONLY, 0).map_err(|errno| failed(errno.into()))?;
    let found = fstat(&opened).map_err(|errno| failed(errno.into()))?;
    if SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT != SFlag::S_IFREG {
        return Err(Unread::Other(format!(
            "{} is not a regular file: put a text file in its place",
            files::shown(&path)
        )));
    }
    let bytes = files::read(&mut opened, MAX_FILE).map_err(failed)?;
    if bytes.len() > MAX_FILE {
        return Err(Unread::Other(format!(
            "{} has {} bytes, a configuration file has at most {MAX_FILE}: is it the right file?",
            files::shown(&path),
            (found.st_size as u64).max(bytes.len() as u64)
        )));
    }
    Ok(Text {
        bytes,
        mode: found.st_mode & 0o7777,
    })
}

/// Many times what fits into a configuration, remarks included.
const MAX_FILE: usize = 64 * 1024;
/// Reading and writing by group and others.
const OTHERS: u32 = 0o066;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_is_found_by_its_whole_name_wherever_it_stands() {
        let text = "# rundir /no\nrundirs /no\nnode a b\n rundir\t/run/x # z\nrundir /later\nbare";
        assert_eq!(directive(text, "rundir"), Some("/run/x"));
        assert_eq!(directive(text, "node"), Some("a"));
        assert_eq!(directive(text, "bare"), None);
    }
}

//! The files of a configuration directory: read in bounded pieces, checked by the core.

use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::stat::fstat;
use nix::sys::utsname::uname;

use crate::{companion, files, journal, link, resource, sys};
use twinbeat::config::diagnostic::{Diagnostic, File, Position, Problem};
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
    let [ha_cf, twinbeat_cf, haresources, authkeys, node_info] =
        &File::ALL.map(|file| read_file(dir, file));
    let system = uname();
    let name = match &system {
        _ if !node_info.missing => LocalName::NodeInfo(node_info.source()),
        Ok(system) => LocalName::Kernel(system.nodename().as_bytes()),
        Err(_) => LocalName::Kernel(b""),
    };
    let exposed = authkeys.usable && !authkeys.trouble.is_empty();
    if exposed {
        say(&Diagnostic {
            position: Position::start(File::Authkeys),
            problem: Problem::Unusable(&authkeys.trouble),
        });
    }
    let sources = Sources {
        ha_cf: ha_cf.source(),
        twinbeat_cf: (!twinbeat_cf.missing).then(|| twinbeat_cf.source()),
        haresources: haresources.source(),
        authkeys: authkeys.source(),
        name,
        machine,
    };
    let mut config = Box::new(Config::empty());
    let sound = config::fill(&mut config, &sources, &mut |diagnostic| say(&diagnostic));
    (sound && !exposed).then_some(config)
}

/// A file of the directory as it is, empty where it cannot be read.
pub(crate) fn text(dir: &Path, file: &str) -> String {
    let bytes = files::read_file(&files::below(dir, file), MAX_FILE).unwrap_or_default();
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
#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    /// What is wrong with it, in words; empty if nothing is.
    trouble: String,
    /// It can be read all the same.
    usable: bool,
    missing: bool,
}

impl Text {
    fn source(&self) -> Source<'_> {
        if self.usable {
            Ok(&self.bytes)
        } else {
            Err(&self.trouble)
        }
    }
}

fn read_file(dir: &Path, file: File) -> Text {
    let path = files::below(dir, file.name());
    let (shown, mut text) = (files::shown(&path), Text::default());
    let read = files::open(&path, OFlag::O_RDONLY, 0).and_then(|opened| {
        let found = fstat(&opened)?;
        if found.st_mode & libc::S_IFMT == libc::S_IFREG {
            text.bytes = files::read(opened.as_fd(), MAX_FILE)?;
        }
        Ok(found)
    });
    text.trouble = match read {
        Err(error) => {
            text.missing = error == Errno::ENOENT;
            let remedy = match error {
                Errno::ENOENT => "write it, or name another directory with -c",
                Errno::EACCES | Errno::EPERM => "run this as root, or change its owner or mode",
                _ => "mend the file or its file system",
            };
            format!("cannot read {shown}: {}: {remedy}", journal::errno(error))
        }
        Ok(found) if found.st_mode & libc::S_IFMT != libc::S_IFREG => {
            format!("{shown} is not a regular file: put a text file in its place")
        }
        Ok(found) if text.bytes.len() > MAX_FILE => format!(
            "{shown} has {} bytes, a configuration file has at most {MAX_FILE}: is it the right file?",
            found.st_size
        ),
        Ok(found) => {
            text.usable = true;
            if file == File::Authkeys && found.st_mode & OTHERS != 0 {
                format!(
                    "other users may read or write it (mode {:03o}), so the keys are not secret: \
                     chmod 600 {shown}, and change the keys if anybody may have seen them",
                    found.st_mode & 0o7777,
                )
            } else {
                String::new()
            }
        }
    };
    text
}

/// Many times what fits into a configuration, remarks included.
const MAX_FILE: usize = 64 * 1024;
/// Reading and writing by group and others.
const OTHERS: libc::mode_t = 0o066;

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

//! From a word of `haresources` to what is run for it.
//!
//! What is built in wins: a script of that name in `resource.d` is not looked at, so that one word
//! means the same on every node.

use std::path::Path;
use std::rc::Rc;

use nix::sys::stat::SFlag;
use twinbeat::config::Config;
use twinbeat::time::Duration;

use crate::files;
use crate::script::{Exit, Rule, Verb};

/// How a word is called.
#[derive(Debug)]
pub(super) enum Call {
    /// A program is run.
    Program {
        path: String,
        arguments: Vec<String>,
        /// What its status means.
        rule: Rule,
    },
    /// `Delay`: so much time passes.
    Pause(Duration),
}

/// Whether there is something to call by this name, for `check`.
pub(crate) fn is_there(directory: &Path, name: &str) -> bool {
    // Its instance is looked for when it is called.
    name == "OCF" || find(&files::shown(directory), 0, name, Verb::Status).is_ok()
}

/// What is called for a word as the configuration has it; `place` tells resources apart.
pub(super) fn find(directory: &str, place: usize, word: &str, verb: Verb) -> Result<Call, Exit> {
    let (name, mut rest) = cut(word, "::");
    let (first, second) = cut(rest.unwrap_or_default(), "::");
    let is_status = verb == Verb::Status;
    let mut arguments = Vec::new();
    let (path, rule) = match (name, name.strip_prefix("ocf:")) {
        ("Delay", _) => {
            let start = first.parse().unwrap_or(10);
            let stop = second.and_then(|text| text.parse().ok());
            let pause = match verb {
                Verb::Start => start,
                Verb::Stop => stop.unwrap_or(start),
                Verb::Status => 0,
            };
            return Ok(Call::Pause(Duration::from_secs(pause)));
        }
        ("systemd", _) => {
            if files::kind("/run/systemd/system") != Some(SFlag::S_IFDIR) {
                return Err(Exit::Missing("systemd does not run here"));
            }
            add(
                &mut arguments,
                if is_status { "is-active" } else { verb.word() },
            );
            add(&mut arguments, first);
            ("/bin/systemctl".to_owned(), Rule::Systemd)
        }
        ("OCF", _) | (_, Some(_)) => {
            let (agents, file) = match name.strip_prefix("ocf:") {
                Some(agent) => {
                    let (provider, agent) = cut(agent, ":");
                    let path = join(&[OCF, provider, "/", agent.unwrap_or_default()]);
                    (executable(path)?, String::new())
                }
                None => {
                    rest = None;
                    let instance = second.unwrap_or_default();
                    let file = join(&[directory, "/conf/OCF/", first, "/", instance]);
                    if files::kind(&file) != Some(SFlag::S_IFREG) {
                        return Err(Exit::Missing("there is no such file in conf/OCF"));
                    }
                    (join(&[OCF, "*/", first]), file)
                }
            };
            let verb = if is_status { "monitor" } else { verb.word() };
            for text in ["-c", AGENT, &agents, &format!("{place}"), verb, &file] {
                add(&mut arguments, text);
            }
            // What has no name belongs to the value before, as the second half of an address.
            while let Some(text) = rest {
                let (argument, more) = cut(text, "::");
                rest = more;
                match arguments.last_mut() {
                    Some(last) if cut(argument, "=").1.is_none() => {
                        last.push_str("::");
                        last.push_str(argument);
                    }
                    _ => add(&mut arguments, argument),
                }
            }
            ("/bin/sh".to_owned(), Rule::Ocf)
        }
        _ => {
            while let Some(text) = rest {
                let (argument, more) = cut(text, "::");
                add(&mut arguments, argument);
                rest = more;
            }
            add(&mut arguments, verb.word());
            script(directory, name)?
        }
    };
    Ok(Call::Program {
        path,
        arguments,
        rule,
    })
}

/// What a script may read of its surroundings: heartbeat's names, as far as they mean something
/// here. Nothing of it comes from the wire.
pub(super) fn environment(config: &Config, directory: &str) -> Rc<[String]> {
    if files::kind(OCF) == Some(SFlag::S_IFDIR) {
        // Agents, and heartbeat's own scripts around them, fail without it.
        let _ = files::make_folder(Path::new("/run/resource-agents"));
    }
    let set = |name: &str, value: &str, file: &str| join(&[name, value, file]);
    Rc::new([
        set("HA_CURHOST=", config.node_name(config.me), ""),
        set("HA_DIR=", directory, ""),
        set("HA_FUNCS=", directory, "/shellfuncs"),
        set("HA_RCDIR=", directory, "/rc.d"),
        set("HA_RESOURCEDIR=", directory, "/resource.d"),
    ])
}

/// The script of this name: `resource.d` of the configuration, then `/etc/init.d`.
fn script(directory: &str, name: &str) -> Result<(String, Rule), Exit> {
    if let Ok(path) = executable(join(&[directory, "/resource.d/", name])) {
        return Ok((path, Rule::Heartbeat));
    }
    Ok((executable(join(&["/etc/init.d/", name]))?, Rule::Lsb))
}

/// Whether a path is that of a program.
pub(crate) fn is_executable(path: &str) -> bool {
    files::look(path).is_ok_and(|file| {
        SFlag::from_bits_truncate(file.st_mode) & SFlag::S_IFMT == SFlag::S_IFREG
            && file.st_mode & 0o111 != 0
    })
}

fn executable(path: String) -> Result<String, Exit> {
    if is_executable(&path) {
        Ok(path)
    } else {
        Err(Exit::Missing("there is no such executable"))
    }
}

/// One after another; `concat` is half a kilobyte on MIPS.
#[inline(never)]
fn join(parts: &[&str]) -> String {
    let mut whole = String::new();
    for part in parts {
        whole.push_str(part);
    }
    whole
}

/// One more argument.
#[inline(never)]
pub(crate) fn add(arguments: &mut Vec<String>, text: &str) {
    arguments.push(join(&[text]));
}

/// What is before the first `key`, and what is behind it.
#[inline(never)]
pub(super) fn cut<'a>(text: &'a str, key: &str) -> (&'a str, Option<&'a str>) {
    let mut parts = text.as_bytes().windows(key.len());
    let at = parts.position(|part| part == key.as_bytes());
    match at.and_then(|at| text.split_at_checked(at)) {
        Some((before, behind)) => (before, behind.get(key.len()..)),
        None => (text, None),
    }
}

/// Where OCF agents are, each in the folder of its provider.
const OCF: &str = "/usr/lib/ocf/resource.d/";
/// Runs the first agent of `$0` with the parameters it is given, or with what heartbeat's file for
/// it sets. The interval makes of `monitor` a question that an agent whose program is not there
/// yet can answer with "stopped".
const AGENT: &str = "export OCF_ROOT=/usr/lib/ocf OCF_RA_VERSION_MAJOR=1 OCF_RA_VERSION_MINOR=0 \
OCF_RESKEY_CRM_meta_interval=0 OCF_RESOURCE_INSTANCE=resource$1
verb=$2 file=$3; shift 3
for p; do export \"OCF_RESKEY_$p\"; done
[ -z \"$file\" ] || { set -a; . \"$file\"; }
for a in $0; do [ -x \"$a\" ] && exec \"$a\" $verb; done
echo \"no agent $0\"; exit 5";

#[cfg(test)]
mod tests;

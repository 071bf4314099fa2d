//! From a word of `haresources` to what is run for it.
//!
//! What is built in wins: a script of that name in `resource.d` is not looked at, so that one word
//! means the same on every node.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use twinbeat::config::Config;
use twinbeat::time::Duration;

use crate::script::{Exit, Rule, Verb};

/// How a word is called.
#[derive(Debug)]
pub(super) enum Call {
    /// A program is run.
    Program {
        path: PathBuf,
        arguments: Vec<String>,
        /// `NAME=value`, besides what every script gets.
        environment: Vec<String>,
        /// What its status means.
        rule: Rule,
    },
    /// `Delay`: so much time passes.
    Pause(Duration),
}

/// Whether there is something to call by this name, for `check`.
pub(crate) fn is_there(directory: &Path, name: &str) -> bool {
    // Its instance is looked for when it is called.
    name == "OCF" || find(&directory.to_string_lossy(), 0, name, Verb::Status).is_ok()
}

/// What is called for a word as the configuration has it; `place` tells resources apart.
pub(super) fn find(directory: &str, place: usize, word: &str, verb: Verb) -> Result<Call, Exit> {
    let (name, given) = words(word);
    let mut arguments = Vec::new();
    let mut environment = Vec::new();
    let asked = verb.word();
    let file;
    let (path, rule) = match name {
        "Delay" => {
            let seconds = |text: &&str| text.parse().unwrap_or(10);
            let start = given.first().map_or(10, seconds);
            let pause = match verb {
                Verb::Start => start,
                Verb::Stop => given.get(1).map_or(start, seconds),
                Verb::Status => 0,
            };
            return Ok(Call::Pause(Duration::from_secs(pause)));
        }
        "systemd" => {
            if !Path::new("/run/systemd/system").is_dir() {
                return Err(Exit::Missing("systemd does not run here"));
            }
            arguments.push(if asked == "status" {
                "is-active"
            } else {
                asked
            });
            ("/bin/systemctl".to_owned(), Rule::Systemd)
        }
        "OCF" => {
            // Heartbeat's files are sourced by a shell.
            let agent = given.first().unwrap_or(&"");
            file = path(&[directory, "/conf/OCF", agent, given.get(1).unwrap_or(&"")]);
            if !Path::new(&file).is_file() {
                return Err(Exit::Missing("no such file in conf/OCF"));
            }
            arguments.extend_from_slice(&["-c", INSTANCE, agent, &file]);
            ("/bin/sh".to_owned(), Rule::Ocf)
        }
        _ => match name.strip_prefix("ocf:") {
            Some(agent) => {
                let agent = agent.replace(':', "/");
                let file = path(&[OCF_ROOT, "resource.d", &agent]);
                (executable(file)?, Rule::Ocf)
            }
            None => script(directory, name)?,
        },
    };
    if rule == Rule::Ocf {
        arguments.push(if asked == "status" { "monitor" } else { asked });
        if name != "OCF" {
            environment = parameters(&given);
        }
        environment.push(format!("OCF_RESOURCE_INSTANCE=resource{place}"));
        environment.extend(OCF.map(str::to_owned));
    } else {
        arguments.extend_from_slice(&given);
    }
    if matches!(rule, Rule::Heartbeat | Rule::Lsb) {
        arguments.push(asked);
    }
    Ok(Call::Program {
        path: path.into(),
        arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
        environment,
        rule,
    })
}

/// What a script may read of its surroundings: heartbeat's names, as far as they mean something
/// here. Nothing of it comes from the wire.
pub(super) fn environment(config: &Config, directory: &str) -> Rc<[String]> {
    if Path::new(OCF_ROOT).is_dir() {
        // Agents, and heartbeat's own scripts around them, fail without it.
        let _ = std::fs::create_dir("/run/resource-agents");
    }
    let set = |name: &str, value: &str, file: &str| [name, value, file].concat();
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
    if let Ok(path) = executable(path(&[directory, "resource.d", name])) {
        return Ok((path, Rule::Heartbeat));
    }
    Ok((executable(path(&[INIT_D, name]))?, Rule::Lsb))
}

fn executable(path: String) -> Result<String, Exit> {
    let data = std::fs::metadata(&path);
    if data.is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0) {
        Ok(path)
    } else {
        Err(Exit::Missing("there is no such executable"))
    }
}

fn path(parts: &[&str]) -> String {
    parts.join("/")
}

/// Parameters as an agent reads them; what has no name belongs to the one before, as the second
/// half of an IPv6 address.
fn parameters(arguments: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for argument in arguments {
        match all.last_mut() {
            Some(last) if !argument.as_bytes().contains(&b'=') => {
                last.push_str("::");
                last.push_str(argument);
            }
            _ => all.push(["OCF_RESKEY_", argument, ""].concat()),
        }
    }
    all
}

/// `NAME::arg1::arg2` as the name and its arguments.
pub(super) fn words(resource: &str) -> (&str, Vec<&str>) {
    let (name, mut rest) = cut(resource);
    let mut arguments = Vec::new();
    while let Some(text) = rest {
        let (argument, more) = cut(text);
        arguments.push(argument);
        rest = more;
    }
    (name, arguments)
}

/// What is before the first `::`, and what is behind it.
pub(super) fn cut(text: &str) -> (&str, Option<&str>) {
    let colons = text.as_bytes().windows(2).position(|two| two == b"::");
    match colons.and_then(|at| text.split_at_checked(at)) {
        Some((before, behind)) => (before, behind.get(2..)),
        None => (text, None),
    }
}

/// Where `init.d` scripts are, after those of the configuration's own `resource.d`.
const INIT_D: &str = "/etc/init.d";
/// Where OCF agents are.
const OCF_ROOT: &str = "/usr/lib/ocf";
/// What every OCF agent is told, of version 1.0; the last makes of `monitor` a question that an
/// agent whose program is not there yet can answer with "stopped".
const OCF: [&str; 4] = [
    "OCF_ROOT=/usr/lib/ocf",
    "OCF_RA_VERSION_MAJOR=1",
    "OCF_RA_VERSION_MINOR=0",
    "OCF_RESKEY_CRM_meta_interval=0",
];
/// The agent `$0` with what the file `$1` sets, as heartbeat's own script `OCF` does it: the first
/// provider that has it.
const INSTANCE: &str = "set -a; . \"$1\"
for a in $OCF_ROOT/resource.d/*/$0; do [ -x $a ] && exec $a $2; done
echo no agent $0; exit 5";

#[cfg(test)]
mod tests;

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
    name == "OCF" || find(directory, 0, name, Verb::Status).is_ok()
}

/// What is called for a word as the configuration has it; `place` tells resources apart.
pub(super) fn find(directory: &Path, place: usize, word: &str, verb: Verb) -> Result<Call, Exit> {
    let (name, mut arguments) = words(word);
    let mut environment = Vec::new();
    let mut asked = verb.word();
    let (path, rule) = match name {
        "Delay" => {
            let seconds = |text: &String| text.parse().unwrap_or(10);
            let start = arguments.first().map_or(10, seconds);
            let pause = match verb {
                Verb::Start => start,
                Verb::Stop => arguments.get(1).map_or(start, seconds),
                Verb::Status => 0,
            };
            return Ok(Call::Pause(Duration::from_secs(pause)));
        }
        "systemd" => {
            if !Path::new("/run/systemd/system").is_dir() {
                return Err(Exit::Missing("systemd does not run here"));
            }
            (PathBuf::from("/bin/systemctl"), Rule::Systemd)
        }
        "OCF" => {
            // Heartbeat's files are sourced by a shell.
            let file = directory.join("conf/OCF").join(arguments.join("/"));
            if !file.is_file() {
                return Err(Exit::Missing("no such file in conf/OCF"));
            }
            arguments.truncate(1);
            arguments.splice(0..0, ["-c".to_owned(), INSTANCE.to_owned()]);
            arguments.push(file.to_string_lossy().into_owned());
            ("/bin/sh".into(), Rule::Ocf)
        }
        _ => match name.strip_prefix("ocf:") {
            Some(agent) => {
                environment = parameters(&arguments);
                arguments.clear();
                let file = Path::new(OCF_ROOT)
                    .join("resource.d")
                    .join(agent.replace(':', "/"));
                (executable(file)?, Rule::Ocf)
            }
            None => script(directory, name)?,
        },
    };
    match (rule, verb) {
        (Rule::Systemd, Verb::Status) => asked = "is-active",
        (Rule::Ocf, Verb::Status) => asked = "monitor",
        _ => {}
    }
    let at = if rule == Rule::Systemd {
        0
    } else {
        arguments.len()
    };
    arguments.insert(at, asked.to_owned());
    if rule == Rule::Ocf {
        environment.push(format!("OCF_RESOURCE_INSTANCE=resource{place}"));
        environment.extend(OCF.map(str::to_owned));
    }
    Ok(Call::Program {
        path,
        arguments,
        environment,
        rule,
    })
}

/// What a script may read of its surroundings: heartbeat's names, as far as they mean something
/// here. Nothing of it comes from the wire.
pub(super) fn environment(config: &Config, directory: &Path) -> Rc<[String]> {
    if Path::new(OCF_ROOT).is_dir() {
        // Agents, and heartbeat's own scripts around them, fail without it.
        let _ = std::fs::create_dir("/run/resource-agents");
    }
    let set = |name: &str, value: &str, file: &str| [name, value, file].concat();
    let directory = directory.to_string_lossy();
    Rc::new([
        set("HA_CURHOST=", config.node_name(config.me), ""),
        set("HA_DIR=", &directory, ""),
        set("HA_FUNCS=", &directory, "/shellfuncs"),
        set("HA_RCDIR=", &directory, "/rc.d"),
        set("HA_RESOURCEDIR=", &directory, "/resource.d"),
    ])
}

/// The script of this name: `resource.d` of the configuration, then `/etc/init.d`.
fn script(configuration: &Path, name: &str) -> Result<(PathBuf, Rule), Exit> {
    if let Ok(path) = executable(configuration.join("resource.d").join(name)) {
        return Ok((path, Rule::Heartbeat));
    }
    Ok((executable(Path::new(INIT_D).join(name))?, Rule::Lsb))
}

fn executable(path: PathBuf) -> Result<PathBuf, Exit> {
    let data = path.metadata();
    if data.is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0) {
        Ok(path)
    } else {
        Err(Exit::Missing("there is no such executable"))
    }
}

/// Parameters as an agent reads them; what has no name belongs to the one before, as the second
/// half of an IPv6 address.
fn parameters(arguments: &[String]) -> Vec<String> {
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
pub(super) fn words(resource: &str) -> (&str, Vec<String>) {
    let (name, mut rest) = cut(resource);
    let mut arguments = Vec::new();
    while let Some(text) = rest {
        let (argument, more) = cut(text);
        arguments.push(argument.to_owned());
        rest = more;
    }
    (name, arguments)
}

/// What is before the first `::`, and what is behind it.
fn cut(text: &str) -> (&str, Option<&str>) {
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

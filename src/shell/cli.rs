//! The command line.

mod ask;
pub(crate) mod check;

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use twinbeat::config::diagnostic::Severity;

use crate::journal::printable;
use crate::{configuration, run, state, stream};

/// Where heartbeat's three files are.
const DIRECTORY: &str = "/etc/ha.d";
/// Exit codes.
const DONE: u8 = 0;
/// Configuration, start, a refusal.
const FAILED: u8 = 1;
const USAGE: u8 = 2;
const NOT_RUNNING: u8 = 3;

const HELP: &str = "\
twinbeat: keeps a service alive on two small Linux boxes

twinbeat run        [-c DIR]                              run in the foreground
twinbeat check      [-c DIR]                              judge the configuration
twinbeat status     [-c DIR] [--json]                     what the running one knows
twinbeat standby    [-c DIR] [all|local|foreign|GROUP]    hand groups over
twinbeat takeover   [-c DIR] [all|local|foreign|GROUP]    take groups
twinbeat --version | --help

DIR is /etc/ha.d unless given: ha.cf, haresources, authkeys and, if there, twinbeat.cf.
GROUP is the first resource of a line of haresources. Without a word all groups are meant.
Exit codes: 0 done; 1 configuration, start or refusal; 2 usage; 3 not running.
";

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
enum Verb {
    Run,
    Check,
    /// A line for `control.sock`.
    Ask(String),
    WriteState {
        file: PathBuf,
        text: String,
    },
    Version,
    Help,
}

/// Does what the arguments ask for; the exit code.
pub(crate) fn main(arguments: Vec<OsString>) -> u8 {
    let (verb, directory) = match parse(arguments.into_iter()) {
        Ok(parsed) => parsed,
        Err(error) => {
            stream::complain(format_args!("twinbeat: {error}\nTry 'twinbeat --help'."));
            return USAGE;
        }
    };
    match verb {
        Verb::Run => {
            let config = configuration::read(&directory, &mut |diagnostic| {
                // Advice is for `check`.
                if diagnostic.severity() != Severity::Advice {
                    stream::complain(format_args!("{diagnostic}"));
                }
            });
            let Some(config) = config else {
                return FAILED;
            };
            match run::run(&directory, config) {
                Ok(()) => DONE,
                Err(why) => {
                    crate::journal::flush();
                    stream::complain(format_args!("twinbeat: {why}"));
                    FAILED
                }
            }
        }
        Verb::Check => check::check(&directory),
        Verb::Ask(request) => ask::ask(&directory, &request),
        Verb::WriteState { file, text } => match state::write(&file, &text) {
            Ok(()) => DONE,
            Err(error) => {
                stream::complain(format_args!("{}: {error}", file.display()));
                FAILED
            }
        },
        Verb::Version => {
            stream::print(concat!("twinbeat ", env!("CARGO_PKG_VERSION"), "\n"));
            DONE
        }
        Verb::Help => {
            stream::print(HELP);
            DONE
        }
    }
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<(Verb, PathBuf), String> {
    let mut directory = PathBuf::from(DIRECTORY);
    let mut words: Vec<String> = Vec::new();
    let mut json = false;
    let mut arguments = arguments.fuse();
    while let Some(argument) = arguments.next() {
        // Only the name of a directory may be any bytes.
        let word = match argument.into_string() {
            Ok(word) => word,
            Err(bytes) => return Err(format!("no such word: {}", printable(bytes.as_bytes()))),
        };
        // What is written may look like an option.
        let literal = words.first().is_some_and(|verb| verb == state::VERB);
        match word.as_str() {
            "-c" if !literal => {
                directory = arguments.next().ok_or("-c needs a directory")?.into();
            }
            "--json" if !literal => json = true,
            "-V" | "--version" if !literal => return Ok((Verb::Version, directory)),
            "-h" | "--help" if !literal => return Ok((Verb::Help, directory)),
            _ => match word.strip_prefix("-c") {
                Some(attached) if !literal => directory = attached.into(),
                _ if word.starts_with('-') && !literal => {
                    return Err(format!("no such option: {}", printable(word.as_bytes())));
                }
                _ => words.push(word),
            },
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let verb = match words[..] {
        [] => return Err("what shall be done?".to_owned()),
        ["run"] => Verb::Run,
        ["check"] => Verb::Check,
        ["status"] if json => return Ok((Verb::Ask("status json".to_owned()), directory)),
        ["status"] => Verb::Ask("status".to_owned()),
        [verb @ ("standby" | "takeover")] => Verb::Ask(format!("{verb} all")),
        [verb @ ("standby" | "takeover"), group] => {
            if group.is_empty()
                || group
                    .bytes()
                    .any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control())
            {
                return Err("a group's name is one word".to_owned());
            }
            Verb::Ask(format!("{verb} {group}"))
        }
        [state::VERB, file, text] => Verb::WriteState {
            file: file.into(),
            text: text.to_owned(),
        },
        [
            verb @ ("run" | "check" | "status" | "standby" | "takeover"),
            ..,
            last,
        ] => {
            return Err(format!(
                "too much for {verb}: {}",
                printable(last.as_bytes())
            ));
        }
        [other, ..] => return Err(format!("no such command: {}", printable(other.as_bytes()))),
    };
    if json {
        return Err("--json is for status".to_owned());
    }
    Ok((verb, directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Option<(Verb, PathBuf)> {
        parse(line.split(' ').map(OsString::from)).ok()
    }

    #[test]
    fn options_stand_before_or_after_the_verb() {
        let expected = Some((Verb::Ask("status json".into()), PathBuf::from("/d")));
        assert_eq!(parsed("-c /d status --json"), expected);
        assert_eq!(parsed("status --json -c /d"), expected);
        assert_eq!(parsed("run"), Some((Verb::Run, PathBuf::from(DIRECTORY))));
    }

    #[test]
    fn groups_are_asked_for_by_heartbeats_words() {
        let ask = |line| parsed(line).map(|(verb, _)| verb);
        assert_eq!(ask("standby"), Some(Verb::Ask("standby all".into())));
        assert_eq!(
            ask("takeover 10.0.0.1/24"),
            Some(Verb::Ask("takeover 10.0.0.1/24".into()))
        );
    }

    #[test]
    fn anything_else_is_a_mistake_in_usage() {
        for line in [
            "",
            "walk",
            "run now",
            "run --json",
            "standby a b",
            "status -x",
            "-c",
            "standby a\nb",
            "check --json",
            "write-state /f",
        ] {
            assert_eq!(parsed(line), None, "{line}");
        }
    }
}

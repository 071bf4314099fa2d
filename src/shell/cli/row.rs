//! One command is one row: its synopsis says what may be typed, how that is parsed, and what
//! `--help` prints.
//!
//! A synopsis is the command's word and then, separated by one space each, its options
//! (`[--json]`, `[-k]`, `[--loss=PPM]` for one with a value) and its arguments (`NODE`, or `[GROUP]`
//! where it may be left out). A row whose help is empty is for the program itself: it is not told of, and
//! what follows its word is taken as it stands.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::DIRECTORY;
use super::table::ROWS;
use crate::journal::printable;

/// A command.
pub(super) struct Row {
    pub(super) synopsis: &'static str,
    /// The first line stands in `--help`, all of it in `COMMAND --help`.
    pub(super) help: &'static str,
    /// What is done; `None` sends what was typed to the program that runs, see [`Call::request`].
    pub(super) function: Option<fn(&Call) -> u8>,
}

/// What was typed.
pub(super) struct Call {
    pub(super) directory: PathBuf,
    pub(super) row: &'static Row,
    /// The arguments, as many as the row has at most.
    pub(super) words: Vec<String>,
    /// `--json`, or `--loss=7` for one with a value.
    options: Vec<String>,
}

/// What the arguments of the program mean.
pub(super) enum Typed {
    Call(Call),
    /// Of one command, or of all.
    Help(Option<&'static Row>),
    Version,
}

impl Row {
    pub(super) fn word(&self) -> &'static str {
        self.synopsis.split(' ').next().unwrap_or_default()
    }

    fn named(word: &str) -> Option<&'static Self> {
        ROWS.iter().find(|row| row.word() == word)
    }

    /// The synopsis' word for an option, without its bracket: `--loss=PPM`.
    fn option(&self, name: &str) -> Option<&'static str> {
        self.synopsis
            .split(' ')
            .filter_map(|token| token.strip_prefix('[')?.strip_suffix(']'))
            .find(|token| token.starts_with('-') && token.split('=').next() == Some(name))
    }

    fn arguments(&self) -> impl Iterator<Item = &'static str> {
        let tokens = self.synopsis.split(' ').skip(1);
        tokens.filter(|token| !token.starts_with("[-"))
    }
}

#[allow(
    dead_code,
    reason = "the functions of rows to come read their options so"
)]
impl Call {
    pub(super) fn has(&self, option: &str) -> bool {
        self.options.iter().any(|typed| typed == option)
    }

    /// The value of an option; of several the last.
    pub(super) fn value(&self, option: &str) -> Option<&str> {
        let mut values = self.options.iter().rev();
        values.find_map(|typed| typed.strip_prefix(option)?.strip_prefix('='))
    }

    /// An argument, empty where it was left out.
    pub(super) fn word(&self, at: usize) -> &str {
        self.words.get(at).map_or("", String::as_str)
    }

    /// The line for `control.sock`: the word, the options but `--no-wait`, which is the client's, the
    /// arguments.
    pub(super) fn request(&self) -> Result<String, String> {
        let mut line = self.row.word().to_owned();
        for word in self.options.iter().chain(&self.words) {
            if word.is_empty() || word.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
                return Err("each argument is one word".to_owned());
            }
            if word != "--no-wait" {
                line.push(' ');
                line.push_str(word);
            }
        }
        Ok(line)
    }
}

/// The error is for people. `name` is that of the program: one with a row of its own is its command.
pub(super) fn parse(
    name: &[u8],
    mut arguments: impl Iterator<Item = OsString>,
) -> Result<Typed, String> {
    let mut directory = PathBuf::from(DIRECTORY);
    let mut row = str::from_utf8(name).ok().and_then(Row::named);
    let (mut words, mut options) = (Vec::new(), Vec::new());
    let wrong = |what: &str, word: &str| Err(format!("{what}: {}", printable(word.as_bytes())));
    while let Some(argument) = arguments.next() {
        // Only the name of a directory may be any bytes.
        let word = match argument.into_string() {
            Ok(word) => word,
            Err(bytes) => return wrong("no such word", &printable(bytes.as_bytes())),
        };
        if row.is_some_and(|row| row.help.is_empty()) {
            words.push(word);
            continue;
        }
        if !word.starts_with('-') {
            match row {
                Some(_) => words.push(word),
                None => match Row::named(&word) {
                    Some(found) => row = Some(found),
                    None => return wrong("no such command", &word),
                },
            }
            continue;
        }
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word.as_str(), None),
        };
        match (row.and_then(|row| row.option(name)), name, value) {
            (Some(known), _, None) if known.contains('=') => {
                match arguments.next().and_then(|value| value.into_string().ok()) {
                    Some(value) => options.push(format!("{name}={value}")),
                    None => return wrong("a value is missing", known),
                }
            }
            (Some(known), _, Some(_)) if !known.contains('=') => {
                return wrong("takes no value", name);
            }
            (Some(_), ..) => options.push(word),
            (None, "-c", None) => match arguments.next() {
                Some(path) => directory = path.into(),
                None => return wrong("a value is missing", "-c DIR"),
            },
            (None, "-h" | "--help", None) => return Ok(Typed::Help(row)),
            (None, "-V" | "--version", None) => return Ok(Typed::Version),
            (None, ..) => match word.strip_prefix("-c") {
                Some(attached) => directory = attached.into(),
                None => return wrong("no such option", &word),
            },
        }
    }
    let Some(row) = row else {
        return Err("what shall be done?".to_owned());
    };
    let missing = row.arguments().nth(words.len());
    if let Some(missing) = missing.filter(|token| !token.starts_with('[')) {
        return wrong("an argument is missing", missing);
    }
    if let Some(spare) = words.get(row.arguments().count()) {
        return wrong("too much", spare);
    }
    Ok(Typed::Call(Call {
        directory,
        row,
        words,
        options,
    }))
}

/// What there is, for people.
pub(super) fn help(row: Option<&Row>) -> String {
    if let Some(row) = row {
        return format!("twinbeat {} [-c DIR]\n{}\n", row.synopsis, row.help);
    }
    let mut text = "twinbeat: keeps a service alive on two small Linux boxes\n\n".to_owned();
    for row in ROWS.iter().filter(|row| !row.help.is_empty()) {
        let begin = text.len();
        text.push_str("  ");
        text.push_str(row.synopsis);
        if text.len() > begin + COLUMN {
            text.push_str("\n  ");
        }
        let line = text.rfind('\n').map_or(0, |end| end + 1);
        while text.len() < line + COLUMN {
            text.push(' ');
        }
        text.push_str("  ");
        text.push_str(row.help.lines().next().unwrap_or_default());
        text.push('\n');
    }
    text + CLOSING
}

/// Where help begins.
const COLUMN: usize = 38;
const CLOSING: &str = "
twinbeat COMMAND --help tells more. Each command takes -c DIR, where ha.cf, haresources, authkeys and,
if there, twinbeat.cf are; /etc/ha.d unless given.
GROUP is the first resource of a line of haresources. Without a word all groups are meant.
Exit codes: 0 done; 1 configuration, start or refusal; 2 usage; 3 not running.
";

#[cfg(test)]
mod tests;

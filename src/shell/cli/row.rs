//! One command is one row: its synopsis says what may be typed, how that is parsed, and what
//! `--help` prints.
//!
//! A synopsis is the command's word and then, separated by one space each, its options
//! (`[--json]`, `[-k]`, `[--loss=PPM]` for one with a value) and its arguments (`NODE`, or `[GROUP]`
//! where it may be left out). A row whose help is empty is for the program itself: it is not told of, and
//! what follows its word is taken as it stands.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::DIRECTORY;
use super::table::ROWS;

/// A command.
pub(super) struct Row {
    pub(super) synopsis: &'static str,
    /// The first line stands in `--help`, all of it in `COMMAND --help`.
    pub(super) help: &'static str,
    /// What is done; `None` sends what was typed to the program that runs, see [`Call::request`].
    pub(super) function: Option<fn(&Call) -> u8>,
}

/// What was typed; it is there as long as the program.
pub(super) struct Call {
    pub(super) directory: &'static Path,
    pub(super) row: &'static Row,
    /// The arguments, as many as the row has at most.
    pub(super) words: Vec<&'static str>,
    /// `--json`, or `--loss=7` for one with a value.
    options: Vec<&'static str>,
}

/// What the arguments of the program mean.
pub(super) enum Typed {
    Call,
    /// Of one command, or of all.
    Help(Option<&'static Row>),
    Version,
}

/// What is wrong with them, and where.
pub(super) type Mistake = (&'static str, &'static [u8]);

impl Row {
    /// The word, the options, the arguments.
    fn tokens(&self) -> impl Iterator<Item = &'static str> {
        self.synopsis.split_ascii_whitespace()
    }

    pub(super) fn word(&self) -> &'static str {
        self.tokens().next().unwrap_or_default()
    }

    fn named(word: &[u8]) -> Option<&'static Self> {
        ROWS.iter().find(|row| row.word().as_bytes() == word)
    }

    /// Whether there is an option of this name, and then whether it has a value.
    fn option(&self, name: &str) -> Option<bool> {
        self.tokens().find_map(|token| {
            match token.strip_prefix('[')?.strip_prefix(name)?.as_bytes() {
                [b']'] => Some(false),
                [b'=', ..] => Some(true),
                _ => None,
            }
        })
    }

    fn arguments(&self) -> impl Iterator<Item = &'static str> {
        self.tokens()
            .skip(1)
            .filter(|token| !token.starts_with("[-"))
    }
}

impl Call {
    /// Nothing yet, of the first row.
    pub(super) fn new() -> Self {
        Self {
            directory: Path::new(DIRECTORY),
            row: &ROWS[0],
            words: Vec::new(),
            options: Vec::new(),
        }
    }

    #[inline(never)]
    pub(super) fn has(&self, option: &str) -> bool {
        self.options.contains(&option)
    }

    /// The value of an option; of several the last.
    pub(super) fn value(&self, option: &str) -> Option<&'static str> {
        let mut values = self.options.iter().rev();
        values.find_map(|typed| typed.strip_prefix(option)?.strip_prefix('='))
    }

    /// An argument, empty where it was left out.
    #[inline(never)]
    pub(super) fn word(&self, at: usize) -> &'static str {
        self.words.get(at).unwrap_or(&"")
    }

    /// The line for `control.sock`: the word without heartbeat's `hb_`, the options but `--no-wait`, which is
    /// the client's, the arguments.
    pub(super) fn request(&self) -> Result<String, Mistake> {
        let word = self.row.word();
        let mut line = word.strip_prefix("hb_").unwrap_or(word).to_owned();
        for word in self.options.iter().chain(&self.words) {
            if word.is_empty() || word.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
                return Err(("each argument is one word", word.as_bytes()));
            }
            if *word != "--no-wait" {
                line.push(' ');
                line.push_str(word);
            }
        }
        Ok(line)
    }
}

/// Into a new `call`. `name` is that of the program: one with a row of its own is its command.
pub(super) fn parse(
    name: &[u8],
    arguments: &mut dyn Iterator<Item = &'static OsStr>,
    call: &mut Call,
) -> Result<Typed, Mistake> {
    let mut row = Row::named(name);
    while let Some(argument) = arguments.next() {
        // Only the name of a directory may be any bytes.
        let Some(word) = argument.to_str() else {
            return Err(("no such word", argument.as_bytes()));
        };
        let literal = row.is_some_and(|row| row.help.is_empty());
        if literal || !word.starts_with('-') {
            match row {
                Some(_) => call.words.push(word),
                None => match Row::named(word.as_bytes()) {
                    Some(found) => row = Some(found),
                    None => return Err(("no such command", word.as_bytes())),
                },
            }
            continue;
        }
        let end = word.bytes().position(|byte| byte == b'=');
        let name = end.and_then(|end| word.get(..end)).unwrap_or(word);
        match (row.and_then(|row| row.option(name)), name) {
            (Some(takes), _) if end.is_some() && !takes => {
                return Err(("no value belongs to", word.as_bytes()));
            }
            (Some(takes), _) => {
                call.options.push(if takes && end.is_none() {
                    let Some(value) = arguments.next().and_then(OsStr::to_str) else {
                        return Err(("a value is missing for", word.as_bytes()));
                    };
                    format!("{word}={value}").leak()
                } else {
                    word
                });
            }
            (None, "-c") => match arguments.next() {
                Some(path) => call.directory = Path::new(path),
                None => return Err(("a value is missing for", b"-c")),
            },
            (None, "-h" | "--help") => return Ok(Typed::Help(row)),
            (None, "-V" | "--version") => return Ok(Typed::Version),
            (None, _) => match word.strip_prefix("-c") {
                Some(attached) => call.directory = Path::new(attached),
                None => return Err(("no such option", word.as_bytes())),
            },
        }
    }
    let Some(row) = row else {
        return Err(("a command is missing", b""));
    };
    call.row = row;
    let mut arguments = row.arguments();
    for word in &call.words {
        if arguments.next().is_none() {
            return Err(("too much", word.as_bytes()));
        }
    }
    match arguments.next() {
        Some(missing) if !missing.starts_with('[') => Err(("missing", missing.as_bytes())),
        _ => Ok(Typed::Call),
    }
}

/// What there is, for people.
pub(super) fn help(row: Option<&Row>) -> String {
    if let Some(row) = row {
        return format!("twinbeat {} [-c DIR]\n{}\n", row.synopsis, row.help);
    }
    let mut text = "twinbeat: keeps a service alive on two small Linux boxes\n\n".to_owned();
    for row in ROWS.iter().filter(|row| !row.help.is_empty()) {
        let (synopsis, help) = (row.synopsis, row.help.lines().next().unwrap_or_default());
        let between = if synopsis.len() > COLUMN { GAP } else { "" };
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {synopsis:COLUMN$}{between}  {help}");
    }
    text + CLOSING
}

/// Where help begins, and what leads there in a line of its own.
const COLUMN: usize = 38;
const GAP: &str = "\n                                        ";
const CLOSING: &str = "
twinbeat COMMAND --help tells more. Each command takes -c DIR, where ha.cf, haresources, authkeys and,
if there, twinbeat.cf are; /etc/ha.d unless given.
GROUP is the first resource of a line of haresources. Without a word all groups are meant.
Exit codes: 0 done; 1 configuration, start or refusal; 2 usage; 3 not running.
";

#[cfg(test)]
mod tests;

//! What is said about a configuration: where, how grave, what is wrong and what would be right.
//!
//! The rooms of the files have their own enums of problems; here they become one line each:
//! `ha.cf:5:1: error: ...`. Every quoted word is cut and escaped, so a line is never longer than
//! a few hundred bytes whatever the file holds; nothing of `authkeys` is ever quoted.

use core::fmt;

pub use super::quoted::Quoted;
use super::template::fill;
use super::{Config, authkeys, ha_cf, haresources, lint};

/// One thing to be said.
#[derive(Clone, Copy, Debug)]
pub struct Diagnostic<'a> {
    /// Where.
    pub position: Position,
    /// What.
    pub problem: Problem<'a>,
}

/// A place in a file; lines and columns (in bytes) count from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which file.
    pub file: File,
    /// Which line.
    pub line: u32,
    /// Which byte of the line; the last number stands for all above, too. (Eight bytes in all travel in
    /// registers.)
    pub column: u16,
}

/// The files of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// `ha.cf`.
    HaCf,
    /// `twinbeat.cf`: the same syntax, for what heartbeat itself would refuse.
    TwinbeatCf,
    /// `haresources`.
    Haresources,
    /// `authkeys`.
    Authkeys,
    /// `nodeinfo`: the node's name in place of `uname -n`.
    NodeInfo,
}

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing starts.
    Error,
    /// It starts, but something written has no effect.
    Warning,
    /// It works, but might be better; only `check` says it.
    Advice,
}

/// What is to be said, by the room that found it.
#[derive(Clone, Copy, Debug)]
pub enum Problem<'a> {
    /// The file could not be read, or may not be used; why, in words.
    Unusable(&'a str),
    /// The file holds a zero byte.
    Binary,
    /// The file begins with the bytes EF BB BF.
    ByteOrderMark,
    /// A lone `\` that does not end its line, or where no line is continued.
    Backslash,
    /// All names, paths and resources together are longer than [`super::MAX_TEXT`].
    TextFull,
    /// So many more of this kind were found in this file and not shown.
    More(Severity, u32),
    /// The node's own name does not stand in `ha.cf`.
    NotAMember {
        /// The name of this machine.
        name: Quoted<'a>,
        /// Where that name comes from.
        from: &'static str,
        /// The names of `ha.cf`.
        nodes: NodeNames<'a>,
    },
    /// `nodeinfo` is not one line with one name.
    NodeInfo,
    /// No script of this name can be run.
    NoScript(Quoted<'a>),
    /// There is no such interface at present.
    NoInterface(Quoted<'a>),
    /// About `ha.cf` or `twinbeat.cf`.
    HaCf(ha_cf::Problem<'a>),
    /// About `haresources`.
    Haresources(haresources::Problem<'a>),
    /// About `authkeys`.
    Authkeys(authkeys::Problem),
    /// It works, but.
    Advice(lint::Advice),
}

/// The names of all nodes.
#[derive(Clone, Copy, Debug)]
pub struct NodeNames<'a>(pub(super) &'a Config);

/// Takes what is found, counts the errors, and keeps junk from filling a disk.
pub(super) struct Report<'r> {
    sink: &'r mut dyn FnMut(Diagnostic<'_>),
    errors: u32,
    /// One for the errors of each file, in the order of [`File::ALL`].
    error_tallies: [Tally; File::ALL.len()],
    /// One for everything else, which must not crowd out errors.
    other_tallies: [Tally; File::ALL.len()],
    text_full: bool,
}

/// How much was said about one file.
#[derive(Clone, Copy, Default)]
struct Tally {
    shown: u32,
    hidden: u32,
    first_hidden: Option<Position>,
}

impl<'r> Report<'r> {
    pub(super) fn new(sink: &'r mut dyn FnMut(Diagnostic<'_>)) -> Self {
        Self {
            sink,
            errors: 0,
            error_tallies: [Tally::default(); File::ALL.len()],
            other_tallies: [Tally::default(); File::ALL.len()],
            text_full: false,
        }
    }

    #[inline(never)]
    pub(super) fn say<'a>(&mut self, position: Position, problem: impl Into<Problem<'a>>) {
        self.pass_on(Diagnostic {
            position,
            problem: problem.into(),
        });
    }

    fn pass_on(&mut self, diagnostic: Diagnostic<'_>) {
        let position = diagnostic.position;
        let tallies = if diagnostic.severity() == Severity::Error {
            self.errors = self.errors.saturating_add(1);
            &mut self.error_tallies
        } else {
            &mut self.other_tallies
        };
        if let Some(tally) = tallies.get_mut(position.file.place()) {
            if tally.shown >= MAX_SHOWN {
                tally.hidden = tally.hidden.saturating_add(1);
                tally.first_hidden.get_or_insert(position);
                return;
            }
            tally.shown = tally.shown.saturating_add(1);
        }
        (self.sink)(diagnostic);
    }

    /// Said once: every word after the one that did not fit would say it again.
    pub(super) fn say_text_full(&mut self, position: Position) {
        if !core::mem::replace(&mut self.text_full, true) {
            self.say(position, Problem::TextFull);
        }
    }

    pub(super) fn errors(&self) -> u32 {
        self.errors
    }

    /// Says what was left out, and returns the number of errors.
    pub(super) fn finish(self) -> u32 {
        let (errors, others) = (&self.error_tallies, &self.other_tallies);
        for (severity, tallies) in [(Severity::Error, errors), (Severity::Warning, others)] {
            for tally in tallies {
                if let Some(position) = tally.first_hidden {
                    let problem = Problem::More(severity, tally.hidden);
                    (self.sink)(Diagnostic { position, problem });
                }
            }
        }
        self.errors
    }
}

impl Diagnostic<'_> {
    /// How grave it is.
    pub fn severity(&self) -> Severity {
        match &self.problem {
            Problem::Unusable(_)
            | Problem::Binary
            | Problem::ByteOrderMark
            | Problem::Backslash
            | Problem::TextFull
            | Problem::NotAMember { .. }
            | Problem::NodeInfo
            | Problem::Haresources(_)
            | Problem::Authkeys(_) => Severity::Error,
            Problem::More(severity, _) => *severity,
            Problem::HaCf(problem) => problem.severity(),
            Problem::NoScript(_) => Severity::Warning,
            Problem::Advice(_) | Problem::NoInterface(_) => Severity::Advice,
        }
    }
}

impl Position {
    /// The beginning of a file: where what is missing should be.
    pub const fn start(file: File) -> Self {
        Self {
            file,
            line: 1,
            column: 1,
        }
    }
}

impl File {
    /// Every file.
    pub const ALL: [Self; 5] = [
        Self::HaCf,
        Self::TwinbeatCf,
        Self::Haresources,
        Self::Authkeys,
        Self::NodeInfo,
    ];

    /// Its name in the directory.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HaCf => "ha.cf",
            Self::TwinbeatCf => "twinbeat.cf",
            Self::Haresources => "haresources",
            Self::Authkeys => "authkeys",
            Self::NodeInfo => "nodeinfo",
        }
    }

    /// Whether a comma separates words.
    pub(super) fn commas(self) -> bool {
        matches!(self, Self::HaCf | Self::TwinbeatCf)
    }

    /// Whether a `\` continues a line.
    pub(super) fn continues(self) -> bool {
        self == Self::Haresources
    }

    /// Whether a `#` inside a word ends it.
    pub(super) fn comment_ends_word(self) -> bool {
        self != Self::Authkeys
    }

    fn place(self) -> usize {
        Self::ALL.iter().position(|f| *f == self).unwrap_or(0)
    }
}

impl fmt::Display for Diagnostic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: {}",
            self.position,
            self.severity(),
            self.problem
        )
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.name(), self.line, self.column)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Advice => "advice",
        })
    }
}

impl Problem<'_> {
    /// The sentence, with places for what it is about. (Inlined it would be no table.)
    #[inline(never)]
    fn template(&self) -> &'static str {
        match self {
            Self::Unusable(_)
            | Self::HaCf(_)
            | Self::Haresources(_)
            | Self::Authkeys(_)
            | Self::Advice(_) => "{0}",
            Self::Binary => {
                "a zero byte: this is no text file; nothing of it was read; put the right file in its place"
            }
            Self::ByteOrderMark => {
                "the file begins with a byte order mark (EF BB BF); save it as plain text without one"
            }
            Self::Backslash => {
                "a lone \"\\\": only haresources has continuation lines, and there the \"\\\" must be the very \
                 last character of its line, without a blank after it"
            }
            Self::TextFull => {
                "from here on names, paths and resources do not fit: all of them together may have 6144 bytes; \
                 shorten them"
            }
            Self::More(..) => {
                "{1} more of the kind {0} from here on are not shown; mend those above and check again"
            }
            Self::NotAMember { .. } => {
                "this machine is called {0} ({1}), but the nodes of this cluster are {2}: write {0} in a node \
                 line, on every machine, or put the right name into the file nodeinfo beside ha.cf"
            }
            Self::NodeInfo => {
                "must hold the name of this node, one word of 1 to 63 letters, digits, \".\", \"-\" or \"_\", and \
                 nothing else; write the name, or remove the file: then uname -n counts"
            }
            Self::NoScript(_) => {
                "no executable {0} in resource.d beside ha.cf or in /etc/init.d (ocf: in /usr/lib/ocf; systemd: \
                 not running): this group cannot start here; install it, correct the name, or chmod +x it"
            }
            Self::NoInterface(_) => {
                "there is no interface {0} at present: it is waited for; correct the name if it is misspelt \
                 (\"ip link\" shows them all)"
            }
        }
    }
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: &[&dyn fmt::Display] = match self {
            Self::Unusable(why) => &[why],
            Self::Binary
            | Self::ByteOrderMark
            | Self::Backslash
            | Self::TextFull
            | Self::NodeInfo => &[],
            Self::More(severity, count) => &[severity, count],
            Self::NotAMember { name, from, nodes } => &[name, from, nodes],
            Self::NoScript(name) | Self::NoInterface(name) => &[name],
            Self::HaCf(problem) => &[problem],
            Self::Haresources(problem) => &[problem],
            Self::Authkeys(problem) => &[problem],
            Self::Advice(advice) => &[advice],
        };
        fill(f, self.template(), parts)
    }
}

impl fmt::Display for NodeNames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, name) in self.0.nodes.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}{}", Quoted(self.0.text(*name).as_bytes()))?;
        }
        Ok(())
    }
}

impl<'a> From<ha_cf::Problem<'a>> for Problem<'a> {
    fn from(problem: ha_cf::Problem<'a>) -> Self {
        Self::HaCf(problem)
    }
}

impl<'a> From<haresources::Problem<'a>> for Problem<'a> {
    fn from(problem: haresources::Problem<'a>) -> Self {
        Self::Haresources(problem)
    }
}

impl From<authkeys::Problem> for Problem<'_> {
    fn from(problem: authkeys::Problem) -> Self {
        Self::Authkeys(problem)
    }
}

impl From<lint::Advice> for Problem<'_> {
    fn from(advice: lint::Advice) -> Self {
        Self::Advice(advice)
    }
}

const _: () = assert!(super::MAX_TEXT == 6144, "as in words");
/// Errors said about one file, and other lines.
const MAX_SHOWN: u32 = 32;

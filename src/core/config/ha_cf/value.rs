//! Single words of `ha.cf`: names, yes and no, numbers, paths, syslog facilities.

use super::directive::Name;
use super::{Problem, time};
use crate::config::diagnostic::Quoted;
use crate::config::{Config, Text};
use crate::time::Duration;

/// Whether a word can be a node's name.
pub(in crate::config) fn is_node_name(word: &[u8]) -> bool {
    let sound = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    (1..=MAX_NAME).contains(&word.len()) && word.iter().all(sound)
}

/// Heartbeat's ways to say yes and no.
pub(in crate::config) fn boolean(word: &[u8]) -> Option<bool> {
    let among = |words: &[&str]| {
        words
            .iter()
            .any(|w| word.eq_ignore_ascii_case(w.as_bytes()))
    };
    if among(&["true", "on", "yes", "y", "1"]) {
        Some(true)
    } else if among(&["false", "off", "no", "n", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// Digits and nothing else.
#[inline(never)]
pub(in crate::config) fn number(word: &[u8]) -> Option<u32> {
    let digits = word.iter().all(u8::is_ascii_digit).then_some(word)?;
    let number: u64 = core::str::from_utf8(digits).ok()?.parse().ok()?;
    number.try_into().ok()
}

/// A time of 1 s to 4 h, or none at all if that may be.
#[inline(never)]
pub(in crate::config) fn span(word: &[u8], may_be_zero: bool) -> Option<Duration> {
    let time = time::parse(word, time::LONGEST).ok()?;
    (time >= Duration::from_secs(1) || may_be_zero && time == Duration::ZERO).then_some(time)
}

pub(super) fn check_path(name: Name, word: &[u8]) -> Result<(), Problem<'_>> {
    let most = if name == Name::Rundir {
        MAX_RUNDIR
    } else {
        MAX_PATH
    };
    if word.len() > most {
        return Err(Problem::LongPath(word.len(), most));
    }
    // In UTF-8 the upper control characters are these two bytes.
    let upper = |pair: &[u8]| matches!(pair, [0xc2, 0x80..=0x9f]);
    let control = word.iter().any(u8::is_ascii_control) || word.windows(2).any(upper);
    let sound = !control && core::str::from_utf8(word).is_ok();
    if !word.starts_with(b"/") || !sound {
        return Err(Problem::BadPath(Quoted(word), name.example()));
    }
    Ok(())
}

/// The number of a syslog facility; none for `none`.
pub(super) fn facility(word: &[u8]) -> Option<Option<u8>> {
    let known = FACILITIES.iter().find(|(name, _)| name.as_bytes() == word);
    known.map(|(_, number)| *number)
}

/// Writes the string of a directive to its place.
pub(super) fn set_text(config: &mut Config, name: Name, text: Option<Text>) {
    let Some(text) = text else { return };
    if name == Name::Cluster {
        config.cluster = text;
    } else if name == Name::Rundir {
        config.rundir = text;
    } else if name == Name::Statedir {
        config.statedir = text;
    } else if name == Name::Heartbeatdir {
        config.generation.directory = text;
    } else if name == Name::Logfile {
        config.log.file = Some(text);
    } else if name == Name::Debugfile {
        config.log.debug_file = Some(text);
    }
}

/// Bytes of a node's or the cluster's name.
pub(super) const MAX_NAME: usize = 63;
/// Bytes of a path.
const MAX_PATH: usize = 255;
/// `rundir` and `/control.sock` must fit into `sun_path` (108 bytes) with a zero behind them.
const MAX_RUNDIR: usize = 94;

/// `<syslog.h>`.
const FACILITIES: &[(&str, Option<u8>)] = &[
    ("none", None),
    ("kern", Some(0)),
    ("user", Some(1)),
    ("mail", Some(2)),
    ("daemon", Some(3)),
    ("auth", Some(4)),
    ("security", Some(4)),
    ("syslog", Some(5)),
    ("lpr", Some(6)),
    ("news", Some(7)),
    ("uucp", Some(8)),
    ("cron", Some(9)),
    ("authpriv", Some(10)),
    ("ftp", Some(11)),
    ("local0", Some(16)),
    ("local1", Some(17)),
    ("local2", Some(18)),
    ("local3", Some(19)),
    ("local4", Some(20)),
    ("local5", Some(21)),
    ("local6", Some(22)),
    ("local7", Some(23)),
];

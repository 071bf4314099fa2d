//! `authkeys`: `auth N` names the key that signs, `N METHOD [KEY]` lines are the keys, in any order.
//!
//! Heads up: nothing of this file is ever quoted, not even a word that should be a method: it
//! may be a key that slipped.

mod problem;

use core::fmt;

pub use problem::Problem;

use super::diagnostic::{File, Position, Report};
use super::ha_cf;
use super::lexer::{Lines, Word, Words};
use super::{Dialect, Key, Keys, MAX_KEYS, MAX_SECRET, Method};

/// Where things stand, for what is said after the whole file was read.
#[derive(Default)]
pub(super) struct Places {
    auth: Option<(u8, Position)>,
    auth_seen: Option<Position>,
    keys: heapless::Vec<(u8, Position), MAX_KEYS>,
}

/// Reads the whole file into `keys`.
pub(super) fn read(
    text: &[u8],
    dialect: Dialect,
    keys: &mut Keys,
    report: &mut Report<'_>,
) -> Places {
    let mut places = Places::default();
    for (first, words) in Lines::new(File::Authkeys, text) {
        if first.bytes == b"auth" {
            places.read_auth(first, words, report);
        } else if let Some(number) = places.claim(first, report)
            && let Some((method, secret)) = read_key(number, first, words, dialect, report)
        {
            let mut key = Key {
                number,
                method,
                secret: heapless::Vec::new(),
            };
            // Both fit, the length was checked and numbers are unique; but half a key must never sign.
            if key.secret.extend_from_slice(secret).is_ok() {
                let later = keys.keys.iter().position(|other| other.number > number);
                let _ = keys.keys.insert(later.unwrap_or(keys.keys.len()), key);
            }
        }
    }
    match places.auth {
        None if places.auth_seen.is_none() => {
            report.say(Position::start(File::Authkeys), Problem::NoAuth);
        }
        None => {}
        Some((number, at)) => {
            keys.signing = number;
            if places.key(number).is_none() {
                report.say(at, Problem::NoSuchKey(number));
            }
        }
    }
    places
}

impl Places {
    fn read_auth(&mut self, first: Word<'_>, mut words: Words<'_>, report: &mut Report<'_>) {
        if let Some(first_at) = self.auth_seen {
            let problem = Problem::SecondAuth { first: first_at };
            return report.say(first.at, problem);
        }
        self.auth_seen = Some(first.at);
        let (Some(word), None) = (words.next(), words.next()) else {
            return report.say(first.at, Problem::Auth);
        };
        let number = number(word, Problem::Auth, report);
        self.auth = number.map(|number| (number, word.at));
    }

    /// The number of a key's line, if it is one and not yet taken.
    fn claim(&mut self, first: Word<'_>, report: &mut Report<'_>) -> Option<u8> {
        let number = number(first, Problem::NotALine, report)?;
        if let Some(first_at) = self.key(number) {
            let problem = Problem::SameNumber {
                number,
                first: first_at,
            };
            report.say(first.at, problem);
            return None;
        }
        // Sixteen places, sixteen numbers.
        let _ = self.keys.push((number, first.at));
        Some(number)
    }

    /// Where the key of a number stands.
    pub(super) fn key(&self, number: u8) -> Option<Position> {
        self.keys.iter().find(|k| k.0 == number).map(|k| k.1)
    }
}

fn read_key<'a>(
    number: u8,
    first: Word<'_>,
    mut words: Words<'a>,
    dialect: Dialect,
    report: &mut Report<'_>,
) -> Option<(Method, &'a [u8])> {
    let Some(word) = words.next() else {
        report.say(first.at, Problem::NoMethod(number));
        return None;
    };
    let is_meant = |method: &Method| method.word().as_bytes() == word.bytes;
    let Some(method) = Method::ALL.into_iter().find(is_meant) else {
        report.say(word.at, Problem::UnknownMethod(number));
        return None;
    };
    if matches!(
        (method, dialect),
        (Method::Sha256, Dialect::LinuxHa) | (Method::Md5, Dialect::Native)
    ) {
        report.say(word.at, Problem::Foreign(number, dialect));
        return None;
    }
    let (at, secret, problem) = match (words.next(), words.next()) {
        (None, _) if method == Method::Crc => return Some((method, &[])),
        (None, _) => (word.at, None, Problem::NoSecret(number, method)),
        (Some(key), _) if method == Method::Crc => (key.at, None, Problem::CrcWithSecret(number)),
        (_, Some(more)) => (more.at, None, Problem::SecretInPieces(number)),
        (Some(key), None) if key.bytes.len() > MAX_SECRET => {
            (key.at, None, Problem::LongSecret(number))
        }
        (Some(key), None) => {
            let sound = !key.bytes.iter().any(u8::is_ascii_control);
            let secret = sound.then_some(key.bytes);
            (key.at, secret, Problem::UnprintableSecret(number))
        }
    };
    if secret.is_none() {
        report.say(at, problem);
    }
    secret.map(|secret| (method, secret))
}

/// The number of a key; says what is wrong with it, `otherwise` if it is no number at all.
#[inline(never)]
fn number(word: Word<'_>, otherwise: Problem, report: &mut Report<'_>) -> Option<u8> {
    let number = ha_cf::number(word.bytes);
    let number = number.and_then(|number| u8::try_from(number).ok());
    let number = number.filter(|number| usize::from(*number) < MAX_KEYS);
    if number.is_none() {
        let digits = word.bytes.iter().all(u8::is_ascii_digit);
        report.say(word.at, if digits { Problem::Number } else { otherwise });
    }
    number
}

impl fmt::Display for Method {
    /// As it is written in `authkeys`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::diagnostic::Diagnostic;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn outcome(text: &str) -> (Keys, Vec<String>) {
        let mut said = Vec::new();
        let mut sink = |d: Diagnostic<'_>| said.push(d.to_string());
        let mut keys = Keys {
            keys: heapless::Vec::new(),
            signing: 0,
        };
        let report = &mut Report::new(&mut sink);
        read(text.as_bytes(), Dialect::Native, &mut keys, report);
        (keys, said)
    }

    /// The one complaint, without its explanation.
    fn complaint(text: &str) -> String {
        let (_, said) = outcome(text);
        assert_eq!(said.len(), 1, "{said:?}");
        said[0].split_inclusive([':', ';', ',']).take(5).collect()
    }

    #[test]
    fn keys_and_auth_may_stand_in_any_order() {
        let (keys, said) = outcome("# keys\n2 sha256 new#key\n0 crc\n1 sha1 old\nauth 2\n");
        assert_eq!(said, Vec::<String>::new());
        assert_eq!(keys.signing, 2);
        let methods: Vec<_> = keys.keys.iter().map(|k| (k.number, k.method)).collect();
        assert_eq!(
            methods,
            [(0, Method::Crc), (1, Method::Sha1), (2, Method::Sha256)]
        );
        assert_eq!(keys.keys[2].secret, b"new#key");
    }

    #[test]
    fn each_mistake_is_named_where_it_stands() {
        let starts = [
            (
                "auth 1\n1 sha1\n",
                "authkeys:2:3: error: key 1 has a method but no key",
            ),
            (
                "auth 2\n1 sha1 k\n",
                "authkeys:1:6: error: auth names key 2",
            ),
            (
                "auth 1\n1 sha1 k\n1 crc",
                "authkeys:3:1: error: a second key 1",
            ),
            (
                "auth 1\nauth 1\n1 sha1 k\n",
                "authkeys:2:1: error: a second auth line",
            ),
            ("1 sha1 k\n", "authkeys:1:1: error: no key is chosen"),
            ("", "authkeys:1:1: error: no key is chosen"),
            ("auth 1\n1 md5 k\n", "authkeys:2:3: error: key 1 is for md5"),
            ("auth 1\n1 crc k\n", "authkeys:2:7: error: crc takes no key"),
            (
                "auth 1\n1 sha1 a b\n",
                "authkeys:2:10: error: key 1 has more than",
            ),
            (
                "auth 1\n1 crc\n16 crc",
                "authkeys:3:1: error: keys are numbered 0 to 15",
            ),
            (
                "auth 16\n1 crc\n",
                "authkeys:1:6: error: keys are numbered 0 to 15",
            ),
            (
                "auth\n1 crc\n",
                "authkeys:1:1: error: auth takes the number",
            ),
            ("auth 1\n1\n", "authkeys:2:1: error: key 1 has no method"),
        ];
        for (text, start) in starts {
            let said = complaint(text);
            assert!(said.starts_with(start), "{text:?} gave {said}");
        }
    }

    #[test]
    fn sixty_four_bytes_are_a_key_and_sixty_five_are_not() {
        let longest = "k".repeat(64);
        let (keys, said) = outcome(&std::format!("auth 1\n1 sha1 {longest}\n"));
        assert!(said.is_empty() && keys.keys[0].secret.len() == 64);
        let said = complaint(&std::format!("auth 1\n1 sha1 {longest}k\n"));
        assert!(said.starts_with("authkeys:2:8: error: key 1 is longer than 64 bytes"));
    }

    #[test]
    fn a_key_is_never_shown_wherever_it_slipped_to() {
        let long = "hunter2".repeat(10);
        for text in [
            "hunter2\nauth hunter2\n1 hunter2\n2 crc hunter2\nhunter2 sha1 hunter2\n",
            "auth 1\n1 sha1 hunter2 hunter2\n1 sha1 hunter2\n3 md5 hunter2\n",
            &std::format!("auth 1\n1 sha1 {long}\n2 sha1 hunter2\x07\n"),
        ] {
            let (keys, said) = outcome(text);
            assert!(!said.is_empty());
            let all = std::format!("{said:?} {keys:?} {:?}", keys.keys);
            assert!(!all.contains("hunter"), "{all}");
        }
    }
}

//! Text to words: what the four files have in common.
//!
//! A line is a run of words; `#` begins a comment. `ha.cf` also separates by commas, in
//! `haresources` a `\` at the very end of a line continues it, and in `authkeys` a `#` inside a
//! word belongs to the word (a key must not be cut short in silence).

use super::diagnostic::{File, Position};

/// A word and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    /// Its bytes; never empty.
    pub(super) bytes: &'a [u8],
    /// Its first byte.
    pub(super) at: Position,
}

/// The logical lines of a file, each as its words; lines without any are left out.
pub(super) struct Lines<'a> {
    file: File,
    rest: &'a [u8],
    line: u32,
}

/// The words of one logical line.
#[derive(Clone)]
pub(super) struct Words<'a> {
    rest: &'a [u8],
    at: Position,
}

impl<'a> Lines<'a> {
    pub(super) fn new(file: File, text: &'a [u8]) -> Self {
        Self {
            file,
            rest: text,
            line: 1,
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    /// The first word of the line, and those after it.
    type Item = (Word<'a>, Words<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let first = self.line;
            let whole = self.rest;
            let mut len = 0_usize;
            loop {
                let piece = self
                    .rest
                    .split_inclusive(|byte| *byte == b'\n')
                    .next()
                    .unwrap_or_default();
                self.rest = self.rest.get(piece.len()..).unwrap_or_default();
                self.line = self.line.saturating_add(1);
                len = len.saturating_add(piece.len());
                if self.rest.is_empty() || !self.file.continues() || !is_continued(piece) {
                    break;
                }
            }
            let mut words = Words {
                rest: whole.get(..len).unwrap_or_default(),
                at: Position {
                    file: self.file,
                    line: first,
                    column: 1,
                },
            };
            if let Some(word) = words.next() {
                return Some((word, words));
            }
        }
        None
    }
}

impl<'a> Words<'a> {
    /// What is left of the line as it stands, without its remark.
    pub(super) fn verbatim(mut self) -> &'a [u8] {
        while self.gap() > 0 {
            self.advance(1);
        }
        let text = self.rest.split(|byte| *byte == b'#').next();
        text.unwrap_or_default().trim_ascii_end()
    }

    fn advance(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        self.at.column = self.at.column.saturating_add(count);
    }

    /// How many bytes of `rest` separate words; zero at the beginning of a word.
    fn gap(&self) -> usize {
        match *self.rest {
            [b' ' | b'\t' | b'\r' | 0x0b | 0x0c | b'\n', ..] => 1,
            [b',', ..] if self.at.file.commas() => 1,
            // The end of the line follows: `Lines` has seen to that, or the file ends here.
            [b'\\'] | [b'\\', b'\n', ..] | [b'\\', b'\r', b'\n', ..]
                if self.at.file.continues() =>
            {
                1
            }
            _ => 0,
        }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        loop {
            let newline = self.rest.first() == Some(&b'\n');
            match self.gap() {
                0 => break,
                count => self.advance(count),
            }
            if newline {
                self.at.line = self.at.line.saturating_add(1);
                self.at.column = 1;
            }
        }
        if self.rest.first().is_none_or(|byte| *byte == b'#') {
            self.rest = &[];
            return None;
        }
        let (whole, at) = (self.rest, self.at);
        let mut len = 0_usize;
        while let Some(byte) = self.rest.first()
            && self.gap() == 0
            && (*byte != b'#' || !at.file.comment_ends_word())
        {
            self.advance(1);
            len = len.saturating_add(1);
        }
        Some(Word {
            bytes: whole.get(..len).unwrap_or_default(),
            at,
        })
    }
}

/// Whether a physical line ends in `\` outside a comment.
fn is_continued(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.ends_with(b"\\") && !line.contains(&b'#')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;

    fn show(file: File, text: &str) -> String {
        let mut out = String::new();
        for (first, rest) in Lines::new(file, text.as_bytes()) {
            for word in core::iter::once(first).chain(rest) {
                let text = core::str::from_utf8(word.bytes).unwrap();
                out += &format!("{}:{}={text} ", word.at.line, word.at.column);
            }
            out += "; ";
        }
        out
    }

    #[test]
    fn words_know_their_line_and_column() {
        assert_eq!(
            show(File::HaCf, "\n  node a,b\t c # d\n#x\nbcast eth0"),
            "2:3=node 2:8=a 2:10=b 2:13=c ; 4:1=bcast 4:7=eth0 ; "
        );
    }

    #[test]
    fn a_backslash_at_the_end_continues_haresources_only() {
        assert_eq!(
            show(File::Haresources, "a x::1,2 \\\r\n  y\\\n z\nb w\\"),
            "1:1=a 1:3=x::1,2 2:3=y 3:2=z ; 4:1=b 4:3=w ; "
        );
        assert_eq!(show(File::HaCf, "a \\\nb"), "1:1=a 1:3=\\ ; 2:1=b ; ");
        assert_eq!(
            show(File::Haresources, "a x # y \\\nb"),
            "1:1=a 1:3=x ; 2:1=b ; "
        );
    }

    #[test]
    fn a_hash_inside_a_key_belongs_to_the_key() {
        assert_eq!(
            show(File::Authkeys, "1 sha1 ab#cd # remark"),
            "1:1=1 1:3=sha1 1:8=ab#cd ; "
        );
        assert_eq!(show(File::HaCf, "node a#b"), "1:1=node 1:6=a ; ");
    }

    #[test]
    fn the_end_of_line_of_other_systems_is_a_blank() {
        assert_eq!(
            show(File::Authkeys, "auth 1\r\n1 crc\r\n"),
            "1:1=auth 1:6=1 ; 2:1=1 2:3=crc ; "
        );
    }
}

//! Words of the files in what is said about them.

use core::fmt;

/// A word of a file, safe to print: cut and escaped.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (head, end) = match self.0.split_at_checked(MAX_QUOTED) {
            Some((head, tail)) if !tail.is_empty() => (head, "...\""),
            _ => (self.0, "\""),
        };
        f.write_str("\"")?;
        escape(head, f)?;
        f.write_str(end)
    }
}

/// Bytes of a file as they can be shown. (`escape_ascii` does the same for 1 kB more on MIPS.)
pub(super) fn escape(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for byte in bytes {
        match byte {
            b'"' | b'\'' | b'\\' => write!(f, "\\{}", char::from(*byte))?,
            b' '..=b'~' => fmt::Write::write_char(f, char::from(*byte))?,
            _ => write!(f, "\\x{byte:02x}")?,
        }
    }
    Ok(())
}

/// Bytes of a word that are quoted; enough to find it, too few to flood a terminal.
const MAX_QUOTED: usize = 32;

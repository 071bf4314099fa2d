//! Names of network interfaces, as both `ha.cf` and `haresources` write them.

use core::fmt;

use super::Interface;

/// Why a word is no interface name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterfaceProblem {
    /// Longer than 15 bytes.
    TooLong(usize),
    /// Empty, `.`, `..`, or with a byte the kernel or a log line could not bear.
    BadName,
    /// `eth0:1`: the name of an address, not of an interface.
    Alias,
}

/// The interface a word names; it need not exist.
pub(super) fn parse(word: &[u8]) -> Result<Interface, InterfaceProblem> {
    if word.contains(&b':') {
        return Err(InterfaceProblem::Alias);
    }
    label(word)
}

/// The same for an address label, where a colon belongs.
pub(super) fn label(word: &[u8]) -> Result<Interface, InterfaceProblem> {
    if word.len() > Interface::new().capacity() {
        return Err(InterfaceProblem::TooLong(word.len()));
    }
    let sound = word.iter().all(|b| b.is_ascii_graphic() && *b != b'/');
    if word.is_empty() || !sound || word == b"." || word == b".." {
        return Err(InterfaceProblem::BadName);
    }
    core::str::from_utf8(word)
        .ok()
        .and_then(|name| Interface::try_from(name).ok())
        .ok_or(InterfaceProblem::BadName)
}

impl fmt::Display for InterfaceProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(len) => write!(
                f,
                "has {len} bytes, an interface name (or label) has at most 15: write it as \"ip link\" shows it"
            ),
            Self::BadName => f.write_str(
                "is no interface name: write it as \"ip link\" shows it, for example eth0",
            ),
            Self::Alias => f.write_str(
                "is the label of an address, not an interface: write the part before the colon",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_bytes_are_a_name_and_sixteen_are_not() {
        assert_eq!(parse(b"abcdefghijklmno").unwrap(), "abcdefghijklmno");
        assert_eq!(
            parse(b"abcdefghijklmnop"),
            Err(InterfaceProblem::TooLong(16))
        );
    }

    #[test]
    fn names_that_are_paths_or_labels_are_refused() {
        for name in [&b""[..], b".", b"..", b"a/b", b"a\xffb", b"a\tb"] {
            assert_eq!(parse(name), Err(InterfaceProblem::BadName));
        }
        assert_eq!(parse(b"eth0:1"), Err(InterfaceProblem::Alias));
        assert_eq!(label(b"eth0:1").unwrap(), "eth0:1");
    }
}

//! Names of network interfaces, as both `ha.cf` and `haresources` write them.

use super::Interface;

/// The interface a word names; it need not exist. The error says why it is none.
pub(super) fn parse(word: &[u8]) -> Result<Interface, &'static str> {
    if word.contains(&b':') {
        return Err(ALIAS);
    }
    label(word)
}

/// The same for an address label, where a colon belongs.
pub(super) fn label(word: &[u8]) -> Result<Interface, &'static str> {
    if word.len() > Interface::new().capacity() {
        return Err(TOO_LONG);
    }
    let sound = word.iter().all(|b| b.is_ascii_graphic() && *b != b'/');
    if word.is_empty() || !sound || word == b"." || word == b".." {
        return Err(BAD_NAME);
    }
    core::str::from_utf8(word)
        .ok()
        .and_then(|name| Interface::try_from(name).ok())
        .ok_or(BAD_NAME)
}

const ALIAS: &str = "is the label of an address, not an interface: write the part before the colon";
const TOO_LONG: &str = "is longer than 15 bytes, the most of an interface name (or label): write it as \"ip link\" shows it";
const BAD_NAME: &str = "is no interface name: write it as \"ip link\" shows it, for example eth0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifteen_bytes_are_a_name_and_sixteen_are_not() {
        assert_eq!(parse(b"abcdefghijklmno").unwrap(), "abcdefghijklmno");
        assert_eq!(parse(b"abcdefghijklmnop"), Err(TOO_LONG));
    }

    #[test]
    fn names_that_are_paths_or_labels_are_refused() {
        for name in [&b""[..], b".", b"..", b"a/b", b"a\xffb", b"a\tb"] {
            assert_eq!(parse(name), Err(BAD_NAME));
        }
        assert_eq!(parse(b"eth0:1"), Err(ALIAS));
        assert_eq!(label(b"eth0:1").unwrap(), "eth0:1");
    }
}

//! Whether two configurations were read from the same words. (To compare them member by member is
//! 2 kB on MIPS.)

use super::Sources;
use super::diagnostic::File;
use super::lexer::Lines;
use crate::hash::Hash;

impl Sources<'_> {
    /// SHA-1 of every word of the files and of where lines end; comments and spaces do not count.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let mut digest = Hash::sha1();
        for (file, source) in [
            (File::HaCf, self.ha_cf),
            (File::TwinbeatCf, self.twinbeat_cf.unwrap_or(Ok(b""))),
            (File::Haresources, self.haresources),
            (File::Authkeys, self.authkeys),
        ] {
            for (first, words) in Lines::new(file, source.unwrap_or_default()) {
                for word in core::iter::once(first).chain(words) {
                    digest.add(word.bytes);
                    digest.add(b" ");
                }
                digest.add(b"\n");
            }
            digest.add(b"\n");
        }
        digest.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ha_cf: &str, haresources: &str) -> [u8; 32] {
        Sources::new("alpha", ha_cf, haresources, "").fingerprint()
    }

    #[test]
    fn words_lines_and_files_count_and_nothing_else_does() {
        let one = of("node a b\nping 1.1.1.1\n", "a x\n");
        assert_eq!(one, of("# no\n\nnode  a\tb # yes\nping 1.1.1.1", "a x"));
        for (ha_cf, haresources) in [
            ("node a c\nping 1.1.1.1\n", "a x\n"),
            ("node a b ping\n1.1.1.1\n", "a x\n"),
            ("node a bping\n1.1.1.1\n", "a x\n"),
            ("node a b\nping 1.1.1.1\na x\n", ""),
        ] {
            assert_ne!(one, of(ha_cf, haresources), "{ha_cf}");
        }
    }
}

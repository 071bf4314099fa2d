//! Standard output and standard error for the verbs that end soon: each text is one write, which waits
//! for its reader. (std's streams, with their locks and buffers, would be 4 kB more on MIPS.)

use std::fmt::Arguments;
use std::os::fd::BorrowedFd;

use crate::files;
use crate::sys::{STDERR, STDOUT};

/// What was asked for; where nobody reads it any more it is not missed.
pub(crate) fn print(text: &str) {
    put(STDOUT, text);
}

/// One line of it.
pub(crate) fn print_line(line: Arguments<'_>) {
    put(STDOUT, &format!("{line}\n"));
}

/// One line on what is wrong.
pub(crate) fn complain(line: Arguments<'_>) {
    put(STDERR, &format!("{line}\n"));
}

fn put(to: BorrowedFd<'_>, text: &str) {
    let _ = files::write(to, text.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_text_longer_than_a_pipe_arrives_whole() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let text = "0123456789".repeat(20_000);
        let expected = text.clone();
        let far = std::thread::spawn(move || {
            let mut read = String::new();
            reader.read_to_string(&mut read).unwrap();
            read
        });
        put(writer.as_fd(), &text);
        drop(writer);
        assert!(far.join().unwrap() == expected);
    }

    #[test]
    fn a_reader_that_has_gone_is_not_told() {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        put(writer.as_fd(), "nobody");
        let full = std::fs::File::options().write(true).open("/dev/full");
        put(full.unwrap().as_fd(), "no room");
    }
}

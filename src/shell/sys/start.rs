//! From the C library into the program, in the place of std's start: that one also has a stack for a
//! message about a stack that is too small, and a way out that empties buffers we do not have.

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt;

use nix::libc;

#[unsafe(no_mangle)]
extern "C" fn main(count: c_int, words: *const *const c_char) -> c_int {
    for stream in 0..3 {
        // What is opened later must not become one of the three streams.
        // SAFETY: integers and a constant text; the lowest free number is the one that is missing.
        unsafe {
            if libc::fcntl(stream, libc::F_GETFD) < 0
                && libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) != stream
            {
                libc::abort();
            }
        }
    }
    // A reader that has gone is an error of the write.
    // SAFETY: no handler is installed, the signal is ignored.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    // The first is the program's own name, if there is any.
    let mut arguments = (0..usize::try_from(count).unwrap_or_default()).map(|at| {
        // SAFETY: the C library gives `count` pointers to texts that end, that nobody changes, and that
        // are there as long as the program.
        let word: &'static CStr = unsafe { CStr::from_ptr(*words.add(at)) };
        OsStr::from_bytes(word.to_bytes())
    });
    crate::cli::main(&mut arguments).into()
}

//! Texts that the C library has and nobody changes.

use std::ffi::CStr;

use nix::errno::Errno;
use nix::libc;

/// What it calls an error.
pub(crate) fn words(error: Errno) -> &'static str {
    // SAFETY: the text of a number that the kernel knows is a constant, and ends.
    let text = unsafe { CStr::from_ptr(libc::strerror(error as i32)) };
    text.to_str().unwrap_or_default()
}

/// A variable of the environment.
pub(crate) fn variable(name: &CStr) -> Option<&'static str> {
    // SAFETY: a name that ends; what is found ends, too, and nobody sets variables of this process.
    unsafe {
        let text = libc::getenv(name.as_ptr());
        (!text.is_null())
            .then(|| CStr::from_ptr(text))?
            .to_str()
            .ok()
    }
}

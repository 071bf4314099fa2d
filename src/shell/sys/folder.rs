//! What is in a folder.

use std::ffi::{CStr, c_long};
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::libc;

/// What the kernel fills at once; it wants numbers of 64 bits to stand straight.
#[repr(align(8))]
struct Piece([u8; 1024]);

/// Shows one name after the other until one is the right one; whether there was one. (std's way is 2 kB
/// on MIPS.)
pub(crate) fn find_in(folder: BorrowedFd<'_>, is_it: &mut dyn FnMut(&CStr) -> bool) -> bool {
    let mut piece = Piece([0; 1024]);
    loop {
        let (to, most) = (piece.0.as_mut_ptr(), piece.0.len() as c_long);
        // SAFETY: pointer and length are of one live, exclusively borrowed array.
        let count = unsafe { libc::syscall(libc::SYS_getdents64, folder.as_raw_fd(), to, most) };
        let Some(mut rest) = usize::try_from(count)
            .ok()
            .and_then(|count| piece.0.get(..count))
        else {
            return false;
        };
        if rest.is_empty() {
            return false;
        }
        // `struct linux_dirent64`: 16 bytes, the length of all, the kind, the name.
        while let Some(&[first, second]) = rest.get(16..18) {
            let length = usize::from(u16::from_ne_bytes([first, second]));
            let (Some(entry), Some(others)) = (rest.get(19..length), rest.get(length..)) else {
                return false;
            };
            if CStr::from_bytes_until_nul(entry).is_ok_and(&mut *is_it) {
                return true;
            }
            rest = others;
        }
    }
}

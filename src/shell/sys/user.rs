//! From this program to another one of another user.

use std::ffi::{CStr, c_long};

use nix::errno::Errno;
use nix::libc;

/// Where numbers of users once had 16 bits, those of 32 bits came later.
#[cfg(any(target_arch = "arm", target_arch = "x86"))]
const CALLS: [c_long; 3] = [
    libc::SYS_setgroups32,
    libc::SYS_setgid32,
    libc::SYS_setuid32,
];
#[cfg(not(any(target_arch = "arm", target_arch = "x86")))]
const CALLS: [c_long; 3] = [libc::SYS_setgroups, libc::SYS_setgid, libc::SYS_setuid];

/// Becomes the shell's `command` with this user and these groups, the first of which is the main one; it
/// is told to end when the parent does. Comes back only with an error. (The system calls themselves: musl's
/// wrappers have 1 kB to stop threads that we do not have.)
pub(crate) fn become_program(uid: u32, groups: &[u32], command: &CStr) -> Errno {
    let shell = c"/bin/sh";
    let words = [
        shell.as_ptr(),
        c"-c".as_ptr(),
        command.as_ptr(),
        std::ptr::null(),
    ];
    let gid = groups.first().copied().unwrap_or(uid);
    let [set_groups, set_gid, set_uid] = CALLS;
    // SAFETY: pointer and length are of one live slice that the kernel reads; the words are texts that
    // end, and a null after them; the rest are integers. This process has one thread, no handler.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        if libc::syscall(set_groups, groups.len() as c_long, groups.as_ptr()) == 0
            && libc::syscall(set_gid, gid as c_long) == 0
            && libc::syscall(set_uid, uid as c_long) == 0
        {
            // Forgotten by a change of user, so after it.
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
            libc::execv(shell.as_ptr(), words.as_ptr());
        }
    }
    Errno::last()
}

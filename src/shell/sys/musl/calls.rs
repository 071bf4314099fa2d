//! System calls in the place of musl's wrappers: those go around kernels older than 2.6.28, and translate
//! requests that we never make for kernels without 64-bit time. (3 kB on MIPS, and what keeps ARM within its
//! budget.)

use std::ffi::{c_int, c_long};

use nix::libc;

#[cfg(target_pointer_width = "32")]
const FCNTL: c_long = libc::SYS_fcntl64;
#[cfg(not(target_pointer_width = "32"))]
const FCNTL: c_long = libc::SYS_fcntl;

/// C's functions that are no more than a call of the kernel, which takes of each argument as many bits
/// as it knows. Where C has `...` one number or pointer follows, which is passed as any other.
macro_rules! calls {
    ($($name:ident($($argument:ident),*) = $number:expr;)*) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: c_long),*) -> c_int {
            // SAFETY: who calls the function of this name has promised what the kernel asks for.
            unsafe { libc::syscall($number, $($argument),*) as c_int }
        }
    )*};
}

calls! {
    accept4(socket, address, length, flags) = libc::SYS_accept4;
    fcntl(file, command, argument) = FCNTL;
    ioctl(file, request, argument) = libc::SYS_ioctl;
    pipe2(ends, flags) = libc::SYS_pipe2;
    socket(family, kind, protocol) = libc::SYS_socket;
}

//! The kernel's number of an interface.

use std::ffi::c_int;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

/// The kernel's `ifreq`.
#[repr(C)]
struct Request {
    /// Ends with a zero.
    name: [u8; 16],
    /// As large as any answer.
    answer: [c_int; 6],
}

/// By its name; `ENODEV` if there is none. (nix's and musl's way is 800 bytes.)
pub(crate) fn interface_index(name: &str) -> Result<u32, Errno> {
    let mut request = Request {
        name: [0; 16],
        answer: [0; 6],
    };
    let place = request.name[..15].get_mut(..name.len());
    place.ok_or(Errno::ENODEV)?.copy_from_slice(name.as_bytes());
    let flags = SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Unix, SockType::Datagram, flags, None)?;
    // SAFETY: a live structure as large as the kernel's, read and written during the call.
    let result = unsafe {
        libc::ioctl(
            socket.as_raw_fd(),
            libc::SIOCGIFINDEX as _,
            &raw mut request,
        )
    };
    Errno::result(result)?;
    u32::try_from(request.answer[0]).map_err(|_| Errno::ENODEV)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_has_the_number_that_others_find() {
        assert_eq!(interface_index("lo"), nix::net::if_::if_nametoindex("lo"));
        for name in ["", "no such", "a-name-of-16-bytes"] {
            assert!(interface_index(name).is_err(), "{name}");
        }
    }
}

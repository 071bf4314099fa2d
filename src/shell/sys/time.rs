//! The kernel's clocks.

use std::ffi::c_long;

use nix::libc;

/// The one with 64 bits, of Linux 5.1 and later, where there is an older one. (Its number is the same everywhere.)
#[cfg(target_arch = "mips")]
const CLOCK_GETTIME_64: Option<c_long> = Some(4000 + 403);
#[cfg(all(target_pointer_width = "32", not(target_arch = "mips")))]
const CLOCK_GETTIME_64: Option<c_long> = Some(403);
#[cfg(target_pointer_width = "64")]
const CLOCK_GETTIME_64: Option<c_long> = None;

/// Seconds, and nanoseconds below one; none if there is no such clock.
pub(crate) fn clock(clock: libc::clockid_t) -> Option<(u64, u32)> {
    let clock = clock as c_long;
    if let Some(number) = CLOCK_GETTIME_64 {
        let mut time = [0_u64; 2];
        // SAFETY: a live array of the size of the kernel's structure, written during the call.
        if unsafe { libc::syscall(number, clock, time.as_mut_ptr()) } == 0 {
            return Some((time[0], time[1] as u32));
        }
    }
    let mut time: [c_long; 2] = [0; 2];
    // SAFETY: as above.
    let result = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time.as_mut_ptr()) };
    (result == 0).then_some((u64::try_from(time[0]).ok()?, time[1] as u32))
}

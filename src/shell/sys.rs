//! Every unsafe line of the program: system calls that neither std nor nix offers.
#![expect(unsafe_code, reason = "this is the one file for it")]

#[cfg(any(test, all(target_env = "musl", not(debug_assertions))))]
mod blocks;
mod folder;
#[cfg(test)]
pub(crate) mod heap;
mod interface;
// Debug builds and their tests keep the C library's own.
#[cfg(all(target_env = "musl", not(any(test, debug_assertions))))]
mod musl;
mod poll;
#[cfg(all(target_env = "musl", not(test)))]
mod start;
mod tty;
mod twin;
mod user;
mod watchdog;
mod words;

pub(crate) use folder::find_in;
pub(crate) use interface::interface_index;
pub(crate) use poll::{Watch, poll};
pub(crate) use tty::{
    close_at_once, flush_tty, read_link, seize_tty, set_line, set_mode, set_raw, tty_holds, window,
};
pub(crate) use twin::become_two;
pub(crate) use user::become_program;
pub(crate) use watchdog::{set_watchdog_timeout, watchdog_info, watchdog_timeout};
pub(crate) use words::{variable, words};

use std::ffi::{c_int, c_long};
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::Signal;
use nix::sys::socket::{LinkAddr, SockFlag, SockaddrLike, accept4};
use nix::unistd::Pid;

/// Standard input.
// SAFETY: open from the start on, std's as well as ours, and closed by nobody.
pub(crate) const STDIN: BorrowedFd<'static> = unsafe { BorrowedFd::borrow_raw(0) };
/// Standard output.
// SAFETY: as above.
pub(crate) const STDOUT: BorrowedFd<'static> = unsafe { BorrowedFd::borrow_raw(1) };
/// Standard error.
// SAFETY: as above.
pub(crate) const STDERR: BorrowedFd<'static> = unsafe { BorrowedFd::borrow_raw(2) };

// network

/// Lets only those packets into a socket's queue for which the classic BPF `program` returns not
/// zero (`SO_ATTACH_FILTER`, `linux/filter.h`); replaces an earlier program in one step.
pub(crate) fn attach_filter(
    socket: BorrowedFd<'_>,
    program: &[libc::sock_filter],
) -> Result<(), Errno> {
    let Ok(len) = u16::try_from(program.len()) else {
        return Err(Errno::E2BIG);
    };
    let program = libc::sock_fprog {
        len,
        // The kernel reads it and no more; the pointer's type is older than `const`.
        filter: program.as_ptr().cast_mut(),
    };
    set_option(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
}

/// Receives what is sent to `group` on the interface with this index.
pub(crate) fn join_group(
    socket: BorrowedFd<'_>,
    group: IpAddr,
    interface: u32,
) -> Result<(), Errno> {
    match group {
        IpAddr::V4(group) => {
            let request = libc::ip_mreqn {
                imr_multiaddr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(group.octets()),
                },
                imr_address: libc::in_addr { s_addr: 0 },
                imr_ifindex: c_int::try_from(interface).map_err(|_| Errno::ENODEV)?,
            };
            set_option(socket, libc::IPPROTO_IP, libc::IP_ADD_MEMBERSHIP, &request)
        }
        IpAddr::V6(group) => {
            let request = libc::ipv6_mreq {
                ipv6mr_multiaddr: libc::in6_addr {
                    s6_addr: group.octets(),
                },
                ipv6mr_interface: interface,
            };
            set_option(
                socket,
                libc::IPPROTO_IPV6,
                libc::IPV6_ADD_MEMBERSHIP,
                &request,
            )
        }
    }
}

/// The address of a packet socket (`packet(7)`): an Ethernet protocol in host order on one
/// interface, or on all (0).
pub(crate) fn link_address(protocol: u16, interface: u32) -> Option<LinkAddr> {
    let address = libc::sockaddr_ll {
        sll_family: libc::sa_family_t::try_from(libc::AF_PACKET).ok()?,
        sll_protocol: protocol.to_be(),
        sll_ifindex: c_int::try_from(interface).ok()?,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 6,
        sll_addr: [0; 8],
    };
    let len = libc::socklen_t::try_from(size_of_val(&address)).ok()?;
    // SAFETY: `address` is a whole `sockaddr_ll` that lives through the call, `len` is its size,
    // and its family says what it is; nix copies it.
    unsafe { LinkAddr::from_raw((&raw const address).cast(), Some(len)) }
}

/// Whether this machine hears its own frames to an IPv6 group (`IPV6_MULTICAST_LOOP`).
pub(crate) fn set_multicast_loop_v6(socket: BorrowedFd<'_>, looped: bool) -> Result<(), Errno> {
    let looped = c_int::from(looped);
    set_option(
        socket,
        libc::IPPROTO_IPV6,
        libc::IPV6_MULTICAST_LOOP,
        &looped,
    )
}

/// `setsockopt(2)`; private because only the callers above know which `T` the kernel expects.
fn set_option<T>(
    socket: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    value: &T,
) -> Result<(), Errno> {
    let len = libc::socklen_t::try_from(size_of::<T>()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: `value` is readable for `len` bytes, and the kernel only reads it.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            (&raw const *value).cast(),
            len,
        )
    };
    Errno::result(result).map(drop)
}

// process

/// The descriptor signals are written to; -1 before [`catch_signals`].
static SIGNAL_PIPE: AtomicI32 = AtomicI32::new(-1);

extern "C" fn on_signal(signal: c_int) {
    if signal == libc::SIGXCPU {
        // The loop has run for too long without sleeping (`privilege`): let others run too.
        let ordinary: c_int = 0;
        // SAFETY: async-signal-safe system call on a live local; this thread only.
        unsafe {
            libc::syscall(
                libc::SYS_sched_setscheduler,
                0,
                libc::SCHED_OTHER,
                &raw const ordinary,
            );
        }
    }
    let byte = signal as u8;
    // SAFETY: async-signal-safe write of one live byte; the pipe is non-blocking and never closed,
    // and a full one already says enough. `errno` is kept for the code that was interrupted.
    unsafe {
        let errno = *libc::__errno_location();
        libc::write(
            SIGNAL_PIPE.load(Ordering::Relaxed),
            (&raw const byte).cast(),
            1,
        );
        *libc::__errno_location() = errno;
    }
}

/// From now on each of `signals` writes its number as one byte to `pipe`; calls that it interrupts go on
/// (`signal` of both C libraries sets SA_RESTART). Nothing is masked, so children inherit nothing.
pub(crate) fn catch_signals(pipe: OwnedFd, signals: &[Signal]) -> nix::Result<()> {
    // Kept open for the life of the process: the handler may run at any time.
    SIGNAL_PIPE.store(pipe.into_raw_fd(), Ordering::Relaxed);
    for signal in signals {
        // SAFETY: the handler calls only async-signal-safe functions and touches one atomic.
        let before = unsafe { libc::signal(*signal as c_int, on_signal as *const () as usize) };
        if before == libc::SIG_ERR {
            return Err(Errno::last());
        }
    }
    Ok(())
}

/// Children get none of the descriptors that whoever started this program left open.
pub(crate) fn pass_on_nothing() {
    const CLOSE_RANGE_CLOEXEC: c_long = 4;
    // SAFETY: integers only; nothing is closed here.
    let result = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3 as c_long,
            c_long::from(c_int::MAX),
            CLOSE_RANGE_CLOEXEC,
        )
    };
    if result != 0 {
        // Before Linux 5.11: as many as a program usually has.
        for fd in 3..256 {
            // SAFETY: sets a flag of a descriptor; one that is not open is an error and no more.
            unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    }
}

/// A descriptor that becomes readable when the process ends; `ENOSYS` before Linux 5.3.
pub(crate) fn pidfd_open(pid: Pid) -> Result<OwnedFd, Errno> {
    let pid = pid.as_raw() as c_long;
    // SAFETY: two integers; the result is checked before it is used.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0 as c_long) };
    let fd = Errno::result(fd)?;
    // SAFETY: a descriptor that the kernel has just made for us; close-on-exec by definition.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// How a child has ended, which is then no zombie any more; nix does not know every signal.
pub(crate) fn reap(child: Pid) -> Option<ExitStatus> {
    let mut status = 0;
    // SAFETY: one live integer, written by the kernel during the call.
    let pid = unsafe { libc::waitpid(child.as_raw(), &raw mut status, libc::WNOHANG) };
    (pid == child.as_raw()).then(|| ExitStatus::from_raw(status))
}

/// Whether a child has ended, or is none; it stays for [`reap`].
pub(crate) fn has_ended(child: Pid) -> bool {
    // SAFETY: zeros are a sound value of a structure of numbers.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    let child = child.as_raw().unsigned_abs();
    // SAFETY: one live structure, written by the kernel during the call.
    let result = unsafe { libc::waitid(libc::P_PID, child, &raw mut info, flags) };
    // SAFETY: the kernel told of a child, or left the zeros.
    result != 0 || unsafe { info.si_pid() } != 0
}

/// Writes to a socket without ever waiting, whatever the flags of the open file are.
pub(crate) fn send_at_once(socket: BorrowedFd<'_>, bytes: &[u8]) -> Result<(), Errno> {
    // SAFETY: pointer and length are of one live slice.
    let sent = unsafe {
        libc::send(
            socket.as_raw_fd(),
            bytes.as_ptr().cast(),
            bytes.len(),
            libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL,
        )
    };
    Errno::result(sent).map(drop)
}

/// The next client of a socket that listens; it is not waited for.
pub(crate) fn accept(socket: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let client = accept4(socket.as_raw_fd(), flags)?;
    // SAFETY: a fresh descriptor that nobody else has.
    Ok(unsafe { OwnedFd::from_raw_fd(client) })
}

/// Fills `bytes` from the kernel's pool; `false` when it is not ready yet.
pub(crate) fn random(bytes: &mut [u8]) -> bool {
    // SAFETY: pointer and length are of one live, exclusively borrowed slice.
    let filled = unsafe {
        libc::syscall(
            libc::SYS_getrandom,
            bytes.as_mut_ptr(),
            bytes.len(),
            libc::GRND_NONBLOCK,
        )
    };
    usize::try_from(filled) == Ok(bytes.len())
}

/// Asks for the lowest real-time priority; children begin as ordinary processes.
pub(crate) fn become_realtime() -> Result<(), Errno> {
    // The kernel's `sched_param`; musl's is another, and its wrapper only returns ENOSYS.
    let lowest: c_int = 1;
    // SAFETY: one live integer, read by the kernel during the call; this thread only.
    let result = unsafe {
        libc::syscall(
            libc::SYS_sched_setscheduler,
            0,
            libc::SCHED_RR | libc::SCHED_RESET_ON_FORK,
            &raw const lowest,
        )
    };
    Errno::result(result).map(drop)
}

/// Pages that are in memory now, or that come in later in today's mappings, stay in memory.
pub(crate) fn lock_memory() -> Result<(), Errno> {
    const MCL_ONFAULT: c_int = 4;
    // SAFETY: integers only.
    let result = unsafe { libc::mlockall(libc::MCL_CURRENT | MCL_ONFAULT) };
    Errno::result(result).map(drop)
}

/// How long this process may run at real-time priority without sleeping, in microseconds; `None`
/// is as long as it was allowed (`RLIMIT_RTTIME`). The system call itself: musl's `setrlimit` has
/// 2 kB for kernels that we do not run on.
pub(crate) fn limit_run(micros: Option<u64>) -> Result<(), Errno> {
    // The kernel's `rlimit64`: soft, hard.
    let mut limits = [0_u64; 2];
    let own: c_int = 0;
    // SAFETY: a live array of the size of the kernel's structure, written during the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_prlimit64,
            own,
            libc::RLIMIT_RTTIME,
            std::ptr::null::<u64>(),
            limits.as_mut_ptr(),
        )
    };
    Errno::result(result)?;
    let [soft, hard] = &mut limits;
    *soft = micros.map_or(*hard, |micros| micros.min(*hard));
    // SAFETY: a live array of the size of the kernel's structure, read during the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_prlimit64,
            own,
            libc::RLIMIT_RTTIME,
            limits.as_ptr(),
            std::ptr::null_mut::<u64>(),
        )
    };
    Errno::result(result).map(drop)
}

/// Ends the program, which never comes back.
pub(crate) fn leave(code: u8) -> ! {
    // SAFETY: there is one thread, and nothing is registered to be called at the end.
    unsafe { libc::exit(code.into()) }
}

//! Sockets of this machine, each named by a path.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect, listen, socket,
};

use crate::files;

/// One that clients may connect to, who are not waited for.
pub(crate) fn listening(path: &Path) -> Result<OwnedFd, Errno> {
    let (socket, address) = open(path, SockType::Stream, SockFlag::SOCK_NONBLOCK)?;
    bind(socket.as_raw_fd(), &address)?;
    listen(&socket, Backlog::MAXCONN)?;
    Ok(socket)
}

/// One that leads to a program which listens there. Only datagrams never wait.
pub(crate) fn connected(path: &Path, kind: SockType) -> Result<OwnedFd, Errno> {
    let (socket, address) = open(path, kind, SockFlag::empty())?;
    connect(socket.as_raw_fd(), &address)?;
    Ok(socket)
}

fn open(path: &Path, kind: SockType, flags: SockFlag) -> Result<(OwnedFd, UnixAddr), Errno> {
    let address = UnixAddr::new(files::named(path)?.as_c_str())?;
    let flags = flags | SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Unix, kind, flags, None)?;
    Ok((socket, address))
}

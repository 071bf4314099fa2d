//! Classic BPF (`linux/filter.h`): what a socket need not wake us for is dropped in the kernel.

use std::os::fd::BorrowedFd;

use nix::errno::Errno;
use nix::libc::sock_filter;

use crate::sys;

/// A program being written, instruction after instruction. It drops what it does not accept, and
/// everything too short for a load.
pub(crate) struct Filter {
    program: Vec<sock_filter>,
}

impl Filter {
    pub(crate) fn new() -> Self {
        Self {
            program: Vec::new(),
        }
    }

    /// Goes on with the big-endian word at this offset.
    pub(crate) fn load_word(&mut self, at: u32) -> &mut Self {
        self.then(0x20, 0, 0, at)
    }

    /// Goes on with the big-endian half word at this offset.
    pub(crate) fn load_half(&mut self, at: u32) -> &mut Self {
        self.then(0x28, 0, 0, at)
    }

    /// Goes on with the byte at this offset.
    pub(crate) fn load_byte(&mut self, at: u32) -> &mut Self {
        self.then(0x30, 0, 0, at)
    }

    /// Finds the netlink attribute of this kind among those that begin at this offset; drops the
    /// message if there is none.
    pub(crate) fn find_attribute(&mut self, from: u32, kind: u16) -> &mut Self {
        self.then(0x00, 0, 0, from) // ld #from
            .then(0x01, 0, 0, kind.into()) // ldx #kind
            .load_word(NETLINK_ATTRIBUTE)
            .reject_if(0)
            .then(0x07, 0, 0, 0) // tax
    }

    /// Goes on with the big-endian word this far into the value of the attribute found.
    pub(crate) fn load_attribute_word(&mut self, at: u32) -> &mut Self {
        self.then(0x40, 0, 0, at.saturating_add(4))
    }

    /// Accepts if the words this far into the value of the attribute found are equal.
    pub(crate) fn accept_if_equal(&mut self, at: u32, other: u32) -> &mut Self {
        self.load_attribute_word(at)
            .then(0x02, 0, 0, 0) // st M[0]
            .load_attribute_word(other)
            .then(0x61, 0, 0, 0) // ldx M[0]
            .then(0x1d, 0, 1, 0) // jeq x
            .accept()
    }

    pub(crate) fn accept_unless(&mut self, value: u32) -> &mut Self {
        self.then(0x15, 1, 0, value).accept()
    }

    pub(crate) fn accept_if(&mut self, value: u32) -> &mut Self {
        self.skip_unless(value, 1).accept()
    }

    pub(crate) fn reject_if(&mut self, value: u32) -> &mut Self {
        self.skip_unless(value, 1).reject()
    }

    pub(crate) fn reject_unless(&mut self, value: u32) -> &mut Self {
        self.then(0x15, 1, 0, value).reject()
    }

    /// Leaves out the next instructions if the value is another. A load is one instruction,
    /// every `..._if` and `..._unless` is two, this one is one.
    pub(crate) fn skip_unless(&mut self, value: u32, instructions: u8) -> &mut Self {
        self.then(0x15, 0, instructions, value)
    }

    pub(crate) fn accept(&mut self) -> &mut Self {
        self.then(0x06, 0, 0, u32::MAX)
    }

    pub(crate) fn reject(&mut self) -> &mut Self {
        self.then(0x06, 0, 0, 0)
    }

    /// Lets through the echo replies to this identifier and nothing else, as a raw socket sees
    /// them: of IPv4 with its header.
    pub(crate) fn echo_replies(four: bool, identifier: u16) -> Self {
        let (begin, reply) = if four {
            (0xb1, 0x0000) // ldxb 4*([0]&0xf)
        } else {
            (0x01, 0x8100) // ldx #0
        };
        let mut filter = Self::new();
        filter
            .then(begin, 0, 0, 0)
            .then(0x48, 0, 0, 0) // ldh [x + 0]: type and code
            .reject_unless(reply)
            .then(0x48, 0, 0, 4) // ldh [x + 4]
            .reject_unless(identifier.into())
            .accept();
        filter
    }

    /// Ends the program and gives it to a socket, in place of an earlier one.
    pub(crate) fn attach(&mut self, socket: BorrowedFd<'_>) -> Result<(), Errno> {
        sys::attach_filter(socket, &self.reject().program)
    }

    fn then(&mut self, code: u16, jt: u8, jf: u8, k: u32) -> &mut Self {
        self.program.push(sock_filter { code, jt, jf, k });
        self
    }
}

/// `SKF_AD_OFF + SKF_AD_PKTTYPE`: how the packet came.
pub(crate) const PACKET_TYPE: u32 = 0xffff_f004;
/// `SKF_AD_OFF + SKF_AD_NLATTR`.
const NETLINK_ATTRIBUTE: u32 = 0xffff_f00c;

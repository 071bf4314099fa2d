#!/usr/bin/env python3
"""watchdog.py FILE [option…]: a stand-in for /dev/watchdog that needs no driver.

A FUSE file system of one file, mounted on the regular file FILE: the WDIOC_* ioctls reach it, because their
numbers carry their size. Needs /dev/fuse and the right to mount (root, or a user namespace).

Prints a line for each event: seconds since the first, then READY, OPEN, SET n, KICK, STOPPED (closed after a V),
LEFT (closed without), EXPIRED; and "beside" at the end while the file named by --beside is there.
"""
import argparse
import ctypes
import errno
import os
import select
import stat
import struct
import sys
import time

INIT, DONE = 26, (25, 20, 34)  # FUSE_FLUSH, FUSE_FSYNC, FUSE_ACCESS
GETATTR, SETATTR, OPEN, WRITE, RELEASE, IOCTL = 3, 4, 14, 16, 18, 39
SILENT = (2, 36, 42)  # FUSE_FORGET, FUSE_INTERRUPT, FUSE_BATCH_FORGET: nobody waits for an answer
SETTIMEOUT_KEEPALIVE_MAGIC, WITHOUT_MAGIC = 0x8180, 0x8080
MODE = stat.S_IFREG | 0o600


class Watchdog:
    def __init__(self, options):
        self.options = options
        self.timeout = options.timeout
        self.opened = self.armed = self.magic = False
        self.expires = 0.0
        self.began = time.monotonic()

    def say(self, event):
        beside = self.options.beside and os.path.exists(self.options.beside)
        seconds = time.monotonic() - self.began
        print(f"{seconds:.3f} {event}{' beside' if beside else ''}", flush=True)

    def restart(self):
        self.expires = time.monotonic() + self.timeout

    def left(self):
        """Seconds until it fires; None while it does not run."""
        return max(0.0, self.expires - time.monotonic()) if self.armed else None

    def expire(self):
        self.armed = False
        self.say("EXPIRED")

    def open(self):
        if self.opened:
            return -errno.EBUSY, b""
        self.opened = self.armed = True
        self.magic = False
        self.restart()
        self.say("OPEN")
        return 0, struct.pack("<QII", 1, 1 | 4, 0)  # direct, not seekable

    def write(self, data):
        self.magic = b"V" in data
        self.restart()
        self.say("KICK")
        return 0, struct.pack("<II", len(data), 0)

    def release(self):
        self.opened = False
        if self.magic and not self.options.nowayout:
            self.armed = False
            self.say("STOPPED")
        else:
            self.say("LEFT")
        return 0, b""

    def ioctl(self, request, data):
        number = request & 0xFF
        if (request >> 8) & 0xFF != ord("W"):
            return -errno.ENOTTY, b""
        if number == 0:
            known = WITHOUT_MAGIC if self.options.no_magic else SETTIMEOUT_KEEPALIVE_MAGIC
            answer = struct.pack("=II32s", known, 0, b"Stand-in")
        elif number == 6 and not self.options.fixed:
            self.timeout = struct.unpack("=i", data[:4])[0]
            self.restart()
            self.say(f"SET {self.timeout}")
            answer = struct.pack("=i", self.timeout)
        elif number == 7:
            answer = struct.pack("=i", self.timeout)
        else:
            return -errno.EOPNOTSUPP, b""  # WDIOC_GETTIMELEFT among them, as with softdog
        return 0, struct.pack("<iIII", 0, 0, 0, 0) + answer

    def answer(self, operation, body):
        if operation == INIT:
            return 0, struct.pack("<IIIIHHIIHHI28x", 7, 31, 65536, 0, 12, 9, 4096, 1, 1, 0, 0)
        if operation in (GETATTR, SETATTR):
            attributes = struct.pack("<QQQQQQIIIIIIIIII", 1, 0, 0, 0, 0, 0, 0, 0, 0, MODE, 1,
                                     os.getuid(), os.getgid(), 0, 512, 0)
            return 0, struct.pack("<QII", 0, 0, 0) + attributes
        if operation == OPEN:
            return self.open()
        if operation == WRITE:
            size = struct.unpack("<I", body[16:20])[0]
            return self.write(body[40:40 + size])
        if operation == IOCTL:
            request, _, size = struct.unpack("<IQI", body[12:28])
            return self.ioctl(request, body[32:32 + size])
        if operation == RELEASE:
            return self.release()
        return (0, b"") if operation in DONE else (-errno.ENOSYS, b"")


def mount(path):
    """The descriptor by which the kernel asks about FILE."""
    open(path, "a").close()
    device = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={device},rootmode={MODE:o},user_id={os.getuid()},group_id={os.getgid()},allow_other"
    if libc.mount(b"watchdog", os.path.abspath(path).encode(), b"fuse.watchdog", 6, options.encode()):
        sys.exit("mount: " + os.strerror(ctypes.get_errno()))
    return device


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("--timeout", type=int, default=60, help="before anybody sets it")
    parser.add_argument("--fixed", action="store_true", help="nobody can set it")
    parser.add_argument("--nowayout", action="store_true", help="a V is of no use")
    parser.add_argument("--no-magic", action="store_true", help="it does not say that it knows the V")
    parser.add_argument("--beside", help="each event tells whether this file is there")
    watchdog = Watchdog(parser.parse_args())
    device = mount(watchdog.options.file)
    watchdog.say("READY")
    while True:
        left = watchdog.left()
        if left == 0.0:
            watchdog.expire()
        elif select.select([device], [], [], left)[0]:
            try:
                request = os.read(device, 1 << 17)
            except OSError as error:
                if error.errno == errno.ENODEV:  # unmounted
                    return
                continue
            operation, unique = struct.unpack("<IQ", request[4:16])
            if operation not in SILENT:
                failed, answer = watchdog.answer(operation, request[40:])
                os.write(device, struct.pack("<IiQ", 16 + len(answer), failed, unique) + answer)


main()

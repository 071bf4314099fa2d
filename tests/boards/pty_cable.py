"""pty_cable.py [--baud N] [--tap FILE] PATH_A PATH_B: a null-modem between two ptys, without boards. The paths become
links to its two ends. It obeys lines on standard input, and answers each with `ok`:

    cut [ab|ba]           heal                both, or one direction
    loss|corrupt|delay WAY VALUE              as in cable.py
    noise WAY on|off      random bytes as fast as the line is, in place of what is sent
    echo END on|off       what an end sends comes back to it, as from a loopback plug
    unplug END            plug END            its device goes, as that of an adapter on USB
    count                 what was carried, as a line of json, before the `ok`
"""
import argparse
import json
import os
import select
import sys
import tty

from cable import WAYS, NullModem, Way


class End:
    """The far side of a tty, as the cable takes ends."""

    # Until a tty that nobody has open is looked at again.
    PATIENCE = 0.005

    def __init__(self, path):
        self.path, self.idle_until, self.unplugged = path, 0.0, False
        self.master, device = os.openpty()
        # Nobody may be there yet who would set it; a tty echoes by default.
        tty.setraw(device)
        self.device = os.ttyname(device)
        os.close(device)
        os.set_blocking(self.master, False)
        self.poll = select.poll()
        self.poll.register(self.master, select.POLLIN)
        os.symlink(self.device, path + ".new")
        os.rename(path + ".new", path)

    def fileno(self):
        return self.master

    def has_bytes(self, now):
        """A tty that nobody has open is hung up, which looks like something to read for ever. What it had
        not sent when it was closed is lost, as with `closing_wait none`."""
        events = dict(self.poll.poll(0)).get(self.master, 0)
        while events & select.POLLHUP and events & select.POLLIN:
            self.recv(4096)
            events = dict(self.poll.poll(0)).get(self.master, 0)
        if not events & select.POLLIN:
            self.idle_until = now + self.PATIENCE
        return bool(events & select.POLLIN)

    def recv(self, most):
        return os.read(self.master, most)

    def send(self, data):
        return os.write(self.master, data)

    def close(self):
        os.close(self.master)


class PtyCable(NullModem):
    """The same null-modem; each end is a pty at a path. What a tty has sent waits in the kernel, up to 4 kB,
    and its writer does not feel the line's pace."""

    def __init__(self, paths, baud=19200):
        super().__init__(baud)
        self.paths, self.noisy, self.echoing = dict(zip("ab", paths)), set(), set()
        self.ways |= {end + end: Way(baud / 10) for end in "ab"}
        for name in "ab":
            self.plug(name)

    def plug(self, name):
        self.ends[name] = End(self.paths[name])
        self.waker.send(b"\0")

    def unplug(self, name):
        os.unlink(self.paths[name])
        # Closed by the thread that reads it.
        self.ends[name].unplugged = True
        self.waker.send(b"\0")

    def sources(self, now):
        for name, end in list(self.ends.items()):
            if end.unplugged:
                del self.ends[name]
                end.close()
        for way in tuple(self.noisy):
            if self.free_at[way] <= now:
                line = self.ways[way]
                piece = max(1, int(line.rate * self.PIECE))
                self.free_at[way] = max(self.free_at[way], now - 0.1) + piece / line.rate
                self.later(self.free_at[way], way, os.urandom(piece))
        ready, sleep = super().sources(now)
        for end in list(ready):
            if end.idle_until > now:
                sleep = min(sleep, end.idle_until - now)
                del ready[end]
        return ready, sleep

    def take(self, now, source, way):
        if source.has_bytes(now):
            super().take(now, source, way)

    def deliver(self, way, data):
        super().deliver(way[0] * 2 if way[0] in self.echoing else way, data)


def obey(cable, word, *words):
    """One line of standard input."""
    if word in ("loss", "corrupt", "delay"):
        setattr(cable.ways[words[0]], word, float(words[1]))
    elif word in ("noise", "echo"):
        chosen = cable.noisy if word == "noise" else cable.echoing
        (chosen.add if words[1] == "on" else chosen.discard)(words[0])
        cable.waker.send(b"\0")
    elif word == "count":
        print(json.dumps({way: cable.ways[way].count for way in WAYS}))
    elif word in ("cut", "heal", "plug", "unplug"):
        getattr(cable, word)(*words)
    else:
        raise ValueError(word)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--baud", type=int, default=19200)
    arguments.add_argument("--tap", help="what arrives, a line each: monotonic time, way, bytes in hex")
    arguments.add_argument("paths", nargs=2)
    a = arguments.parse_args()
    try:
        # It stands for hardware, which is never late.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(2))
    except OSError:
        pass
    cable = PtyCable(a.paths, a.baud)
    if a.tap:
        tap = open(a.tap, "w", buffering=1)
        cable.tap = lambda at, way, data: data and tap.write(f"{at:.6f} {way} {data.hex()}\n")
    cable.start()
    print("ok", flush=True)
    for line in sys.stdin:
        obey(cable, *line.split())
        print("ok", flush=True)
    cable.stop()


if __name__ == "__main__":
    main()

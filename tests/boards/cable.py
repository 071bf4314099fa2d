"""What joins two boards, a and b: a null-modem and an Ethernet segment, with what goes wrong on them.

Both run in a thread of their own and are set from outside at any time, each direction for itself:
`cable.ways["ab"].cut = True` stops what a sends to b."""
import heapq
import os
import random
import select
import socket
import threading
import time

WAYS = ("ab", "ba")


class Way:
    """One direction. Chances are per byte on the null-modem, per frame on Ethernet."""

    def __init__(self, rate):
        self.cut = False
        self.loss = self.corrupt = 0.0
        # Seconds added, and bytes in a second; without a rate nothing is paced.
        self.delay, self.rate = 0.0, rate
        self.count = dict.fromkeys(("passed", "lost", "corrupted", "overrun"), 0)

    def spoil(self, pieces):
        """The pieces (bytes objects) that come through, perhaps with one bit turned over."""
        for piece in pieces:
            if self.cut or random.random() < self.loss:
                self.count["lost"] += 1
                continue
            if piece and random.random() < self.corrupt:
                place = random.randrange(len(piece))
                bit = 1 << random.randrange(8)
                piece = piece[:place] + bytes([piece[place] ^ bit]) + piece[place + 1:]
                self.count["corrupted"] += 1
            yield piece


class Cable:
    """A thread that carries things over to their time."""

    def __init__(self, rate):
        self.ways = {way: Way(rate) for way in WAYS}
        self.stopped, self.queue, self.number = False, [], 0
        # What wakes the thread when a board is plugged in or all is over.
        self.wake, self.waker = socket.socketpair()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def cut(self, *ways, on=True):
        for way in ways or WAYS:
            self.ways[way].cut = on

    def heal(self):
        for way in self.ways.values():
            way.cut, way.loss, way.corrupt, way.delay = False, 0.0, 0.0, 0.0

    def stop(self):
        self.stopped = True
        self.waker.send(b"\0")
        self.thread.join(2)

    def later(self, due, way, data):
        self.number += 1
        heapq.heappush(self.queue, (due, self.number, way, data))

    def work(self):
        while not self.stopped:
            now = time.monotonic()
            while self.queue and self.queue[0][0] <= now:
                _, _, way, data = heapq.heappop(self.queue)
                self.deliver(way, data)
            ready, sleep = self.sources(now)
            if self.queue:
                sleep = min(sleep, self.queue[0][0] - now)
            readable, _, _ = select.select([self.wake, *ready], [], [], max(0.0, sleep))
            if self.wake in readable:
                self.wake.recv(64)
                readable.remove(self.wake)
            for source in readable:
                self.take(time.monotonic(), source, ready[source])


class NullModem(Cable):
    """Carries baud/10 bytes a second each way (8N1). It takes bytes no faster than the line does, so
    the writer feels what a real UART makes it feel; and it never waits for the receiver: who does not
    take its bytes loses them, as on a wire without flow control."""

    # The largest piece, in seconds of the line: half a 16550's buffer at 19200 baud.
    PIECE = 0.004
    # What may pile up before and behind the line, in what a socket takes for it. Before it: the least
    # the kernel gives, a dozen writes. Behind it: 90 ms of a full line, because a qemu that waits for
    # the processor of this machine is no fault of the board's.
    BEFORE, BEHIND = 4608, 9216

    def __init__(self, baud=19200):
        super().__init__(baud / 10)
        self.ends, self.free_at, self.tap = {}, dict.fromkeys(WAYS, 0.0), None
        # When a free line was first looked at.
        self.looked_at = dict.fromkeys(WAYS, 0.0)

    def plug(self, name):
        """A new end for a board that is switched on: a socket to be inherited by its qemu."""
        ours, theirs = socket.socketpair()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.BEFORE)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.BEHIND)
        ours.setblocking(False)
        self.ends[name] = ours
        self.waker.send(b"\0")
        return theirs

    def sources(self, now):
        """Ends that may be read now, by their way; and when to look again."""
        ready, sleep = {}, 1.0
        for way in WAYS:
            end = self.ends.get(way[0])
            if end is None:
                continue
            if self.free_at[way] <= now:
                ready[end] = way
                if self.looked_at[way] < self.free_at[way]:
                    self.looked_at[way] = now
            else:
                sleep = min(sleep, self.free_at[way] - now)
        return ready, sleep

    def take(self, now, source, way):
        line = self.ways[way]
        most = max(1, int(line.rate * self.PIECE))
        try:
            data = source.recv(most)
        except OSError:
            data = b""
        if not data:
            # Its board lost power.
            if self.ends.get(way[0]) is source:
                del self.ends[way[0]]
            source.close()
            return
        # What was there at the first look has waited for a thread that woke late: no time is lost to
        # that. What came later found an idle line.
        busy = now - self.looked_at[way] < 0.001 and now - self.free_at[way] < 0.1
        self.free_at[way] = (self.free_at[way] if busy else now) + len(data) / line.rate
        self.later(self.free_at[way] + line.delay, way, data)

    def deliver(self, way, data):
        line, end = self.ways[way], self.ends.get(way[1])
        data = b"".join(line.spoil(bytes([byte]) for byte in data))
        if self.tap:
            self.tap(time.monotonic(), way, data)
        try:
            sent = end.send(data) if end and data else 0
        except OSError:
            sent = 0
        line.count["passed"] += sent
        line.count["overrun"] += len(data) - sent


class Ethernet(Cable):
    """A segment between two ports, each a qemu's `-netdev dgram`. It keeps what passed, with times,
    and a third station on it may ask. A cut here is silent: no board loses its carrier."""

    KEPT = 100_000

    def __init__(self, folder):
        super().__init__(None)
        self.folder, self.frames, self.free_at = folder, [], dict.fromkeys(WAYS, 0.0)
        self.ports = {}
        for name in "ab":
            port = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            port.bind(self.hub(name))
            port.setblocking(False)
            self.ports[name] = port

    def hub(self, name):
        return os.path.join(self.folder, f"ethernet-{name}.hub")

    def board(self, name):
        return os.path.join(self.folder, f"ethernet-{name}.board")

    def netdev(self, name):
        """For a board that is switched on."""
        if os.path.exists(self.board(name)):
            os.unlink(self.board(name))
        return (f"dgram,id=n0,local.type=unix,local.path={self.board(name)},"
                f"remote.type=unix,remote.path={self.hub(name)}")

    def send(self, name, frame):
        """To a board, past all faults: what the third station sends."""
        try:
            self.ports[name].sendto(frame, socket.MSG_DONTWAIT, self.board(name))
            return True
        except OSError:
            return False

    def sources(self, _now):
        return {self.ports[way[0]]: way for way in WAYS}, 1.0

    def take(self, now, source, way):
        try:
            frame = source.recv(70000)
        except OSError:
            return
        self.frames.append((now, way[0], frame))
        if len(self.frames) > 2 * self.KEPT:
            del self.frames[:self.KEPT]
        line = self.ways[way]
        for piece in line.spoil([frame]):
            due = now
            if line.rate:
                due = self.free_at[way] = max(now, self.free_at[way]) + len(piece) / line.rate
            if due > now or line.delay:
                self.later(due + line.delay, way, piece)
            else:
                self.deliver(way, piece)

    def deliver(self, way, data):
        sent = self.send(way[1], data)
        self.ways[way].count["passed" if sent else "overrun"] += 1

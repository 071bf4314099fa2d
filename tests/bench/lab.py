"""The lab: two nodes and a client on one bridge, each a network namespace, and what was seen there.

The bench runs in a pid and mount namespace of its own (see `run`), so the kernel removes all of it
however the bench ends.
"""
import bisect
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time

from node import OBSERVERS, Node, command
from observers import ANSWER, BEAT, CLAIM, CLIENT_RECORD, WIRE_RECORD, now

NOISE = 0.05    # a client's silence that a busy machine makes by itself, at most
ADDRESS = {"A": "10.77.0.1", "B": "10.77.0.2", "C": "10.77.0.9"}


class Journal:
    """What an observer wrote so far: read on from where the last look stopped."""

    def __init__(self, path, head, body_length=None):
        self.path, self.head, self.body_length = path, head, body_length
        self.offset, self.records = 0, []

    def since(self, t):
        """Records from T on, each (when, ..., body if it has one)."""
        with open(self.path, "rb") as f:
            f.seek(self.offset)
            data = f.read()
        at = 0
        while at + self.head.size <= len(data):
            record = self.head.unpack_from(data, at)
            end = at + self.head.size + (record[-1] if self.body_length else 0)
            if end > len(data):
                break
            self.records.append(record + (data[at + self.head.size:end],) if self.body_length else record)
            at = end
        self.offset += at
        if len(self.records) > 600_000:
            del self.records[:300_000]
        return self.records[bisect.bisect_left(self.records, t, key=lambda r: r[0]):]


class Lab:
    """Everything that one contestant in one setting is measured in."""

    def __init__(self, adapter, interval=0.001):
        self.adapter = adapter
        self.folder = tempfile.mkdtemp(prefix="twinbeat-bench.")
        os.chmod(self.folder, 0o755)
        self.children = []
        self.namespaces = {k: "bench-%d-%s" % (os.getpid(), k) for k in "ABCR"}
        self.made = []
        for name in self.namespaces.values():
            command("ip", "netns", "add", name)
            self.made.append(name)
            command("ip", "-n", name, "link", "set", "lo", "up")
        self._wire_up()
        self.nodes = {k: Node(self, k, ADDRESS[k], ADDRESS["B" if k == "A" else "A"]) for k in "AB"}
        self.A, self.B = self.nodes["A"], self.nodes["B"]
        for letter, node in self.nodes.items():
            node.boot()
            self.role(letter, "responder", letter)
            self.role(letter, "addresses", self.path("addresses" + letter), *adapter.MASTERSHIP_LINK)
        self.role("R", "wire", self.path("wire"), adapter.PROTOCOL)
        self.role("C", "client", self.path("client"), str(interval))
        self.client = Journal(self.path("client"), CLIENT_RECORD)
        self.wire = Journal(self.path("wire"), WIRE_RECORD, body_length=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in self.nodes.values():
            node.kill()
        for p in self.children + [p for n in self.nodes.values() for p in n.spawned]:
            p.kill()
            p.wait(5)
        for name in self.made:
            command("ip", "netns", "del", name, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wire_up(self):
        bridge = self.namespaces["R"]
        command("ip", "-n", bridge, "link", "add", "br0", "type", "bridge", "stp_state", "0",
                "forward_delay", "0", "mcast_snooping", "0")
        command("ip", "-n", bridge, "link", "set", "br0", "up")
        for k in "ABC":
            host = self.namespaces[k]
            command("ip", "-n", bridge, "link", "add", "p" + k, "type", "veth", "peer", "name", "eth0", "netns", host)
            command("ip", "-n", host, "link", "set", "eth0", "address", "02:00:00:00:00:%02x" % ord(k))
            command("ip", "-n", bridge, "link", "set", "p" + k, "master", "br0", "up")
            command("ip", "-n", host, "addr", "add", ADDRESS[k] + "/24", "broadcast", "10.77.0.255", "dev", "eth0")
            command("ip", "-n", host, "link", "set", "eth0", "up")

    def path(self, name):
        return os.path.join(self.folder, name)

    def role(self, letter, *argv, stdin=None):
        """Start an observer in the namespace of LETTER and wait until it works."""
        p = subprocess.Popen(["ip", "netns", "exec", self.namespaces[letter], sys.executable, OBSERVERS, *argv],
                             stdin=stdin, stdout=subprocess.PIPE, text=True)
        self.children.append(p)
        if p.stdout.readline().strip() != "ready":
            raise RuntimeError("observer %s did not start" % argv[0])
        return p

    def cable(self, letter, plugged):
        """Plug or cut the node's cable: it sees its carrier."""
        command("ip", "-n", self.namespaces["R"], "link", "set", "p" + letter, "up" if plugged else "down")

    # ---- running the contestant
    def start(self, *letters):
        """Configure, then start at one moment; that moment."""
        for letter in letters:
            self.adapter.configure(self.nodes[letter])
        t = now()
        for letter in letters:
            self.adapter.start(self.nodes[letter])
        return t

    def bring_up(self, timeout=90):
        """From nothing to A serving and B standing by."""
        self.start(*("AB" if self.adapter.START_BOTH else "A"))
        if not self.wait_owner("A", timeout, 0.5):
            raise RuntimeError("A did not take the address, owner %r\n%s" % (self.owner(), self.A.log()[-1500:]))
        if not self.adapter.START_BOTH:
            self.start("B")
        self.wait_ready("B", timeout)

    def start_afresh(self):
        """Reboot both, whole cable, A serving."""
        for node in self.nodes.values():
            node.reboot_clean()
        self.cable("A", True)
        time.sleep(0.5)
        self.bring_up()

    def wait_ready(self, letter, timeout=90):
        end = now() + timeout
        while now() < end and not self.adapter.ready(self.nodes[letter]):
            time.sleep(0.1)
        time.sleep(self.adapter.settle)

    # ---- what was seen
    def answers(self, since):
        """What the client heard: (when, number, letter)."""
        return self.client.since(since)

    def owner(self, window=0.2):
        """Who answered the client of late."""
        time.sleep(0.03)
        return "".join(sorted({r[2].decode() for r in self.answers(now() - window)}))

    def wait_owner(self, letter, timeout, hold=0.3):
        """Until only LETTER answers, for HOLD seconds."""
        end = now() + timeout
        while now() < end:
            if self.owner(hold) == letter:
                return True
            time.sleep(0.05)
        return False

    def wait_answer(self, letter, since, timeout):
        """When LETTER first answered the client after SINCE."""
        end = now() + timeout
        while now() < end:
            for t, _, who in self.answers(since):
                if who == letter.encode():
                    return t
            time.sleep(0.02)
        return None

    def longest_silence(self, since, until):
        """The client's longest time without an answer that ended between the two."""
        times = [r[0] for r in self.answers(since - 0.2) if r[0] <= until]
        return max((b - a for a, b in zip(times, times[1:]) if b >= since), default=None)

    def outage(self, since, until):
        """The client's longest silence between answers of different nodes, or of any nodes where it is
        longer than a busy machine makes by itself; 0 if there was none."""
        seen = [r for r in self.answers(since - 0.2) if r[0] <= until]
        return max((b[0] - a[0] for a, b in zip(seen, seen[1:])
                    if b[0] >= since and (a[2] != b[2] or b[0] - a[0] > NOISE)), default=0.0)

    def first_claim(self, letter, since):
        """Kernel time on the bridge of LETTER's first claim of the address or answer from it."""
        return next((t for t, side, kind, *_ in self.wire.since(since)
                     if side == letter.encode() and kind in (CLAIM, ANSWER)), None)

    def last_beat(self, letter, since, before):
        """Kernel time on the bridge of LETTER's last heartbeat before BEFORE."""
        return max((t for t, side, kind, *_ in self.wire.since(since)
                    if side == letter.encode() and kind == BEAT and t < before), default=None)

    def beats(self, letter, since):
        """Heartbeats that LETTER sent: (when, frame)."""
        return [(r[0], r[4]) for r in self.wire.since(since) if r[1] == letter.encode() and r[2] == BEAT]

    def address_events(self, since=0.0):
        """Comings and goings of the address: (when, letter, "+" or "-")."""
        events = []
        for letter in "AB":
            with open(self.path("addresses" + letter)) as f:
                for line in f:
                    words = line.split()
                    if len(words) == 2 and float(words[0]) >= since:
                        events.append((float(words[0]), letter, words[1]))
        return sorted(events)

    def both_hold(self, since, until=None):
        """Seconds between the two for which both nodes had the address."""
        until = now() if until is None else until
        have, total, last = {"A": False, "B": False}, 0.0, 0.0
        for t, letter, sign in self.address_events() + [(until, "", "")]:
            if all(have.values()):
                total += max(0.0, min(t, until) - max(last, since))
            have[letter] = sign == "+"
            have.pop("", None)
            last = t
        return total

    def moves(self, since, until=None):
        """Additions and removals by node, as {"B+": 1}; an address replaced within 20 ms (ifconfig
        does that) is no move."""
        count = {}
        for letter in "AB":
            kept = []
            for event in self.address_events(since):
                if event[1] != letter or (until is not None and event[0] > until):
                    continue
                if kept and (kept[-1][2], event[2]) == ("-", "+") and event[0] - kept[-1][0] < 0.02:
                    kept.pop()
                else:
                    kept.append(event)
            for sign in "+-":
                count[letter + sign] = sum(e[2] == sign for e in kept)
        return count

    # ---- poking
    def inject(self, frames, gap, armed=False):
        """Send frames from the client's port; when ARMED, at the line "go" on its standard input."""
        path = self.path("inject")
        with open(path, "wb") as f:
            for frame in frames:
                f.write(struct.pack("<I", len(frame)) + frame)
        p = self.role("C", "inject", "eth0", path, str(gap), *(["armed"] if armed else []), stdin=subprocess.PIPE)
        if not armed:
            self.finish(p)
        return p

    def finish(self, injector):
        """Wait for the end of an injection."""
        injector.stdin.close()
        injector.wait()
        self.children.remove(injector)

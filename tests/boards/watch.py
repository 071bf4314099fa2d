"""From outside: a third station that asks for the shared address all the time, and what the frames on
the segment tell."""
import threading
import time

PORT = 694
STATION_MAC, STATION_ADDRESS = bytes.fromhex("0200000000fe"), "10.9.9.254"


class Watch:
    """Asks every PACE seconds until it is stopped."""

    PACE = 0.02

    def __init__(self, ethernet, address):
        self.ethernet, self.address, self.over = ethernet, address, threading.Event()
        self.thread = threading.Thread(target=self.ask, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(2)

    def ask(self):
        frame = question(self.address)
        while not self.over.wait(self.PACE):
            for name in "ab":
                self.ethernet.send(name, frame)

    def answers(self, since=0.0, until=float("inf")):
        """[(time, mac)]"""
        return [(at, sender) for at, kind, sender, claimed, asked in self.arps(since, until)
                if kind == 2 and claimed == self.address and asked != self.address]

    def announcements(self, since=0.0):
        """[(time, mac)] of gratuitous ones."""
        return [(at, sender) for at, _, sender, claimed, asked in self.arps(since)
                if claimed == asked == self.address]

    def beats(self, mac, since=0.0):
        """Times of what a board sent to heartbeat's port."""
        source = bytes.fromhex(mac.replace(":", ""))
        return [at for at, _, frame in self.frames(since)
                if frame[6:12] == source and frame[12:14] == b"\x08\x00" and frame[23] == 17
                and int.from_bytes(frame[36:38], "big") == PORT]

    def arps(self, since=0.0, until=float("inf")):
        """[(time, operation, sender's mac, sender's address, asked address)]"""
        return [(at, frame[21], frame[22:28].hex(":"), dotted(frame[28:32]), dotted(frame[38:42]))
                for at, _, frame in self.frames(since) if at <= until and frame[12:14] == b"\x08\x06"]

    def frames(self, since):
        return [entry for entry in list(self.ethernet.frames) if entry[0] >= since]

    def served_by(self, mac, timeout, since):
        """When MAC first answered; nobody else may have answered after that for a second."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            first = next((at for at, sender in self.answers(since) if sender == mac), None)
            if first is not None and time.monotonic() > first + 1:
                others = {sender for at, sender in self.answers(first) if sender != mac}
                if not others:
                    return first
            time.sleep(0.1)
        raise TimeoutError(f"{self.address} is not answered by {mac} alone within {timeout} s; "
                           f"last answers: {self.answers(end - 3)[-4:]}")

    def both(self, since):
        """For how long answers of two boards alternated: from the second one's first to the first
        one's last, 0.0 when there was one change or none."""
        changes, last = [], None
        for at, sender in self.answers(since):
            if last is not None and sender != last:
                changes.append(at)
            last = sender
        return changes[-1] - changes[0] if len(changes) > 1 else 0.0

    def outage(self, since):
        """The longest time without an answer."""
        times = [at for at, _ in self.answers(since)]
        return max((later - earlier for earlier, later in zip(times, times[1:])), default=0.0)


def question(address):
    mac = STATION_MAC
    return (b"\xff" * 6 + mac + b"\x08\x06" + b"\0\1\x08\0\6\4\0\1" + mac + packed(STATION_ADDRESS)
            + b"\0" * 6 + packed(address) + b"\0" * 18)


def packed(address):
    return bytes(map(int, address.split(".")))


def dotted(data):
    return ".".join(map(str, data))

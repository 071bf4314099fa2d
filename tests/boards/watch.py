"""From outside: a third station that asks for the shared address all the time, and what the frames on
the segment tell."""
import threading
import time

from line import is_sign

PORT = 694
STATION_MAC, STATION_ADDRESS = bytes.fromhex("0200000000fe"), "10.9.9.254"


class Watch:
    """Asks every PACE seconds until it is stopped."""

    PACE = 0.02
    # A silence of less is nobody's end: boards under emulation are slow at times.
    GAP = 0.5

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

    def signs(self, mac, since=0.0):
        """Times of what a board sent to heartbeat's port and the other may have taken for a sign of life."""
        source = bytes.fromhex(mac.replace(":", ""))
        return [at for at, _, frame in self.frames(since)
                if frame[6:12] == source and frame[12:14] == b"\x08\x00" and frame[23] == 17
                and int.from_bytes(frame[36:38], "big") == PORT and is_sign(frame[42:])]

    def arps(self, since=0.0, until=float("inf")):
        """[(time, operation, sender's mac, sender's address, asked address)]"""
        return [(at, frame[21], frame[22:28].hex(":"), dotted(frame[28:32]), dotted(frame[38:42]))
                for at, _, frame in self.frames(since) if at <= until and frame[12:14] == b"\x08\x06"]

    def frames(self, since):
        entries = list(self.ethernet.frames)
        place = len(entries)
        while place and entries[place - 1][0] >= since:
            place -= 1
        return entries[place:]

    def served(self, timeout, since):
        """(when, by whom) it was first answered after SINCE by one board alone, for a second and until now."""
        end = time.monotonic() + timeout
        while True:
            now = time.monotonic()
            answers = self.answers(since)
            mac = answers[-1][1] if answers else None
            begun = now
            for at, sender in reversed(answers):
                if sender != mac:
                    break
                begun = at
            if mac and now - begun > 1 and now - answers[-1][0] < self.GAP:
                return begun, mac
            if now > end:
                raise TimeoutError(f"{self.address} is not answered by one board alone within {timeout:.0f} s; "
                                   f"last answers: {answers[-4:]}")
            time.sleep(0.1)

    def periods(self, since, until=float("inf")):
        """[(first answer, last answer, mac)]: a board that answers again within GAP has not stopped."""
        periods, current = [], {}
        for at, mac in self.answers(since, until):
            if mac in current and at - current[mac][1] < self.GAP:
                current[mac][1] = at
            else:
                current[mac] = [at, at, mac]
                periods.append(current[mac])
        return [tuple(period) for period in periods]

    def both(self, since, until=float("inf")):
        """For how long two boards answered at once."""
        periods, seconds = self.periods(since, until), 0.0
        for index, (begun, end, mac) in enumerate(periods):
            for other_begun, other_end, other in periods[index + 1:]:
                if other != mac:
                    seconds += max(0.0, min(end, other_end) - max(begun, other_begun))
        return seconds

    def outage(self, since, until=float("inf")):
        """The longest time without an answer."""
        times = [at for at, _ in self.answers(since, until)]
        return max((later - earlier for earlier, later in zip(times, times[1:])), default=0.0)


def question(address):
    mac = STATION_MAC
    return (b"\xff" * 6 + mac + b"\x08\x06" + b"\0\1\x08\0\6\4\0\1" + mac + packed(STATION_ADDRESS)
            + b"\0" * 6 + packed(address) + b"\0" * 18)


def packed(address):
    return bytes(map(int, address.split(".")))


def dotted(data):
    return ".".join(map(str, data))

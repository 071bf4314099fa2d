"""Two boards at work, watched from outside: what plays do to them and what they may claim."""
import json
import re
import time

from line import Line

# Boards under emulation, on a machine that does other things, too.
BOOT, SETTLE = 240, 90
# How late this program may notice a frame, for the same reason; and how late a board may act.
WATCH_LATE, BOARD_LATE = 0.1, 2.5


class Failed(Exception):
    """What was expected and did not happen."""


class Scene:
    """A pair that is switched on. `active` serves the address, `standby` does not, between plays."""

    def __init__(self, pair, watch, setting, say):
        self.pair, self.watch, self.setting, self.say = pair, watch, setting, say
        kind = pair.kinds["a"]
        self.address = watch.address
        self.keepalive, self.deadtime = (setting.seconds(kind, key) for key in ("keepalive", "deadtime"))
        self.links = [key for key in ("bcast", "serial") for _ in setting.words(kind, key)]
        self.active = self.standby = None
        # How often each board has begun to boot, as far as plays know.
        self.boots = {}
        self.line = Line()
        pair.null_modem.tap = self.line.hear

    def power_on(self, *boards):
        """Returns when they are ready, with the seconds each has taken."""
        marks = [(board, len(board.lines)) for board in boards]
        for board in boards:
            self.boots[board] = self.boots.get(board, 0) + 1
            board.power_on()
        return {board.host: self.ready(board, mark) - board.on_at for board, mark in marks}

    def ready(self, board, mark):
        at, found = board.expect("BOARD ready (.*)", BOOT, mark)
        self.say(f"{board.host} is ready: {found.group(1)}")
        return at

    def reset(self, board, since, mark, timeout=60):
        """When its watchdog reset it; returns when it has booted again. Since: of its events, mark: of its lines."""
        at, _, data = board.event("RESET", timeout, since)
        if not (data or {}).get("guest"):
            raise Failed(f"{board.host} was reset, but not by itself: {data}")
        self.boots[board] += 1
        board.expect("BOARD start", BOOT, mark)
        return at

    def settle(self, since, timeout=SETTLE):
        """Until each board hears the other on every link and one of them serves; then they stand as
        `active` and `standby`. SINCE: answers before that time do not count."""
        end = time.monotonic() + timeout
        for board in self.pair.boards:
            while not self.hears_all(board):
                if time.monotonic() > end:
                    raise Failed(f"{board.host} does not hear its peer on {len(self.links)} links: {self.peer(board)}")
                time.sleep(0.3)
        at, mac = self.watch.served(max(0.1, end - time.monotonic()), since)
        self.active = self.pair.by_mac(mac)
        self.standby = next(board for board in self.pair.boards if board is not self.active)
        return at

    def status(self, board):
        """What its agent says of itself, or None."""
        code, text = board.run("twinbeat status --json")
        try:
            return json.loads(text.strip().splitlines()[-1]) if code == 0 else None
        except (ValueError, IndexError):
            return None

    def peer(self, board):
        status = self.status(board) or {"nodes": []}
        return next((node for node in status["nodes"] if node["name"] != board.host), {})

    def hears_all(self, board):
        peer = self.peer(board)
        return peer.get("state") == "alive" and peer["hears_us"] and len(peer["links"]) == len(self.links)

    def hears_on(self, board, count, timeout):
        """Until it hears its peer on so many links."""
        end = time.monotonic() + timeout
        while len(self.peer(board).get("links", [])) != count:
            if time.monotonic() > end:
                raise Failed(f"{board.host} does not hear its peer on {count} links: {self.peer(board)}")
            time.sleep(0.3)

    def way(self, board):
        """From it to the other one."""
        return "ab" if board.name == "a" else "ba"

    def unmoved(self, since):
        """The active one alone has answered since then, and went on all the time."""
        if set(mac for _, mac in self.watch.answers(since)) != {self.active.mac}:
            raise Failed(f"{self.address} moved: {self.told(since)}")
        silent = self.watch.outage(since)
        if silent > self.keepalive:
            raise Failed(f"{self.address} was not answered for {silent:.3f} s")

    def hold(self, seconds):
        """So long nothing may happen."""
        since = time.monotonic()
        time.sleep(seconds)
        self.unmoved(since)

    def takeover(self, at, figures, cut=False):
        """Waits until the standby has taken over from the active one, whose fault began at AT, neither early nor
        late; returns when. CUT: what it sent after that was not heard."""
        limit = at + 3 * self.deadtime + SETTLE
        while True:
            taken = [t for t, mac in self.watch.answers(at) + self.watch.announcements(at) if mac == self.standby.mac]
            if taken:
                break
            if time.monotonic() > limit:
                raise Failed(f"{self.standby.host} does not take over: {self.told(at)}; {self.standby.tail(5)}")
            time.sleep(0.05)
        first = min(taken)
        last = self.last_sign(self.active, at if cut else first)
        figures["takeover past deadtime"] = past = first - last - self.deadtime
        figures["takeover after the fault"] = first - at
        figures["client without answer"] = self.watch.outage(at - 1, self.answered(self.standby, first))
        self.say(f"{self.standby.host} serves {first - at:.3f} s after the fault, {past * 1000:.1f} ms past deadtime")
        # The standby may have seen that beat a little before this program did.
        if past < -WATCH_LATE:
            raise Failed(f"{self.standby.host} took over {-past:.3f} s too early")
        if past > BOARD_LATE:
            raise Failed(f"{self.standby.host} took over {past:.3f} s late")
        return first

    def answered(self, board, since):
        """When it first answered after that."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            for at, mac in self.watch.answers(since):
                if mac == board.mac:
                    return at
            time.sleep(0.02)
        raise Failed(f"{board.host} announces {self.address} and does not answer for it: {self.told(since)}")

    def last_sign(self, board, before):
        """When what may have told that it lives left it on Ethernet, or came out of the null-modem where that is all."""
        signs = self.watch.signs(board.mac) if "bcast" in self.links else []
        if not signs:
            signs = self.line.signs(self.way(board))
        return max(at for at in signs if at <= before)

    def swap(self):
        self.active, self.standby = self.standby, self.active

    def rebooted(self):
        """Boards that began to boot once more, or less, than a play can answer for."""
        counted = {board: sum(line.startswith("BOARD start") for _, line in board.lines) for board in self.pair.boards}
        return [board.host for board, count in counted.items() if count != self.boots[board]]

    def told(self, since):
        """Who answered from when to when, for people."""
        names = {board.mac: board.host for board in self.pair.boards}
        return ", ".join(f"{names.get(mac, mac)} {begun - since:.2f}-{end - since:.2f} s"
                         for begun, end, mac in self.watch.periods(since)) or "nobody answers"

    def lifetime(self, board):
        """Seconds for which the board's kernel still holds the address."""
        _, text = board.run("ip -4 addr show")
        found = re.search(re.escape(self.address) + r"/32 .*\n\s*valid_lft (\w+?)(?:sec)? ", text)
        if not found:
            raise Failed(f"{board.host} does not show {self.address} with a lifetime:\n{text}")
        return float("inf") if found.group(1) == "forever" else int(found.group(1))

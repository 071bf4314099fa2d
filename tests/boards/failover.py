"""The play: both boards start, the active one loses power, it comes back. Told by what a third station
on the segment sees."""
import json
import re
import time

from watch import Watch

# Boards under emulation, on a machine that does other things, too.
BOOT, SETTLE = 240, 60
# How late this program may notice a frame, for the same reason.
WATCH_LATE = 0.1


class Failed(Exception):
    """What was expected and did not happen."""


def play(pair, figures, say):
    """Fills FIGURES as they come; raises Failed or TimeoutError."""
    alpha, beta = pair.boards
    address = pair.kinds["a"].configuration()["haresources"][1].decode().split()[1].split("/")[0]
    deadtime = seconds(pair.kinds["a"].setting("deadtime")[0])
    with Watch(pair.ethernet, address) as watch:
        begun = time.monotonic()
        for board in pair.boards:
            board.power_on()
        for board in pair.boards:
            booted(board, figures.setdefault("boot", {}), say)
        settled(pair)
        active = pair.by_mac(watch.answers()[-1][1])
        figures["served after power on"] = watch.served_by(active.mac, SETTLE, begun) - begun
        say(f"{active.host} serves {address}, first answer after {figures['served after power on']:.1f} s")
        standby = beta if active is alpha else alpha
        figures["lifetime of the address"] = lease = lifetime(active, address)
        if lease > deadtime:
            raise Failed(f"the address would outlive its agent by {lease} s: the kernel should hold it for less than {deadtime} s")
        figures["resident, of it anonymous"] = memory(active)
        steady = time.monotonic()
        time.sleep(3 * deadtime)
        if {mac for _, mac in watch.answers(steady)} != {active.mac}:
            raise Failed("the address moved although nothing happened")
        figures["steady"] = 3 * deadtime

        at = active.power_cut()
        takeover = watch.served_by(standby.mac, SETTLE, at)
        last = watch.beats(active.mac)[-1]
        announced = next((t for t, mac in watch.announcements(at) if mac == standby.mac), takeover)
        first = min(announced, takeover)
        figures["takeover after the cut"] = first - at
        figures["takeover past deadtime"] = first - last - deadtime
        figures["client without answer"] = watch.outage(at - 1)
        say(f"power cut of {active.host}: {standby.host} serves after {first - at:.3f} s, "
            f"{(first - last - deadtime) * 1000:.1f} ms past deadtime")
        # The standby may have seen that beat a little before the third station did.
        if first - last < deadtime - WATCH_LATE:
            raise Failed(f"{standby.host} took over {deadtime - (first - last):.3f} s too early")

        again, mark = time.monotonic(), len(active.lines)
        active.power_on()
        booted(active, {}, say, mark)
        settled(pair)
        time.sleep(deadtime)
        figures["standby again after power on"] = time.monotonic() - again - deadtime
        if {mac for _, mac in watch.answers(again)} != {standby.mac}:
            raise Failed("the address moved when its home came back, in spite of auto_failback off")
        figures["both answered"] = watch.both(begun)
        if figures["both answered"]:
            raise Failed(f"both boards answered for {figures['both answered']:.3f} s")
        say(f"{active.host} is back and leaves the address where it is")
        figures["emulation cpu"] = {board.host: board.cpu_seconds() for board in pair.boards}


def booted(board, figures, say, since=0):
    start, _ = board.expect("BOARD start", BOOT, since)
    ready, found = board.expect("BOARD ready (.*)", BOOT, since)
    figures[board.host] = {"init": start - board.on_at, "ready": ready - board.on_at, "cpu": board.cpu_seconds()}
    say(f"{board.host} ready {ready - board.on_at:.1f} s after power on: {found.group(1)}")


def settled(pair):
    """Until each hears the other."""
    end = time.monotonic() + SETTLE
    for board in pair.boards:
        while True:
            code, text = board.run("twinbeat status --json")
            if code == 0 and all(node.get("state") == "alive" for node in peers(text, board.host)):
                break
            if time.monotonic() > end:
                raise Failed(f"{board.host} does not hear its peer: {text or board.tail(5)}")
            time.sleep(0.2)


def lifetime(board, address):
    """Seconds for which the board's kernel still holds the address."""
    _, text = board.run("ip -4 addr show")
    found = re.search(re.escape(address) + r"/32 .*\n\s*valid_lft (\w+?)(?:sec)? ", text)
    if not found:
        raise Failed(f"{board.host} does not show {address} with a lifetime:\n{text}")
    return float("inf") if found.group(1) == "forever" else int(found.group(1))


def memory(board):
    """Bytes the agent holds, as text."""
    _, text = board.run("grep -E 'VmRSS|RssAnon' /proc/$(pidof twinbeat)/status")
    return ", ".join(" ".join(line.split()[1:]) for line in text.splitlines())


def peers(text, me):
    return [node for node in json.loads(text)["nodes"] if node["name"] != me]


def seconds(text):
    """heartbeat's times: a number alone is seconds."""
    number, unit = re.fullmatch(r"([0-9.]+)\s*(us|ms|s)?", text).groups()
    return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1.0, None: 1.0}[unit]

"""The bench of a serial line: twinbeat and heartbeat over a null-modem of 19200 baud alone.

    serial_line.py [--seconds N] [--repeats N] [--only PART,...] [--out FOLDER]

PART is steady, noise, flood, takeover or heartbeat. Prints one table in markdown."""
import argparse
import collections
import json
import os
import signal
import subprocess
import sys
import time

import faults
from adapters import heartbeat, twinbeat
from footprint import cpu
from lab import Lab
from node import command
from observers import now
from report import spread, table

CABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boards", "pty_cable.py")
PARTS = ("steady", "noise", "flood", "takeover", "heartbeat")
LINE = 1920                                                     # bytes a second
RATES = (0.1, 0.2, 0.5, 1, 1.5, 2, 3, 5, 7, 10, 15, 20)          # per cent of bytes with one bit turned over
BUDGETS = {"half": LINE / 2, "overhead": 15.0, "beat": 44}


class SerialLab(Lab):
    """A lab whose heartbeats go over a null-modem and nothing else; the bridge is for the client."""

    def __init__(self, adapter):
        super().__init__(adapter)
        self.seen, self.offset = [], 0
        self.modem = subprocess.Popen(
            [sys.executable, "-B", CABLE, "--tap", self.path("tap"), self.A.line, self.B.line],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.children.append(self.modem)
        self.hear()

    def hear(self):
        while (line := self.modem.stdout.readline()) != "ok\n":
            if not line:
                raise RuntimeError("the cable broke")

    def tell(self, *lines):
        for line in lines:
            self.modem.stdin.write(line + "\n")
            self.modem.stdin.flush()
            self.hear()

    def cable(self, letter, plugged):
        """The null-modem, both ways."""
        self.tell("heal" if plugged else "cut")

    def arrived(self, way, since):
        """What came to an end of the line: (when, bytes)."""
        with open(self.path("tap")) as f:
            f.seek(self.offset)
            text = f.read()
        whole = text[:text.rfind("\n") + 1]
        self.offset += len(whole)
        for line in whole.splitlines():
            at, which, data = line.split()
            self.seen.append((float(at), which, bytes.fromhex(data)))
        return [(at, data) for at, which, data in self.seen if which == way and at >= since]

    def frames(self, way, since):
        """Whole frames: (when the last byte had come, bytes)."""
        end, frames, run = self.adapter.END, [], b""
        for at, data in self.arrived(way, since):
            for byte in data:
                run += bytes([byte])
                if run.endswith(end):
                    frames.append((at, run))
                    run = b""
        return frames

    def said(self, words):
        """How often the logs of both have them."""
        return sum(node.log(name).count(words) for node in self.nodes.values() for name in ("daemon.log", "ha-log"))

    def last_beat(self, letter, since, before):
        way = "ab" if letter == "A" else "ba"
        return max((at for at, frame in self.frames(way, since) if at < before and len(frame) > 4), default=None)


def laid(module, beat, dead, groups=1):
    """A lab for one of the two at this pace, in ms."""
    adapter = module.Adapter("fast", "serial")
    adapter.beat, adapter.dead, adapter.groups = beat / 1e3, dead / 1e3, groups
    adapter.END = b"\0" if module is twinbeat else b"<<<\n"
    return SerialLab(adapter)


def watch(lab, seconds):
    """What passes in a while, and what moves."""
    since = now()
    spent = {letter: cpu(lab.nodes[letter].pids()) for letter in "AB"}
    deaths, stalls = lab.said(" is dead"), lab.said("this loop woke")
    time.sleep(seconds)
    until = now()
    moves = lab.moves(since, until)
    rates = {way: sum(len(data) for _, data in lab.arrived(way, since)) / (until - since) for way in ("ab", "ba")}
    lengths = collections.Counter(len(f) for way in rates for _, f in lab.frames(way, since))
    return {"bytes_a_second": rates, "takeovers": moves["B+"], "lapses": max(0, moves["A+"] - moves["B+"]),
            "deaths": lab.said(" is dead") - deaths, "stalls": lab.said("this loop woke") - stalls, "owner": lab.owner(),
            "beat": lengths.most_common(1)[0][0] if lengths else None,
            "cpu_ms_per_minute": {k: (cpu(lab.nodes[k].pids()) - spent[k]) / 1e6 * 60 / (until - since) for k in "AB"}}


def steady(module, beat, dead, seconds, groups=1):
    with laid(module, beat, dead, groups) as lab:
        lab.bring_up()
        return watch(lab, seconds)


def noise(module, beat, dead, seconds, rising=True):
    """Rates of corrupted bytes, each in a lab of its own, until the first that moves something; the later ones for 30 s."""
    runs = {}
    for rate in RATES:
        with laid(module, beat, dead, 4 if module is twinbeat else 1) as lab:
            lab.bring_up()
            lab.tell("corrupt ab %g" % (rate / 100), "corrupt ba %g" % (rate / 100))
            runs[rate] = watch(lab, seconds if rate == RATES[0] else min(seconds, 30))
        say(module, "%g %% corrupted" % rate, runs[rate])
        if not rising or moved(runs[rate]):
            break
    return runs


def flood(beat, dead, seconds):
    """CPU while the line brings nothing but noise, as fast as it is; the nodes hear each other by the network."""
    with laid(twinbeat, beat, dead) as lab:
        medium = lab.adapter.medium
        lab.adapter.medium = lambda node: medium(node) + "\nbcast eth0"
        lab.bring_up()
        quiet = watch(lab, seconds)
        lab.tell("noise ab on", "noise ba on")
        return {"quiet": quiet, "noisy": watch(lab, seconds)}


def takeover(module, beat, dead, repeats, kinds):
    with laid(module, beat, dead) as lab:
        return faults.measure(lab, repeats, kinds, 0)["cycles"]


def say(module, what, result):
    print("serial: %s: %s: %s" % (module.__name__.split(".")[-1], what, json.dumps(result)), file=sys.stderr, flush=True)


def shortest(seconds):
    """The shortest pace at which heartbeat moves nothing; every pace tried, with what it did."""
    tried = {}
    for beat in (50, 100, 150, 200, 250, 300, 400, 500):
        try:
            tried[beat] = steady(heartbeat, beat, 3 * beat, seconds)
            well = not moved(tried[beat]) and not tried[beat]["deaths"]
        except RuntimeError as error:
            tried[beat], well = {"error": str(error).splitlines()[0]}, False
        say(heartbeat, "%d / %d ms" % (beat, 3 * beat), tried[beat])
        if well:
            return beat, tried
    return None, tried


def overheads(cycles):
    return [c[kind]["overhead"] * 1e3 for c in cycles for kind in ("kill", "cut")
            if kind in c and c[kind].get("overhead") is not None]


def first_failing(runs):
    failed = [rate for rate, run in runs.items() if moved(run)]
    return "%g %%" % failed[0] if failed else "none up to %g %%" % max(runs)


def moved(run):
    """What it should not have done."""
    return run["takeovers"] or run["owner"] != "A"


def told(run):
    """The same in words."""
    words = ["%d" % run["takeovers"]]
    if run["deaths"]:
        words.append("%d times called dead" % run["deaths"])
    if run["lapses"]:
        words.append("%d times let go for a moment (loops stood still %d times)" % (run["lapses"], run["stalls"]))
    if run["owner"] != "A":
        words.append({"AB": "both serve", "B": "the other serves", "": "nobody serves"}[run["owner"]] + " at the end")
    return ", ".join(words)


def rates(run):
    return " / ".join("%d" % run["bytes_a_second"][way] for way in ("ab", "ba"))


def measure(parts, seconds, repeats):
    """Everything, as rows: what, pace, twinbeat, heartbeat."""
    rows = []
    for beat, dead in ((50, 150), (100, 300), (100, 500)) if "steady" in parts else ():
        run = steady(twinbeat, beat, dead, seconds, 4)
        say(twinbeat, "%d / %d" % (beat, dead), run)
        pace = "%d / %d ms" % (beat, dead)
        rows += [["bytes a second each way, of 1920 (budget %d)" % BUDGETS["half"], pace, rates(run), ""],
                 ["takeovers in %d s" % seconds, pace, told(run), ""],
                 ["bytes of a beat, four groups (budget %d)" % BUDGETS["beat"], pace, run["beat"], ""]]
    if "noise" in parts:
        runs = noise(twinbeat, 100, 500, seconds)
        rows += [["takeovers in %d s at 0.1 %% corrupted bytes" % seconds, "100 / 500 ms", told(runs[0.1]), ""],
                 ["first rate with a takeover", "100 / 500 ms", first_failing(runs), ""]]
    if "flood" in parts:
        run = flood(100, 500, seconds)
        say(twinbeat, "flood", run)
        cost = [run[k]["cpu_ms_per_minute"]["A"] for k in ("quiet", "noisy")]
        rows.append(["CPU in 60 s without and with noise at full rate", "100 / 500 ms", "%d / %d ms" % tuple(cost), ""])
    if "takeover" in parts:
        cycles = takeover(twinbeat, 100, 300, repeats, ("kill", "cut"))
        say(twinbeat, "takeover", cycles)
        rows.append(["takeover past deadtime, median (least-most) of %d (budget %g ms)" % (
            len(overheads(cycles)), BUDGETS["overhead"]), "100 / 300 ms", spread(overheads(cycles), 1) + " ms", ""])
    if "heartbeat" in parts:
        beat, tried = shortest(seconds)
        rows.append(["shortest steady keepalive / 3 of them", "", "50 / 150 ms" if "steady" in parts else "",
                     "%d / %d ms" % (beat, 3 * beat) if beat else "none up to 500 / 1500 ms"])
        beat = beat or 500
        pace = "%d / %d ms" % (beat, 3 * beat)
        rows += [["bytes a second each way, of 1920", pace, "", rates(tried[beat])],
                 ["bytes of a beat, one group", pace, "", tried[beat]["beat"]]]
        runs = noise(heartbeat, beat, 3 * beat, seconds, False)
        rows.append(["takeovers in %d s at 0.1 %% corrupted bytes" % seconds, pace, "", told(runs[0.1])])
        cycles = takeover(heartbeat, beat, 3 * beat, max(3, repeats // 3), ("kill",))
        say(heartbeat, "takeover", cycles)
        rows.append(["takeover past deadtime, median (least-most) of %d" % len(overheads(cycles)), pace, "",
                     spread(overheads(cycles), 1) + " ms"])
    return rows


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--repeats", type=int, default=10, help="of a kill and of a cut each")
    arguments.add_argument("--only", default=",".join(PARTS))
    a = arguments.parse_args()
    os.makedirs("/run/netns", exist_ok=True)
    command("mount", "-t", "tmpfs", "tmpfs", "/run/netns")   # names of namespaces end with the bench
    rows = measure(a.only.split(","), a.seconds, a.repeats)
    print(table(["over a null-modem of 19200 baud alone", "keepalive / deadtime", "twinbeat", "heartbeat 3.0.6"], rows))
    print("Load of the machine at the end: %.1f, %.1f, %.1f." % os.getloadavg())


if __name__ == "__main__":
    main()
